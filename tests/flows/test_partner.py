"""A partner's key: linked by a command, used by programs that may, renewed by itself."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pydantic import SecretStr

from connections import gateway, rotation, vault
from connections.links import linking
from connections.models import Connection, ConnectionToken, Environment, ProviderApp, QuotaPool
from connections.programs import keys
from syncjobs.models import SyncJob
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


def test_a_partners_key_is_kept_sealed_and_turned_with_the_ring(
    world, simulator, key, monkeypatch, settings_of
):
    scope = world.scope()
    link(scope, monkeypatch, key[1], **key[0])
    with scope.transaction():
        app, connection = ProviderApp.objects.get(is_partner_key=True), Connection.objects.get()
    assert key[0]["api_key"] not in str(vars(app))
    assert vault.open_sealed(app.partner_key_sealed, gateway.partner_place(app)).reveal() == key[0]["api_key"]
    old = settings.ENV.SECRETS_KEYS.get_secret_value()
    new = f"newer:{base64.b64encode(b'k' * 32).decode()}"
    settings_of(SECRETS_KEYS=SecretStr(f"{new},{old}"))
    assert rotation.rotate().resealed
    settings_of(SECRETS_KEYS=SecretStr(new))
    answer = Program(world, connection).ask("GET", "/api/custom/v3/partner/accounts?limit=10")
    assert answer.status_code == 200, bytes_of(answer)


BULK = {"contacts": [{"email": "ann@people.example"}]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/unified/marketing-automation/contacts", None),
        ("GET", "/api/unified/marketing-automation/contacts?truto_super_query=wnam", None),
        ("POST", "/api/unified/marketing-automation/contacts", {"email": "ann@people.example"}),
        ("GET", "/api/unified/marketing-automation/lists", None),
        ("POST", "/api/unified/marketing-automation/tags", {"name": "A"}),
        ("POST", "/api/unified/marketing-automation/contacts/bulk", BULK),
        ("GET", "/api/unified/user-directory/roles", None),
        ("GET", "/api/proxy/contact_lists", None),
        ("POST", "/api/integrated-account/{account}/mirror", {}),
    ],
)
def test_a_partners_key_is_used_with_its_scope_alone(world, simulator, key, monkeypatch, method, path, body):
    scope = world.scope()
    link(scope, monkeypatch, key[1], **key[0])
    with scope.transaction():
        connection = Connection.objects.get()
        environment = Environment.objects.get(pk=scope.environment_id)
        every = [one for one in keys.SCOPES if one != "partner"]
        _, token = keys.create(environment, "All but partner", scopes=every)
    program = Program(world, connection)
    program.headers["Authorization"] = f"Bearer {token.reveal()}"
    asked = len(simulator.journal())
    answer = program.ask(method, path.replace("{account}", str(connection.pk)), body)
    assert answer.status_code == 403, bytes_of(answer)
    assert answer.json()["details"]["missing_scopes"] == ["partner"]
    assert len(simulator.journal()) == asked
    with scope.transaction():
        assert not SyncJob.objects.exists()


def test_what_was_kept_in_clear_is_sealed_by_the_upgrade(world):
    """Back to the release before, where keys stood in clear, and forth again; in every workspace."""
    for user in (world.owner, world.stranger):
        world.connection(user)
    pool = QuotaPool.objects.using("operator").first()
    made = [
        ProviderApp.objects.using("operator").create(
            tenant_id=world.scope(user).tenant_id, kind="test", pool=pool, name="partner", client_id="partner"
        )
        for user in (world.owner, world.stranger)
    ]
    migrated("0001_first_release")
    try:
        with connections["operator"].cursor() as cursor:
            for one in made:
                cursor.execute(
                    "UPDATE connections_providerapp SET partner_api_key = %s WHERE id = %s",
                    [str(one.pk), one.pk],
                )
        migrated("0002_partner_keys_sealed")
        for row in ProviderApp.objects.using("operator").filter(is_partner_key=True):
            assert vault.open_sealed(row.partner_key_sealed, gateway.partner_place(row)).reveal() == str(
                row.pk
            )
        assert ProviderApp.objects.using("operator").filter(is_partner_key=True).count() == 2
        migrated("0001_first_release")
        with connections["operator"].cursor() as cursor:
            cursor.execute("SELECT partner_api_key FROM connections_providerapp WHERE partner_api_key <> ''")
            assert {key for (key,) in cursor.fetchall()} == {str(one.pk) for one in made}
    finally:
        migrated("0002_partner_keys_sealed")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'connections_providerapp'")
        assert cursor.fetchall() == [(True,)]


def migrated(name):
    for one in connections.all(initialized_only=True):
        one.close()
    MigrationExecutor(connections["owner"]).migrate([("connections", name)])


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
