"""A call with an Idempotency-Key is made once, whatever route it takes."""

import json
import threading
from datetime import timedelta

import pytest
from django.test import RequestFactory

from config.errors import server_error
from connections.models import IdempotentReply
from connections.programs import idempotency
from mapping.models import ContactLock
from syncjobs import retention
from tests.flows.importing import Person
from tests.flows.programs import Caller, Program, bytes_of, unhurried

NEW = {"email_address": {"address": "once@people.example"}, "create_source": "Account"}


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Program(world, person.connection)


def sent(program, path="/api/custom/v3/contacts", body=None, key="key-1", method="POST", **headers):
    answer = program.ask(
        method,
        path,
        NEW if body is None else body,
        **{"Idempotency-Key": key, "Content-Type": "application/json", **headers},
    )
    content = bytes_of(answer)
    answer.close()
    return answer, content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/custom/v3/contacts", NEW),
        ("/v3/contact_lists", {"name": "Once"}),
        ("/api/custom/contact_tags", {"name": "Once"}),
        ("/api/proxy/contact_lists", {"name": "Once"}),
        ("/api/unified/marketing-automation/tags", {"name": "Once"}),
        ("/compat/proxy/contact_lists", {"name": "Once"}),
    ],
)
def test_a_repeated_call_gets_the_first_answer(program, simulator, path, body):
    first, content = sent(program, path, body)
    assert first.status_code in {200, 201}, content
    assert "Idempotency-Replayed" not in first
    calls = len(simulator.calls())
    again, repeated = sent(program, path, body)
    assert (again.status_code, repeated) == (first.status_code, content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]
    assert len(simulator.calls()) == calls
    other, _ = sent(program, path, body, key="key-2")
    assert other.status_code == 409  # the provider's own word on the same name
    assert len(simulator.calls()) > calls


def test_another_call_with_the_key_is_refused(program, simulator):
    sent(program)
    calls = len(simulator.calls())
    for path, body in ((None, {**NEW, "first_name": "x"}), ("/api/custom/v3/contacts?a=b", NEW)):
        answer, content = sent(program, path or "/api/custom/v3/contacts", body)
        assert answer.status_code == 422
        assert json.loads(content)["details"]["reason"] == "idempotency_key_reused"
    for key in ("", "x" * 201, "two words"):
        answer, content = sent(program, key=key)
        assert answer.status_code == 400
        assert json.loads(content)["details"]["failures"][0]["field"] == "Idempotency-Key"
    assert len(simulator.calls()) == calls
    # The key is the account's: at another address it is another.
    assert sent(program, "/api/proxy/contact_tags", {"name": "x"})[0].status_code == 201


def test_the_provider_s_refusal_is_an_answer_and_ours_is_none(program, simulator):
    bad = {"create_source": "Account"}
    first, content = sent(program, body=bad)
    assert first.status_code == 400
    calls = len(simulator.calls())
    assert sent(program, body=bad)[1] == content
    assert len(simulator.calls()) == calls
    simulator.ask("/_sim/faults", {"match": "/v3/contact_tags", "status": 429, "times": 9})
    assert sent(program, "/v3/contact_tags", {"name": "Later"})[0].status_code == 429
    simulator.ask("/_sim/faults", method="DELETE")
    assert sent(program, "/v3/contact_tags", {"name": "Later"})[0].status_code == 201


def test_of_two_at_once_one_is_made(program, simulator, world, person):
    simulator.ask("/_sim/faults", {"match": "/v3/contacts", "delay_seconds": 0.5, "times": 1})
    second = Program(world, person.connection)
    found = {}

    def first():
        found["first"] = sent(program)

    thread = threading.Thread(target=first)
    thread.start()
    for _ in range(200):
        with person.scope.transaction():
            if IdempotentReply.objects.exists():
                break
    answer, content = sent(second)
    thread.join(20)
    assert found["first"][0].status_code == 201
    if answer.status_code == 409:
        assert json.loads(content)["details"]["reason"] == "idempotency_in_progress"
        assert int(answer["Retry-After"]) > 0
    else:  # it came after the first had been answered
        assert answer["Idempotency-Replayed"] == "true"
    assert sent(second)[1] == found["first"][1]
    assert len([call for call in simulator.calls() if call["method"] == "POST"]) == 1


def test_a_call_that_died_is_not_made_again(program, person, simulator):
    sent(program)
    with person.scope.transaction():
        old = IdempotentReply.objects.get().created_at - 2 * idempotency.LONGEST
        IdempotentReply.objects.update(ended_at=None, is_kept=False, created_at=old)
    answer, content = sent(program)
    assert answer.status_code == 409
    assert json.loads(content)["details"]["reason"] == "idempotency_answer_missing"
    assert json.loads(content)["details"]["may_have_happened"] is True


def test_a_form_s_boundary_is_no_difference(program, simulator):
    lists = json.loads(bytes_of(program.ask("GET", "/v3/contact_lists")))["lists"]

    def form(mark):
        parts = (
            ("file", '; filename="p.csv"', "email\nfile@people.example\n"),
            ("list_ids", "", lists[0]["list_id"]),
        )
        body = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
            for name, more, value in parts
        )
        return f"{body}--{mark}--\r\n"

    found = []
    for mark in ("abc123", "xyz789"):
        answer = program.ask(
            "POST",
            "/v3/activities/contacts_file_import",
            form(mark),
            content_type=f"multipart/form-data; boundary={mark}",
            **{"Idempotency-Key": "file"},
        )
        found.append((answer.status_code, bytes_of(answer)))
        answer.close()
    assert found[0][0] == 201
    assert found[0] == found[1]


