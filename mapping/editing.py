"""Saving what corresponds to what, and the suggestions a person starts from.

A choice travels in a form as one word: `ignored`, `lists`, `tags`, `new`, `standard:<column>` or `custom:<id>`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from connections.models import Connection
from mapping import fields
from mapping.models import (
    AppField,
    FieldMapping,
    ListMapping,
    RemoteField,
    RemoteList,
    RemoteTag,
    TagMapping,
)

MOST_FIELDS = 300


@dataclass(frozen=True)
class FieldChoice:
    """What a person chose for one app field."""

    app_field_id: UUID
    choice: str
    label: str = ""
    type: str = "string"


@dataclass(frozen=True)
class ListChoice:
    """What a person chose for one app list: `ignored`, `new` or a list's id."""

    app_list: str
    choice: str
    name: str = ""


@dataclass(frozen=True)
class TagChoice:
    """What a person chose for one app tag: `ignored`, `new` or a tag's id."""

    app_tag: str
    choice: str
    name: str = ""


@dataclass
class Row:
    """One line of the mapping page: the field, what it is set to, and how the cable hangs."""

    app_field: AppField
    choice: str
    label: str
    type: str
    state: str
    samples: list[str] = field(default_factory=list)
    error: str = ""


def declare(connection: Connection, names: Sequence[str]) -> list[AppField]:
    """The app's fields by these names, made where they are new; their order is kept."""
    _one_at_a_time(connection)
    known = {row.name: row for row in AppField.objects.filter(connection=connection)}
    position = max((row.position for row in known.values()), default=-1)
    found = []
    for name in names:
        row = known.get(name[:200])
        if row is None:
            position += 1
            row = AppField.objects.create(
                tenant_id=connection.tenant_id,
                environment_id=connection.environment_id,
                connection=connection,
                name=name[:200],
                position=position,
            )
            known[row.name] = row
        found.append(row)
    return found


def rows(
    connection: Connection,
    app_fields: Sequence[AppField],
    remote: Sequence[RemoteField],
    samples: dict[str, list[str]],
) -> list[Row]:
    """The mapping page's lines: what is saved, else what is suggested."""
    saved = {row.app_field_id: row for row in FieldMapping.objects.filter(connection=connection)}
    alive = {str(row.custom_field_id) for row in remote}
    taken = {f"{row.kind}:{row.target}" for row in saved.values()}
    lines = []
    for app_field in app_fields:
        row = saved.get(app_field.pk)
        line = _saved(app_field, row, alive) if row else _suggested(app_field, remote, taken)
        taken.add(line.choice)
        line.samples = samples.get(app_field.name, [])
        lines.append(line)
    return lines


def _saved(app_field: AppField, row: FieldMapping, alive: set[str]) -> Row:
    if row.kind in {FieldMapping.Kind.STANDARD, FieldMapping.Kind.CUSTOM}:
        gone = row.kind == FieldMapping.Kind.CUSTOM and row.target not in alive
        return Row(app_field, f"{row.kind}:{row.target}", "", "string", "broken" if gone else "set")
    state = "none" if row.kind == FieldMapping.Kind.IGNORED else "set"
    return Row(app_field, row.kind, row.new_label, row.new_type or "string", state)


def _suggested(app_field: AppField, remote: Sequence[RemoteField], taken: set[str]) -> Row:
    label = app_field.name[: fields.LABEL_LONGEST]
    standard = fields.suggested_standard(app_field.name)
    if standard and f"standard:{standard}" not in taken:
        return Row(app_field, f"standard:{standard}", label, "string", "suggested")
    key = fields.normalised(app_field.name)
    for row in remote:
        choice = f"custom:{row.custom_field_id}"
        if key in {fields.normalised(row.label), fields.normalised(row.name)} and choice not in taken:
            return Row(app_field, choice, label, "string", "suggested")
    if fields.names_lists(app_field.name):
        return Row(app_field, "lists", label, "string", "suggested")
    if fields.names_tags(app_field.name):
        return Row(app_field, "tags", label, "string", "suggested")
    return Row(app_field, "ignored", label, "string", "none")


