"""Walk 6, over HTTP against the simulator: a program's call goes through to the provider, and its answer comes back."""

import json
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from connections.models import Environment, ProviderApp, ProviderCall, QuotaPool
from connections.programs import keys
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Program(world, person.connection)


def directly(simulator, method, path, body=None):
    """The same call by the provider's own user."""
    headers = {"Authorization": f"Bearer {simulator.token('Acme Bakery')}"}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    with urlopen(
        Request(simulator.url + path, data=data, headers=headers, method=method), timeout=10
    ) as answer:
        return answer.status, answer.read(), answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v3/contact_lists?limit=2&include_count=true",
        "/v3/contact_tags",
        "/v3/contact_custom_fields?limit=50",
        "/v3/account/summary?extra_fields=physical_address",
        "/v3/account/user/privileges",
        "/v3/contacts?limit=3&include=custom_fields,list_memberships&status=all",
        "/v3/contacts/counts",
        "/v3/activities",
    ],
)
def test_what_is_read_is_what_the_provider_answers(program, simulator, path):
    status, body, headers = directly(simulator, "GET", path)
    answer = program.ask("GET", f"/api/custom{path}")
    assert (answer.status_code, bytes_of(answer)) == (status, body)
    assert answer["Content-Type"] == headers["Content-Type"]
    assert "Set-Cookie" not in answer
    assert int(answer["Content-Length"]) == len(body), "the caller has the end with the last byte"
    assert int(answer["ratelimit-remaining"]) > 0


def test_a_contact_is_made_changed_and_deleted(program, simulator):
    new = {"email_address": {"address": "new@people.example", "permission_to_send": "implicit"}}
    made = program.ask("POST", "/api/custom/v3/contacts", {**new, "create_source": "Account"})
    assert made.status_code == 201
    contact = json.loads(bytes_of(made))
    path = f"/api/custom/v3/contacts/{contact['contact_id']}"
    changed = program.ask("PUT", path, {**new, "first_name": "Nora", "update_source": "Account"})
    assert changed.status_code == 200
    assert json.loads(bytes_of(program.ask("GET", path)))["first_name"] == "Nora"
    assert program.ask("DELETE", path).status_code == 204
    assert [call["effect"] is not None for call in simulator.calls()][-4:] == [True, True, False, True]


def test_its_refusals_come_as_they_are(program):
    answer = program.ask("POST", "/api/custom/v3/contacts", {"create_source": "Account"})
    assert answer.status_code == 400
    assert json.loads(bytes_of(answer))[0]["error_key"].startswith("contacts.api.")
    assert program.ask("GET", f"/api/custom/v3/contacts/{uuid4()}").status_code == 404
    assert program.ask("GET", "/api/custom/v3/no_such_thing").status_code in {403, 404}


def test_further_pages_are_at_our_own_root(program):
    for name in ("one", "two"):
        program.ask("POST", "/v3/contact_lists", {"name": name})
    first = json.loads(bytes_of(program.ask("GET", "/api/custom/v3/contact_lists?limit=1")))
    href = first["_links"]["next"]["href"]
    assert urlsplit(href).path == "/v3/contact_lists"
    second = json.loads(bytes_of(program.ask("GET", href)))
    assert len(second["lists"]) == 1
    assert second["lists"] != first["lists"]


