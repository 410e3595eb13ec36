"""The account's own addresses, as last read."""

import connections.tenancy
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0019_program_calls'),
        ('mapping', '0005_consent'),
    ]

    operations = [
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
    ]
