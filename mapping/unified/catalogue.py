"""Lists and tags in the unified shape."""

from connections.constantcontact.shapes import ContactList, Tag
from mapping.unified.asking import as_text


def list_shown(found: ContactList) -> dict[str, object]:
    """A contact list."""
    return {
        "id": found.list_id,
        "name": found.name,
        "description": found.description,
        "type": "list",
        "created_at": as_text(found.created_at),
        "updated_at": as_text(found.updated_at),
        "remote_data": dict(found.document),
    }


def tag_shown(found: Tag) -> dict[str, object]:
    """A tag."""
    return {
        "id": found.tag_id,
        "name": found.name,
        "created_at": as_text(found.created_at),
        "updated_at": as_text(found.updated_at),
        "remote_data": dict(found.document),
    }
