"""A contact as some answer of the provider's had it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from connections.constantcontact.shapes import Contact, fit
from connections.constantcontact.shapes.contact import CustomFieldValue
from mapping.values import email_key

# How a contact calls what an import calls otherwise.
_ADDRESS: Final = {
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
_PHONE: Final = {"phone_number": "phone"}
_TEXTS: Final = ("first_name", "last_name", "job_title", "company_name", "anniversary")
_NUMBERS: Final = ("birthday_month", "birthday_day")
# The columns that a contact read with everything tells of, besides those of its custom fields.
COLUMNS: Final = (*_TEXTS, *_NUMBERS, *_ADDRESS.values(), *_PHONE.values())
Choices = Mapping[str, Mapping[str, str]]
Standing = Literal["active", "unsubscribed", "deleted"]


@dataclass(frozen=True)
class Known:
    """By its address in the one spelling that is compared; None is what that answer does not tell.

    `values` by import column; a column that the answer tells of and that is not in them is blank.
    """

    email_key: str
    standing: Standing
    values: dict[str, str]
    list_ids: frozenset[str] | None = None
    tag_ids: frozenset[str] | None = None
    permission: str = ""
    contact_id: str | None = None


def known_of(contact: Contact, custom: Mapping[str, str], choices: Choices | None = None) -> Known | None:
    """A contact as an export would tell it; None for one without an address.

    Args:
        custom: import columns by the custom field's id.
        choices: labels by choice id, by the custom field's id.
    """
    if contact.email_address is None:
        return None
    away = contact.email_address.permission_to_send == "unsubscribed"
    standing: Standing = "deleted" if contact.deleted_at else "unsubscribed" if away else "active"
    values = {name: fit(str(value)) for name in _TEXTS if (value := contact.document.get(name))}
    values |= {name: fit(str(contact.document.get(name) or "")) for name in _NUMBERS}
    values |= {
        custom[one.custom_field_id]: _value(one, (choices or {}).get(one.custom_field_id, {}))
        for one in contact.custom_fields or ()
        if one.custom_field_id in custom
    }
    values |= _part(contact, "street_addresses", _ADDRESS) | _part(contact, "phone_numbers", _PHONE)
    return Known(
        email_key(contact.email_address.address),
        standing,
        values,
        frozenset(contact.list_memberships or ()),
        None if contact.taggings is None else frozenset(contact.taggings),
        contact.email_address.permission_to_send or "",
        contact.contact_id,
    )


def _value(one: CustomFieldValue, labels: Mapping[str, str]) -> str:
    if not one.choice_ids:
        return one.value or ""
    found = {choice_id.lstrip("0"): label for choice_id, label in labels.items()}
    return "; ".join(found.get(choice_id.lstrip("0"), "") for choice_id in one.choice_ids)


def _part(contact: Contact, name: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Import columns out of a contact's address or telephone number: those that an import without a kind fills."""
    parts = contact.document.get(name)
    found = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    part = next((one for one in found if one.get("kind") in {"home", "other"}), {})
    return {column: fit(str(part.get(key) or "")) for key, column in columns.items()}