def test_a_file_goes_up_and_comes_down(program, simulator):
    lists = json.loads(bytes_of(program.ask("GET", "/v3/contact_lists")))["lists"]
    parts = {
        "file": ("people.csv", b"email,first_name\nfile@people.example,Fay\n"),
        "list_ids": lists[0]["list_id"],
    }
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (
            name.encode(),
            f'; filename="{value[0]}"'.encode() if isinstance(value, tuple) else b"",
            value[1] if isinstance(value, tuple) else value.encode(),
        )
        for name, value in parts.items()
    )
    sent = program.ask(
        "POST",
        "/v3/activities/contacts_file_import",
        body + b"--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert sent.status_code == 201, bytes_of(sent)
    assert simulator.calls()[-1]["effect"] is not None
    export = json.loads(
        bytes_of(program.ask("POST", "/v3/activities/contact_exports", {"fields": ["email_address"]}))
    )
    path = f"/v3/activities/{export['activity_id']}"
    while json.loads(bytes_of(program.ask("GET", path)))["state"] != "completed":
        pass
    file = program.ask("GET", f"/v3/contact_exports/{export['activity_id']}")
    assert file.status_code == 200
    assert file["Content-Type"].startswith("text/csv")
    assert b"file@people.example" in bytes_of(file)


def test_an_old_token_is_renewed_once(program, person, simulator):
    simulator.ask("/_sim/faults", {"match": "/v3/contact_tags", "status": 401, "times": 1})
    answer = program.ask("GET", "/api/custom/v3/contact_tags")
    assert answer.status_code == 200
    assert [call["status"] for call in simulator.calls()[-2:]] == [401, 200]
    with person.scope.transaction():
        calls = ProviderCall.objects.order_by("-id")[:2]
        assert {call.call_class for call in calls} == {"interactive"}


# --- Who may, and where to ----------------------------------------------------------------------------------------


def test_who_asks_without_leave_reaches_nobody(world, program, person, simulator):
    before = len(simulator.journal())
    path = "/api/custom/v3/contact_tags"
    assert program.ask("GET", path, Authorization="").status_code == 401
    assert program.ask("GET", path, Authorization="Bearer pb_test_x").status_code == 401
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, reader = keys.create(environment, "reader", scopes=["accounts:read"])
    refused = program.ask("GET", path, Authorization=f"Bearer {reader.reveal()}")
    assert refused.status_code == 403
    assert refused.json()["details"]["missing_scopes"] == ["proxy"]
    for headers in ({"X-Integrated-Account-Id": ""}, {"X-Integrated-Account-Id": "mine"}):
        answer = program.ask("GET", path, **headers)
        assert answer.status_code == 400
        assert answer.json()["details"]["failures"][0]["field"] == "integrated_account_id"
    stranger = Program(world, person.connection, world.stranger)
    assert stranger.ask("GET", path).status_code == 404
    assert program.ask("GET", path, **{"X-Integrated-Account-Id": str(uuid4())}).status_code == 404
    assert len(simulator.journal()) == before


def test_the_account_may_stand_in_the_query(program, person, simulator):
    headers = {"X-Integrated-Account-Id": ""}
    path = f"/api/custom/v3/contacts?limit=1&integrated_account_id={person.connection.pk}&status=active"
    answer = program.ask("GET", path, **headers)
    assert answer.status_code == 200, bytes_of(answer)
    assert simulator.calls()[-1]["path"].partition("?")[0] == "/v3/contacts"
    assert "integrated" not in str(simulator.calls()[-1])


@pytest.mark.parametrize(
    "path",
    [
        "/api/custom/v3/../oauth",
        "/api/custom/v3/%2e%2e/x",
        "/api/custom/v3//evil.example/x",
        "/api/custom/v3/contacts/..%2f..%2fx",
        "/api/custom/v3/contacts%0d%0aHost:evil",
        "/api/custom/v3/contacts%3Fx",
        "/api/custom/v3/contacts@evil.example",
        "/api/custom/v3/\\evil",
        "/v3/..%2f_sim/state",
        "/v3/%2e%2e/_sim/state",
    ],
)
def test_no_path_leaves_its_place(program, simulator, path):
    before = len(simulator.journal())
    answer = program.ask("GET", path)
    assert answer.status_code in {400, 404}, bytes_of(answer)
    assert len(simulator.journal()) == before


def test_a_body_that_is_too_long_is_not_sent(program, simulator, settings_of):
    settings_of(PROXY_MAX_BYTES=100)
    before = len(simulator.journal())
    answer = program.ask("POST", "/v3/contacts", b"x" * 101)
    assert answer.status_code == 413
    assert "100 bytes" in answer.json()["message"]
    assert len(simulator.journal()) == before


# --- What is in the way -------------------------------------------------------------------------------------------


def test_a_spent_day_is_said_with_its_end(program):
    QuotaPool.objects.using("operator").update(closed_until="2099-01-01T00:00:00Z")
    answer = program.ask("GET", "/v3/contact_tags")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["details"]["reason"] == "quota_exceeded"


def test_a_provider_that_is_not_there(program):
    ProviderApp.objects.using("operator").update(api_url="http://127.0.0.1:1")
    answer = program.ask("GET", "/v3/contact_tags")
    assert answer.status_code in {502, 503}, bytes_of(answer)


def test_an_answer_that_is_lost_is_said_to_be(program, simulator):
    simulator.ask("/_sim/faults", {"match": "/v3/contacts", "drop_response": True, "times": 1})
    new = {"email_address": {"address": "lost@people.example"}, "create_source": "Account"}
    answer = program.ask("POST", "/v3/contacts", new)
    assert answer.status_code == 504
    assert answer.json()["details"]["may_have_happened"] is True


def test_a_header_of_any_bytes_is_passed_on(program):
    answer = program.ask("GET", "/api/custom/v3/contact_lists", **{"X-Note": "caf\u00e9 \u00ff"})
    assert answer.status_code == 200, bytes_of(answer)
