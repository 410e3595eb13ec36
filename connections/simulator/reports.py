"""Reports on campaigns, landing pages, SMS and single contacts; their numbers follow from the account's people.

Errors of these calls are single objects with keys of their own, not the arrays of the other services.
"""

import json
from collections.abc import Callable
from functools import wraps

from . import errors, paging, resources
from .call import Call, csv_values
from .campaigns import campaigns_of, find_activity
from .checks import is_uuid
from .clock import MINUTE, show_date
from .messages import Json, Response, json_response
from .records import Contact
from .routes import route

_BOUNCES = "BDFSVXZ"
_MOST_ROWS = 40
TRACKED = (
    *("em_sends", "em_opens", "em_clicks", "em_bounces", "em_optouts", "em_forwards"),
    *("p_contact_open", "p_contact_click", "p_contact_add", "p_contact_update"),
)
_BOUNCE_NAMES = (
    *("nonexistent_address", "undeliverable", "mailbox_full", "suspended"),
    *("vacation", "other", "blocked"),
)
Handler = Callable[..., Response]


def report(template: str, *, scope: str = "campaign_data") -> Callable[[Handler], Handler]:
    """Registers a report, whose refusals are single objects with keys of the reporting service."""

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(call: Call, *identifiers: str) -> Response:
            try:
                return handler(call, *identifiers)
            except errors.Refusal as refusal:
                first = json.loads(refusal.response.body)[0]
                first["error_key"] = f"reportingsvc.{first['error_key'].rsplit('.', 1)[-1]}"
                raise errors.Refusal(json_response(refusal.response.status, first)) from None

        return route("GET", template, scope=scope, privilege="ui:campaign:metrics")(answer)

    return register


def opened(asked: dict[str, str]) -> tuple[dict[str, str], int]:
    """What is asked for and where it goes on; a cursor carries both."""
    return paging.read_cursor(asked["cursor"]) if "cursor" in asked else (asked, 0)


def page_of(
    path: str, key: str, rows: list[Json], wish: tuple[dict[str, str], int], most: int, usual: int
) -> Json:
    """One page of rows under their key, with a link to the next or a null."""
    asked, position = wish
    limit = paging.limit_of(asked, most=most, default=usual)
    following = position + limit if position + limit < len(rows) else None
    return {key: rows[position : position + limit], **paging.links(path, asked, following, "null")}


# --- who did what with a campaign ------------------------------------------------------------------------


def _readers(call: Call) -> list[Contact]:
    """The people whom the seeded campaign went to: the first of the account, and those deleted since."""
    with_address = [contact for contact in call.account.contacts[:400] if contact.address is not None]
    gone = [contact for contact in with_address if contact.deleted is not None][:3]
    return (gone + [contact for contact in with_address if contact.deleted is None])[:_MOST_ROWS]


def _row(call: Call, activity_id: str, kind: str, contact: Contact, at: int) -> Json:
    row: Json = {
        "contact_id": contact.contact_id,
        "campaign_activity_id": activity_id,
        "tracking_activity_type": kind,
        "email_address": contact.address,
        "first_name": contact.first_name or "",
        "last_name": contact.last_name or "",
        "created_time": call.time(at),
    }
    if contact.deleted is not None:
        row["deleted_at"] = show_date(contact.deleted)
    return row


_DEVICES = ("computer", "mobile", "tablet")
Extra = Callable[[Call, Contact, int], Json]


def device(call: Call, contact: Contact, number: int) -> Json:
    """What a reader opened the mail on."""
    return {"device_type": _DEVICES[number % 3]}


def _link(call: Call, contact: Contact, number: int) -> Json:
    return {"url_id": str(1000 + number % 2), "link_url": f"https://harborbooks.example/{number % 2}"}


def click(call: Call, contact: Contact, number: int) -> Json:
    """Which link a reader followed, and on what."""
    return {**device(call, contact, number), **_link(call, contact, number)}


def _opt_out(call: Call, contact: Contact, number: int) -> Json:
    return {"opt_out_reason": contact.opt_out_reason or "Too many messages"}


def _bounce(call: Call, contact: Contact, number: int) -> Json:
    return {"bounce_code": _BOUNCES[number % 7], "current_email_address": contact.address}


def _nothing(call: Call, contact: Contact, number: int) -> Json:
    return {}


# Name in the path: the type in a row, every how many-th reader it is about, and the row's further columns.
_TRACKING: dict[str, tuple[str, int, Extra]] = {
    "sends": ("em_sends", 1, _nothing),
    "opens": ("em_opens", 2, device),
    "unique_opens": ("em_opens", 2, device),
    "didnotopens": ("em_didnotopens", 3, _nothing),
    "clicks": ("em_clicks", 3, click),
    "forwards": ("em_forwards", 4, _nothing),
    "optouts": ("em_optouts", 4, _opt_out),
    "bounces": ("em_bounces", 4, _bounce),
}


def rows_of(call: Call, activity_id: str, kind: str, step: int, extra: Extra) -> list[Json]:
    """The tracking rows of an activity: every so many-th reader, with the columns of the kind."""
    _, _, campaign, _ = find_activity(call, activity_id)
    if campaign["status"] != "Done":
        return []
    return [
        {
            **_row(call, activity_id, kind, contact, campaign["updated"] + number * MINUTE),
            **extra(call, contact, number),
        }
        for number, contact in enumerate(_readers(call)[::step])
    ]


