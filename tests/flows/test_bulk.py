"""Bulk writes of contacts over HTTP against the simulator: a job whose rows say what became of each."""

import json
import time
from datetime import UTC, datetime

import pytest

from connections.models import Environment
from connections.programs import keys
from mapping.models import ConsentBasis, ConsentEntry, MirrorContact
from syncjobs.imports import scratch
from syncjobs.models import ImportRow, ScratchList, SyncJob, WebhookDelivery
from tests.flows.bulk import BULK, Sender, changing, changing_since, people
from tests.flows.importing import Person, contacts
from tests.flows.mirrors import read
from tests.flows.programs import Program
from tests.long import LONG, LONG_ONLY

MODES = ("upsert", "fill_blanks", "skip")


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Sender(world, person)


def test_many_people_take_few_calls(program, simulator):
    rows = people(300, lists=["News"], tags=["VIP"], custom_fields={"Plan": "team"})
    job = program.write(rows, create_missing=True)
    assert job["state"] == "done", job
    assert job["counts"] == {
        "accepted": 300,
        "created": 300,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "rejected": 0,
    }
    assert [one["name"] for kind in ("lists", "tags", "custom_fields") for one in job["created"][kind]] == [
        "News",
        "VIP",
        "Plan",
    ]
    there = contacts(simulator)
    one = there["person7@people.example"]
    assert one["first_name"] == "P7"
    assert one["list_memberships"] == [job["created"]["lists"][0]["id"]]
    assert one["custom_fields"][0]["value"] == "team"
    assert one["email_address"]["permission_to_send"] == "implicit"
    # A list, a tag and a field; one import; one tagging, by the list.
    assert len(changing(simulator)) == 5, changing(simulator)
    assert job["provider_calls"]["spent"] <= job["provider_calls"]["quoted"] + 2


def test_each_mode_treats_who_is_there_as_it_says(program):
    news = program.list("News")
    ids = {
        name: program.contact(name, first_name="Old", list_memberships=[news])["contact_id"]
        for name in ("ann", "bob", "cid")
    }
    wanted = {"first_name": "New", "last_name": "Quill"}
    rows = [{"email": f"{name}@people.example", **wanted} for name in ids]
    ends = [program.write([row], mode=mode) for row, mode in zip(rows, MODES, strict=True)]
    assert [one["state"] for one in ends] == ["done"] * 3
    found = {name: program.read(contact_id) for name, contact_id in ids.items()}
    assert [(one["first_name"], one.get("last_name")) for one in found.values()] == [
        ("New", "Quill"),
        ("Old", "Quill"),
        ("Old", None),
    ]
    assert all(one["list_memberships"] == [news] for one in found.values())
    assert program.rows(ends[2])[1]["reason"] == "there_already"
    if LONG:
        again = program.write([rows[0]])
        assert program.rows(again)[1]["reason"] == "same"


