"""Accounts in the order of their names, a page at a time, within one environment."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):

    dependencies = [
        ("connections", "0006_token_traces"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                models.F("tenant"), models.F("environment"), Lower("account_name"), models.F("id"), name="connection_by_name"
            ),
        ),
    ]
