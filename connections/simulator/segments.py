"""Segments: saved criteria, and the contacts that meet them.

Criteria are JSON in a string. Of the published sources, list memberships, tags and contact properties are
evaluated; a criterion on tracking, of which nobody here has a history, lets every mailable contact through.
"""

import json
from collections.abc import Callable

from . import errors, paging
from .call import Call
from .catalog import mailable
from .checks import Record, Text
from .messages import Json, Response, json_response
from .records import Contact
from .resources import Seeds, save
from .routes import route
from .seed_people import BEGINNING
from .store import Account

Test = Callable[[Contact], bool]
_DATA = Record(
    {"name": Text(255, 1), "segment_criteria": Text(20_000, 1)}, required=("name", "segment_criteria")
)
_NAME = Record({"name": Text(255, 1)}, required=("name",))
_PROPERTIES = ("first_name", "last_name", "job_title", "company_name", "address")
_MOST_DEPTH = 20


def _seeds(account: Account) -> Seeds:
    first = next(iter(account.lists), "")
    groups = (
        ("On the first list", [{"source": "list_membership", "op": "in", "const_value": [first]}]),
        ("Opened lately", [{"source": "tracking", "field": "opened", "op": "contains-any", "param": "5"}]),
    )
    return {
        str(number): {
            "name": name,
            "criteria": json.dumps({"version": "1.0.0", "criteria": {"type": "and", "group": group}}),
            "created": BEGINNING,
            "edited": BEGINNING,
            "deleted": False,
        }
        for number, (name, group) in enumerate(groups, start=1)
    }


def segments_of(account: Account) -> Seeds:
    """Every segment by its number as text, deleted ones too."""
    written = account.shelves.get("segments", {})
    return {**_seeds(account), **{key: value for key, value in written.items() if value is not None}}


def living(account: Account, number: int | str) -> Json | None:
    """The segment with this number, unless it is deleted."""
    segment = segments_of(account).get(str(number))
    return None if segment is None or segment["deleted"] else segment


def test_for(segment: Json) -> Test:
    """Whether a contact meets a segment's criteria."""
    criteria = json.loads(segment["criteria"])["criteria"]
    return lambda contact: mailable(contact) and _meets(criteria, contact)


def _meets(part: object, contact: Contact) -> bool:
    if not isinstance(part, dict):
        return True
    group = part.get("group")
    if isinstance(group, list) and group:
        results = (_meets(item, contact) for item in group)
        return any(results) if part.get("type") == "or" else all(results)
    wanted = part.get("const_value")
    values = [str(item).lower() for item in (wanted if isinstance(wanted, list) else [wanted])]
    if part.get("source") == "list_membership":
        return not set(values).isdisjoint(contact.lists)
    if part.get("source") == "tags":
        return not set(values).isdisjoint(contact.tags)
    if part.get("source") in ("contact", "contacts") and part.get("field") in _PROPERTIES:
        text = (getattr(contact, str(part["field"])) or "").lower()
        within = part.get("op") in ("contains", "contains-any")
        return any(value in text if within else value == text for value in values)
    return True


def _show(call: Call, number: str, segment: Json, *, whole: bool = True) -> Json:
    shown: Json = {
        "segment_id": int(number),
        "name": segment["name"],
        "created_at": call.time(segment["created"]),
        "edited_at": call.time(segment["edited"]),
    }
    return {**shown, "segment_criteria": segment["criteria"]} if whole else shown


def _find(call: Call, segment_id: str, *, alive: bool = True) -> tuple[str, Json]:
    if not (segment_id.isascii() and segment_id.isdigit() and len(segment_id) < 11):
        raise errors.bad_id("segment_id", call.store.switches.number("malformed_id"))
    number = str(int(segment_id))
    segment = segments_of(call.account).get(number)
    if segment is None or (alive and segment["deleted"]):
        raise errors.not_found("Segment")
    return number, segment


def _check_name(call: Call, name: str, but: str | None = None) -> None:
    for number, segment in segments_of(call.account).items():
        if segment["name"].lower() == name.lower() and number != but and not segment["deleted"]:
            raise errors.conflict(f"A segment with the name {name} already exists.")


