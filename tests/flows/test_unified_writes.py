"""Single contacts written through the unified API, over HTTP against the simulator, with the ledger beside it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction

from connections.constantcontact.resources.contacts import Contacts
from connections.models import Environment
from connections.programs import keys
from mapping import contactputs
from mapping.contactlocks import Busy
from mapping.models import ConsentBasis, ConsentEntry, ContactLock, MirrorContact
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of

CONTACTS = "/api/unified/marketing-automation/contacts"
UPSERT = f"{CONTACTS}/upsert"
PROOF = {"source": "shop.example/checkout", "at": "2026-01-31T09:00:00Z", "text": "Send me the news"}


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Program(world, person.connection)


def provider(program, method, path, body=None):
    """The provider itself, through the 1-to-1 route."""
    answer = program.ask(method, f"/v3/{path}", body)
    assert answer.status_code < 300, bytes_of(answer)
    return json.loads(bytes_of(answer) or b"null")


def good(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()


def refused(answer, status, code):
    assert answer.status_code == status, answer.content
    details = answer.json()["details"]
    assert details["reason"] == code, answer.content
    return details


def fields_of(details):
    return [one["field"] for one in details["failures"]]


def entries(person, **named):
    with person.scope.transaction():
        return list(ConsentEntry.objects.filter(**named).order_by("at"))


def without_basis(person):
    with person.scope.transaction():
        ConsentBasis.objects.all().delete()


def calls(simulator):
    return [(entry["method"], entry["path"].partition("?")[0]) for entry in simulator.calls()]


def everything(**more):
    """A body that names every part of a contact."""
    return {
        "email": "nora@people.example",
        "first_name": "Nora",
        "last_name": "Quill",
        "phones": [{"phone": "+1 555 0100", "type": "work"}],
        "addresses": [
            {"street_1": "1 Elm St", "street_2": "Flat 2", "city": "Salem", "postal_code": "02115"}
        ],
        "lists": [{"name": "News"}],
        "tags": ["VIP"],
        "custom_fields": {"visits": 12, "member": True},
        "remote_data": {"job_title": "Baker"},
        "create_missing": True,
        **more,
    }


@pytest.fixture
def nora(program):
    return good(program.ask("POST", CONTACTS, everything()))


def test_a_contact_is_made_with_all_that_is_named(program, person, nora, simulator):
    found = nora["result"]
    assert (found["name"], found["status"]) == ("Nora Quill", "active")
    assert found["phones"] == [{"phone": "+1 555 0100", "type": "work"}]
    assert (found["addresses"][0]["street_1"], found["addresses"][0]["street_2"]) == ("1 Elm St", "Flat 2")
    assert [one["name"] for one in found["tags"]] == ["VIP"]
    assert found["custom_fields"] == {"visits": 12, "member": True}
    assert found["remote_data"]["job_title"] == "Baker"
    assert nora["meta"] == {
        "outcome": "created",
        "created": {"lists": ["News"], "tags": ["VIP"], "custom_fields": ["visits", "member"]},
    }
    there = good(program.ask("GET", f"{CONTACTS}/{found['id']}"))["result"]
    assert there["consent"] == found["consent"]
    assert there["consent"]["permission_to_send"] == "implicit"
    (entry,) = entries(person)
    assert str(entry.pk) == found["consent"]["ledger_id"]
    assert (entry.call, entry.outcome, entry.permission, entry.will) == (
        "create",
        "sent",
        "implicit",
        "basis",
    )
    assert entry.basis["given_by"] == person.scope.user.email
    assert entry.decided_by.startswith("API token test (pb_test_")


def test_what_is_not_named_stays(program, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    before = good(program.ask("GET", path))["result"]
    changed = good(program.ask("PATCH", path, {"first_name": "Eleonora"}))
    assert changed["meta"] == {"outcome": "updated"}
    after = good(program.ask("GET", path))["result"]
    assert after["first_name"] == "Eleonora"
    kept = ("last_name", "phones", "addresses", "lists", "tags", "custom_fields", "email")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["remote_data"]["job_title"] == "Baker"
    same = good(program.ask("PATCH", CONTACTS, {"id": nora["result"]["id"], "first_name": "Eleonora"}))
    assert same["meta"] == {"outcome": "unchanged"}
    assert [method for method, _ in calls(simulator)].count("PUT") == 1


def test_the_mirror_is_told(program, person, nora):
    """An import that follows compares with what was written, and not with what was there before."""

    def mirrored():
        with person.scope.transaction():
            return MirrorContact.objects.get(email_key="nora@people.example")

    first = mirrored()
    assert (str(first.contact_id), first.standing, first.permission) == (
        nora["result"]["id"],
        "active",
        "implicit",
    )
    with (
        person.scope.transaction()
    ):  # as an export would have told of a field that no reading of one contact has
        MirrorContact.objects.update(values={**first.values, "of another kind": "x"})
    path = f"{CONTACTS}/{nora['result']['id']}"
    good(program.ask("PATCH", path, {"last_name": None, "lists": [], "custom_fields": {"visits": 13}}))
    kept = {"first_name": "Nora", "job_title": "Baker", "street": "1 Elm St\nFlat 2", "city": "Salem"}
    kept |= {"zip": "02115", "cf:visits": "13", "cf:member": "true", "of another kind": "x"}
    assert (mirrored().values, mirrored().list_ids) == (kept, [])
    assert len(mirrored().tag_ids) == 1
    good(program.ask("PATCH", path, {"consent": {"permission_to_send": "unsubscribed"}}))
    assert mirrored().standing == "unsubscribed"


def test_null_makes_blank_and_an_object_changes_lists_and_tags(program, nora):
    path = f"{CONTACTS}/{nora['result']['id']}"
    body = {
        "last_name": None,
        "phones": [],
        "lists": {"add": ["Members"]},
        "tags": {"set": [{"name": "Regular"}], "remove": ["VIP"]},
        "custom_fields": {"visits": None},
        "create_missing": True,
    }
    good(program.ask("PATCH", path, body))
    after = good(program.ask("GET", path))["result"]
    assert (after["last_name"], after["phones"]) == (None, [])
    assert len(after["lists"]) == 2
    assert [one["name"] for one in after["tags"]] == ["Regular"]
    assert after["custom_fields"] == {"member": True}
    good(program.ask("PATCH", path, {"lists": {"remove": ["News", "Members"]}}))
    assert good(program.ask("GET", path))["result"]["lists"] == []


def test_what_was_read_may_be_sent_back(program, nora):
    path = f"{CONTACTS}/{nora['result']['id']}"
    read = good(program.ask("GET", path))["result"]
    del read["remote_data"]
    again = good(program.ask("PATCH", path, read))
    assert again["meta"] == {"outcome": "unchanged"}
    # The provider keeps any text as a phone, and need not say of which kind something is.
    phones = [
        {"phone_number": "ask for Nora", "kind": "other"},
        {"phone_number": "(555) 123-4567", "kind": "work"},
    ]
    whole = {**nora["result"]["remote_data"], "phone_numbers": phones, "update_source": "Account"}
    assert program.ask("PUT", f"/v3/contacts/{read['id']}", whole).status_code == 200
    read = good(program.ask("GET", path))["result"]
    del read["remote_data"]
    nameless = {
        "phones": [
            {**one, "type": None if one["type"] == "other" else one["type"]} for one in read["phones"]
        ],
        "addresses": [{**one, "type": None} for one in read["addresses"]],
    }
    again = good(program.ask("PATCH", path, nameless))
    assert again["meta"] == {"outcome": "unchanged"}
    assert {one["phone"] for one in again["result"]["phones"]} == {one["phone_number"] for one in phones}
    more = good(program.ask("PATCH", f"{path}?strict=true", {**read, "first_name": "Eleonora"}))
    assert more["meta"] == {"outcome": "updated"}, "also with one of its values changed"
    odd = good(program.ask("PATCH", path, {"nickname": "No"}))
    assert odd["meta"]["ignored_fields"] == ["nickname"]
    details = refused(program.ask("PATCH", f"{path}?strict=true", {"nickname": "No"}), 400, "invalid_request")
    assert fields_of(details) == ["nickname"]


def test_a_status_is_not_written_and_says_where_to_unsubscribe(program, nora, simulator):
    path, out = f"{CONTACTS}/{nora['result']['id']}", {"status": "unsubscribed"}
    new = {"email": "new@people.example", "first_name": "New"}
    before = calls(simulator)
    for method, where, body in (
        ("PATCH", path, {**out, "first_name": "N"}),
        ("POST", UPSERT, {"email": "nora@people.example", **out}),
        ("POST", UPSERT, {**new, **out}),
        ("POST", CONTACTS, {**new, **out}),
    ):
        details = refused(program.ask(method, where, body), 400, "invalid_request")
        assert fields_of(details) == ["status"]
        assert "consent.permission_to_send" in details["failures"][0]["message"]
    assert not [one for one in calls(simulator)[len(before) :] if one[0] != "GET"]
    # Other values that are not so are named, and what is said besides is written.
    odd = {"status": "cleaned", "created_at": "2020-01-01T00:00:00Z", "name": "Somebody Else"}
    ended = good(program.ask("PATCH", path, {**odd, "first_name": "N"}))
    assert (ended["meta"]["ignored_fields"], ended["result"]["first_name"]) == (sorted(odd), "N")
    details = refused(program.ask("PATCH", f"{path}?strict=true", odd), 400, "invalid_request")
    assert fields_of(details) == sorted(odd)
    made = good(program.ask("POST", CONTACTS, {**new, "status": "active", "updated_at": odd["created_at"]}))
    assert made["meta"]["ignored_fields"] == ["updated_at"]
    # With the word that is written it does no harm, and neither does what was read.
    gone = good(program.ask("PATCH", path, {**out, "consent": {"permission_to_send": "unsubscribed"}}))[
        "result"
    ]
    assert gone["status"] == "unsubscribed"
    again = program.ask("PATCH", path, {name: gone[name] for name in ("id", "status", "name", "created_at")})
    refused(again, 409, "opted_out")
    kept = good(program.ask("POST", UPSERT, {"email": "nora@people.example", **out}))
    assert (kept["result"]["reason"], kept["meta"]) == ("opted_out", {"outcome": "skipped"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"first_name": "No\x00ra"}, "first_name"),
        ({"remote_data": {"score": float("nan")}}, "remote_data.score"),
        ({"tags": {"add": ["half \ud800"]}}, "tags.add.0"),
        ({"remote_data": {"notes": [{"content": "\x00"}]}}, "remote_data.notes.0.content"),
        ({"first_name": "x" * 51}, "first_name"),
        ({"phones": [{"phone": "+1 555 0100" * 3}]}, "phones.0.phone"),
        ({"phones": [{"phone": "+1 555 0100", "type": "fax"}]}, "body.phones.0.type"),
        ({"phones": [{"phone": f"+1 555 010{one}"} for one in range(4)]}, "phones"),
        ({"lists": ["No such list"]}, "lists.0"),
        ({"lists": {"add": [{"id": str(uuid4())}]}}, "lists.add.0"),
        ({"tags": {"remove": ["No such tag"]}}, "tags.remove.0"),
        ({"custom_fields": {"shoe_size": 42}}, "custom_fields.shoe_size"),
        ({"custom_fields": {"visits": "many"}}, "custom_fields.visits"),
        ({"remote_data": {"email_address": {}}}, "remote_data.email_address"),
        ({"consent": {"permission_to_send": "always"}}, "consent.permission_to_send"),
        (
            {"consent": {"evidence": {**PROOF, "at": "2999-01-01T00:00:00Z"}}},
            "consent.evidence.at",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_and_nothing_is_written(program, nora, simulator, body, field):
    before = len([one for one in calls(simulator) if one[0] != "GET"])
    answer = program.ask("PATCH", f"{CONTACTS}/{nora['result']['id']}", body)
    details = refused(answer, 400, "invalid_request")
    assert any(name in (field, f"body.{field}") for name in fields_of(details)), details
    assert len([one for one in calls(simulator) if one[0] != "GET"]) == before


def test_without_a_basis_nobody_new_is_made(program, person, simulator):
    without_basis(person)
    for path in (CONTACTS, UPSERT):
        details = refused(program.ask("POST", path, everything()), 422, "consent_basis_missing")
        page = details["page"]
        assert str(person.connection.pk) in page
    assert not [one for one in calls(simulator) if one == ("POST", "/v3/contacts")]
    assert entries(person) == []
    body = {"kind": "members", "statement": "Members of the club; its rules say so."}
    path = f"/api/integrated-account/{person.connection.pk}/consent-basis"
    assert good(program.ask("GET", path))["result"] is None
    recorded = good(program.ask("PUT", path, body))["result"]
    assert recorded["given_by"].startswith("API token test")
    assert good(program.ask("POST", UPSERT, everything()))["result"]["outcome"] == "created"


def test_an_owner_records_the_basis_on_its_page(world, program, person):
    without_basis(person)
    page = refused(program.ask("POST", CONTACTS, everything()), 422, "consent_basis_missing")["page"]
    path = "/" + page.split("/", 3)[3]
    assert "Nothing yet" in person.client.get(path).content.decode()
    assert person.client.post(path, {"kind": "donors", "statement": " "}).status_code == 422
    assert person.client.post(path, {"kind": "donors", "statement": "They gave."}).status_code == 302
    assert "They gave." in person.client.get(path).content.decode()
    viewer = world.client(world.member)
    assert "They gave." in viewer.get(path).content.decode()
    assert viewer.post(path, {"kind": "other", "statement": "Mine."}).status_code == 403
    assert world.client(world.stranger).get(path).status_code == 404
    good(program.ask("POST", CONTACTS, everything()))
    assert entries(person)[-1].basis["statement"] == "They gave."


def test_explicit_needs_its_evidence(program, person, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    for consent in (
        {"permission_to_send": "explicit"},
        {"opt_in_source": "Contact", "evidence": {"source": "x"}},
    ):
        details = refused(program.ask("PATCH", path, {"consent": consent}), 422, "consent_evidence_missing")
        assert "consent.evidence.text" in fields_of(details)
    claimed = {"permission_to_send": "explicit", "evidence": PROOF}
    after = good(program.ask("PATCH", path, {"consent": claimed}))["result"]
    assert after["consent"]["permission_to_send"] == "explicit"
    entry = entries(person)[-1]
    assert (entry.will, entry.permission) == ("recorded", "explicit")
    assert entry.evidence["text"] == PROOF["text"]
    assert entry.contact_id is not None
    made = good(program.ask("POST", CONTACTS, everything(email="new@people.example", consent=claimed)))
    assert made["result"]["consent"]["permission_to_send"] == "explicit"


def test_a_permission_that_could_not_be_written_is_taken_back_in_the_ledger(
    program, person, nora, monkeypatch
):
    """Others took the contact over between the two calls: the values are written, the permission is not."""
    put, times = contactputs.put, []

    def once(*given):
        times.append(given)
        if len(times) > 1:
            raise Busy
        return put(*given)

    monkeypatch.setattr(contactputs, "put", once)
    claimed = {"first_name": "Norah", "consent": {"permission_to_send": "explicit", "evidence": PROOF}}
    path = f"{CONTACTS}/{nora['result']['id']}"
    assert refused(program.ask("PATCH", path, claimed), 409, "contact_busy")["may_have_happened"]
    assert len(times) == 2
    decided, undone = entries(person)[-2:]
    assert (decided.permission, undone.outcome, undone.undoes) == ("explicit", "refused", decided.pk)
    there = good(program.ask("GET", path))["result"]
    assert (there["first_name"], there["consent"]["permission_to_send"]) == ("Norah", "implicit")


def test_another_address_needs_a_permission_of_its_own(program, person, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    explicit = {"consent": {"permission_to_send": "explicit", "evidence": PROOF}}
    good(program.ask("PATCH", path, explicit))
    # With the basis it is what a new person would be; a claim that was true of the old address needs its evidence.
    claims = {"email": "bob@people.example", "consent": {"permission_to_send": "explicit"}}
    refused(program.ask("PATCH", path, claims), 422, "consent_evidence_missing")
    moved = good(program.ask("PATCH", path, {"email": "bob@people.example"}))["result"]
    assert (moved["email"], moved["consent"]["permission_to_send"]) == ("bob@people.example", "implicit")
    entry = entries(person)[-1]
    assert (entry.email, entry.permission, entry.will, entry.opt_in_source) == (
        "bob@people.example",
        "implicit",
        "basis",
        "Account",
    )
    again = good(program.ask("PATCH", path, {"email": "rob@people.example", **explicit}))["result"]
    assert (again["email"], again["consent"]["permission_to_send"]) == ("rob@people.example", "explicit")
    assert (entries(person)[-1].will, entries(person)[-1].permission) == ("recorded", "explicit")
    without_basis(person)
    before = calls(simulator)
    refused(program.ask("PATCH", path, {"email": "bob@people.example"}), 422, "consent_basis_missing")
    assert not [one for one in calls(simulator)[len(before) :] if one[0] != "GET"]
    # Other letters of the same address are no other address.
    same = good(program.ask("PATCH", path, {"email": "ROB@people.example", "first_name": "Rob"}))["result"]
    assert (same["first_name"], same["consent"]["permission_to_send"]) == ("Rob", "explicit")
    document = {"email_address": {"address": "tim@people.example", "permission_to_send": "explicit"}}
    raw = program.ask(
        "PATCH", f"{path}?truto_body_passthrough=true", {"contact_id": nora["result"]["id"], **document}
    )
    assert raw.status_code == 422, raw.content
    out = {"email": "tim@people.example", "consent": {"permission_to_send": "unsubscribed"}}
    assert good(program.ask("PATCH", path, out))["result"]["status"] == "unsubscribed"


def test_a_sign_up_goes_by_the_providers_form(program, person, nora, simulator):
    consent = {"opt_in_source": "Contact", "evidence": PROOF}
    made = good(program.ask("POST", UPSERT, everything(email="sam@people.example", consent=consent)))[
        "result"
    ]
    assert made["outcome"] == "created"
    assert made["contact"]["consent"]["opt_in_source"] == "Contact"
    assert [one["name"] for one in made["contact"]["tags"]] == ["VIP"]
    assert made["contact"]["phones"] == [{"phone": "+1 555 0100", "type": "work"}]
    known = good(program.ask("POST", UPSERT, {"email": "nora@people.example", "consent": consent}))["result"]
    assert (known["outcome"], known["contact"]["consent"]["permission_to_send"]) == ("updated", "explicit")
    assert calls(simulator).count(("POST", "/v3/contacts/sign_up_form")) == 2
    nowhere = {"email": "no@people.example", "consent": consent}
    assert fields_of(refused(program.ask("POST", UPSERT, nowhere), 400, "invalid_request")) == ["lists"]


def test_upsert_makes_or_changes(program, person, nora, simulator):
    changed = good(program.ask("POST", UPSERT, {"email": "NORA@people.example", "last_name": "Ink"}))[
        "result"
    ]
    assert (changed["outcome"], changed["reason"]) == ("updated", None)
    assert changed["contact"]["name"] == "Nora Ink"
    assert changed["contact"]["id"] == nora["result"]["id"]
    assert changed["contact"]["consent"]["permission_to_send"] == "implicit"
    details = refused(program.ask("POST", CONTACTS, everything()), 409, "provider_conflict")
    assert details["contact_id"] == nora["result"]["id"]
    without_basis(person)
    changed = good(program.ask("POST", UPSERT, {"email": "nora@people.example", "last_name": "Pen"}))[
        "result"
    ]
    assert changed["outcome"] == "updated", "who is there already needs no basis"
    outcomes = [(one.call, one.outcome) for one in entries(person)]
    assert outcomes == [
        ("create", "sent"),
        ("create", "sent"),
        ("create", "refused"),
        ("update", "sent"),
        ("create", "sent"),
        ("create", "refused"),
        ("update", "sent"),
    ]


def leave(simulator, email="nora@people.example"):
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": email})


def test_who_opted_out_is_never_written_back(program, person, nora, simulator):
    leave(simulator)
    path = f"{CONTACTS}/{nora['result']['id']}"
    old = {"permission_to_send": "explicit", "evidence": PROOF}
    for consent in ({}, {"consent": old}, {"consent": {"opt_in_source": "Contact", "evidence": PROOF}}):
        body = {"first_name": "Back", "lists": ["News"], **consent}
        details = refused(program.ask("PATCH", path, body), 409, "opted_out")
        assert details["contact_id"] == nora["result"]["id"]
        ended = good(program.ask("POST", UPSERT, {"email": "nora@people.example", **body}))["result"]
        assert (ended["outcome"], ended["reason"]) == ("skipped", "opted_out")
        refused(program.ask("POST", CONTACTS, everything(**consent)), 409, "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] == "unsubscribed"
    assert not [one for one in calls(simulator) if one[0] == "PUT" or "sign_up" in one[1]]
    assert {one.outcome for one in entries(person, reason="opted_out")} == {"skipped"}


def test_with_newer_evidence_they_are_asked_once_in_their_life(program, person, nora, simulator):
    leave(simulator)
    proof = {**PROOF, "at": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
    body = {"email": "nora@people.example", "lists": ["News"], "consent": {"evidence": proof}}
    first, second = (good(program.ask("POST", UPSERT, body))["result"] for _ in range(2))
    assert (first["outcome"], first["reason"]) == ("skipped", "awaiting_confirmation")
    assert (second["outcome"], second["reason"]) == ("skipped", "opted_out")
    asked = [one for one in calls(simulator) if "resubscribe" in one[1]]
    assert len(asked) == 1
    assert (
        good(program.ask("GET", f"{CONTACTS}/{nora['result']['id']}"))["result"]["status"] == "unsubscribed"
    )
    simulator.ask("/_sim/confirm", {"account": "Acme Bakery", "email": "nora@people.example"})
    again = good(program.ask("POST", UPSERT, {"email": "nora@people.example", "first_name": "N"}))["result"]
    assert (again["outcome"], again["contact"]["consent"]["permission_to_send"]) == ("updated", "explicit")


def test_who_was_deleted_is_not_brought_back(program, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    good(program.ask("DELETE", path))
    refused(program.ask("PATCH", path, {"first_name": "Back"}), 409, "deleted_there")
    refused(program.ask("POST", CONTACTS, everything()), 409, "deleted_there")
    ended = good(program.ask("POST", UPSERT, everything()))["result"]
    assert (ended["outcome"], ended["reason"]) == ("skipped", "deleted_there")
    assert good(program.ask("GET", path))["result"]["status"] == "cleaned"


def test_an_opt_out_is_written_and_needs_nothing(program, person, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    out = {"consent": {"permission_to_send": "unsubscribed", "opt_out_reason": "Too many"}}
    after = good(program.ask("PATCH", path, out))["result"]
    assert (after["status"], after["consent"]["opt_out_reason"]) == ("unsubscribed", "Too many")
    assert good(program.ask("PATCH", path, out))["meta"]["outcome"] == "unchanged"
    without_basis(person)
    never = {"email": "never@people.example", **out}
    assert good(program.ask("POST", CONTACTS, never))["result"]["status"] == "unsubscribed"


def test_an_edit_that_met_another_is_tried_again(program, nora, simulator):
    path = f"{CONTACTS}/{nora['result']['id']}"
    simulator.ask("/_sim/switches", {"edits_within_a_second": "conflict"}, "PUT")
    after = good(program.ask("PATCH", path, {"first_name": "A"}))["result"]
    assert after["first_name"] == "A"
    other = good(program.ask("POST", CONTACTS, everything(email="other@people.example")))["result"]
    taken = program.ask("PATCH", f"{CONTACTS}/{other['id']}", {"email": "nora@people.example"})
    assert refused(taken, 409, "provider_conflict")["contact_id"] == nora["result"]["id"]


def test_a_form_that_met_somebody_brings_nobody_back(program, person, nora, simulator, monkeypatch):
    """A search there can be behind, and the form asks nobody whether the person had left."""
    monkeypatch.setattr(Contacts, "find", lambda *_, **__: None)
    made = everything(email="new@people.example", consent={"opt_in_source": "Contact", "evidence": PROOF})
    for outcome in ("created", "updated"):  # sent twice by mistake
        assert good(program.ask("POST", UPSERT, made))["result"]["outcome"] == outcome
    body = {**made, "email": "nora@people.example"}
    path = f"{CONTACTS}/{nora['result']['id']}"
    simulator.ask("/_sim/clock", {"advance_seconds": 3600})
    leave(simulator)
    ended = good(program.ask("POST", UPSERT, body))["result"]
    assert (ended["outcome"], ended["reason"]) == ("skipped", "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] == "unsubscribed"
    assert (entries(person)[-1].call, entries(person)[-1].permission) == ("opt_out", "unsubscribed")
    good(program.ask("DELETE", path))
    refused(program.ask("POST", CONTACTS, body), 409, "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] != "active"


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen between the next reading of a contact and its writing."""

    def plan(act):
        real, acts = contactputs.put, [act]

        def put(*arguments):
            if acts:
                acts.pop()()
            return real(*arguments)

        monkeypatch.setattr(contactputs, "put", put)

    return plan


