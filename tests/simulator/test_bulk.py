"""Imports in both forms, exports, and the other bulk jobs, with their asynchronous life."""

import csv
import io
from typing import Any

import pytest

from tests.simulator.rig import HARBOR, NORTHSIDE, Caller, Rig

COUNTERS = (
    "items_total_count",
    "person_count",
    "error_count",
    "correctable_count",
    "cannot_add_to_list_count",
)


def counters(activity: dict[str, Any]) -> tuple[int, ...]:
    return tuple(activity["status"][name] for name in COUNTERS)


def json_import(caller: Caller, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    body = {"import_data": rows, "list_ids": [caller.list_id()], **more}
    return caller.finished(caller.post("/activities/contacts_json_import", body))


def test_life_of_a_job(rig: Rig, acme: Caller) -> None:
    activity = acme.upload("email\na@example.org\n").json()
    assert (
        activity["state"] == "initialized" and activity["percent_done"] == 0 and "started_at" not in activity
    )
    assert activity["source_file_name"] == "people.csv"
    path = activity["_links"]["self"]["href"].removeprefix("/v3")
    rig.wait(1)
    assert acme.get(path)["state"] == "processing" and 0 < acme.get(path)["percent_done"] < 100
    assert acme.get("/contacts")["contacts"] == []
    rig.wait(0.6)
    done = acme.get(path)
    assert (done["state"], done["percent_done"], counters(done)) == ("completed", 100, (2, 1, 0, 0, 0))
    assert done["completed_at"] >= done["started_at"] >= done["created_at"]
    assert [item["activity_id"] for item in acme.get("/activities", state="completed")["activities"]] == [
        done["activity_id"]
    ]
    assert acme.get("/activities", state="failed")["activities"] == []
    rig.wait(10 * 86_400 + 5)
    acme = rig.sign_in()
    assert acme.get("/activities")["activities"] == [] and acme.call("GET", path).status_code == 404


def test_new_and_existing(rig: Rig, acme: Caller) -> None:
    acme.create("old@example.org", "explicit", first_name="Old", last_name="Kept")
    text = "email,first_name,home_phone,city,zip\r\nOLD@example.org,New,5550100,Lynn,01901\r\n"
    text += "new@example.org,,,,\r\n"
    assert counters(acme.imported(text)) == (3, 2, 0, 0, 0)
    old, new = acme.contact("old@example.org"), acme.contact("new@example.org")
    assert (old["first_name"], old["last_name"]) == ("New", "Kept")
    assert old["email_address"]["permission_to_send"] == "explicit"
    assert old["phone_numbers"][0]["kind"] == "home" and old["street_addresses"][0]["postal_code"] == "01901"
    assert new["email_address"]["permission_to_send"] == "implicit"
    assert new["email_address"]["opt_in_source"] == new["create_source"] == "Account"
    assert old["list_memberships"] == new["list_memberships"] == [acme.list_id()]


def test_the_last_duplicate_wins(rig: Rig, acme: Caller) -> None:
    text = "email,first_name,last_name\na@example.org,First,One\nA@Example.org,Second,\n"
    assert counters(acme.imported(text)) == (3, 1, 0, 0, 0)
    assert acme.contact("a@example.org")["first_name"] == "Second" and "last_name" not in acme.contact(
        "a@example.org"
    )
    rig.switch(import_duplicates="merged")
    acme.imported(text.replace("a@", "b@").replace("A@", "B@"))
    assert acme.contact("b@example.org")["last_name"] == "One"


ROWS = [
    ("not an address", "correctable"),
    ("", "correctable"),
    ("x" * 80 + "@example.org", "error"),
    ("a@example.org,birthday_month=13,birthday_day=1", "correctable"),
    ("a@example.org,birthday_month=1", "correctable"),
    ("a@example.org,anniversary=soon", "correctable"),
    ("a@example.org,first_name=" + "x" * 51, "error"),
    ("a@example.org,cf:orders=many", "correctable"),
    ("a@example.org,cf:customer_id=" + "x" * 256, "error"),
    ("a@example.org,cf:customer_id=" + "x" * 255, "person"),
    ("a@example.org,cf:favorite_genre=Poetry", "person"),
    ("a@example.org,cf:favorite_genre=Cooking", "correctable"),
]


@pytest.mark.parametrize(("row", "outcome"), ROWS)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_rows(harbor: Caller, row: str, outcome: str, form: str) -> None:
    email, *cells = row.split(",")
    record: dict[str, Any] = {"email": email, "last_name": "L", **dict(cell.split("=") for cell in cells)}
    if form == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([list(record), list(record.values())])
        activity = harbor.imported(text.getvalue())
    else:
        for name in ("birthday_month", "birthday_day"):
            if name in record:
                record[name] = int(record[name])
        activity = json_import(harbor, [record])
    assert activity["state"] == "completed"
    assert activity["status"]["correctable_count" if outcome == "correctable" else f"{outcome}_count"] == 1
    assert sum(counters(activity)[1:]) == 1
    assert bool(activity["activity_errors"]) == (outcome != "person")


def test_blanks_and_unknown_fields(rig: Rig, acme: Caller) -> None:
    acme.create("a@example.org", first_name="Ana")
    done = acme.imported("email,first_name,cf:nothing\na@example.org,,x\n")
    assert acme.contact("a@example.org")["first_name"] == "Ana"
    assert counters(done) == (2, 1, 0, 0, 0) and "cf:nothing" in done["activity_errors"][0]
    rig.switch(import_unknown_field="refused", import_blank_values="cleared")
    assert acme.upload("email,cf:nothing\na@example.org,x\n").status_code == 400
    acme.imported("email,first_name\na@example.org,\n")
    assert "first_name" not in acme.contact("a@example.org")


def test_reviving(rig: Rig, acme: Caller) -> None:
    for number, answer in enumerate(("yes", "no")):
        rig.switch(import_revives_deleted=answer)
        made = acme.create(f"{number}@example.org")
        acme.delete(f"/contacts/{made['contact_id']}")
        acme.imported(f"email\n{number}@example.org\n")
        assert ("deleted_at" in acme.contact(f"{number}@example.org")) == (answer == "no")


def test_twenty_five_custom_fields(acme: Caller) -> None:
    for number in range(26):
        acme.post("/contact_custom_fields", {"label": f"f{number}", "type": "string"})
    columns = ",".join(f"cf:f{number}" for number in range(26))
    done = acme.imported(f"email,{columns}\na@example.org{',x' * 26}\nb@example.org{',x' * 25},\n")
    assert counters(done) == (3, 1, 1, 0, 0)


def test_the_cut_at_rows(rig: Rig, acme: Caller) -> None:
    text = "email\n" + "".join(f"{number}@example.org\n" for number in range(40_002))
    assert counters(acme.imported(text))[:2] == (40_000, 39_999)
    assert acme.get("/contacts/counts")["total"] == 39_999


@pytest.mark.parametrize(("cap", "counts"), [(4_000_000, "body"), (4_194_304, "file")])
def test_the_cut_at_bytes(rig: Rig, acme: Caller, cap: int, counts: str) -> None:
    rig.switch(import_cap_bytes=cap, import_cap_counts=counts)
    line = "{:05}@example.org," + "x" * 400 + "\n"
    size = len(line.format(0))
    text = "email,street\n" + "".join(line.format(number) for number in range(12_000))
    persons = counters(acme.imported(text))[2]
    kept = counters(acme.finished(acme.get("/activities")["activities"][0]))[0] - 1
    wrapping = 500 if counts == "body" else 0
    assert cap - wrapping - size <= kept * size <= cap and persons == kept


def test_the_cut_of_json(rig: Rig, acme: Caller) -> None:
    rows = [{"email": f"{number:05}@example.org", "street": "x" * 200} for number in range(17_000)]
    done = json_import(acme, rows)
    assert 15_500 < done["status"]["person_count"] < 16_600
    assert json_import(acme, rows[:100])["status"]["person_count"] == 100


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"name": "people.txt"}, 415),
        ({"text": ""}, 400),
        ({"text": "first_name\nAna\n"}, 400),
        ({"lists": ""}, 400),
        ({"lists": "7"}, 400),
        ({"lists": "0" * 8 + "-0000-4000-8000-" + "0" * 12}, 400),
        ({"sms_permission_to_send": "maybe"}, 400),
        ({"sms_permission_to_send": "explicit"}, 400),
    ],
)
def test_refused_files(acme: Caller, more: dict[str, str], status: int) -> None:
    assert acme.upload(**{"text": "email\na@example.org\n", **more}).status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"list_ids": []},
        {"list_ids": None},
        {"import_data": None},
        {"import_data": {}},
        {"import_data": ["a@example.org"]},
        {"import_data": [{"email": 5}]},
        {"import_data": [{"email": "a@example.org", "birthday_month": "1"}]},
    ],
)
def test_refused_json(acme: Caller, changes: dict[str, Any]) -> None:
    body = {"import_data": [{"email": "a@example.org"}], "list_ids": [acme.list_id()], **changes}
    acme.post("/activities/contacts_json_import", body, expect=400)