def test_people_are_deleted_unsubscribed_and_moved(program, simulator):
    simulator.ask("/_sim/switches", {"export_contact_id": "present", "export_tags": "present"}, "PUT")
    news, old, vip, gone = program.list("News"), program.list("Old"), program.tag("VIP"), program.tag("Gone")
    ids = {
        name: program.contact(name, list_memberships=[old], taggings=[gone])["contact_id"]
        for name in ("ann", "bob", "cid", "dan")
    }
    simulator.since = simulator.ask("/_sim/state")["journal_seq"]
    job = program.write(
        [
            {"email": "Ann@people.example", "action": "delete"},
            {"email": "bob@people.example", "action": "unsubscribe"},
            {
                "email": "cid@people.example",
                "lists": {"set": [news]},
                "tags": {"add": ["vip"], "remove": [gone]},
            },
            {"email": "dan@people.example", "lists": {"add": [{"id": news}], "remove": [{"name": "old"}]}},
            {"email": "eve@people.example", "action": "delete"},
            {"email": "eve2@people.example", "action": "unsubscribe"},
        ]
    )
    assert job["state"] == "done", job
    found = program.rows(job)
    assert [(one["outcome"], one["reason"]) for one in found.values()] == [
        ("updated", "deleted"),
        ("updated", "unsubscribed"),
        ("updated", None),
        ("updated", None),
        ("skipped", "not_there"),
        ("skipped", "not_there"),
    ]
    assert program.read(ids["ann"])["deleted_at"]
    assert program.read(ids["bob"])["email_address"]["permission_to_send"] == "unsubscribed"
    cid, dan = program.read(ids["cid"]), program.read(ids["dan"])
    assert (cid["list_memberships"], cid["taggings"]) == ([news], [vip])
    assert (dan["list_memberships"], dan["taggings"]) == ([news], [gone])
    # One export; one opt-out; one delete, one import onto the list, one removal, one tagging and one untagging.
    assert len(changing(simulator)) == 7, changing(simulator)
    # What was written is known: nothing is left to do the second time, and nobody is brought back.
    rows = [
        {"email": "ann@people.example", "action": "delete"},
        {"email": "bob@people.example", "action": "unsubscribe"},
        {"email": "cid@people.example", "lists": {"set": [news]}, "tags": {"add": ["vip"], "remove": [gone]}},
        {"email": "dan@people.example", "lists": {"add": [{"id": news}], "remove": [{"name": "old"}]}},
    ]
    assert program.write(rows)["counts"]["unchanged"] == 4
    back = program.write([{**row, "action": "upsert", "lists": [news]} for row in rows[:2]])
    assert [one["reason"] for one in program.rows(back).values()] == ["deleted_there", "opted_out"]
    assert program.read(ids["bob"])["email_address"]["permission_to_send"] == "unsubscribed"


def test_who_unsubscribed_is_deleted_beside_a_temporary_list(program, person, simulator):
    """No list takes them, so that they are deleted by their ids; the others, for want of ids, by the list."""
    program.write(people(2_000, lists=["News"]), create_missing=True)
    read(person)
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    for n in (3, 4):
        simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": f"person{n}@people.example"})
    before = len(simulator.calls())
    rows = [{"email": f"person{n}@people.example", "action": "delete"} for n in range(600)]
    job = program.write(rows)
    assert (job["state"], job["counts"]["updated"]) == ("done", 600), job
    assert {one["reason"] for one in program.rows(job).values()} == {"deleted"}
    gone = {name for name, one in contacts(simulator).items() if "deleted_at" in one}
    assert gone == {one["email"] for one in rows}
    with person.scope.transaction():
        assert ScratchList.objects.count() == 1
        dead = MirrorContact.objects.filter(standing="deleted")
        assert dead.count() == 600
    assert not [path for _, path in changing_since(simulator, before) if path.endswith("contact_exports")]


def test_few_people_are_asked_for_by_their_addresses(program, person, simulator):
    """An account with many tombstones is not walked for a handful of people: of each it is asked whether they left."""
    many = people(1_100, lists=["News"])
    program.write(many, create_missing=True)
    program.write([{"email": one["email"], "action": "delete"} for one in many])
    news = program.list("Others")
    names = ("ann", "bob", "cid")
    ids = {name: program.contact(name, list_memberships=[news])["contact_id"] for name in names}
    read(person)
    program.provider("DELETE", f"contacts/{ids['ann']}")
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "bob@people.example"})
    reasons = []
    for name in names:
        before = len(simulator.calls())
        row = {"email": f"{name}@people.example", "first_name": "New", "lists": [news]}
        reasons.append(program.rows(program.write([row]))[1]["reason"])
        # Who opted out since, and this person.
        assert [one["path"] for one in simulator.calls()[before:]].count("/v3/contacts") == 2
    assert reasons == ["deleted_there", "opted_out", None]


def test_an_opt_out_beats_whatever_else_a_job_wants_of_the_person(program):
    news = program.list("News")
    ann = program.contact("ann", list_memberships=[news])["contact_id"]
    job = program.write(
        [
            {"email": "ann@people.example", "action": "unsubscribe"},
            {"email": "ann@people.example", "first_name": "Ann", "lists": [news]},
        ]
    )
    assert [one["reason"] for one in program.rows(job).values()] == ["unsubscribed", "duplicate"]
    assert program.read(ann)["email_address"]["permission_to_send"] == "unsubscribed"


