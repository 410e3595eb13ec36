"""Walk 5, over HTTP against the simulator: contacts, lists, tags, users and roles in one shape."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from connections import tokens
from connections.constantcontact.pages import Page
from connections.constantcontact.redaction import Secret
from connections.constantcontact.resources.contacts import Contacts
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ConnectionToken, Environment
from connections.programs import keys
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of

CONTACTS = "/api/unified/marketing-automation/contacts"
LISTS = "/api/unified/marketing-automation/lists"
TAGS = "/api/unified/marketing-automation/tags"
USERS = "/api/unified/user-directory/users"
ROLES = "/api/unified/user-directory/roles"
ENVELOPE = {"result", "next_cursor", "prev_cursor", "result_count", "is_partial_response", "meta"}


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
    body = answer.json()
    assert set(body) == ENVELOPE
    return body


@pytest.fixture
def nora(program):
    """One contact with everything."""
    field = provider(program, "POST", "contact_custom_fields", {"label": "Visits", "type": "number"})
    plan = provider(
        program,
        "POST",
        "contact_custom_fields",
        {
            "label": "Plan",
            "type": "single_select",
            "metadata": {"display_type": "dropdown"},
            "choices": [
                {"choice_label": "Free", "display_order": 1},
                {"choice_label": "Paid", "display_order": 2},
            ],
        },
    )
    tag = provider(program, "POST", "contact_tags", {"name": "VIP"})
    news = provider(program, "POST", "contact_lists", {"name": "News"})
    paid = next(one for one in plan["choices"] if one["choice_label"] == "Paid")
    return provider(
        program,
        "POST",
        "contacts",
        {
            "email_address": {"address": "nora@people.example", "permission_to_send": "implicit"},
            "first_name": "Nora",
            "last_name": "Quill",
            "create_source": "Account",
            "custom_fields": [
                {"custom_field_id": field["custom_field_id"], "value": "12"},
                {"custom_field_id": plan["custom_field_id"], "choice_ids": [str(paid["choice_id"])]},
            ],
            "phone_numbers": [{"phone_number": "+1 555 0100", "kind": "work"}],
            "street_addresses": [
                {"kind": "home", "street": "1 Elm St", "city": "Salem", "postal_code": "02115"}
            ],
            "list_memberships": [news["list_id"]],
            "taggings": [tag["tag_id"]],
        },
    )


def test_a_contact_in_the_one_shape(program, nora):
    found = good(program.ask("GET", f"{CONTACTS}/{nora['contact_id']}"))["result"]
    assert (found["id"], found["email"], found["name"]) == (
        nora["contact_id"],
        "nora@people.example",
        "Nora Quill",
    )
    assert found["status"] == "active"
    assert found["phones"] == [{"phone": "+1 555 0100", "type": "work"}]
    assert found["addresses"][0]["street_1"] == "1 Elm St"
    assert found["lists"] == [{"id": nora["list_memberships"][0]}]
    assert found["tags"] == [{"id": nora["taggings"][0], "name": "VIP"}]
    assert list(found["custom_fields"].values()) == [12, "Paid"]
    assert [one["label"] for one in found["custom_fields_meta"]] == ["Visits", "Plan"]
    assert found["consent"]["permission_to_send"] == "implicit"
    assert found["consent"]["opt_in_source"]
    assert found["remote_data"]["contact_id"] == nora["contact_id"]
    assert found["updated_at"].endswith("Z")


def test_contacts_page_by_page_to_the_end(program, person):
    addresses = {f"p{number}@people.example" for number in range(7)}
    for address in addresses:
        provider(
            program,
            "POST",
            "contacts",
            {
                "email_address": {"address": address, "permission_to_send": "implicit"},
                "create_source": "Account",
            },
        )
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        body = good(
            program.ask(
                "GET", f"{CONTACTS}?limit=3&next_cursor={cursor}" if cursor else f"{CONTACTS}?limit=3"
            )
        )
        assert body["result_count"] == len(body["result"]) > 0
        seen += [one["email"] for one in body["result"]]
        cursor, pages = body["next_cursor"], pages + 1
        assert pages < 50
    assert addresses <= set(seen)
    assert len(seen) == len(set(seen))


def test_filters_are_the_providers_and_others_are_named(program, nora):
    def found(query):
        return good(program.ask("GET", f"{CONTACTS}?{query}"))

    assert [one["id"] for one in found("email=nora@people.example")["result"]] == [nora["contact_id"]]
    assert [one["id"] for one in found(f"tags[id]={nora['taggings'][0]}")["result"]] == [nora["contact_id"]]
    assert [one["id"] for one in found(f"lists[id][in]={nora['list_memberships'][0]}")["result"]] == [
        nora["contact_id"]
    ]
    assert nora["contact_id"] in {one["id"] for one in found("status=active&limit=500")["result"]}
    assert nora["contact_id"] not in {one["id"] for one in found("status[in]=unsubscribed")["result"]}
    assert found("status=bounced")["result"] == []
    assert found("updated_at[gt]=2999-01-01T00:00:00Z")["result"] == []
    ignored = found("email=nora@people.example&phones[phone]=1&score[gt]=3")
    assert ignored["meta"]["ignored_filters"] == ["phones[phone]", "score[gt]"]
    live = good(program.ask("GET", f"{TAGS}?truto_super_query=wnam"))
    assert live["meta"]["ignored_filters"] == ["truto_super_query"], (
        "what is not served is not passed over in silence"
    )
    refused = program.ask("GET", f"{CONTACTS}?score[gt]=3&strict=true")
    assert refused.status_code == 400
    assert refused.json()["details"]["failures"][0]["field"] == "score[gt]"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("status=sleepy", "status"),
        ("updated_at[gt]=yesterday", "updated_at[gt]"),
        ("next_cursor=abc", "next_cursor"),
        ("next_cursor=%C3%A4", "next_cursor"),
        ("strict=perhaps", "strict"),
        ("truto_key_by=tags", "truto_key_by"),
        ("[x]=1", "[x]"),
    ],
)
def test_what_cannot_be_meant_is_named(program, nora, query, field):
    refused = program.ask("GET", f"{CONTACTS}?{query}")
    assert refused.status_code == 400, refused.content
    assert refused.json()["details"]["failures"][0]["field"] == field


def test_what_is_not_wanted_is_left_out(program, nora):
    query = "email=nora@people.example&truto_ignore_remote_data=true&truto_exclude_fields[]=phones"
    (found,) = good(program.ask("GET", f"{CONTACTS}?{query}"))["result"]
    assert "remote_data" not in found
    assert "phones" not in found
    assert found["email"] == "nora@people.example"
    body = good(program.ask("GET", f"{CONTACTS}?email=nora@people.example&truto_key_by=email"))
    assert list(body["result"]) == ["nora@people.example"]


def test_a_cursor_of_another_collection_is_refused(program, nora):
    for name in ("one", "two"):
        provider(program, "POST", "contact_lists", {"name": name})
    cursor = good(program.ask("GET", f"{LISTS}?limit=1"))["next_cursor"]
    assert cursor
    assert program.ask("GET", f"{CONTACTS}?next_cursor={cursor}").status_code == 400


def test_an_empty_page_in_the_middle_of_a_walk_is_not_its_end(program, nora, monkeypatch):
    """No switch of the simulator empties a page, so the client's own pages are."""
    walked = Contacts.pages

    def with_a_gap(self, **asked):
        yield Page((), "/v3/contacts?cursor=gap", None, None)
        yield from walked(self, **asked)

    monkeypatch.setattr(Contacts, "pages", with_a_gap)
    body = good(program.ask("GET", f"{CONTACTS}?email=nora@people.example"))
    assert [one["id"] for one in body["result"]] == [nora["contact_id"]]
    monkeypatch.setattr(Contacts, "pages", lambda self, **asked: iter([Page((), None, None, None)]))
    assert good(program.ask("GET", CONTACTS))["next_cursor"] is None


