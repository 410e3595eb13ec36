"""Sending an e-mail campaign's activity: schedules, test sends, previews, history, resends, A/B tests."""

from . import errors, resources
from .call import Call
from .campaigns import content_of, find_activity
from .checks import is_email
from .clock import DAY, MINUTE, parse_time
from .messages import Json, Response, json_response
from .routes import route
from .shapes_campaigns import CAMPAIGNS

_PATH = "/emails/activities/{campaign_activity_id}"
_WAITS = (6, 12, 24, 48)


def _save(call: Call, activity_id: str, status: str | None = None, **changes: object) -> None:
    key, campaign_id, campaign, written = find_activity(call, activity_id)
    saves: list[tuple[str, str, Json | None]] = [("campaign activities", key, {**written, **changes})]
    if status is not None:
        saves.append(("campaigns", campaign_id, {**campaign, "status": status, "updated": call.now}))
    resources.save(call, *saves)


def _schedules(call: Call, written: Json) -> list[Json]:
    at = written.get("scheduled")
    return [] if at is None else [{"scheduled_date": call.time(at)}]


@route("GET", f"{_PATH}/schedules", scope="campaign_data", privilege="campaign:read")
def get_schedules(call: Call, activity_id: str) -> Response:
    """When the activity is to go out: a bare array, empty when it is not scheduled."""
    return json_response(200, _schedules(call, find_activity(call, activity_id)[3]))


@route("POST", f"{_PATH}/schedules", scope="campaign_data", privilege="campaign:send")
def post_schedule(call: Call, activity_id: str) -> Response:
    """Schedules the activity; the date 0 means now."""
    written = find_activity(call, activity_id)[3]
    text = call.body(CAMPAIGNS.record("EmailScheduleInput"))["scheduled_date"]
    at = call.now if text == "0" else parse_time(text)
    if at is None:
        raise errors.invalid("scheduled_date is not a valid ISO-8601 date")
    _save(call, activity_id, "Scheduled", scheduled=at)
    return json_response(201, _schedules(call, {**written, "scheduled": at}))


@route("DELETE", f"{_PATH}/schedules", scope="campaign_data", privilege="campaign:send")
def delete_schedule(call: Call, activity_id: str) -> Response:
    """Takes the schedule back."""
    if find_activity(call, activity_id)[3].get("scheduled") is None:
        raise errors.not_found("Schedule")
    _save(call, activity_id, "Draft", scheduled=None)
    return Response(204)


@route("POST", f"{_PATH}/tests", scope="campaign_data", privilege="campaign:send")
def post_test(call: Call, activity_id: str) -> Response:
    """Sends a test to up to five addresses; nothing is kept of it."""
    find_activity(call, activity_id)
    addresses = call.body(CAMPAIGNS.record("EmailTestSendInput"))["email_addresses"]
    if not addresses or not all(is_email(address) for address in addresses):
        raise errors.invalid("email_addresses does not have a valid value")
    return Response(204)


@route("GET", f"{_PATH}/previews", scope="campaign_data", privilege="campaign:read")
def get_preview(call: Call, activity_id: str) -> Response:
    """The activity as its readers would see it."""
    whole = content_of(call, activity_id)
    kept = ("campaign_activity_id", "from_email", "from_name", "preheader", "reply_to_email", "subject")
    shown = {name: whole[name] for name in kept}
    shown["preview_html_content"] = whole["html_content"]
    shown["preview_text_content"] = whole["document_properties"]["text_content"]
    return json_response(200, shown)


@route("GET", f"{_PATH}/send_history", scope="campaign_data", privilege="campaign:read")
def get_history(call: Call, activity_id: str) -> Response:
    """The sends so far: a bare array, one send for a campaign that is done."""
    key, _, campaign, _ = find_activity(call, activity_id)
    lists = [item.list_id for item in call.account.living_lists()][:1]
    if campaign["status"] != "Done" or campaign["activities"][0] != key:
        return json_response(200, [])
    send = {
        "send_id": 1,
        "contact_list_ids": lists,
        "segment_ids": [],
        "count": sum(len(call.account.members.get(item, ())) for item in lists),
        "run_date": call.time(campaign["updated"]),
        "send_status": "COMPLETED",
        "reason_code": 0,
    }
    return json_response(200, [send])


