"""The sign of life of the clock."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0002_find_due_jobs")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={"ordering": ["name"]},
        ),
    ]