def test_a_new_person_needs_a_basis_and_an_opt_out_none(program):
    news = program.list("News")
    ann = program.contact("ann", list_memberships=[news])["contact_id"]
    rows = [
        {"email": "new@people.example", "lists": [news]},
        {"email": "alone@people.example"},
        {"email": "ann@people.example", "action": "unsubscribe"},
    ]
    with program.person.scope.transaction():
        basis = ConsentBasis.objects.get(connection=program.person.connection)
        ConsentBasis.objects.all().delete()
    job = program.write(rows)
    assert [(one["outcome"], one["reason"]) for one in program.rows(job).values()] == [
        ("rejected", "consent_basis_missing"),
        ("rejected", "consent_basis_missing"),
        ("updated", "unsubscribed"),
    ]
    assert program.read(ann)["email_address"]["permission_to_send"] == "unsubscribed"
    with program.person.scope.transaction():
        basis.save(force_insert=True)
    assert program.write(rows)["counts"]["created"] == 2
    with program.person.scope.transaction():
        entries = {one.email: one for one in ConsentEntry.objects.exclude(outcome="skipped")}
    assert {
        email: (one.call, one.permission, one.basis.get("kind"), one.decided_by.partition(" (")[0])
        for email, one in entries.items()
    } == {
        "new@people.example": ("import", "implicit", "customers", "API token test"),
        "alone@people.example": ("create", "implicit", "customers", "API token test"),
        "ann@people.example": ("opt_out", "unsubscribed", None, "API token test"),
    }


def test_who_opted_in_is_written_alone_with_the_evidence(program, simulator):
    news, vip = program.list("News"), program.tag("VIP")
    ann = program.contact("ann", list_memberships=[news], last_name="Quill")["contact_id"]
    left = program.contact("left", list_memberships=[news])["contact_id"]
    gone = program.contact("gone", list_memberships=[news])["contact_id"]
    out = {"address": "left@people.example", "permission_to_send": "unsubscribed"}
    program.provider("PUT", f"contacts/{left}", {"email_address": out, "update_source": "Account"})
    program.ask("DELETE", f"/v3/contacts/{gone}")
    proof = {"source": "shop", "at": "2099-01-01T00:00:00Z", "text": "Yes, send me news"}
    late = {"permission_to_send": "explicit", "evidence": proof}
    consent = {**late, "evidence": {**proof, "at": datetime.now(UTC).isoformat()}}
    names = ("new", "ann", "left", "gone")
    rows = [{"email": f"{name}@people.example", "first_name": name, "consent": consent} for name in names]
    rows = [{**one, "lists": [{"id": news}], "tags": [{"id": vip}]} for one in rows]
    rows.append({"email": "early@people.example", "consent": late})
    rows += people(2, lists=[{"id": news}])
    dry = program.write(rows, dry_run=True)
    before = len(simulator.calls())
    job = program.write(rows)
    assert [(one["outcome"], one["reason"]) for one in program.rows(job).values()] == [
        ("created", None),
        ("updated", None),
        ("skipped", "awaiting_confirmation"),
        ("skipped", "deleted_there"),
        ("rejected", "not_a_time"),
        ("created", None),
        ("created", None),
    ]
    assert dry["counts"] == job["counts"]
    assert dry["provider_calls"]["quoted"] > 3 * 2, "two calls a person are announced"
    there = contacts(simulator)
    permission = {name: one["email_address"]["permission_to_send"] for name, one in there.items()}
    assert permission == {
        "new@people.example": "explicit",
        "ann@people.example": "explicit",
        "person0@people.example": "implicit",
        "person1@people.example": "implicit",
        "left@people.example": "unsubscribed",
        "gone@people.example": "implicit",
    }
    assert "deleted_at" in there["gone@people.example"]
    read = program.read(ann)
    assert (read["first_name"], read["last_name"], read["taggings"]) == ("ann", "Quill", [vip])
    asked = [path for _, path in changing_since(simulator, before)]
    assert [path for path in asked if "resubscribe" in path] == [f"/v3/contacts/resubscribe/{left}"]
    with program.person.scope.transaction():
        entries = {one.email.partition("@")[0]: one for one in ConsentEntry.objects.all()}
    assert {name: (one.call, one.permission, one.will) for name, one in entries.items()} == {
        "new": ("create", "explicit", "recorded"),
        "ann": ("update", "explicit", "recorded"),
        "left": ("resubscribe", "", "recorded"),
        "person0": ("import", "implicit", "basis"),
        "person1": ("import", "implicit", "basis"),
    }
    assert entries["ann"].evidence["text"] == "Yes, send me news"


