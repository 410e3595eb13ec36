"""Events with their track, and the people who registered for one."""

from . import errors, ids, paging, resources
from .call import Call
from .catalog import flag_in
from .clock import DAY, parse_time, show_time
from .messages import Json, Response, json_response
from .resources import Seeds
from .routes import route
from .seed_people import BEGINNING, FIRST_NAMES, LAST_NAMES
from .shapes_events import EVENTS

_NAMES = ("Author evening", "Signing session", "Poetry slam")
_REGISTRATION_STATES = ("PENDING", "REGISTERED", "CANCELED", "EXPIRED", "IN_PROGRESS", "FAILED")
_PAYMENT_STATES = ("PENDING", "PAID", "REFUNDED", "CANCELLED", "FAILED", "CHARGED_BACK")
_SORTS = (
    "first_name",
    "last_name",
    "email_address",
    "registration_status",
    "payment_status",
    "tickets",
    "total",
)
_VOCABULARIES = {
    "registration_status": _REGISTRATION_STATES,
    "payment_status": _PAYMENT_STATES,
    "sort_by": _SORTS,
    "sort_order": ("ASC", "DESC"),
}
_READ = {"scope": "campaign_data", "privilege": "campaign:read"}
_WRITE = {"scope": "campaign_data", "privilege": "campaign:write"}


def _events(call: Call) -> Seeds:
    """What was written of each event; the rest of it follows from its id."""
    seeds = {resources.seeded_id(call, "event", n): {"name": name} for n, name in enumerate(_NAMES)}
    return resources.all_of(call, "events", seeds)


