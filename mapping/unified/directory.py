"""Users and roles: what the provider truly tells of them.

It has no list of users. Known are the person who authorised the link, with the role that their privileges show, and
the account's owner by name and address; to a partner's key, the owner of each client account. So every answer is a
part, and says so. The three roles are fixed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connections.constantcontact.shapes import PartnerAccount
from mapping.unified.asking import as_text

# https://developer.constantcontact.com/api_guide/user_privileges.html
ROLES: Final[dict[str, tuple[str, str]]] = {
    "account_owner": ("Account owner", "May do everything, the account's own settings and users included."),
    "account_manager": ("Account manager", "May work with contacts, lists, tags and campaigns."),
    "campaign_creator": ("Campaign creator", "May write campaigns; may neither see nor change contacts."),
}


_ALL: Final = (
    "account:read",
    "account:update",
    "contacts:read",
    "contacts:write",
    "contacts:lists:read",
    "contacts:lists:write",
    "campaign:read",
    "campaign:create",
    "campaign:write",
    "campaign:send",
    "campaign:delete",
)
# What each may do by the words of the same page; the privileges' names are those of the published API.
PRIVILEGES: Final[dict[str, tuple[str, ...]]] = {
    "account_owner": _ALL,
    "account_manager": tuple(one for one in _ALL if one != "account:update"),
    "campaign_creator": ("contacts:lists:read", "campaign:read", "campaign:create", "campaign:write"),
}


@dataclass(frozen=True)
class Address:
    """One of the account's own addresses, and what it is used for."""

    email: str
    roles: tuple[str, ...]


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
    addresses: tuple[Address, ...] = ()


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
        "remote_data": {"privileges": list(PRIVILEGES[key])},
    }


def _emails(linked: Linked) -> list[dict[str, object]]:
    """The account's own addresses with their uses; the one that it names as its contact is the first."""
    uses = {one.email: one.roles for one in linked.addresses}
    emails = ([linked.email] if linked.email else []) + [one for one in uses if one != linked.email]
    return [
        {
            "email": email,
            "type": ", ".join(role.lower() for role in uses.get(email, ())) or "work",
            "is_primary": email == linked.email,
        }
        for email in emails
    ]


def users(linked: Linked) -> list[dict[str, object]]:
    """The account's owner, and the authorising person where that is somebody else."""
    first, _, last = linked.owner.partition(" ")
    owner = _user(f"{linked.account_id}.owner", "account_owner", linked)
    owner |= {"first_name": first or None, "last_name": last or None, "name": linked.owner or None}
    owner["emails"] = _emails(linked)
    found = [owner]
    key = next((key for key, (name, _) in ROLES.items() if name == linked.role), None)
    if key is not None and key != "account_owner":
        person = _user(f"{linked.account_id}.authorised", key, linked)
        person["remote_data"] = {"privileges": list(linked.privileges)}
        found.append(person)
    else:
        owner["remote_data"] = {"privileges": list(linked.privileges)}
    return found


def client_shown(account: PartnerAccount) -> dict[str, object]:
    """The owner of one of a partner's client accounts."""
    owner = account.site_owner_name or ""
    first, _, last = owner.partition(" ")
    found = _user(account.encoded_account_id, "account_owner", None)
    billing = (account.billing_status or "").lower()
    return found | {
        "first_name": first or None,
        "last_name": last or None,
        "name": owner or None,
        "status": "active" if billing in ("", "open") else billing,
        "last_login_at": account.document.get("last_login_date"),
        "remote_data": dict(account.document),
    }


def _user(identifier: str, role: str, linked: Linked | None) -> dict[str, object]:
    return {
        "id": identifier,
        "external_id": None,
        "identifiers": None,
        "first_name": None,
        "last_name": None,
        "name": None,
        "title": None,
        "username": None,
        "emails": [],
        "phones": [],
        "status": "active",
        "is_email_verified": None,
        "is_2fa_enabled": None,
        "roles": [{"id": role, "name": ROLES[role][0]}],
        "created_at": None,
        "updated_at": as_text(linked.linked_at) if linked is not None else None,
        "last_login_at": None,
        "remote_data": None,
    }