def put_out(program, contact_id):
    address = {"address": "nora@people.example", "permission_to_send": "unsubscribed"}
    provider(program, "PUT", f"contacts/{contact_id}", {"email_address": address, "update_source": "Account"})


def test_who_leaves_between_our_reading_and_our_writing_stays_out(
    program, person, nora, simulator, meanwhile
):
    """The provider refuses to write back who left by themselves."""
    path = f"{CONTACTS}/{nora['result']['id']}"
    meanwhile(lambda: leave(simulator))
    refused(program.ask("PATCH", path, {"first_name": "A", "lists": ["News"]}), 409, "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] == "unsubscribed"
    assert [one.outcome for one in entries(person)][-3:] == ["sent", "refused", "skipped"]


def test_whom_the_account_put_out_meanwhile_is_put_out_again(program, person, nora, simulator, meanwhile):
    """The provider lets an account take back its own opt-out, so what we did by chance is undone at once."""
    simulator.ask("/_sim/switches", {"time_form": "milliseconds"}, "PUT")
    path = f"{CONTACTS}/{nora['result']['id']}"
    meanwhile(lambda: put_out(program, nora["result"]["id"]))
    refused(program.ask("PATCH", path, {"first_name": "A"}), 409, "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] == "unsubscribed"
    last = entries(person)[-1]
    assert (last.call, last.permission, last.reason) == ("opt_out", "unsubscribed", "opted_out")


def test_an_opt_in_of_before_does_not_undo_an_opt_out_meanwhile(program, person, nora, simulator, meanwhile):
    """The values go first, so that their answer tells; the permission follows."""
    simulator.ask("/_sim/switches", {"time_form": "milliseconds"}, "PUT")
    path = f"{CONTACTS}/{nora['result']['id']}"
    meanwhile(lambda: put_out(program, nora["result"]["id"]))
    body = {"first_name": "A", "consent": {"permission_to_send": "explicit", "evidence": PROOF}}
    refused(program.ask("PATCH", path, body), 409, "opted_out")
    assert good(program.ask("GET", path))["result"]["status"] == "unsubscribed"
    found = [(one.call, one.permission, one.outcome) for one in entries(person)][-3:]
    assert found == [
        ("update", "explicit", "sent"),
        ("opt_out", "unsubscribed", "sent"),
        ("update", "explicit", "refused"),
    ]


def test_a_confirmation_that_was_not_asked_for_may_be_asked_for_again(program, person, nora, simulator):
    """What the provider never got does not count as the one time in a life."""
    leave(simulator)
    proof = {**PROOF, "at": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
    body = {"email": "nora@people.example", "lists": ["News"], "consent": {"evidence": proof}}
    simulator.ask("/_sim/faults", {"match": "resubscribe", "status": 400, "times": 1})
    refused(program.ask("POST", UPSERT, body), 400, "provider_invalid")
    assert [one.outcome for one in entries(person, call="resubscribe")] == ["sent", "refused"]
    answer = program.ask("POST", UPSERT, body)
    assert good(answer)["result"]["reason"] == "awaiting_confirmation"


def test_what_a_put_cannot_take_away_goes_by_an_activity(program, nora, simulator):
    simulator.ask("/_sim/switches", {"put_present_lists": "merged", "put_present_taggings": "merged"}, "PUT")
    path = f"{CONTACTS}/{nora['result']['id']}"
    meta = good(program.ask("PATCH", path, {"lists": [], "tags": {"set": []}}))["meta"]
    assert len(meta["activity_ids"]) == 2


def test_no_lock_is_left_and_the_ledger_is_only_added_to(program, person, nora):
    good(program.ask("PATCH", f"{CONTACTS}/{nora['result']['id']}", {"first_name": "A"}))
    with person.scope.transaction():
        assert not ContactLock.objects.exists()
        for statement in ("UPDATE mapping_consententry SET email = ''", "DELETE FROM mapping_consententry"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_writing_needs_its_scope_and_its_own_account(world, program, person, nora):
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, reader = keys.create(environment, "reader", scopes=["contacts:read", "accounts:read"])
    headers = {"Authorization": f"Bearer {reader.reveal()}"}
    path = f"{CONTACTS}/{nora['result']['id']}"
    basis = f"/api/integrated-account/{person.connection.pk}/consent-basis"
    stranger = Program(world, person.connection, world.stranger)
    for method, where in (("POST", CONTACTS), ("POST", UPSERT), ("PATCH", path), ("PATCH", CONTACTS)):
        body = everything() if method == "POST" else {"id": nora["result"]["id"]}
        assert program.ask(method, where, body, **headers).status_code == 403
        assert stranger.ask(method, where, body).status_code == 404
    given = {"kind": "other", "statement": "x"}
    assert program.ask("PUT", basis, given, **headers).status_code == 403
    assert program.ask("GET", basis, **headers).status_code == 200
    assert stranger.ask("PUT", basis, given).status_code == 404


# --- The provider's own document --------------------------------------------------------------------------------

RAW = "truto_body_passthrough=true"


def test_a_body_in_the_providers_terms_is_sent_as_it_is(program, person, simulator):
    document = {
        "email_address": {"address": "raw@people.example", "permission_to_send": "implicit"},
        "first_name": "Raw",
        "job_title": "Baker",
        "create_source": "Account",
    }
    made = good(program.ask("POST", f"{CONTACTS}?{RAW}", document))["result"]
    assert (made["first_name"], made["remote_data"]["job_title"]) == ("Raw", "Baker")
    assert made["consent"]["permission_to_send"] == "implicit" and made["consent"]["ledger_id"]
    path = f"{CONTACTS}/{made['id']}?{RAW}"
    anew = {"email_address": document["email_address"], "last_name": "Dough", "update_source": "Account"}
    after = good(program.ask("PATCH", path, anew))["result"]
    assert (after["first_name"], after["last_name"]) == (None, "Dough"), "their PUT loses what it leaves out"
    explicit = {"address": "raw@people.example", "permission_to_send": "explicit"}
    other = {**explicit, "address": "x@a.example"}
    for method, where, body in (
        ("PATCH", path, {**anew, "email_address": explicit}),
        ("PATCH", path, {**anew, "update_source": "Contact", "email_address": explicit}),
        ("POST", f"{UPSERT}?{RAW}", {"email_address": explicit}),
        ("POST", f"{CONTACTS}?{RAW}", {"email_address": other}),
    ):
        refused(program.ask(method, where, body), 422, "consent_evidence_missing")
    out = {"address": "raw@people.example", "permission_to_send": "unsubscribed"}
    left = good(program.ask("PATCH", path, {**anew, "email_address": out}))["result"]
    assert left["status"] == "unsubscribed"
    refused(program.ask("PATCH", path, {**anew, "last_name": "Back"}), 409, "opted_out")
    assert program.ask("POST", f"{CONTACTS}?{RAW}", {"first_name": "Nobody"}).status_code == 400
    without_basis(person)
    new = {"email_address": {"address": "new@people.example"}}
    refused(program.ask("POST", f"{CONTACTS}?{RAW}", new), 422, "consent_basis_missing")


def test_lists_and_tags_in_the_providers_terms(program):
    lists, tags = (CONTACTS.replace("contacts", name) for name in ("lists", "tags"))
    tag = good(program.ask("POST", f"{tags}?{RAW}", {"name": "Raw", "tag_source": "Contact"}))["result"]
    assert tag["remote_data"]["tag_source"] == "Contact"
    kept = good(program.ask("POST", f"{lists}?{RAW}", {"name": "Raw", "favorite": True}))["result"]
    assert kept["remote_data"]["favorite"] is True
    path = f"{lists}/{kept['id']}?{RAW}"
    assert good(program.ask("PATCH", path, {"name": "Cooked"}))["result"]["name"] == "Cooked"


def test_a_call_that_is_not_to_be_made_is_looked_at_and_not_made(program, person, simulator):
    before, skip = len(simulator.calls()), "truto_skip_api_call=true"
    listed = good(program.ask("GET", f"{CONTACTS}?{skip}&truto_response_format=debug"))
    assert (listed["result"], listed["meta"]["api_call"], listed["meta"]["debug"]) == ([], "skipped", None)
    assert good(program.ask("POST", f"{CONTACTS}?{skip}", everything()))["result"] == {}
    compat = program.ask("GET", f"/compat/unified/user-directory/users?{skip}").json()
    assert (compat["result"], compat["next_cursor"]) == ([], None)
    assert program.ask("POST", f"{CONTACTS}?{skip}", {"first_name": "Nobody"}).status_code == 400
    assert program.ask("DELETE", f"{CONTACTS}/{uuid4()}?{skip}").status_code == 400
    assert len(simulator.calls()) == before
    assert entries(person) == []
