"""`/compat`: the answers of /api in the shapes that clients of the contract know."""

import json

import pytest

from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of

LISTED = {"result", "next_cursor", "prev_cursor", "result_count", "is_partial_response"}

BULK = {"contacts": [{"email": f"{name}@people.example"} for name in ("ana", "bo")]}
HALF = "6e3f5b8c-0c3f-11ee-9c2b-fa163e6b5a01"


@pytest.fixture
def program(world, simulator):
    return Program(world, Person(world).connection)


def both(program, method, path, body=None):
    """The same call below either prefix."""
    ours, theirs = (program.ask(method, f"/{prefix}/{path}", body) for prefix in ("api", "compat"))
    assert ours.status_code == theirs.status_code
    return ours.json(), theirs.json()


@pytest.mark.parametrize(
    "path",
    ["unified/marketing-automation/lists", "unified/user-directory/roles", "unified/user-directory/users"],
)
def test_a_list_of_calls_keeps_all_but_meta(program, path):
    ours, theirs = both(program, "GET", path)
    assert set(theirs) == LISTED
    assert theirs == {name: value for name, value in ours.items() if name != "meta"}


def test_ignored_filters_are_told_and_keyed_lists_stay_lists(program):
    path = "unified/marketing-automation/lists?score[gt]=2&truto_key_by=id"
    ours, theirs = both(program, "GET", path)
    assert set(theirs) == {*LISTED, "ignored_filters"}
    assert theirs["ignored_filters"] == ours["meta"]["ignored_filters"] == ["score[gt]"]
    assert theirs["result"] == ours["result"]
    assert isinstance(theirs["result"], dict)


@pytest.mark.parametrize("path", ["integrated-account", "jobs"])
def test_any_other_list_has_three_parts(program, path):
    ours, theirs = both(program, "GET", path)
    assert set(theirs) == {"result", "next_cursor", "limit"}
    assert theirs["result"] == ours["result"]


def test_an_object_comes_bare(program):
    role = both(program, "GET", "unified/user-directory/roles/account_owner")
    assert role[1] == role[0]["result"]
    ping = both(program, "GET", "ping")
    assert ping[1] == ping[0]["result"]


def test_what_is_made_changed_and_deleted_comes_bare(program):
    lists = "/compat/unified/marketing-automation/lists"
    made = program.ask("POST", lists, {"name": "Moved here"}).json()
    assert made["name"] == "Moved here"
    changed = program.ask("PATCH", f"{lists}/{made['id']}", {"name": "Stayed"}).json()
    assert (changed["id"], changed["name"]) == (made["id"], "Stayed")
    assert program.ask("DELETE", f"{lists}/{made['id']}").json() == {"id": made["id"]}


def test_the_raw_route_is_untouched(program):
    ours, theirs = (program.ask("GET", f"/{prefix}/custom/v3/contact_lists") for prefix in ("api", "compat"))
    assert bytes_of(ours) == bytes_of(theirs)
    assert "lists" in json.loads(bytes_of(program.ask("GET", "/compat/custom/v3/contact_lists")))


def test_any_call_comes_in_the_contract_s_envelope(program):
    for name in ("one", "two"):
        program.ask("POST", "/api/proxy/contact_tags", {"name": name})
    ours, theirs = both(program, "GET", "custom/contact_tags?limit=1")
    assert set(theirs) == {"result", "next_cursor", "prev_cursor"}
    assert (theirs["result"], theirs["next_cursor"]) == (ours["result"], ours["next_cursor"])
    following = program.ask("GET", f"/compat/custom/contact_tags?next_cursor={theirs['next_cursor']}").json()
    assert following["result"]["tags"] != theirs["result"]["tags"]
    config = {"methodConfig": {"verb": "GET", "response_path": "tags"}}
    assert set(both(program, "POST", "custom/contact_tags?limit=1", config)[1]) == LISTED


def test_a_list_tells_its_own_limit(program):
    assert program.ask("GET", "/compat/jobs?limit=7").json()["limit"] == 7
    made = program.ask("POST", "/api/unified/marketing-automation/contacts/bulk", BULK)
    rows = f"/compat/jobs/{made.json()['result']['id']}/rows"
    assert program.ask("GET", f"{rows}?limit=3").json()["limit"] == 3
    assert program.ask("GET", "/compat/jobs").json()["limit"] == program.ask("GET", rows).json()["limit"] > 0


