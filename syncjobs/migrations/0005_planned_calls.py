"""What an import sends: planned steps and their calls, temporary lists, rows that know whom they are alike."""

import connections.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0008_counter'),
        ('syncjobs', '0004_listing'),
    ]

    operations = [
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
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='plannedstep_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='plannedstep_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='plannedstep_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                ],
                'ordering': ['place'],
            },
        ),
        migrations.CreateModel(
            name='ScratchLeave',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('allowed', models.BooleanField()),
                ('changed_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='scratchleave_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='scratchleave_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='scratchleave_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                ],
                'ordering': ['id'],
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
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='scratchlist_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='scratchlist_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='scratchlist_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'job_id'), name='scratchlist_job_same_tenant', on_delete='CASCADE', table='syncjobs_syncjob', targets=('tenant_id', 'environment_id', 'id')),
                ],
                'ordering': ['-made_at', 'id'],
            },
        ),
        migrations.RemoveIndex(
            model_name='importrow',
            name='importrow_by_batch',
        ),
        migrations.RemoveField(
            model_name='batch',
            name='whole_rows',
        ),
        migrations.RemoveField(
            model_name='importrow',
            name='batch_number',
        ),
        migrations.AddField(
            model_name='batch',
            name='after',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='batch',
            name='depth',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='first_line',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='kind',
            field=models.CharField(default='import_csv', max_length=30),
        ),
        migrations.AddField(
            model_name='batch',
            name='last_line',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='place',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='sources',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='batch',
            name='tag_ids',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='batch',
            name='whole_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importrow',
            name='on_set',
            field=models.CharField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='importrow',
            name='tag_set',
            field=models.CharField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='importrow',
            name='travels',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='importrow',
            name='contact_id',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='importrow',
            name='csv_bytes',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='batch',
            name='content',
            field=models.BinaryField(default=b''),
        ),
        migrations.AlterField(
            model_name='batch',
            name='file_name',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name='batch',
            name='list_ids',
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name='batch',
            name='row_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='batch',
            name='sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='batch',
            name='state',
            field=models.CharField(choices=[('planned', 'Planned'), ('sent', 'Sent'), ('accepted', 'Accepted'), ('finished', 'Finished'), ('failed', 'Failed'), ('replaced', 'Replaced')], default='planned', max_length=10),
        ),
        migrations.AddField(
            model_name='plannedstep',
            name='environment',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment'),
        ),
        migrations.AddField(
            model_name='plannedstep',
            name='job',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='planned_steps', to='syncjobs.syncjob'),
        ),
        migrations.AddField(
            model_name='plannedstep',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='scratchleave',
            name='connection',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_leaves', to='connections.connection'),
        ),
        migrations.AddField(
            model_name='scratchleave',
            name='environment',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment'),
        ),
        migrations.AddField(
            model_name='scratchleave',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='scratchlist',
            name='connection',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_lists', to='connections.connection'),
        ),
        migrations.AddField(
            model_name='scratchlist',
            name='environment',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment'),
        ),
        migrations.AddField(
            model_name='scratchlist',
            name='job',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='scratch_lists', to='syncjobs.syncjob'),
        ),
        migrations.AddField(
            model_name='scratchlist',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='alike',
            field=models.GeneratedField(db_persist=True, expression=models.Func(models.F('list_set'), models.F('on_set'), models.F('tag_set'), django.db.models.functions.comparison.Cast('travels', models.TextField()), arg_joiner=" || '|' || ", function='hashtextextended', template='%(function)s(%(expressions)s, 0)'), output_field=models.BigIntegerField()),
        ),
        migrations.AddConstraint(
            model_name='plannedstep',
            constraint=models.UniqueConstraint(fields=('job', 'place'), name='plannedstep_once'),
        ),
        migrations.AddConstraint(
            model_name='scratchleave',
            constraint=models.UniqueConstraint(fields=('tenant', 'environment', 'connection'), name='scratchleave_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='scratchlist',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('tenant', 'connection'), name='scratchlist_one_at_a_time'),
        ),
    ]
