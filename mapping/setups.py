"""The set-up of one account as `promotion` compares it, and taking another's over. Inside the account's scope.

Promises: a set-up is read by one query, its account's catalog by another; taking it over keeps exactly what the
difference shows, makes nothing at the provider, and leaves alone whatever the difference does not name.
"""

from typing import Any

from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce

from connections.models import Connection
from mapping import editing, promotion
from mapping.editing import FieldChoice, ListChoice, TagChoice
from mapping.models import AppField, ListMapping, RemoteField, RemoteList, RemoteTag, TagMapping
from mapping.promotion import (
    ADDED,
    CHANGED,
    AccountList,
    CustomField,
    Difference,
    FieldSetting,
    ListSetting,
    SetUp,
)

NOTHING = Value("", output_field=CharField())


def of(connection: Connection, *, with_catalog: bool) -> SetUp:
    """What is set up for this account; with its catalog where something is to be matched against it."""
    fields = []
    chosen: dict[str, list[ListSetting]] = {"list": [], "tag": []}
    for what, _, name, kind, target, label, type_ in _settings(connection):
        if what == "field":
            fields.append(FieldSetting(name, kind, target, label, type_))
        else:
            chosen[what].append(ListSetting(name, kind, target, label))
    custom = []
    there: dict[str, list[AccountList]] = {"list": [], "tag": []}
    for what, pk, label, type_ in _catalog(connection) if with_catalog else []:
        if what == "field":
            custom.append(CustomField(str(pk), label, type_))
        else:
            there[what].append(AccountList(str(pk), label))
    return SetUp(
        tuple(fields),
        tuple(chosen["list"]),
        tuple(chosen["tag"]),
        tuple(custom),
        tuple(there["list"]),
        tuple(there["tag"]),
    )


def _settings(connection: Connection) -> QuerySet[Any, Any]:
    """Rows of (what, position, name, kind, target, label, type): app fields in their order, app lists and tags."""
    text_id = Cast("custom_field_id", CharField())
    filled = RemoteField.objects.annotate(text_id=text_id).filter(
        connection=OuterRef("connection"), text_id=OuterRef("mapping__target")
    )
    fields = AppField.objects.filter(connection=connection).order_by()
    named = RemoteList.objects.filter(connection=OuterRef("connection"), list_id=OuterRef("list_id"))
    lists = ListMapping.objects.filter(connection=connection).order_by()
    tagged = RemoteTag.objects.filter(connection=OuterRef("connection"), tag_id=OuterRef("tag_id"))
    tags = TagMapping.objects.filter(connection=connection).order_by()
    return (
        fields.values_list(
            Value("field"),
            "position",
            "name",
            Coalesce("mapping__kind", NOTHING),
            Coalesce("mapping__target", NOTHING),
            _else("mapping__kind", "mapping__new_label", Subquery(filled.values("label")[:1])),
            _else("mapping__kind", "mapping__new_type", Subquery(filled.values("type")[:1])),
        )
        .union(
            _chosen(lists, "list", Subquery(named.values("name")[:1])),
            _chosen(tags, "tag", Subquery(tagged.values("name")[:1])),
            all=True,
        )
        .order_by("position", "name")
    )


def _chosen(rows: QuerySet[Any], what: str, label: Subquery) -> QuerySet[Any, Any]:
    """App lists or tags with what they fill."""
    way = Case(
        When(ignored=True, then=Value("ignored")),
        When(**{f"{what}_id": None}, then=Value("new")),
        default=Value("there"),
    )
    target = Coalesce(Cast(f"{what}_id", CharField()), NOTHING)
    filled = _else("way", "new_name", label)
    rows = rows.annotate(way=way)
    return rows.values_list(Value(what), Value(0), f"app_{what}", "way", target, filled, NOTHING)


def _else(kind: str, new: str, found: Subquery) -> Coalesce:
    """A label or type: of what is to be made, else of what is there under the id; empty where it is gone."""
    return Coalesce(
        Case(When(**{kind: "new"}, then=F(new)), default=found), NOTHING, output_field=CharField()
    )


def _catalog(connection: Connection) -> QuerySet[Any, Any]:
    """Rows of (what, id, label, type): the account's custom fields, lists and tags as last read."""
    custom = RemoteField.objects.filter(connection=connection).order_by()
    lists = RemoteList.objects.filter(connection=connection).order_by()
    tags = RemoteTag.objects.filter(connection=connection).order_by()
    return (
        custom.values_list(Value("field"), "custom_field_id", "label", "type")
        .union(
            lists.values_list(Value("list"), "list_id", "name", NOTHING),
            tags.values_list(Value("tag"), "tag_id", "name", NOTHING),
            all=True,
        )
        .order_by("custom_field_id")
    )


def lock(connection: Connection) -> None:
    """Whoever else saves this account's mapping waits until the transaction ends."""
    Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)


def take_over(connection: Connection, found: Difference) -> None:
    """Make the additions and changes of a difference. The account is locked, and the difference is of now."""
    fields = [one.after for one in found.fields if one.verdict in {ADDED, CHANGED}]
    declared = {row.name: row.pk for row in editing.declare(connection, [one.name for one in fields])}
    editing.save_fields(
        connection,
        [
            FieldChoice(declared[one.name], _choice(one), one.label, one.type or "string")
            for one in fields
            if one.kind
        ],
    )
    lists, tags = (
        [one.after for one in some if one.verdict in {ADDED, CHANGED}] for some in (found.lists, found.tags)
    )
    editing.save_lists(connection, [ListChoice(one.name, _target(one), one.label) for one in lists])
    editing.save_tags(connection, [TagChoice(one.name, _target(one), one.label) for one in tags])


def _choice(one: FieldSetting) -> str:
    return f"{one.kind}:{one.target}" if one.target else one.kind


def _target(one: ListSetting) -> str:
    return one.target if one.kind == "there" else one.kind


def differ(test: SetUp, live: SetUp) -> Difference:
    """`promotion.difference` with the limits of this app."""
    return promotion.difference(test, live, most_fields=editing.MOST_FIELDS)