def test_half_a_character_of_the_provider_s_is_no_failure(program, simulator):
    said = {"tag_id": HALF, "name": "half \ud800", "contacts_count": 0}
    fault = {"match": "/v3/contact_tags/", "status": 200, "body": said, "times": None}
    simulator.ask("/_sim/faults", fault)
    for path in (f"proxy/contact_tags/{HALF}", f"custom/contact_tags/{HALF}"):
        ours, theirs = both(program, "GET", path)
        assert ours["result"]["name"] == "half \ud800"
        assert theirs.get("result", theirs)["name"] == "half \ud800"


def test_errors_have_one_shape_everywhere(program):
    for path in (
        "unified/marketing-automation/tags/nothing",
        "unified/marketing-automation/lists?limit=none",
    ):
        ours, theirs = both(program, "GET", path)
        assert ours == theirs
        assert set(ours) >= {"statusCode", "error", "message", "details"}


@pytest.mark.parametrize("path", ["/api/sync-job", "/compat/workflow", "/api/unified/crm/contacts"])
def test_what_is_not_here_says_where_to_look(program, path):
    answer = program.ask("GET", path)
    assert answer.status_code == 404
    assert answer.json()["details"]["reason"] == "no_such_address"
    assert "/docs/api/" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"name": "a\\u0000b"}', "name"),
        ('{"name": "\\ud800"}', "name"),
        ('{"name": "x", "more": [{"deep": NaN}]}', "more.0.deep"),
        ('{"name": "x", "a\\u0000": 1}', ""),
    ],
)
def test_what_nobody_could_keep_is_refused_at_its_place(program, body, place):
    answer = program.ask("POST", "/api/unified/marketing-automation/lists", body)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["details"]["failures"]] == [place]


@pytest.mark.parametrize("prefix", ["api", "compat"])
def test_another_method_is_told_which_there_are(program, prefix):
    answer = program.ask("PUT", f"/{prefix}/ping")
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    assert answer.json()["statusCode"] == 405


def test_limits_are_told_below_either_prefix(program):
    for prefix in ("api", "compat"):
        assert program.ask("GET", f"/{prefix}/ping")["ratelimit-limit"]


@pytest.mark.parametrize("prefix", ["api", "compat"])
def test_nobody_comes_in_without_a_token(program, prefix):
    program.headers = {}
    answer = program.ask("GET", f"/{prefix}/integrated-account")
    assert (answer.status_code, answer.json()["details"]["reason"]) == (401, "unauthorized")


def test_what_a_unified_method_takes_and_gives(program):
    meta = "unified/marketing-automation/contacts/meta"
    listed = program.ask("GET", f"/api/{meta}/list").json()["result"]
    assert listed["mapping"]["email"] == "email_address.address"
    assert set(listed["query_schema"]["properties"]) >= {"email", "status", "limit", "next_cursor"}
    assert listed["request_body_schema"] is None
    assert set(listed) >= {"schema", "defaults"}
    made = program.ask("GET", f"/compat/{meta}/create").json()
    assert made["request_body_schema"]["required"] == ["email"]
    assert program.ask("GET", f"/api/{meta}/fly").status_code == 404
    whole = program.ask("GET", "/api/unified/meta/user-directory/constantcontact").json()
    assert {(one["resource"], one["method"]) for one in whole["result"]} >= {
        ("users", "list"),
        ("roles", "get"),
    }
    page = program.ask("GET", "/api/unified/meta/marketing-automation/constantcontact?format=md")
    assert page["Content-Type"].startswith("text/markdown")
    assert "## list contacts" in page.content.decode()
    page = program.ask("GET", "/compat/unified/meta/marketing-automation/constantcontact?format=html")
    assert page["Content-Type"] == "text/html; charset=utf-8"
    text = page.content.decode()
    assert 'id="contacts-list"' in text and "<code>truto_key_by</code>" in text
    assert not page.cookies and "csrf" not in text
    assert "style-src 'self'" in page["Content-Security-Policy"], "a page of ours, with its look"
    plain = program.ask("GET", "/api/unified/meta/marketing-automation/constantcontact")
    assert plain["Content-Security-Policy"].startswith("default-src 'none'; base-uri 'none'")
    assert "sandbox" in plain["Content-Security-Policy"]
