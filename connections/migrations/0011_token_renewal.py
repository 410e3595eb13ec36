"""When a grant is renewed and how its last renewal went; the finder of due grants may read them."""

from django.db import migrations, models

import connections.tenancy


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0010_token_limit'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='connection',
            name='connection_row_security',
        ),
        migrations.RemoveConstraint(
            model_name='connectiontoken',
            name='connectiontoken_row_security',
        ),
        migrations.AddField(
            model_name='connection',
            name='refusal',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='asking',
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='asks',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='failure',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='failures',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='retry_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connectiontoken',
            name='wanted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='connectiontoken',
            index=models.Index(fields=['due_at'], name='connectiontoken_due'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=connections.tenancy.RowSecurity(findable=True, name='connection_row_security', scope='environment'),
        ),
        migrations.AddConstraint(
            model_name='connectiontoken',
            constraint=connections.tenancy.RowSecurity(findable=True, name='connectiontoken_row_security', scope='environment'),
        ),
    ]
