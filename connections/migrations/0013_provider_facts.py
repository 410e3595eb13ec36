"""What was found out about the provider."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0012_find_due_tokens'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProviderFact',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('answer', models.CharField(max_length=40)),
                ('evidence', models.CharField(max_length=600)),
                ('found_at', models.DateTimeField()),
            ],
            options={'ordering': ['name']},
        ),
    ]
