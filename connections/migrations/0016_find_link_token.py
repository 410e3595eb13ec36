"""A link token is found before its workspace is known; a connection says itself when it was changed last."""

from django.db import migrations, models

FIND = """
CREATE FUNCTION find_link_token(token_digest bytea) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT t.tenant_id, t.environment_id, t.id FROM connections_linktoken t WHERE t.digest = token_digest;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""

# What the queue notes for itself is no change of the account.
CHANGED = """
ALTER TABLE connections_connection NO FORCE ROW LEVEL SECURITY;
UPDATE connections_connection SET updated_at = coalesce(linked_at, created_at);
ALTER TABLE connections_connection FORCE ROW LEVEL SECURITY;
CREATE FUNCTION connection_changed_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER connection_changed BEFORE UPDATE ON connections_connection FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'queue_full_until' IS DISTINCT FROM to_jsonb(NEW) - 'queue_full_until')
    EXECUTE FUNCTION connection_changed_now();
"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0015_link_tokens")]

    operations = [
        migrations.RunSQL(FIND, "DROP FUNCTION find_link_token(bytea);"),
        migrations.RunSQL(
            CHANGED,
            "DROP TRIGGER connection_changed ON connections_connection; DROP FUNCTION connection_changed_now();",
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField("connection", "updated_at", models.DateTimeField(auto_now_add=True)),
    ]