def test_a_deleted_contact_is_cleaned(program, nora):
    path = f"{CONTACTS}/{nora['contact_id']}"
    assert good(program.ask("DELETE", path))["result"] == {"id": nora["contact_id"]}
    assert good(program.ask("GET", path))["result"]["status"] == "cleaned"
    missing = program.ask("GET", f"{CONTACTS}/{uuid4()}")
    assert missing.status_code == 404
    assert missing.json()["truto_is_remote_error"] is True
    ours = program.ask("PATCH", f"{CONTACTS}/not-a-uuid", {"first_name": "Nora"})
    assert (ours.status_code, ours.json()["details"]["reason"]) == (404, "not_found")
    assert "truto_is_remote_error" not in ours.json()


def test_lists_are_made_changed_and_deleted(program):
    made = good(program.ask("POST", LISTS, {"name": "Members", "description": "All of them"}))["result"]
    assert (made["name"], made["description"]) == ("Members", "All of them")
    path = f"{LISTS}/{made['id']}"
    assert good(program.ask("PATCH", path, {"name": "Friends"}))["result"]["description"] == "All of them"
    assert good(program.ask("GET", path))["result"]["name"] == "Friends"
    assert [one["name"] for one in good(program.ask("GET", f"{LISTS}?name=Friends"))["result"]] == ["Friends"]
    taken = program.ask("POST", LISTS, {"name": "Friends"})
    assert taken.status_code == 409
    assert taken.json()["truto_is_remote_error"] is True
    gone = good(program.ask("DELETE", path))
    assert gone["result"] == {"id": made["id"]}
    assert gone["meta"]["activity_id"]


