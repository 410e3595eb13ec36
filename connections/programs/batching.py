"""What a batch of calls means: their order, and what `{{...}}` in them stands for. Pure.

    {{args.list.name}}          of the request's `args`
    {{resources.lists.list_id}} of the first result of the call named `lists`; in a loop over it, of the current one

A text that is one reference becomes the value itself, of whatever type; inside a longer text it is written out. What
is filled in is counted before it is there: a few references can stand for far more than anybody may send.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

Json = object
T = TypeVar("T")
# A place in a list; longer numbers are no place in any, and from some length on Python reads none.
_PLACE: Final = re.compile(r"[0-9]{1,9}")
_REFERENCE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_.\-]+)\s*\}\}")


class Unresolved(ValueError):
    """A reference that leads to nothing; `reference` is its text."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class TooLong(ValueError):
    """The references stand for more than may be filled in."""


@dataclass(frozen=True)
class Node:
    """One call as it is ordered: its name, and the names of those that come before it."""

    name: str
    after: tuple[str, ...]


def order(nodes: Sequence[Node]) -> list[str]:
    """The names, each after those that it needs, and else as they were given.

    Raises:
        ValueError: a name that nobody has, or calls that wait for each other; the text says which.
    """
    names = {node.name for node in nodes}
    for node in nodes:
        unknown = [name for name in node.after if name not in names]
        if unknown:
            raise ValueError(f"{node.name} waits for {unknown[0]}, which is none of the resources")
    done: list[str] = []
    waiting = list(nodes)
    while waiting:
        ready = [node for node in waiting if set(node.after) <= set(done)]
        if not ready:
            raise ValueError(f"{', '.join(node.name for node in waiting)} wait for each other")
        done += [node.name for node in ready]
        waiting = [node for node in waiting if node.name not in done]
    return done


def filled(value: Json, known: Mapping[str, Json], most: int) -> Json:
    """A value with its references replaced.

    Args:
        most: how many bytes of JSON may be filled in.

    Raises:
        Unresolved: one leads to nothing.
        TooLong: they stand for more than that.
    """
    return _Filling(known, most).of(value)


@dataclass
class _Filling:
    """References being replaced, and the bytes that may still be filled in."""

    known: Mapping[str, Json]
    left: int

    def of(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {name: self.of(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.of(one) for one in value]
        if not isinstance(value, str):
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return self._counted(found(whole[1], self.known))
        return _REFERENCE.sub(lambda match: self._counted(_written(found(match[1], self.known))), value)

    def _counted(self, value: T) -> T:
        self.left -= len(json.dumps(value))
        if self.left < 0:
            raise TooLong
        return value


def found(reference: str, known: Mapping[str, Json]) -> Json:
    """What a dotted reference leads to.

    Raises:
        Unresolved: nothing.
    """
    here: Json = known
    for part in reference.split("."):
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, list) and _PLACE.fullmatch(part) and int(part) < len(here):
            here = here[int(part)]
        else:
            raise Unresolved(reference)
    return here


def _written(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
