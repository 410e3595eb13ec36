import connections.tenancy
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('connections', '0001_initial'),
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
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='appfield_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='appfield_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='appfield_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='appfield_within_tenant'),
                    models.UniqueConstraint(fields=('tenant', 'connection', 'name'), name='appfield_once'),
                ],
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='FieldMapping',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('standard', 'Standard field'), ('custom', 'Custom field'), ('new', 'New custom field'), ('lists', "Names the app's lists"), ('ignored', 'Not sent')], max_length=10)),
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
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='fieldmapping_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='fieldmapping_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='fieldmapping_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'app_field_id'), name='fieldmapping_app_field_same_tenant', on_delete='CASCADE', table='mapping_appfield', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(condition=models.Q(('kind__in', ['standard', 'custom'])), fields=('tenant', 'connection', 'kind', 'target'), name='fieldmapping_target_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['standard', 'custom']), _negated=True), models.Q(('target', ''), _negated=True), _connector='OR'), name='fieldmapping_has_target'),
                ],
                'ordering': ['app_field__position', 'id'],
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
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='listmapping_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='listmapping_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='listmapping_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'connection', 'app_list'), name='listmapping_once'),
                ],
                'ordering': ['app_list', 'id'],
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
                ('read_at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='remote_fields', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='remotefield_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='remotefield_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='remotefield_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'connection', 'custom_field_id'), name='remotefield_once'),
                ],
                'ordering': ['label', 'id'],
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
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='remotelist_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='remotelist_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='remotelist_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'connection', 'list_id'), name='remotelist_once'),
                ],
                'ordering': ['name', 'id'],
            },
        ),
    ]
