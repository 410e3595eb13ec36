"""Home finds what needs somebody, and the accounts their last success, without reading every job."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0007_only_who_is_owed'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(
                condition=models.Q(('state__in', ['attention', 'failed']))
                | models.Q(('rejected__gt', 0), ('state', 'done')),
                fields=['tenant', 'environment', '-created_at', '-id'],
                name='syncjob_to_look_at',
            ),
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(
                condition=models.Q(('state', 'done')),
                fields=['connection', '-ended_at'],
                name='syncjob_last_done',
            ),
        ),
    ]
