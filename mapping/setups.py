"""The set-up of one account as `promotion` compares it, and taking another's over. Inside the account's scope.

Promises: a set-up is read by one query, its account's catalog by another; taking it over keeps exactly what the
difference shows, makes nothing at the provider, and leaves alone whatever the difference does not name.
"""

from typing import Any

from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce

from connections.models import Connection
from mapping import editing, promotion
from mapping.editing import FieldChoice, ListChoice
from mapping.models import AppField, ListMapping, RemoteField, RemoteList
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
    fields, lists = [], []
    for what, _, name, kind, target, label, type_ in _settings(connection):
        if what == "field":
            fields.append(FieldSetting(name, kind, target, label, type_))
        else:
            lists.append(ListSetting(name, kind, target, label))
    custom, there = [], []
    for what, pk, label, type_ in _catalog(connection) if with_catalog else []:
        if what == "field":
            custom.append(CustomField(str(pk), label, type_))
        else:
            there.append(AccountList(str(pk), label))
    return SetUp(tuple(fields), tuple(lists), tuple(custom), tuple(there))


def _settings(connection: Connection) -> QuerySet[Any, Any]:
    """Rows of (what, position, name, kind, target, label, type): app fields in their order, then app lists."""
    text_id = Cast("custom_field_id", CharField())
    filled = RemoteField.objects.annotate(text_id=text_id).filter(
        connection=OuterRef("connection"), text_id=OuterRef("mapping__target")
    )
    fields = AppField.objects.filter(connection=connection).order_by()
    named = RemoteList.objects.filter(connection=OuterRef("connection"), list_id=OuterRef("list_id"))
    lists = ListMapping.objects.filter(connection=connection).order_by()
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
            lists.annotate(
                way=Case(
                    When(ignored=True, then=Value("ignored")),
                    When(list_id=None, then=Value("new")),
                    default=Value("there"),
                )
            ).values_list(
                Value("list"),
                Value(0),
                "app_list",
                "way",
                Coalesce(Cast("list_id", CharField()), NOTHING),
                _else("way", "new_name", Subquery(named.values("name")[:1])),
                NOTHING,
            ),
            all=True,
        )
        .order_by("position", "name")
    )


def _else(kind: str, new: str, found: Subquery) -> Coalesce:
    """A label or type: of what is to be made, else of what is there under the id; empty where it is gone."""
    return Coalesce(
        Case(When(**{kind: "new"}, then=F(new)), default=found), NOTHING, output_field=CharField()
    )


def _catalog(connection: Connection) -> QuerySet[Any, Any]:
    """Rows of (what, id, label, type): the account's custom fields and lists as last read."""
    custom = RemoteField.objects.filter(connection=connection).order_by()
    lists = RemoteList.objects.filter(connection=connection).order_by()
    return (
        custom.values_list(Value("field"), "custom_field_id", "label", "type")
        .union(lists.values_list(Value("list"), "list_id", "name", NOTHING), all=True)
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
    lists = [one.after for one in found.lists if one.verdict in {ADDED, CHANGED}]
    editing.save_lists(
        connection,
        [ListChoice(one.name, one.target if one.kind == "there" else one.kind, one.label) for one in lists],
    )


def _choice(one: FieldSetting) -> str:
    return f"{one.kind}:{one.target}" if one.target else one.kind


def differ(test: SetUp, live: SetUp) -> Difference:
    """`promotion.difference` with the limits of this app."""
    return promotion.difference(test, live, most_fields=editing.MOST_FIELDS)
