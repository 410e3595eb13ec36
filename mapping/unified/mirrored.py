"""A contact of the mirror in the unified shape: what imports compare with, so less than a live reading tells.

When somebody was changed there is not told: the mirror knows when it heard of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mapping.unified.contacts import STATUSES, FieldName, Names, typed

_CUSTOM: Final = "cf:"
_SKIPPED: Final = len(_CUSTOM)
# What only a live reading tells.
_UNTOLD: Final = dict.fromkeys(
    ("permission_to_send", "opt_in_source", "opt_in_at", "opt_out_source", "opt_out_at", "opt_out_reason")
)
_ADDRESS: Final = {
    "street": "street_1",
    "city": "city",
    "state": "state",
    "country": "country",
    "zip": "postal_code",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of the mirror; `values` by import column, lists and tags by id, None where not known."""

    contact_id: str | None
    email: str
    standing: str
    permission: str
    values: Mapping[str, str]
    list_ids: Sequence[str] | None
    tag_ids: Sequence[str] | None


def shown(
    row: Kept, names: Names, fields: Mapping[str, tuple[str, FieldName]], ledger_id: str | None = None
) -> dict[str, object]:
    """One contact.

    Args:
        ledger_id: the entry of the consent ledger that stands behind the person.
        fields: custom fields by their column in imports: the provider's id, and what is known of it.
    """
    values = row.values
    first, last, phone = values.get("first_name"), values.get("last_name"), values.get("phone")
    custom = [name for name in values if name.startswith(_CUSTOM)]
    return {
        "id": row.contact_id,
        "first_name": first,
        "last_name": last,
        "name": f"{first} {last}" if first and last else first or last or None,
        "email": row.email,
        "phones": [{"phone": phone, "type": None}] if phone else [],
        "addresses": [_address(values)] if not values.keys().isdisjoint(_ADDRESS) else [],
        "lists": [{"id": one} for one in row.list_ids or ()],
        "tags": [{"id": one, "name": names.tags.get(one)} for one in row.tag_ids or ()],
        "status": status_of(row),
        "updated_at": None,
        "custom_fields": {
            name[_SKIPPED:]: typed(values[name], fields[name][1] if name in fields else None)
            for name in custom
        },
        "custom_fields_meta": [_meta(*fields[name]) for name in custom if name in fields],
        "consent": {**_UNTOLD, "permission_to_send": row.permission or None, "ledger_id": ledger_id},
    }


def _address(values: Mapping[str, str]) -> dict[str, str | None]:
    found = {ours: values.get(theirs) for theirs, ours in _ADDRESS.items()}
    return {**found, "street_2": None, "type": None}


def _meta(identifier: str, known: FieldName) -> dict[str, str]:
    return {"id": identifier, "name": known.name, "label": known.label, "type": known.type}


def status_of(row: Kept) -> str | None:
    """As of a live contact; None where only a live reading can tell whether somebody may be written to."""
    if row.standing == "unsubscribed":
        return "unsubscribed"
    if row.standing in ("deleted", "vanished"):
        return "cleaned"
    return STATUSES.get(row.permission)