def test_bytes_that_are_no_text(acme: Caller) -> None:
    done = acme.imported(b"\xef\xbb\xbfEmail,First_Name\na@example.org,\xff\xfe\nb@example.org,B\xc3\xa9\n")
    assert counters(done) == (3, 1, 1, 0, 0)
    assert acme.contact("b@example.org")["first_name"] == "Bé"


# --- memberships, taggings, deletions ----------------------------------------------------------------------


def test_list_memberships(rig: Rig, harbor: Caller) -> None:
    lists = {item["name"]: item["list_id"] for item in harbor.get("/contact_lists")["lists"]}
    made = harbor.post("/contact_lists", {"name": "Everyone"})["list_id"]
    body = {"source": {"list_ids": [lists["General Interest"]]}, "list_ids": [made]}
    done = harbor.finished(harbor.post("/activities/add_list_memberships", body))
    members = harbor.get("/contacts", lists=made, limit=500)["contacts"]
    assert done["status"] == {"items_total_count": 43, "items_completed_count": 43, "list_count": 1}
    assert len(members) == 43
    done = harbor.finished(harbor.post("/activities/remove_list_memberships", body))
    assert harbor.get("/contacts", lists=made)["contacts"] == []


def test_adding_revives_the_deleted_and_skips_the_unsubscribed(harbor: Caller) -> None:
    gone = harbor.get("/contacts", status="deleted", limit=500)["contacts"]
    body = {
        "source": {"contact_ids": [contact["contact_id"] for contact in gone]},
        "list_ids": [harbor.list_id()],
    }
    done = harbor.finished(harbor.post("/activities/add_list_memberships", body))
    assert done["status"]["items_completed_count"] == 3 and len(done["activity_errors"]) == 1
    assert len(harbor.get("/contacts", status="deleted")["contacts"]) == 1


