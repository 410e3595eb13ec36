"""Where tries to sign in are counted, for every web process: the table of Django's database cache."""

from django.db import migrations

MAKE = """
CREATE TABLE connections_counter (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX connections_counter_expires ON connections_counter (expires);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0007_listing'),
    ]

    operations = [
        migrations.RunSQL(MAKE, "DROP TABLE connections_counter;"),
    ]
