"""Killed by SIGKILL at named points of the import path: first, second and last time each is passed.

With PATCHBAY_LONG at every point, and a table is printed; otherwise at the points around one call that matter most.
"""

from collections.abc import Iterator

import pytest

from tests.conftest import empty_tables, fresh_simulator
from tests.faults.killing import POINTS, Nursery, Scene, kill_and_end, nursery
from tests.long import LONG
from tests.world import Simulator, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SHORT = {"sending.committed": "last", "sending.answered": "first", "reading_export.before_commit": "last"}

RARE = {
    f"{stage}.{when}"
    for stage in ("reconciling", "guarding", "looking_up")
    for when in ("before_commit", "committed")
}

PASSED: dict[str, int] = {}


@pytest.fixture(scope="module")
def workers(simulator_process: str) -> Iterator[Nursery]:
    with nursery(simulator_process) as found:
        yield found


@pytest.fixture
def passed(simulator: Simulator, workers: Nursery) -> dict[str, int]:
    """How often an import that nothing happens to passes each point; it is looked at once, and leaves nothing."""
    if not PASSED:
        scene = Scene(World.make(), simulator).set_up()
        said = workers.work()
        assert not said["killed"]
        scene.assert_sound()
        PASSED.update(said["hits"])
        empty_tables()
        fresh_simulator(simulator.url)
    return PASSED


def test_an_import_passes_every_point(passed: dict[str, int]) -> None:
    assert len(POINTS) >= 20
    assert set(POINTS) - set(passed) == RARE


@pytest.mark.parametrize("which", ["first", "second", "last"])
@pytest.mark.parametrize("point", POINTS if LONG else list(SHORT))
def test_killed_there_it_ends_complete(
    passed: dict[str, int], world: World, simulator: Simulator, workers: Nursery, point: str, which: str
) -> None:
    hits = passed.get(point, 3)
    hit = {"first": 1, "second": min(2, hits), "last": hits}[which]
    if (which != SHORT.get(point) and not LONG) or hits < {"first": 1, "second": 2, "last": 3}[which]:
        pytest.skip("the long form has it, or it is passed less often")
    scene = Scene(world, simulator, leave=not point.startswith("looking_up")).set_up()
    if point in RARE and scene.leave:
        # Passed only behind another kill: our intent was committed, and nothing sent.
        assert workers.work("sending.committed:1")["killed"]
        scene.after_kill()
        hit = {"first": 1, "second": 2, "last": 2}[which]
    ended = kill_and_end(scene, workers, point, hit)
    if ended is not None:
        print(
            f"{point:32} {hit:3} of {hits:3}: killed after {ended.lived:5.2f} s, ended {ended.ended_later:5.2f} s "
            f"later; {scene.unknown} unknown, {scene.resent()} sent again, {len(scene.edited)} edits kept"
        )
