"""Fixtures that every test may use: clean tables, a world of people, a simulator of its own."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import psycopg
import pytest

from tests import plugin
from tests.world import Simulator, World

if TYPE_CHECKING:
    from tests.live import Live

ROOT = Path(__file__).resolve().parent.parent


class Broom:
    """Empties this process's tables: tests commit for real, so nothing else would.

    Only a superuser may set references aside. The connection is kept, since a new one reads the whole catalogue anew
    each time; DELETE from the few tables that hold rows is far quicker than TRUNCATE.
    """

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        found = self._connection.execute(TABLES)
        self._ask = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for (name,) in found
        )

    def sweep(self) -> None:
        """Empty what holds rows."""
        held = self._connection.execute(self._ask, prepare=True).fetchall()
        if held:
            self._connection.execute(";".join(f"DELETE FROM {name}" for (name,) in held))

    def close(self) -> None:
        """Let its connection go."""
        self._connection.close()


TABLES = """
SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'
    AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
"""
BROOMS: dict[str, Broom] = {}


def empty_tables() -> None:
    """Empty every table of this process's database."""
    url = plugin.superuser_url()
    if url not in BROOMS:
        BROOMS[url] = Broom(url)
    BROOMS[url].sweep()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What was kept is let go."""
    while BROOMS:
        BROOMS.popitem()[1].close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first, so that no process is left alone with it at the end."""

    def begun(item: pytest.Item) -> int:
        if item.nodeid.startswith("tests/browser/"):
            return 0
        return 1 if item.get_closest_marker("slow") else 2

    items.sort(key=begun)


@pytest.fixture
def database() -> Iterator[None]:
    """Real commits as the application's role, and empty tables before the test."""
    empty_tables()
    yield
    from django.db import connections

    for alias in ("default", "operator"):
        connections[alias].close()


@pytest.fixture
def world(database: None) -> World:
    """An owner and a member of one workspace, and a stranger who has another."""
    return World.make()


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[str]:
    """The origin of a simulator that this process's tests share."""
    command = [sys.executable, "-m", "connections.simulator", "--port", "0", "--activity-seconds", "0.2"]
    command += ["--contacts", "12"]  # of the largest account, for every test that begins anew
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def simulator(simulator_process: str, database: None, settings_of: Callable[..., None]) -> Simulator:
    """The simulator, fresh, and known to Patchbay as the test environment's application."""
    settings_of(SIMULATOR_URL=simulator_process)  # test may speak to this one and no other
    return fresh_simulator(simulator_process)


def fresh_simulator(url: str) -> Simulator:
    """A simulator as it begins, at whatever pace it is asked; tables are empty, and hold its application then."""
    from django.core.management import call_command

    request = Request(f"{url}/_sim/reset", data=b"{}", method="POST")
    with urlopen(request, timeout=10) as answer:
        json.load(answer)
    call_command("ensure_defaults", simulator_url=url, verbosity=0, stdout=io.StringIO())
    found = Simulator(url)
    client_id = found.ask("/_sim/apps")[0]["client_id"]
    found.ask(f"/_sim/apps/{client_id}", {"per_second": 0}, "PUT")
    found.since = found.ask("/_sim/state")["journal_seq"]
    return found


@pytest.fixture(scope="session")
def live_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Live"]:
    """A second simulator behind https, which this process's tests share."""
    from tests.live import open_live

    with open_live(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def live_simulator(live_provider: "Live", database: None, settings_of: Callable[..., None]) -> "Live":
    """The live environment's provider, fresh, and known to Patchbay by the settings of a real deployment."""
    from tests.live import set_up

    set_up(live_provider, settings_of)
    return live_provider


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> object:
    """Change settings for one test: `settings_of(NAME=value)`."""
    from django.conf import settings

    def change(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(settings.ENV, name, value)

    return change
