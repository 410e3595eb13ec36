"""Custom fields: the nine types with their choices."""

import re
from dataclasses import replace

from . import errors, paging
from .call import Call
from .checks import Flag, Many, Number, OneOf, Record, Shape, Text
from .field_values import SELECTS
from .messages import Json, Response, json_response
from .records import Contact, CustomField, to_json
from .routes import route
from .store import Account, Store, effect

MOST_FIELDS = 100
TYPES = ("string", "text_area", "number", "currency", "date", "datetime", "boolean", *SELECTS)
_CHOICE: dict[str, Shape] = {"choice_label": Text(255, 1), "display_order": Number(0)}
_METADATA = Record(
    {
        "display_type": OneOf(("dropdown", "checkbox", "radio")),
        "allow_negative": Flag(),
        "decimal_places": Number(0, 4),
        "currency_code": Text(3),
        "integer": Flag(),
        "display_format": Text(50),
    }
)
_POST = Record(
    {
        "label": Text(50, 1),
        "type": OneOf(TYPES),
        "metadata": _METADATA,
        "choices": Many(Record(_CHOICE, required=("choice_label",)), 100),
        "version": Number(1, 2),
    },
    required=("label", "type"),
)
_PUT = Record(
    {
        "label": Text(50, 1),
        "choices": Many(Record({**_CHOICE, "choice_id": Number(1)}, required=("choice_label",)), 100),
    }
)


def show_field(call: Call, item: CustomField) -> Json:
    """A custom field as it goes over the wire."""
    shown: Json = {
        "custom_field_id": item.field_id,
        "label": item.label,
        "name": item.name,
        "type": item.type,
        "version": item.version,
        "created_at": call.time(item.created),
        "updated_at": call.time(item.updated),
    }
    if item.metadata:
        shown["metadata"] = item.metadata
    if item.choices:
        shown["choices"] = [
            {
                **choice,
                "custom_field_id": item.field_id,
                "created_at": call.time(choice["created_at"]),
                "updated_at": call.time(choice["updated_at"]),
            }
            for choice in item.choices
        ]
    return shown


def name_for(label: str, case: str) -> str:
    """The name that the provider derives from a label."""
    name = re.sub(r"\s+", "_", label.strip())[:50]
    return name.lower() if case == "lower" else name


