"""The life of bulk jobs: accepted, waiting, at work, done; driven by the clock alone.

A job's two turning points are fixed when it is accepted. `advance` does the work of every job whose end has
come, as of that end, in order; so the same journal always gives the same state, however seldom anyone asks.
"""

from collections.abc import Callable

from . import errors, paging
from .call import Call
from .clock import DAY, SECOND
from .messages import Json, Response, json_response
from .records import Activity, to_json
from .routes import route
from .store import Account, Store

MOST_QUEUED = 1000
RETENTION = 10 * DAY
STATES = ("processing", "completed", "cancelled", "failed", "timed_out")
MOST_ERRORS = 100
Work = Callable[[Store, Account, Activity], None]
_WORK: dict[str, Work] = {}
_STARTED: dict[str, tuple[str, ...]] = {
    "import": (
        "items_total_count",
        "person_count",
        "error_count",
        "correctable_count",
        "cannot_add_to_list_count",
    ),
    "add_lists": ("items_total_count", "items_completed_count", "list_count"),
    "remove_lists": ("items_total_count", "items_completed_count", "list_count"),
    "contact_delete": ("items_total_count", "items_completed_count", "list_count"),
    "list_delete": ("list_count",),
    "field_delete": (),
}
_PLAIN = ("items_total_count", "items_completed_count")


def work(kind: str) -> Callable[[Work], Work]:
    """Registers what a kind of job does when its end has come."""

    def register(function: Work) -> Work:
        _WORK[kind] = function
        return function

    return register


def advance(store: Store, now: int) -> None:
    """Ends every job whose time has come."""
    while (found := store.due_activity(now)) is not None:
        account, activity = found
        if activity.outcome == "completed":
            _WORK[activity.kind](store, account, activity)
        else:
            activity.errors = (f"The activity ended as {activity.outcome}.",)
        activity.done = True
        activity.order = {}
        account.queued -= 1


def accept(
    call: Call, kind: str, order: Json, *, size: int = 0, status: int = 201, file_name: str | None = None
) -> Response:
    """Takes a job into the queue and answers with it."""
    if call.account.queued >= MOST_QUEUED:
        raise errors.queue_full(named=call.switch("queue_full_key") == "named")
    whole = call.store.activity_seconds * SECOND
    # Per 1,000 rows a thirtieth of the base time: 50 ms at the default speed.
    length = int(whole + whole / 30 * size / 1000)
    activity = Activity(
        call.new_id("activity"),
        kind,
        call.now,
        call.now + length // 3,
        call.now + length,
        order,
        call.outcome,
        file_name,
        counters={"items_total_count": size} if size else {},
    )
    call.commit({"do": "activity.open", "activity": to_json(activity)})
    activity = call.account.activities[activity.activity_id]
    shown = show_activity(call, activity)
    if status == 202 and kind == "list_delete":
        # The one answer of a job that is documented without its counters.
        shown.pop("status")
    headers = [("Location", shown["_links"]["self"]["href"])] if status == 202 else []
    return json_response(status, shown, headers)


def state_of(activity: Activity, now: int) -> str:
    """The state that a caller sees now."""
    if activity.done:
        return activity.outcome
    return "initialized" if now < activity.start_at else "processing"


def show_activity(call: Call, activity: Activity) -> Json:
    """A job as it goes over the wire."""
    state = state_of(activity, call.now)
    shown: Json = {"activity_id": activity.activity_id, "state": state}
    if state != "initialized":
        shown["started_at"] = call.time(activity.start_at)
    if activity.done:
        shown["completed_at"] = call.time(activity.complete_at)
    shown["created_at"] = call.time(activity.created)
    turned = activity.complete_at if activity.done else activity.start_at
    shown["updated_at"] = call.time(activity.created if state == "initialized" else turned)
    if activity.file_name is not None and call.switch("import_file_name") == "echoed":
        shown["source_file_name"] = activity.file_name
    shown["percent_done"] = _percent(activity, state, call.now)
    problems: list[object] = list(activity.errors)
    if activity.kind == "tag_delete" and call.switch("tag_delete_errors") == "objects":
        problems = [{"message": problem} for problem in problems]
    shown["activity_errors"] = problems
    names = _STARTED.get(activity.kind, _PLAIN)
    if names:
        shown["status"] = {name: activity.counters.get(name, 0) for name in names}
    shown["_links"] = {"self": {"href": f"/v3/activities/{activity.activity_id}"}}
    if activity.kind == "export":
        href = f"/v3/{call.switch('export_link')}/{activity.activity_id}"
        shown["_links"]["results"] = {"href": href}
    return shown


def _percent(activity: Activity, state: str, now: int) -> int:
    if activity.done:
        return 100
    length = max(activity.complete_at - activity.start_at, 1)
    return 0 if state == "initialized" else min(99, 100 * (now - activity.start_at) // length)


def add_error(activity: Activity, message: str) -> None:
    """Notes a problem, up to a bound."""
    if len(activity.errors) < MOST_ERRORS:
        activity.errors = (*activity.errors, message)


@route("GET", "/activities", privilege="contacts:write")
def get_activities(call: Call) -> Response:
    """A page of the last ten days' jobs, the newest first."""
    asked = call.parameters("limit", "state", "cursor")
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=500)
    wanted = asked.get("state")
    if wanted is not None and wanted not in STATES:
        raise errors.invalid("state does not have a valid value")
    everything = list(call.account.activities.values())
    # The position counts from the oldest, so that a new job does not shift the pages behind it.
    start = len(everything) - 1 if position == 0 else min(position - 1, len(everything) - 1)
    page: list[Activity] = []
    following = None
    for index in range(start, -1, -1):
        activity = everything[index]
        if call.now - activity.created > RETENTION:
            break
        if wanted is not None and state_of(activity, call.now) != wanted:
            continue
        if len(page) == limit:
            following = index + 1
            break
        page.append(activity)
    body: Json = {"activities": [show_activity(call, activity) for activity in page]}
    body.update(paging.links("/activities", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def find_activity(call: Call, activity_id: str, name: str = "activity_id") -> Activity:
    """A job of the last ten days, or a refusal."""
    activity = call.account.activities.get(call.require_id(name, activity_id))
    kept = activity is not None and (
        call.now - activity.created <= RETENTION or call.switch("activity_after_retention") == "found"
    )
    if activity is None or not kept:
        raise errors.not_found("Activity")
    return activity


@route("GET", "/activities/{activity_id}", privilege="contacts:write")
def get_activity(call: Call, activity_id: str) -> Response:
    """One job."""
    return json_response(200, show_activity(call, find_activity(call, activity_id)))
