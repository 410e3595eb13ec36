"""The broker gone for good: pages are served, jobs wait, and `manage.py drain` does the workers' work."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.conftest import SHORT
from tests.faults.watching import Watched, park
from tests.harness import Patchbay
from tests.long import LONG, LONG_ONLY
from tests.prepared import open_migrated_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NOWHERE = "redis://127.0.0.1:1/0"
PEOPLE = 1_000
NAMES = ("drained", "alone") if LONG else ("alone",)


@pytest.fixture(scope="module")
def silent() -> Iterator[tuple[Patchbay, dict[str, str]]]:
    """A run whose broker never answers, with imports lying ready."""
    settings = {**SHORT, "BROKER_URL": NOWHERE}
    with (
        open_migrated_folder() as folder,
        Patchbay(folder / "data", "--no-demo", settings=settings) as patchbay,
    ):
        yield patchbay, park(patchbay, *NAMES, good=PEOPLE)
        assert patchbay.stop() == 0


def waiting(silent: tuple[Patchbay, dict[str, str]], name: str) -> Watched:
    """One of the imports, due, and with nobody to run it."""
    patchbay, jobs = silent
    watched = Watched(patchbay, name, jobs[name], PEOPLE)
    watched.release()
    time.sleep(2)
    assert (watched.job["state"], watched.steps) == ("queued", [])
    assert httpx.get(patchbay.ready["url"] + "/healthz").status_code == 200
    return watched


def assert_drained(watched: Watched, said: str) -> None:
    watched.assert_complete()
    assert {step["worker"].partition("@")[0] for step in watched.steps} == {"drain"}
    # Besides it drains what else waits, such as the reading of the account.
    run = int(said.splitlines()[-1].partition(" steps run, ")[0])
    assert run >= len(watched.steps)


@LONG_ONLY
def test_drain_finishes_what_waits(silent: tuple[Patchbay, dict[str, str]]) -> None:
    watched = waiting(silent, "drained")

    done = watched.patchbay.manage("drain")

    assert (done.returncode, watched.job["state"]) == (0, "done"), done.stderr
    assert_drained(watched, done.stdout)


def test_drain_needs_nothing_but_the_database(silent: tuple[Patchbay, dict[str, str]]) -> None:
    watched = waiting(silent, "alone")

    done = watched.patchbay.command("drain", DATABASE_URL=watched.patchbay.ready["database_url"])

    assert (done.returncode, watched.job["state"]) == (0, "done"), done.stderr
    assert_drained(watched, done.stdout)