def check_fields(connection: Connection, choices: Sequence[FieldChoice]) -> dict[UUID, str]:
    """What is wrong with these choices, by app field; empty if nothing is."""
    alive = {
        str(pk)
        for pk in RemoteField.objects.filter(connection=connection).values_list("custom_field_id", flat=True)
    }
    labels = {row.label.casefold() for row in RemoteField.objects.filter(connection=connection)}
    problems: dict[UUID, str] = {}
    seen: dict[str, UUID] = {}
    for one in choices:
        kind, _, target = one.choice.partition(":")
        key = f"new:{one.label.strip().casefold()}" if kind == "new" else one.choice
        if kind == "new" and not one.label.strip():
            problems[one.app_field_id] = "Give the new custom field a name."
        elif kind == "new" and len(one.label.strip()) > fields.LABEL_LONGEST:
            problems[one.app_field_id] = (
                f"A custom field's name has at most {fields.LABEL_LONGEST} characters."
            )
        elif kind == "new" and one.label.strip().casefold() in labels:
            problems[one.app_field_id] = (
                "The account has a custom field of this name: choose it from the list."
            )
        elif kind == "new" and one.type not in fields.CUSTOM_TYPES:
            problems[one.app_field_id] = "Choose the kind of the new custom field."
        elif (kind == "custom" and target not in alive) or (
            kind == "standard" and target not in fields.STANDARD
        ):
            problems[one.app_field_id] = "This field is not there any more. Choose another."
        elif kind not in {"custom", "standard", "new", "lists", "tags", "ignored"}:
            problems[one.app_field_id] = "Choose where this field goes."
        elif kind in {"custom", "standard", "new"} and key in seen:
            problems[one.app_field_id] = (
                "Another field already fills this one. Choose another, or leave it out."
            )
        seen.setdefault(key, one.app_field_id)
    return problems


def save_fields(connection: Connection, choices: Sequence[FieldChoice]) -> None:
    """Keep the choices; they have been checked. Fields that are not named keep theirs, unless their place is taken."""
    _one_at_a_time(connection)
    taken = [one.choice.partition(":")[2] for one in choices if ":" in one.choice]
    named = [one.app_field_id for one in choices]
    mappings = FieldMapping.objects.filter(connection=connection)
    mappings.filter(app_field_id__in=named).delete()
    mappings.filter(target__in=taken).delete()
    FieldMapping.objects.bulk_create(
        [
            FieldMapping(
                tenant_id=connection.tenant_id,
                environment_id=connection.environment_id,
                connection=connection,
                app_field_id=one.app_field_id,
                kind=one.choice.partition(":")[0],
                target=one.choice.partition(":")[2],
                new_label=one.label.strip() if one.choice == "new" else "",
                new_type=one.type if one.choice == "new" else "",
            )
            for one in choices
        ]
    )


def _one_at_a_time(connection: Connection) -> None:
    """Two who save at once come one after the other."""
    Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)


def check_lists(connection: Connection, choices: Sequence[ListChoice]) -> dict[str, str]:
    """What is wrong with these choices, by app list; empty if nothing is."""
    alive = {
        str(pk) for pk in RemoteList.objects.filter(connection=connection).values_list("list_id", flat=True)
    }
    problems = {}
    for one in choices:
        if one.choice == "new" and not one.name.strip():
            problems[one.app_list] = "Give the new list a name."
        elif one.choice == "new" and len(one.name.strip()) > 255:
            problems[one.app_list] = "A list's name has at most 255 characters."
        elif one.choice not in {"new", "ignored"} and one.choice not in alive:
            problems[one.app_list] = "This list is not there any more. Choose another."
    return problems


def save_lists(connection: Connection, choices: Sequence[ListChoice]) -> None:
    """Keep the choices; they have been checked. Names that differ in case alone are one list."""
    known = {row.app_list.casefold(): row for row in ListMapping.objects.filter(connection=connection)}
    for one in choices:
        row = known.get(one.app_list.casefold()) or ListMapping(
            connection=connection, tenant_id=connection.tenant_id, environment_id=connection.environment_id
        )
        row.app_list = one.app_list[:255]
        row.list_id = None if one.choice in {"new", "ignored"} else UUID(one.choice)
        row.new_name = one.name.strip() if one.choice == "new" else ""
        row.ignored = one.choice == "ignored"
        row.save()


def check_tags(connection: Connection, choices: Sequence[TagChoice]) -> dict[str, str]:
    """What is wrong with these choices, by app tag; empty if nothing is."""
    tags = RemoteTag.objects.filter(connection=connection)
    alive = {str(pk) for pk in tags.values_list("tag_id", flat=True)}
    problems = {}
    for one in choices:
        if one.choice == "new" and not one.name.strip():
            problems[one.app_tag] = "Give the new tag a name."
        elif one.choice == "new" and len(one.name.strip()) > 255:
            problems[one.app_tag] = "A tag's name has at most 255 characters."
        elif one.choice not in {"new", "ignored"} and one.choice not in alive:
            problems[one.app_tag] = "This tag is not there any more. Choose another."
    return problems


def save_tags(connection: Connection, choices: Sequence[TagChoice]) -> None:
    """Keep the choices; they have been checked. Names that differ in case alone are one tag."""
    known = {row.app_tag.casefold(): row for row in TagMapping.objects.filter(connection=connection)}
    for one in choices:
        row = known.get(one.app_tag.casefold()) or TagMapping(
            connection=connection, tenant_id=connection.tenant_id, environment_id=connection.environment_id
        )
        row.app_tag = one.app_tag[:255]
        row.tag_id = None if one.choice in {"new", "ignored"} else UUID(one.choice)
        row.new_name = one.name.strip() if one.choice == "new" else ""
        row.ignored = one.choice == "ignored"
        row.save()
