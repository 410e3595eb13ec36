"""Contacts: the overwriting PUT, soft deletion, conflicts, filters, pages and counts."""

from typing import Any

import pytest

from tests.simulator.rig import HARBOR, NORTHSIDE, Caller, Rig

FULL = {
    "first_name": "Ana",
    "last_name": "Costa",
    "job_title": "Baker",
    "company_name": "Ovens",
    "birthday_month": 2,
    "birthday_day": 29,
    "anniversary": "6/1/2011",
    "phone_numbers": [{"phone_number": "+1 555 0100", "kind": "mobile"}],
    "street_addresses": [{"kind": "home", "street": "1 Main", "city": "Boston"}],
    "notes": [{"content": "Likes rye"}],
}


def test_post_and_read_back(acme: Caller) -> None:
    made = acme.create("Ana@Example.org", **FULL, list_memberships=[acme.list_id()])
    assert made == acme.get(
        f"/contacts/{made['contact_id']}",
        include="custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes,sms_channel",
    )
    assert made["anniversary"] == "2011-06-01" and made["custom_fields"] == []
    assert made["email_address"]["address"] == "Ana@Example.org"
    assert made["email_address"]["opt_in_source"] == "Account"
    bare = acme.get(f"/contacts/{made['contact_id']}")
    assert "list_memberships" not in bare and "notes" not in bare


def test_put_nulls_the_core_and_keeps_the_rest(acme: Caller) -> None:
    made = acme.create("ana@example.org", **FULL, list_memberships=[acme.list_id()])
    after = acme.put(f"/contacts/{made['contact_id']}", {"first_name": "Anna", "update_source": "Account"})
    assert after["first_name"] == "Anna"
    assert not {"last_name", "job_title", "company_name", "birthday_day", "anniversary"} & set(after)
    assert after["email_address"]["address"] == "ana@example.org"
    for part in ("phone_numbers", "street_addresses", "notes", "list_memberships"):
        assert len(after[part]) == 1


def test_put_as_the_forum_has_it(rig: Rig, acme: Caller) -> None:
    rig.switch(put_omitted_subresources="nulled", put_omitted_email="refused")
    made = acme.create("ana@example.org", **FULL, list_memberships=[acme.list_id()])
    body: dict[str, Any] = {"first_name": "Anna", "update_source": "Account"}
    acme.put(f"/contacts/{made['contact_id']}", body, expect=400)
    after = acme.put(
        f"/contacts/{made['contact_id']}", {**body, "email_address": {"address": "ana@example.org"}}
    )
    assert all(
        after[part] == [] for part in ("phone_numbers", "street_addresses", "notes", "list_memberships")
    )


def test_put_without_a_source_or_to_a_taken_address(acme: Caller) -> None:
    made, other = acme.create("a@example.org"), acme.create("b@example.org")
    acme.put(f"/contacts/{made['contact_id']}", {"first_name": "A"}, expect=400)
    body = {"email_address": {"address": "B@example.org"}, "update_source": "Account"}
    answer = acme.put(f"/contacts/{made['contact_id']}", body, expect=409)
    assert other["contact_id"] in answer[0]["error_message"]


@pytest.mark.parametrize("kept", ["living", "unsubscribed", "deleted"])
def test_the_conflict_names_the_contact(rig: Rig, acme: Caller, kept: str) -> None:
    made = acme.create("ana@example.org", "unsubscribed" if kept == "unsubscribed" else "implicit")
    if kept == "deleted":
        acme.delete(f"/contacts/{made['contact_id']}")
    body = {"email_address": {"address": "ANA@example.org"}, "create_source": "Account"}
    answer = acme.post("/contacts", body, expect=409)
    assert (
        answer[0]["error_key"] == "contacts.api.conflict" and made["contact_id"] in answer[0]["error_message"]
    )
    rig.switch(conflict_message="without_id")
    assert made["contact_id"] not in acme.post("/contacts", body, expect=409)[0]["error_message"]


