"""How much of each account's mapping is set, and what has drifted from what the account holds, in words.

Owns two questions for a whole page of accounts, however many these are. Broken is what fills a custom field or a
list that is no longer in the account, as it was last read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from connections.models import Connection
from mapping.models import AppField, FieldMapping, ListMapping, RemoteField, RemoteList

_SENT: Final = [kind for kind in FieldMapping.Kind.values if kind != FieldMapping.Kind.IGNORED]
CONDITIONS: Final[dict[str, tuple[str, Q]]] = {
    "broken": ("Broken", Q(broken_fields=True) | Q(broken_lists=True)),
    "none": ("Nothing mapped yet", Q(begun=False)),
    "set": ("Set", Q(begun=True, broken_fields=False, broken_lists=False)),
}


@dataclass(frozen=True)
class Mapped:
    """One account's line."""

    row: Connection
    fields: int = 0
    mapped: int = 0
    undecided: int = 0
    lists: int = 0
    broken_fields: int = 0
    broken_lists: int = 0

    @property
    def word(self) -> str:
        """A state of the glossary."""
        if self.broken_fields or self.broken_lists:
            return "Broken"
        return "Set" if self.mapped else "Not mapped"

    @property
    def sentence(self) -> str:
        """How much is mapped."""
        if not self.fields:
            return "No field of your app is known yet"
        return f"{self.mapped} of {_count(self.fields, 'field')}, {_count(self.lists, 'list')}"

    @property
    def needs(self) -> list[str]:
        """What somebody has to look at."""
        found = []
        if self.broken_fields:
            found.append(
                f"{_count(self.broken_fields, 'custom field')} no longer in the account. Choose another."
            )
        if self.broken_lists:
            found.append(f"{_count(self.broken_lists, 'list')} no longer in the account. Choose another.")
        if self.undecided and self.mapped:
            found.append(f"{_count(self.undecided, 'field')} not decided yet.")
        return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _field_is_gone(mapping: str = "") -> Any:  # a negated Exists
    """Whether the custom field that a mapping fills is missing; the id is compared as text, as the mapping keeps it."""
    there = RemoteField.objects.annotate(key=Cast("custom_field_id", CharField()))
    return ~Exists(there.filter(connection=OuterRef("connection"), key=OuterRef(f"{mapping}target")))


def _list_is_gone() -> Any:
    return ~Exists(RemoteList.objects.filter(connection=OuterRef("connection"), list_id=OuterRef("list_id")))


def with_state(rows: "QuerySet[Connection]") -> "QuerySet[Connection]":
    """The connections, each knowing whether it has a mapping and whether anything of it is broken."""
    fields = FieldMapping.objects.filter(connection=OuterRef("pk"))
    lists = ListMapping.objects.filter(connection=OuterRef("pk"), list_id__isnull=False)
    return rows.alias(
        begun=Exists(fields.filter(kind__in=_SENT)),
        broken_fields=Exists(fields.filter(_field_is_gone(), kind=FieldMapping.Kind.CUSTOM)),
        broken_lists=Exists(lists.filter(_list_is_gone())),
    )


def describe(rows: Sequence[Connection]) -> list[Mapped]:
    """How far each of these is, by two queries for all of them. Inside the scope."""
    fields = {row["connection_id"]: row for row in _fields([row.pk for row in rows])}
    lists = {row["connection_id"]: row for row in _lists([row.pk for row in rows])}
    return [Mapped(row, **_counts(fields.get(row.pk)), **_counts(lists.get(row.pk))) for row in rows]


def _counts(found: dict[str, Any] | None) -> dict[str, int]:
    return {name: number for name, number in (found or {}).items() if name != "connection_id"}


def _fields(ids: list[UUID]) -> Any:
    return (
        AppField.objects.filter(connection_id__in=ids)
        .order_by()
        .alias(gone=_field_is_gone("mapping__"))
        .values("connection_id")
        .annotate(
            fields=Count("pk"),
            mapped=Count("pk", filter=Q(mapping__kind__in=_SENT)),
            undecided=Count("pk", filter=Q(mapping=None)),
            broken_fields=Count("pk", filter=Q(mapping__kind=FieldMapping.Kind.CUSTOM, gone=True)),
        )
    )


def _lists(ids: list[UUID]) -> Any:
    return (
        ListMapping.objects.filter(connection_id__in=ids)
        .order_by()
        .alias(gone=_list_is_gone())
        .values("connection_id")
        .annotate(
            lists=Count("pk", filter=Q(ignored=False)),
            broken_lists=Count("pk", filter=Q(list_id__isnull=False, gone=True)),
        )
    )
