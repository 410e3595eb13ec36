"""Two links, a token of each kind and a webhook, from end to end: where their secrets must not be, none of them is.

Looked through: every line of the log at its finest, every row of every table (messages among them) as a superuser
sees it, every page of the workspace and every answer of the API. What goes to the broker has no content at all.
"""

import logging
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.conf import settings
from django.test import Client

from connections import gateway, tokens, vault
from connections.links import granting
from connections.models import ConnectionToken, LinkState, LinkToken, ProviderApp
from tests import plugin
from tests.flows.programs import Caller, bytes_of, unhurried
from tests.flows.test_connect import come_back, connections_of, consent, start
from tests.flows.test_link_tokens import go_on
from tests.house.routes import routes
from tests.house.visits import body
from tests.receiver import Receiver


@pytest.fixture
def finest(caplog):
    """Everything that anybody logs."""
    for name in ("", "connections", "mapping", "syncjobs", "celery"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def in_query(address, name):
    return parse_qs(urlsplit(address).query)[name][0]


def linked_by_a_person(world, found):
    """The application's own flow: a client secret, no verifier."""
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    found |= {"code": in_query(address, "code"), "state": in_query(address, "state")}
    found["browser's nonce"] = client.cookies[settings.LINK_COOKIE_NAME].value
    assert "connected=1" in come_back(client, address)["Location"]


def linked_by_a_link(caller, simulator, found):
    """By PKCE, with a token of a program's."""
    app = ProviderApp.objects.using("operator").get(kind="test")
    simulator.ask(f"/_sim/apps/{app.client_id}", {"flow": "pkce"}, "PUT")
    ProviderApp.objects.using("operator").update(flow="pkce")
    found["link token"] = caller.ask("POST", "/api/link-token", {"tenant_id": "c"}).json()["result"][
        "link_token"
    ]
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
    client.get(f"/connect-account?link_token={found['link token']}")
    to = go_on(client, LinkToken.objects.using("operator").get())
    assert in_query(to, "code_challenge_method") == "S256"
    state = LinkState.objects.using("operator").select_related("provider_app").get(link_token__isnull=False)
    found["verifier"] = vault.open_sealed(state.verifier_sealed, granting.verifier_place(state)).reveal()
    address = consent(to, account="Harbor Books")
    found |= {"code by PKCE": in_query(address, "code"), "state by PKCE": in_query(address, "state")}
    assert come_back(client, address)["Location"] == "/connect-account/ended"
    page = client.get("/connect-account/ended").content.decode()
    assert "Connected to" in page
    return page


def kept_secrets(scope, found):
    """What the vault holds."""
    with scope.transaction():
        for number, kept in enumerate(ConnectionToken.objects.all()):
            for column in ("access", "refresh"):
                sealed = getattr(kept, f"{column}_sealed")
                found[f"{column} {number}"] = vault.open_sealed(sealed, tokens.place(kept, column)).reveal()
    app = ProviderApp.objects.using("operator").get(kind="test")
    found["client secret"] = vault.open_sealed(app.client_secret_sealed, gateway.secret_place(app)).reveal()


def every_row():
    with psycopg.connect(plugin.superuser_url()) as superuser:
        tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: "\n".join(row for (row,) in superuser.execute(f'SELECT t::text FROM "{name}" t'))
            for (name,) in tables
        }


def every_page(world, caller, ids):
    client = world.client(world.owner)
    for route in routes("workspace"):
        yield route.pattern, body(client.get(route.address(ids)))
    for route in routes("api", "api unified", "api 1-to-1"):
        answer = caller.ask("GET", route.address(ids), **{"X-Integrated-Account-Id": ids["connection_id"]})
        yield route.pattern, f"{dict(answer.headers)} {bytes_of(answer).decode(errors='replace')}"


def test_no_secret_is_where_it_must_not_be(world, simulator, finest, settings_of):
    unhurried(simulator)
    caller, found = Caller(world), {}
    found["API token"] = caller.token
    linked_by_a_person(world, found)
    page = linked_by_a_link(caller, simulator, found)
    scope = world.scope()
    kept_secrets(scope, found)
    account = str(connections_of(scope)[0].pk)
    wish = {"integrated_account_id": account}
    answer = caller.ask("POST", "/api/integrated-account/token", wish).json()["result"]
    found["account's token"] = answer["integrated_account_token"]
    with Receiver() as receiver:
        settings_of(EGRESS_ALLOW=receiver.place)
        hook = {"target_url": receiver.url, "event_types": ["test"]}
        made = caller.ask("POST", "/api/webhook", hook).json()["result"]
        found["webhook's secret"] = made["secret"]
        caller.ask("POST", "/api/webhook/test", {"id": made["id"]})
    # What goes wrong is told at length: a refusal, a page instead of an answer, and a grant that ended.
    unified = f"/api/unified/marketing-automation/contacts?integrated_account_id={account}"
    for fault in ({"status": 400}, {"html": True}, {"status": 500}, {"status": 401, "times": 3}):
        simulator.ask("/_sim/faults", {"match": "/v3/contacts", "times": 1, **fault})
        caller.ask("GET", unified)
    kinds = 1 + len(found)
    secrets = {name: text for name, text in found.items() if text}
    assert len(secrets) + 1 == kinds >= 14, sorted(found)
    ids = {"workspace_id": scope.tenant_id, "connection_id": account, "account_id": account}
    ids |= {"webhook_id": made["id"]}
    ids |= dict.fromkeys(
        ("upload_id", "job_id", "call_id", "key_id", "member_id", "invitation_id"), made["id"]
    )
    ids |= {"delivery_id": made["id"]}
    sinks = {"log": finest.text, "the page of the link's end": page}
    sinks |= {f"table {name}": rows for name, rows in every_row().items()}
    sinks |= dict(every_page(world, caller, ids))
    assert sum(map(len, sinks.values())) > 100_000
    assert "connections.quota" in finest.text or len(finest.records) > 5
    hits = [
        (name, sink) for sink, text in sinks.items() for name, secret in secrets.items() if secret in text
    ]
    assert hits == []
