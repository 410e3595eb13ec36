"""E-mail campaigns and their activities: listing, creating, renaming, removing, writing, scheduling."""

from . import errors, paging, resources
from .call import Call, csv_values
from .clock import DAY, parse_time
from .messages import Json, Response, json_response
from .resources import Seeds
from .routes import route
from .seed_people import BEGINNING
from .shapes_campaigns import CAMPAIGNS

_SEEDED = (("Spring readings", "Done"), ("Author evening", "Done"), ("Summer signings", "Draft"))
_INCLUDES = ("physical_address_in_footer", "permalink_url", "html_content", "document_properties")
_ROLES = ("primary_email", "permalink")
_V2_START = 1_100_000_000_000


def campaigns_of(call: Call) -> Seeds:
    """The account's campaigns as they are kept: with times as numbers, removed ones too."""
    seeds: Seeds = {}
    for number, (name, status) in enumerate(_SEEDED):
        at = BEGINNING + (number + 1) * 30 * DAY
        seeds[resources.seeded_id(call, "campaign", number)] = {
            "name": name,
            "status": status,
            "created": at,
            "updated": at,
            "activities": [resources.seeded_id(call, f"campaign {role}", number) for role in _ROLES],
        }
    return resources.all_of(call, "campaigns", seeds)


def _show(call: Call, campaign_id: str, campaign: Json, *, activities: bool = True) -> Json:
    shown: Json = {
        "campaign_id": campaign_id,
        "created_at": call.time(campaign["created"]),
        "updated_at": call.time(campaign["updated"]),
        "current_status": campaign["status"],
        "name": campaign["name"],
        "type": "NEWSLETTER",
        "type_code": 10,
    }
    if activities:
        shown["campaign_activities"] = [
            {"campaign_activity_id": item, "role": role, "document_id": _document(item)}
            for item, role in zip(campaign["activities"], _ROLES, strict=True)
        ]
    return shown


def _document(activity_id: str) -> str:
    return f"{activity_id[:8]}-d0c0-4000-8000-{activity_id[-12:]}"


