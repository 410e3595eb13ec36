"""Lists, tags and custom fields as programs name them, found among those that an account has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, cast
from uuid import UUID

from connections.constantcontact.shapes.writing import ValueSent
from mapping import values
from mapping.fields import CUSTOM_LONGEST, Place
from mapping.unified.writing import Change
from mapping.values import BadValue

Value = str | int | float | bool | list[str] | None
SELECTS: Final = ("single_select", "multi_select")


@dataclass(frozen=True)
class Named:
    """A list or tag by its id or its name; `place` is where it stands in the body."""

    place: str
    id: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.id or self.name


@dataclass(frozen=True)
class Changes:
    """A change of lists or tags as a program names them."""

    whole: tuple[Named, ...] | None = None
    add: tuple[Named, ...] = ()
    remove: tuple[Named, ...] = ()

    def everything(self) -> Iterable[Named]:
        """All that are named."""
        return (*(self.whole or ()), *self.add, *self.remove)

    def wanted(self) -> Iterable[Named]:
        """Those that somebody is to have."""
        return (*(self.whole or ()), *self.add)

    def found(self, known: "Known") -> Change:
        """The same by ids; all are known."""

        def ids(named: Iterable[Named]) -> tuple[str, ...]:
            return tuple(known.find(one) or "" for one in named)

        whole = None if self.whole is None else ids(self.whole)
        return Change(whole, ids(self.add), ids(self.remove))


def named(place: str, text: str | None, identifier: str | None = None) -> Named:
    """A reference: a text that is a UUID is an id, any other a name."""
    if identifier:
        return Named(place, id=identifier.lower())
    try:
        return Named(place, id=str(UUID(text or "")))
    except ValueError:
        return Named(place, name=(text or "").strip())


@dataclass
class Known:
    """The lists or the tags of an account: names by id."""

    names: Mapping[str, str] = field(default_factory=dict)

    def find(self, wanted: Named) -> str | None:
        """The id, where there is one of this id or name."""
        if wanted.id:
            return wanted.id if wanted.id in self.names else None
        key = wanted.name.casefold()
        return next((one for one, name in self.names.items() if name.casefold() == key), None)

    def unknown(self, wanted: Iterable[Named]) -> list[Named]:
        """Those that are not there, each once."""
        return list({str(one).casefold(): one for one in wanted if self.find(one) is None}.values())


@dataclass(frozen=True)
class Field:
    """A custom field of an account."""

    id: str
    name: str
    label: str
    type: str
    choices: Mapping[str, str]

    def answers_to(self, name: str) -> bool:
        """Whether a program means this one: by its name, its label or its id."""
        return name.casefold() in (self.name.casefold(), self.label.casefold(), self.id)


def field_of(fields: Iterable[Field], name: str) -> Field | None:
    """The custom field that a program means; one of exactly this name before all others."""
    found = [one for one in fields if one.answers_to(name)]
    return next((one for one in found if one.name == name), found[0] if found else None)


def kind_of(value: Value) -> str:
    """The type that a new custom field gets for such a value; empty where it cannot be told."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else ""


def sent(place: Field, value: Value) -> ValueSent | None:
    """A typed value as the provider takes it; None takes the value away.

    Raises:
        BadValue: the field does not take it.
    """
    if value is None or value in ("", []):
        return None
    label = f"the field {place.label}"
    if place.type in SELECTS:
        wanted = value if isinstance(value, list) else [_text(value)]
        if place.type == "single_select" and len(wanted) > 1:
            raise BadValue("not_a_choice", f"{label} takes one choice")
        ids = [_choice(place, label, one) for one in wanted]
        return cast(ValueSent, {"custom_field_id": place.id, "choice_ids": list(dict.fromkeys(ids))})
    if isinstance(value, list):
        raise BadValue("not_a_choice", f"{label} takes one value, not several")
    text = values.clean(_text(value), Place(place.name, label, place.type, CUSTOM_LONGEST))
    return cast(ValueSent, {"custom_field_id": place.id, "value": text}) if text else None


def _text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _choice(place: Field, label: str, wanted: str) -> str:
    key = wanted.strip().casefold()
    for choice_id, words in place.choices.items():
        if key in (words.casefold(), choice_id):
            return choice_id
    offered = ", ".join(list(place.choices.values())[:10])
    raise BadValue("not_a_choice", f"{label} has no such choice; it has {offered or 'none'}")