def test_taggings(harbor: Caller) -> None:
    tags = [tag["tag_id"] for tag in harbor.get("/contact_tags")["tags"]]
    some = harbor.get("/contacts", limit=1)["contacts"][0]["contact_id"]
    body = {"source": {"all_active_contacts": True}, "exclude": {"contact_ids": [some]}, "tag_ids": tags}
    assert (
        harbor.finished(harbor.post("/activities/contacts_taggings_add", body))["status"][
            "items_completed_count"
        ]
        == 39
    )
    assert harbor.get("/contact_tags", include_count="true")["tags"][0]["contacts_count"] >= 39
    body = {"source": {"tag_ids": tags[:1]}, "tag_ids": tags}
    harbor.finished(harbor.post("/activities/contacts_taggings_remove", body))
    assert harbor.get("/contact_tags", include_count="true")["tags"][0]["contacts_count"] == 0


def test_deletions(harbor: Caller) -> None:
    lists = [item["list_id"] for item in harbor.get("/contact_lists")["lists"]]
    done = harbor.finished(harbor.post("/activities/contact_delete", {"list_ids": lists[1:2]}))
    assert done["status"]["items_completed_count"] == 11
    assert len(harbor.get("/contacts", status="deleted")["contacts"]) == 15
    harbor.finished(harbor.post("/activities/list_delete", {"list_ids": lists}))
    assert harbor.get("/contact_lists")["lists"] == []
    tags = [tag["tag_id"] for tag in harbor.get("/contact_tags")["tags"]]
    harbor.finished(harbor.post("/activities/contacts_tags_delete", {"tag_ids": tags}))
    assert harbor.get("/contact_tags")["tags"] == []
    fields = [item["custom_field_id"] for item in harbor.get("/contact_custom_fields")["custom_fields"]]
    done = harbor.finished(harbor.post("/activities/custom_fields_delete", {"custom_field_ids": fields}))
    assert "status" not in done and harbor.get("/contact_custom_fields")["custom_fields"] == []


@pytest.mark.parametrize(
    ("source", "exclude"),
    [
        ({}, None),
        ({"contact_ids": [], "all_active_contacts": True}, None),
        ({"all_active_contacts": False}, None),
        ({"contact_ids": ["0" * 8 + "-0000-4000-8000-" + "0" * 12] * 501}, None),
        ({"contact_ids": ["0" * 8 + "-0000-4000-8000-" + "0" * 12], "all_active_contacts": True}, None),
        (
            {"contact_ids": ["0" * 8 + "-0000-4000-8000-" + "0" * 12]},
            ["0" * 8 + "-0000-4000-8000-" + "0" * 12],
        ),
        ({"tag_ids": ["0" * 8 + "-0000-4000-8000-" + "0" * 12]}, None),
    ],
)
def test_bad_sources(acme: Caller, source: dict[str, Any], exclude: list[str] | None) -> None:
    body = {
        "source": source,
        "exclude": {"contact_ids": exclude} if exclude else None,
        "list_ids": [acme.list_id()],
    }
    acme.post("/activities/add_list_memberships", body, expect=400)