def test_who_is_on_no_list_is_written_alone_and_loses_nothing(program):
    vip = program.tag("VIP")
    ann = program.contact(
        "ann",
        last_name="Quill",
        phone_numbers=[{"phone_number": "555 1000", "kind": "work"}],
        notes=[{"content": "likes rye"}],
    )["contact_id"]
    job = program.write(
        [
            {
                "email": "ann@people.example",
                "first_name": "Ann",
                "phones": [{"phone": "555 2000"}],
                "tags": [vip],
            },
            {"email": "new@people.example", "first_name": "New", "tags": [vip]},
        ]
    )
    assert (job["counts"]["created"], job["counts"]["updated"]) == (1, 1), program.rows(job)
    found = program.read(ann)
    assert (found["first_name"], found["last_name"], found["taggings"]) == ("Ann", "Quill", [vip])
    assert {one["phone_number"] for one in found["phone_numbers"]} == {"555 1000", "555 2000"}
    assert found["notes"][0]["content"] == "likes rye"
    new = program.provider("GET", "contacts?email=new@people.example&include=taggings")["contacts"][0]
    assert (new["first_name"], new["taggings"]) == ("New", [vip])
    assert new["email_address"]["permission_to_send"] == "implicit"


@pytest.mark.parametrize("mode", ["upsert", "fill_blanks"])
def test_who_came_since_the_account_was_read_keeps_what_no_row_names(program, mode):
    assert program.write([{"email": "nobody@people.example", "action": "delete"}])["state"] == "done"
    street = {"kind": "home", "street": "1 Main St", "city": "Springfield"}
    ann = program.contact(
        "ann",
        first_name="Old",
        phone_numbers=[{"phone_number": "555 1000", "kind": "work"}],
        street_addresses=[street],
    )["contact_id"]
    row = {"email": "ann@people.example", "first_name": "New", "last_name": "Quill"}
    more = {
        "phones": [{"phone": "555 3000", "type": "work"}, {"phone": "555 2000"}],
        "addresses": [{"street_1": "2 High St", "postal_code": "12345"}],
    }
    assert program.write([row], mode=mode)["counts"]["updated"] == 1
    found = program.read(ann)
    first = {"upsert": "New", "fill_blanks": "Old"}[mode]
    assert (found["first_name"], found["last_name"]) == (first, "Quill")
    assert [one["phone_number"] for one in found["phone_numbers"]] == ["555 1000"]
    assert found["street_addresses"][0].items() >= street.items()
    # Another, who comes after our copy too, with a row that names both.
    eve = program.contact(
        "eve", phone_numbers=[{"phone_number": "555 1000", "kind": "work"}], street_addresses=[street]
    )
    assert (
        program.write([{**row, **more, "email": "eve@people.example"}], mode=mode)["counts"]["updated"] == 1
    )
    found = program.read(eve["contact_id"])
    work, way = {"upsert": ("555 3000", "2 High St"), "fill_blanks": ("555 1000", "1 Main St")}[mode]
    assert {one["phone_number"] for one in found["phone_numbers"]} == {work, "555 2000"}
    changed = {**street, "street": way, "postal_code": "12345"}
    assert [one["kind"] for one in found["street_addresses"]] == ["home"]
    assert found["street_addresses"][0].items() >= changed.items()


def test_other_kinds_of_phones_and_addresses_arrive(program):
    job = program.write(
        [
            {
                "email": "ann@people.example",
                "phones": [{"phone": "555 1000", "type": "mobile"}, {"phone": "555 2000", "type": "work"}],
                "addresses": [{"street_1": "1 Main St", "city": "Springfield", "type": "work"}],
                "lists": ["News"],
            }
        ],
        create_missing=True,
    )
    assert job["counts"]["created"] == 1, program.rows(job)
    query = "contacts?email=ann@people.example&include=phone_numbers,street_addresses"
    found = program.provider("GET", query)["contacts"][0]
    assert {one["kind"]: one["phone_number"] for one in found["phone_numbers"]} == {
        "mobile": "555 1000",
        "work": "555 2000",
    }
    assert [(one["kind"], one["street"]) for one in found["street_addresses"]] == [("work", "1 Main St")]