def test_deleting_and_coming_back(acme: Caller) -> None:
    made = acme.create("ana@example.org", list_memberships=[acme.list_id()])
    path = f"/contacts/{made['contact_id']}"
    acme.delete(path)
    acme.delete(path, expect=404)
    gone = acme.get(path, include="list_memberships")
    assert len(gone["deleted_at"]) == 10 and gone["list_memberships"] == []
    assert acme.get("/contacts", email="ana@example.org") == {"contacts": []}
    assert len(acme.get("/contacts", email="ana@example.org", status="deleted")["contacts"]) == 1
    assert acme.get("/contacts/counts")["total"] == 0
    acme.put(path, {"update_source": "Contact"}, expect=400)
    back = acme.put(path, {"update_source": "Account", "list_memberships": [acme.list_id()]})
    assert "deleted_at" not in back and back["email_address"]["permission_to_send"] == "implicit"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"create_source": None}, "create_source"),
        ({"create_source": "Landing Page"}, "create_source"),
        ({"first_name": "x" * 51}, "first_name"),
        ({"first_name": 5}, "first_name"),
        ({"birthday_month": 2}, "birthday"),
        ({"birthday_month": 2, "birthday_day": 30}, "birthday_day"),
        ({"birthday_month": 13, "birthday_day": 1}, "birthday_month"),
        ({"anniversary": "1st of May"}, "anniversary"),
        ({"email_address": {"address": "not an address"}}, "address"),
        ({"email_address": {"address": "x" * 75 + "@e.org"}}, "address"),
        ({"email_address": {"address": "a@b.org", "permission_to_send": "yes"}}, "permission_to_send"),
        ({"email_address": {}}, "address"),
        ({"phone_numbers": [{"phone_number": "1"}] * 4}, "phone_numbers"),
        ({"phone_numbers": [{"phone_number": "1" * 26}]}, "phone_number"),
        ({"phone_numbers": [{"phone_number": "1", "kind": "fax"}]}, "kind"),
        ({"street_addresses": [{"street": "1 Main"}]}, "kind"),
        ({"list_memberships": ["7" * 8]}, "list_memberships"),
        ({"list_memberships": ["0" * 8 + "-0000-4000-8000-" + "0" * 12]}, "list_memberships"),
        ({"list_memberships": "all"}, "list_memberships"),
        ({"taggings": ["0" * 8 + "-0000-4000-8000-" + "0" * 12]}, "taggings"),
        (
            {"custom_fields": [{"custom_field_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "value": "x"}]},
            "custom_field",
        ),
        ({"notes": [{"content": "x" * 2001}]}, "content"),
        ({"notes": [{"content": "x"}] * 151}, "notes"),
    ],
)
def test_post_refuses(acme: Caller, changes: dict[str, Any], part: str) -> None:
    body = {"email_address": {"address": "a@example.org"}, "create_source": "Account", **changes}
    answer = acme.post("/contacts", body, expect=400)
    assert isinstance(answer, list) and answer[0]["error_key"] == "contacts.api.validation.error"
    assert part in answer[0]["error_message"]


def test_a_contact_needs_someone(acme: Caller) -> None:
    acme.post("/contacts", {"create_source": "Account", "job_title": "Ghost"}, expect=400)


# --- custom field values -----------------------------------------------------------------------------------

GOOD = {
    "string": "anything",
    "text_area": "anything",
    "number": "12",
    "currency": "12.50",
    "date": "2026-02-28",
    "datetime": "2026-02-28T10:00:00Z",
    "boolean": "true",
}
BAD = {"number": "many", "currency": "-1", "date": "2026-02-30", "datetime": "noon", "boolean": "yes"}


def field(harbor: Caller, kind: str) -> dict[str, Any]:
    return next(
        item for item in harbor.get("/contact_custom_fields")["custom_fields"] if item["type"] == kind
    )


@pytest.mark.parametrize("kind", GOOD)
def test_typed_values(rig: Rig, harbor: Caller, kind: str) -> None:
    field_id = field(harbor, kind)["custom_field_id"]
    made = harbor.create(
        "new@example.org", custom_fields=[{"custom_field_id": field_id, "value": GOOD[kind]}]
    )
    assert made["custom_fields"] == [{"custom_field_id": field_id, "value": GOOD[kind]}]
    if kind in BAD:
        body = {
            "custom_fields": [{"custom_field_id": field_id, "value": BAD[kind]}],
            "update_source": "Account",
        }
        harbor.put(f"/contacts/{made['contact_id']}", body, expect=400)
        rig.switch(typed_values="unchecked")
        harbor.put(f"/contacts/{made['contact_id']}", body)


def test_choices(rig: Rig, harbor: Caller) -> None:
    one, many = field(harbor, "single_select"), field(harbor, "multi_select")
    values = [
        {"custom_field_id": one["custom_field_id"], "choice_ids": ["000002"]},
        {"custom_field_id": many["custom_field_id"], "choice_ids": ["1", "000003"]},
    ]
    made = harbor.create("new@example.org", custom_fields=values)
    assert [item["choice_ids"] for item in made["custom_fields"]] == [["000002"], ["000001", "000003"]]
    rig.switch(contact_choice_ids="plain")
    assert harbor.contact("new@example.org")["custom_fields"][1]["choice_ids"] == ["1", "3"]
    for wrong in (["1", "2"], ["9"], ["x"]):
        body = {
            "custom_fields": [{"custom_field_id": one["custom_field_id"], "choice_ids": wrong}],
            "update_source": "Account",
        }
        harbor.put(f"/contacts/{made['contact_id']}", body, expect=400)


def test_present_custom_fields_replace_or_merge(rig: Rig, harbor: Caller) -> None:
    text, number = field(harbor, "string")["custom_field_id"], field(harbor, "number")["custom_field_id"]
    made = harbor.create("new@example.org", custom_fields=[{"custom_field_id": text, "value": "a"}])
    body = {"custom_fields": [{"custom_field_id": number, "value": "1"}], "update_source": "Account"}
    assert len(harbor.put(f"/contacts/{made['contact_id']}", body)["custom_fields"]) == 1
    rig.switch(put_present_custom_fields="merged")
    body = {"custom_fields": [{"custom_field_id": text, "value": "a"}], "update_source": "Account"}
    assert len(harbor.put(f"/contacts/{made['contact_id']}", body)["custom_fields"]) == 2


# --- reading -----------------------------------------------------------------------------------------------


def test_pages_counts_and_walk_agree() -> None:
    rig = Rig(contacts=120)
    for name in (HARBOR, NORTHSIDE):
        caller = rig.sign_in(name)
        whole = caller.pages("/contacts", "contacts", limit=37)
        ids = [contact["contact_id"] for contact in whole]
        counts = caller.get("/contacts/counts", include="new_subscriber")
        assert len(set(ids)) == len(ids) == counts["total"] > 50
        assert caller.get("/contacts", include_count="true", limit=1)["contacts_count"] == counts["total"]
        for state in ("explicit", "implicit", "unsubscribed"):
            found = [
                contact
                for contact in whole
                if contact.get("email_address", {}).get("permission_to_send") == state
            ]
            assert len(found) == counts[state]
    assert rig.simulator.defects == 0


def test_the_cursor_carries_everything(rig: Rig) -> None:
    caller = rig.sign_in(NORTHSIDE)
    first = caller.get("/contacts", limit=3, status="active", include="list_memberships")
    second = caller.get(first["_links"]["next"]["href"].removeprefix("/v3"))
    assert len(second["contacts"]) == 3 and "list_memberships" in second["contacts"][0]
    assert "_links" not in caller.get("/contacts", limit=500, status="deleted")
    rig.switch(last_page_link="null")
    assert caller.get("/contacts", limit=500, status="deleted")["_links"] == {"next": None}


@pytest.mark.parametrize(
    ("status", "size"),
    [
        (None, 57),
        ("all", 61),
        ("active", 40),
        ("deleted", 4),
        ("unsubscribed", 7),
        ("not_set", 5),
        ("pending_confirmation", 3),
        ("temp_hold", 2),
        ("active,unsubscribed", 47),
    ],
)
def test_status_filter(harbor: Caller, status: str | None, size: int) -> None:
    params = {"status": status} if status else {}
    assert len(harbor.get("/contacts", limit=500, **params)["contacts"]) == size


def test_filters_are_anded(harbor: Caller) -> None:
    lists = {item["name"]: item["list_id"] for item in harbor.get("/contact_lists")["lists"]}
    tag = harbor.get("/contact_tags", include_count="true")["tags"][0]
    either = harbor.get("/contacts", lists=f"{lists['Newsletter']},{lists['Events']}", limit=500)["contacts"]
    one = harbor.get("/contacts", lists=lists["General Interest"], limit=500)["contacts"]
    both = harbor.get("/contacts", lists=lists["General Interest"], tags=tag["tag_id"], limit=500)["contacts"]
    assert len(one) > len(either) > len(both) > 0
    assert (
        len(harbor.get("/contacts", tags=tag["tag_id"], status="all", limit=500)["contacts"])
        >= tag["contacts_count"]
    )


def test_windows(rig: Rig, acme: Caller) -> None:
    for name in ("a", "b", "c"):
        acme.create(f"{name}@example.org")
        rig.wait(10)
    whole = acme.get("/contacts")["contacts"]
    middle = whole[1]["created_at"]

    def found(**params: Any) -> str:
        contacts = acme.get("/contacts", **params)["contacts"]
        return "".join(contact["email_address"]["address"][0] for contact in contacts)

    assert found(created_after=middle) == "bc" and found(updated_before=middle) == "ab"
    assert found(updated_after=middle.replace("Z", "+00:00"), updated_before=middle) == "b"
    rig.switch(window_bounds="exclusive")
    assert found(created_after=middle) == "c"
    rig.switch(window_bounds="inclusive", index_lag_seconds=60)
    assert found(updated_after="2026-01-01") == ""
    rig.wait(60)
    assert found(updated_after="2026-01-01") == "abc"


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "ten"},
        {"status": "living"},
        {"include": "everything"},
        {"updated_after": "yesterday"},
        {"lists": ",".join(["0" * 8 + "-0000-4000-8000-" + "0" * 12] * 26)},
        {"tags": ",".join(["0" * 8 + "-0000-4000-8000-" + "0" * 12] * 51)},
        {"cursor": "x"},
        {"cursor": "bmV4dD0tMQ=="},
        {"include_count": "maybe"},
        {"sms_status": "on"},
    ],
)
def test_bad_parameters(acme: Caller, params: dict[str, str]) -> None:
    answer = acme.call("GET", "/contacts", params=params)
    assert answer.status_code == 400 and isinstance(answer.json(), list)


