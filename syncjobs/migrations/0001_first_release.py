"""Jobs with their rows and batches, webhooks with their deliveries, and the finders of what is due, as first released."""

import connections.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

# The next due jobs of all workspaces, as ids: the one who waited longest first. Then endpoints for which something is due,
# each once, so that many events of one do not stand before a single one of another; an event waits for an earlier one
# about the same thing.
FINDERS = """
CREATE FUNCTION find_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT j.tenant_id, j.environment_id, j.id FROM syncjobs_syncjob j
    WHERE j.state IN ('queued', 'running', 'waiting') AND j.not_before <= clock_timestamp()
        AND (j.state <> 'running' OR j.lease_until < clock_timestamp())
    ORDER BY j.not_before, j.id LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_due_deliveries(most integer, moment timestamptz DEFAULT clock_timestamp())
    RETURNS TABLE (tenant_id uuid, environment_id uuid, webhook_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT w.tenant_id, w.environment_id, w.id FROM syncjobs_webhook w
    CROSS JOIN LATERAL (
        SELECT d.not_before FROM syncjobs_webhookdelivery d
        WHERE d.webhook_id = w.id AND d.state IN ('queued', 'sending') AND d.not_before <= moment
            AND (d.state = 'queued' OR d.lease_until < moment)
            AND d.id = (
                SELECT e.id FROM syncjobs_webhookdelivery e
                WHERE e.webhook_id = d.webhook_id AND e.about = d.about AND e.state IN ('queued', 'sending')
                ORDER BY e.id LIMIT 1
            )
        ORDER BY d.not_before, d.id LIMIT 1
    ) due
    WHERE w.is_active AND (w.rests_until IS NULL OR w.rests_until <= moment)
    ORDER BY due.not_before, w.id LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('syncjobs', '0001_initial'),
        ('syncjobs', '0002_find_due_jobs'),
        ('syncjobs', '0003_heartbeat'),
        ('syncjobs', '0004_listing'),
        ('syncjobs', '0005_planned_calls'),
        ('syncjobs', '0006_activities'),
        ('syncjobs', '0007_bulk_rows'),
        ('syncjobs', '0009_webhooks'),
    ]

    dependencies = [
        ('connections', '0001_first_release'),
        ('connections', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['name'],
            },
        ),
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
                'verbose_name': 'job',
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='syncjob_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='syncjob_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='syncjob_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='syncjob_within_tenant'), models.UniqueConstraint(fields=('tenant', 'environment', 'kind', 'idempotency_key'), name='syncjob_once'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'waiting', 'attention', 'done', 'failed', 'stopped'])), name='syncjob_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('accepted', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('created'), '+', models.F('updated')), '+', models.F('unchanged')), '+', models.F('skipped')), '+', models.F('rejected'))), _connector='OR'), name='syncjob_done_adds_up')],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running', 'waiting'])), fields=['not_before'], name='syncjob_due'), models.Index(fields=['tenant', 'environment', '-created_at', '-id'], name='syncjob_newest'), models.Index(fields=['tenant', 'environment', 'ended_at'], name='syncjob_ended'), models.Index(fields=['connection', '-created_at'], name='syncjob_of_account'), models.Index(condition=models.Q(('state__in', ['queued', 'running', 'waiting', 'attention'])), fields=['connection', 'state'], name='syncjob_not_over')],
            },
        ),
        migrations.CreateModel(
            name='ScratchList',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('list_id', models.UUIDField(blank=True, null=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_lists', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_lists', to='syncjobs.syncjob')),
            ],
            options={
                'ordering': ['-made_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='scratchlist_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='scratchlist_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='scratchlist_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='scratchlist_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('tenant', 'connection'), name='scratchlist_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='PlannedStep',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('place', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=30)),
                ('calls', models.PositiveIntegerField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('list_ids', models.JSONField(default=list)),
                ('tag_ids', models.JSONField(default=list)),
                ('sources', models.JSONField(default=list)),
                ('after', models.JSONField(default=list)),
                ('whole', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('whole_parts', models.JSONField(default=list)),
                ('bare', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('bare_parts', models.JSONField(default=list)),
                ('written', models.BooleanField(default=False)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='planned_steps', to='syncjobs.syncjob')),
            ],
            options={
                'ordering': ['place'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='plannedstep_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='plannedstep_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='plannedstep_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('job', 'place'), name='plannedstep_once')],
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
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='jobstep_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='jobstep_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='jobstep_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id'))],
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
                ('action', models.CharField(blank=True, choices=[('delete', 'Delete'), ('unsubscribe', 'Unsubscribe')], db_default='', max_length=12)),
                ('wish', models.JSONField(blank=True, null=True)),
                ('list_set', models.CharField(blank=True, max_length=2000)),
                ('tag_set', models.CharField(blank=True, max_length=2000)),
                ('leave_set', models.CharField(blank=True, db_default='', max_length=2000)),
                ('untag_set', models.CharField(blank=True, db_default='', max_length=2000)),
                ('on_set', models.CharField(blank=True, max_length=2000)),
                ('travels', models.BooleanField(default=True)),
                ('csv_bytes', models.PositiveIntegerField(default=0)),
                ('alike', models.GeneratedField(db_persist=True, expression=models.Func(models.F('list_set'), models.F('on_set'), models.F('tag_set'), models.Func(django.db.models.functions.comparison.Cast('travels', models.TextField()), models.F('leave_set'), models.F('untag_set'), models.F('action'), arg_joiner=' || ', template='%(expressions)s'), arg_joiner=" || '|' || ", function='hashtextextended', template='%(function)s(%(expressions)s, 0)'), output_field=models.BigIntegerField())),
                ('contact_id', models.UUIDField(blank=True, null=True)),
                ('expected', models.CharField(blank=True, max_length=10)),
                ('outcome', models.CharField(blank=True, choices=[('created', 'Created'), ('updated', 'Updated'), ('unchanged', 'No change'), ('skipped', 'Skipped'), ('rejected', 'Rejected')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('field', models.CharField(blank=True, db_default='', max_length=100)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='syncjobs.syncjob')),
            ],
            options={
                'ordering': ['job_id', 'line'],
                'indexes': [models.Index(fields=['job', 'email_key', 'line'], name='importrow_by_email'), models.Index(fields=['job', 'outcome', 'line'], name='importrow_by_outcome')],
            },
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=connections.tenancy.RowSecurity(findable=False, name='importrow_row_security', scope='environment'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='importrow_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='importrow_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(fields=('job', 'line'), name='importrow_once'),
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(default='import_csv', max_length=30)),
                ('place', models.PositiveIntegerField(default=0)),
                ('list_ids', models.JSONField(default=list)),
                ('tag_ids', models.JSONField(default=list)),
                ('sources', models.JSONField(default=list)),
                ('after', models.JSONField(default=list)),
                ('file_name', models.CharField(blank=True, max_length=80)),
                ('content', models.BinaryField(default=b'')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('row_count', models.PositiveIntegerField(default=0)),
                ('whole_count', models.PositiveIntegerField(default=0)),
                ('first_line', models.BigIntegerField(blank=True, null=True)),
                ('last_line', models.BigIntegerField(blank=True, null=True)),
                ('depth', models.PositiveSmallIntegerField(default=0)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('sent', 'Sent'), ('accepted', 'Accepted'), ('finished', 'Finished'), ('failed', 'Failed'), ('replaced', 'Replaced')], default='planned', max_length=10)),
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
                'ordering': ['number'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='batch_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='batch_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='batch_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('job', 'number'), name='batch_once')],
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
                'ordering': ['-created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='upload_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='upload_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='upload_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='upload_within_tenant')],
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
                'ordering': ['offset'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='uploadchunk_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='uploadchunk_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'upload_id'), name='uploadchunk_upload_same_tenant', on_delete='CASCADE', table='syncjobs_upload', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('upload', 'offset'), name='uploadchunk_once')],
            },
        ),
        migrations.CreateModel(
            name='WatchedActivity',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('activity_id', models.CharField(max_length=60)),
                ('kind', models.CharField(max_length=30)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField()),
                ('predicted_seconds', models.FloatField()),
                ('state', models.CharField(blank=True, max_length=20)),
                ('missing', models.PositiveSmallIntegerField(default=0)),
                ('outcome', models.CharField(blank=True, choices=[('completed', 'Completed'), ('failed', 'Failed'), ('stuck', 'Took too long'), ('vanished', 'Not listed any more')], max_length=10)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('completed_at', models.DateTimeField(blank=True, null=True)),
                ('counters', models.JSONField(default=dict)),
                ('messages', models.JSONField(default=list)),
                ('results_href', models.CharField(blank=True, max_length=500)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='activities', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='activities', to='syncjobs.syncjob')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='watchedactivity_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='watchedactivity_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='watchedactivity_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='watchedactivity_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('connection', 'activity_id'), name='watchedactivity_once')],
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['connection'], name='watchedactivity_running'), models.Index(fields=['job'], name='watchedactivity_of_job')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('target_url', models.CharField(max_length=2000)),
                ('is_active', models.BooleanField(default=True)),
                ('event_types', models.JSONField(default=list)),
                ('secret_sealed', models.TextField(editable=False)),
                ('former_sealed', models.TextField(blank=True, editable=False)),
                ('former_until', models.DateTimeField(blank=True, null=True)),
                ('rests_until', models.DateTimeField(blank=True, null=True)),
                ('silences', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['created_at', 'id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='webhook_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='webhook_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'id'), name='webhook_within_tenant')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('event_id', models.UUIDField()),
                ('event_type', models.CharField(max_length=60)),
                ('about', models.UUIDField()),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('sending', 'Being sent'), ('delivered', 'Delivered'), ('failed', 'Not delivered')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('not_before', models.DateTimeField()),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('last_status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
                ('webhook', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='syncjobs.webhook')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=True, name='webhookdelivery_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='webhookdelivery_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'webhook_id'), name='webhookdelivery_webhook_same_tenant', on_delete='CASCADE', table='syncjobs_webhook', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('webhook', 'event_id'), name='webhookdelivery_once'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sending', 'delivered', 'failed'])), name='webhookdelivery_state_known')],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['webhook', 'not_before', 'id'], name='webhookdelivery_due'), models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['webhook', 'about', 'id'], name='webhookdelivery_order'), models.Index(fields=['ended_at'], name='webhookdelivery_ended')],
            },
        ),
        migrations.CreateModel(
            name='AccountLooks',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='looks', serialize=False, to='connections.connection')),
                ('last_look_at', models.DateTimeField(blank=True, null=True)),
                ('next_look_at', models.DateTimeField(blank=True, null=True)),
                ('paces', models.JSONField(default=dict)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='accountlooks_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='accountlooks_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='accountlooks_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ScratchLeave',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('allowed', models.BooleanField()),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('connection', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_leaves', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='scratchleave_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='scratchleave_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='scratchleave_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'environment', 'connection'), name='scratchleave_once', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(
            FINDERS, "DROP FUNCTION find_due_deliveries(integer, timestamptz); DROP FUNCTION find_due_jobs(integer);"
        ),
    ]