BAD = [
    ({"first_name": "Nobody"}, "email", "missing_email"),
    ({"email": "no address"}, "email", "invalid_email"),
    ({"email": "a@people.example", "phones": [{"phone": "none"}]}, "phones", "not_a_phone"),
    ({"email": "b@people.example", "lists": ["Nowhere"]}, "lists", "unknown_list"),
    ({"email": "c@people.example", "tags": ["Nothing"]}, "tags", "unknown_tag"),
    (
        {"email": "d@people.example", "custom_fields": {"Size": 3}},
        "custom_fields.Size",
        "unknown_custom_field",
    ),
    ({"email": "e@people.example", "action": "explode"}, "action", "unknown_action"),
    ({"email": "f@people.example", "nickname": "F"}, "nickname", "unknown_field"),
    ({"email": "g@people.example", "first_name": "G" * 51}, "first_name", "too_long"),
    (["no", "object"], None, "not_a_contact"),
]


def test_a_bad_row_is_named_and_the_good_ones_go(program):
    news = program.list("News")
    good = {"email": "good@people.example", "lists": [news]}
    job = program.write([*(row for row, _, _ in BAD), good])
    assert (job["state"], job["counts"]["rejected"], job["counts"]["created"]) == ("done", len(BAD), 1)
    found = program.rows(job, "?outcome=rejected")
    assert [(one["field"], one["reason"]) for one in found.values()] == [(name, why) for _, name, why in BAD]
    assert all(one["text"] for one in found.values())
    assert list(found) == list(range(1, len(BAD) + 1))


def test_all_or_nothing_sends_nothing_where_a_row_is_bad(program, simulator):
    rows = [{"email": "good@people.example", "lists": ["News"]}, {"email": "bad"}]
    job = program.write(rows, create_missing=True, all_or_nothing=True)
    assert (job["state"], job["reason"]) == ("failed", "rows_rejected")
    assert [(one["outcome"], one["reason"]) for one in program.rows(job).values()] == [
        ("skipped", "not_sent"),
        ("rejected", "invalid_email"),
    ]
    assert not changing(simulator)
    if LONG:
        assert program.write(rows[:1], create_missing=True, all_or_nothing=True)["counts"]["created"] == 1


def test_a_dry_run_says_what_would_be_and_sends_nothing(program, simulator):
    rows = [*people(20, lists=["News"], custom_fields={"Plan": "team"}), {"email": "bad"}]
    job = program.write(rows, create_missing=True, dry_run=True)
    assert (job["state"], job["is_dry_run"]) == ("done", True)
    assert (job["counts"]["created"], job["counts"]["rejected"]) == (20, 1)
    assert job["created"]["lists"] == [{"id": None, "name": "News"}]
    assert not changing(simulator)
    real = program.write(rows, create_missing=True)
    assert real["provider_calls"]["spent"] <= job["provider_calls"]["quoted"] + 2
    assert real["counts"] == job["counts"]


def test_rows_come_as_lines_and_as_a_file(program):
    lines = "\n".join(json.dumps(one) for one in people(3, lists=["News"])) + "\n\nnot json\n"
    answer = program.ask("POST", f"{BULK}?create_missing=true", lines, content_type="application/x-ndjson")
    assert answer.status_code == 202, answer.content
    job = program.end(answer.json()["result"])
    assert (job["counts"]["created"], job["counts"]["rejected"]) == (3, 1)
    assert program.rows(job, "?outcome=rejected")[5]["reason"] == "unreadable"
    file = (
        "email,first_name,lists.add,tags.add,custom_fields.Plan,action\r\n"
        'person0@people.example,"Zoe, the first",News;Extra,VIP,team,\r\n'
        "person1@people.example,,,,,delete\r\n"
    )
    answer = program.ask("POST", f"{BULK}?create_missing=true", file, content_type="text/csv")
    assert answer.status_code == 202, answer.content
    job = program.end(answer.json()["result"])
    assert job["counts"]["updated"] == 2, program.rows(job)
    assert program.rows(job)[3]["reason"] == "deleted"
    names = program.provider("GET", "contacts?email=person0@people.example&include=list_memberships")
    assert names["contacts"][0]["first_name"] == "Zoe, the first"
    assert len(names["contacts"][0]["list_memberships"]) == 2


