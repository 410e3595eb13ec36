"""How many calls an API token has made in the running minute."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("connections", "0009_fair_quota"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="minute",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="minute_calls",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
