"""A connection, or a link under way, uses the deployment's application or its own workspace's, never another's.

The foreign key alone cannot tell, because such checks pass by row-level security and a shared row has no tenant.
"""

from django.db import migrations

TABLES = ("connections_connection", "connections_linkstate")

RESTRICT = "".join(
    f"CREATE POLICY own_application ON {table} AS RESTRICTIVE USING (true) WITH CHECK (EXISTS "
    "(SELECT 1 FROM connections_providerapp app WHERE app.id = provider_app_id));"
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_finders_and_quota")]

    operations = [
        migrations.RunSQL(RESTRICT, "".join(f"DROP POLICY own_application ON {table};" for table in TABLES)),
    ]