def test_ids_that_are_none(rig: Rig, acme: Caller) -> None:
    for path in (
        "/contacts/7",
        "/contact_lists/7",
        "/contact_tags/7",
        "/contact_custom_fields/7",
        "/activities/7",
    ):
        answer = acme.call("GET", path)
        assert answer.status_code == 404 and answer.json()[0]["error_key"] == "contacts.api.not_found"
    rig.switch(malformed_id=400)
    assert acme.call("GET", "/contacts/7").status_code == 400
    assert acme.call("GET", "/contacts/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12).status_code == 404


def test_sign_up_appends_and_caps(acme: Caller) -> None:
    lists = [acme.post("/contact_lists", {"name": f"L{number}"})["list_id"] for number in range(51)]
    acme.create("a@example.org", list_memberships=lists[:49])
    body = {"email_address": "a@example.org", "list_memberships": [lists[49]]}
    acme.post("/contacts/sign_up_form", body, expect=200)
    assert len(acme.contact("a@example.org")["list_memberships"]) == 50
    acme.post("/contacts/sign_up_form", {**body, "list_memberships": [lists[50]]}, expect=400)
    acme.post("/contacts/sign_up_form", {**body, "list_memberships": []}, expect=400)
    acme.post("/contacts/sign_up_form", {**body, "email_address": "x" * 45 + "@e.org"}, expect=400)
