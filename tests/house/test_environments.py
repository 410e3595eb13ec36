"""The walk: test and live of one workspace, both furnished, each against every address and row of the other.

The same people belong to both, so nothing here is refused for who asks; what is asked for is simply not there.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import Client

from connections import tenancy
from connections.models import ApiKey
from tests.conftest import empty_tables
from tests.house.furnish import furnish
from tests.house.routes import BODIES, Route, routes
from tests.house.tables import ADDED_TO, BELOW_ENVIRONMENT, ask, count
from tests.house.visits import METHODS, WAYS, assert_nothing_of, body, fingerprint, quiet, seen_rows, send
from tests.long import LONG
from tests.world import World

KINDS = ("test", "live")
# The one page that shows test's set-up in live: taking it there is what it is for (tests/flows/test_take_live.py).
BRIDGE = "w/<uuid:workspace_id>/<slug:environment>/mapping/from-test/"


def other(kind: str) -> str:
    """The environment that this one is not."""
    return "live" if kind == "test" else "test"


@dataclass
class Both:
    """One workspace with both environments furnished: ids by environment, and its owner signed in."""

    world: World
    ids: dict[str, dict[str, Any]]
    owner: Client

    def scope(self, kind: str) -> Any:
        """The owner's scope."""
        return self.world.scope(kind=kind)

    @property
    def apart(self) -> list[str]:
        """Names of ids that belong to an environment, not to the workspace as a whole."""
        return [name for name, one in self.ids["test"].items() if one != self.ids["live"][name]]

    def address(self, route: Route, kind: str, *foreign: str) -> str:
        """An address in this environment; ids of these names are the other's."""
        ids = {**self.ids[kind], **{name: self.ids[other(kind)][name] for name in foreign}}
        return route.address({**ids, "environment": kind, "account_id": ids["connection_id"]})


def marker(kind: str) -> str:
    """What every text of this environment's rows begins with."""
    return f"{kind}-marker"


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    from django.db import connections

    empty_tables()
    world = World.make()
    ids = {kind: furnish(world, world.owner, marker(kind), kind) for kind in KINDS}
    client = quiet(world.client(world.owner))
    client.get("/accounts/email/")  # allauth notes a person's own address at their first visit
    yield Both(world, ids, client)
    for alias in ("default", "operator"):
        connections[alias].close()


def naming() -> list[Route]:
    """Addresses with an id in them that belongs to an environment."""
    return [route for route in routes("workspace") if route.names_an_object and not route.of_the_workspace]


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_both_sides_are_there(both: Both) -> None:
    """What is refused below exists, and is shown where it belongs."""
    assert {"connection_id", "upload_id", "job_id", "key_id"} <= set(both.apart)
    assert len(naming()) > 10
    for kind in KINDS:
        for route in naming():
            status = both.owner.get(both.address(route, kind)).status_code
            assert status in {200, 302, 405}, (kind, route.pattern, status)
        page = both.owner.get(f"/w/{both.world.tenant.pk}/{kind}/accounts/")
        assert marker(kind) in body(page)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", naming(), ids=lambda route: route.pattern)
def test_an_id_of_the_other_environment_is_not_here(both: Both, route: Route, kind: str) -> None:
    """Each id alone, and all of them."""
    own = [name for name in route.parameters if name in both.apart]
    assert own, "the address names an object of which both environments have no row of their own"
    before = fingerprint(refusals_apart=True)
    alone_and_all = [own, *([name] for name in own)]
    for (method, hypertext), taken in product(WAYS, alone_and_all):
        answer = send(both.owner, method, both.address(route, kind, *taken), headers=hypertext)
        assert answer.status_code in {404, 405}, (method, taken, answer.status_code)
        assert_nothing_of(marker(other(kind)), answer)
    assert fingerprint(refusals_apart=True) == before


