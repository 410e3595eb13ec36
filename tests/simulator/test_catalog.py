"""Lists, tags, custom fields, account and roles."""

from collections.abc import Callable

import pytest

from tests.simulator.rig import ACME, HARBOR, Caller, Rig


def test_a_fresh_account(acme: Caller) -> None:
    assert acme.get("/contacts/counts") == {
        "total": 0,
        "explicit": 0,
        "implicit": 0,
        "pending": 0,
        "unsubscribed": 0,
    }
    body = acme.get("/contact_lists", include_count="true", include_membership_count="all")
    assert body["lists_count"] == 1
    assert (body["lists"][0]["name"], body["lists"][0]["membership_count"]) == ("General Interest", 0)
    assert acme.get("/contact_custom_fields") == {"custom_fields": []}


def test_list_life(rig: Rig, acme: Caller) -> None:
    made = acme.post("/contact_lists", {"name": "VIP", "description": "d", "favorite": True})
    assert "membership_count" not in made
    assert acme.get(f"/contact_lists/{made['list_id']}") == made
    acme.post("/contact_lists", {"name": "vip"}, expect=409)
    acme.put(f"/contact_lists/{made['list_id']}", {"description": "no name"}, expect=400)
    after = acme.put(f"/contact_lists/{made['list_id']}", {"name": "Very"})
    assert (after["name"], after["description"], after["favorite"]) == ("Very", "", False)
    acme.create("a@example.org", list_memberships=[made["list_id"]])
    answer = acme.call("DELETE", f"/contact_lists/{made['list_id']}")
    assert answer.status_code == 202 and answer.headers["location"] == answer.json()["_links"]["self"]["href"]
    assert answer.json()["state"] == "initialized"
    assert acme.finished(answer.json())["status"] == {"list_count": 1}
    assert acme.contact("a@example.org")["list_memberships"] == []
    assert acme.get("/contact_lists", status="deleted")["lists"][0]["deleted_at"]
    assert len(acme.get("/contact_lists")["lists"]) == 1
    acme.post("/contact_lists", {"name": "Very"})


def _by_the_one_call(acme: Caller, list_id: str) -> dict[str, object]:
    answer = acme.call("DELETE", f"/contact_lists/{list_id}")
    assert answer.status_code == 202
    deleted: dict[str, object] = answer.json()
    return deleted


def _by_the_bulk_job(acme: Caller, list_id: str) -> dict[str, object]:
    deleted: dict[str, object] = acme.post("/activities/list_delete", {"list_ids": [list_id]})
    return deleted


@pytest.mark.parametrize(
    ("seconds", "state", "living", "members", "name_is_free"),
    [
        # so long after the call: the job's state, whether the list is there, its members, its name
        (0, "initialized", True, 1, False),
        (1, "processing", True, 1, False),
        (2, "completed", False, 0, True),
    ],
)
@pytest.mark.parametrize("way", [_by_the_one_call, _by_the_bulk_job])
def test_a_list_is_deleted_by_a_job(
    rig: Rig,
    acme: Caller,
    way: Callable[[Caller, str], dict[str, object]],
    seconds: float,
    state: str,
    living: bool,
    members: int,
    name_is_free: bool,
) -> None:
    made = acme.post("/contact_lists", {"name": "VIP"})["list_id"]
    acme.create("a@example.org", list_memberships=[made])
    job = way(acme, made)
    rig.wait(seconds)
    assert acme.get(f"/activities/{job['activity_id']}")["state"] == state
    shown = acme.get("/contact_lists", name="VIP")["lists"]
    assert ([item["list_id"] for item in shown] == [made]) is living
    assert len(acme.contact("a@example.org")["list_memberships"]) == members
    assert acme.call("POST", "/contact_lists", json={"name": "vip"}).status_code == (
        201 if name_is_free else 409
    )


def test_list_pages_and_caps(acme: Caller) -> None:
    for number in range(999):
        acme.post("/contact_lists", {"name": f"L{number}"})
    assert len(acme.pages("/contact_lists", "lists", limit=300)) == 1000
    acme.post("/contact_lists", {"name": "One too many"}, expect=400)


