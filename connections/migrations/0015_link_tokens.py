"""Link tokens; what a program may know and change of an account; grants that are brought from elsewhere."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import connections.tenancy

STATUSES = [
    ("connecting", "Connecting"),
    ("active", "Active"),
    ("needs_reauth", "Needs reconnecting"),
    ("validation_error", "Refused"),
    ("post_install_error", "Not read to the end"),
]


def reference(model: str, **more: object) -> models.ForeignKey:
    """A reference whose true key carries the tenant, and stands among the constraints."""
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to=f"connections.{model}",
        **{"db_constraint": False, **more},
    )


class Migration(migrations.Migration):

    dependencies = [("connections", "0013_provider_facts")]

    operations = [
        migrations.AddField("environment", "return_addresses", models.JSONField(blank=True, default=list)),
        migrations.AlterField(
            "connection", "status", models.CharField(choices=STATUSES, default="connecting", max_length=20)
        ),
        migrations.AddField("connection", "last_forbidden", models.JSONField(blank=True, null=True)),
        migrations.AddField("connection", "context", models.JSONField(blank=True, default=dict)),
        migrations.AddField("connection", "paused_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "connection",
            "updated_at",
            models.DateTimeField(auto_now_add=True, default=None, null=True),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="LinkToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("customer_ref", models.CharField(max_length=200)),
                ("scopes", models.CharField(blank=True, max_length=200)),
                ("context", models.JSONField(blank=True, default=dict)),
                ("keeps_context", models.BooleanField(default=True)),
                ("redirect_uri", models.CharField(blank=True, max_length=400)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("browser_digest", models.BinaryField(blank=True, max_length=32, null=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("environment", reference("environment")),
                ("reconnecting", reference("connection", blank=True, null=True)),
                ("tenant", reference("tenant", db_constraint=True)),
            ],
            options={
                "ordering": ["-created_at", "id"],
                "constraints": [
                    connections.tenancy.RowSecurity(
                        findable=True, name="linktoken_row_security", scope="environment"
                    ),
                    connections.tenancy.SameTenant(
                        columns=("tenant_id", "environment_id"),
                        name="linktoken_same_environment",
                        on_delete="CASCADE",
                        table="connections_environment",
                        targets=("tenant_id", "id"),
                    ),
                    connections.tenancy.SameTenant(
                        columns=("tenant_id", "environment_id", "reconnecting_id"),
                        name="linktoken_reconnecting_same_tenant",
                        on_delete="CASCADE",
                        table="connections_connection",
                        targets=("tenant_id", "environment_id", "id"),
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "environment", "id"), name="linktoken_within_tenant"
                    ),
                ],
            },
        ),
        migrations.AddField("linkstate", "link_token", reference("linktoken", blank=True, null=True)),
        migrations.AddField("linkstate", "scopes", models.CharField(blank=True, max_length=200)),
        migrations.AddField("linkstate", "context", models.JSONField(blank=True, default=dict)),
        migrations.AddField("linkstate", "keeps_context", models.BooleanField(default=True)),
        migrations.AddField("linkstate", "grant_sealed", models.TextField(blank=True, editable=False, default="")),
        migrations.AlterField("linkstate", "grant_sealed", models.TextField(blank=True, editable=False)),
        migrations.AddConstraint(
            "linkstate",
            connections.tenancy.SameTenant(
                columns=("tenant_id", "environment_id", "link_token_id"),
                name="linkstate_link_token_same_tenant",
                on_delete="CASCADE",
                table="connections_linktoken",
                targets=("tenant_id", "environment_id", "id"),
            ),
        ),
    ]
