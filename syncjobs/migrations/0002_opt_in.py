"""A row may carry an opt-in with its evidence. Nothing in the database changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0001_first_release'),
    ]

    operations = [
        migrations.AlterField(
            model_name='importrow',
            name='action',
            field=models.CharField(blank=True, choices=[('delete', 'Delete'), ('unsubscribe', 'Unsubscribe'), ('opt_in', 'Written with an opt-in')], db_default='', max_length=12),
        ),
    ]