@route("GET", f"{_PATH}/non_opener_resends", scope="campaign_data", privilege="campaign:read")
def get_resends(call: Call, activity_id: str) -> Response:
    """The resend to those who did not open: a bare array."""
    resend = find_activity(call, activity_id)[3].get("resend")
    return json_response(200, [] if resend is None else [{**_resend(call, resend), "resend_status": "DRAFT"}])


def _resend(call: Call, kept: Json) -> Json:
    return {**kept, "resend_date": call.time(kept["resend_date"])}


@route("POST", f"{_PATH}/non_opener_resends", scope="campaign_data", privilege="campaign:send")
def post_resend(call: Call, activity_id: str) -> Response:
    """Orders a resend after days or minutes; an activity has one."""
    written = find_activity(call, activity_id)[3]
    body = call.body(CAMPAIGNS.record("ResendToNonOpenersInput"))
    days, minutes = body.get("delay_days"), body.get("delay_minutes")
    if (days is None) == (minutes is None):
        raise errors.invalid("either delay_days or delay_minutes is required")
    if (days is not None and not 1 <= days <= 30) or (minutes is not None and not 5 <= minutes <= 259_200):
        raise errors.invalid("the delay is out of range")
    if written.get("resend") is not None:
        raise errors.conflict("A resend for this campaign activity already exists.")
    delay = (days or 0) * DAY + (minutes or 0) * MINUTE
    kept = {
        "resend_subject": body["resend_subject"],
        "delay_days": delay // DAY,
        "delay_minutes": delay // MINUTE,
        "resend_date": call.now + delay,
        "resend_request_id": call.new_id("resend"),
    }
    _save(call, activity_id, resend=kept)
    return json_response(201, _resend(call, kept))


@route(
    "DELETE",
    f"{_PATH}/non_opener_resends/{{resend_request_id}}",
    scope="campaign_data",
    privilege="campaign:send",
)
def delete_resend(call: Call, activity_id: str, resend_id: str) -> Response:
    """Takes the resend back."""
    resend = find_activity(call, activity_id)[3].get("resend")
    if resend is None or resend["resend_request_id"] != resend_id.lower():
        raise errors.not_found("Resend")
    _save(call, activity_id, resend=None)
    return Response(204)


@route("GET", f"{_PATH}/abtest", scope="campaign_data", privilege="campaign:read")
def get_ab_test(call: Call, activity_id: str) -> Response:
    """The test of two subjects."""
    test = find_activity(call, activity_id)[3].get("abtest")
    if test is None:
        raise errors.not_found("AB test")
    return json_response(200, test)


@route("POST", f"{_PATH}/abtest", scope="campaign_data", privilege="campaign:write")
def post_ab_test(call: Call, activity_id: str) -> Response:
    """Sets up a test of two subjects; an activity has one."""
    written = find_activity(call, activity_id)[3]
    body = call.body(CAMPAIGNS.record("ABTestData"))
    if not 5 <= body["test_size"] <= 50 or body["winner_wait_duration"] not in _WAITS:
        raise errors.invalid("test_size or winner_wait_duration does not have a valid value")
    if written.get("abtest") is not None:
        raise errors.conflict("An AB test for this campaign activity already exists.")
    test = CAMPAIGNS.writable("ABTestData", body)
    _save(call, activity_id, abtest=test)
    return json_response(201, test)


@route("DELETE", f"{_PATH}/abtest", scope="campaign_data", privilege="campaign:write")
def delete_ab_test(call: Call, activity_id: str) -> Response:
    """Takes the test away."""
    if find_activity(call, activity_id)[3].get("abtest") is None:
        raise errors.not_found("AB test")
    _save(call, activity_id, abtest=None)
    return Response(204)
