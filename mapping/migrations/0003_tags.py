"""Tags: as last read, and the user's choices of what becomes which."""

import connections.tenancy
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mapping', '0002_mirror'),
    ]

    operations = [
        migrations.AlterField(
            model_name='fieldmapping',
            name='kind',
            field=models.CharField(choices=[('standard', 'Standard field'), ('custom', 'Custom field'), ('new', 'New custom field'), ('lists', "Names the app's lists"), ('tags', "Names the app's tags"), ('ignored', 'Not sent')], max_length=10),
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
    ]