def test_sms_members_of_a_list(acme: Caller) -> None:
    consent = {"sms_consent_permission": "explicit", "consent_type": "promotional_sms"}
    channel = {"full_sms_address": "+16175550100", "sms_channel_consents": [consent]}
    acme.create("a@example.org", list_memberships=[acme.list_id()], sms_channel=channel)
    acme.create("b@example.org", list_memberships=[acme.list_id()])
    wish = {"include_sms_membership_count": "true"}
    found = acme.get("/contact_lists", channel_type="sms", **wish)["lists"]
    assert [item["membership_count"] for item in found] == [1]
    assert acme.call("GET", "/contact_lists", params=wish).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 256}, {"name": 3}, {"name": "x", "favorite": "yes"}]
)
def test_bad_lists(acme: Caller, body: dict[str, object]) -> None:
    acme.post("/contact_lists", body, expect=400)


def test_tag_life(rig: Rig, acme: Caller) -> None:
    made = acme.post("/contact_tags", {"name": "VIP"})
    acme.post("/contact_tags", {"name": "vip"}, expect=409)
    other = acme.post("/contact_tags", {"name": "Other"})
    acme.put(f"/contact_tags/{other['tag_id']}", {"name": "VIP"}, expect=409)
    assert acme.put(f"/contact_tags/{other['tag_id']}", {"name": "New"})["name"] == "New"
    contact = acme.create("a@example.org", taggings=[made["tag_id"]])
    assert acme.get("/contact_tags", include_count="true", limit=1)["tags"][0]["contacts_count"] == 1
    answer = acme.call("DELETE", f"/contact_tags/{made['tag_id']}")
    assert answer.status_code == 202
    assert acme.finished(answer.json())["status"]["items_completed_count"] == 1
    assert acme.get(f"/contacts/{contact['contact_id']}", include="taggings")["taggings"] == []
    assert acme.call("GET", f"/contact_tags/{made['tag_id']}").status_code == 404
    acme.post("/contact_tags", {"name": ""}, expect=400)


def test_field_life(rig: Rig, acme: Caller) -> None:
    made = acme.post("/contact_custom_fields", {"label": "Customer ID", "type": "string"})
    assert made["name"] == "customer_id"
    acme.post("/contact_custom_fields", {"label": "customer id", "type": "date"}, expect=409)
    assert (
        acme.post("/contact_custom_fields", {"label": "Customer_ID", "type": "string"})["name"]
        == "customer_id_2"
    )
    acme.create("a@example.org", custom_fields=[{"custom_field_id": made["custom_field_id"], "value": "7"}])
    acme.delete(f"/contact_custom_fields/{made['custom_field_id']}")
    assert acme.contact("a@example.org")["custom_fields"] == []
    rig.switch(field_name_case="kept", typed_fields="refused")
    assert (
        acme.post("/contact_custom_fields", {"label": "Plan Level", "type": "string"})["name"] == "Plan_Level"
    )
    acme.post("/contact_custom_fields", {"label": "Age", "type": "number"}, expect=400)


def test_choices_of_a_field(acme: Caller) -> None:
    body = {
        "label": "Size",
        "type": "single_select",
        "choices": [{"choice_label": "S"}, {"choice_label": "M"}],
    }
    made = acme.post("/contact_custom_fields", body)
    assert [choice["choice_id"] for choice in made["choices"]] == [1, 2]
    path = f"/contact_custom_fields/{made['custom_field_id']}"
    wanted = [{"choice_id": 2, "choice_label": "Medium"}, {"choice_label": "L"}]
    after = acme.put(path, {"label": "Size", "choices": wanted})
    assert [(c["choice_id"], c["choice_label"]) for c in after["choices"]] == [(2, "Medium"), (3, "L")]
    acme.put(path, {"label": "Size", "choices": [{"choice_id": 9, "choice_label": "?"}]}, expect=400)
    radio = {**body, "label": "R", "metadata": {"display_type": "radio"}}
    acme.post(
        "/contact_custom_fields",
        {**radio, "choices": [{"choice_label": str(n)} for n in range(21)]},
        expect=400,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"label": "x"},
        {"type": "string"},
        {"label": "x" * 51, "type": "string"},
        {"label": "x", "type": "blob"},
        {"label": "x", "type": "single_select"},
        {"label": "x", "type": "string", "choices": [{"choice_label": "a"}]},
        {"label": "x", "type": "single_select", "choices": [{"choice_label": "a"}, {"choice_label": "A"}]},
        {"label": "x", "type": "number", "metadata": {"decimal_places": 9}},
    ],
)
def test_bad_fields(acme: Caller, body: dict[str, object]) -> None:
    acme.post("/contact_custom_fields", body, expect=400)


