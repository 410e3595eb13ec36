"""Summaries over all campaigns, and reports on what one contact did."""

from . import errors, resources
from .call import Call
from .campaigns import campaigns_of
from .catalog import flag_in
from .clock import DAY, MINUTE, parse_time
from .contacts import find_contact
from .messages import Json, Response, json_response
from .reports import TRACKED, counts_of, opened, page_of, percents_of, report

_FIVE_YEARS = 5 * 366 * DAY
_SHARES = ("click", "open", "did_not_open", "bounce", "unsubscribe")


@report("/reports/summary_reports/email_campaign_summaries")
def get_email_summaries(call: Call) -> Response:
    """The campaigns that were sent, with their unique counts."""
    wish = opened(call.parameters("limit", "cursor"))
    rows: list[Json] = []
    totals: dict[str, int] = {}
    for key, campaign in campaigns_of(call).items():
        counts = counts_of(call, campaign)
        totals = {name: totals.get(name, 0) + number for name, number in counts.items()}
        unique = {name.removeprefix("em_"): number for name, number in counts.items()}
        rows.append(
            {
                "campaign_id": key,
                "campaign_type": "EMAIL",
                "last_sent_date": call.time(campaign["updated"]),
                "unique_counts": {**unique, "abuse": 0},
            }
        )
    path = "/reports/summary_reports/email_campaign_summaries"
    body = page_of(path, "bulk_email_campaign_summaries", rows, wish, 500, 50)
    percents = percents_of(totals)
    return json_response(200, {**body, "aggregate_percents": {name: percents[name] for name in _SHARES}})


@report("/reports/summary_reports/sms_campaign_summaries")
def get_sms_summaries(call: Call) -> Response:
    """Text message campaigns since a day."""
    wish = opened(call.parameters("limit", "cursor", "start_at", "end_at"))
    start, end = _span(wish[0], "start_at", "end_at", call.now, needs_end=False)
    rows: list[Json] = []
    for number in range(3):
        key = resources.seeded_id(call, "sms campaign", number)
        at = call.now - (number + 1) * 7 * DAY
        if start <= at <= end:
            rows.append(
                {
                    "campaign_id": key,
                    "campaign_name": f"Reminder {number + 1}",
                    "campaign_type": "SMS",
                    "last_sent_date": call.time(at),
                    "unique_counts": {"sends": 40, "delivers": 39, "opens": 0, "clicks": 6, "optouts": 1},
                }
            )
    path = "/reports/summary_reports/sms_campaign_summaries"
    body = page_of(path, "bulk_sms_campaign_summaries", rows, wish, 50, 50)
    shares = {"deliver": 97.5, "click": 15.0, "bounce": 2.5, "unsubscribe": 2.5}
    return json_response(200, {**body, "aggregate_percents": shares})


def _span(
    asked: dict[str, str], first: str, last: str, now: int, *, needs_end: bool = True
) -> tuple[int, int]:
    problems = []
    for name in (first, last):
        if name not in asked:
            if name == first or needs_end:
                problems.append(f"{name} is missing")
        elif parse_time(asked[name]) is None:
            problems.append(f"{name} is not a valid ISO-8601 date")
    if problems:
        raise errors.invalid(*problems)
    start, end = parse_time(asked[first]) or 0, parse_time(asked.get(last, "")) or now
    if end < start or end - start > _FIVE_YEARS:
        raise errors.invalid(f"{first} and {last} must span no more than 5 years")
    return start, end


# --- one contact -----------------------------------------------------------------------------------------

_TYPE_PARAMETERS = ("tracking_activities_list", "tracking_activity_type")
_CONTACT = "/reports/contact_reports/{contact_id}"


@report(f"{_CONTACT}/activity_details", scope="contact_data")
def get_details(call: Call, contact_id: str) -> Response:
    """What a contact did, of the types that are asked for."""
    contact = find_contact(call, contact_id)
    asked, position = opened(
        call.parameters("limit", "cursor", "include_campaign_activity_names", "tracking_activities_list")
    )
    values = [value for key, value in call.request.query_pairs() if key in _TYPE_PARAMETERS]
    kinds = resources.plural(values) or resources.plural([asked.get("tracking_activities_list", "")])
    if not kinds:
        raise errors.invalid("tracking_activities_list is missing")
    if any(kind not in TRACKED for kind in kinds):
        raise errors.invalid("tracking_activities_list does not have a valid value")
    named = flag_in({"include_campaign_activity_names": "true", **asked}, "include_campaign_activity_names")
    rows: list[Json] = []
    for campaign in campaigns_of(call).values():
        for number, kind in enumerate(kinds):
            if campaign["status"] != "Done":
                continue
            row = {
                "contact_id": contact.contact_id,
                "campaign_activity_id": campaign["activities"][0],
                "created_time": call.time(campaign["updated"] + number * MINUTE),
                "tracking_activity_type": kind,
            }
            rows.append({**row, "campaign_activity_name": campaign["name"]} if named else row)
    path = f"/reports/contact_reports/{contact.contact_id}/activity_details"
    asked = {**asked, "tracking_activities_list": ",".join(kinds)}
    body = page_of(path, "tracking_activities", rows, (asked, position), 100, 100)
    return json_response(200, body)


@report(f"{_CONTACT}/open_and_click_rates", scope="contact_data")
def get_rates(call: Call, contact_id: str) -> Response:
    """How often a contact opened and clicked in a span of time."""
    contact = find_contact(call, contact_id)
    sent = _sent_within(call)
    body = {"contact_id": contact.contact_id, "included_activities_count": len(sent)}
    rates = {"average_open_rate": 50.0, "average_click_rate": 25.0} if sent else _NO_RATES
    return json_response(200, {**body, **rates})


@report(f"{_CONTACT}/activity_summary", scope="contact_data")
def get_summary(call: Call, contact_id: str) -> Response:
    """What a contact did with each campaign in a span of time."""
    contact = find_contact(call, contact_id)
    wish = opened(call.parameters("limit", "cursor", "start", "end"))
    rows = [
        {
            "campaign_activity_id": campaign["activities"][0],
            "start_on": call.time(campaign["updated"]),
            "em_bounces": 0,
            "em_clicks": 1,
            "em_forwards": 0,
            "em_opens": 2,
            "em_sends": 1,
            "em_unsubscribes": 0,
        }
        for campaign in _sent_within(call)
    ]
    path = f"/reports/contact_reports/{contact.contact_id}/activity_summary"
    body = page_of(path, "campaign_activities", rows, wish, 100, 100)
    return json_response(200, {"contact_id": contact.contact_id, **body})


_NO_RATES = {"average_open_rate": 0.0, "average_click_rate": 0.0}


def _sent_within(call: Call) -> list[Json]:
    """The campaigns that were sent in the span that is asked for."""
    asked, _ = opened(call.parameters("cursor", "start", "end"))
    start, end = _span(asked, "start", "end", call.now)
    return [
        campaign
        for campaign in campaigns_of(call).values()
        if campaign["status"] == "Done" and start <= campaign["updated"] <= end
    ]