def test_tags_are_made_changed_and_deleted(program):
    made = good(program.ask("POST", TAGS, {"name": "Regular"}))["result"]
    path = f"{TAGS}/{made['id']}"
    assert good(program.ask("PATCH", path, {"name": "Patron"}))["result"]["name"] == "Patron"
    assert good(program.ask("GET", path))["result"]["name"] == "Patron"
    assert "Patron" in {one["name"] for one in good(program.ask("GET", TAGS))["result"]}
    assert good(program.ask("DELETE", path))["result"] == {"id": made["id"]}
    refused = program.ask("POST", TAGS, {"label": "x"})
    assert refused.status_code == 400
    assert refused.json()["details"]["failures"][0]["field"].endswith("name")


def test_users_and_roles_are_what_is_known(program, person, simulator):
    before = len(simulator.calls())
    body = good(program.ask("GET", USERS))
    assert body["is_partial_response"] is True
    assert body["meta"]["read_at"]
    (owner,) = body["result"]
    assert owner["roles"] == [{"id": "account_owner", "name": "Account owner"}]
    assert owner["emails"][0]["email"] == "owner@acmebakery.example"
    addresses = {one["email_address"]: one["roles"] for one in simulator.get("/v3/account/emails")}
    assert {one["email"] for one in owner["emails"]} == set(addresses)
    unknown = ("external_id", "identifiers", "is_email_verified", "is_2fa_enabled")
    assert [owner[name] for name in unknown] == [None] * 4
    for one in owner["emails"]:
        assert (
            one["type"] == ", ".join(role.lower() for role in addresses[one["email"]])
            or one["type"] == "work"
        )
    assert good(program.ask("GET", f"{USERS}/{owner['id']}"))["result"] == owner
    roles = good(program.ask("GET", ROLES))["result"]
    assert [one["id"] for one in roles] == ["account_owner", "account_manager", "campaign_creator"]
    assert good(program.ask("GET", f"{ROLES}/account_manager"))["result"] == roles[1]
    for path in (f"{ROLES}/pope", f"{USERS}/nobody"):
        ours = program.ask("GET", path)
        assert (ours.status_code, ours.json()["details"]["reason"]) == (404, "not_found")
        assert "truto_is_remote_error" not in ours.json()
    read = [call["path"] for call in simulator.calls()[before:]]
    assert read == 2 * ["/v3/account/emails"], "once by us, then kept with its age; and once by this test"
    assert body["meta"]["age_seconds"] < 60
    assert "contacts:write" not in roles[2]["remote_data"]["privileges"]
    with person.scope.transaction():
        Connection.objects.filter(pk=person.connection.pk).update(account_role="Account manager")
    people = good(program.ask("GET", USERS))["result"]
    assert [one["roles"][0]["id"] for one in people] == ["account_owner", "account_manager"]


