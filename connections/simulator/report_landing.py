"""Reports on landing pages, and on the links of a campaign."""

from . import ids
from .call import Call
from .messages import Json, Response, json_response
from .records import Contact
from .reports import Extra, click, device, opened, page_of, report, rows_of


def _sms(call: Call, contact: Contact, number: int) -> Json:
    channel = {"country_code": "US", "state": "MA"}
    channel["formatted_international"] = f"+1 617-555-01{number % 100:02}"
    channel["formatted_national"] = f"(617) 555-01{number % 100:02}"
    return {"sms_channel": channel}


_LANDING: dict[str, tuple[str, Extra]] = {
    "p_unique_contact_clicks": ("p_contact_click", lambda *of: {**click(*of), **_sms(*of)}),
    "p_unique_contact_opens": ("p_contact_open", lambda *of: {**device(*of), **_sms(*of)}),
    "p_contact_opens": ("p_contact_open", lambda *of: {**device(*of), **_sms(*of)}),
    "p_unique_contact_updates": ("p_contact_update", _sms),
    "p_unique_contact_adds": ("p_contact_add", _sms),
    "p_unique_contact_sms_optins": ("p_contact_sms_optin", _sms),
}


def _landing(name: str) -> None:
    kind, extra = _LANDING[name]

    @report(f"/reports/landing_pages/campaign_details/{{campaign_activity_id}}/{name}")
    def answer(call: Call, activity_id: str) -> Response:
        wish = opened(call.parameters("limit", "cursor", "contacts_filter"))
        rows = rows_of(call, activity_id.lower(), kind, 3, extra)
        path = f"/reports/landing_pages/campaign_details/{activity_id}/{name}"
        body = page_of(path, "tracking_activities", rows, wish, 500, 50)
        return json_response(200, body)


for _name in _LANDING:
    _landing(_name)


@report("/reports/email_reports/{campaign_activity_id}/links")
def get_links(call: Call, activity_id: str) -> Response:
    """How often each link was followed."""
    rows = rows_of(call, activity_id.lower(), "em_clicks", 3, click)
    lists = [item.list_id for item in call.account.living_lists()]
    counts = [
        {
            "link_url": f"https://harborbooks.example/{number}",
            "url_id": str(1000 + number),
            "unique_clicks": sum(row["url_id"] == str(1000 + number) for row in rows),
            "list_action": "none",
            "list_id": lists[0] if lists else ids.uuid(call.store.seed, "no list"),
            "link_tag": f"link {number}",
        }
        for number in range(2)
        if rows
    ]
    return json_response(200, {"campaign_activity_id": activity_id.lower(), "link_click_counts": counts})
