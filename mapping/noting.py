"""What a person changed in a mapping, for the audit: the lines that went and the lines that came."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from connections import audit
from connections.models import Connection
from connections.scoping import Scope
from mapping import fields
from mapping.models import FieldMapping, ListMapping, RemoteField, RemoteList, RemoteTag, TagMapping


@contextmanager
def saving(request: HttpRequest, scope: Scope, connection: Connection) -> Iterator[None]:
    """Around the saving of a mapping, at the end of its transaction; what changed nothing is no event."""
    before = _lines(connection)
    yield
    after = _lines(connection)
    if before == after:
        return
    audit.record(
        "mapping_saved",
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=str(connection),
        old={"fields": [line for line in before if line not in after]},
        new={"fields": [line for line in after if line not in before]},
    )


def _lines(connection: Connection) -> list[str]:
    """The saved mapping, one line a field, a list and a tag."""
    labels = {str(key): name for key, name in _pairs(connection, RemoteField, "custom_field_id", "label")}
    names = {str(key): name for key, name in _pairs(connection, RemoteList, "list_id", "name")}
    chosen = FieldMapping.objects.filter(connection=connection).select_related("app_field")
    tags = {str(key): name for key, name in _pairs(connection, RemoteTag, "tag_id", "name")}
    lists = ListMapping.objects.filter(connection=connection)
    return sorted(
        [f"{row.app_field.name} to {_place(row, labels)}" for row in chosen]
        + [f"list {row.app_list} to {_list(row, names)}" for row in lists]
        + [
            f"tag {row.app_tag} to {_tag(row, tags)}"
            for row in TagMapping.objects.filter(connection=connection)
        ]
    )


def _pairs(
    connection: Connection, model: type[RemoteField] | type[RemoteList] | type[RemoteTag], key: str, name: str
) -> "list[tuple[object, str]]":
    return list(model._default_manager.filter(connection=connection).values_list(key, name))


def _place(row: FieldMapping, labels: dict[str, str]) -> str:
    if row.kind == FieldMapping.Kind.STANDARD and row.target in fields.STANDARD:
        return fields.STANDARD[row.target].label
    if row.kind == FieldMapping.Kind.CUSTOM:
        return labels.get(row.target, "a custom field that is gone")
    return f"new custom field {row.new_label}" if row.new_label else row.get_kind_display().lower()


def _list(row: ListMapping, names: dict[str, str]) -> str:
    if row.ignored:
        return "no list"
    return names.get(str(row.list_id), "a list that is gone") if row.list_id else f"new list {row.new_name}"


def _tag(row: TagMapping, names: dict[str, str]) -> str:
    if row.ignored:
        return "no tag"
    return names.get(str(row.tag_id), "a tag that is gone") if row.tag_id else f"new tag {row.new_name}"
