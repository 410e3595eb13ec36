"""The forms in which the unified API answers, and our own copy in place of the provider."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.flows.importing import Person
from tests.flows.mirrors import at_provider, create, finish, linked
from tests.flows.programs import Program, bytes_of

MARKETING = "/api/unified/marketing-automation"
CONTACTS = f"{MARKETING}/contacts"
DEBUG = {"requestUrl", "requestOptions", "data", "responseHeaders", "nextCursor", "isLooping"}
DEBUG |= {"isEmptyResult", "resultCount"}


@pytest.fixture
def people(simulator):
    """Five people, one of whom unsubscribed and one of whom was deleted, and a list with two."""
    news = at_provider(simulator, "POST", "/v3/contact_lists", {"name": "News"})["list_id"]
    visits = at_provider(
        simulator, "POST", "/v3/contact_custom_fields", {"label": "Visits", "type": "number"}
    )
    made = {
        name: create(
            simulator,
            f"{name}@people.example",
            first_name=name.title(),
            **({"list_memberships": [news]} if name in ("ana", "bo") else {}),
            custom_fields=[{"custom_field_id": visits["custom_field_id"], "value": "3"}],
        )
        for name in ("ana", "bo", "cem", "dee", "eva")
    }
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "bo@people.example"})
    at_provider(simulator, "DELETE", f"/v3/contacts/{made['cem']['contact_id']}")
    return {"news": news, "visits": visits, **made}


@pytest.fixture
def program(people, world, simulator):
    person = Person(world)
    made = Program(world, person.connection)
    made.person = person
    return made


def ask(program, path, status=200):
    answer = program.ask("GET", path)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_raw_is_the_providers_document_alone(program, people):
    (found,) = ask(program, f"{CONTACTS}?email=ana@people.example&truto_response_format=raw")["result"]
    assert set(found) == {"id", "remote_data"}
    assert found["remote_data"]["email_address"]["address"] == "ana@people.example"
    one = ask(program, f"{CONTACTS}/{people['ana']['contact_id']}?truto_response_format=raw")["result"]
    assert one == found
    moved = ask(
        program,
        f"{CONTACTS}/{people['ana']['contact_id']}?truto_response_format=raw".replace("/api/", "/compat/"),
    )
    assert moved == found["remote_data"]
    keyed = f"{CONTACTS}?truto_response_format=raw&truto_key_by=id".replace("/api/", "/compat/")
    assert ask(program, keyed)["result"][found["id"]] == found["remote_data"]


def test_normalized_leaves_the_document_out(program):
    for one in ask(program, f"{CONTACTS}?truto_response_format=normalized")["result"]:
        assert "remote_data" not in one and one["first_name"]


def test_debug_shows_what_came(program):
    found = ask(program, f"{CONTACTS}?limit=2&truto_response_format=debug")
    debug = found["meta"]["debug"]
    assert [one["contact_id"] for one in debug["data"]] == [one["id"] for one in found["result"]]
    assert (debug["nextCursor"], debug["resultCount"], debug["isEmptyResult"]) == (
        found["next_cursor"],
        2,
        False,
    )
    moved = ask(program, f"{CONTACTS}?limit=2&truto_response_format=debug".replace("/api/", "/compat/"))
    assert set(moved) == {"result", "debug"}
    assert set(moved["debug"]) == DEBUG


def test_debug_shows_the_call_without_who_made_it(program, people):
    user = ask(program, "/api/unified/user-directory/users")["result"][0]["id"]
    paths = {
        f"{CONTACTS}?email=ana@people.example": "/v3/contacts",
        f"{CONTACTS}/{people['ana']['contact_id']}?": f"/v3/contacts/{people['ana']['contact_id']}",
        f"{MARKETING}/lists/{people['news']}?": f"/v3/contact_lists/{people['news']}",
        f"/api/unified/user-directory/users/{user}?": None,
    }
    for path, asked in paths.items():
        found = ask(program, f"{path}&truto_response_format=debug")
        debug = found["meta"]["debug"]
        assert set(debug) == DEBUG
        assert (debug["nextCursor"], debug["isLooping"]) == (None, False)
        if asked is None:  # we have answered ourselves
            assert debug["requestUrl"] is debug["requestOptions"] is debug["responseHeaders"] is None
            continue
        assert urlsplit(debug["requestUrl"]).path == asked
        assert debug["requestOptions"]["method"] == "GET"
        assert debug["responseHeaders"]["content-type"].startswith("application/json")
        assert "bearer" not in json.dumps(found).lower()
        assert "authorization" not in json.dumps(found).lower()


@pytest.mark.parametrize("resource", ["contacts", "lists", "tags"])
def test_a_stream_is_every_page_line_by_line(program, simulator, resource):
    for number in range(3):
        program.ask("POST", f"{MARKETING}/tags", {"name": f"Tag {number}"})
        program.ask("POST", f"{MARKETING}/lists", {"name": f"List {number}"})
    everyone = ask(program, f"{MARKETING}/{resource}?limit=500")["result"]
    answer = program.ask("GET", f"{MARKETING}/{resource}?limit=1&truto_response_format=stream")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in bytes_of(answer).splitlines()] == everyone
    assert len(everyone) >= 3


def test_what_is_asked_of_the_provider_goes_as_it_is(program):
    found = ask(
        program, f"{MARKETING}/lists?limit=1&remote_query[include_membership_count]=all&remote_query[limit]=2"
    )
    assert len(found["result"]) == 2
    assert all("membership_count" in one["remote_data"] for one in found["result"])
    query = "remote_query[include_membership_count]=all"
    one = ask(program, f"{MARKETING}/lists/{found['result'][0]['id']}?{query}")
    assert "membership_count" in one["result"]["remote_data"]


def test_pairs_for_the_provider_go_along_with_every_call_that_takes_them(program, people):
    query = "remote_query[a]=1&remote_query[b]=2&remote_query[a]=3&truto_response_format=debug"

    def sent(method, path, body=None):
        answer = program.ask(method, f"{MARKETING}/{path}?{query}", body)
        url = urlsplit(answer.json()["meta"]["debug"]["requestUrl"])
        assert parse_qsl(url.query)[-3:] == [("a", "1"), ("b", "2"), ("a", "3")], path
        return answer.json()["result"]

    sent("GET", "contacts")
    sent("GET", f"contacts/{people['ana']['contact_id']}")
    for resource in ("lists", "tags"):
        made = sent("POST", resource, {"name": "Odd"})
        sent("PATCH", f"{resource}/{made['id']}", {"name": "Even"})
        sent("GET", f"{resource}/{made['id']}")
        sent("GET", resource)


def test_what_cannot_be_handed_on_is_named(program, simulator, people):
    query = "remote_query[include]=notes"
    ana = f"{CONTACTS}/{people['ana']['contact_id']}"
    changed = program.ask("PATCH", f"{ana}?{query}", {"first_name": "Anna"})
    assert changed.json()["meta"]["ignored_filters"] == ["remote_query[include]"]
    for path in ("/api/unified/user-directory/users", "/api/unified/user-directory/roles"):
        assert ask(program, f"{path}?{query}")["meta"]["ignored_filters"] == ["remote_query[include]"]
    before = len(simulator.calls())
    for method, path, body in (
        ("PATCH", ana, {"first_name": "Ana"}),
        ("POST", f"{CONTACTS}/upsert", {"email": "ana@people.example"}),
        ("DELETE", ana, None),
    ):
        refused = program.ask(method, f"{path}?{query}&strict=true", body)
        assert refused.status_code == 400
        assert refused.json()["details"]["failures"][0]["field"] == "remote_query[include]"
    assert len(simulator.calls()) == before


def test_of_a_name_given_twice_none_is_dropped_in_silence(program):
    found = ask(program, f"{MARKETING}/lists?name[]=News&name[]=Others")
    assert found["meta"]["ignored_filters"] == ["name[]"]
    ask(program, f"{MARKETING}/lists?name[]=News&name[]=Others&strict=true", 400)
    ask(program, f"{MARKETING}/lists?limit={'9' * 4301}", 400)


def test_a_form_that_is_none_is_refused_by_name(program):
    refused = ask(program, f"{CONTACTS}?truto_response_format=xml", 400)
    assert refused["details"]["failures"][0]["field"] == "truto_response_format"


# --- Our own copy --------------------------------------------------------------------------------------------


def mirrored(program, query="", status=200):
    return ask(program, f"{CONTACTS}?truto_super_query=wnam{query}", status)


def test_without_a_copy_it_says_how_to_get_one(program):
    refused = mirrored(program, status=409)
    assert refused["details"]["reason"] == "mirror_missing"
    answer = program.ask("POST", f"/api/integrated-account/{program.person.connection.pk}/mirror")
    assert answer.status_code == 202 and "/mirror" in refused["message"]
    again = program.ask("POST", f"/api/integrated-account/{program.person.connection.pk}/mirror")
    assert again.json()["result"]["id"] == answer.json()["result"]["id"]
    assert finish(program.person, answer.json()["result"]["id"]).state == "done"
    assert len(mirrored(program)["result"]) == 4


def test_a_contact_is_read_with_its_entry_of_the_consent_ledger(program, simulator, people):
    linked(program.person)
    kept = {}
    for name in ("Ana", "New"):
        body = {"email": f"{name}@people.example", "first_name": f"{name} Once"}
        done = program.ask("POST", f"{CONTACTS}/upsert", body).json()["result"]["contact"]
        kept[name.lower()] = done["consent"]["ledger_id"]
    simulator.ask("/_sim/faults", {"match": "^/v3/contacts/", "method": "PUT", "status": 400, "times": None})
    path = f"{CONTACTS}/{done['id']}"
    assert program.ask("PATCH", path, {"first_name": "Twice"}).status_code == 400, (
        "an entry, and one that undoes it"
    )
    simulator.ask("/_sim/faults", method="DELETE")
    assert ask(program, path)["result"]["consent"]["ledger_id"] == kept["new"]
    for found in (ask(program, CONTACTS), mirrored(program)):
        shown = {
            one["email"].partition("@")[0].lower(): one["consent"]["ledger_id"] for one in found["result"]
        }
        assert {name: entry for name, entry in shown.items() if entry} == kept
        assert len(shown) == 5


def test_the_copy_answers_without_a_call_and_tells_its_age(program, simulator, people):
    linked(program.person)
    before = len(simulator.calls())
    first = mirrored(program, "&limit=2")
    second = mirrored(program, f"&limit=2&next_cursor={first['next_cursor']}")
    assert simulator.calls()[before:] == []
    assert [one["email"].partition("@")[0] for one in first["result"] + second["result"]] == [
        "ana",
        "bo",
        "dee",
        "eva",
    ]
    assert second["next_cursor"] is None
    assert first["meta"]["source"] == "mirror" and 0 <= first["meta"]["age_seconds"] < 60
    assert datetime.fromisoformat(first["meta"]["read_at"]) < datetime.now(UTC)
    ana, bo = first["result"]
    assert (ana["first_name"], ana["custom_fields"]) == ("Ana", {people["visits"]["name"]: 3})
    assert ana["lists"] == [{"id": people["news"]}]
    assert bo["status"] == "unsubscribed"
    assert ana["status"] is None, "that nobody unsubscribed is not leave to write"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("&email=Ana@people.example", ["ana"]),
        ("&email[in]=ana@people.example,dee@people.example", ["ana", "dee"]),
        ("&status=unsubscribed", ["bo"]),
        ("&status=cleaned", ["cem"]),
        ("&status=bounced", []),
    ],
)
def test_the_copy_is_filtered(program, query, names):
    linked(program.person)
    assert [one["email"].partition("@")[0] for one in mirrored(program, query)["result"]] == names


def test_the_copy_is_filtered_by_list_and_names_what_it_cannot(program, people):
    linked(program.person)
    found = mirrored(program, f"&lists[id]={people['news']}&score=3")
    # Who unsubscribes is on no list any more.
    assert [one["email"].partition("@")[0] for one in found["result"]] == ["ana"]
    assert found["meta"]["ignored_filters"] == ["score"]
    for query in ("&lists[id]=news", "&status=happy", "&next_cursor=nonsense", "&truto_response_format=raw"):
        assert mirrored(program, query, 400)["details"]["failures"]


@pytest.mark.parametrize("status", ["active", "unconfirmed"])
def test_the_copy_says_which_status_it_cannot_tell(program, status):
    """An export names nobody's permission, so that hardly anybody would be found."""
    linked(program.person)
    for query in (f"&status={status}", f"&status[in]=unsubscribed,{status}"):
        (failure,) = mirrored(program, query, 400)["details"]["failures"]
        assert failure["field"] in ("status", "status[in]")
        assert "cleaned, unsubscribed" in failure["message"] and "truto_super_query" in failure["message"]