def test_a_thousand_queued(rig: Rig, acme: Caller) -> None:
    body = {"source": {"all_active_contacts": True}, "list_ids": [acme.list_id()]}
    for _ in range(1000):
        acme.post("/activities/add_list_memberships", body)
    answer = acme.call("POST", "/activities/contact_exports", json={})
    assert answer.status_code == 429 and "1,000 queued" in answer.json()["error_message"]
    assert rig.sign_in(HARBOR).call("POST", "/activities/contact_exports", json={}).status_code == 201
    rig.wait(5)
    acme.post("/activities/add_list_memberships", body)
    assert len(acme.pages("/activities", "activities", limit=400)) == 1001


@pytest.mark.parametrize("outcome", ["failed", "cancelled", "timed_out"])
def test_jobs_that_end_badly(rig: Rig, acme: Caller, outcome: str) -> None:
    rig.control("POST", "/faults", {"match": "file_import", "activity": outcome})
    done = acme.imported("email\na@example.org\n")
    assert done["state"] == outcome and acme.get("/contacts")["contacts"] == []
    assert acme.imported("email\na@example.org\n")["state"] == "completed"


# --- exports -----------------------------------------------------------------------------------------------


def export(caller: Caller, **body: Any) -> list[dict[str, str]]:
    activity = caller.post("/activities/contact_exports", body)
    path = activity["_links"]["results"]["href"].removeprefix("/v3")
    assert caller.call("GET", path).status_code == 404
    caller.finished(activity)
    answer = caller.call("GET", path)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_export_walk_and_counts_agree(rig: Rig) -> None:
    for name in (HARBOR, NORTHSIDE):
        caller = rig.sign_in(name)
        rows = export(caller)
        whole = caller.pages("/contacts", "contacts", limit=500)
        emails = [contact.get("email_address", {}).get("address", "") for contact in whole]
        assert [row["Email address"] for row in rows] == emails
        assert len(rows) == caller.get("/contacts/counts")["total"]


def test_export_columns(rig: Rig, harbor: Caller) -> None:
    rows = export(harbor)
    assert {"First name", "Email Lists", "Email opt-out date", "Customer ID", "Interests"} <= set(rows[0])
    assert not {"Contact ID", "Tags"} & set(rows[0])
    assert rows[0]["Email Lists"] == "General Interest; Newsletter"
    slim = export(harbor, fields=["email_address", "email_optin_date", "zip"])
    assert set(slim[0]) == {"Email address", "Email opt-in date", "Zip/Postal code"}
    rig.switch(
        export_contact_id="present",
        export_tags="present",
        export_custom_fields="absent",
        export_list_separator="|",
    )
    rows = export(harbor)
    assert rows[0]["Contact ID"] and rows[0]["Tags"] == "VIP" and "Customer ID" not in rows[0]
    assert rows[0]["Email Lists"] == "General Interest|Newsletter"


@pytest.mark.parametrize(("status", "size"), [("active", 40), ("unsubscribed", 7), ("removed", 4)])
def test_export_by_status(harbor: Caller, status: str, size: int) -> None:
    assert len(export(harbor, status=status)) == size


def test_export_sources(rig: Rig, harbor: Caller) -> None:
    lists = [item["list_id"] for item in harbor.get("/contact_lists")["lists"]]
    some = harbor.get("/contacts", lists=lists[1], limit=2)["contacts"]
    ids = [contact["contact_id"] for contact in some]
    assert len(export(harbor, list_ids=lists[1:2])) == 11
    assert len(export(harbor, list_ids=lists[1:2], exclude={"contact_ids": ids})) == 9
    assert len(export(harbor, contact_ids=ids)) == 2
    rig.switch(export_includes_removed="yes")
    assert len(export(harbor)) == 61


@pytest.mark.parametrize(
    "body",
    [
        {"fields": ["shoe_size"]},
        {"fields": ["email_optin_date"]},
        {"status": "deleted"},
        {"new_subscriber": True, "status": "active"},
        {"contact_ids": ["x"]},
        {"list_ids": ["0" * 8 + "-0000-4000-8000-" + "0" * 12]},
    ],
)
def test_bad_exports(acme: Caller, body: dict[str, Any]) -> None:
    acme.post("/activities/contact_exports", body, expect=400)
