"""The audit: rows that are only added, by one function, to chains that hold each other."""

import connections.tenancy
import django.db.models.deletion
from django.db import migrations, models

TABLES = ("connections_auditevent", "connections_audithead")

# Runs as the tables' owner, the only role that may add rows, and only inside this function: the policies let the
# owner's statements through while `app.appending` is on. Locks the head, so that appends to one chain come one
# after the other until the transaction ends. Answers the event's number, NULL where it was there already.
APPEND = """
CREATE FUNCTION audit_append(the_tenant uuid, the_action text, the_environment text, the_salt bytea, the_detail text,
        once_within interval, once_like jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head connections_audithead%ROWTYPE;
    moment timestamptz;
    the_digest bytea;
    the_hash bytea;
BEGIN
    IF the_tenant IS NOT NULL AND the_tenant IS DISTINCT FROM app_tenant() THEN
        RAISE EXCEPTION 'audit_append: this workspace is not the open one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('app.appending', 'on', true);
    LOOP
        IF the_tenant IS NULL THEN
            SELECT * INTO head FROM connections_audithead WHERE tenant_id IS NULL FOR UPDATE;
        ELSE
            SELECT * INTO head FROM connections_audithead WHERE tenant_id = the_tenant FOR UPDATE;
        END IF;
        EXIT WHEN FOUND;
        INSERT INTO connections_audithead (tenant_id, seq, hash) VALUES (the_tenant, 0,
            sha256(convert_to('patchbay audit ' || coalesce(the_tenant::text, 'deployment'), 'UTF8')))
            ON CONFLICT DO NOTHING;
    END LOOP;
    moment := clock_timestamp();
    IF once_within IS NOT NULL AND EXISTS (
        SELECT FROM connections_auditevent e WHERE e.at > moment - once_within AND e.dropped_at IS NULL
            AND e.tenant_id IS NOT DISTINCT FROM the_tenant AND e.action = the_action AND e.detail @> once_like
    ) THEN
        PERFORM set_config('app.appending', '', true);
        RETURN NULL;
    END IF;
    the_digest := sha256(the_salt || convert_to(the_detail, 'UTF8'));
    the_hash := sha256(convert_to(concat_ws(E'\\n', encode(head.hash, 'hex'), head.seq + 1,
        to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), the_action, the_environment,
        encode(the_digest, 'hex')), 'UTF8'));
    INSERT INTO connections_auditevent
            (tenant_id, seq, at, action, environment_kind, detail, salt, digest, hash)
        VALUES (the_tenant, head.seq + 1, moment, the_action, the_environment, the_detail::jsonb, the_salt,
            the_digest, the_hash);
    UPDATE connections_audithead SET seq = head.seq + 1, hash = the_hash WHERE id = head.id;
    PERFORM set_config('app.appending', '', true);
    RETURN head.seq + 1;
END
$$;
"""

# For whoever has the rights after all: an event only ever loses its detail, a head only moves on.
GUARDS = """
CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'connections_auditevent' THEN
        IF OLD.dropped_at IS NULL AND NEW.dropped_at IS NOT NULL AND NEW.detail IS NULL AND NEW.salt IS NULL
            AND (NEW.id, NEW.tenant_id, NEW.seq, NEW.at, NEW.action, NEW.environment_kind, NEW.digest, NEW.hash)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.tenant_id, OLD.seq, OLD.at, OLD.action, OLD.environment_kind, OLD.digest, OLD.hash)
        THEN RETURN NEW; END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.tenant_id, NEW.seq) IS NOT DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.seq + 1)
        THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_guard_rows BEFORE UPDATE OR DELETE ON connections_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_guard_table BEFORE TRUNCATE ON connections_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_guard_rows BEFORE UPDATE OR DELETE ON connections_audithead
    FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_guard_table BEFORE TRUNCATE ON connections_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard();
CREATE POLICY appending ON connections_auditevent TO CURRENT_USER
    USING (current_setting('app.appending', true) = 'on')
    WITH CHECK (current_setting('app.appending', true) = 'on');
CREATE POLICY appending ON connections_audithead TO CURRENT_USER
    USING (current_setting('app.appending', true) = 'on')
    WITH CHECK (current_setting('app.appending', true) = 'on');
"""


def restrict_roles(apps, schema_editor):
    """Take back what default privileges gave: reading is left, and dropping a detail to the operators' role."""
    quote = schema_editor.connection.ops.quote_name
    schema_editor.execute(
        "REVOKE ALL ON FUNCTION audit_append(uuid, text, text, bytea, text, interval, jsonb) FROM PUBLIC"
    )
    application, operators = connections.tenancy.application_roles()
    for role in filter(None, (application, operators)):
        schema_editor.execute(
            "GRANT EXECUTE ON FUNCTION audit_append(uuid, text, text, bytea, text, interval, jsonb) "
            f"TO {quote(role)}"
        )
        for table in TABLES:
            schema_editor.execute(f"REVOKE ALL ON {table} FROM {quote(role)}")
            schema_editor.execute(f"GRANT SELECT ON {table} TO {quote(role)}")
    if operators:
        schema_editor.execute(
            f"GRANT UPDATE (detail, salt, dropped_at) ON connections_auditevent TO {quote(operators)}"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0004_people_and_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=40)),
                ('environment_kind', models.CharField(blank=True, max_length=4)),
                ('detail', models.JSONField(null=True)),
                ('salt', models.BinaryField(null=True)),
                ('digest', models.BinaryField()),
                ('hash', models.BinaryField()),
                ('dropped_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'audit event',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('dropped_at__isnull', True)), fields=['at'], name='auditevent_kept')],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='auditevent_row_security', scope='tenant'), models.UniqueConstraint(fields=('tenant', 'seq'), name='auditevent_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('detail__isnull', False), ('dropped_at__isnull', True), ('salt__isnull', False)), models.Q(('detail__isnull', True), ('dropped_at__isnull', False), ('salt__isnull', True)), _connector='OR'), name='auditevent_whole_or_dropped'), models.CheckConstraint(condition=models.Q(('action__regex', '^[a-z_]+$'), ('environment_kind__in', ['', 'test', 'live'])), name='auditevent_words')],
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField()),
                ('hash', models.BinaryField()),
                ('tenant', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'head of an audit',
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='audithead_row_security', scope='tenant'), models.UniqueConstraint(fields=('tenant',), name='audithead_once', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(
            APPEND, "DROP FUNCTION audit_append(uuid, text, text, bytea, text, interval, jsonb);"
        ),
        migrations.RunSQL(GUARDS, "DROP FUNCTION audit_guard() CASCADE;"),
        migrations.RunPython(restrict_roles, migrations.RunPython.noop),
    ]
