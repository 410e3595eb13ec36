"""The fair quota: tickets that wait as rows, shares of tenants, use split by account and class, hours for forecasts."""

from importlib import import_module

import connections.tenancy
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0008_counter'),
    ]

    operations = [
        migrations.RunSQL(
            "DROP FUNCTION quota_settle(uuid, text, uuid, boolean); "
            "DROP FUNCTION quota_admit(uuid, text, uuid, double precision);",
            import_module("connections.migrations.0002_finders_and_quota").QUOTA,
        ),
        migrations.CreateModel(
            name='QuotaHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.PositiveIntegerField(help_text='Since 1970.')),
                ('call_class', models.CharField(max_length=12)),
                ('used', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
            ],
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
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='quotashare_row_security', scope='tenant'),
                ],
                'ordering': ['id'],
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
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='quotause_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='quotause_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                ],
                'ordering': ['-day'],
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
            ],
            options={
                'constraints': [
                    connections.tenancy.RowSecurity(findable=False, name='ticket_row_security', scope='environment'),
                    connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='ticket_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')),
                ],
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='connection',
            name='queue_full_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveField(
            model_name='quotaslot',
            name='charged_on',
        ),
        migrations.AddField(
            model_name='quotapool',
            name='foreign_calls',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='foreign_day',
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='jitter_ms',
            field=models.PositiveIntegerField(default=20, help_text='By intervals: how much later than another a call may arrive, on the way and by our own delay.', validators=[django.core.validators.MaxValueValidator(1000)], verbose_name='jitter (ms)'),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='next_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='pacing',
            field=models.CharField(choices=[('anchored', 'By answers (safe)'), ('paced', 'By intervals (fast)')], default='anchored', max_length=8),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='probe',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='slow_factor',
            field=models.FloatField(default=1.0, editable=False),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='slowed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='quotapool',
            name='state',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AlterField(
            model_name='quotapool',
            name='calls_per_day',
            field=models.PositiveIntegerField(default=10000, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')]),
        ),
        migrations.AlterField(
            model_name='quotapool',
            name='calls_per_second',
            field=models.PositiveIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')]),
        ),
        migrations.AlterField(
            model_name='quotapool',
            name='token_calls_per_second',
            field=models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1, 'Give a whole number of at least 1; with none at all every call would wait for ever.')]),
        ),
        # A ticket's number takes the place of a random id; no place is held while a deployment changes.
        migrations.RemoveField(
            model_name='quotaslot',
            name='ticket',
        ),
        migrations.AddField(
            model_name='quotaslot',
            name='ticket',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='quotapool',
            constraint=models.CheckConstraint(condition=models.Q(('jitter_ms__lte', 1000), ('pacing__in', ['anchored', 'paced'])), name='quotapool_pacing_known'),
        ),
        migrations.AlterConstraint(
            model_name='quotapool',
            name='quotapool_limits_positive',
            constraint=models.CheckConstraint(condition=models.Q(('calls_per_day__gte', 1), ('calls_per_second__gte', 1), ('token_calls_per_second__gte', 1)), name='quotapool_limits_positive', violation_error_message='A pool needs at least one call a second and one a day.'),
        ),
        migrations.AddField(
            model_name='quotahour',
            name='pool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='connections.quotapool'),
        ),
        migrations.AddField(
            model_name='quotashare',
            name='pool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='connections.quotapool'),
        ),
        migrations.AddField(
            model_name='quotashare',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='quotause',
            name='environment',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment'),
        ),
        migrations.AddField(
            model_name='quotause',
            name='pool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.quotapool'),
        ),
        migrations.AddField(
            model_name='quotause',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='environment',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='pool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.quotapool'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='tenant',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant'),
        ),
        migrations.AddConstraint(
            model_name='quotahour',
            constraint=models.UniqueConstraint(fields=('pool', 'hour', 'call_class'), name='quotahour_once'),
        ),
        migrations.AddConstraint(
            model_name='quotashare',
            constraint=models.UniqueConstraint(fields=('pool', 'tenant'), name='quotashare_once'),
        ),
        migrations.AddConstraint(
            model_name='quotashare',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 1), ('weight__lte', 100)), name='quotashare_weight_in_range'),
        ),
        migrations.AddConstraint(
            model_name='quotause',
            constraint=models.UniqueConstraint(fields=('pool', 'day', 'tenant', 'environment', 'connection_id', 'call_class', 'purpose'), name='quotause_once', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('taken_at', None)), fields=['pool', 'purpose', 'id'], name='ticket_not_taken'),
        ),
    ]
