import connections.tenancy
import django.db.models.deletion
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


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RunPython(grant_to_roles, migrations.RunPython.noop),
        migrations.RunSQL(CONTEXT_FUNCTIONS, "DROP FUNCTION app_environment(); DROP FUNCTION app_tenant();"),
        migrations.CreateModel(
            name='Environment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('test', 'Test'), ('live', 'Live')], max_length=4)),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='environment_row_security', scope='tenant'),
                ],
                'ordering': ['tenant_id', 'kind'],
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
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='providerapp_row_security', scope='shared'),
                ],
                'verbose_name': 'provider application',
                'ordering': ['kind', 'name'],
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
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('customer_ref', models.CharField(blank=True, max_length=200, verbose_name='customer reference')),
                ('status', models.CharField(choices=[('connecting', 'Connecting'), ('active', 'Active'), ('needs_reauth', 'Needs reconnecting'), ('validation_error', 'Refused')], default='connecting', max_length=20)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('account_id', models.CharField(max_length=80, verbose_name='Constant Contact account')),
                ('account_name', models.CharField(blank=True, max_length=200)),
                ('account_email', models.CharField(blank=True, max_length=254)),
                ('account_owner', models.CharField(blank=True, max_length=200)),
                ('account_role', models.CharField(blank=True, max_length=40)),
                ('privileges', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('linked_at', models.DateTimeField(blank=True, null=True)),
                ('linked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('provider_app', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='connections.providerapp')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='connection_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='connection_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                ],
                'ordering': ['account_name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='QuotaPool',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('calls_per_second', models.PositiveIntegerField(default=4)),
                ('calls_per_day', models.PositiveIntegerField(default=10000)),
                ('token_calls_per_second', models.PositiveIntegerField(default=1)),
                ('closed_until', models.DateTimeField(blank=True, help_text='The provider said the day is spent.', null=True)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('calls_per_day__gte', 1), ('calls_per_second__gte', 1), ('token_calls_per_second__gte', 1)), name='quotapool_limits_positive')],
            },
        ),
        migrations.AddField(
            model_name='providerapp',
            name='pool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='apps', to='connections.quotapool'),
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
        migrations.AddField(
            model_name='providerapp',
            name='tenant',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
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
                'constraints': [
                    connections.tenancy.RowSecurity(findable=True, name='membership_row_security', scope='tenant'),
                    models.UniqueConstraint(fields=('tenant', 'user'), name='membership_once'),
                ],
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='LinkState',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('customer_ref', models.CharField(blank=True, max_length=200)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('browser_digest', models.BinaryField(max_length=32)),
                ('verifier_sealed', models.TextField(blank=True, editable=False)),
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
                ('provider_app', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.providerapp')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=True, name='linkstate_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='linkstate_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'reconnecting_id'), name='linkstate_reconnecting_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='linkstate_within_tenant'),
                ],
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='environment',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='environments', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='connection',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(max_length=24, unique=True)),
                ('digest', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=True, name='apikey_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='apikey_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                ],
                'verbose_name': 'API token',
                'ordering': ['-created_at', 'id'],
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
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='connectiontoken_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='connectiontoken_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='connectiontoken_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                ],
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
                ('ticket', models.UUIDField(null=True)),
                ('charged_on', models.DateField(null=True)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slots', to='connections.quotapool')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pool', 'purpose', 'number'), name='quotaslot_once')],
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
        migrations.AddConstraint(
            model_name='providerapp',
            constraint=models.UniqueConstraint(fields=('tenant', 'kind', 'client_id'), name='providerapp_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='providerapp',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['test', 'live'])), name='providerapp_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.UniqueConstraint(fields=('tenant', 'kind'), name='environment_one_of_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.UniqueConstraint(fields=('tenant', 'id'), name='environment_within_tenant'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['test', 'live'])), name='environment_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='connection_within_tenant'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(fields=('tenant', 'environment', 'account_id', 'customer_ref'), name='connection_once'),
        ),
    ]
