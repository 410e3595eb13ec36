"""Fixtures that every test may use: clean tables, a world of people, a simulator of its own."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.world import Simulator, World

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("django_migrations", "django_content_type", "auth_permission")


def empty_tables() -> None:
    """Empty every table, as the owner; tests commit for real, so nothing else would."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall() if name not in KEPT]
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " RESTART IDENTITY CASCADE")


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
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def simulator(simulator_process: str, database: None) -> Simulator:
    """The simulator, fresh, and known to Patchbay as the test environment's application."""
    from django.core.management import call_command

    request = Request(f"{simulator_process}/_sim/reset", data=b"{}", method="POST")
    with urlopen(request, timeout=10) as answer:
        json.load(answer)
    call_command("ensure_defaults", simulator_url=simulator_process, verbosity=0, stdout=io.StringIO())
    found = Simulator(simulator_process)
    found.since = found.ask("/_sim/state")["journal_seq"]
    return found