def _tracking(name: str) -> None:
    kind, step, extra = _TRACKING[name]
    tail = f"/tracking/{name}"

    @report(f"/reports/email_reports/{{campaign_activity_id}}{tail}")
    def answer(call: Call, activity_id: str) -> Response:
        asked, position = opened(call.parameters("limit", "cursor", "url_id", "bounce_code"))
        rows = rows_of(call, activity_id.lower(), kind, step, extra)
        if name == "clicks" and "url_id" in asked:
            if not asked["url_id"].isdigit():
                raise errors.invalid("url_id must be an integer")
            rows = [row for row in rows if row["url_id"] == asked["url_id"]]
        codes = resources.plural([value for key, value in call.request.query_pairs() if key == "bounce_code"])
        codes = codes or resources.plural([asked.get("bounce_code", "")])
        if name == "bounces" and codes:
            if any(code not in _BOUNCES for code in codes):
                raise errors.invalid("bounce_code does not have a valid value")
            rows = [row for row in rows if row["bounce_code"] in codes]
        if codes:
            asked = {**asked, "bounce_code": ",".join(codes)}
        path = f"/reports/email_reports/{activity_id}{tail}"
        body = page_of(path, "tracking_activities", rows, (asked, position), 500, 500)
        return json_response(200, body)


for _name in _TRACKING:
    _tracking(_name)


# --- numbers ----------------------------------------------------------------------------------------------


def counts_of(call: Call, campaign: Json) -> Json:
    """The whole numbers of one campaign; the same as its tracking rows."""
    readers = len(_readers(call)) if campaign["status"] == "Done" else 0
    counts: Json = {kind: -(-readers // step) for kind, step, _ in _TRACKING.values()}
    counts["em_not_opened"] = counts.pop("em_didnotopens")
    return counts


def _by_device(name: str, total: int) -> Json:
    parts = {device: len(range(number, total, 3)) for number, device in enumerate(_DEVICES)}
    return {
        name: total,
        **{f"{name}_{device}": part for device, part in {**parts, "other": 0, "none": 0}.items()},
    }


def _stats(counts: Json) -> Json:
    return {
        **counts,
        **_by_device("em_clicks_all", counts["em_clicks"]),
        **_by_device("em_opens_all", counts["em_opens"]),
    }


def percents_of(counts: Json) -> Json:
    """The shares of a campaign's numbers, in per cent of what was sent."""

    def share(number: int) -> float:
        return round(100 * number / counts["em_sends"], 2) if counts["em_sends"] else 0.0

    return {
        "bounce": share(counts["em_bounces"]),
        "click": share(counts["em_clicks"]),
        "did_not_open": share(counts["em_not_opened"]),
        "open": share(counts["em_opens"]),
        "unsubscribe": share(counts["em_optouts"]),
        "desktop_click": share(_by_device("x", counts["em_clicks"])["x_computer"]),
        "mobile_click": share(_by_device("x", counts["em_clicks"])["x_mobile"]),
        "desktop_open": share(_by_device("x", counts["em_opens"])["x_computer"]),
        "mobile_open": share(_by_device("x", counts["em_opens"])["x_mobile"]),
    }


def _asked_ids(name: str, text: str, most: int) -> list[str]:
    wanted = csv_values(text)
    if not wanted or len(wanted) > most:
        raise errors.invalid(f"{name} must have between 1 and {most} values")
    if not all(is_uuid(item) for item in wanted):
        raise errors.service(404, f"not_found.invalid_path_param.{name}", f"{name} is in an invalid format.")
    return [item.lower() for item in wanted]


def _unknown(item: str) -> Json:
    return {"error_key": "reportingsvc.not_found", "error_message": f"No statistics were found for {item}."}


@report("/reports/stats/email_campaigns/{campaign_ids}")
def get_campaign_stats(call: Call, campaign_ids: str) -> Response:
    """Statistics of up to 150 campaigns; unknown ones are listed as errors."""
    known, results, problems = campaigns_of(call), [], []
    for item in _asked_ids("campaign_ids", campaign_ids, 150):
        if item not in known:
            problems.append(_unknown(item))
            continue
        counts = counts_of(call, known[item])
        result = {"campaign_id": item, "stats": _stats(counts), "percents": percents_of(counts)}
        results.append({**result, "last_refresh_time": call.time(call.now)})
    return json_response(200, {"results": results, "errors": problems})


@report("/reports/stats/email_campaign_activities/{campaign_activity_ids}")
def get_activity_stats(call: Call, activity_ids: str) -> Response:
    """Statistics of up to ten campaign activities."""
    known = {key: item for item in campaigns_of(call).items() for key in item[1]["activities"]}
    results, problems = [], []
    for item in _asked_ids("campaign_activity_ids", activity_ids, 10):
        if item not in known:
            problems.append(_unknown(item))
            continue
        campaign_id, campaign = known[item]
        stats = _stats(counts_of(call, campaign))
        bounces = [row["bounce_code"] for row in rows_of(call, item, "em_bounces", 4, _bounce)]
        for name, code in zip(_BOUNCE_NAMES, _BOUNCES, strict=True):
            stats[f"em_bounces_{name}"] = bounces.count(code)
        result = {"campaign_id": campaign_id, "campaign_activity_id": item}
        stats["em_abuse"] = 0
        results.append({**result, "stats": stats, "last_refresh_time": call.time(call.now)})
    return json_response(200, {"results": results, "errors": problems})
