"""A contact in the unified shape: the provider's words on the left of every table, ours on the right."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connections.constantcontact.shapes import Contact
from connections.constantcontact.shapes.contact import CustomFieldValue
from mapping.unified.asking import Asked, Filter, Refused, as_text, moment

# What a reading brings along.
INCLUDED: Final = ("custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings")
# permission_to_send -> status. Nobody may be written to but the active.
STATUSES: Final[Mapping[str, str]] = {
    "explicit": "active",
    "implicit": "active",
    "not_set": "unconfirmed",
    "pending_confirmation": "unconfirmed",
    "temp_hold": "unconfirmed",
    "unsubscribed": "unsubscribed",
}
# status -> what the provider's own filter calls it; a status that it does not know finds nobody.
ASKED: Final[Mapping[str, str]] = {
    "active": "active",
    "unconfirmed": "not_set,pending_confirmation,temp_hold",
    "unsubscribed": "unsubscribed",
}
UNKNOWN_HERE: Final = ("bounced", "cleaned", "complained")
_MOMENTS: Final = {
    ("updated_at", "gt"): "updated_after",
    ("updated_at", "lt"): "updated_before",
    ("created_at", "gt"): "created_after",
    ("created_at", "lt"): "created_before",
}
# Where several values mean: any of them.
_SEVERAL: Final = {
    (name, operator): theirs
    for name, theirs in (("lists.id", "lists"), ("tags.id", "tags"), ("status", "status"))
    for operator in ("eq", "in")
}
# A filter of ours -> the provider's.
_FILTERS: Final = {("email", "eq"): "email", **_MOMENTS, **_SEVERAL}
# A number that is written in one way only, so that it is the same as text and as number.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


@dataclass(frozen=True)
class FieldName:
    """A custom field as last read: its name for imports, its label, its type, its choices by id."""

    name: str
    label: str
    type: str
    choices: Mapping[str, str]

    def label_of(self, choice_id: str) -> str:
        """A choice's label, or the id where there is none. The provider pads ids in one place and not in another."""
        found = {one.lstrip("0"): label for one, label in self.choices.items()}
        return found.get(choice_id.lstrip("0"), choice_id)


@dataclass(frozen=True)
class Names:
    """What ids stand for in one account, as last read."""

    fields: dict[str, FieldName]
    tags: dict[str, str]


def shown(contact: Contact, names: Names, ledger_id: str | None = None) -> dict[str, object]:
    """A contact that was read with INCLUDED; `ledger_id` is the entry of the consent ledger that stands behind it."""
    address = contact.email_address
    document = contact.document
    full = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    values = contact.custom_fields or ()
    return {
        "id": contact.contact_id,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "name": full or None,
        "email": address.address if address else None,
        "phones": [
            {"phone": one.get("phone_number"), "type": one.get("kind")}
            for one in document.get("phone_numbers") or ()
        ],
        "addresses": [_address(one) for one in document.get("street_addresses") or ()],
        "lists": [{"id": one} for one in contact.list_memberships or ()],
        "tags": [{"id": one, "name": names.tags.get(one)} for one in contact.taggings or ()],
        "status": status_of(contact),
        "created_at": as_text(contact.created_at),
        "updated_at": as_text(contact.updated_at),
        "custom_fields": {
            _name(one, names): _value(one, names.fields.get(one.custom_field_id)) for one in values
        },
        "custom_fields_meta": [_meta(one, names) for one in values],
        "consent": {**_consent(contact), "ledger_id": ledger_id},
        "remote_data": dict(document),
    }


def _consent(contact: Contact) -> dict[str, object]:
    """Leave to write to somebody, as the provider has it."""
    address = contact.email_address
    return {
        "permission_to_send": address.permission_to_send if address else None,
        "opt_in_source": address.opt_in_source if address else None,
        "opt_in_at": as_text(address.opt_in_at) if address else None,
        "opt_out_source": address.opt_out_source if address else None,
        "opt_out_at": as_text(address.opt_out_at) if address else None,
        "opt_out_reason": address.opt_out_reason if address else None,
    }


def status_of(contact: Contact) -> str:
    """`active`, `unconfirmed`, `unsubscribed`, or `cleaned` for who was deleted."""
    if contact.deleted_at is not None:
        return "cleaned"
    permission = contact.email_address.permission_to_send if contact.email_address else None
    return STATUSES.get(permission or "not_set", "unconfirmed")


def _address(one: Mapping[str, Any]) -> dict[str, object]:
    street_1, _, street_2 = str(one.get("street") or "").partition("\n")
    return {
        "street_1": street_1 or None,
        "street_2": street_2 or None,
        **{name: one.get(name) for name in ("city", "state", "country", "postal_code")},
        "type": one.get("kind"),
    }


def _name(value: CustomFieldValue, names: Names) -> str:
    known = names.fields.get(value.custom_field_id)
    return known.name if known else value.custom_field_id


def _value(value: CustomFieldValue, known: FieldName | None) -> object:
    """Typed as the field is; a text that does not read so stays the text it is."""
    if known is not None and known.type == "multi_select":
        return [known.label_of(one) for one in value.choice_ids]
    if value.choice_ids:
        labels = [known.label_of(one) if known else one for one in value.choice_ids]
        return labels[0] if len(labels) == 1 else labels
    return typed(value.value, known)


def typed(text: str | None, known: FieldName | None) -> str | int | float | bool | None:
    """A text as its field's type reads; one that would not survive that exactly stays the text it is."""
    if text is None or known is None:
        return text
    if known.type == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if known.type in ("number", "currency") and len(text) <= 40 and _NUMBER.fullmatch(text):
        number = float(text)
        if Decimal(repr(number)) == Decimal(text) and abs(number) < 2**53 and text != "-0":
            return int(text) if "." not in text else number
    return text


def _meta(value: CustomFieldValue, names: Names) -> dict[str, object]:
    known = names.fields.get(value.custom_field_id)
    return {
        "id": value.custom_field_id,
        "name": known.name if known else None,
        "label": known.label if known else None,
        "type": known.type if known else None,
    }


def filters(asked: Asked) -> dict[str, Any] | None:
    """The provider's filters of a program's; None where nobody can be meant.

    Raises:
        Refused: a value that is none, or in the strict form a filter that the provider lacks.
    """
    found: dict[str, Any] = {}
    for one in asked.filters:
        kind = (one.name, one.operator)
        name = _FILTERS.get(kind, "")
        if not name or name in found or (len(one.values) > 1 and kind not in _SEVERAL):
            asked.ignore(one)
        elif name == "status":
            if not (words := _statuses(one)):
                return None
            found[name] = words
        elif kind in _MOMENTS:
            found[name] = moment(one)
        else:
            found[name] = one.values if kind in _SEVERAL else one.values[0]
    if "email" in found and "status" not in found:
        found["status"] = "all"  # who asks for one person wants to know of them, whatever their standing
    return found


def _statuses(one: Filter) -> str:
    known = {*ASKED, *UNKNOWN_HERE}
    if wrong := [value for value in one.values if value not in known]:
        raise Refused((one.parameter, f"one of {', '.join(sorted(known))}, not {wrong[0][:50]}"))
    return ",".join(ASKED[value] for value in dict.fromkeys(one.values) if value in ASKED)