WRONG = [
    ("{", "application/json", "body"),
    ("[]", "application/json", "body"),
    ('{"contacts": []}', "application/json", "contacts"),
    ('{"contacts": [{"email": "a@b.example"}], "mode": "all"}', "application/json", "mode"),
    ('{"contacts": [{"email": "a@b.example"}], "colour": 1}', "application/json", "colour"),
    ("email,nickname\r\na@b.example,A\r\n", "text/csv", "nickname"),
    ("\n", "application/x-ndjson", "contacts"),
    ("<contacts/>", "application/xml", "Content-Type"),
]


def test_a_body_that_cannot_be_meant_keeps_nothing(program, person, settings_of):
    for body, kind, field in WRONG:
        answer = program.ask("POST", BULK, body, content_type=kind)
        assert answer.status_code == 400, (body, answer.content)
        assert answer.json()["details"]["failures"][0]["field"] == field
    settings_of(BULK_ROWS=2, BULK_MAX_BYTES=1_000)
    assert program.ask("POST", BULK, {"contacts": people(3)}).status_code == 400
    assert program.ask("POST", BULK, {"contacts": people(90)}).status_code == 413
    with person.scope.transaction():
        assert not SyncJob.objects.filter(kind="bulk").exists()
        assert not ImportRow.objects.exists()


def test_the_same_key_starts_one_job(program):
    rows = people(2)
    key = {"Idempotency-Key": "order-17"}
    first = program.ask("POST", BULK, {"contacts": rows}, **key).json()["result"]
    again = program.ask("POST", BULK, {"contacts": rows}, **key).json()["result"]
    assert first["id"] == again["id"]
    assert again["counts"]["accepted"] == 2
    other = program.ask("POST", BULK, {"contacts": people(3)}, **key)
    assert (other.status_code, other.json()["details"]["reason"]) == (422, "idempotency_key_reused")


def test_the_same_key_with_other_options_is_another_call(program, settings_of):
    settings_of(PROXY_MAX_BYTES=100)  # what is larger is found by its job alone
    lines = "\n".join(json.dumps(one) for one in people(2))

    def start(query, kind="application/x-ndjson"):
        return program.ask(
            "POST", f"{BULK}{query}", lines, content_type=kind, **{"Idempotency-Key": "order-18"}
        )

    dry = start("?dry_run=true")
    assert dry.status_code == 202, dry.content
    assert start("?dry_run=true&mode=upsert").json()["result"]["id"] == dry.json()["result"]["id"]
    for query in ("", "?dry_run=false", "?dry_run=true&mode=skip"):
        other = start(query)
        assert other.status_code == 422, (query, other.content)
        assert other.json()["details"]["reason"] == "idempotency_key_reused"


def test_who_listens_hears_how_many_rows_a_new_job_has(program, person):
    hook = {"target_url": "https://hooks.example.com/", "event_types": ["sync_job_run:created"]}
    assert program.ask("POST", "/api/webhook", hook).status_code in (200, 201)
    program.start([*people(3), {"email": "bad", "nickname": "B"}], dry_run=True)
    with person.scope.transaction():
        (told,) = WebhookDelivery.objects.filter(event_type="sync_job_run:created")
    assert told.payload["counts"]["accepted"] == 4
    assert told.payload["is_dry_run"]


