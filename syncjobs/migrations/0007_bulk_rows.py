"""Rows of a program's bulk write: deletes, unsubscribing, lists and tags to be taken off, and what a row says itself."""

import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0006_activities'),
    ]

    operations = [
        migrations.AddField(
            model_name='importrow',
            name='action',
            field=models.CharField(blank=True, choices=[('delete', 'Delete'), ('unsubscribe', 'Unsubscribe')], db_default='', max_length=12),
        ),
        migrations.AddField(
            model_name='importrow',
            name='field',
            field=models.CharField(blank=True, db_default='', max_length=100),
        ),
        migrations.AddField(
            model_name='importrow',
            name='leave_set',
            field=models.CharField(blank=True, db_default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='importrow',
            name='untag_set',
            field=models.CharField(blank=True, db_default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='importrow',
            name='wish',
            field=models.JSONField(blank=True, null=True),
        ),
        # PostgreSQL changes no generated column in place. Rows that want nothing new keep the number they had.
        migrations.RemoveField(model_name='importrow', name='alike'),
        migrations.AddField(
            model_name='importrow',
            name='alike',
            field=models.GeneratedField(db_persist=True, expression=models.Func(models.F('list_set'), models.F('on_set'), models.F('tag_set'), models.Func(django.db.models.functions.comparison.Cast('travels', models.TextField()), models.F('leave_set'), models.F('untag_set'), models.F('action'), arg_joiner=' || ', template='%(expressions)s'), arg_joiner=" || '|' || ", function='hashtextextended', template='%(function)s(%(expressions)s, 0)'), output_field=models.BigIntegerField()),
        ),
    ]
