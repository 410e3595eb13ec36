"""The resources that the product does not use: what is written of them is kept, and nothing else moves."""

from typing import Any

import pytest

from tests.simulator.rig import Caller, Rig

UUID = "00000000-0000-4000-8000-000000000000"
CONTENT = {
    "format_type": 5,
    "from_name": "Harbor Books",
    "from_email": "owner@harborbooks.example",
    "reply_to_email": "owner@harborbooks.example",
    "subject": "Hello",
    "html_content": "<p>Hello</p>",
}


def new_campaign(caller: Caller, name: str = "New") -> tuple[str, str]:
    """The ids of a campaign and of its first activity."""
    made = caller.post("/emails", {"name": name, "email_campaign_activities": [CONTENT]}, expect=200)
    return made["campaign_id"], made["campaign_activities"][0]["campaign_activity_id"]


def status_of(caller: Caller, campaign: str) -> str:
    return str(caller.get(f"/emails/{campaign}")["current_status"])


def test_the_life_of_a_campaign(rig: Rig, harbor: Caller) -> None:
    campaign, activity = new_campaign(harbor)
    path = f"/emails/activities/{activity}"
    assert status_of(harbor, campaign) == "Draft"
    harbor.post("/emails", {"name": "new", "email_campaign_activities": [CONTENT]}, expect=409)
    harbor.put(path, {**CONTENT, "subject": "Better"})
    shown = harbor.get(path)
    assert shown["subject"] == "Better" and "html_content" not in shown
    assert harbor.call("GET", f"{path}/schedules").json() == []
    harbor.post(f"{path}/schedules", {"scheduled_date": "soon"}, expect=400)
    harbor.post(f"{path}/schedules", {"scheduled_date": "0"})
    assert status_of(harbor, campaign) == "Scheduled"
    harbor.delete(f"{path}/schedules")
    harbor.delete(f"{path}/schedules", expect=404)
    assert status_of(harbor, campaign) == "Draft"
    harbor.delete(f"/emails/{campaign}")
    assert status_of(harbor, campaign) == "Removed"
    assert campaign in [item["campaign_id"] for item in harbor.get("/emails")["campaigns"]]


@pytest.mark.parametrize(
    ("tail", "good", "bad"),
    [
        (
            "non_opener_resends",
            {"resend_subject": "Again", "delay_minutes": 30},
            [{"resend_subject": "x"}, {"resend_subject": "x", "delay_days": 1, "delay_minutes": 5}],
        ),
        (
            "abtest",
            {"alternative_subject": "Hi", "test_size": 10, "winner_wait_duration": 6},
            [{"alternative_subject": "Hi", "test_size": 99, "winner_wait_duration": 6}],
        ),
    ],
)
def test_one_of_each_for_an_activity(
    harbor: Caller, tail: str, good: dict[str, Any], bad: list[dict[str, Any]]
) -> None:
    path = f"/emails/activities/{new_campaign(harbor)[1]}/{tail}"
    for body in bad:
        harbor.post(path, body, expect=400)
    made = harbor.post(path, good)
    harbor.post(path, good, expect=409)
    key = f"/{made['resend_request_id']}" if "resend_request_id" in made else ""
    harbor.delete(path + key)
    harbor.delete(path + (key or ""), expect=404)


