"""What corresponds to what, the provider's side as last known, and the ledger of consent, as first released."""

import connections.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models

LEDGER = "mapping_consententry"


def restrict_roles(apps, schema_editor):
    """Take back what default privileges gave: nobody changes an entry, and only the operators' role erases one."""
    quote = schema_editor.connection.ops.quote_name
    application, operators = connections.tenancy.application_roles()
    rights = ((application, "SELECT, INSERT"), (operators, "SELECT, INSERT, DELETE"))
    for role, left in ((quote(role), left) for role, left in rights if role):
        schema_editor.execute(f"REVOKE ALL ON {LEDGER} FROM {role}")
        schema_editor.execute(f"GRANT {left} ON {LEDGER} TO {role}")


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('mapping', '0001_initial'),
        ('mapping', '0002_mirror'),
        ('mapping', '0003_tags'),
        ('mapping', '0004_choice_ids'),
        ('mapping', '0005_consent'),
        ('mapping', '0006_directory'),
    ]

    dependencies = [
        ('connections', '0001_first_release'),
    ]

    operations = [
        migrations.CreateModel(
            name='AppField',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('position', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='app_fields', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['position', 'name'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='appfield_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='appfield_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='appfield_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='appfield_within_tenant'), models.UniqueConstraint(fields=('tenant', 'connection', 'name'), name='appfield_once')],
            },
        ),
        migrations.CreateModel(
            name='ConsentBasis',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='consent_basis', serialize=False, to='connections.connection')),
                ('kind', models.CharField(choices=[('customers', 'Customers, or people with a running contract'), ('members', 'Members of the organisation'), ('donors', 'Donors'), ('other', 'Something else, as the words say')], max_length=12)),
                ('statement', models.CharField(max_length=500)),
                ('given_by', models.CharField(max_length=300)),
                ('given_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name_plural': 'consent bases',
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='consentbasis_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='consentbasis_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='consentbasis_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ConsentEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('connection_id', models.UUIDField()),
                ('contact_id', models.UUIDField(blank=True, null=True)),
                ('email', models.CharField(blank=True, max_length=320)),
                ('call', models.CharField(blank=True, max_length=12)),
                ('outcome', models.CharField(choices=[('sent', 'Sent'), ('skipped', 'Not written'), ('refused', 'Refused at Constant Contact')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('permission', models.CharField(blank=True, max_length=24)),
                ('opt_in_source', models.CharField(blank=True, max_length=8)),
                ('will', models.CharField(max_length=16)),
                ('evidence', models.JSONField(default=dict)),
                ('basis', models.JSONField(default=dict)),
                ('decided_by', models.CharField(max_length=300)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('undoes', models.UUIDField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'entry of the consent ledger',
                'verbose_name_plural': 'consent ledger',
                'ordering': ['-at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='consententry_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='consententry_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
                'indexes': [models.Index(fields=['tenant', 'connection_id', 'contact_id', 'at'], name='consententry_by_contact')],
            },
        ),
        migrations.CreateModel(
            name='ContactLock',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('contact_id', models.UUIDField()),
                ('owner', models.UUIDField()),
                ('until', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='contactlock_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='contactlock_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='contactlock_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'contact_id'), name='contactlock_once')],
            },
        ),
        migrations.CreateModel(
            name='ExportChunk',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('offset', models.BigIntegerField()),
                ('content', models.BinaryField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['offset'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='exportchunk_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='exportchunk_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='exportchunk_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('connection', 'offset'), name='exportchunk_once')],
            },
        ),
        migrations.CreateModel(
            name='FieldMapping',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('standard', 'Standard field'), ('custom', 'Custom field'), ('new', 'New custom field'), ('lists', "Names the app's lists"), ('tags', "Names the app's tags"), ('ignored', 'Not sent')], max_length=10)),
                ('target', models.CharField(blank=True, max_length=60)),
                ('new_label', models.CharField(blank=True, max_length=50)),
                ('new_type', models.CharField(blank=True, max_length=20)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('app_field', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='mapping', to='mapping.appfield')),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='field_mappings', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['app_field__position', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='fieldmapping_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='fieldmapping_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='fieldmapping_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'app_field_id'), name='fieldmapping_app_field_same_tenant', on_delete='CASCADE', table='mapping_appfield', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(condition=models.Q(('kind__in', ['standard', 'custom'])), fields=('tenant', 'connection', 'kind', 'target'), name='fieldmapping_target_once'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['standard', 'custom']), _negated=True), models.Q(('target', ''), _negated=True), _connector='OR'), name='fieldmapping_has_target')],
            },
        ),
        migrations.CreateModel(
            name='ListMapping',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('app_list', models.CharField(max_length=255)),
                ('list_id', models.UUIDField(blank=True, null=True)),
                ('new_name', models.CharField(blank=True, max_length=255)),
                ('ignored', models.BooleanField(default=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='list_mappings', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['app_list', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='listmapping_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='listmapping_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='listmapping_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'app_list'), name='listmapping_once')],
            },
        ),
        migrations.CreateModel(
            name='MirrorContact',
            fields=[
                ('email_key', models.CharField(max_length=320)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('contact_id', models.UUIDField(blank=True, null=True)),
                ('standing', models.CharField(choices=[('active', 'Active'), ('unsubscribed', 'Unsubscribed'), ('deleted', 'Deleted'), ('vanished', 'Not there any more')], max_length=12)),
                ('permission', models.CharField(blank=True, max_length=24)),
                ('values', models.JSONField(default=dict)),
                ('values_hash', models.CharField(blank=True, max_length=32)),
                ('list_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, null=True, size=None)),
                ('tag_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, null=True, size=None)),
                ('seen_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['connection_id', 'email_key'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='mirrorcontact_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='mirrorcontact_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='mirrorcontact_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'email_key'), name='mirrorcontact_once'), models.CheckConstraint(condition=models.Q(('standing__in', ['active', 'unsubscribed', 'deleted', 'vanished'])), name='mirrorcontact_standing_known')],
            },
        ),
        migrations.CreateModel(
            name='MirrorKey',
            fields=[
                ('email_key', models.CharField(max_length=320)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('deleted', models.BooleanField(default=False)),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='mirrorkey_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='mirrorkey_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='mirrorkey_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'email_key'), name='mirrorkey_once')],
            },
        ),
        migrations.CreateModel(
            name='MirrorState',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='mirror', serialize=False, to='connections.connection')),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('readings', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('columns', models.JSONField(default=list)),
                ('reader', models.UUIDField(blank=True, null=True)),
                ('reader_columns', models.JSONField(default=list)),
                ('optouts_until', models.DateTimeField(blank=True, null=True)),
                ('updates_until', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='mirrorstate_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='mirrorstate_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='mirrorstate_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='RemoteField',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('custom_field_id', models.UUIDField()),
                ('label', models.CharField(max_length=50)),
                ('name', models.CharField(max_length=50)),
                ('type', models.CharField(max_length=20)),
                ('choices', models.JSONField(default=list)),
                ('choice_ids', models.JSONField(default=dict)),
                ('read_at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='remote_fields', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['label', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='remotefield_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='remotefield_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='remotefield_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'custom_field_id'), name='remotefield_once')],
            },
        ),
        migrations.CreateModel(
            name='RemoteList',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('list_id', models.UUIDField()),
                ('name', models.CharField(max_length=255)),
                ('read_at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='remote_lists', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='remotelist_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='remotelist_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='remotelist_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'list_id'), name='remotelist_once')],
            },
        ),
        migrations.CreateModel(
            name='RemoteTag',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('tag_id', models.UUIDField()),
                ('name', models.CharField(max_length=255)),
                ('read_at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='remote_tags', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='remotetag_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='remotetag_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='remotetag_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'tag_id'), name='remotetag_once')],
            },
        ),
        migrations.CreateModel(
            name='TagMapping',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('app_tag', models.CharField(max_length=255)),
                ('tag_id', models.UUIDField(blank=True, null=True)),
                ('new_name', models.CharField(blank=True, max_length=255)),
                ('ignored', models.BooleanField(default=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='tag_mappings', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['app_tag', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='tagmapping_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='tagmapping_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='tagmapping_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'app_tag'), name='tagmapping_once')],
            },
        ),
        migrations.CreateModel(
            name='AccountDirectory',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='directory', serialize=False, to='connections.connection')),
                ('addresses', models.JSONField(default=list)),
                ('read_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='accountdirectory_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='accountdirectory_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='accountdirectory_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.RunPython(restrict_roles, migrations.RunPython.noop),
    ]
