"""A person of the app, in the provider's terms. Pure: a plan made once, applied to each row.

Blank values are not sent: a bulk import changes only what it carries, so a blank erases nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mapping import values
from mapping.fields import Place
from mapping.values import BadValue

# Of one contact, and of one import (api_guide/lists_overview.html).
MOST_LISTS: Final = 50
# Of one contact (api_guide/tags_overview.html).
MOST_TAGS: Final = 50


@dataclass(frozen=True)
class Plan:
    """Which column goes where.

    Args:
        places: for each column by position, the field it fills.
        list_columns: positions whose values name app lists.
        lists: app list (as compared) to the contact list it fills; None where it is left out on purpose.
        everyone: contact lists that every row joins.
        tag_columns, tags, everyone_tags: the same for tags.
    """

    places: Mapping[int, Place]
    list_columns: Sequence[int] = ()
    lists: Mapping[str, str | None] = field(default_factory=dict)
    everyone: frozenset[str] = frozenset()
    tag_columns: Sequence[int] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    everyone_tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Translated:
    """A row in the provider's terms: its address, values by import column, the lists it joins, the tags it gets."""

    email: str
    values: dict[str, str]
    list_ids: tuple[str, ...]
    tag_ids: tuple[str, ...] = ()


def translate(plan: Plan, row: Sequence[str]) -> Translated:
    """One row.

    Raises:
        BadValue: the row cannot be sent, with the first reason.
    """
    found: dict[str, str] = {}
    for position, place in plan.places.items():
        value = values.clean(row[position], place)
        if value:
            found[place.column] = value
    email = found.pop("email", "")
    if not email:
        raise BadValue("missing_email", "there is no e-mail address")
    if ("birthday_month" in found) != ("birthday_day" in found):
        raise BadValue("bad_birthday", "a birthday needs both month and day")
    return Translated(email, found, _lists(plan, row), _tags(plan, row))


def _lists(plan: Plan, row: Sequence[str]) -> tuple[str, ...]:
    found = set(plan.everyone)
    for position in plan.list_columns:
        for name in list_names(row[position]):
            key = name.casefold()
            if key not in plan.lists:
                raise BadValue("unknown_list", f"the list “{name[:60]}” is not mapped")
            target = plan.lists[key]
            if target:
                found.add(target)
    if len(found) > MOST_LISTS:
        raise BadValue("too_many_lists", f"the row joins {len(found)} lists; the most is {MOST_LISTS}")
    if not found:
        raise BadValue("no_list", "the row names no list, and this import has none for everyone")
    return tuple(sorted(found))


def _tags(plan: Plan, row: Sequence[str]) -> tuple[str, ...]:
    if not plan.tag_columns:
        return tuple(sorted(plan.everyone_tags))
    found = set(plan.everyone_tags)
    for position in plan.tag_columns:
        for name in list_names(row[position]):
            key = name.casefold()
            if key not in plan.tags:
                raise BadValue("unknown_tag", f"the tag “{name[:60]}” is not mapped")
            target = plan.tags[key]
            if target:
                found.add(target)
    if len(found) > MOST_TAGS:
        raise BadValue("too_many_tags", f"the row gets {len(found)} tags; the most is {MOST_TAGS}")
    return tuple(sorted(found))


def list_names(value: str) -> list[str]:
    """The app lists, or tags, that a cell names, separated by a semicolon or a vertical bar."""
    return [part for part in (piece.strip() for piece in re.split(r"[;|]", value)) if part]
