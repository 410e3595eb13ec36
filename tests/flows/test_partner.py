"""A partner's key: linked by a command, used by programs that may, renewed by itself."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from connections.links import linking
from connections.models import Connection, ConnectionToken, Environment
from connections.programs import keys
from tests.flows.programs import Program, bytes_of


def link(scope, monkeypatch, secret, **options):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
    said = io.StringIO()
    call_command(
        "link_partner_key", workspace=str(scope.tenant_id), environment="test", stdout=said, **options
    )
    return said.getvalue()


@pytest.fixture
def key(simulator):
    partner = simulator.ask("/_sim/partner")
    return {
        "client_id": partner["client_id"],
        "api_key": simulator.ask("/_sim/apps")[0]["client_id"],
    }, partner["client_secret"]


def test_a_partner_key_is_linked_used_and_renewed(world, simulator, key, monkeypatch):
    scope = world.scope()
    options, secret = key
    said = link(scope, monkeypatch, secret, **options)
    assert link(scope, monkeypatch, secret, **options) == said
    with scope.transaction():
        connection = Connection.objects.get()
    program = Program(world, connection)
    answer = program.ask("GET", "/api/custom/v3/partner/accounts?limit=10")
    assert answer.status_code == 200, bytes_of(answer)
    assert json.loads(bytes_of(answer))["site_owner_list"]
    used = len(simulator.journal())
    with scope.transaction():
        ConnectionToken.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert program.ask("GET", "/v3/partner/accounts").status_code == 200
    assert [call["path"].partition("?")[0] for call in simulator.journal()[used:]] == [
        "/partners/oauth2/default/v1/token",
        "/v3/partner/accounts",
    ]


def test_the_owners_of_client_accounts_are_users(world, simulator, key, monkeypatch):
    scope = world.scope()
    link(scope, monkeypatch, key[1], **key[0])
    with scope.transaction():
        connection = Connection.objects.get()
    program, users = Program(world, connection), "/api/unified/user-directory/users"
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        query = "?limit=10" + (f"&next_cursor={cursor}" if cursor else "")
        body = program.ask("GET", users + query).json()
        assert body["is_partial_response"] and body["meta"]["age_seconds"] == 0
        seen, cursor, pages = seen + body["result"], body["next_cursor"], pages + 1
    told = json.loads(bytes_of(program.ask("GET", "/v3/partner/accounts?limit=50")))["site_owner_list"]
    assert [one["id"] for one in seen] == [one["encoded_account_id"] for one in told]
    first = seen[0]
    assert (first["name"], first["status"]) == (told[0]["site_owner_name"], "active")
    assert [one["id"] for one in first["roles"]] == ["account_owner"]
    assert first["remote_data"] == told[0]
    assert program.ask("GET", f"{users}/{seen[-1]['id']}").json()["result"] == seen[-1]
    assert program.ask("GET", f"{users}/nobody").status_code == 404
    assert program.ask("GET", f"{users}?next_cursor=x").status_code == 400
    without = Program(world, connection)
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, token = keys.create(environment, "No partner", scopes=["users:read"])
    without.headers["Authorization"] = f"Bearer {token.reveal()}"
    assert without.ask("GET", users).json()["details"]["missing_scopes"] == ["partner"]


def test_a_wrong_secret_links_nothing(world, simulator, key, monkeypatch):
    scope = world.scope()
    with pytest.raises(CommandError, match="gave no token"):
        link(scope, monkeypatch, "wrong", **key[0])
    with scope.transaction():
        assert not Connection.objects.exists()


def test_accounts_are_not_linked_through_a_partner_key(world, simulator, key, monkeypatch):
    scope = world.scope()
    link(scope, monkeypatch, key[1], **key[0])
    with scope.transaction():
        connection = Connection.objects.select_related("provider_app").get()
    started = linking.start(scope)
    assert key[0]["client_id"] not in started.authorize_url
    with pytest.raises(linking.Refused):
        linking.start(scope, reconnecting=connection)
