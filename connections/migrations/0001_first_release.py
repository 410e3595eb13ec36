"""Workspaces, people, links, the quota's ledger and the audit, with the second wall round all of it, as first released."""

import connections.tenancy
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

# What a policy compares with: the context of the running transaction, NULL without one, so that nothing matches.
CONTEXT_FUNCTIONS = """
CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.tenant', true), '')::uuid $$;
CREATE FUNCTION app_environment() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.environment', true), '')::uuid $$;
"""

# A workspace by what a request brings, before its context can be known. Of tokens that are due each application has
# its turn: lost answers first, then what still works.
FINDERS = """
CREATE FUNCTION find_memberships(person bigint) RETURNS TABLE (tenant_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT m.tenant_id FROM connections_membership m WHERE m.user_id = person ORDER BY m.created_at, m.id;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_api_key(public_prefix text) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT k.tenant_id, k.environment_id, k.id FROM connections_apikey k WHERE k.prefix = public_prefix;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_link_state(state_digest bytea) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT s.tenant_id, s.environment_id, s.id FROM connections_linkstate s WHERE s.digest = state_digest;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_invitation(token_digest bytea) RETURNS TABLE (tenant_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT i.tenant_id, i.id FROM connections_invitation i WHERE i.digest = token_digest;
    PERFORM set_config('app.finding', '', true);
END
$$;
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
CREATE FUNCTION find_link_token(token_digest bytea) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT t.tenant_id, t.environment_id, t.id FROM connections_linktoken t WHERE t.digest = token_digest;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""
DROP_FINDERS = (
    "DROP FUNCTION find_memberships(bigint); DROP FUNCTION find_api_key(text); DROP FUNCTION find_link_state(bytea); "
    "DROP FUNCTION find_invitation(bytea); DROP FUNCTION find_due_tokens(integer); DROP FUNCTION find_link_token(bytea);"
)

# A connection, or a link under way, uses the deployment's application or its own workspace's, never another's. The
# foreign key alone cannot tell: such checks pass by row-level security, and a shared row has no tenant.
LINKS = ("connections_connection", "connections_linkstate")
OWN_APPLICATION = "".join(
    f"CREATE POLICY own_application ON {table} AS RESTRICTIVE USING (true) WITH CHECK (EXISTS "
    "(SELECT 1 FROM connections_providerapp app WHERE app.id = provider_app_id));"
    for table in LINKS
)

# What the queue notes for itself is no change of the account.
CHANGED = """
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

# Where tries to sign in are counted, for every web process: the table of Django's database cache.
COUNTER = """
CREATE TABLE connections_counter (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX connections_counter_expires ON connections_counter (expires);
"""

AUDIT = ("connections_auditevent", "connections_audithead")

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


