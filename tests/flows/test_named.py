"""The provider's resources by name, and any of its calls in the envelope."""

import json
import re
from datetime import UTC, datetime

import pytest

from connections import tokens
from connections.api import passing
from connections.api.resources import RESOURCES
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.simulator import app  # its routes are registered by it
from connections.simulator.routes import ROUTES
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of

ENVELOPE = {"result", "next_cursor", "prev_cursor", "result_count", "is_partial_response", "meta"}
UNKNOWN = "7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e"
assert app.HANDLERS


@pytest.fixture
def program(world, simulator):
    connection = Person(world).connection
    # As if it had been linked with every scope, and as another account: one with mails and events.
    grant = simulator.ask("/_sim/token", {"account": "Harbor Books"})
    with world.scope().transaction():
        tokens.store(
            connection, TokenGrant(Secret(grant["access_token"]), None, 86_400, None), datetime.now(UTC)
        )
    simulator.since = simulator.ask("/_sim/state")["journal_seq"]
    return Program(world, connection)


def asked(program, method, path, body=None, status=200):
    answer = program.ask(method, f"/api{path}", body)
    assert answer.status_code == status, bytes_of(answer)
    found = json.loads(bytes_of(answer))
    assert set(found) == ENVELOPE if status < 400 else found["statusCode"] == status
    return found


def test_every_operation_has_a_name():
    def plain(path):
        return re.sub(r"\{\w+\}", "{}", path)

    named = [(one.verb, plain(one.path)) for found in RESOURCES.values() for one in found.methods.values()]
    assert len(named) == len(set(named)) >= 128
    # The guide shows an older spelling of the address of an export's file, which the simulator takes as well.
    known = {(one.method, plain(one.template)) for one in ROUTES} - {("GET", "/contacts_exports/{}")}
    assert set(named) == known


def test_every_list_is_a_list(program, simulator):
    simulator.ask("/_sim/clock", {"freeze": True})
    ids = {}
    mail = asked(program, "GET", "/proxy/emails?limit=1")["result"][0]
    mail = asked(program, "GET", f"/proxy/emails/{mail['campaign_id']}")["result"]
    ids["campaign_activity_id"] = mail["campaign_activities"][0]["campaign_activity_id"]
    event = asked(program, "GET", "/proxy/events?limit=1")["result"][0]["event_id"]
    event = asked(program, "GET", f"/proxy/events/{event}")["result"]
    ids |= {"event_id": event["event_id"], "track_id": event["default_track"]["track_id"]}
    seen = 0
    for name, resource in RESOURCES.items():
        if "list" not in resource.methods or name.startswith("partner_"):
            continue
        needed = resource.methods["list"].parameters
        query = "&".join(f"{one}={ids[one]}" for one in needed)
        # The summaries of texts want to know since when.
        found = asked(
            program, "GET", f"/proxy/{name}?{query}" + "&start_at=2025-01-01" * ("sms_camp" in name)
        )
        assert isinstance(found["result"], list), name
        assert found["result_count"] == len(found["result"])
        # The name of what holds the items is right: the page itself is none of them.
        assert all("_links" not in one or resource.items not in one for one in found["result"]), name
        if resource.items:
            raw = json.loads(bytes_of(program.ask("GET", f"/v3{_path(resource, ids)}?start_at=2025-01-01")))
            assert raw[resource.items] == found["result"], name
        seen += 1
    assert seen >= 30


def _path(resource, ids):
    return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], resource.methods["list"].path)


def test_pages_are_walked_by_cursors(program):
    for number in range(3):
        asked(program, "POST", "/proxy/contact_lists", {"name": f"List {number}"}, 201)
    every = asked(program, "GET", "/proxy/contact_lists?limit=500&include_membership_count=all")["result"]
    found, cursor = [], ""
    while cursor is not None:
        page = asked(
            program, "GET", f"/proxy/contact_lists?limit=2&include_membership_count=all&next_cursor={cursor}"
        )
        assert page["result"]
        found += page["result"]
        cursor = page["next_cursor"]
    assert found == every
    for wrong in ("nonsense", page_cursor(program, "contact_tags"), "L3YzLy4uL3g_YT0x"):
        failed = asked(program, "GET", f"/proxy/contact_lists?next_cursor={wrong}", status=400)
        assert failed["details"]["failures"][0]["field"] == "next_cursor"


def test_empty_pages_are_walked_over_and_never_the_end(program, simulator):
    link = {"_links": {"next": {"href": "/v3/contact_lists?cursor=further"}}}
    fault = {"match": "/v3/contact_lists", "status": 200, "body": {"lists": [], **link}, "times": None}
    simulator.ask("/_sim/faults", fault)
    before = len(simulator.calls())
    config = {"methodConfig": {"verb": "GET", "response_path": "lists"}}
    for method, path, body in (
        ("POST", "/custom/contact_lists", config),
        ("GET", "/proxy/contact_lists", None),
    ):
        failed = asked(program, method, path, body, status=502)
        assert failed["details"]["reason"] == "pages_empty"
        assert len(simulator.calls()) == before + passing.MOST_EMPTY
        before = len(simulator.calls())
    cursor = failed["details"]["next_cursor"]
    simulator.ask("/_sim/faults", method="DELETE")
    end = {
        "match": "cursor=|/v3/contact_lists",
        "status": 200,
        "body": {"lists": [{"list_id": "last"}]},
        "times": 1,
    }
    simulator.ask("/_sim/faults", end)
    further = asked(program, "GET", f"/proxy/contact_lists?next_cursor={cursor}")
    assert (further["result"], further["next_cursor"]) == ([{"list_id": "last"}], None)


