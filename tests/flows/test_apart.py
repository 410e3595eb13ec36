"""No test token ever causes a call to the live provider, nor the reverse, whichever endpoint it asks."""

import json
import re
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client

from config.api import api
from connections import tokens
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ProviderApp, QuotaPool
from tests.contract.twins import Port
from tests.flows.programs import bytes_of
from tests.simulator.rig import HARBOR, Rig

UNKNOWN = "7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e"
CONTACT = {"email_address": {"address": "apart@people.example"}, "create_source": "Account"}
# What an address is asked with, by a part of it; what has none gets an empty object.
BODIES = {
    "proxy/": CONTACT,
    "custom/": CONTACT,
    "batch-request": {"resources": [{"resource": "contacts"}, {"resource": "contact_tags"}]},
    "contacts/bulk": {"contacts": [{"email": "apart@people.example"}], "dry_run": True},
    "marketing-automation/contacts": {"email": "apart@people.example", "update_source": "Account"},
    "marketing-automation": {"name": "Apart"},
    "link-token": {"tenant_id": "apart"},
    "integrated-account/token": {},
}
PARTS = {"resource": "contact_lists", "item": "counts", "rest": "contacts", "path": "contacts"}


@pytest.fixture
def both(world, settings_of):
    """A provider for each environment, with an account that is linked there, and a token."""
    with Port() as test, Port() as live:
        settings_of(
            SIMULATOR_URL=test.url,
            **{f"CONSTANT_CONTACT_{name}_URL": live.url for name in ("AUTHORIZE", "TOKEN", "REVOKE", "API")},
        )
        found = {}
        for kind, port in (("test", test), ("live", live)):
            rig = Rig()
            port.simulator = rig.simulator
            pool = QuotaPool.objects.using("operator").create(
                name=kind, calls_per_second=1000, calls_per_day=10**6
            )
            places = dict.fromkeys(("authorize_url", "token_url", "api_url"), port.url)
            ProviderApp.objects.using("operator").create(
                kind=kind, pool=pool, name=kind, client_id=kind, **places
            )
            account = world.connection(kind=kind)
            bearer = rig.sign_in(HARBOR).headers["Authorization"].removeprefix("Bearer ")
            with world.scope(kind=kind).transaction():
                grant = TokenGrant(Secret(bearer), Secret("unused"), 86_400, None)
                tokens.store(account, grant, datetime.now(UTC))
            found[kind] = (port, account.pk, world.token(kind=kind))
        yield found


def operations():
    for address, item in api.get_openapi_schema()["paths"].items():
        for method in item:
            yield method.upper(), address


def asked(client, method, address, token, account):
    names = {name: PARTS.get(name, UNKNOWN) for name in re.findall(r"{(\w+)}", address)}
    if "integrated-account" in address:
        names |= dict.fromkeys(names, str(account))
    path = re.sub(r"{(\w+)}", lambda name: names[name[1]], address)
    body = next((body for part, body in BODIES.items() if part in path), {})
    body = {"integrated_account_id": str(account), **body} if "batch" in path or "token" in path else body
    answer = client.generic(
        method,
        path,
        json.dumps(body) if method in ("POST", "PUT", "PATCH") else "",
        content_type="application/json" if method in ("POST", "PUT", "PATCH") else "",
        headers={"Authorization": f"Bearer {token}", "X-Integrated-Account-Id": str(account)},
    )
    bytes_of(answer)
    answer.close()
    return answer.status_code


def test_no_token_reaches_the_other_provider(world, both, capsys):
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0], raise_request_exception=False)
    # What ends the account comes last.
    every = sorted(operations(), key=lambda one: (one[0] == "DELETE", "integrated-account" in one[1]))
    reached = set()
    for own, other in (("test", "live"), ("live", "test")):
        _, own_account, token = both[own]
        port, other_account, _ = both[other]
        for method, address in every:
            before = (both[own][0].requests, port.requests)
            foreign = asked(client, method, address, token, other_account)
            assert foreign < 500, (method, address, foreign)
            assert (both[own][0].requests, port.requests)[1] == before[1], (
                method,
                address,
                "by the other's name",
            )
            status = asked(client, method, address, token, own_account)
            assert status < 500, (method, address, status)
            assert port.requests == before[1], (method, address)
            if both[own][0].requests > before[0]:
                reached.add((method, address))
    with capsys.disabled():
        print(
            f"\n{len(every)} operations, each with a test and a live token, for the own account and the other's: "
            f"{len(reached)} called their own provider, none the other's",
            file=sys.stderr,
        )
    assert len(reached) >= 15
    with world.scope().transaction():
        assert Connection.objects.count() <= 1
