"""A page of a workspace asks the database at most a dozen questions, no more for a thousand accounts than for a few.

A question is a statement that reads or writes, sign-in and scope included; only BEGIN, COMMIT and the like are not
counted. The searches are also looked at as PostgreSQL plans them, as the application's own role.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from connections import listing
from connections.models import Connection
from connections.people import accounts as workspaces
from syncjobs import accounts
from tests.conftest import empty_tables
from tests.crowd import fill
from tests.flows.test_team import asked_again
from tests.house.furnish import furnish
from tests.house.routes import Route, routes
from tests.house.visits import body
from tests.world import World

MANY, FEW = 1_000, 42
MOST = 12
# The last page before an import reads the head of the file and prices it; what it asks grows with nothing.
MOST_OF = {
    "w/<uuid:workspace_id>/<slug:environment>/accounts/<uuid:connection_id>/import/<uuid:upload_id>/start/": 25
}
NOW = datetime.now(UTC)
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
MENU = ["workspace-home", "connections", "mapping-home", "automations", "developers", "settings-home"]
OTHERS = ["jobs", "team", "roles", "audit", "tokens", "take-live", "application"]
ASKED = {
    "connections": ["q=account+7", "health=needs-you", "health=late&q=acc", "q=nobody+at+all"],
    "mapping-home": ["q=account+7", "mapping=broken", "mapping=set"],
    "jobs": ["state=needs-somebody", "since=24h&outcome=created", "state=open", "account={account}"],
}


@pytest.fixture(scope="module")
def crowd() -> Any:
    """Two workspaces, with a thousand accounts and with a few of every kind; their owners have others besides."""
    empty_tables()
    world, ids = World.make(), {}
    for person, many in ((world.owner, MANY), (world.stranger, FEW)):
        for kind in ("test", "live"):
            ids[person.pk, kind] = furnish(world, person, f"{kind}-{many}-marker", kind)
        with world.scope(person).transaction():
            like = Connection.objects.get(pk=ids[person.pk, "test"]["connection_id"])
        fill(world.scope(person), like, many)
    for person in (world.owner, world.stranger):
        workspaces.open_workspace(person, "Another")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    yield world, ids
    for alias in ("default", "operator"):
        connections[alias].close()


@pytest.fixture(scope="module")
def client(crowd: Any) -> Client:
    """The owner of the thousand, signed in just now."""
    world, _ = crowd
    found = asked_again(world.client(world.owner))
    found.get("/me/")  # what is once a sign-in
    return found


def addresses(scope: Any, like: Any) -> list[str]:
    """Every page that lists something, plainly and as it is searched."""
    found = []
    for name in [*MENU, *OTHERS]:
        try:
            # Taking the set-up live is a page of the environment that takes it over.
            address = reverse(name, args=[scope.tenant_id, "live" if name == "take-live" else "test"])
        except NoReverseMatch:
            continue
        queries = [one.format(account=like) for one in ASKED.get(name, [])]
        found += [address, *(f"{address}?{query}" for query in queries)]
    return found


def asked(client: Any, address: str) -> list[str]:
    """The statements of one page."""
    with CaptureQueriesContext(connections["default"]) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return [one["sql"] for one in captured if not one["sql"].startswith(NOT_COUNTED)]


def test_a_page_asks_little_and_no_more_for_a_thousand(crowd: Any) -> None:
    world, _ = crowd
    counts = {}
    for person in (world.owner, world.stranger):
        scope, client = world.scope(person), world.client(person)
        with scope.transaction():
            some = Connection.objects.filter(jobs__isnull=False)[0].pk
        client.get(reverse("workspace-home", args=[scope.tenant_id, "test"]))  # what is once a sign-in
        for address in addresses(scope, some):
            where = address.partition(str(scope.tenant_id))[2].replace(str(some), "an account")
            counts.setdefault(where, []).append(asked(client, address))
    assert len(counts) > 15
    too_many = {where: found[0] for where, found in counts.items() if len(found[0]) > MOST}
    assert not too_many, {where: (len(found), found) for where, found in too_many.items()}
    grown = {where: [len(one) for one in found] for where, found in counts.items()}
    assert not {where: pair for where, pair in grown.items() if pair[0] > pair[1]}


@pytest.mark.parametrize("route", routes("workspace", "signed-in", "public"), ids=lambda route: route.pattern)
def test_every_address_asks_little_beside_a_thousand(crowd: Any, client: Client, route: Route) -> None:
    """Whatever it answers: a page, a download, a redirect or that there is nothing; in test and in live."""
    world, ids = crowd
    for kind in ("test", "live") if route.kind == "workspace" else ("test",):
        address = route.address({**ids[world.owner.pk, kind], "environment": kind})
        with CaptureQueriesContext(connections["default"]) as captured:
            body(client.get(address))
        found = [one["sql"] for one in captured if not one["sql"].startswith(NOT_COUNTED)]
        # The context of a transaction is set beside its BEGIN, and is no question either (as for the team's pages).
        questions = [one for one in found if not one.startswith("SELECT set_config")]
        assert len(questions) <= MOST_OF.get(route.pattern, MOST), (address, len(questions), questions)


@pytest.mark.parametrize("text", ["account 7", "customer-99", "nobody"])
def test_a_search_reads_one_environment_only(crowd: Any, text: str) -> None:
    """By an index on the workspace, never a scan of everybody's accounts."""
    world, _ = crowd
    with world.scope().transaction():
        rows = listing.Search(text).narrow(Connection.objects.all())
        plan = accounts.with_work(rows, NOW).order_by(listing.KEY, "pk")[:51].explain(analyze=True)
    assert "Seq Scan on connections_connection" not in plan, plan


def test_no_page_of_a_few_reads_the_rows_of_a_thousand(crowd: Any) -> None:
    """Every statement of every list, as PostgreSQL plans it for the application's role: an index leads to its rows.

    It is not let choose to read a table whole, which for some thousand rows it does or not by what it sampled.
    """
    world, _ = crowd
    scope, client = world.scope(world.stranger), world.client(world.stranger)
    with scope.transaction():
        some = Connection.objects.filter(jobs__isnull=False)[0].pk
    large = {name for name, rows in sizes().items() if rows > 1_000}
    assert {"connections_connection", "syncjobs_syncjob"} <= large
    read, whole = set(), {}
    for address in addresses(scope, some):
        for statement in asked(client, address):
            if statement.startswith("SELECT") and "set_config" not in statement and statement not in read:
                read.add(statement)
                scanned = large & set(SCANNED.findall(plan_of(scope, statement)))
                if scanned:
                    whole[address, statement[:300]] = scanned
    assert len(read) > 50
    assert not whole


SCANNED = re.compile(r"Seq Scan on (\w+)")


def sizes() -> dict[str, int]:
    """How many rows each table has, of all workspaces."""
    with connections["operator"].cursor() as cursor:
        cursor.execute("SELECT relname, reltuples::int FROM pg_class WHERE relkind = 'r' AND reltuples > 0")
        return dict(cursor.fetchall())


def plan_of(scope: Any, statement: str) -> str:
    with scope.transaction(), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())
