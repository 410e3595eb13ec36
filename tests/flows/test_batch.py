"""Several calls in one: in the order of what they need, each failure named, none twice."""

import json
import tracemalloc
from contextlib import contextmanager

import psycopg
import pytest

from tests import plugin
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of


@pytest.fixture
def program(world, simulator):
    return Program(world, Person(world).connection)


def asked(program, resources, status=200, path="/api/batch-request", **more):
    headers = more.pop("headers", {})
    answer = program.ask("POST", path, {"resources": resources, **more}, **headers)
    found = json.loads(bytes_of(answer))
    assert answer.status_code == status, found
    return found["result"] if status == 200 and path.startswith("/api") else found


def test_calls_use_what_others_have_answered(program, simulator):
    found = asked(
        program,
        [
            {
                "resource": "contacts",
                "method": "create",
                "depends_on": ["list"],
                "body": {
                    "email_address": {"address": "{{args.email}}"},
                    "create_source": "Account",
                    "list_memberships": ["{{resources.list.list_id}}"],
                    "last_name": "of {{resources.list.name}}",
                },
            },
            {
                "resource": "contact_lists",
                "name": "list",
                "method": "create",
                "body": {"name": "{{args.name}}"},
            },
            {
                "resource": "marketing-automation/contacts",
                "method": "get",
                "name": "shown",
                "id": "{{resources.contacts.contact_id}}",
                "depends_on": ["contacts"],
            },
        ],
        args={"name": "Batch", "email": "batch@people.example"},
    )
    assert found["errors"] == {}
    assert set(found["result"]) == {"list", "contacts", "shown"}
    made = found["result"]["contacts"][0]
    assert made["last_name"] == "of Batch"
    assert made["list_memberships"] == [found["result"]["list"][0]["list_id"]]
    assert found["result"]["shown"][0]["email"] == "batch@people.example"


def test_a_call_is_made_for_every_result_of_another(program, simulator):
    for name in ("one", "two", "three"):
        program.ask("POST", "/api/proxy/contact_tags", {"name": name})
    found = asked(
        program,
        [
            {"resource": "contact_tags", "query": {"limit": 2}, "persist": False},
            {
                "resource": "contact_tags",
                "method": "get",
                "name": "each",
                "loop_on": "contact_tags",
                "id": "{{resources.contact_tags.tag_id}}",
            },
            {"resource": "contacts", "method": "counts"},
        ],
    )
    assert found["errors"] == {}
    assert set(found["result"]) == {"each", "contacts"}
    assert len({one["tag_id"] for one in found["result"]["each"]}) == 2
    assert found["result"]["contacts"][0]["total"] >= 0


def test_failures_are_named_and_hold_up_only_who_needs_them(program, simulator):
    found = asked(
        program,
        [
            {"resource": "contact_lists", "method": "create", "body": {}, "name": "bad"},
            {"resource": "contacts", "method": "list", "name": "needs_it", "depends_on": ["bad"]},
            {"resource": "contact_tags", "method": "get", "id": "{{args.missing}}", "name": "nothing"},
            {"resource": "nowhere", "name": "unknown"},
            {"resource": "account_summary", "method": "get", "name": "fine"},
        ],
    )
    reasons = {name: one[0]["details"]["reason"] for name, one in found["errors"].items()}
    assert reasons == {
        "bad": "provider_invalid",
        "needs_it": "dependency_failed",
        "nothing": "invalid_request",
        "unknown": "not_found",
    }
    assert found["result"]["fine"][0]["organization_name"] == "Acme Bakery"


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [{"resource": "contacts"}, {"resource": "contacts"}],
        [{"resource": "contacts", "depends_on": ["ghost"]}],
        [
            {"resource": "contacts", "depends_on": ["lists"]},
            {"resource": "contact_lists", "name": "lists", "depends_on": ["contacts"]},
        ],
        [{"resource": "../oauth2"}],
        [{"resource": "contacts", "other": 1}],
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(program, simulator, resources):
    before = len(simulator.journal())
    found = asked(program, resources, status=400)
    assert found["details"]["failures"]
    assert len(simulator.journal()) == before


def test_a_batch_is_made_once_and_has_the_contract_s_shape(program, simulator):
    resources = [{"resource": "contact_lists", "method": "create", "body": {"name": "Once"}}]
    key = {"Idempotency-Key": "batch-1"}
    first = asked(program, resources, path="/compat/batch-request", headers=key)
    assert set(first) == {"result", "errors"}
    assert first["result"]["contact_lists"][0]["name"] == "Once"
    calls = len(simulator.calls())
    assert asked(program, resources, path="/compat/batch-request", headers=key) == first
    assert len(simulator.calls()) == calls


def test_a_token_s_scopes_hold_for_each_call(world, program, simulator):
    from connections.models import Environment
    from connections.programs import keys

    scope = world.scope()
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, token = keys.create(environment, "reader", scopes=["contacts:read"])
    program.headers["Authorization"] = f"Bearer {token.reveal()}"
    found = asked(
        program,
        [{"resource": "contacts"}, {"resource": "marketing-automation/lists", "name": "lists"}],
    )
    assert found["errors"]["contacts"][0]["details"]["missing_scopes"] == ["proxy"]
    assert "lists" in found["result"]


