"""Checks of a request body against the published names, types, lengths and counts.

A shape is built from the classes below; `problems_of(shape, value)` lists everything that is wrong, each with
the property's name first, as the provider words it. null counts as left out.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


def is_uuid(value: object) -> bool:
    """Whether this is a UUID in its usual writing."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_email(value: object) -> bool:
    """Whether the provider would take this for an e-mail address."""
    return (
        isinstance(value, str)
        and _EMAIL.fullmatch(value) is not None
        and ".." not in value
        and not value.startswith(".")
        and ".@" not in value
    )


class Shape(Protocol):
    """Something that can say what is wrong with a value."""

    def faults(self, name: str, value: object) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string, at most so long."""

    longest: int | None = None
    shortest: int = 0

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{name} must be a string"
        elif self.longest is not None and len(value) > self.longest:
            yield f"{name} exceeds the maximum length of {self.longest} characters"
        elif len(value.strip()) < self.shortest:
            yield f"{name} is missing"
        elif any("\ud800" <= sign <= "\udfff" for sign in value):
            yield f"{name} is not valid Unicode"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds."""

    least: int = -(2**31)
    most: int = 2**31 - 1

    def faults(self, name: str, value: object) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield f"{name} must be an integer"
        elif not self.least <= value <= self.most:
            yield f"{name} must be between {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class Real:
    """A number, whole or not, within bounds."""

    least: float = -1e15
    most: float = 1e15

    def faults(self, name: str, value: object) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{name} must be a number"
        elif not self.least <= value <= self.most:
            yield f"{name} must be between {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not isinstance(value, bool):
            yield f"{name} must be a boolean"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a fixed vocabulary."""

    values: tuple[str, ...]

    def faults(self, name: str, value: object) -> Iterator[str]:
        if value not in self.values:
            yield f"{name} does not have a valid value"


@dataclass(frozen=True, slots=True)
class Uuid:
    """A resource id."""

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not is_uuid(value):
            yield f"{name} is in an invalid format"


@dataclass(frozen=True, slots=True)
class Matching:
    """A value that a function accepts."""

    accepts: Callable[[object], bool]
    shape: Shape = field(default_factory=Text)

    def faults(self, name: str, value: object) -> Iterator[str]:
        found = list(self.shape.faults(name, value))
        yield from found
        if not found and not self.accepts(value):
            yield f"{name} does not have a valid value"


@dataclass(frozen=True, slots=True)
class Many:
    """An array of one shape, within counts."""

    of: Shape
    most: int
    least: int = 0

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{name} must be an array"
        elif len(value) > self.most:
            yield f"{name} exceeds the maximum of {self.most} items"
        elif len(value) < self.least:
            yield f"{name} must have at least {self.least} items"
        else:
            for index, item in enumerate(value):
                yield from self.of.faults(f"{name}[{index}]", item)


@dataclass(frozen=True, slots=True)
class Record:
    """An object with known properties."""

    properties: dict[str, Shape]
    required: tuple[str, ...] = ()

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{name or 'The request body'} must be an object"
            return
        prefix = f"{name}." if name else ""
        for key in self.required:
            if value.get(key) is None:
                yield f"{prefix}{key} is missing"
        for key, shape in self.properties.items():
            if value.get(key) is not None:
                yield from shape.faults(prefix + key, value[key])

    def unknown_in(self, value: dict[str, object]) -> list[str]:
        return [key for key in value if key not in self.properties]


def known_part(shape: Shape, value: Any) -> Any:
    """A checked value without the properties that its shape does not know: nobody has looked at those."""
    if isinstance(shape, Record) and shape.properties and isinstance(value, dict):
        return {
            name: known_part(shape.properties[name], item)
            for name, item in value.items()
            if name in shape.properties
        }
    if isinstance(shape, Many) and isinstance(shape.of, Record) and isinstance(value, list):
        return [known_part(shape.of, item) for item in value]
    return value


def problems_of(shape: Shape, value: object) -> list[str]:
    """Everything that is wrong with a body, at most twenty lines of it."""
    found = []
    for problem in shape.faults("", value):
        found.append(problem)
        if len(found) == 20:
            break
    return found
