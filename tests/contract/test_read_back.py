"""What a POST, PUT or PATCH accepted is read back by the matching GET."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.contract.stage import Json, Stage
from tests.contract.swagger import Operation, absent, say, swagger
from tests.contract.test_answers import good

pytestmark = pytest.mark.skipif(absent() is not None, reason=str(absent()))


@dataclass(frozen=True)
class Back:
    """The operation that reads; `ids` from the answer of the write, `expect` from its body, `pick` of what is read."""

    operation: str
    ids: Callable[[Json], Json] = lambda answer: {}
    query: Json = field(default_factory=dict)
    expect: Callable[[Json], Any] = lambda body: body
    pick: Callable[[Any, Json], Any] = lambda read, answer: read


def by(name: str) -> Callable[[Json], Json]:
    """The id of this name in the answer."""
    return lambda answer: {name: answer[name]}


def without(*names: str) -> Callable[[Json], Json]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _contact(body: Json) -> Json:
    """A contact's body as its GET shows it: an SMS number by its own name, consents without their medium."""
    shown = without("sms_channel", "notes")(body)
    shown["notes"] = [{"content": note["content"]} for note in body.get("notes", [])]
    channel = body["sms_channel"]
    consents = [without("consent_medium_details")(consent) for consent in channel["sms_channel_consents"]]
    shown["sms_channel"] = {"sms_address": channel["full_sms_address"], "sms_channel_consents": consents}
    return shown


def _signed_up(body: Json) -> Json:
    """The flat body of the sign-up form as the contact shows it."""
    plain = (
        "first_name",
        "last_name",
        "job_title",
        "company_name",
        "anniversary",
        "birthday_month",
        "birthday_day",
    )
    shown: Json = {name: body[name] for name in plain}
    shown["email_address"] = {"address": body["email_address"], "permission_to_send": "explicit"}
    shown["phone_numbers"] = [{"phone_number": body["phone_number"]}]
    shown["street_addresses"] = [body["street_address"]]
    shown["list_memberships"], shown["custom_fields"] = body["list_memberships"], body["custom_fields"]
    return shown


def _same_id(name: str) -> Callable[[Any, Json], Any]:
    """Of a list that was read, the one with the id of the answer."""
    return lambda read, answer: next(item for item in read if item[name] == answer[name])


INCLUDE = {
    "include": "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes,sms_channel"
}
JOB = Back("getActivity", by("activity_id"), expect=lambda body: {})
PARTS = {"include": "physical_address_in_footer,permalink_url,html_content,document_properties"}
ADDRESS = Back("getPhysicalAddress")
BACK: dict[str, Back] = {
    "putCustomerById": Back("getAccountById"),
    "addPhysicalAddress": ADDRESS,
    "putPhysicalAddress": ADDRESS,
    "addAccountEmailAddress": Back("retrieveEmailAddresses", pick=_same_id("email_id")),
    **dict.fromkeys(
        (
            *("postContactsExport", "postContactDelete", "contactsCSVImport", "bulkImportContactsJSON"),
            *("postListRemoveContact", "postListAddContact", "postListDelete", "postTagRemoveContact"),
            *("postTagAddContact", "postTagDelete", "postCustomFieldDelete"),
        ),
        JOB,
    ),
    "addDefaultEvent": Back("getEvent_2", by("event_id"), expect=lambda body: {"name": "New event"}),
    "patchEvent": Back("getEvent_2", expect=without("event_id")),
    "copyEvent": Back("getEvent_2", by("event_id"), expect=lambda body: {"name": body["target_event_name"]}),
    "updateRegistrationStatusUsingPUT": Back("getRegistrationInfo", expect=without("registration_ids")),
    "updateRegistrationPaymentStatusUsingPUT": Back(
        "findRegistrationsUsingGET",
        expect=without("registration_ids"),
        pick=lambda read, answer: read["records"][0],
    ),
    "checkInTickets": Back("getRegistrationInfo", expect=lambda body: {"checkin_status": "CHECKED_IN"}),
    "undoCheckInTickets": Back(
        "getRegistrationInfo", expect=lambda body: {"checkin_status": "NOT_CHECKED_IN"}
    ),
    "createSegment": Back("getSegmentDetail", by("segment_id")),
    "updateSegment": Back("getSegmentDetail"),
    "updateSegmentName": Back("getSegmentDetail"),
    "createContact": Back("getContact", by("contact_id"), INCLUDE, _contact),
    "putContact": Back("getContact", query=INCLUDE, expect=_contact),
    "createOrUpdateContact": Back("getContact", by("contact_id"), INCLUDE, _signed_up),
    "postCustomFields": Back("getCustomField", by("custom_field_id")),
    "putCustomField": Back("getCustomField"),
    "createList": Back("getList", by("list_id")),
    "putList": Back("getList"),
    "postTag": Back("getTag", by("tag_id")),
    "putTag": Back("getTag"),
    "createEmailCampaignUsingPOST": Back(
        "retrieveEmailCampaignUsingGET", by("campaign_id"), expect=lambda body: {"name": body["name"]}
    ),
    "renameEmailCampaignUsingPATCH": Back("retrieveEmailCampaignUsingGET"),
    "updateEmailCampaignActivityUsingPUT": Back("retrieveEmailCampaignActivityUsingGET", query=PARTS),
    "scheduleEmailCampaignActivityUsingPOST": Back(
        "retrieveEmailSchedulesUsingGET", pick=lambda read, answer: read[0]
    ),
    "createResendToNonOpenersUsingPOST": Back(
        "retrieveResendToNonOpenersUsingGET", pick=lambda read, answer: read[0]
    ),
    "createEmailCampaignABTestUsingPOST": Back("retrieveEmailCampaignABTestUsingGET"),
    "createAutomationCampaignUsingPost": Back(
        "retrieveAutomationCampaignUsingGet",
        lambda answer: {"automation_flow_id": answer["id"]},
        expect=lambda body: {"draft_definition": {"trigger": {"trigger_def": body}}},
    ),
    "updateAutomationCampaignUsingPut": Back(
        "retrieveAutomationCampaignUsingGet", expect=lambda body: without("id")(body["automation_flow"])
    ),
    "provision": Back(
        "getPartnerSiteOwners",
        query={"limit": 50},
        expect=lambda body: {"organization_name": body["organization_name"], "billing_status": "Trial"},
        pick=lambda read, answer: _same_id("encoded_account_id")(read["site_owner_list"], answer),
    ),
    "setPlan": Back("getPlan", expect=without("plan_group_id")),
    "putWebhooksTopic": Back("getWebhooksTopic"),
}
NO_GET = {
    "createSocialPostUsingPOST": "no operation reads posts; the answer shows what was taken",
    "resubscribeContact": "sends a mail; no operation reads that",
    "testSendCampaignActivityUsingPOST": "sends a mail; no operation reads that",
    "testSendWebhooksTopic": "sends a notification; no operation reads that",
    "cancelAccount": "the state is in the list of accounts, the day nowhere",
    "partnerAccountOperationsPostSync": "the answer is that of the inner call",
    "createSSOUser": "no operation reads users",
    "partnerUnsubscribeContacts": "the answer is a count; the contact is read in the tests of the partner",
}


