"""The broker gone for good: pages are served, jobs wait, and `manage.py drain` does the workers' work.

The short form is the second run of `tests/first_run`, whose broker is as silent.
"""

from collections.abc import Iterator

import pytest

from tests.faults.watching import NOWHERE, SHORT, Watched, assert_drained, park, waiting
from tests.harness import Patchbay, open_folder
from tests.long import LONG_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), LONG_ONLY]
PEOPLE = 1_000


@pytest.fixture(scope="module")
def silent() -> Iterator[tuple[Patchbay, dict[str, str]]]:
    """A run whose broker never answers, with imports lying ready."""
    settings = {**SHORT, "BROKER_URL": NOWHERE}
    with open_folder() as folder, Patchbay(folder / "data", "--no-demo", settings=settings) as patchbay:
        yield patchbay, park(patchbay, "drained", "alone", good=PEOPLE)
        assert patchbay.stop() == 0


def test_drain_finishes_what_waits(silent: tuple[Patchbay, dict[str, str]]) -> None:
    patchbay, jobs = silent
    watched = waiting(Watched(patchbay, "drained", jobs["drained"], PEOPLE))

    assert_drained(watched, patchbay.manage("drain"))


def test_drain_needs_nothing_but_the_database(silent: tuple[Patchbay, dict[str, str]]) -> None:
    patchbay, jobs = silent
    watched = waiting(Watched(patchbay, "alone", jobs["alone"], PEOPLE))

    assert_drained(watched, patchbay.command("drain", DATABASE_URL=patchbay.ready["database_url"]))