@pytest.mark.parametrize("kind", KINDS)
def test_reading_and_sending_are_both_looked_at(both: Both, kind: str) -> None:
    """An address may refuse one of the two by method, never both: then nothing would have been shown above."""
    for route in naming():
        own = [name for name in route.parameters if name in both.apart]
        address = both.address(route, kind, *own)
        assert 404 in {send(both.owner, method, address).status_code for method in ("get", "post")}, route


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_no_page_shows_the_other_environment(both: Both, route: Route, kind: str) -> None:
    if route.pattern == BRIDGE:
        pytest.skip("shows test's set-up in live: that is what it is for")
    # People and invitations belong to the workspace as a whole; what stands below an environment does not.
    foreign = (
        [f"{marker(other(kind))}-{of}" for of in ("account", "event", "ann", "list", "bad", "field")]
        if route.of_the_workspace
        else [marker(other(kind))]
    )
    for hypertext in ({}, {"HX-Request": "true"}):
        answer = both.owner.get(both.address(route, kind), headers=hypertext)
        assert answer.status_code < 500
        for text in foreign:
            assert_nothing_of(text, answer)


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_in_the_query_or_the_form_is_looked_at_too(both: Both, kind: str) -> None:
    """Every name that a page of ours takes, with every id of the other environment."""
    names = ("reconnect", "attempt", "row", "next_cursor", "account", "q", "live_account", "connection")
    with both.scope(other(kind)).transaction():
        before = seen_rows()
    for number, route in enumerate(routes("workspace")):
        if route.of_the_workspace or route.pattern == BRIDGE:
            continue
        # In the short form one id for each address, taken in turn.
        for name in both.apart if LONG else [both.apart[number % len(both.apart)]]:
            value = both.ids[other(kind)][name]
            values = {parameter: str(value) for parameter in names}
            answer = both.owner.get(both.address(route, kind), values)
            assert answer.status_code < 500, (route.pattern, body(answer)[-2_000:])
            assert_nothing_of(marker(other(kind)), answer)
    with both.scope(other(kind)).transaction():
        assert seen_rows() == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_here_changes_nothing_there(both: Both, kind: str) -> None:
    """Every form of one environment, filled in with the other's ids."""
    with both.scope(other(kind)).transaction():
        before = seen_rows()
    foreign = {name: str(value) for name, value in both.ids[other(kind)].items() if name in both.apart}
    for route in naming():
        own = [name for name in route.parameters if name in both.apart]
        answer = both.owner.post(both.address(route, kind, *own), foreign)
        assert answer.status_code in {404, 405}, route.pattern
    data = {
        "test_account": str(both.ids["test"]["connection_id"]),
        "live_account": str(both.ids["live"]["connection_id"]),
        "digest": "0" * 64,
    }
    bridge = next(route for route in routes("workspace") if route.pattern == BRIDGE)
    assert both.owner.post(both.address(bridge, "live"), data).status_code == 409
    with both.scope(other(kind)).transaction():
        assert seen_rows() == before


def test_the_bridge_takes_each_id_in_its_own_environment_only(both: Both) -> None:
    bridge = next(route for route in routes("workspace") if route.pattern == BRIDGE)
    test, live = (both.ids[kind]["connection_id"] for kind in KINDS)
    address = both.address(bridge, "live")
    assert both.owner.get(address, {"test_account": test, "live_account": live}).status_code == 200
    for swapped in ({"test_account": live}, {"live_account": test}):
        answer = both.owner.get(address, swapped)
        assert answer.status_code == 404
        assert "-marker" not in body(answer)