def grant_to_roles(apps, schema_editor):
    """Tables that this owner has made, or makes from here on, are open to the application's and the operators' roles."""
    quote = schema_editor.connection.ops.quote_name
    for role in filter(None, connections.tenancy.application_roles()):
        schema_editor.execute(f"GRANT USAGE ON SCHEMA public TO {quote(role)}")
        # Django's own first tables are older than this migration.
        schema_editor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quote(role)}")
        schema_editor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}")
        schema_editor.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {quote(role)}"
        )
        schema_editor.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {quote(role)}"
        )
        schema_editor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {quote(role)}")


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
        for table in AUDIT:
            schema_editor.execute(f"REVOKE ALL ON {table} FROM {quote(role)}")
            schema_editor.execute(f"GRANT SELECT ON {table} TO {quote(role)}")
    if operators:
        schema_editor.execute(
            f"GRANT UPDATE (detail, salt, dropped_at) ON connections_auditevent TO {quote(operators)}"
        )


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('connections', '0001_initial'),
        ('connections', '0002_finders_and_quota'),
        ('connections', '0003_own_application'),
        ('connections', '0004_people_and_mail'),
        ('connections', '0005_audit'),
        ('connections', '0006_token_traces'),
        ('connections', '0007_listing'),
        ('connections', '0008_counter'),
        ('connections', '0009_fair_quota'),
        ('connections', '0010_token_limit'),
        ('connections', '0011_token_renewal'),
        ('connections', '0012_find_due_tokens'),
        ('connections', '0013_provider_facts'),
        ('connections', '0015_link_tokens'),
        ('connections', '0016_find_link_token'),
        ('connections', '0017_own_limits'),
        ('connections', '0018_partner_key'),
        ('connections', '0019_program_calls'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RunPython(grant_to_roles, migrations.RunPython.noop),
        migrations.RunSQL(CONTEXT_FUNCTIONS, "DROP FUNCTION app_environment(); DROP FUNCTION app_tenant();"),
        migrations.CreateModel(
            name='ProviderFact',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('answer', models.CharField(max_length=40)),
                ('evidence', models.CharField(max_length=600)),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(blank=True, max_length=150)),
                ('is_staff', models.BooleanField(default=False, help_text='May enter the admin site.', verbose_name='operator')),
                ('is_active', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=60)),
                ('to', models.EmailField(max_length=254, verbose_name='to')),
                ('subject', models.CharField(max_length=200)),
                ('body_sealed', models.TextField(blank=True, default='')),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('kept', 'In the outbox'), ('failed', 'Not delivered')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('not_before', models.DateTimeField()),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at', 'id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['not_before'], name='message_due')],
            },
        ),
        migrations.CreateModel(
            name='QuotaPool',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('calls_per_second', models.PositiveIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')])),
                ('calls_per_day', models.PositiveIntegerField(default=10000, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')])),
                ('token_calls_per_second', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')])),
                ('pacing', models.CharField(choices=[('anchored', 'By answers (safe)'), ('paced', 'By intervals (fast)')], default='anchored', max_length=8)),
                ('jitter_ms', models.PositiveIntegerField(default=20, help_text='By intervals: how much later than another a call may arrive, on the way and by our own delay.', validators=[django.core.validators.MaxValueValidator(1000)], verbose_name='jitter (ms)')),
                ('closed_until', models.DateTimeField(blank=True, help_text='The provider said the day is spent.', null=True)),
                ('probe', models.BigIntegerField(editable=False, null=True)),
                ('next_at', models.DateTimeField(editable=False, null=True)),
                ('slow_factor', models.FloatField(default=1.0, editable=False)),
                ('slowed_at', models.DateTimeField(editable=False, null=True)),
                ('foreign_calls', models.PositiveIntegerField(default=0, editable=False)),
                ('foreign_day', models.DateField(editable=False, null=True)),
                ('state', models.JSONField(default=dict, editable=False)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('calls_per_day__gte', 1), ('calls_per_second__gte', 1), ('token_calls_per_second__gte', 1)), name='quotapool_limits_positive', violation_error_message='A pool needs at least one call a second and one a day.'), models.CheckConstraint(condition=models.Q(('jitter_ms__lte', 1000), ('pacing__in', ['anchored', 'paced'])), name='quotapool_pacing_known')],
            },
        ),
        migrations.CreateModel(
            name='Tenant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'workspace',
                'ordering': ['name', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='tenant_row_security', scope='self')],
            },
        ),
        migrations.CreateModel(
            name='Environment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('test', 'Test'), ('live', 'Live')], max_length=4)),
                ('return_addresses', models.JSONField(blank=True, default=list)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='environments', to='connections.tenant')),
            ],
            options={
                'ordering': ['tenant_id', 'kind'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='environment_row_security', scope='tenant'), models.UniqueConstraint(fields=('tenant', 'kind'), name='environment_one_of_a_kind'), models.UniqueConstraint(fields=('tenant', 'id'), name='environment_within_tenant'), models.CheckConstraint(condition=models.Q(('kind__in', ['test', 'live'])), name='environment_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='ProviderApp',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('test', 'Test'), ('live', 'Live')], max_length=4)),
                ('name', models.CharField(max_length=80)),
                ('client_id', models.CharField(max_length=100)),
                ('client_secret_sealed', models.TextField(blank=True, editable=False)),
                ('flow', models.CharField(choices=[('code', 'Authorization code'), ('pkce', 'Authorization code with PKCE')], default='code', max_length=4)),
                ('refresh_tokens', models.CharField(choices=[('rotating', 'Rotating'), ('long_lived', 'Long lived')], default='rotating', max_length=10)),
                ('scopes', models.CharField(default='account_read contact_data offline_access', max_length=200)),
                ('authorize_url', models.URLField(max_length=300)),
                ('token_url', models.URLField(max_length=300)),
                ('revoke_url', models.URLField(blank=True, max_length=300)),
                ('api_url', models.URLField(max_length=300)),
                ('partner_api_key', models.CharField(blank=True, max_length=100)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='apps', to='connections.quotapool')),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'provider application',
                'ordering': ['kind', 'name'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='providerapp_row_security', scope='shared'), models.UniqueConstraint(fields=('tenant', 'kind', 'client_id'), name='providerapp_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('kind__in', ['test', 'live'])), name='providerapp_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('customer_ref', models.CharField(blank=True, max_length=200, verbose_name='customer reference')),
                ('status', models.CharField(choices=[('connecting', 'Connecting'), ('active', 'Active'), ('needs_reauth', 'Needs reconnecting'), ('validation_error', 'Refused'), ('post_install_error', 'Not read to the end')], default='connecting', max_length=20)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('refusal', models.CharField(blank=True, max_length=20)),
                ('last_forbidden', models.JSONField(blank=True, null=True)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('account_id', models.CharField(max_length=80, verbose_name='Constant Contact account')),
                ('account_name', models.CharField(blank=True, max_length=200)),
                ('account_email', models.CharField(blank=True, max_length=254)),
                ('account_owner', models.CharField(blank=True, max_length=200)),
                ('account_role', models.CharField(blank=True, max_length=40)),
                ('privileges', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('linked_at', models.DateTimeField(blank=True, null=True)),
                ('updated_at', models.DateTimeField(auto_now_add=True)),
                ('queue_full_until', models.DateTimeField(editable=False, null=True)),
                ('linked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('provider_app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connections.providerapp')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['account_name', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='connection_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='connection_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='connection_within_tenant'), models.UniqueConstraint(fields=('tenant', 'environment', 'account_id', 'customer_ref'), name='connection_once')],
                'indexes': [models.Index(models.F('tenant'), models.F('environment'), django.db.models.functions.text.Lower('account_name'), models.F('id'), name='connection_by_name')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('marketer', 'Marketer'), ('developer', 'Developer'), ('viewer', 'Viewer')], max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='connections.tenant')),
            ],
            options={
                'ordering': ['created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='membership_row_security', scope='tenant'), models.UniqueConstraint(fields=('tenant', 'user'), name='membership_once')],
            },
        ),
        migrations.CreateModel(
            name='LinkToken',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('customer_ref', models.CharField(max_length=200)),
                ('scopes', models.CharField(blank=True, max_length=200)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('keeps_context', models.BooleanField(default=True)),
                ('redirect_uri', models.CharField(blank=True, max_length=400)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('browser_digest', models.BinaryField(blank=True, max_length=32, null=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('reconnecting', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='linktoken_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='linktoken_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'reconnecting_id'), name='linktoken_reconnecting_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='linktoken_within_tenant')],
            },
        ),
        migrations.CreateModel(
            name='LinkState',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('customer_ref', models.CharField(blank=True, max_length=200)),
                ('scopes', models.CharField(blank=True, max_length=200)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('keeps_context', models.BooleanField(default=True)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('browser_digest', models.BinaryField(max_length=32)),
                ('verifier_sealed', models.TextField(blank=True, editable=False)),
                ('grant_sealed', models.TextField(blank=True, editable=False)),
                ('redirect_uri', models.CharField(max_length=400)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('consumed_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=40)),
                ('found_account', models.CharField(blank=True, max_length=300)),
                ('linked_connection_id', models.UUIDField(null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('reconnecting', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('link_token', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.linktoken')),
                ('provider_app', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.providerapp')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='linkstate_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='linkstate_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'reconnecting_id'), name='linkstate_reconnecting_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'link_token_id'), name='linkstate_link_token_same_tenant', on_delete='CASCADE', table='connections_linktoken', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='linkstate_within_tenant')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('marketer', 'Marketer'), ('developer', 'Developer'), ('viewer', 'Viewer')], max_length=10)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sent_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('declined_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('invited_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='connections.message')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='connections.tenant')),
            ],
            options={
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='invitation_row_security', scope='tenant'), models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('declined_at', None), ('revoked_at', None)), fields=('tenant', 'email'), name='invitation_open_once')],
            },
        ),
        migrations.CreateModel(
            name='IdempotentReply',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('digest', models.BinaryField(max_length=32)),
                ('body_digest', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(db_index=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('headers', models.JSONField(default=dict)),
                ('content_sealed', models.TextField(blank=True, editable=False)),
                ('is_kept', models.BooleanField(default=False)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='idempotentreply_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='idempotentreply_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'digest'), name='idempotentreply_once')],
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
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='auditevent_row_security', scope='tenant'), models.UniqueConstraint(fields=('tenant', 'seq'), name='auditevent_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('detail__isnull', False), ('dropped_at__isnull', True), ('salt__isnull', False)), models.Q(('detail__isnull', True), ('dropped_at__isnull', False), ('salt__isnull', True)), _connector='OR'), name='auditevent_whole_or_dropped'), models.CheckConstraint(condition=models.Q(('action__regex', '^[a-z_]+$'), ('environment_kind__in', ['', 'test', 'live'])), name='auditevent_words')],
                'indexes': [models.Index(condition=models.Q(('dropped_at__isnull', True)), fields=['at'], name='auditevent_kept')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(max_length=24, unique=True)),
                ('last_four', models.CharField(blank=True, max_length=4)),
                ('digest', models.BinaryField(max_length=32)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_from', models.GenericIPAddressField(blank=True, null=True)),
                ('last_used_for', models.CharField(blank=True, max_length=120)),
                ('window_start', models.DateTimeField(editable=False, null=True)),
                ('window_calls', models.PositiveIntegerField(default=0, editable=False)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'API token',
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='apikey_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='apikey_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ApiCall',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('called_at', models.DateTimeField()),
                ('request_id', models.CharField(max_length=32)),
                ('log_type', models.CharField(max_length=20)),
                ('method', models.CharField(max_length=8)),
                ('path', models.CharField(max_length=300)),
                ('query', models.CharField(blank=True, max_length=500)),
                ('status', models.PositiveSmallIntegerField()),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('key_id', models.UUIDField(blank=True, null=True)),
                ('token_name', models.CharField(blank=True, max_length=80)),
                ('connection_id', models.UUIDField(blank=True, null=True)),
                ('duration_ms', models.PositiveIntegerField(default=0)),
                ('request_bytes', models.PositiveBigIntegerField(default=0)),
                ('response_bytes', models.PositiveBigIntegerField(default=0)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'API call',
                'ordering': ['-called_at', '-id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='apicall_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='apicall_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
                'indexes': [models.Index(fields=['tenant', 'environment', '-called_at', '-id'], name='apicall_by_time'), models.Index(fields=['called_at'], name='apicall_age')],
            },
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('connection_id', models.UUIDField(null=True)),
                ('job_id', models.UUIDField(null=True)),
                ('purpose', models.CharField(max_length=5)),
                ('call_class', models.CharField(max_length=12)),
                ('entered_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField(null=True)),
                ('charged_at', models.DateTimeField(null=True)),
                ('taken_at', models.DateTimeField(null=True)),
                ('environment', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.quotapool')),
                ('tenant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='ticket_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='ticket_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
                'indexes': [models.Index(condition=models.Q(('taken_at', None)), fields=['pool', 'purpose', 'id'], name='ticket_not_taken')],
            },
        ),
        migrations.CreateModel(
            name='AccountCalls',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='connections.connection')),
                ('window_start', models.DateTimeField()),
                ('window_calls', models.PositiveIntegerField(default=0)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='accountcalls_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='accountcalls_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='accountcalls_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ConnectionToken',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='token', serialize=False, to='connections.connection')),
                ('access_sealed', models.TextField(editable=False)),
                ('refresh_sealed', models.TextField(blank=True, editable=False)),
                ('scope', models.CharField(blank=True, max_length=200)),
                ('expires_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('refreshed_at', models.DateTimeField()),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('failure', models.CharField(blank=True, max_length=40)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
                ('wanted_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('asking', models.UUIDField(blank=True, editable=False, null=True)),
                ('asks', models.PositiveSmallIntegerField(default=0)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='connectiontoken_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='connectiontoken_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='connectiontoken_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
                'indexes': [models.Index(fields=['due_at'], name='connectiontoken_due')],
            },
        ),
        migrations.CreateModel(
            name='QuotaHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.PositiveIntegerField(help_text='Since 1970.')),
                ('call_class', models.CharField(max_length=12)),
                ('used', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='connections.quotapool')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pool', 'hour', 'call_class'), name='quotahour_once')],
            },
        ),
        migrations.CreateModel(
            name='QuotaDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('used', models.PositiveIntegerField(default=0)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='connections.quotapool')),
            ],
            options={
                'ordering': ['-day'],
                'constraints': [models.UniqueConstraint(fields=('pool', 'day'), name='quotaday_once')],
            },
        ),
        migrations.CreateModel(
            name='QuotaSlot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(max_length=5)),
                ('number', models.PositiveIntegerField()),
                ('free_at', models.DateTimeField()),
                ('ticket', models.BigIntegerField(null=True)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slots', to='connections.quotapool')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pool', 'purpose', 'number'), name='quotaslot_once')],
            },
        ),
        migrations.CreateModel(
            name='QuotaUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('connection_id', models.UUIDField(null=True)),
                ('call_class', models.CharField(max_length=12)),
                ('purpose', models.CharField(max_length=5)),
                ('used', models.PositiveIntegerField(default=0)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.quotapool')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['-day'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='quotause_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='quotause_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), models.UniqueConstraint(fields=('pool', 'day', 'tenant', 'environment', 'connection_id', 'call_class', 'purpose'), name='quotause_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='QuotaShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.'), django.core.validators.MaxValueValidator(100)])),
                ('day', models.DateField(editable=False, null=True)),
                ('persons', models.PositiveIntegerField(default=0, editable=False)),
                ('work', models.PositiveIntegerField(default=0, editable=False)),
                ('turns', models.JSONField(default=dict, editable=False)),
                ('allowance', models.FloatField(default=8.0, editable=False)),
                ('allowance_at', models.DateTimeField(editable=False, null=True)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='connections.quotapool')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='quotashare_row_security', scope='tenant'), models.UniqueConstraint(fields=('pool', 'tenant'), name='quotashare_once'), models.CheckConstraint(condition=models.Q(('weight__gte', 1), ('weight__lte', 100)), name='quotashare_weight_in_range')],
            },
        ),
        migrations.CreateModel(
            name='ProviderCall',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('connection_id', models.UUIDField(db_index=True, null=True)),
                ('link_state_id', models.UUIDField(null=True)),
                ('job_id', models.UUIDField(db_index=True, null=True)),
                ('purpose', models.CharField(default='api', max_length=5)),
                ('call_class', models.CharField(max_length=12)),
                ('sent_at', models.DateTimeField(db_index=True)),
                ('host', models.CharField(max_length=200)),
                ('method', models.CharField(max_length=8)),
                ('path', models.CharField(max_length=300)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('outcome', models.CharField(max_length=40)),
                ('error_key', models.CharField(blank=True, max_length=80)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('duration_ms', models.PositiveIntegerField(default=0)),
                ('request_bytes', models.PositiveIntegerField(default=0)),
                ('response_bytes', models.PositiveIntegerField(default=0)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='providercall_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='providercall_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
            },
        ),
        migrations.RunSQL(FINDERS, DROP_FINDERS),
        migrations.RunSQL(OWN_APPLICATION, "".join(f"DROP POLICY own_application ON {table};" for table in LINKS)),
        migrations.RunSQL(
            CHANGED,
            "DROP TRIGGER connection_changed ON connections_connection; DROP FUNCTION connection_changed_now();",
        ),
        migrations.RunSQL(COUNTER, "DROP TABLE connections_counter;"),
        migrations.RunSQL(APPEND, "DROP FUNCTION audit_append(uuid, text, text, bytea, text, interval, jsonb);"),
        migrations.RunSQL(GUARDS, "DROP FUNCTION audit_guard() CASCADE;"),
        migrations.RunPython(restrict_roles, migrations.RunPython.noop),
    ]
