"""How many people were deleted in an account is kept with its reading; none is known of until the next one."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mapping', '0002_consent_by_address'),
    ]

    operations = [
        migrations.AddField(
            model_name='mirrorstate',
            name='deleted',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
