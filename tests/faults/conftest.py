"""One Patchbay for the faults of a module, with imports that lie ready in it."""

from collections.abc import Iterator

import pytest

from tests.faults.watching import SHORT, Watched, park
from tests.harness import Patchbay
from tests.long import LONG
from tests.prepared import open_place

PEOPLE = 10_000 if LONG else 3_000
NAMES = ("killed", "flushed", *(("unanswered", "stopped", "held", "beside") if LONG else ()))
LONG_FORM = {"IMPORT_STEP_ROWS": "1000", "IMPORT_BATCH_BYTES": "200000"}


class Stack:
    """The running Patchbay and its imports."""

    def __init__(self, patchbay: Patchbay, jobs: dict[str, str]) -> None:
        self.patchbay, self.jobs = patchbay, jobs

    def release(self, name: str) -> Watched:
        """Start one of the imports."""
        watched = Watched(self.patchbay, name, self.jobs[name], PEOPLE)
        watched.release()
        return watched


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Everything up, nothing due."""
    with (
        open_place(**(LONG_FORM if LONG else SHORT)) as place,
        Patchbay(place.data, "--no-demo", settings=place.settings) as patchbay,
    ):
        with patchbay.operator() as database:
            assert database.execute("SELECT 1 FROM connections_tenant").fetchall() == [], "--no-demo"
        jobs = park(patchbay, *NAMES, good=PEOPLE)
        yield Stack(patchbay, jobs)
        assert patchbay.is_running(), patchbay.output
        assert patchbay.stop() == 0


@pytest.fixture(autouse=True)
def no_fault_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults that did not strike are nobody else's."""
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").patchbay.simulator.ask("/_sim/faults", method="DELETE")