def test_answers_are_sealed_and_let_go(program, person):
    _, content = sent(program)
    assert b"once@people.example" in content
    with person.scope.transaction():
        row = IdempotentReply.objects.get()
        assert row.is_kept
        assert "once" not in row.content_sealed
        assert row.content_sealed.startswith("v1.")
    retention.tidy(row.created_at + timedelta(hours=25))
    with person.scope.transaction():
        assert not IdempotentReply.objects.exists()


def test_keys_of_another_workspace_are_others(world, program, person, simulator):
    sent(program)
    stranger = Program(world, person.connection, world.stranger)
    assert sent(stranger)[0].status_code == 404


def test_keys_of_another_account_are_no_account_token_s(world, program, person, simulator):
    unhurried(simulator)
    other = world.connection(name="Shop")
    made = Caller(world).ask(
        "POST", "/api/integrated-account/token", {"integrated_account_id": str(other.pk)}
    )
    foreign = Caller(world, token=made.json()["result"]["integrated_account_token"])
    tags = f"/api/proxy/contact_tags?integrated_account_id={person.connection.pk}"

    def tried(name, key):
        answer = foreign.ask("POST", tags, {"name": name}, **{"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["details"]["reason"]) == (403, "other_account")

    # The key is not occupied for the account that it is of...
    tried("Mine", "theirs")
    assert sent(program, tags, {"name": "Mine"}, key="theirs")[0].status_code == 201
    # ... and its answer is not told to whoever sends the same.
    tried("Mine", "theirs")
    header = {"X-Integrated-Account-Id": str(person.connection.pk), "Idempotency-Key": "theirs"}
    answer = foreign.ask("POST", "/api/proxy/contact_tags", {"name": "Mine"}, **header)
    assert answer.json()["details"]["reason"] == "other_account"


# --- What is let go, and what is not -----------------------------------------------------------------------------

CONTACTS = "/api/unified/marketing-automation/contacts"
PROOF = {"source": "the shop's form", "at": "2026-01-31T09:00:00Z", "text": "Send me news."}


def robbed(program, person, simulator, path, body, method="POST"):
    """A write of a contact that loses its lease between its reading and its PUT."""
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/contacts/[0-9a-f-]{36}", "method": "GET", "delay_seconds": 1, "times": 1},
    )
    found = []
    thread = threading.Thread(target=lambda: found.append(sent(program, path, body, "busy", method)))
    thread.start()
    for _ in range(400):
        with person.scope.transaction():
            if ContactLock.objects.all().delete()[0]:
                break
    thread.join(20)
    answer, content = found[0]
    details = json.loads(content)["details"]
    assert (answer.status_code, details["reason"]) == (409, "contact_busy")
    return details


def test_who_was_busy_is_asked_again(program, person, simulator):
    made = json.loads(sent(program, CONTACTS, {"email": "ann@people.example"}, "new")[1])["result"]
    path, body = f"{CONTACTS}/{made['id']}", {"first_name": "Ann"}
    assert "may_have_happened" not in robbed(program, person, simulator, path, body, "PATCH")
    again, content = sent(program, path, body, "busy", "PATCH")
    assert (again.status_code, json.loads(content)["result"]["first_name"]) == (200, "Ann")


def test_a_sign_up_that_went_out_is_not_made_again(program, person, simulator):
    lists = json.loads(sent(program, "/api/proxy/contact_lists", {"name": "News"}, "list")[1])["result"]
    consent = {"opt_in_source": "Contact", "evidence": PROOF}
    body = {"email": "sam@people.example", "consent": consent, "lists": [lists["list_id"]]}
    body["phones"] = [{"phone": "555 0100"}]
    assert robbed(program, person, simulator, CONTACTS, body)["may_have_happened"] is True
    calls = len(simulator.calls())
    again, _ = sent(program, CONTACTS, body, "busy")
    assert (again.status_code, again["Idempotency-Replayed"]) == (409, "true")
    assert len(simulator.calls()) == calls


def test_an_account_that_could_not_be_taken_over_is_tried_again(program, simulator):
    body = {"tenant_id": "c-1", "refresh_token": "nobody's"}
    for _ in range(2):
        answer, content = sent(program, "/api/integrated-account", body, "bring")
        assert json.loads(content)["details"]["reason"] == "not_linked"
        assert "Idempotency-Replayed" not in answer


def test_a_failure_of_our_own_is_no_answer_and_is_not_made_again(person):
    def call():
        return RequestFactory().post(
            "/api/batch-request", "{}", "application/json", headers={"Idempotency-Key": "k"}
        )

    def fails(request):
        idempotency.enter(request, person.scope)
        return server_error(request)

    assert idempotency.keep(fails)(call()).status_code == 500
    with pytest.raises(idempotency.Unknown) as told:
        idempotency.enter(call(), person.scope)
    assert told.value.status == 500
