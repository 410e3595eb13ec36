"""The calls of programs, and the answers that are kept for repeated ones."""

import connections.tenancy
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0018_partner_key'),
    ]

    operations = [
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
                'indexes': [models.Index(fields=['tenant', 'environment', '-called_at', '-id'], name='apicall_by_time'), models.Index(fields=['called_at'], name='apicall_age')],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='apicall_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='apicall_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
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
    ]