def test_reports_agree_with_one_another(harbor: Caller) -> None:
    campaign = harbor.get("/emails", limit=1)["campaigns"][0]["campaign_id"]
    activity = harbor.get(f"/emails/{campaign}")["campaign_activities"][0]["campaign_activity_id"]
    path = f"/reports/email_reports/{activity}/tracking"
    stats = harbor.get(f"/reports/stats/email_campaigns/{campaign}")["results"][0]["stats"]
    for name, column in (("sends", "em_sends"), ("clicks", "em_clicks"), ("bounces", "em_bounces")):
        assert len(harbor.pages(f"{path}/{name}", "tracking_activities", limit=7)) == stats[column]
    devices = ("computer", "mobile", "tablet", "other", "none")
    assert sum(stats[f"em_opens_all_{device}"] for device in devices) == stats["em_opens_all"]
    detail = harbor.get(f"/reports/stats/email_campaign_activities/{activity}")["results"][0]["stats"]
    parts = [value for name, value in detail.items() if name.startswith("em_bounces_")]
    assert sum(parts) == detail["em_bounces"]
    assert {
        row["bounce_code"] for row in harbor.get(f"{path}/bounces", bounce_code="B")["tracking_activities"]
    } == {"B"}
    drafts = new_campaign(harbor)
    assert harbor.get(f"/reports/email_reports/{drafts[1]}/tracking/sends")["tracking_activities"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"email_reports/{UUID}/tracking/sends", 404),
        ("email_reports/none/tracking/sends", 404),
        ("stats/email_campaigns/none", 404),
        (f"contact_reports/{UUID}/activity_details?tracking_activities_list=em_sends", 404),
        ("summary_reports/sms_campaign_summaries", 400),
        ("summary_reports/email_campaign_summaries?limit=501", 400),
    ],
)
def test_reports_refuse_with_single_objects(harbor: Caller, path: str, status: int) -> None:
    answer = harbor.call("GET", f"/reports/{path}")
    assert answer.status_code == status
    assert answer.json()["error_key"].startswith("reportingsvc.") and answer.json()["error_message"]


def test_spans_of_contact_reports(harbor: Caller) -> None:
    key = harbor.get("/contacts", limit=1)["contacts"][0]["contact_id"]
    path = f"/reports/contact_reports/{key}"
    span = {"start": "2025-01-01", "end": "2025-12-31"}
    assert harbor.get(f"{path}/open_and_click_rates", **span)["included_activities_count"] == 2
    early = {"start": "2024-01-01", "end": "2024-12-31"}
    assert harbor.get(f"{path}/open_and_click_rates", **early)["included_activities_count"] == 0
    for wrong in (
        {},
        {"start": "2025-01-01"},
        {"start": "2010-01-01", "end": "2025-01-01"},
        {**span, "end": "x"},
    ):
        assert harbor.call("GET", f"{path}/activity_summary", params=wrong).status_code == 400
    assert harbor.call("GET", f"{path}/activity_details").status_code == 400
    rows = harbor.pages(
        f"{path}/activity_details", "tracking_activities", tracking_activity_type="em_sends", limit=1
    )
    assert len(rows) == 2


def test_registrations(harbor: Caller) -> None:
    event = harbor.get("/events")["records"][0]["event_id"]
    track = harbor.get(f"/events/{event}")["default_track"]["track_id"]
    path = f"/events/{event}/tracks/{track}/registrations"
    rows = harbor.get(path, sort_by="first_name")["records"]
    assert [row["first_name"] for row in rows] == sorted(row["first_name"] for row in rows)
    key = rows[0]["registration_id"]
    change = {"registration_ids": [key, UUID], "registration_status": "CANCELED"}
    answer = harbor.put(path, change, expect=207)
    assert answer == {"failed_registration_ids": [UUID]}
    assert [
        row["registration_id"] for row in harbor.get(path, registration_status="CANCELED")["records"]
    ] == [key]
    harbor.put(path, {**change, "registration_status": "GONE"}, expect=400)
    ticket = harbor.get(f"{path}/{key}")["tickets"][0]["order_ticket_key"]
    for tail, state in (("check_in", "CHECKED_IN"), ("undo_check_in", "NOT_CHECKED_IN")):
        url = f"/events/{event}/{tail}/tickets"
        assert harbor.call("POST", url, json={"order_ticket_keys": [ticket]}).status_code == 204
        assert harbor.get(f"{path}/{key}")["checkin_status"] == state
        harbor.post(url, {"order_ticket_keys": [UUID]}, expect=404)
    assert harbor.call("GET", path.replace(track, UUID)).status_code == 404


def test_event_pages_go_both_ways(harbor: Caller) -> None:
    first = harbor.get("/events", limit=2)
    assert "prev_cursor" not in first and first["total_records"] == 3
    second = harbor.get(first["_links"]["next"]["href"].removeprefix("/v3"))
    assert len(second["records"]) == 1 and "next_cursor" not in second
    back = harbor.get("/events", limit=2, prev=second["prev_cursor"])
    assert back["records"] == first["records"]


