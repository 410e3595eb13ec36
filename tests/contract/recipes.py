"""How each operation is asked, where the description alone does not say it, and how it is read back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.contract.stage import Json, Stage

Change = Callable[[Stage, Json], Any]
More = Callable[[Stage], Json]


def _same(stage: Stage, body: Json) -> Json:
    return body


@dataclass(frozen=True)
class Recipe:
    """`body` makes the filled body good; `more` are further calls, for what one answer can not show."""

    query: Json = field(default_factory=dict)
    body: Change = _same
    before: Callable[[Stage], object] = lambda stage: None
    ids: Callable[[Stage], Json] = lambda stage: {}
    more: tuple[More, ...] = ()


def only(*names: str, **more: Any) -> Change:
    """The filled body with these properties, and others put in their place."""
    return lambda stage, body: {**{name: body[name] for name in names if name in body}, **more}


def source(**more: Any) -> Change:
    """A bulk job's body with one source."""

    def change(stage: Stage, body: Json) -> Json:
        return {**body, "source": {"contact_ids": [stage.known("contact_id")]}, **more}

    return change


def _contact(stage: Stage, body: Json) -> Json:
    body["custom_fields"] = [{"custom_field_id": stage.fields()["string"], "value": "C-1"}]
    return body


def _full(stage: Stage) -> str:
    operation = stage.swagger.operations["createContact"]
    stage.made += 1
    body = _contact(stage, stage.fill(operation.body or {}))
    body["email_address"]["address"] = f"full.{stage.made}@example.org"
    made = stage.send(operation, body=body)
    assert made.status_code == 201, made.text
    return str(made.json()["contact_id"])


def _with_full(stage: Stage) -> Json:
    return {"contact_id": _full(stage)}


def _with_choices(stage: Stage) -> Json:
    """A contact whose values are choices, and who opted out."""
    key = _full(stage)
    values = [{"custom_field_id": stage.fields()["single_select"], "choice_ids": ["000001"]}]
    email = {
        "address": f"full.{stage.made}@example.org",
        "permission_to_send": "unsubscribed",
        "opt_out_reason": "Enough",
    }
    channel = {
        "full_sms_address": "+16175550199",
        "sms_channel_consents": [
            {"sms_consent_permission": "unsubscribed", "consent_type": "promotional_sms"}
        ],
    }
    body = {
        "update_source": "Account",
        "custom_fields": values,
        "email_address": email,
        "sms_channel": channel,
    }
    stage.harbor.put(f"/contacts/{key}", body)
    return {"ids": {"contact_id": key}, "query": {"include": INCLUDES}}


def _opted_out(stage: Stage) -> Json:
    return {
        "first_name": "Out",
        "custom_fields": [{"custom_field_id": stage.known("custom_field_id"), "choice_ids": ["000001"]}],
        "email_address": {"address": "out@example.org", "permission_to_send": "unsubscribed"},
        "sms_channel": {
            "full_sms_address": "+16175550188",
            "sms_channel_consents": [
                {"sms_consent_permission": "unsubscribed", "consent_type": "promotional_sms"}
            ],
        },
    }


def _created_opted_out(stage: Stage) -> Json:
    return {"body": {**_opted_out(stage), "create_source": "Account"}}


def _put_opted_out(stage: Stage) -> Json:
    body = _opted_out(stage)
    body["email_address"]["opt_out_reason"] = "Enough"
    return {"ids": {"contact_id": _full(stage)}, "body": {**body, "update_source": "Account"}}


def _of_type(kind: str, **more: Any) -> More:
    return lambda stage: {"ids": {"custom_field_id": stage.fields()[kind]}, **more}


_OTHER_TYPES = ("number", "currency", "date")


def _signed_up(stage: Stage) -> Json:
    """A contact whose SMS consent has every detail, as only the sign-up form gives it."""
    operation = stage.swagger.operations["createOrUpdateContact"]
    made = stage.send(operation, body=_contact(stage, stage.fill(operation.body or {})))
    return {"ids": {"contact_id": made.json()["contact_id"]}, "query": {"include": INCLUDES}}


def _deleted(stage: Stage) -> Json:
    return {"ids": {"contact_id": deleted_contact(stage)}}


def deleted_contact(stage: Stage) -> str:
    return str(stage.harbor.get("/contacts", status="deleted", limit=1)["contacts"][0]["contact_id"])


def _everyone(stage: Stage) -> Json:
    _signed_up(stage)
    _with_choices(stage)
    return {"query": {"status": "all", "include": INCLUDES, "limit": 500}}


def _deleted_list(stage: Stage) -> str:
    key = str(stage.harbor.post("/contact_lists", {"name": "Short-lived"})["list_id"])
    stage.harbor.call("DELETE", f"/contact_lists/{key}")
    stage.rig.wait(60)
    return key