# --- Programs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokens(both: Both) -> dict[str, str]:
    """A token of each environment."""
    return {kind: both.world.token(kind=kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", routes("api", "api sent"), ids=lambda route: route.pattern)
def test_a_token_opens_its_own_environment_only(
    both: Both, tokens: dict[str, str], route: Route, kind: str
) -> None:
    nobody = program()
    assert tokens[kind].startswith(f"pb_{kind}_")
    foreign = [name for name in both.apart if name != "app_id"]
    address = both.address(route, kind, *foreign)
    for method in METHODS:
        answer = send(nobody, method, address, headers={"Authorization": f"Bearer {tokens[kind]}"})
        # 400: a body is looked at before the object is.
        refused = {404, 405} | ({400} if method in {"post", "put", "patch"} else set())
        expected = refused if route.names_an_object else {200, 405} | refused - {404}
        assert answer.status_code in expected, method
        assert_nothing_of(marker(other(kind)), answer)
        assert other(kind) not in json.dumps(environments_named(answer)), method


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "route", routes("unified sent", "api unified", "api 1-to-1"), ids=lambda route: route.pattern
)
def test_a_token_reaches_no_account_of_the_other_environment(
    both: Both, tokens: dict[str, str], route: Route, kind: str
) -> None:
    headers = {
        "Authorization": f"Bearer {tokens[kind]}",
        "X-Integrated-Account-Id": str(both.ids[other(kind)]["connection_id"]),
    }
    address = both.address(route, kind)
    if route.kind == "unified sent":
        sent = BODIES[route.pattern]
        answer = program().post(address, sent, content_type="application/json", headers=headers)
    else:
        answer = send(program(), "get", address, headers=headers)
    assert answer.status_code == 404
    assert_nothing_of(marker(other(kind)), answer)


def program() -> Client:
    """Who comes without a cookie."""
    return quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]))


def environments_named(answer: Any) -> list[str]:
    """What a JSON answer says of its environment."""
    if answer.status_code != 200 or not answer.content:
        return []
    found = answer.json()
    return [str(found.get(name)) for name in ("environment", "environment_id") if name in found]


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_opens_its_own(both: Both, tokens: dict[str, str], kind: str) -> None:
    """So the 404 above is the environment's, not the token's."""
    nobody = program()
    headers = {"Authorization": f"Bearer {tokens[kind]}"}
    for route in routes("api"):
        assert send(nobody, "get", both.address(route, kind), headers=headers).status_code == 200, route


def test_the_prefix_says_the_environment_and_cannot_be_changed(both: Both) -> None:
    nobody = program()
    for kind in KINDS:
        token = both.world.token(kind=kind)
        forged = token.replace(f"pb_{kind}_", f"pb_{other(kind)}_", 1)
        answer = nobody.get("/api/ping", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401
        with both.scope(kind).transaction():
            made = [one for one in ApiKey.objects.all() if not one.prefix.startswith(marker(kind))]
            assert made
            assert all(one.prefix.startswith(f"pb_{kind}_") for one in made)


# --- Rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_context_opens_the_rows_of_its_environment_only(both: Both, kind: str) -> None:
    there = both.scope(other(kind)).environment_id
    for table in BELOW_ENVIRONMENT:
        with both.scope(kind).transaction():
            mine = count(table)
            assert mine, f"{table} was not furnished in {kind}"
            assert not ask(f'SELECT FROM "{table}" WHERE environment_id = %s', [there]), table
            assert not ask(
                f'SELECT FROM "{table}" WHERE to_jsonb("{table}")::text LIKE %s', [f"%{marker(other(kind))}%"]
            )
            assert ask(f'SELECT DISTINCT environment_id FROM "{table}"') == [
                (both.scope(kind).environment_id,)
            ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "verb", ["UPDATE {} SET environment_id = environment_id WHERE", "DELETE FROM {} WHERE"]
)
def test_a_context_writes_nothing_in_the_other(both: Both, kind: str, verb: str) -> None:
    here, there = both.scope(kind), both.scope(other(kind)).environment_id
    for table in BELOW_ENVIRONMENT:
        with here.transaction():
            statement = f"{verb.format(table)} environment_id = %s RETURNING 1"
            if table in ADDED_TO:
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    ask(statement, [there])
            else:
                assert not ask(statement, [there]), table


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_cannot_be_moved_into_the_other(both: Both, kind: str) -> None:
    here, there = both.scope(kind), both.scope(other(kind)).environment_id
    for table in BELOW_ENVIRONMENT:
        with pytest.raises(DatabaseError), here.transaction():
            ask(f'UPDATE "{table}" SET environment_id = %s', [there])


def test_without_an_environment_no_row_below_one_is_seen(both: Both) -> None:
    with tenancy.acting_for(both.world.tenant.pk):
        assert [table for table in BELOW_ENVIRONMENT if count(table)] == []
