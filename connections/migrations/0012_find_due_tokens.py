"""The next grants to renew, as ids: of each application so many, lost answers first, then what still works.

Grants from before get their keep-alive, spread by their ids; those that need a person already are not looked at.
"""

from django.db import migrations

FIND = """
CREATE FUNCTION find_due_tokens(most integer) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT d.tenant_id, d.environment_id, d.connection_id FROM (
        SELECT t.tenant_id, t.environment_id, t.connection_id, row_number() OVER (
            PARTITION BY c.provider_app_id
            ORDER BY t.asks = 0, t.expires_at <= clock_timestamp(), t.due_at, t.connection_id
        ) AS place
        FROM connections_connectiontoken t JOIN connections_connection c ON c.id = t.connection_id
        WHERE t.due_at <= clock_timestamp() AND c.status = 'active'
    ) d WHERE d.place <= most ORDER BY d.place, d.connection_id;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""

# Row-level security is forced on the owner too, who migrates; for these statements it is not.
FILL = """
ALTER TABLE connections_connectiontoken NO FORCE ROW LEVEL SECURITY;
ALTER TABLE connections_connection NO FORCE ROW LEVEL SECURITY;
UPDATE connections_connectiontoken SET due_at = refreshed_at + interval '1 day' * (
    120 + 30 * ('x' || substr(md5(connection_id::text), 1, 8))::bit(32)::bigint / 4294967296.0);
UPDATE connections_connectiontoken t SET due_at = NULL, ended_at = clock_timestamp()
    FROM connections_connection c WHERE c.id = t.connection_id AND c.status = 'needs_reauth';
ALTER TABLE connections_connection FORCE ROW LEVEL SECURITY;
ALTER TABLE connections_connectiontoken FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0011_token_renewal")]

    operations = [
        migrations.RunSQL(FIND, "DROP FUNCTION find_due_tokens(integer);"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
