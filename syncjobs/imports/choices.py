"""What is chosen for an import, saved or as it stands on the page, and how rows are translated by it before it starts.

What does not exist yet has no id; its name stands for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connections.models import Connection
from mapping import fields
from mapping.fields import Place
from mapping.models import ListMapping, RemoteField, TagMapping
from mapping.translation import Plan

NEW: Final = "new:"


@dataclass(frozen=True)
class Choices:
    """What is chosen for an import, saved or not.

    Args:
        everyone, everyone_tags: lists and tags for everyone, as `plans.start` takes them.
        scratch: whether a temporary list may be made.
        lists, tags: name, choice and new name of those that the file names, in place of what is saved.
    """

    everyone: list[dict[str, str]]
    everyone_tags: list[dict[str, str]]
    scratch: bool
    lists: Sequence[tuple[str, str, str]] = ()
    tags: Sequence[tuple[str, str, str]] = ()


class _Named(dict[str, str | None]):
    """A map that knows every name: one that nobody chose anything for is a new one."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"{NEW}{name}"


def translation_of(connection: Connection, columns: list[dict[str, Any]], choices: Choices) -> Plan:
    """How rows will be translated once what is new has been made."""
    lists = {
        row.app_list.casefold(): _target(row.ignored, row.list_id, row.new_name or row.app_list)
        for row in ListMapping.objects.filter(connection=connection)
    }
    tags = {
        row.app_tag.casefold(): _target(row.ignored, row.tag_id, row.new_name or row.app_tag)
        for row in TagMapping.objects.filter(connection=connection)
    }
    return Plan(
        places=_places(connection, columns),
        list_columns=[one["position"] for one in columns if one["kind"] == "lists"],
        lists=_Named(lists | _chosen(choices.lists)),
        everyone=frozenset(_id(one.get("list_id"), one.get("new", "")) for one in choices.everyone),
        tag_columns=[one["position"] for one in columns if one["kind"] == "tags"],
        tags=_Named(tags | _chosen(choices.tags)),
        everyone_tags=frozenset(_id(one.get("tag_id"), one.get("new", "")) for one in choices.everyone_tags),
    )


def _chosen(answers: Sequence[tuple[str, str, str]]) -> dict[str, str | None]:
    return {
        name.casefold(): _target(choice == "ignored", "" if choice == "new" else choice, new.strip() or name)
        for name, choice, new in answers
    }


def _target(ignored: bool, id_: object, new: str) -> str | None:
    return None if ignored else _id(id_, new)


def _id(id_: object, new: str) -> str:
    return str(id_) if id_ else f"{NEW}{new.casefold()}"


def _places(connection: Connection, chosen: list[dict[str, Any]]) -> Mapping[int, Place]:
    names = {str(row.custom_field_id): row for row in RemoteField.objects.filter(connection=connection)}
    found = {}
    for one in chosen:
        if one["kind"] == "standard":
            found[one["position"]] = fields.STANDARD[one["target"]]
        elif one["kind"] == "custom" and one["target"] in names:
            row = names[one["target"]]
            column = fields.custom_column(row.name)
            found[one["position"]] = Place(
                column, row.label, row.type, fields.CUSTOM_LONGEST, tuple(row.choices)
            )
        elif one["kind"] == "new":
            column = fields.custom_column(one["label"].lower())
            found[one["position"]] = Place(column, one["label"], one["type"], fields.CUSTOM_LONGEST)
    return found
