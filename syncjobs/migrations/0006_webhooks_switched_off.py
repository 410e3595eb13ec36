"""A webhook that nobody listens at any more is switched off, and says why."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0005_second_plans'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhook',
            name='failing_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='webhook',
            name='off_reason',
            field=models.CharField(blank=True, db_default='', max_length=10),
        ),
    ]