def test_reading_needs_less_than_writing(world, program, person):
    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        _, reader = keys.create(environment, "reader", scopes=["contacts:read"])
    headers = {"Authorization": f"Bearer {reader.reveal()}"}
    assert program.ask("GET", LISTS, **headers).status_code == 200
    assert program.ask("POST", LISTS, {"name": "x"}, **headers).status_code == 403
    assert program.ask("DELETE", f"{CONTACTS}/{uuid4()}", **headers).status_code == 403
    assert program.ask("GET", USERS, **headers).status_code == 403
    stranger = Program(world, person.connection, world.stranger)
    for path in (CONTACTS, LISTS, TAGS, USERS, ROLES):
        assert stranger.ask("GET", path).status_code == 404


def test_a_list_and_a_tag_are_changed_by_the_id_in_the_body(program):
    for where in (CONTACTS.replace("contacts", "lists"), TAGS):
        made = program.ask("POST", where, {"name": "Before"}).json()["result"]
        changed = program.ask("PATCH", where, {"id": made["id"], "name": "After"}).json()["result"]
        assert (changed["id"], changed["name"]) == (made["id"], "After")
        assert program.ask("PATCH", where, {"name": "Nobody"}).status_code == 400


def test_an_error_says_what_was_missing(program):
    def hints(answer):
        return {name: one["value"] for name, one in answer.json()["truto_error_insight"].items()}

    assert hints(program.ask("POST", CONTACTS, {"first_name": "A"})) == {
        "missing_required_body_fields": ["body.email"]
    }
    explicit = {"email": "a@people.example", "consent": {"permission_to_send": "explicit"}}
    said = hints(program.ask("POST", CONTACTS, explicit))
    assert said["conditionally_required_body_fields"][0] == "consent.evidence.source"
    gone = hints(program.ask("GET", f"{CONTACTS}/{uuid4()}"))
    assert gone["remote_error"]
    del program.headers["X-Integrated-Account-Id"]
    assert hints(program.ask("GET", CONTACTS)) == {
        "missing_required_query_parameters": ["integrated_account_id"]
    }
    assert "truto_error_insight" not in program.ask("GET", "/api/proxy/contacts").json()


@pytest.mark.parametrize("path", [LISTS, "/api/proxy/contact_lists", "/compat/proxy/contact_lists"])
def test_what_the_provider_said_is_handed_on(program, person, simulator, path):
    with person.scope.transaction():
        ConnectionToken.objects.update(scope="account_read offline_access")
    said = [{"error_key": "unauthorized", "error_message": "Bearer abc.def may not do this"}]
    fault = {"match": "/v3/contact_lists", "status": 403, "body": said, "times": 1}
    simulator.ask("/_sim/faults", fault)
    answer = program.ask("GET", path)
    found = answer.json()
    assert (answer.status_code, found["truto_is_remote_error"]) == (403, True)
    masked = [{"error_key": "unauthorized", "error_message": "[masked] may not do this"}]
    assert found["raw_response"] == masked
    hints = found["truto_error_insight"]
    assert hints["forbidden_error"]["value"] == {"missing_scopes": ["contact_data"]}
    assert ("remote_error" in hints) is (path == LISTS)


def test_the_provider_s_number_of_a_refused_request_is_handed_on(program, person, simulator):
    grant = simulator.ask("/_sim/token", {"account": "Acme Bakery", "scope": "account_read"})
    with person.scope.transaction():
        connection = Connection.objects.get(pk=person.connection.pk)
        given = TokenGrant(Secret(grant["access_token"]), None, 86_400, grant["scope"])
        tokens.store(connection, given, datetime.now(UTC))
    answer = program.ask("GET", LISTS)
    assert (answer.status_code, answer.json()["details"]["reason"]) == (403, "provider_forbidden")
    assert answer["x-amzn-RequestId"] == "00000000-0000-4000-8000-000000000000"
    assert "X-Cache" not in answer
    assert answer.json()["raw_response"]["error_key"] == "access_denied"
