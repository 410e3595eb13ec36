"""What an API token shows of itself and of its last use; tokens from before scopes keep what they could do."""

from django.db import migrations, models

# Row-level security is forced on the owner too, who migrates; for these statements it is not.
KEEP = """
ALTER TABLE connections_apikey NO FORCE ROW LEVEL SECURITY;
UPDATE connections_apikey SET scopes = '["everything"]' WHERE scopes = '[]';
ALTER TABLE connections_apikey FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0005_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="last_four",
            field=models.CharField(blank=True, max_length=4),
        ),
        migrations.AddField(
            model_name="apikey",
            name="last_used_for",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="apikey",
            name="last_used_from",
            field=models.GenericIPAddressField(blank=True, null=True),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