def differences(sent: Any, read: Any, at: str = "") -> list[str]:
    """What was sent and is not there, or is other than it was sent."""
    if isinstance(sent, dict) and isinstance(read, dict):
        return [
            found
            for key, value in sent.items()
            for found in (
                differences(value, read[key], f"{at}.{key}") if key in read else [f"{at}.{key} is not there"]
            )
        ]
    if isinstance(sent, list) and isinstance(read, list) and len(sent) == len(read):
        return [
            found
            for number, pair in enumerate(zip(sent, read, strict=True))
            for found in differences(*pair, f"{at}[{number}]")
        ]
    return [] if sent == read else [f"{at} was sent as {sent!r} and is {read!r}"]


def read_back(operation: Operation) -> list[str]:
    stage, back = Stage(swagger()), BACK[operation.name]
    call = good(stage, operation)
    # What the write is about is found first: afterwards it may be another.
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            call["ids"].setdefault(parameter["name"], stage.known(parameter["name"]))
    registration = {"registration_id": stage.known("registration_id")}
    answer = stage.send(operation, **call)
    assert answer.status_code < 300, (operation.name, answer.text)
    reading = stage.swagger.operations[back.operation]
    told = answer.json() if answer.content else {}
    body = call.get("body") or {}
    read = stage.send(reading, ids={**registration, **call["ids"], **back.ids(told)}, query=back.query)
    if read.status_code != 200:
        return [f"{operation.name} is read back with {read.status_code}: {read.text[:200]}"]
    stage.close()
    picked = back.pick(read.json(), told)
    plain = told if isinstance(told, dict) and isinstance(picked, dict) else {}
    shown = {name: value for name, value in plain.items() if name in picked}
    found = differences(back.expect(body), picked) + differences(shown, picked)
    return [f"{operation.name}: {one}" for one in found]


def test_what_was_written_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    writes = [one for one in swagger().operations.values() if one.method in ("POST", "PUT", "PATCH")]
    assert {one.name for one in writes} == set(BACK) | set(NO_GET)
    problems = {one.name: found for one in writes if one.name in BACK and (found := read_back(one))}
    reasons = "\n".join(f"  {name}: {reason}" for name, reason in NO_GET.items())
    done = len(BACK) - len(problems)
    say(capsys, f"read back: {done} of {len(writes)} writes; {len(NO_GET)} exceptions:\n{reasons}")
    assert problems == {}
