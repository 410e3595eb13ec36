"""One probe of one linked account: quoted, run within its limit of calls, cleared away, kept."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from connections import facts, gateway
from connections.constantcontact.errors import ProviderError
from connections.models import Connection
from connections.probing import readings
from connections.probing.scene import MOST_CALLS, Finding, NotSeen, OutOfCalls, Scene
from connections.probing.writings import Trial

# What a run takes where nothing is slow: bulk jobs done at the first look, times kept in seconds.
READING_CALLS: Final = 10
WRITING_CALLS: Final = 40


@dataclass(frozen=True)
class Report:
    """What came of it. `trouble` is empty unless the run ended early."""

    findings: list[Finding]
    calls: int
    trouble: str


def quote(calls_per_day: int, *, write: bool) -> str:
    """What a probe will take, before it begins."""
    about = READING_CALLS + (WRITING_CALLS if write else 0)
    share = MOST_CALLS / calls_per_day
    return f"about {about} calls, {MOST_CALLS} at most ({share:.2%} of the application's day)"


def run(
    connection: Connection,
    *,
    domain: str = "",
    wait: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Ask everything that reading tells, and with a domain also what a scratch list tells.

    Every finding that has an answer is kept. Nothing is raised for the provider's faults: the report says how far
    it came.
    """
    run_id = uuid4()
    client = gateway.open_client(connection, "control", job_id=run_id)
    scene = Scene(client, connection, run_id, wait, now)
    trouble = ""
    for part in _parts(scene, domain, run_id):
        try:
            part()
        except OutOfCalls:
            trouble = f"stopped after {MOST_CALLS} calls, the most that a probe makes"
            break
        except NotSeen as missed:
            trouble = str(missed)
        except ProviderError as error:
            trouble = str(error)
            break
    for one in scene.findings:
        if one.answer is not None:
            facts.keep(one.name, one.answer, one.evidence, now())
    return Report(scene.findings, scene.spent(), trouble)


def _parts(scene: Scene, domain: str, run_id: UUID) -> Iterator[Callable[[], None]]:
    yield lambda: readings.window(scene)
    yield lambda: readings.import_speed(scene)
    if not domain:
        yield lambda: readings.export(scene, [one.name for one in scene.call(scene.client.lists.all)])
        return
    trial = Trial(scene, domain, run_id.hex[:8])

    def write() -> None:
        try:
            trial.run()
        finally:
            trial.clear()

    yield write