@route("GET", "/emails", scope="campaign_data", privilege="campaign:read")
def get_campaigns(call: Call) -> Response:
    """A page of campaigns, removed ones too, by the time of their last change."""
    asked = call.parameters("limit", "before_date", "after_date", "cursor")
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=500)
    bounds = {name: parse_time(asked[name]) for name in ("before_date", "after_date") if name in asked}
    wrong = [f"{name} is not a valid ISO-8601 date" for name, at in bounds.items() if at is None]
    if wrong:
        raise errors.invalid(*wrong)
    after, before = bounds.get("after_date") or -(2**62), bounds.get("before_date") or 2**62
    found = [item for item in campaigns_of(call).items() if after <= item[1]["updated"] <= before]
    page = found[position : position + limit]
    body: Json = {"campaigns": [_show(call, key, item, activities=False) for key, item in page]}
    following = position + limit if position + limit < len(found) else None
    body.update(paging.links("/emails", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def _check_name(call: Call, name: str, but: str | None = None) -> None:
    for key, item in campaigns_of(call).items():
        if item["name"].lower() == name.lower() and key != but:
            raise errors.conflict(f"A campaign with the name {name} already exists.")


def _find(call: Call, campaign_id: str) -> tuple[str, Json]:
    key = call.require_id("campaign_id", campaign_id)
    campaign = campaigns_of(call).get(key)
    if campaign is None:
        raise errors.not_found("Campaign")
    return key, campaign


@route("POST", "/emails", scope="campaign_data", privilege="campaign:write")
def post_campaign(call: Call) -> Response:
    """Creates a campaign with its two activities; the published status is 200."""
    body = call.body(CAMPAIGNS.record("EmailCampaignComplete"))
    if len(body["email_campaign_activities"]) != 1:
        raise errors.invalid("email_campaign_activities must have exactly one item")
    _check_name(call, body["name"])
    campaign_id = call.new_id("campaign")
    campaign: Json = {
        "name": body["name"],
        "status": "Draft",
        "created": call.now,
        "updated": call.now,
        "activities": [call.new_id("campaign activity", number) for number in range(len(_ROLES))],
    }
    written = CAMPAIGNS.writable("EmailCampaignActivityInput", body["email_campaign_activities"][0])
    resources.save(
        call,
        ("campaigns", campaign_id, campaign),
        ("campaign activities", campaign["activities"][0], {"written": written}),
    )
    return json_response(200, _show(call, campaign_id, campaign))


@route("GET", "/emails/campaign_id_xrefs", scope="campaign_data", privilege="campaign:read")
def get_campaign_xrefs(call: Call) -> Response:
    """The ids of campaigns that came over from the second version of the API: those that were seeded."""
    wanted = csv_values(call.parameters("v2_email_campaign_ids").get("v2_email_campaign_ids", ""))
    if not 1 <= len(wanted) <= 50:
        raise errors.invalid("v2_email_campaign_ids must have between 1 and 50 values")
    known = {
        str(_V2_START + number): resources.seeded_id(call, "campaign", number)
        for number in range(len(_SEEDED))
    }
    xrefs = [
        {
            "v2_email_campaign_id": item,
            "campaign_id": known[item],
            "campaign_activity_id": campaigns_of(call)[known[item]]["activities"][0],
        }
        for item in wanted
        if item in known
    ]
    return json_response(200, {"xrefs": xrefs})


@route("GET", "/emails/{campaign_id}", scope="campaign_data", privilege="campaign:read")
def get_campaign(call: Call, campaign_id: str) -> Response:
    """One campaign with its activities."""
    return json_response(200, _show(call, *_find(call, campaign_id)))


@route("PATCH", "/emails/{campaign_id}", scope="campaign_data", privilege="campaign:write")
def rename_campaign(call: Call, campaign_id: str) -> Response:
    """Renames a campaign."""
    key, campaign = _find(call, campaign_id)
    name = call.body(CAMPAIGNS.record("EmailCampaignName"))["name"]
    _check_name(call, name, but=key)
    campaign = {**campaign, "name": name, "updated": call.now}
    resources.save(call, ("campaigns", key, campaign))
    return json_response(200, _show(call, key, campaign))


@route("DELETE", "/emails/{campaign_id}", scope="campaign_data", privilege="campaign:delete")
def remove_campaign(call: Call, campaign_id: str) -> Response:
    """Removes a campaign; it stays in the collection with the status Removed."""
    key, campaign = _find(call, campaign_id)
    resources.save(call, ("campaigns", key, {**campaign, "status": "Removed", "updated": call.now}))
    return Response(204)


# --- activities ---------------------------------------------------------------------------------------


def find_activity(call: Call, activity_id: str) -> tuple[str, str, Json, Json]:
    """The ids, the campaign and what was written of one of its activities."""
    key = call.require_id("campaign_activity_id", activity_id)
    for campaign_id, campaign in campaigns_of(call).items():
        if key in campaign["activities"]:
            written = resources.all_of(call, "campaign activities", {}).get(key, {})
            return key, campaign_id, campaign, written
    raise errors.not_found("Campaign activity")


def content_of(call: Call, activity_id: str) -> Json:
    """An activity as it goes over the wire, with every part."""
    key, campaign_id, campaign, written = find_activity(call, activity_id)
    base = CAMPAIGNS.plausible("EmailCampaignActivity", call.store.seed, key)
    lists = [item.list_id for item in call.account.living_lists()][:1]
    base.update(
        campaign_activity_id=key,
        campaign_id=campaign_id,
        role=_ROLES[campaign["activities"].index(key)],
        current_status=campaign["status"].upper(),
        format_type=5,
        contact_list_ids=lists,
        segment_ids=[],
        document_id=_document(key),
        html_content=f"<html><body><h1>{campaign['name']}</h1>[[trackingImage]]</body></html>",
    )
    properties = base["document_properties"]
    properties.update({name: "false" for name in properties if name.endswith("_enabled")})
    properties.update(letter_format="HTML", greeting_name_type="N")
    return resources.over(base, written.get("written", {}))


@route("GET", "/emails/activities/{campaign_activity_id}", scope="campaign_data", privilege="campaign:read")
def get_activity(call: Call, activity_id: str) -> Response:
    """One activity; its large parts only when asked for."""
    include = csv_values(call.parameters("include").get("include", ""))
    if any(name not in _INCLUDES for name in include):
        raise errors.invalid("include does not have a valid value")
    shown = content_of(call, activity_id)
    return json_response(
        200, {name: value for name, value in shown.items() if name not in _INCLUDES or name in include}
    )


@route("PUT", "/emails/activities/{campaign_activity_id}", scope="campaign_data", privilege="campaign:write")
def put_activity(call: Call, activity_id: str) -> Response:
    """Replaces what a caller may write of an activity."""
    key, _, _, written = find_activity(call, activity_id)
    body = call.body(CAMPAIGNS.record("EmailCampaignActivity"))
    call.require_lists(body.get("contact_list_ids", []), "contact_list_ids")
    changed = {**written, "written": CAMPAIGNS.writable("EmailCampaignActivity", body)}
    resources.save(call, ("campaign activities", key, changed))
    return json_response(200, content_of(call, key))