def test_another_s_account_is_not_there(world, program, simulator):
    before = len(simulator.journal())
    resources = [{"resource": "contacts"}]
    for account in ({}, {"integrated_account_id": program.headers["X-Integrated-Account-Id"]}):
        mine = program.headers["Authorization"]
        program.headers["Authorization"] = f"Bearer {world.token(world.stranger)}"
        asked(program, resources, status=404, **account)
        program.headers["Authorization"] = ""
        asked(program, resources, status=401, **account)
        program.headers["Authorization"] = mine
    assert len(simulator.journal()) == before


def test_references_stand_for_no_more_than_may_be_sent(program, simulator):
    before = len(simulator.calls())
    tracemalloc.start()
    try:
        found = asked(
            program,
            [
                {
                    "resource": "contact_lists",
                    "method": "create",
                    "name": "whole",
                    "body": {"name": ["{{args.big}}"] * 200},
                },
                {
                    "resource": "contact_lists",
                    "method": "create",
                    "name": "written",
                    "body": {"name": "{{ args.big }} " * 200},
                },
                {"resource": "contact_lists", "method": "create", "name": "fine", "body": {"name": "Fine"}},
            ],
            args={"big": "x" * 1_000_000},
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000
    assert {
        name: (one[0]["statusCode"], one[0]["details"]["reason"]) for name, one in found["errors"].items()
    } == {
        "whole": (413, "body_too_large"),
        "written": (413, "body_too_large"),
    }
    assert found["result"]["fine"][0]["name"] == "Fine"
    assert len(simulator.calls()) == before + 1


def test_a_place_that_no_list_has_leads_to_nothing(program, simulator):
    far = {"name": "{{args.one." + "9" * 5000 + "}}"}
    found = asked(
        program,
        [{"resource": "contact_tags", "method": "create", "name": "far", "body": far}],
        args={"one": [1]},
    )
    assert "leads to nothing" in found["errors"]["far"][0]["message"]


def test_what_is_no_json_is_named_and_nobody_waits_for_it(program, simulator):
    program.ask("POST", "/api/proxy/contact_lists", {"name": "Only"})
    lines = {"query": {"name": "Only"}, "response_format": "stream"}
    found = asked(
        program,
        [
            {"resource": "marketing-automation/lists", "name": "lines", **lines},
            {"resource": "marketing-automation/lists", "method": "delete", "name": "no_id"},
            {"resource": "contact_lists", "method": "delete", "name": "no_id_by_name"},
        ],
    )
    assert "stream" in found["errors"]["lines"][0]["message"]
    assert found["errors"]["no_id"][0]["statusCode"] == 405
    assert "`id`" in found["errors"]["no_id"][0]["message"]
    assert found["errors"]["no_id_by_name"][0]["details"]["failures"][0]["field"] == "id"


@contextmanager
def gone(table):
    """A table is away meanwhile: whoever needs it meets a fault of our own."""
    with psycopg.connect(plugin.superuser_url(), autocommit=True) as superuser:
        superuser.execute(f"ALTER TABLE {table} RENAME TO mislaid")
        try:
            yield
        finally:
            superuser.execute(f"ALTER TABLE mislaid RENAME TO {table}")


def test_a_fault_of_ours_ends_one_call_and_is_logged(program, simulator, caplog):
    program.client.raise_request_exception = False
    key = {"Idempotency-Key": "batch-with-a-fault"}
    resources = [
        {"resource": "contact_lists", "method": "create", "name": "before", "body": {"name": "Before"}},
        {
            "resource": "marketing-automation/contacts",
            "method": "create",
            "name": "faulty",
            "body": {"email": "somebody@people.example"},
        },
        {"resource": "contacts", "name": "needs_it", "depends_on": ["faulty"]},
        {"resource": "contact_lists", "method": "create", "name": "after", "body": {"name": "After"}},
    ]
    with gone("mapping_consententry"):
        first = program.ask("POST", "/api/batch-request", {"resources": resources}, **key)
    assert first.status_code == 200, first.content
    found = first.json()
    assert found["is_partial_response"]
    assert [found["result"]["result"][one][0]["name"] for one in ("before", "after")] == ["Before", "After"]
    errors = found["result"]["errors"]
    assert errors["faulty"] == [
        {
            "statusCode": 500,
            "error": "Internal Server Error",
            "message": "Something went wrong on our side.",
            "details": {"reference": first["X-Request-Id"]},
        }
    ]
    assert errors["needs_it"][0]["details"]["reason"] == "dependency_failed"
    [logged] = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "/api/unified/marketing-automation/contacts" in logged.getMessage()
    assert logged.exc_info
    # Sent again it is answered the same, and nothing is made twice.
    calls = len(simulator.calls())
    again = program.ask("POST", "/api/batch-request", {"resources": resources}, **key)
    assert again.json() == found
    assert len(simulator.calls()) == calls


def test_half_a_character_of_the_provider_s_fits_no_address(program, simulator):
    half = {"lists": [{"list_id": "1", "name": "half \ud83d"}]}
    simulator.ask("/_sim/faults", {"match": "/v3/contact_lists$", "status": 200, "body": half})
    name = "{{resources.lists.name}}"
    found = asked(
        program,
        [
            {"resource": "contact_lists", "name": "lists"},
            {"resource": "contact_tags", "name": "query", "query": {"name": name}},
            {"resource": "contact_tags", "method": "get", "name": "id", "id": name},
            {"resource": "account_summary", "method": "get", "name": "fine"},
        ],
    )
    assert found["result"]["lists"] == half["lists"]
    assert found["result"]["fine"]
    assert {one: said[0]["details"]["reason"] for one, said in found["errors"].items()} == {
        "query": "invalid_request",
        "id": "invalid_request",
    }