def _whole(call: Call, event_id: str, written: Json) -> Json:
    base = EVENTS.plausible("EventDto", call.store.seed, event_id)
    number = int(event_id[:2], 16)
    at = BEGINNING + (60 + number) * DAY
    base.update(
        event_id=event_id,
        name=_NAMES[0],
        title=_NAMES[0],
        event_start=show_time(at),
        event_end=show_time(at + DAY // 12),
        status="ACTIVE",
        online_meeting={**base["online_meeting"], "enabled_flag": False},
    )
    base["default_track"]["track_id"] = _track_of(call, event_id)
    return resources.over(base, written)


def _track_of(call: Call, event_id: str) -> str:
    return ids.uuid(call.store.seed, "track", event_id)


def _find(call: Call, event_id: str) -> tuple[str, Json]:
    key = call.require_id("event_id", event_id)
    written = _events(call).get(key)
    if written is None:
        raise errors.not_found("Event")
    return key, written


def _slice(asked: dict[str, str], total: int, most: int) -> tuple[int, int, dict[str, int]]:
    """First row, row after the last, and the positions that the two links lead to."""
    limit = paging.limit_of(asked, most=most)
    start = 0
    for name in ("next", "prev"):
        if asked.get(name):
            start = paging.read_cursor(asked[name])[1]
    end = min(start + limit, total)
    links = {"self": start}
    if end < total:
        links["next"] = end
    if start > 0:
        links["prev"] = max(start - limit, 0)
    return start, end, links


def _page(path: str, asked: dict[str, str], rows: list[Json], most: int) -> Json:
    start, end, positions = _slice(asked, len(rows), most)
    kept = {name: value for name, value in asked.items() if name not in ("next", "prev")}
    cursors = {name: paging.cursor_for(kept, position) for name, position in positions.items()}
    query = {"self": "next", "next": "next", "prev": "prev"}
    body: Json = {"records": rows[start:end], "total_records": len(rows)}
    body.update({f"{name}_cursor": cursor for name, cursor in cursors.items() if name != "self"})
    body["_links"] = {
        name: {"href": f"/v3{path}?" + paging.query_text({query[name]: cursor, **kept})}
        for name, cursor in cursors.items()
    }
    return body


@route("GET", "/events", **_READ)
def get_events(call: Call) -> Response:
    """A page of events; the cursors stand in the body and go forwards and back."""
    names = ("event_status", "search_text", "sort_by", "sort_order", "limit", "prev", "next")
    asked = call.parameters(*names)
    rows = []
    for event_id, written in _events(call).items():
        event = _whole(call, event_id, written)
        row = resources.over(EVENTS.plausible("EventListingDto", call.store.seed, event_id), {})
        row.update({name: event[name] for name in row if name in event})
        row.update(start_time=event["event_start"], end_time=event["event_end"])
        row["time_zone_type"] = event["time_zone"]
        if _matches(asked, row):
            rows.append(row)
    rows.sort(key=lambda row: str(row["start_time"]), reverse=asked.get("sort_order", "").upper() == "DESC")
    return json_response(200, _page("/events", asked, rows, 100))


def _matches(asked: dict[str, str], row: Json) -> bool:
    wanted, text = asked.get("event_status"), asked.get("search_text", "").lower()
    return (not wanted or row["status"] in wanted.upper().split(",")) and text in row["name"].lower()


@route("POST", "/events/default", **_WRITE)
def post_event(call: Call) -> Response:
    """Creates an event with everything preset; name and times come in the query."""
    asked = call.parameters("name", "start_time", "end_time", "placeholder_campaign_id")
    written: Json = {"name": asked.get("name", "Untitled event"), "status": "DRAFT"}
    if len(written["name"]) > 100:
        raise errors.invalid("name exceeds the maximum length of 100 characters")
    written["title"] = written["name"]
    for name, target in (("start_time", "event_start"), ("end_time", "event_end")):
        if name in asked:
            if parse_time(asked[name]) is None:
                raise errors.invalid(f"{name} is not a valid ISO-8601 date")
            written[target] = asked[name]
    event_id = call.new_id("event")
    resources.save(call, ("events", event_id, written))
    return json_response(201, _whole(call, event_id, written))


@route("GET", "/events/{event_id}", **_READ)
def get_event(call: Call, event_id: str) -> Response:
    """One event, whole."""
    flag_in(call.parameters("include"), "include")
    return json_response(200, _whole(call, *_find(call, event_id)))


@route("PATCH", "/events/{event_id}", **_WRITE)
def patch_event(call: Call, event_id: str) -> Response:
    """Changes what is given of an event."""
    key, written = _find(call, event_id)
    body = call.body(EVENTS.record("EventDto"))
    changes = EVENTS.writable("EventDto", body)
    changes.pop("event_id", None)
    resources.save(call, ("events", key, resources.over(written, changes)))
    return Response(204)


@route("POST", "/events/{event_id}/copy", **_WRITE)
def copy_event(call: Call, event_id: str) -> Response:
    """Makes a new event like this one."""
    _, written = _find(call, event_id)
    name = call.body(EVENTS.record("EventCopyRequestDto"))["target_event_name"]
    new = call.new_id("event")
    copy = {**written, "name": name, "title": name, "status": "DRAFT"}
    resources.save(call, ("events", new, copy))
    return json_response(200, _whole(call, new, copy))


# --- registrations ----------------------------------------------------------------------------------------


def _registrations(call: Call, event_id: str, track_id: str | None = None) -> dict[str, Json]:
    """What an event's registrations are, by id: three people, as they were changed since."""
    key, _ = _find(call, event_id)
    if track_id is not None and call.require_id("track_id", track_id) != _track_of(call, key):
        raise errors.not_found("Track")
    changed = resources.all_of(call, "registrations", {})
    found: dict[str, Json] = {}
    for number in range(3):
        registration_id = ids.uuid(call.store.seed, "registration", key, number)
        base = EVENTS.plausible("RegistrantInformationLiteDto", call.store.seed, registration_id)
        base.update(
            registration_id=registration_id,
            track_key=_track_of(call, key),
            first_name=FIRST_NAMES[number],
            last_name=LAST_NAMES[number],
            email_address=f"guest.{number}@example.org",
            tickets=1,
            eligible_checkin_tickets=1,
            checkedIn_tickets=0,
        )
        found[registration_id] = {**base, **changed.get(registration_id, {})}
    return found


def _ticket_of(registration_id: str) -> str:
    return ids.uuid("ticket", registration_id)


_TRACK = "/events/{event_id}/tracks/{track_id}/registrations"


@route("GET", _TRACK, **_READ)
def get_registrations(call: Call, event_id: str, track_id: str) -> Response:
    """A page of registrations."""
    asked = call.parameters(
        *("registration_status", "payment_status", "search_text", "sort_by", "sort_order"),
        *("page_size", "limit", "prev", "next"),
    )
    wrong = [name for name, words in _VOCABULARIES.items() if asked.get(name, words[0]) not in words]
    if wrong:
        raise errors.invalid(*(f"{name} does not have a valid value" for name in wrong))
    rows = [
        row
        for row in _registrations(call, event_id, track_id).values()
        if all(row[name] == asked.get(name, row[name]) for name in ("registration_status", "payment_status"))
        and asked.get("search_text", "").lower() in f"{row['first_name']} {row['last_name']}".lower()
    ]
    by = asked.get("sort_by", "last_name")
    rows.sort(key=lambda row: (row[by], row["registration_id"]), reverse=asked.get("sort_order") == "DESC")
    if "page_size" in asked and "limit" not in asked:
        asked = {**asked, "limit": asked["page_size"]}
    path = _TRACK.replace("{event_id}", event_id).replace("{track_id}", track_id)
    return json_response(200, _page(path, asked, rows, 100))


@route("GET", f"{_TRACK}/{{registration_id}}", **_READ)
def get_registration(call: Call, event_id: str, track_id: str, registration_id: str) -> Response:
    """One registration with its ticket and order."""
    row = _registrations(call, event_id, track_id).get(registration_id.lower())
    if row is None:
        raise errors.not_found("Registration")
    shown = EVENTS.plausible("DetailedRegistrationDto", call.store.seed, row["registration_id"])
    shown.update({name: row[name] for name in shown if name in row and name != "tickets"})
    shown["order_summary"]["payment_status"] = row["payment_status"]
    shown["tickets"][0]["order_ticket_key"] = _ticket_of(row["registration_id"])
    return json_response(200, shown)


def _check_in(call: Call, event_id: str, done: bool) -> Response:
    rows = _registrations(call, event_id)
    tickets = {_ticket_of(key): key for key in rows}
    wanted = call.body(EVENTS.record("OrderTicketKeysRequestDto"))["order_ticket_keys"]
    if not wanted or any(item not in tickets for item in wanted):
        raise errors.not_found("Ticket")
    state = "CHECKED_IN" if done else "NOT_CHECKED_IN"
    changes = {"checkedIn_tickets": int(done), "checkin_status": state}
    _change(call, {tickets[item]: changes for item in wanted})
    return Response(204)


def _change(call: Call, changes: dict[str, Json]) -> None:
    kept = resources.all_of(call, "registrations", {})
    saves = [("registrations", key, {**kept.get(key, {}), **change}) for key, change in changes.items()]
    resources.save(call, *saves)


@route("POST", "/events/{event_id}/check_in/tickets", **_WRITE)
def check_in(call: Call, event_id: str) -> Response:
    """Checks tickets in."""
    return _check_in(call, event_id, True)


@route("POST", "/events/{event_id}/undo_check_in/tickets", **_WRITE)
def undo_check_in(call: Call, event_id: str) -> Response:
    """Takes check-ins back."""
    return _check_in(call, event_id, False)


def _put_state(call: Call, place: tuple[str, str], shape: str, name: str, words: tuple[str, ...]) -> Response:
    rows = _registrations(call, *place)
    body = call.body(EVENTS.record(shape))
    if body[name] not in words:
        raise errors.invalid(f"{name} does not have a valid value")
    known = [item for item in body["registration_ids"] if item in rows]
    unknown = [item for item in body["registration_ids"] if item not in rows]
    if known:
        _change(call, {item: {name: body[name]} for item in known})
    return json_response(207, {"failed_registration_ids": unknown}) if unknown else Response(200)


@route("PUT", _TRACK, **_WRITE)
def put_registrations(call: Call, event_id: str, track_id: str) -> Response:
    """Changes the state of registrations; 207 names the ones that could not be."""
    for name in ("increase_count", "increase_item_count", "return_items_to_inventory"):
        flag_in(call.parameters(name), name)
    shape, name = "RegistrationStatusUpdateRequestDto", "registration_status"
    return _put_state(call, (event_id, track_id), shape, name, _REGISTRATION_STATES)


@route("PUT", f"{_TRACK}/payment_status", **_WRITE)
def put_payments(call: Call, event_id: str, track_id: str) -> Response:
    """Changes the state of payments."""
    shape, name = "PaymentStatusUpdateRequestDto", "payment_status"
    return _put_state(call, (event_id, track_id), shape, name, _PAYMENT_STATES)