def test_the_copy_does_not_know_when_somebody_was_changed(program):
    linked(program.person)
    program.ask("POST", f"{CONTACTS}/upsert", {"email": "new@people.example"})
    found = mirrored(program, "&updated_at[lt]=2100-01-01")
    assert len(found["result"]) == 5
    assert {one["updated_at"] for one in found["result"]} == {None}
    assert found["meta"]["ignored_filters"] == ["updated_at[lt]"]
    (failure,) = mirrored(program, "&updated_at[lt]=2100-01-01&strict=true", 400)["details"]["failures"]
    assert failure["field"] == "updated_at[lt]" and "truto_super_query" in failure["message"]


def test_another_workspace_sees_nothing_of_the_copy(program, world):
    linked(program.person)
    other = Program(world, program.person.connection, world.stranger)
    assert other.ask("GET", f"{CONTACTS}?truto_super_query=1").status_code == 404


@pytest.mark.parametrize(
    "form",
    ["truto_response_format=raw", "truto_response_format=debug", "truto_response_format=normalized"]
    + [f"truto_exclude_fields[]={name}" for name in ("contact", "outcome", "reason", "email")],
)
@pytest.mark.parametrize("prefix", ["api", "compat"])
def test_an_upsert_s_form_is_the_contact_s(program, form, prefix):
    body = {"email": "fay@people.example", "first_name": "Fay"}
    answer = program.ask("POST", f"/{prefix}/unified/marketing-automation/contacts/upsert?{form}", body)
    assert answer.status_code == 200, answer.content
    found = answer.json()["result"]
    assert (found["outcome"], found["reason"]) == ("created", None)
    contact = found["contact"]
    if form.endswith("raw"):
        document = contact if prefix == "compat" else contact["remote_data"]
        assert document["email_address"]["address"] == "fay@people.example"
    else:
        assert contact["first_name"] == "Fay"
        assert ("email" in contact) is not form.endswith("email")
        assert ("remote_data" in contact) is not form.endswith("normalized")
    if form.endswith("debug"):
        debug = answer.json()["debug"] if prefix == "compat" else answer.json()["meta"]["debug"]
        assert debug["data"]["email_address"]["address"] == "fay@people.example"