@route("GET", "/contact_custom_fields", privilege="contacts:read")
def get_fields(call: Call) -> Response:
    """A page of custom fields."""
    asked = call.parameters("limit", "cursor")
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=100)
    found = list(call.account.fields.values())
    body: Json = {"custom_fields": [show_field(call, item) for item in found[position : position + limit]]}
    following = position + limit if position + limit < len(found) else None
    body.update(paging.links("/contact_custom_fields", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def _check_label(call: Call, label: str, but: str | None = None) -> None:
    for item in call.account.fields.values():
        if item.label.lower() == label.lower() and item.field_id != but:
            raise errors.conflict(f"A custom field with the label {label} already exists.")


@route("POST", "/contact_custom_fields", privilege="contacts:write")
def post_field(call: Call) -> Response:
    """Creates a custom field."""
    body = call.body(_POST)
    label, kind = body["label"].strip(), body["type"]
    if kind not in ("string", "date") and call.switch("typed_fields") == "refused":
        raise errors.invalid("type does not have a valid value")
    _check_label(call, label)
    if len(call.account.fields) >= MOST_FIELDS:
        raise errors.invalid(f"The account has the maximum of {MOST_FIELDS} custom fields")
    wanted = body.get("choices", [])
    metadata = {name: value for name, value in body.get("metadata", {}).items() if value is not None}
    _check_choices(kind, metadata, wanted)
    item = CustomField(
        call.new_id("field"),
        label,
        _free_name(call.account, name_for(label, str(call.switch("field_name_case")))),
        kind,
        call.now,
        call.now,
        body.get("version", 2),
        metadata,
        _new_choices(wanted, call.now),
    )
    call.commit({"do": "field.save", "field": to_json(item)})
    return json_response(201, show_field(call, item))


def _new_choices(wanted: list[Json], at: int) -> tuple[Json, ...]:
    return tuple(
        {
            "choice_id": number,
            "choice_label": choice["choice_label"].strip(),
            "display_order": number if choice.get("display_order") is None else choice["display_order"],
            "created_at": at,
            "updated_at": at,
        }
        for number, choice in enumerate(wanted, start=1)
    )


def _free_name(account: Account, name: str) -> str:
    """Two labels may give one name (`A b` and `A_b`); the name is a key and must stay unique."""
    taken = {item.name for item in account.fields.values()}
    candidates = [name, *(f"{name[:46]}_{number}" for number in range(2, MOST_FIELDS + 2))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _check_choices(kind: str, metadata: Json, choices: list[Json]) -> None:
    if kind not in SELECTS:
        if choices:
            raise errors.invalid(f"choices are not allowed for the type {kind}")
        return
    if not choices:
        raise errors.invalid("choices is missing")
    display = metadata.get("display_type", "dropdown")
    most = 100 if display == "dropdown" else 20
    if len(choices) > most:
        raise errors.invalid(f"choices exceeds the maximum of {most} items for the display_type {display}")
    labels = [choice["choice_label"].strip().lower() for choice in choices]
    if len(set(labels)) != len(labels):
        raise errors.invalid("choices has a repeated choice_label")


def _field(call: Call, field_id: str) -> CustomField:
    item = call.account.fields.get(call.require_id("custom_field_id", field_id))
    if item is None:
        raise errors.not_found("Custom field")
    return item


@route("GET", "/contact_custom_fields/{custom_field_id}", privilege="contacts:read")
def get_field(call: Call, field_id: str) -> Response:
    """One custom field."""
    return json_response(200, show_field(call, _field(call, field_id)))


@route("PUT", "/contact_custom_fields/{custom_field_id}", privilege="contacts:write")
def put_field(call: Call, field_id: str) -> Response:
    """Replaces label and choices; the name and the type never change."""
    item = _field(call, field_id)
    body = call.body(_PUT)
    if "label" not in body:
        raise errors.invalid("label is missing")
    _check_label(call, body["label"].strip(), but=item.field_id)
    wanted = body.get("choices", [])
    _check_choices(item.type, item.metadata, wanted)
    old = {choice["choice_id"]: choice for choice in item.choices}
    following = max(old, default=0) + 1
    choices = []
    for order, choice in enumerate(wanted, start=1):
        number = choice.get("choice_id")
        if number is not None and number not in old:
            raise errors.invalid(f"choices has an unknown choice_id {number}")
        if number is None:
            number, following = following, following + 1
        choices.append(
            {
                "choice_id": number,
                "choice_label": choice["choice_label"].strip(),
                "display_order": order if choice.get("display_order") is None else choice["display_order"],
                "created_at": old.get(number, {}).get("created_at", call.now),
                "updated_at": call.now,
            }
        )
    item = replace(item, label=body["label"].strip(), choices=tuple(choices), updated=call.now)
    call.commit({"do": "field.save", "field": to_json(item)})
    return json_response(200, show_field(call, item))


@route("DELETE", "/contact_custom_fields/{custom_field_id}", privilege="contacts:write")
def delete_field(call: Call, field_id: str) -> Response:
    """Deletes a custom field at once, with its values."""
    item = _field(call, field_id)
    call.commit({"do": "field.delete", "field": item.field_id})
    return Response(204)


@effect("field.delete")
def _delete_field(store: Store, change: Json, at: int) -> None:
    drop_field(store, store.accounts[change["account"]], change["field"], at)


def drop_field(store: Store, account: Account, field_id: str, at: int) -> None:
    """Takes a custom field and its values out of the account."""
    moved = {"updated": at} if store.switches["fields_move_updated_at"] == "yes" else {}
    account.fields.pop(field_id, None)
    for contact in account.contacts:
        if any(value["custom_field_id"] == field_id for value in contact.custom_fields):
            account.save(without_field(contact, field_id).changed(**moved))


def without_field(contact: Contact, field_id: str) -> Contact:
    """The contact without its value of this field."""
    kept = tuple(value for value in contact.custom_fields if value["custom_field_id"] != field_id)
    return contact.changed(custom_fields=kept)
