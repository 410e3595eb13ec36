"""Any client of the provider's API works through Patchbay: the same status and bytes for every operation."""

from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import Client

from connections import gateway, tokens, vault
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, Environment, ProviderApp, QuotaPool
from connections.programs import keys
from tests.contract.stage import Stage
from tests.contract.swagger import Operation, absent, say, swagger
from tests.contract.test_answers import good
from tests.contract.twins import Direct, Port, stages
from tests.flows.programs import bytes_of
from tests.long import LONG

pytestmark = pytest.mark.skipif(absent() is not None, reason=str(absent()))
ROOTS = ("/api/custom/v3", "/v3")
LONG_LIFE = 86_400


class Program:
    """A program that calls the provider's API at another base URL: it has a token of ours, and names the account."""

    def __init__(self, client: Client, root: str, token: str, account: Connection) -> None:
        self.client, self.root = client, root
        self.headers = {"Authorization": f"Bearer {token}", "X-Integrated-Account-Id": str(account.pk)}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As httpx would send it, handed to Django; and its answer as httpx would have it."""
        asked = httpx.Request(method, f"http://patchbay{self.root}{path}", **more)
        asked.read()
        names = [name for name in asked.headers if name not in ("host", "content-length", "content-type")]
        answer = self.client.generic(
            method,
            asked.url.raw_path.decode(),
            asked.content,
            content_type=asked.headers.get("content-type", ""),
            headers={**{name: asked.headers[name] for name in names}, **self.headers},
        )
        return httpx.Response(answer.status_code, headers=answer.headers.items(), content=bytes_of(answer))


@dataclass
class Scene:
    """A linked account and a partner's key, both behind the second port."""

    ports: tuple[Port, Port]
    scope: Any
    token: str
    account: Connection
    partner: Connection
    client: Client

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Two simulators as they begin."""
        self.stages = stages(self.ports, lambda: Stage(swagger()))

    def hand_over(self, connection: Connection, stage_headers: dict[str, str]) -> None:
        """The connection's token becomes the one that the caller on the stage has."""
        grant = TokenGrant(
            Secret(stage_headers["Authorization"].removeprefix("Bearer ")),
            Secret("unused"),
            LONG_LIFE,
            None,
        )
        with self.scope.transaction():
            tokens.store(connection, grant, datetime.now(UTC))


@pytest.fixture
def scene(world: Any, settings_of: Any) -> Iterator[Scene]:
    with Port() as direct, Port() as behind:
        settings_of(SIMULATOR_URL=behind.url, ACCOUNT_CALLS_PER_WINDOW=10**6)
        api_key = Stage(swagger()).partner.headers["x-api-key"]
        pool = QuotaPool.objects.using("operator").create(
            name="twins", calls_per_second=1000, calls_per_day=1_000_000
        )
        places = dict.fromkeys(("authorize_url", "token_url", "api_url"), behind.url)
        for name, key in (("account", ""), ("partner", api_key)):
            app = ProviderApp(kind="test", pool=pool, name=name, client_id=name, **places)
            app.is_partner_key = bool(key)
            app.partner_key_sealed = vault.seal(Secret(key), gateway.partner_place(app))
            app.save(using="operator")
        scope = world.scope()
        account, partner = world.connection(), world.connection(name="Partner")
        with scope.transaction():
            app = ProviderApp.objects.get(name="partner")
            Connection.objects.filter(pk=partner.pk).update(provider_app=app)
            Connection.objects.filter(pk=account.pk).update(
                provider_app=ProviderApp.objects.get(name="account")
            )
        client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
        yield Scene((direct, behind), scope, world.token(), account, partner, client)


def prepared(stage: Stage, operation: Operation) -> tuple[dict[str, Any], dict[str, str]]:
    """The keywords of a good call, with its ids found beforehand, and the headers of who makes it."""
    call = good(stage, operation)
    names = [one["name"] for one in operation.parameters if one["in"] == "path"]
    call["ids"] = {name: call["ids"].get(name) or stage.known(name) for name in names}
    caller = stage.partner if operation.path.startswith("/partner") else stage.harbor
    return call, caller.headers


def both(scene: Scene, operation: Operation, root: str) -> tuple[httpx.Response, httpx.Response]:
    """One call of an operation, directly and through Patchbay; a pair that was only read serves the next, too."""
    ours, theirs = scene.stages
    call, headers = prepared(ours, operation)
    direct = sent(ours, Direct(scene.ports[0].http, headers), operation, call)
    call, headers = prepared(theirs, operation)
    connection = scene.partner if operation.path.startswith("/partner") else scene.account
    scene.hand_over(connection, headers)
    through = sent(theirs, Program(scene.client, root, scene.token, connection), operation, call)
    assert ours.rig.simulator.journal.seq == theirs.rig.simulator.journal.seq, operation.name
    if operation.method != "GET":
        scene.renew()
    return direct, through


def sent(stage: Stage, caller: Any, operation: Operation, call: dict[str, Any]) -> httpx.Response:
    """One call by somebody else than those who belong to the stage."""
    guest = copy(stage)
    guest.harbor = guest.partner = caller
    return guest.send(operation, **call)


@pytest.mark.parametrize("root", ROOTS)
def test_every_operation_is_answered_alike(scene: Scene, root: str, capsys: Any) -> None:
    different: list[str] = []
    statuses: Counter[int] = Counter()
    size = 0
    every = 1 if LONG or root == ROOTS[0] else 8
    operations = sorted(swagger().operations.values(), key=lambda one: one.method != "GET")
    for operation in operations[::every]:
        direct, through = both(scene, operation, root)
        if (direct.status_code, direct.content) != (through.status_code, through.content):
            different.append(
                f"{operation.name}: {direct.status_code} {direct.content[:300]!r}\n"
                f"    through Patchbay: {through.status_code} {through.content[:300]!r}"
            )
        statuses[through.status_code] += 1
        size += len(through.content)
    total = statuses.total()
    fine = sum(number for status, number in statuses.items() if 200 <= status < 300)
    say(
        capsys,
        f"{root}: {total - len(different)} of {total} operations answered with the same status and bytes as directly; "
        f"{fine} of them 2xx, {size} bytes; statuses {dict(sorted(statuses.items()))}",
    )
    assert different == []
    assert total >= 128 // every
    assert fine >= 100 // every


def test_partner_operations_are_for_partner_keys_and_the_scope(scene: Scene) -> None:
    with scene.scope.transaction():
        environment = Environment.objects.get(pk=scene.scope.environment_id)
        _, without = keys.create(environment, "proxy", scopes=["proxy"])
        _, with_scope = keys.create(environment, "partner", scopes=["proxy", "partner"])
    _, stage = scene.stages
    before = stage.rig.simulator.journal.seq

    def asked(token: Secret, account: Connection, path: str) -> httpx.Response:
        return Program(scene.client, ROOTS[0], token.reveal(), account).call("GET", path)

    for path in ("/partner/accounts", "/Partner/accounts", "/partner"):
        refused = asked(without, scene.partner, path)
        assert refused.status_code == 403
        assert refused.json()["details"]["missing_scopes"] == ["partner"]
        refused = asked(with_scope, scene.account, path)
        assert refused.status_code == 403
        assert refused.json()["details"]["reason"] == "partner_key_missing"
    assert asked(without, scene.partner, "/contacts").status_code == 403
    assert stage.rig.simulator.journal.seq == before
