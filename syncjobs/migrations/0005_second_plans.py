"""A temporary list whose plan was given up waits to be removed, and the job's next plan has another.

Of whom no list can say that they are to be deleted, a row says so: nobody, so far.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0004_due_in_turns'),
    ]

    operations = [
        migrations.AddField(
            model_name='scratchlist',
            name='retired_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='importrow',
            name='off_lists',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RemoveConstraint(
            model_name='scratchlist',
            name='scratchlist_one_at_a_time',
        ),
        migrations.AddConstraint(
            model_name='scratchlist',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None), ('retired_at', None)), fields=('tenant', 'connection'), name='scratchlist_one_at_a_time'),
        ),
    ]