def test_social_posts(harbor: Caller) -> None:
    profile = harbor.call("GET", "/social/profiles").json()[0]["profile_id"]
    post = {"status": "DRAFT", "profile_posts": [{"text": "Hello", "profiles": [{"profile_id": profile}]}]}
    made = harbor.post("/social/posts", post)
    assert made["profile_posts"][0]["text"] == "Hello"
    harbor.post("/social/posts", {**post, "status": "SCHEDULED"}, expect=400)
    unknown = [{"profiles": [{"profile_id": UUID}]}]
    harbor.post("/social/posts", {**post, "profile_posts": unknown}, expect=404)
    pages = [harbor.get("/social/hashtags/groups", page=number)["hashtag_groups"] for number in range(3)]
    assert [len(page) for page in pages] == [5, 2, 0]


def test_account_address_and_emails(rig: Rig, acme: Caller) -> None:
    path, home = "/account/summary/physical_address", {"address_line1": "1 Low Road", "city": "Boston"}
    acme.post(path, {**home, "country_code": "US"}, expect=409)
    assert acme.put(path, {**home, "country_code": "US"}) == {**home, "country_code": "US"}
    assert "address_line2" not in acme.get(path)
    acme.put(path, {**home, "country_code": "US", "state_name": "x"}, expect=400)
    acme.put(path, {**home, "country_code": "GB", "state_code": "MA"}, expect=400)
    acme.put("/account/summary", {"contact_email": "stranger@example.org"}, expect=400)
    assert acme.put("/account/summary", {"website": "new.example"})["website"] == "new.example"
    assert acme.get("/account/summary")["organization_name"] == "Acme Bakery"
    made = acme.post("/account/emails", {"email_address": "second@example.org"})
    assert made["confirm_status"] == "UNCONFIRMED"
    acme.post("/account/emails", {"email_address": "Second@example.org"}, expect=409)
    assert rig.sign_in(role="manager").call("PUT", "/account/summary", json={}).status_code == 403


def test_older_numbers(harbor: Caller) -> None:
    contact = harbor.get("/contacts", limit=1)["contacts"][0]["contact_id"]
    found = harbor.get("/contacts/contact_id_xrefs", sequence_ids="1,99999,x")["xrefs"]
    assert found == [{"sequence_id": "1", "contact_id": contact}]
    assert len(harbor.get("/contact_lists/list_id_xrefs", sequence_ids="1,2")["xrefs"]) == 2
    many = ",".join(map(str, range(501)))
    assert harbor.call("GET", "/contacts/contact_id_xrefs", params={"sequence_ids": many}).status_code == 400


def test_sms_history(acme: Caller) -> None:
    consent = {"sms_consent_permission": "explicit", "consent_type": "promotional_sms"}
    channel = {"full_sms_address": "+16175550100", "sms_channel_consents": [consent]}
    made = acme.post("/contacts", {"create_source": "Account", "sms_channel": channel})
    path = f"/contacts/sms_engagement_history/{made['contact_id']}"
    assert [entry["history_details"]["state"] for entry in acme.call("GET", path).json()] == ["E"]
    consent["sms_consent_permission"] = "unsubscribed"
    acme.put(f"/contacts/{made['contact_id']}", {"update_source": "Account", "sms_channel": channel})
    assert [entry["history_details"]["state"] for entry in acme.call("GET", path).json()] == ["O"]


def test_a_sign_up_by_number_alone(acme: Caller) -> None:
    consent = {
        "sms_consent_permission": "explicit",
        "consent_type": "promotional_sms",
        "consent_medium_type": "LF",
        "consent_medium_url": "https://a.example",
        "consent_medium_details": "Form",
    }
    channel = {
        "sms_address": "6175550100",
        "dial_code": "1",
        "country_code": "US",
        "sms_channel_consents": [consent],
    }
    body = {"sms_channel": channel, "list_memberships": [acme.list_id()], "first_name": "Ana"}
    made = acme.post("/contacts/sign_up_form", body)
    assert made["action"] == "created"
    again = acme.post("/contacts/sign_up_form", {**body, "first_name": "Anna"}, expect=200)
    assert again == {"contact_id": made["contact_id"], "action": "updated"}
    shown = acme.get(f"/contacts/{made['contact_id']}", include="sms_channel")
    assert shown["first_name"] == "Anna" and "email_address" not in shown
