"""Social profiles, connections, hashtag groups and posts; and the automations that the API lists."""

from . import errors, paging, resources
from .call import Call
from .clock import parse_time
from .messages import Json, Response, json_response
from .resources import Seeds
from .routes import route
from .shapes_campaigns import AUTOMATIONS, SOCIAL

_NETWORKS = ("facebook", "instagram")
_GROUPS = 7
_READ = {"scope": "campaign_data", "privilege": "campaign:read"}


def _account_info(call: Call, number: int) -> Json:
    info = SOCIAL.plausible("AccountInfoDto", call.account.account_id, number)
    return {**info, "network": _NETWORKS[number]}


@route("GET", "/social/profiles", **_READ)
def get_profiles(call: Call) -> Response:
    """The profiles that posts can go to: a bare array."""
    include = resources.plural([value for key, value in call.request.query_pairs() if key == "include"])
    if any(name != "accessible" for name in include):
        raise errors.invalid("include does not have a valid value")
    profiles = []
    for number, network in enumerate(_NETWORKS):
        profile = SOCIAL.plausible("ProfileDto", call.account.account_id, number)
        profile.update(network=network, connected=True, settings={}, account_info=_account_info(call, number))
        profile["profile_id"] = resources.seeded_id(call, "profile", number)
        if include:
            profile["accessible"] = True
        else:
            profile.pop("accessible")
        profiles.append(profile)
    return json_response(200, profiles)


@route("GET", "/social/connections", **_READ)
def get_connections(call: Call) -> Response:
    """The accounts at social networks that are connected."""
    state = {"error": "", "has_token": True, "is_active_user": True, "rate_limited": False, "status": 200}
    state.update(token_has_scopes=True, token_is_valid=True)
    connections = [
        {"account_info": _account_info(call, number), "connection_status": state}
        for number in range(len(_NETWORKS))
    ]
    return json_response(200, {"connections": connections})


