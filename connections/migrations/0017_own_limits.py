"""Calls are counted in windows of seconds, for a token and for an account."""

import django.db.models.deletion
from django.db import migrations, models

import connections.tenancy


class Migration(migrations.Migration):

    dependencies = [("connections", "0016_find_link_token")]

    operations = [
        migrations.RenameField("apikey", "minute", "window_start"),
        migrations.RenameField("apikey", "minute_calls", "window_calls"),
        migrations.CreateModel(
            name="AccountCalls",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="connections.connection",
                    ),
                ),
                ("window_start", models.DateTimeField()),
                ("window_calls", models.PositiveIntegerField(default=0)),
                (
                    "environment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="connections.environment",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="connections.tenant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    connections.tenancy.RowSecurity(name="accountcalls_row_security", scope="environment"),
                    connections.tenancy.SameTenant(
                        columns=("tenant_id", "environment_id"),
                        name="accountcalls_same_environment",
                        on_delete="CASCADE",
                        table="connections_environment",
                        targets=("tenant_id", "id"),
                    ),
                    connections.tenancy.SameTenant(
                        columns=("tenant_id", "environment_id", "connection_id"),
                        name="accountcalls_connection_same_tenant",
                        on_delete="CASCADE",
                        table="connections_connection",
                        targets=("tenant_id", "environment_id", "id"),
                    ),
                ],
            },
        ),
    ]