def _draft(stage: Stage) -> Json:
    """The activity of a campaign that is still a draft."""
    campaigns = stage.harbor.get("/emails")["campaigns"]
    draft = next(item for item in campaigns if item["current_status"] == "Draft")
    shown = stage.harbor.get(f"/emails/{draft['campaign_id']}")
    return {"campaign_activity_id": shown["campaign_activities"][0]["campaign_activity_id"]}


def _prepared(name: str, **body: Any) -> Callable[[Stage], object]:
    """Sends a good call of another operation first."""

    def prepare(stage: Stage) -> None:
        operation = stage.swagger.operations[name]
        answer = stage.send(
            operation, body=recipe(name).body(stage, {**stage.fill(operation.body or {}), **body})
        )
        assert answer.status_code < 300, answer.text

    return prepare


def _imported(stage: Stage) -> None:
    stage.harbor.imported("email,cf:nothing\nsomebody@example.org,x\nwrong,y\n")


def _finished_export(stage: Stage) -> Json:
    return {"ids": {"activity_id": stage.known("file_export_id")}}


def _finished_import(stage: Stage) -> Json:
    done = stage.harbor.imported("email,cf:nothing\nsomebody@example.org,x\nwrong,y\n")
    return {"ids": {"activity_id": done["activity_id"]}}


def _abroad(stage: Stage) -> Json:
    place = {"address_line1": "1 High Street", "city": "Bath", "state_name": "Somerset", "country_code": "GB"}
    stage.harbor.put("/account/summary/physical_address", place)
    return {}


def _homeless(stage: Stage) -> Json:
    stage.rig.control("PUT", "/accounts/Harbor Books", {"physical_address": None})
    return {}


def _second_page(stage: Stage) -> Json:
    body = stage.harbor.get("/events", limit=1)
    return {"query": {"limit": 1, "next": body["next_cursor"]}}


def _second_registrations(stage: Stage) -> Json:
    path = f"/events/{stage.known('event_id')}/tracks/{stage.known('track_id')}/registrations"
    return {"query": {"limit": 1, "next": stage.harbor.get(path, limit=1)["next_cursor"]}}


def _unknown_too(name: str) -> More:
    def ids(stage: Stage) -> Json:
        return {"ids": {name: f"{stage.known(name)},7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e"}}

    return ids


def _campaign_done(stage: Stage) -> Json:
    return {}


INCLUDES = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes,sms_channel"
SPAN = {"start": "2024-01-01", "end": "2026-02-01"}
PAGE = Recipe(query={"limit": 1}, more=(lambda stage: {"query": {"limit": 500}},))
SHORT_PAGE = Recipe(query={"limit": 1})
ON_DRAFT = Recipe(ids=_draft)
_FIELDS_OF_CUSTOM = ("label", "type", "version")
_CHOICES = [{"choice_label": "One", "display_order": 1}, {"choice_label": "Two", "display_order": 2}]
_WITH_TAGS: Json = {"tag_ids": ["7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e"]}

