"""The linked account's lists, tags and custom fields: read, kept with their age, created where they are missing."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from connections import gateway, tenancy
from connections.constantcontact.client import Client
from connections.constantcontact.errors import Conflict, Invalid
from connections.constantcontact.shapes import ContactList, CustomField, Tag
from connections.models import Connection
from mapping.models import RemoteField, RemoteList, RemoteTag

# How a list of ours begins that stands in an account for a while; it is nobody's to choose.
TEMPORARY: Final = "Patchbay: temporary"
# What typed fields need besides their type (api_guide/create_custom_fields.html).
_METADATA: Final[dict[str, dict[str, object]]] = {
    "number": {"integer": False, "decimal_places": 4, "allow_negative": True},
    "currency": {"currency_code": "USD", "decimal_places": 2, "allow_negative": True},
    "date": {"display_format": "YYYY-MM-DD"},
}


def refresh(
    connection: Connection,
    call_class: str = gateway.INTERACTIVE,
    job_id: UUID | None = None,
    wait_seconds: float | None = None,
) -> None:
    """Read lists and custom fields again: two calls for most accounts.

    Raises:
        errors.ProviderError: nothing is changed then.
    """
    client = gateway.open_client(connection, call_class, job_id=job_id, wait_seconds=wait_seconds)
    # Before the calls: what is created meanwhile is younger than this reading, and stays.
    now = datetime.now(UTC)
    lists, fields = client.lists.all(), client.custom_fields.all()
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        for found in lists:
            if not found.name.startswith(TEMPORARY):
                _keep_list(connection, found, now)
        for field in fields:
            _keep_field(connection, field, now)
        RemoteList.objects.filter(connection=connection, read_at__lt=now).delete()
        RemoteField.objects.filter(connection=connection, read_at__lt=now).delete()


def refresh_tags(
    connection: Connection, call_class: str = gateway.INTERACTIVE, job_id: UUID | None = None
) -> None:
    """Read the tags again: one call, and only where somebody wants them.

    Raises:
        errors.ProviderError: nothing is changed then.
    """
    client = gateway.open_client(connection, call_class, job_id=job_id)
    now = datetime.now(UTC)
    tags = client.tags.all()
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        for found in tags:
            _keep_tag(connection, found, now)
        RemoteTag.objects.filter(connection=connection, read_at__lt=now).delete()


def create_tag(connection: Connection, client: Client, name: str) -> RemoteTag:
    """A new tag, or the one that has this name already."""
    try:
        made = client.tags.create(name)
    except Conflict:
        same = [one for one in client.tags.all() if one.name.casefold() == name.casefold()]
        if not same:
            raise
        made = same[0]
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        return _keep_tag(connection, made, datetime.now(UTC))


def create_list(connection: Connection, client: Client, name: str) -> tuple[RemoteList, bool]:
    """A new list, or the one that has this name already, and whether it is surely new.

    Names are unique, so trying again is harmless.
    """
    is_new = True
    try:
        made = client.lists.create(name)
    except Conflict:
        is_new = False
        same = [one for page in client.lists.pages(name=name) for one in page.items]
        if not same:
            raise
        made = same[0]
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        return _keep_list(connection, made, datetime.now(UTC)), is_new


def create_field(connection: Connection, client: Client, label: str, kind: str) -> RemoteField:
    """A new custom field, or the one that has this label already; text where the account takes no typed field."""
    try:
        made = client.custom_fields.create(
            label, kind, metadata=_METADATA.get(kind), version=2 if kind == "date" else None
        )
    except Conflict:
        same = [one for one in client.custom_fields.all() if one.label.casefold() == label.casefold()]
        if not same:
            raise
        made = same[0]
    except Invalid:
        if kind == "string":
            raise
        return create_field(connection, client, label, "string")
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        return _keep_field(connection, made, datetime.now(UTC))


def _keep_list(connection: Connection, found: ContactList, now: datetime) -> RemoteList:
    row, _ = RemoteList.objects.update_or_create(
        connection=connection,
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        list_id=found.list_id,
        defaults={"name": found.name[:255], "read_at": now},
    )
    return row


def _keep_tag(connection: Connection, found: Tag, now: datetime) -> RemoteTag:
    row, _ = RemoteTag.objects.update_or_create(
        connection=connection,
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        tag_id=found.tag_id,
        defaults={"name": found.name[:255], "read_at": now},
    )
    return row


def _keep_field(connection: Connection, found: CustomField, now: datetime) -> RemoteField:
    row, _ = RemoteField.objects.update_or_create(
        connection=connection,
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        custom_field_id=found.custom_field_id,
        defaults={
            "label": found.label[:50],
            "name": found.name[:50],
            "type": found.type[:20],
            "choices": [choice.label for choice in found.choices],
            "choice_ids": {choice.choice_id: choice.label for choice in found.choices},
            "read_at": now,
        },
    )
    return row
