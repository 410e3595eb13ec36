"""What a program wants of a contact, and the provider's contact with that in it; nothing else of it changes.

A `Wish` holds only what was named: None means that nothing is wanted of a part, an empty value that it is to be blank.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from connections.constantcontact.shapes import ContactSent
from connections.constantcontact.shapes.writing import PhoneSent, StreetSent, ValueSent
from mapping import values
from mapping.fields import STANDARD, Place
from mapping.values import BadValue

MOST: Final[Mapping[str, int]] = {
    "custom_fields": 25,
    "phone_numbers": 3,
    "street_addresses": 3,
    "list_memberships": 50,
    "taggings": 50,
}
# What a person calls these parts.
SPOKEN: Final[Mapping[str, str]] = {
    "phone_numbers": "phones",
    "street_addresses": "addresses",
    "list_memberships": "lists",
    "taggings": "tags",
}
# Parts of a contact that are decided elsewhere, or by nobody but the provider.
NOT_FROM_REMOTE: Final = frozenset(
    {
        "contact_id",
        "email_address",
        "permission_to_send",
        "create_source",
        "update_source",
        "sms_channel",
        "created_at",
        "updated_at",
        "deleted_at",
    }
)
# The provider keeps any text as a number, and whoever reads a contact can send it back.
_PHONE: Final = replace(STANDARD["phone"], kind="text")
_STREETS: Final = {"city": "city", "state": "state", "country": "country", "postal_code": "zip"}


@dataclass(frozen=True)
class Change:
    """What is to become of ids that a contact has: a whole new set, or some more and some fewer."""

    whole: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def of(self, before: Sequence[str]) -> list[str]:
        """The ids after it; those that stay keep their order."""
        start = before if self.whole is None else self.whole
        gone = set(self.remove)
        return [one for one in dict.fromkeys((*start, *self.add)) if one not in gone]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The ids that somebody is to have."""
        return tuple(self.of(()))


@dataclass(frozen=True)
class Wish:
    """What is wanted of one contact, in the provider's terms.

    `core` by the provider's names, None for blank; `fields` by the custom field's id, None to take the value away;
    `remote` goes into the body as it is; `whole` is the body, in place of everything else.
    """

    email: str | None = None
    core: Mapping[str, str | None] = field(default_factory=dict)
    phones: tuple[PhoneSent, ...] | None = None
    addresses: tuple[StreetSent, ...] | None = None
    lists: Change | None = None
    tags: Change | None = None
    fields: Mapping[str, ValueSent | None] = field(default_factory=dict)
    remote: Mapping[str, Any] = field(default_factory=dict)  # Any: untransformed by promise
    whole: Mapping[str, Any] | None = None


class Unfit(ValueError):
    """Values that cannot be written; `failures` are (field, what is wrong)."""

    def __init__(self, failures: Iterable[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{name}: {words}" for name, words in self.failures))


def merged(before: ContactSent, wish: Wish) -> ContactSent:
    """The contact with the wish in it.

    Args:
        before: the whole contact as the provider would take it back; empty for a new one.

    Raises:
        Unfit: more of something than a contact can have.
    """
    if wish.whole is not None:
        return cast(ContactSent, _as_given(before, wish.whole))
    body: dict[str, Any] = dict(before)
    for name, value in wish.core.items():
        body[name] = value
    if wish.email is not None:
        body["email_address"] = {**body.get("email_address", {}), "address": wish.email}
    for name, parts in (("phone_numbers", wish.phones), ("street_addresses", wish.addresses)):
        if parts is not None:
            body[name] = [dict(one) for one in parts]
    for name, change in (("list_memberships", wish.lists), ("taggings", wish.tags)):
        if change is not None:
            body[name] = change.of(body.get(name, ()))
    if wish.fields:
        body["custom_fields"] = _with_values(body.get("custom_fields", ()), wish.fields)
    body |= wish.remote
    too_many = [
        (SPOKEN.get(name, name), f"a contact has at most {most}, and this makes {len(body[name])}")
        for name, most in MOST.items()
        if isinstance(body.get(name), list) and len(body[name]) > most
    ]
    if too_many:
        raise Unfit(too_many)
    return cast(ContactSent, {name: value for name, value in body.items() if value is not None})


def _as_given(before: ContactSent, whole: Mapping[str, Any]) -> dict[str, Any]:
    """A program's own document; but what decides on a person's permission is decided elsewhere."""
    body = {name: value for name, value in whole.items() if name not in ("create_source", "update_source")}
    if isinstance(body.get("email_address"), dict):
        address = {**body["email_address"]}
        address.pop("permission_to_send", None)
        if permission := before.get("email_address", {}).get("permission_to_send"):
            address["permission_to_send"] = permission
        body["email_address"] = address
    return body


def _with_values(
    before: Iterable[Mapping[str, Any]], wanted: Mapping[str, ValueSent | None]
) -> list[dict[str, Any]]:
    kept = {one["custom_field_id"]: dict(one) for one in before}
    for custom_field_id, value in wanted.items():
        kept.pop(custom_field_id, None)
        if value is not None:
            kept[custom_field_id] = dict(value)
    return list(kept.values())


class Reader:
    """Reads values one by one, and remembers what is wrong with each."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def text(self, name: str, value: str | None, column: str | Place) -> str | None:
        """A standard field's text, trimmed and checked; None where it is blank."""
        place = STANDARD[column] if isinstance(column, str) else column
        try:
            return values.clean(value or "", place) or None
        except BadValue as bad:
            self.failures.append((name, str(bad)))
            return None

    def phones(self, given: Iterable[tuple[str, str]]) -> tuple[PhoneSent, ...]:
        """Phone numbers of (number, kind)."""
        found = []
        for index, (number, kind) in enumerate(given):
            if text := self.text(f"phones.{index}.phone", number, _PHONE):
                found.append({"phone_number": text, "kind": kind})
            elif not number.strip():
                self.failures.append((f"phones.{index}.phone", "a phone number"))
        return cast(tuple[PhoneSent, ...], tuple(found))

    def addresses(self, given: Iterable[Mapping[str, str | None]]) -> tuple[StreetSent, ...]:
        """Street addresses in the unified names."""
        found = []
        for index, one in enumerate(given):
            place = f"addresses.{index}"
            street = "\n".join(part for part in (one.get("street_1"), one.get("street_2")) if part)
            parts = {"street": self.text(f"{place}.street_1", street, "street")}
            parts |= {
                name: self.text(f"{place}.{name}", one.get(name), column) for name, column in _STREETS.items()
            }
            found.append({"kind": one["type"], **{name: text for name, text in parts.items() if text}})
        return cast(tuple[StreetSent, ...], tuple(found))

    def remote(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Additions for the provider, as they are; what decides on a person's permission does not pass here."""
        for name in sorted(NOT_FROM_REMOTE & set(given)):
            self.failures.append((f"remote_data.{name}", "cannot be written here; use the named fields"))
        return given

    def checked(self) -> None:
        """Raises Unfit where anything was wrong."""
        if self.failures:
            raise Unfit(self.failures)