def test_account(rig: Rig, acme: Caller) -> None:
    summary = acme.get("/account/summary", extra_fields="physical_address,company_logo")
    assert (
        summary["organization_name"] == ACME
        and summary["physical_address"]["city"]
        and summary["company_logo"]
    )
    assert "physical_address" not in acme.get("/account/summary")
    assert acme.call("GET", "/account/summary", params={"extra_fields": "all"}).status_code == 400
    emails = acme.get("/account/emails", role_code="R")
    assert len(emails) == 1 and emails[0]["confirm_status"] == "CONFIRMED"
    assert acme.get("/account/emails", confirm_status="U") == []
    assert (
        acme.call("GET", "/account/emails", params={"confirm_status": "C", "role_code": "R"}).status_code
        == 400
    )


ROLES = [
    ("owner", "/contacts/counts", 200),
    ("manager", "/contacts/counts", 200),
    ("creator", "/contacts/counts", 403),
    ("creator", "/contact_lists", 200),
    ("creator", "/contact_tags", 403),
    ("creator", "/contact_custom_fields", 403),
    ("creator", "/activities", 403),
    ("creator", "/account/summary", 200),
    ("creator", "/account/user/privileges", 200),
]


@pytest.mark.parametrize(("role", "path", "status"), ROLES)
def test_privileges(rig: Rig, role: str, path: str, status: int) -> None:
    answer = rig.sign_in(role=role).call("GET", path)
    assert answer.status_code == status
    if status == 403:
        text = "Request forbidden due to insufficient user privileges."
        assert answer.json() == {"error_key": "access_denied", "error_message": text}


def test_privilege_lists(rig: Rig) -> None:
    names = {
        role: {item["privilege_name"] for item in rig.sign_in(role=role).get("/account/user/privileges")}
        for role in ("owner", "manager", "creator")
    }
    assert names["owner"] - names["manager"] == {"account:update"}
    assert "contacts:write" in names["manager"] and "contacts:read" not in names["creator"]
    creator = rig.sign_in(role="creator")
    assert creator.call("POST", "/contact_lists", json={"name": "x"}).status_code == 403
    rig.switch(tags_read_privilege="contacts:lists:read")
    assert creator.call("GET", "/contact_tags").status_code == 200


def test_scopes(rig: Rig) -> None:
    caller = rig.sign_in(scope="account_read")
    assert caller.call("GET", "/account/summary").status_code == 200
    answer = caller.call("GET", "/contact_lists")
    assert answer.status_code == 403 and answer.json()["error_key"] == "access_denied"
    assert rig.sign_in(scope="contact_data").call("GET", "/account/summary").status_code == 403
    assert rig.sign_in(scope="campaign_data").call("GET", "/account/user/privileges").status_code == 200


def test_a_deactivated_app(rig: Rig, acme: Caller) -> None:
    rig.app(active=False)
    assert acme.call("GET", "/account/user/privileges").status_code == 403


def test_accounts_are_apart(rig: Rig, acme: Caller) -> None:
    other = rig.sign_in(HARBOR)
    contact = other.get("/contacts", limit=1)["contacts"][0]
    assert acme.call("GET", f"/contacts/{contact['contact_id']}").status_code == 404
    body = {
        "email_address": {"address": "a@b.org"},
        "create_source": "Account",
        "list_memberships": [other.list_id()],
    }
    assert acme.call("POST", "/contacts", json=body).status_code == 400
