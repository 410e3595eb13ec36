"""Entries about people who were new are found by their address, in the spelling that is compared."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mapping', '0001_first_release'),
    ]

    operations = [
        migrations.AddField(
            model_name='consententry',
            name='email_key',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower('email'), output_field=models.CharField(max_length=320)),
        ),
        migrations.AddIndex(
            model_name='consententry',
            index=models.Index(condition=models.Q(('contact_id', None)), fields=['tenant', 'connection_id', 'email_key', 'at'], name='consententry_of_new'),
        ),
    ]
