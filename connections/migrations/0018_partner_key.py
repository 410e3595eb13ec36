"""A provider application may be a partner's key."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0017_own_limits")]

    operations = [
        migrations.AddField(
            model_name="providerapp",
            name="partner_api_key",
            field=models.CharField(blank=True, max_length=100),
        ),
    ]
