"""One contact as it is written singly: what was read there, with a row's wishes in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from connections.constantcontact.shapes import Contact, ContactSent, writing

_CORE: Final = ("first_name", "last_name", "job_title", "company_name", "anniversary")
_NUMBERS: Final = ("birthday_month", "birthday_day")
_PARTS: Final = {
    "street": "street",
    "city": "city",
    "state": "state",
    "zip": "postal_code",
    "country": "country",
}


@dataclass(frozen=True)
class Field:
    """A custom field: its id, and the ids of its choices by label where it has some."""

    custom_field_id: str
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """What is wanted of one person: values by import column, lists and tags put on and taken off."""

    email: str
    values: Mapping[str, str]
    fields: Mapping[str, Field]
    joins: frozenset[str]
    leaves: frozenset[str]
    tags: frozenset[str]
    untags: frozenset[str]


def new(change: Change) -> ContactSent:
    """Somebody whom nobody knows there: with implicit permission, as an import would create him."""
    body: dict[str, Any] = {  # Any: JSON of the provider's
        "email_address": {"address": change.email, "permission_to_send": "implicit"},
        "phone_numbers": [],
        "street_addresses": [],
        "custom_fields": [],
        "list_memberships": [],
        "taggings": [],
    }
    return cast(ContactSent, {name: value for name, value in _with(body, change).items() if value})


def merged(contact: Contact, change: Change) -> ContactSent:
    """The whole contact as it was read just now, with the change in it: nothing that is not named is lost."""
    return cast(ContactSent, _with(dict(writing.whole(contact)), change))


def opted_out(contact: Contact, address: str) -> ContactSent:
    """The whole contact, unsubscribed."""
    body = writing.whole(contact)
    body["email_address"] = {"address": address, "permission_to_send": "unsubscribed"}
    return body


def _with(body: dict[str, Any], change: Change) -> dict[str, Any]:
    for column, value in change.values.items():
        if column in _CORE:
            body[column] = value
        elif column in _NUMBERS:
            body[column] = int(value)
        elif column in change.fields:
            _put(body["custom_fields"], "custom_field_id", _valued(change.fields[column], value))
        elif column.endswith("phone"):
            kind = "other" if column == "phone" else column.removesuffix("_phone")
            _put(body["phone_numbers"], "kind", {"kind": kind, "phone_number": value})
        else:
            before, _, part = column.rpartition("_")
            _put(body["street_addresses"], "kind", {"kind": before or "home", _PARTS[part]: value})
    body["list_memberships"] = sorted({*body["list_memberships"], *change.joins} - change.leaves)
    body["taggings"] = sorted({*body["taggings"], *change.tags} - change.untags)
    return body


def _put(parts: list[dict[str, Any]], key: str, given: dict[str, Any]) -> None:
    """Into the part of the same kind, which keeps what is not given; or behind the others."""
    for part in parts:
        if part[key] == given[key]:
            part.update(given)
            return
    parts.append(given)


def _valued(field: Field, value: str) -> dict[str, Any]:
    if not field.choices:
        return {"custom_field_id": field.custom_field_id, "value": value}
    labels = [part.strip() for part in value.split(";")]
    return {
        "custom_field_id": field.custom_field_id,
        "choice_ids": [field.choices[label] for label in labels if label in field.choices],
    }