@route("GET", "/social/hashtags/groups", **_READ)
def get_hashtag_groups(call: Call) -> Response:
    """A page of hashtag groups, by page number."""
    asked = call.parameters("limit", "page")
    limit = paging.limit_of(asked, most=5, default=5)
    text = asked.get("page", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.invalid("page must be 0 or greater")
    page = int(text)
    groups = [
        {
            "hashtag_group_id": resources.seeded_id(call, "hashtags", number),
            "hashtag_group_name": f"Books {number + 1}",
            "hashtag_names": [f"books{number + 1}", "reading"],
        }
        for number in range(_GROUPS)
    ]
    pages = -(-_GROUPS // limit)
    body: Json = {"hashtag_groups": groups[page * limit : (page + 1) * limit], "_links": {}}
    if page + 1 < pages:
        body["_links"] = {"next": {"href": f"/v3/social/hashtags/groups?limit={limit}&page={page + 1}"}}
    body["page"] = {"page": page, "size": limit, "total_elements": _GROUPS, "total_pages": pages}
    return json_response(200, body)


@route("POST", "/social/posts", scope="campaign_data", privilege="campaign:write")
def post_social(call: Call) -> Response:
    """Creates a post as a draft or for a time; nothing is published anywhere."""
    body = call.body(SOCIAL.record("PostCreateDto"))
    if body["status"] not in ("DRAFT", "SCHEDULED"):
        raise errors.invalid("status does not have a valid value")
    if body["status"] == "SCHEDULED" and parse_time(body.get("scheduled_time", "")) is None:
        raise errors.invalid("scheduled_time is not a valid ISO-8601 date")
    known = {resources.seeded_id(call, "profile", number) for number in range(len(_NETWORKS))}
    posts = []
    for number, wanted in enumerate(body["profile_posts"]):
        written = SOCIAL.writable("ProfilePostDto", wanted)
        if any(profile["profile_id"] not in known for profile in written["profiles"]):
            raise errors.not_found("Profile")
        post = SOCIAL.plausible("ProfilePostDto", call.store.seed, call.seq, number)
        profiles = [{**post["profiles"][0], **profile} for profile in written["profiles"]]
        images = [{**post["images"][0], **image} for image in written.get("images", [])]
        posts.append(resources.over(post, {**written, "profiles": profiles, "images": images}))
    campaign_id = call.new_id("social campaign")
    made = {"scheduled_time": None, "name": None, **SOCIAL.writable("PostCreateDto", body)}
    made = {name: value for name, value in {**made, "profile_posts": posts}.items() if value is not None}
    resources.save(call, ("social posts", campaign_id, made))
    return json_response(201, {"campaign_id": campaign_id, **made})


# --- automations ------------------------------------------------------------------------------------------


def _flows(call: Call) -> Seeds:
    names = ("Welcome new readers", "Birthday greeting")
    seeds = {resources.seeded_id(call, "automation flow", n): {"name": name} for n, name in enumerate(names)}
    return resources.all_of(call, "automation flows", seeds)


def _flow(call: Call, flow_id: str, written: Json) -> Json:
    base = AUTOMATIONS.plausible("AutomationCampaign", call.store.seed, flow_id)
    return resources.over({**base, "id": flow_id, "status": "ACTIVE"}, written)


def _find(call: Call, flow_id: str) -> tuple[str, Json]:
    key = call.require_id("automation_flow_id", flow_id)
    written = _flows(call).get(key)
    if written is None:
        raise errors.not_found("Automation")
    return key, written


@route("GET", "/automations/workflows", scope="campaign_data", privilege="customer-journey:read")
def get_flows(call: Call) -> Response:
    """The automations in short; which lists they listen to is not told."""
    asked = call.parameters("channel", "sort_direction", "created_from", "goals", "name")
    for name, words in (("sort_direction", ("ASC", "DESC")), ("created_from", ("SCRATCH", "TEMPLATE"))):
        if asked.get(name, words[0]) not in words:
            raise errors.invalid(f"{name} does not have a valid value")
    rows = []
    for flow_id, written in _flows(call).items():
        row = AUTOMATIONS.plausible("AutomationFlowSummaryDto", call.store.seed, flow_id)
        whole = _flow(call, flow_id, written)
        row.update({name: whole[name] for name in ("id", "name", "description", "status")})
        if asked.get("name", "").lower() in row["name"].lower():
            rows.append(row)
    rows.sort(key=lambda row: str(row["name"]), reverse=asked.get("sort_direction") == "DESC")
    return json_response(call.store.switches.number("automations_status"), {"flow_summaries": rows})


@route("POST", "/automations/workflows", scope="campaign_data", privilege="customer-journey:create")
def post_flow(call: Call) -> Response:
    """Creates an automation that starts as the body says."""
    body = call.body(AUTOMATIONS.record("TriggerDefDto"))
    name = call.parameters("workflowName").get("workflowName", "Untitled automation")
    start = AUTOMATIONS.writable("TriggerDefDto", body)
    flow_id = call.new_id("automation flow")
    written = {
        "name": name,
        "status": "DRAFT",
        "draft_definition": {"state": "DRAFT", "trigger": {"trigger_def": start}},
    }
    resources.save(call, ("automation flows", flow_id, written))
    return json_response(201, _flow(call, flow_id, written))


_FLOW = "/automations/workflows/{automation_flow_id}"


@route("GET", _FLOW, scope="campaign_data", privilege="customer-journey:read")
def get_flow(call: Call, flow_id: str) -> Response:
    """One automation, whole."""
    return json_response(200, _flow(call, *_find(call, flow_id)))


@route("PUT", _FLOW, scope="campaign_data", privilege="customer-journey:update")
def put_flow(call: Call, flow_id: str) -> Response:
    """Writes what is given of an automation."""
    key, written = _find(call, flow_id)
    body = call.body(AUTOMATIONS.record("AutomationCampaignUpdate"))
    changes = AUTOMATIONS.writable("AutomationCampaign", body.get("automation_flow") or {})
    changes.pop("id", None)
    written = resources.over(written, changes)
    resources.save(call, ("automation flows", key, written))
    return json_response(200, _flow(call, key, written))