def test_jobs_are_listed_stopped_and_tried_again(program):
    jobs = [program.start(people(2, name)) for name in "abc"]
    page = program.ask("GET", "/api/jobs?kind=bulk&limit=2").json()
    rest = program.ask("GET", f"/api/jobs?kind=bulk&limit=2&next_cursor={page['next_cursor']}").json()
    assert [one["id"] for one in (*page["result"], *rest["result"])] == [one["id"] for one in reversed(jobs)]
    assert rest["next_cursor"] is None
    assert program.ask("GET", "/api/jobs?state=sleeping").status_code == 400
    stopped = program.ask("POST", f"/api/jobs/{jobs[0]['id']}/cancel").json()["result"]
    assert (stopped["state"], stopped["counts"]["skipped"]) == ("stopped", 2)
    again = program.ask("POST", f"/api/jobs/{jobs[0]['id']}/cancel")
    assert (again.status_code, again.json()["details"]["reason"]) == (409, "job_over")
    refused = program.ask("POST", f"/api/jobs/{jobs[1]['id']}/retry")
    assert (refused.status_code, refused.json()["details"]["reason"]) == (409, "job_not_retryable")
    with program.person.scope.transaction():
        SyncJob.objects.filter(pk=jobs[1]["id"]).update(state="failed", reason="internal_error")
    assert program.ask("POST", f"/api/jobs/{jobs[1]['id']}/retry").json()["result"]["state"] == "queued"
    assert program.end(jobs[1])["counts"]["created"] == 2
    first = program.ask("GET", f"/api/jobs/{jobs[1]['id']}/rows?limit=1").json()
    second = program.ask("GET", f"/api/jobs/{jobs[1]['id']}/rows?next_cursor={first['next_cursor']}").json()
    assert [one["line"] for one in (*first["result"], *second["result"])] == [1, 2]


def test_nobody_else_sees_or_touches_a_job(program, world):
    job = program.start(people(2))
    foreign = Program(world, program.person.connection, world.stranger)
    assert foreign.ask("POST", BULK, {"contacts": people(1)}).status_code == 404
    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/cancel"), ("POST", "/retry")):
        assert foreign.ask(method, f"/api/jobs/{job['id']}{path}").status_code == 404, path
    assert foreign.ask("GET", "/api/jobs").json()["result"] == []
    assert foreign.ask("GET", f"/api/jobs?next_cursor={job['id']}").status_code == 400
    assert program.end(job)["counts"]["created"] == 2


def test_reading_jobs_is_not_stopping_them(program, world, person):
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, token = keys.create(environment, "reader", scopes=["jobs:read"])
    job = program.start(people(1))
    program.headers = {**program.headers, "Authorization": f"Bearer {token.reveal()}"}
    assert program.ask("GET", f"/api/jobs/{job['id']}").status_code == 200
    for path in ("cancel", "retry"):
        assert program.ask("POST", f"/api/jobs/{job['id']}/{path}").status_code == 403
    assert program.ask("POST", BULK, {"contacts": people(1)}).status_code == 403


def test_without_a_recorded_basis_nobody_new_is_written(program, person, simulator):
    news = program.list("News")
    known = {"email": "known@people.example", "first_name": "K", "lists": [news]}
    assert program.write([known])["counts"]["created"] == 1
    with person.scope.transaction():
        ConsentBasis.objects.all().delete()
    new = {"email": "new@people.example", "lists": [news]}
    job = program.write([{**known, "first_name": "Known"}, new])
    assert (job["counts"]["updated"], job["counts"]["rejected"]) == (1, 1)
    assert program.rows(job, "?outcome=rejected")[2]["reason"] == "consent_basis_missing"
    assert "new@people.example" not in contacts(simulator)


@LONG_ONLY
def test_a_hundred_thousand_people_take_a_few_calls(program, simulator):
    rows = people(100_000, last_name="Quill", lists=["News"], tags=["VIP"], custom_fields={"Plan": "team"})
    body = "\n".join(json.dumps(one) for one in rows)
    began = time.monotonic()
    answer = program.ask("POST", f"{BULK}?create_missing=true", body, content_type="application/x-ndjson")
    taken_in = time.monotonic() - began
    assert answer.status_code == 202, answer.content
    program.person.finish(answer.json()["result"]["id"], seconds=900)
    job = program.job(answer.json()["result"]["id"])
    assert (job["state"], job["counts"]["created"]) == ("done", 100_000)
    print(f"taken in in {taken_in:.1f} s, done in {time.monotonic() - began:.1f} s, {job['provider_calls']}")
    # A list, a tag and a field; three imports; one tagging, by the list.
    assert len(changing(simulator)) <= 7, changing(simulator)
