import connections.tenancy
import django.db.models.deletion
import django.db.models.expressions
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('connections', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SyncJob',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=30)),
                ('idempotency_key', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('waiting', 'Waiting'), ('attention', 'Needs you'), ('done', 'Done'), ('failed', 'Failed'), ('stopped', 'Stopped')], default='queued', max_length=10)),
                ('stage', models.CharField(blank=True, max_length=30)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('explanation', models.CharField(blank=True, max_length=600)),
                ('options', models.JSONField(default=dict)),
                ('cursor', models.JSONField(default=dict)),
                ('fence', models.BigIntegerField(default=0)),
                ('worker', models.CharField(blank=True, max_length=120)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('not_before', models.DateTimeField(db_index=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('accepted', models.PositiveIntegerField(default=0)),
                ('created', models.PositiveIntegerField(default=0)),
                ('updated', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('rejected', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('state__in', ['queued', 'running', 'waiting'])), fields=['not_before'], name='syncjob_due'),
                ],
                'constraints': [
                    connections.tenancy.RowSecurity(findable=True, name='syncjob_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='syncjob_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='syncjob_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='syncjob_within_tenant'),
                    models.UniqueConstraint(fields=('tenant', 'environment', 'kind', 'idempotency_key'), name='syncjob_once'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'waiting', 'attention', 'done', 'failed', 'stopped'])), name='syncjob_state_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('accepted', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('created'), '+', models.F('updated')), '+', models.F('unchanged')), '+', models.F('skipped')), '+', models.F('rejected'))), _connector='OR'), name='syncjob_done_adds_up'),
                ],
                'verbose_name': 'job',
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='KnownContact',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('email_key', models.CharField(max_length=320)),
                ('standing', models.CharField(max_length=12)),
                ('values', models.JSONField(default=dict)),
                ('list_names', models.JSONField(default=list)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='known_contacts', to='syncjobs.syncjob')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='knowncontact_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='knowncontact_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='knowncontact_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('job', 'email_key'), name='knowncontact_once'),
                ],
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='JobStep',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('stage', models.CharField(max_length=30)),
                ('fence', models.BigIntegerField()),
                ('worker', models.CharField(max_length=120)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=20)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='syncjobs.syncjob')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='jobstep_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='jobstep_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='jobstep_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                ],
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('line', models.BigIntegerField()),
                ('email_key', models.CharField(blank=True, max_length=320)),
                ('email', models.CharField(blank=True, max_length=320)),
                ('values', models.JSONField(default=dict)),
                ('list_set', models.CharField(blank=True, max_length=2000)),
                ('batch_number', models.PositiveIntegerField(null=True)),
                ('expected', models.CharField(blank=True, max_length=10)),
                ('outcome', models.CharField(blank=True, choices=[('created', 'Created'), ('updated', 'Updated'), ('unchanged', 'No change'), ('skipped', 'Skipped'), ('rejected', 'Rejected')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='syncjobs.syncjob')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['job', 'email_key', 'line'], name='importrow_by_email'),
                    models.Index(fields=['job', 'outcome', 'line'], name='importrow_by_outcome'),
                    models.Index(fields=['job', 'batch_number', 'line'], name='importrow_by_batch'),
                ],
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='importrow_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='importrow_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='importrow_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('job', 'line'), name='importrow_once'),
                ],
                'ordering': ['job_id', 'line'],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('list_ids', models.JSONField()),
                ('file_name', models.CharField(max_length=80)),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('row_count', models.PositiveIntegerField()),
                ('whole_rows', models.BooleanField(default=True)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('sent', 'Sent'), ('accepted', 'Accepted'), ('finished', 'Finished'), ('failed', 'Failed')], default='planned', max_length=10)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('sendings', models.PositiveSmallIntegerField(default=0)),
                ('looked', models.PositiveSmallIntegerField(default=0)),
                ('activity_id', models.CharField(blank=True, max_length=60)),
                ('activity_state', models.CharField(blank=True, max_length=20)),
                ('counters', models.JSONField(default=dict)),
                ('messages', models.JSONField(default=list)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='syncjobs.syncjob')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='batch_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='batch_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='batch_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('job', 'number'), name='batch_once'),
                ],
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('file_name', models.CharField(max_length=200)),
                ('size', models.BigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('facts', models.JSONField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('uploaded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='upload_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='upload_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='upload_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='upload_within_tenant'),
                ],
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='UploadChunk',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('offset', models.BigIntegerField()),
                ('content', models.BinaryField()),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('upload', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='syncjobs.upload')),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='uploadchunk_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='uploadchunk_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'upload_id'), name='uploadchunk_upload_same_tenant', on_delete='CASCADE', table='syncjobs_upload', targets=('tenant_id', 'environment_id', 'id')),
                    models.UniqueConstraint(fields=('upload', 'offset'), name='uploadchunk_once'),
                ],
                'ordering': ['offset'],
            },
        ),
    ]
