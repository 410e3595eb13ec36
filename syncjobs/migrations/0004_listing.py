"""Jobs as they are listed and counted: the newest, what ended lately, what is not well, and an account's last."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("connections", "0007_listing"),
        ("syncjobs", "0003_heartbeat"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(fields=["tenant", "environment", "-created_at", "-id"], name="syncjob_newest"),
        ),
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(fields=["tenant", "environment", "ended_at"], name="syncjob_ended"),
        ),
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(fields=["connection", "-created_at"], name="syncjob_of_account"),
        ),
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running", "waiting", "attention"])),
                fields=["connection", "state"],
                name="syncjob_not_over",
            ),
        ),
    ]
