"""Users and roles: what the provider truly tells of them.

It has no list of users. Known are the person who authorised the link, with the role that their privileges show, and
the account's owner by name and address; so every answer is a part, and says so. The three roles are fixed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mapping.unified.asking import as_text

# https://developer.constantcontact.com/api_guide/user_privileges.html
ROLES: Final[dict[str, tuple[str, str]]] = {
    "account_owner": ("Account owner", "May do everything, the account's own settings and users included."),
    "account_manager": ("Account manager", "May work with contacts, lists, tags and campaigns."),
    "campaign_creator": ("Campaign creator", "May write campaigns; may neither see nor change contacts."),
}


@dataclass(frozen=True)
class Linked:
    """What is known of the people of a linked account.

    `role` and `privileges` are those of the person who authorised the link, `email` is the account's own address.
    """

    account_id: str
    owner: str
    email: str
    role: str
    privileges: tuple[str, ...]
    linked_at: datetime | None


def role_shown(key: str) -> dict[str, object]:
    """One of the three roles."""
    name, words = ROLES[key]
    return {
        "id": key,
        "name": name,
        "label": name,
        "description": words,
        "type": "system",
        "applicable_in": "workspace",
        "created_at": None,
        "updated_at": None,
        "remote_data": None,
    }


def users(linked: Linked) -> list[dict[str, object]]:
    """The account's owner, and the authorising person where that is somebody else."""
    first, _, last = linked.owner.partition(" ")
    owner = _user(f"{linked.account_id}.owner", "account_owner", linked)
    owner |= {"first_name": first or None, "last_name": last or None, "name": linked.owner or None}
    owner["emails"] = [{"email": linked.email, "type": "work", "is_primary": True}] if linked.email else []
    found = [owner]
    key = next((key for key, (name, _) in ROLES.items() if name == linked.role), None)
    if key is not None and key != "account_owner":
        person = _user(f"{linked.account_id}.authorised", key, linked)
        person["remote_data"] = {"privileges": list(linked.privileges)}
        found.append(person)
    else:
        owner["remote_data"] = {"privileges": list(linked.privileges)}
    return found


def _user(identifier: str, role: str, linked: Linked) -> dict[str, object]:
    return {
        "id": identifier,
        "first_name": None,
        "last_name": None,
        "name": None,
        "title": None,
        "username": None,
        "emails": [],
        "phones": [],
        "status": "active",
        "roles": [{"id": role, "name": ROLES[role][0]}],
        "created_at": None,
        "updated_at": as_text(linked.linked_at),
        "remote_data": None,
    }