def page_cursor(program, resource):
    for name in ("one", "two"):
        asked(program, "POST", f"/proxy/{resource}", {"name": name}, 201)
    return asked(program, "GET", f"/proxy/{resource}?limit=1")["next_cursor"]


def test_a_contact_is_made_changed_and_deleted_by_name(program, simulator):
    new = {"email_address": {"address": "new@people.example", "permission_to_send": "implicit"}}
    made = asked(program, "POST", "/proxy/contacts", {**new, "create_source": "Account"}, 201)["result"]
    path = f"/proxy/contacts/{made['contact_id']}"
    changed = {**new, "first_name": "Nora", "update_source": "Account"}
    assert asked(program, "PATCH", path, changed)["result"]["contact_id"] == made["contact_id"]
    assert simulator.calls()[-1]["method"] == "PUT"
    assert asked(program, "GET", path)["result"]["first_name"] == "Nora"
    assert asked(program, "DELETE", path)["result"] == {"id": made["contact_id"]}
    assert asked(program, "POST", "/proxy/contacts/counts")["result"]["total"] > 0


def test_what_there_is_once_is_answered_itself(program):
    summary = asked(program, "GET", "/proxy/account_summary?extra_fields=physical_address")
    assert summary["result"]["organization_name"] == "Harbor Books"
    changed = {**summary["result"], "first_name": "Ada"}
    asked(program, "PATCH", "/proxy/account_summary", changed)
    assert asked(program, "GET", "/proxy/account_summary")["result"]["first_name"] == "Ada"


def test_a_file_comes_as_it_is(program):
    export = asked(program, "POST", "/proxy/activities/contact_exports", {"fields": ["email_address"]}, 201)
    path = f"/proxy/activities/{export['result']['activity_id']}"
    while asked(program, "GET", path)["result"]["state"] != "completed":
        pass
    for there in ("/proxy/contact_exports", "/custom/contact_exports"):
        file = program.ask("GET", f"/api{there}/{export['result']['activity_id']}")
        assert file["Content-Type"].startswith("text/csv")
        assert bytes_of(file).startswith(b"Email address")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/proxy/nothing", 404, "not_found"),
        ("GET", "/proxy/email_schedules", 400, "invalid_request"),
        ("DELETE", "/proxy/account_summary", 405, "method_missing"),
        ("POST", "/proxy/contacts/list", 405, "method_missing"),
        ("GET", "/proxy/account_summary/x", 400, "invalid_request"),
        ("GET", "/proxy/contacts/x%40y", 400, "invalid_request"),
        ("GET", f"/proxy/contacts/{UNKNOWN}", 404, "provider_not_found"),
        ("POST", "/proxy/contacts", 400, "provider_invalid"),
        ("GET", "/proxy/partner_accounts", 403, "partner_key_missing"),
        ("GET", f"/custom/contacts/{UNKNOWN}", 404, "provider_not_found"),
        ("GET", "/custom/../oauth", 400, "unsafe_path"),
    ],
)
def test_each_refusal_says_whose_it_is(program, method, path, status, reason):
    body = {"create_source": "Account"} if method == "POST" else None
    found = asked(program, method, path, body, status)
    assert found["details"]["reason"] == reason
    assert found.get("truto_is_remote_error", False) == reason.startswith("provider_")
    if reason.startswith("provider_"):
        assert found["raw_response"]


# --- /custom in the envelope -------------------------------------------------------------------------------------


def test_any_call_comes_in_the_envelope(program):
    raw = json.loads(bytes_of(program.ask("GET", "/api/custom/v3/contacts?limit=2")))
    found = asked(program, "GET", "/custom/contacts?limit=2")
    assert found["result"] == raw
    following = asked(program, "GET", f"/custom/contacts?next_cursor={found['next_cursor']}")
    assert following["result"]["contacts"] != raw["contacts"]


def test_method_config_says_how(program, simulator):
    config = {
        "verb": "GET",
        "path": "contacts",
        "query": {"limit": 1, "include_count": True},
        "response_path": "contacts",
        "pagination": {"next": "_links.next.href"},
    }
    found = asked(program, "POST", "/custom/anything", {"methodConfig": config})
    assert len(found["result"]) == 1
    assert found["next_cursor"]
    assert simulator.calls()[-1]["method"] == "GET"
    made = {"name": "Kept", "methodConfig": {"response_path": "list_id"}}
    found = asked(program, "POST", "/custom/contact_lists", made, 201)
    assert re.fullmatch(r"[0-9a-f-]{36}", found["result"]["value"])
    paged = {"methodConfig": {"pagination": {"next": "lists.0.list_id", "parameter": "cursor"}}}
    assert asked(program, "GET", "/custom/contact_lists?limit=1", paged)["next_cursor"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"verb": "TRACE"}, "methodConfig.verb"),
        ({"other": 1}, "methodConfig.other"),
        ({"query": {"a": []}}, "methodConfig.query.a.str"),
        ("text", "methodConfig"),
    ],
)
def test_a_wrong_method_config_is_named(program, simulator, config, field):
    before = len(simulator.journal())
    found = asked(program, "POST", "/custom/contacts", {"methodConfig": config}, 400)
    assert field in [one["field"] for one in found["details"]["failures"]]
    assert len(simulator.journal()) == before


@pytest.mark.parametrize("path", ["../oauth2/x", "//evil.example/x", "contacts?x", "http://evil.example/"])
def test_method_config_cannot_leave_the_place(program, simulator, path):
    before = len(simulator.journal())
    asked(program, "POST", "/custom/contacts", {"methodConfig": {"path": path}}, 400)
    assert len(simulator.journal()) == before
