"""Partners' API keys are sealed, as client secrets are; a plain flag says which applications are a partner's key.

The keys are sealed here, by the ring of the deployment: SQL cannot. The way back writes them in clear again.
"""

from typing import Any
from uuid import UUID

from django.db import migrations, models

from connections import vault
from connections.constantcontact.redaction import Secret

TABLE = "connections_providerapp"


def sealed(key: str, tenant_id: UUID | None, app_id: UUID) -> str:
    """As `gateway.partner_place` binds it."""
    return vault.seal(Secret(key), vault.Place(tenant_id, app_id, "partner_key"))


def opened(text: str, tenant_id: UUID | None, app_id: UUID) -> str:
    """The key again."""
    return vault.open_sealed(text, vault.Place(tenant_id, app_id, "partner_key")).reveal()


def _each(schema_editor: Any, read: str, write: str, turn: Any) -> None:
    """Every row that has a key; row-level security is set aside for its owner, who migrates, and put back."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{TABLE}" NO FORCE ROW LEVEL SECURITY')
        cursor.execute(f"SELECT id, tenant_id, {read} FROM {TABLE} WHERE {read} <> ''")
        for app_id, tenant_id, text in cursor.fetchall():
            cursor.execute(f"UPDATE {TABLE} SET {write} WHERE id = %s", [turn(text, tenant_id, app_id), app_id])
        cursor.execute(f'ALTER TABLE "{TABLE}" FORCE ROW LEVEL SECURITY')


def seal_keys(apps: Any, schema_editor: Any) -> None:
    _each(schema_editor, "partner_api_key", "is_partner_key = true, partner_key_sealed = %s", sealed)


def open_keys(apps: Any, schema_editor: Any) -> None:
    _each(schema_editor, "partner_key_sealed", "partner_api_key = %s", opened)


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0001_first_release'),
    ]

    operations = [
        migrations.AddField(
            model_name='providerapp',
            name='is_partner_key',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='providerapp',
            name='partner_key_sealed',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.RunPython(seal_keys, open_keys),
        migrations.RemoveField(
            model_name='providerapp',
            name='partner_api_key',
        ),
    ]