def _check_criteria(text: str) -> None:
    try:
        value = json.loads(text)
        criteria = value["criteria"]
        right = criteria["type"] == "and" and isinstance(criteria["group"], list) and bool(criteria["group"])
    except (ValueError, RecursionError, LookupError, TypeError):
        right = False
    if not right or _depth(text) > _MOST_DEPTH:
        raise errors.invalid("segment_criteria does not have a valid value")


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in text:
        depth += (sign in "{[") - (sign in "}]")
        deepest = max(deepest, depth)
    return deepest


@route("GET", "/segments", privilege="contacts:lists:read")
def get_segments(call: Call) -> Response:
    """A page of segments; on the last one the next link is there and leads to null."""
    asked = call.parameters("limit", "sort_by", "cursor")
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=1000, default=1000)
    by = asked.get("sort_by", "date")
    if by not in ("name", "date"):
        raise errors.invalid("sort_by does not have a valid value")
    found = [item for item in segments_of(call.account).items() if not item[1]["deleted"]]
    found.sort(key=lambda item: item[1]["name"].lower() if by == "name" else -item[1]["edited"])
    page = found[position : position + limit]
    following = position + limit if position + limit < len(found) else None
    body: Json = {"segments": [_show(call, number, segment, whole=False) for number, segment in page]}
    body.update(paging.links("/segments", asked, following, "absent") or {"_links": {"next": {"href": None}}})
    return json_response(200, body)


@route("POST", "/segments", privilege="contacts:lists:write")
def post_segment(call: Call) -> Response:
    """Creates a segment."""
    body = call.body(_DATA)
    _check_criteria(body["segment_criteria"])
    _check_name(call, body["name"])
    number = str(max(map(int, segments_of(call.account))) + 1)
    segment: Json = {"name": body["name"], "criteria": body["segment_criteria"], "deleted": False}
    segment.update(created=call.now, edited=call.now)
    save(call, ("segments", number, segment))
    return json_response(201, _show(call, number, segment))


@route("GET", "/segments/{segment_id}", privilege="contacts:lists:read")
def get_segment(call: Call, segment_id: str) -> Response:
    """One segment with its criteria, also when it is deleted."""
    return json_response(200, _show(call, *_find(call, segment_id, alive=False)))


def _change(call: Call, number: str, segment: Json, **changes: object) -> Json:
    segment = {**segment, **changes, "edited": call.now}
    save(call, ("segments", number, segment))
    call.account.asked_segments.discard(number)
    return _show(call, number, segment)


@route("PUT", "/segments/{segment_id}", privilege="contacts:lists:write")
def put_segment(call: Call, segment_id: str) -> Response:
    """Replaces name and criteria."""
    number, segment = _find(call, segment_id)
    body = call.body(_DATA)
    _check_criteria(body["segment_criteria"])
    _check_name(call, body["name"], but=number)
    shown = _change(call, number, segment, name=body["name"], criteria=body["segment_criteria"])
    return json_response(200, shown)


@route("PATCH", "/segments/{segment_id}/name", privilege="contacts:lists:write")
def rename_segment(call: Call, segment_id: str) -> Response:
    """Renames a segment."""
    number, segment = _find(call, segment_id)
    name = call.body(_NAME)["name"]
    _check_name(call, name, but=number)
    return json_response(200, _change(call, number, segment, name=name))


@route("DELETE", "/segments/{segment_id}", privilege="contacts:lists:write")
def delete_segment(call: Call, segment_id: str) -> Response:
    """Deletes a segment; it stays readable by its number."""
    number, segment = _find(call, segment_id)
    _change(call, number, segment, deleted=True)
    return Response(204)


def wanted_by(call: Call, text: str) -> Json:
    """The segment of a filter or a bulk source, or a refusal."""
    return _find(call, text)[1]


def not_ready(call: Call, text: str) -> Response | None:
    """The 202 that stands before a segment's first list of contacts; a repeated call finds it ready."""
    number, _ = _find(call, text)
    if number in call.account.asked_segments or call.switch("segment_first_answer") == 200:
        return None
    call.account.asked_segments.add(number)
    return json_response(202, {"status": "The request is accepted. Repeat it until the contacts are ready."})