RECIPES: dict[str, Recipe] = {
    "getAccountById": Recipe(
        query={"extra_fields": "physical_address,company_logo"},
        more=(lambda stage: {**_abroad(stage), "query": {"extra_fields": "physical_address"}},),
    ),
    "putCustomerById": Recipe(),
    "addPhysicalAddress": Recipe(
        before=_homeless, more=(lambda stage: {**_homeless(stage), "body": _foreign(stage)},)
    ),
    "getPhysicalAddress": Recipe(more=(_abroad,)),
    "putPhysicalAddress": Recipe(more=(lambda stage: {"body": _foreign(stage)},)),
    "getActivity": Recipe(more=(_finished_export, _finished_import)),
    "getActivityStatusCollection": Recipe(
        before=lambda stage: (stage.known("file_export_id"), stage.known("activity_id"), _imported(stage)),
        query={"limit": 1},
        more=(lambda stage: {"query": {"limit": 100}},),
    ),
    "postContactsExport": Recipe(body=only("fields", fields=["email_address"])),
    "postContactDelete": Recipe(body=only("contact_ids")),
    "contactsCSVImport": Recipe(),
    "postListRemoveContact": Recipe(body=source()),
    "postListAddContact": Recipe(body=source()),
    "postTagRemoveContact": Recipe(body=source()),
    "postTagAddContact": Recipe(body=source()),
    "findEvents": Recipe(more=(_second_page,)),
    "addDefaultEvent": Recipe(
        query={"name": "New event", "start_time": SPAN["start"], "end_time": SPAN["end"]}
    ),
    "findRegistrationsUsingGET": Recipe(more=(_second_registrations,)),
    "getSocialProfilesUsingGET": Recipe(query={"include": "accessible"}),
    "getSocialHashtagGroupsUsingGET": Recipe(query={"limit": 1}),
    "getAccountSegments": SHORT_PAGE,
    "getContact": Recipe(
        ids=_with_full, query={"include": INCLUDES}, more=(_with_choices, _signed_up, _deleted)
    ),
    "getContacts": Recipe(
        query={"limit": 1, "include_count": "true"},
        more=(_everyone, lambda stage: {"query": {"segment_id": "1"}}),
    ),
    "createContact": Recipe(body=_contact, more=(_created_opted_out,)),
    "putContact": Recipe(body=_contact, more=(_put_opted_out,)),
    "createOrUpdateContact": Recipe(body=_contact),
    "getContactIdXrefs": Recipe(query={"sequence_ids": "1,2"}),
    "getListIdXrefs": Recipe(query={"sequence_ids": "1,2"}),
    "getSmsEngagementHistory": Recipe(ids=_with_full),
    "countContact": Recipe(query={"include": "new_subscriber"}),
    "getCustomField": Recipe(more=tuple(_of_type(kind) for kind in _OTHER_TYPES)),
    "getCustomFields": Recipe(query={"limit": 1}, more=(lambda stage: {"query": {"limit": 100}},)),
    "postCustomFields": Recipe(body=lambda stage, body: {**body, "choices": _CHOICES}),
    "putCustomField": Recipe(
        body=lambda stage, body: {**body, "choices": _CHOICES},
        more=tuple(_of_type(kind, body={"label": f"My {kind}"}) for kind in _OTHER_TYPES),
    ),
    "getList": Recipe(
        query={"include_membership_count": "all"},
        more=(lambda stage: {"ids": {"list_id": _deleted_list(stage)}},),
    ),
    "getLists": Recipe(
        before=_deleted_list,
        query={"limit": 1, "include_count": "true", "include_membership_count": "active"},
        more=(lambda stage: {"query": {"status": "all"}},),
    ),
    "resubscribeContact": Recipe(
        ids=lambda stage: {
            "contact_id": stage.harbor.get("/contacts", status="unsubscribed", limit=1)["contacts"][0][
                "contact_id"
            ]
        }
    ),
    "getTag": Recipe(query={"include_count": "true"}),
    "getTags": Recipe(query={"limit": 1, "include_count": "true"}),
    "retrieveEmailCampaignsUsingGET": SHORT_PAGE,
    "retrieveXrefMappingsUsingGET": Recipe(query={"v2_email_campaign_ids": "1100000000000"}),
    "retrieveEmailCampaignActivityUsingGET": Recipe(
        query={"include": "physical_address_in_footer,permalink_url,html_content,document_properties"}
    ),
    "retrieveEmailSchedulesUsingGET": Recipe(before=_prepared("scheduleEmailCampaignActivityUsingPOST")),
    "unscheduleEmailCampaignActivityUsingDELETE": Recipe(
        before=_prepared("scheduleEmailCampaignActivityUsingPOST")
    ),
    "retrieveResendToNonOpenersUsingGET": Recipe(before=_prepared("createResendToNonOpenersUsingPOST")),
    "retrieveEmailCampaignABTestUsingGET": Recipe(before=_prepared("createEmailCampaignABTestUsingPOST")),
    "deleteEmailCampaignABTestUsingDELETE": Recipe(before=_prepared("createEmailCampaignABTestUsingPOST")),
    "getContactTracking": Recipe(query={"tracking_activities_list": "em_sends,em_opens", "limit": 1}),
    "getContactOpenClickRate": Recipe(query=SPAN),
    "getContactTrackingCount": Recipe(query={**SPAN, "limit": 1}),
    **dict.fromkeys(
        ("getSends", "getOpens", "getUniqueOpens", "getDidNotOpens", "getClicks", "getForwards"), PAGE
    ),
    **dict.fromkeys(("getOptouts", "getBounces", "getUniqueContactClicks", "getUniqueContactOpens"), PAGE),
    **dict.fromkeys(
        ("getContactOpens", "getUniqueContactUpdates", "getContactAdds", "getUniqueContactSMSOptIns"), PAGE
    ),
    "getAllBulkEmailCampaignSummaries": SHORT_PAGE,
    "getAllBulkSmsCampaignSummaries": Recipe(query={"limit": 1, "start_at": "2025-01-01"}),
    "getEmailSummary": Recipe(more=(_unknown_too("campaign_ids"),)),
    "getEmailCampaignActivitySummary": Recipe(more=(_unknown_too("campaign_activity_ids"),)),
    "getPartnerSiteOwners": Recipe(query={"limit": 10}),
    "getWebhooksCollection": Recipe(before=lambda stage: stage.known("topic_id")),
}


def _foreign(stage: Stage) -> Json:
    return {"address_line1": "1 High Street", "city": "Bath", "state_name": "Somerset", "country_code": "GB"}


def recipe(name: str) -> Recipe:
    """The recipe of an operation; most need none."""
    return RECIPES.get(name, Recipe())
