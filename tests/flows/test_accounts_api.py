"""Linked accounts through the API: found, changed, paused, renewed, removed; and tokens of one account."""

import json
import string
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from connections import gateway, vault
from connections.links.pausing import Paused
from connections.models import ApiKey, Connection, ConnectionToken, Environment
from connections.programs import accounttokens, keys
from connections.tokens import place
from syncjobs import runner
from syncjobs.models import SyncJob
from tests.flows.importing import Person
from tests.flows.programs import Caller, bytes_of, unhurried

ACCOUNTS = "/api/integrated-account"
CONTACTS = "/api/unified/marketing-automation/contacts"


@pytest.fixture
def person(world, simulator):
    unhurried(simulator)
    return Person(world)


@pytest.fixture
def caller(world, person):
    return Caller(world)


@pytest.fixture
def account(person):
    return f"{ACCOUNTS}/{person.connection.pk}"


def result(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json()["result"]


def reason(answer, status):
    assert answer.status_code == status, bytes_of(answer)
    return json.loads(bytes_of(answer))["details"]["reason"]


def test_an_account_as_programs_see_it(world, caller, account, person):
    found = result(caller.ask("GET", account))
    assert found["integration"]["name"] == "constantcontact"
    assert (found["status"], found["authentication_method"], found["is_sandbox"]) == (
        "active",
        "oauth2",
        True,
    )
    assert (found["context"], found["is_blocked"], found["last_forbidden_error"]) == ({}, False, None)
    assert found["environment_id"] == str(world.scope().environment_id)
    with world.scope().transaction():
        kept = ConnectionToken.objects.get(connection=person.connection)
        secrets = [
            vault.open_sealed(getattr(kept, f"{name}_sealed"), place(kept, name))
            for name in ("access", "refresh")
        ]
    text = caller.ask("GET", account).content.decode()
    assert not [one for one in secrets if one.reveal() in text]


def test_accounts_are_found_by_what_they_are(world, caller, person):
    for number in range(3):
        world.connection(name=f"Shop {number}")
    with world.scope().transaction():
        Connection.objects.filter(account_name="Shop 1").update(customer_ref="cust-9")

    def names(query):
        body = caller.ask("GET", f"{ACCOUNTS}?{query}").json()
        assert body["result_count"] == len(body["result"])
        return {one["account_name"] for one in body["result"]}

    assert names("tenant_id=cust-9") == {"Shop 1"}
    assert len(names(f"environment_id={world.scope().environment_id}")) == 4
    assert names(f"environment_id={world.scope(kind='live').environment_id}") == set()
    assert (len(names("is_sandbox=true")), names("is_sandbox=false")) == (4, set())
    seen, cursor = [], ""
    while cursor is not None:
        body = caller.ask("GET", f"{ACCOUNTS}?limit=3" + (f"&next_cursor={cursor}" if cursor else "")).json()
        seen += [one["id"] for one in body["result"]]
        cursor = body["next_cursor"]
    assert len(seen) == len(set(seen)) == 4
    assert caller.ask("GET", f"{ACCOUNTS}?limit=0").status_code == 400


def test_context_is_merged_at_every_depth(caller, account):
    first = result(caller.ask("PATCH", account, {"context": {"a": {"b": 1, "c": [1, 2]}, "d": 3}}))
    assert first["context"] == {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    second = caller.ask("PATCH", account, {"context": {"a": {"c": [3], "x": {}}, "d": None}, "region": "eu"})
    assert result(second)["context"] == {"a": {"b": 1, "c": [3], "x": {}}}
    assert second.json()["meta"] == {"ignored_fields": ["region"]}
    assert result(second)["updated_at"] > first["updated_at"]
    same = result(caller.ask("PATCH", account, {"context": {"a": {"b": 1}}}))
    assert same["updated_at"] == result(second)["updated_at"], "nothing changed"
    deep: dict = {}
    for _ in range(40):
        deep = {"a": deep}
    for bad in (deep, {"a": "x" * 70_000}, {"a": "\x00"}, {"a": "\ud800"}):
        refused = caller.ask("PATCH", account, {"context": bad})
        assert reason(refused, 400) == "invalid_request"
        assert refused.json()["details"]["failures"][0]["field"].startswith("context")
    assert result(caller.ask("GET", account))["context"] == {"a": {"b": 1, "c": [3], "x": {}}}


def test_a_paused_account_rests_and_goes_on(world, caller, account, person, simulator):
    contacts = {"X-Integrated-Account-Id": str(person.connection.pk)}
    paused = result(caller.ask("PATCH", account, {"is_paused": True}))
    assert (paused["status"], paused["is_paused"], paused["is_blocked"]) == ("active", True, True)
    calls = len(simulator.calls())
    assert reason(caller.ask("GET", CONTACTS, **contacts), 503) == "account_paused"
    assert reason(caller.ask("GET", "/api/custom/v3/contacts", **contacts), 503) == "account_paused"
    assert reason(caller.ask("POST", f"{account}/mirror"), 503) == "account_paused"
    with world.scope().transaction():
        row = Connection.objects.get()
        SyncJob.objects.update(state="queued", not_before="2026-01-01T00:00:00Z")
    with pytest.raises(Paused):
        gateway.open_client(row, "bulk")
    runner.run_due("tester", for_seconds=0.5)
    with world.scope().transaction():
        job = SyncJob.objects.get(kind="mirror")
        assert (job.state, job.reason) == ("waiting", "paused")
    assert len(simulator.calls()) == calls
    page = person.client.get(f"/w/{world.tenant.pk}/test/accounts/{row.pk}/").content.decode()
    assert "Paused" in page
    assert "Import people" not in page
    assert result(caller.ask("PATCH", account, {"is_paused": False}))["is_blocked"] is False
    assert caller.ask("GET", CONTACTS, **contacts).status_code == 200


def test_a_grant_is_renewed_when_asked(world, caller, person, simulator):
    def version():
        with world.scope().transaction():
            return ConnectionToken.objects.get().version

    before, wish = version(), {"id": str(person.connection.pk)}
    assert result(caller.ask("POST", f"{ACCOUNTS}/refresh-credentials", wish)) == {"success": True}
    assert version() == before + 1
    simulator.ask("/_sim/faults", {"match": "/oauth2", "status": 503, "times": None})
    late = caller.ask("POST", f"{ACCOUNTS}/refresh-credentials", wish)
    assert reason(late, 503) == "token_unavailable"
    assert int(late["Retry-After"]) > 0
    simulator.ask("/_sim/faults", method="DELETE")
    unknown = caller.ask("POST", f"{ACCOUNTS}/refresh-credentials", {"id": str(uuid4())})
    assert reason(unknown, 404) == "not_found"


def test_an_account_is_removed_with_all_that_was_kept(world, caller, account, person, simulator):
    removed = caller.ask("DELETE", account)
    assert result(removed) == {"id": str(person.connection.pk)}
    assert removed.json()["meta"] == {"grant_revoked": True}
    assert any(entry["path"].endswith("/revoke") for entry in simulator.journal())
    assert caller.ask("GET", account).status_code == 404
    with world.scope().transaction():
        assert Connection.objects.count() == ConnectionToken.objects.count() == SyncJob.objects.count() == 0
    assert reason(caller.ask("DELETE", account), 404) == "not_found"


def test_many_are_removed_or_none(world, caller, person):
    rows = [world.connection(name=f"Shop {number}") for number in range(2)]
    theirs = world.connection(world.stranger, name="Theirs")
    ids = [str(row.pk) for row in rows]
    refused = caller.ask("POST", f"{ACCOUNTS}/bulk-delete", {"ids": [*ids, str(theirs.pk)]})
    assert reason(refused, 404) == "not_found"
    assert str(theirs.pk) in refused.json()["details"]["failures"][0]["message"]
    with world.scope().transaction():
        assert Connection.objects.count() == 3
    done = caller.ask("POST", f"{ACCOUNTS}/bulk-delete", {"ids": ids})
    assert result(done) == {"success": True}
    with world.scope().transaction():
        assert list(Connection.objects.values_list("pk", flat=True)) == [person.connection.pk]
    for ids in ([], [str(uuid4())] * 101):
        assert caller.ask("POST", f"{ACCOUNTS}/bulk-delete", {"ids": ids}).status_code == 400


def test_what_was_forbidden_last_stands_on_the_account(caller, account, person, simulator):
    simulator.ask("/_sim/faults", {"match": "/v3/contact_lists", "status": 403, "times": 1})
    caller.ask(
        "GET", "/api/custom/v3/contact_lists", **{"X-Integrated-Account-Id": str(person.connection.pk)}
    )
    found = result(caller.ask("GET", account))
    assert found["status"] == "active"
    noted = found["last_forbidden_error"]
    assert (noted["resource"], noted["method"], noted["missing_scopes"]) == ("contact_lists", "GET", [])
    assert noted["occurred_at"]


# --- Tokens of one account -------------------------------------------------------------------------------------------


def account_token(world, caller, connection):
    made = result(caller.ask("POST", f"{ACCOUNTS}/token", {"integrated_account_id": str(connection.pk)}))
    return Caller(world, token=made["integrated_account_token"])


def test_a_token_of_one_account_needs_no_name_and_takes_no_other(world, caller, person):
    own = account_token(world, caller, person.connection)
    other = world.connection(name="Shop")
    assert own.ask("GET", CONTACTS).status_code == 200
    assert own.ask("GET", f"{CONTACTS}?integrated_account_id={person.connection.pk}").status_code == 200
    assert own.ask("GET", "/v3/contact_tags").status_code == 200
    assert own.ask("GET", "/api/custom/v3/contact_tags").status_code == 200
    assert reason(own.ask("GET", f"{CONTACTS}?integrated_account_id={other.pk}"), 403) == "other_account"
    named = {"X-Integrated-Account-Id": str(other.pk)}
    assert reason(own.ask("GET", "/v3/contact_tags", **named), 403) == "other_account"
    mine = result(own.ask("GET", f"{ACCOUNTS}/me"))
    assert mine["id"] == str(person.connection.pk)
    assert result(own.ask("PATCH", f"{ACCOUNTS}/me", {"context": {"seen": True}}))["context"] == {
        "seen": True
    }
    assert own.ask("PATCH", f"{ACCOUNTS}/me", {"is_paused": True}).status_code == 400


def test_a_token_of_one_account_opens_nothing_else(world, caller, account, person):
    own, key = account_token(world, caller, person.connection), str(person.connection.pk)
    for path in (
        "/api/ping",
        ACCOUNTS,
        account,
        f"{account}/tools",
        "/api/api-token",
        "/api/jobs",
        "/api/quota",
    ):
        assert reason(own.ask("GET", path), 403) == "account_token_only", path
    for path, body in (
        (f"{ACCOUNTS}/token", {"integrated_account_id": key}),
        (f"{ACCOUNTS}/bulk-delete", {"ids": [key]}),
        (f"{ACCOUNTS}/refresh-credentials", {"id": key}),
        (ACCOUNTS, {"tenant_id": "x", "refresh_token": "x"}),
        ("/api/link-token", {"tenant_id": "x"}),
    ):
        assert reason(own.ask("POST", path, body), 403) == "account_token_only", path
    assert reason(own.ask("PATCH", account, {"context": {"a": 1}}), 403) == "account_token_only"
    assert reason(own.ask("DELETE", account), 403) == "account_token_only"
    assert result(caller.ask("GET", account))["context"] == {}


def test_a_token_of_one_account_ends_in_time_and_with_its_maker(world, caller, person):
    own = account_token(world, caller, person.connection)
    claims = accounttokens.read(own.token, datetime.now(UTC))
    assert claims is not None
    assert timedelta(seconds=890) < claims.expires_at - datetime.now(UTC) <= timedelta(seconds=900)
    assert accounttokens.read(own.token, claims.expires_at) is None
    past = accounttokens.Claims(*list(vars(claims).values())[:4], datetime.now(UTC) - timedelta(seconds=1))
    late = Caller(world, token=accounttokens.make("test", past).reveal())
    assert late.ask("GET", CONTACTS).status_code == 401
    with world.scope().transaction():
        ApiKey.objects.filter(pk=claims.key_id).update(revoked_at=datetime.now(UTC))
    assert own.ask("GET", CONTACTS).status_code == 401


ALPHABET = string.ascii_letters + string.digits + "-_"


def test_a_changed_token_of_one_account_is_none(world, caller, person):
    token = account_token(world, caller, person.connection).token
    for changed in (
        *(token[:-1] + letter for letter in ALPHABET if letter != token[-1]),
        token.replace("pb_test_", "pb_live_"),
        token + "AA",
        token[:40],
        "pb_test_account_",
        "pb_test_account_\xe4",
    ):
        assert accounttokens.read(changed, datetime.now(UTC)) is None
    assert Caller(world, token=token.replace("pb_test_", "pb_live_")).ask("GET", CONTACTS).status_code == 401


def test_a_token_of_one_account_opens_no_more_than_its_maker(world, person):
    scope = world.scope()
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, reader = keys.create(environment, "reader", scopes=["accounts:read", "users:read"])
    weak = account_token(world, Caller(world, token=reader.reveal()), person.connection)
    assert weak.ask("GET", "/api/unified/user-directory/users").status_code == 200
    assert reason(weak.ask("GET", CONTACTS), 403) == "missing_scope"
    assert result(weak.ask("GET", f"{ACCOUNTS}/me"))["id"] == str(person.connection.pk)
    refused = weak.ask("PATCH", f"{ACCOUNTS}/me", {"context": {"seen": True}})
    assert reason(refused, 403) == "missing_scope"
    assert refused.json()["details"]["missing_scopes"] == ["accounts:write"]
    with scope.transaction():
        assert Connection.objects.get(pk=person.connection.pk).context == {}


def test_an_api_token_needs_the_scope_for_an_account_that_it_names(world, person):
    scope, named = world.scope(), {"X-Integrated-Account-Id": str(person.connection.pk)}
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, token = keys.create(environment, "reader", scopes=["accounts:read"])
    reader = Caller(world, token=token.reveal())
    assert result(reader.ask("GET", f"{ACCOUNTS}/me", **named))["id"] == str(person.connection.pk)
    refused = reader.ask("PATCH", f"{ACCOUNTS}/me", {"context": {"a": 1}}, **named)
    assert reason(refused, 403) == "missing_scope"
    assert reason(Caller(world).ask("GET", f"{ACCOUNTS}/me"), 400) == "account_missing"
    whole = Caller(world).ask("PATCH", f"{ACCOUNTS}/me", {"context": {"a": 1}}, **named)
    assert result(whole)["context"] == {"a": 1}


def test_no_token_of_anothers_account(world, caller):
    for row in (world.connection(world.stranger), world.connection(kind="live")):
        answer = caller.ask("POST", f"{ACCOUNTS}/token", {"integrated_account_id": str(row.pk)})
        assert reason(answer, 404) == "not_found"


def test_a_removed_account_takes_its_tokens_along(world, caller, account, person):
    own = account_token(world, caller, person.connection)
    assert caller.ask("DELETE", account).status_code == 200
    assert own.ask("GET", CONTACTS).status_code == 401


# --- Limits, and the tokens that there are ---------------------------------------------------------------------------


def test_an_account_is_asked_about_so_often_by_all_together(world, caller, person, settings_of):
    settings_of(ACCOUNT_CALLS_PER_WINDOW=3)
    own = account_token(world, caller, person.connection)
    named = {"X-Integrated-Account-Id": str(person.connection.pk)}
    ways = [
        (caller, "/api/custom/v3/contact_tags"),
        (own, CONTACTS),
        (caller, "/api/unified/user-directory/roles"),
    ]
    answers = []
    for _ in range(4):  # at most one window ends meanwhile
        answers += [who.ask("GET", path, **named) for who, path in ways]
        if any(answer.status_code == 429 for answer in answers):
            break
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["details"]["reason"] == "too_many_requests"
    assert 0 < int(refused["Retry-After"]) <= 10
    assert (refused["ratelimit-limit"], refused["ratelimit-remaining"]) == ("3", "0")
    assert 'name="account_pace"' in answers[0]["ratelimit-policy"]
    assert (answers[0]["ratelimit-limit"], answers[0]["ratelimit-remaining"]) == ("3", "2")
    assert caller.ask("GET", ACCOUNTS).status_code == 200, "what is about no account goes on"


def test_the_tokens_that_there_are(world, caller):
    listed = result(caller.ask("GET", "/api/api-token"))
    assert [UUID(one["id"]) for one in listed] == [UUID(one["id"]) for one in listed if one["is_active"]]
    assert set(listed[0]) >= {"name", "prefix", "last_four", "scopes", "expires_at"}
    assert not [one for one in listed if "digest" in one]
    assert caller.token not in json.dumps(listed)
    for method in ("POST", "DELETE"):
        assert caller.ask(method, "/api/api-token", {}).status_code == 405


# --- What can be done ------------------------------------------------------------------------------------------------


def test_capabilities_are_what_the_api_really_does(caller, account, person):
    found = result(caller.ask("GET", f"{account}/capabilities"))
    assert found["account"] == {
        "id": str(person.connection.pk),
        "status": "active",
        "authentication_method": "oauth2",
        "is_blocked": False,
    }
    unified = {(one["model"], one["resource"]): one["methods"] for one in found["unified"]}
    assert unified["marketing-automation", "tags"] == ["list", "get", "create", "update", "delete"]
    assert unified["user-directory", "roles"] == ["list", "get"]
    assert "upsert" in unified["marketing-automation", "contacts"]
    proxied = {one["resource"]: {each["method"] for each in one["methods"]} for one in found["proxy"]}
    assert proxied["contact_tags"] >= {"list", "get", "create", "update", "delete"}
    assert found["ai_readiness"] == len(result(caller.ask("GET", f"{account}/tools")))
    plain = result(
        caller.ask("GET", "/api/integration/constantcontact/capabilities?type=unified&methods=list")
    )
    assert (plain["account"], plain["proxy"]) == (None, [])
    assert {tuple(one["methods"]) for one in plain["unified"]} == {("list",)}
    assert (
        len(result(caller.ask("GET", f"{account}/capabilities?type=proxy&resource=contact_lists"))["proxy"])
        == 1
    )
    assert reason(caller.ask("GET", "/api/integration/hubspot/capabilities"), 404) == "not_found"


def test_tools_say_what_they_take(caller, account):
    tools = {
        one["name"]: one for one in result(caller.ask("GET", f"{account}/tools?tags=marketing-automation"))
    }
    made = tools["create_tags"]
    assert made["required"] == ["name"]
    assert made["body_schema"]["properties"]["name"]["type"] == "string"
    listed = tools["list_contacts"]
    assert listed["query_schema"]["properties"]["limit"]["type"] == "integer"
    assert listed["body_schema"] is None
    assert tools["get_lists"]["required"] == ["id"]
    reading = result(caller.ask("GET", f"{account}/tools?methods=read"))
    assert {one["method"] for one in reading} <= {"list", "get"}
    assert {tag for one in reading for tag in one["tags"]} == {
        "marketing-automation",
        "user-directory",
        "proxy",
    }


# --- The same by hand ------------------------------------------------------------------------------------------------


def test_an_account_is_paused_and_removed_on_its_page(world, person):
    page = f"/w/{world.tenant.pk}/test/accounts/{person.connection.pk}/"

    def text():
        return " ".join(person.client.get(page).content.decode().split())

    assert "Pause Acme Bakery" in text()
    assert person.client.post(f"{page}pause/", {"paused": "1"}).status_code == 302
    assert "Resume Acme Bakery" in text()
    assert person.client.post(f"{page}pause/", {"paused": "0"}).status_code == 302
    assert "Pause Acme Bakery" in text()
    assert "It cannot be undone" in person.client.get(f"{page}remove/").content.decode()
    assert person.client.post(f"{page}remove/").status_code == 422
    assert "Acme Bakery" in text()
    gone = person.client.post(f"{page}remove/", {"remove": "on"}, follow=True)
    assert "Acme Bakery is removed." in gone.content.decode()
    assert person.client.get(page).status_code == 404
