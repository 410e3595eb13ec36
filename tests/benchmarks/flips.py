"""The provider's open points turned one at a time: whatever the answer is, the promises hold.

Three figures for each: an import of P2's shape takes no more calls than were planned (`flips-import`), processes that
share the limit are never refused (`flips-limit`), and an import that is killed ends complete (`flips-kills`). All of
it runs at the provider's own pace, four calls a second, since most of these points are about that. A point that a
deployment can settle is turned twice: while nobody knows the answer here, and after it was found out.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.imports import P2, Shape, measured, scaled, services, simulator
from tests.benchmarks.limiter_real import TARGET, Stage, Worker
from tests.benchmarks.linked import Account
from tests.world import Simulator, World

PER_SECOND, PER_DAY = 4, 10_000
CALLS = 120
PROCESSES = (2, 4, 6)
PEOPLE = 20_000
MOST_CALLS = 10  # as P2
# Around the call that matters most, and on both sides of it; the hit is the first one after people are known.
KILLS = (
    ("batching.committed", 1),
    ("sending.committed", 1),
    ("sending.answered", 1),
    ("processing.before_commit", 1),
    ("settling.before_commit", 1),
)
WAKE_MS = 50


@dataclass(frozen=True)
class Flip:
    """Switches of the simulator and their answers; what the deployment has found out; how its pool is set."""

    name: str
    switches: dict[str, str | int]
    settled: dict[str, str] = field(default_factory=dict)
    pacing: str = "anchored"
    # A bucket that holds one call wants every two apart, not five: four times the allowance for late ones.
    spread: int = 1


LIKELY = Flip("as is likely", {})
FLIPS = (
    Flip("fixed window", {"limiter": "fixed"}),
    Flip("bucket of 4", {"limiter": "bucket"}),
    Flip("bucket of 1", {"limiter": "bucket", "bucket_capacity": 1}, pacing="paced", spread=4),
    Flip("faults cost nothing", {"failed_calls_count": "no"}),
    Flip("refusals cost", {"rejected_calls_count": "yes"}),
    Flip("no file name", {"import_file_name": "absent"}),
    Flip("no file name, known", {"import_file_name": "absent"}, {"import_file_name": "absent"}),
    Flip("4,194,304 bytes", {"import_cap_bytes": 4_194_304}),
    Flip("4,194,304 bytes, known", {"import_cap_bytes": 4_194_304}, {"import_cap_bytes": "4194304"}),
)
# The short form turns one of each kind, where it matters most: what is turned cannot matter to every figure.
SHORT = {"import": FLIPS[8], "limit": FLIPS[0], "kills": FLIPS[5]}


def imports(short: bool) -> Iterator[dict[str, Any]]:
    """An import of P2's shape: as few calls as planned, every row explained, nobody sent twice."""
    shape = scaled(P2, 0.01 if short else PEOPLE / P2.people)
    with services():
        for flip in _flips("import", short=short):
            yield _import(flip, shape)


def limits(short: bool) -> Iterator[dict[str, Any]]:
    """Real calls by several processes: not one refused, none counted there that was not charged here."""
    with services():
        for flip in _flips("limit", short=short):
            yield _limit(flip, 12 if short else CALLS, PROCESSES[:1] if short else PROCESSES)


def kills(short: bool) -> Iterator[dict[str, Any]]:
    """An import killed at named points: each row ends once, and no batch goes twice but for an intent that got lost."""
    with services():
        from tests.faults.killing import nursery

        with simulator() as url, nursery(url) as workers:
            for flip in _flips("kills", short=short):
                for point, hit in KILLS[2:3] if short else KILLS:
                    yield _kill(flip, url, workers, point, hit)


def _flips(figure: str, *, short: bool) -> tuple[Flip, ...]:
    return (SHORT[figure],) if short else (LIKELY, *FLIPS)


def _turn(there: Simulator, flip: Flip) -> None:
    """Turn the switches, settle what is known, and put both sides to the provider's real limits."""
    from connections import facts
    from connections.models import QuotaPool

    there.ask("/_sim/switches", flip.switches, "PUT")
    for name, answer in flip.settled.items():
        facts.keep(name, answer, "a benchmark", datetime.now(UTC))
    client_id = there.ask("/_sim/apps")[0]["client_id"]
    there.ask(f"/_sim/apps/{client_id}", {"per_second": PER_SECOND, "per_day": PER_DAY}, "PUT")
    there.looks_by = there.ask("/_sim/apps", {"per_second": 0, "per_day": 0})["client_id"]
    QuotaPool.objects.using("operator").update(
        calls_per_second=PER_SECOND,
        calls_per_day=PER_DAY,
        pacing=flip.pacing,
        jitter_ms=WAKE_MS * flip.spread,
    )


def _refused(there: Simulator) -> int:
    """Calls that were not made by who only looks, and were one too many."""
    return sum(one["status"] == 429 for one in there.calls() if one["client_id"] != there.looks_by)


def _import(flip: Flip, shape: Shape) -> dict[str, Any]:
    from tests.faults.killing import addresses_sent

    with simulator() as url:
        account = Account(url)
        _turn(account.simulator, flip)
        found = measured("flips-import", account, shape, most=MOST_CALLS)
        refused = _refused(account.simulator)
        sent = Counter(addresses_sent(account.simulator.journal()))
    twice = sum(count > 1 for count in sent.values())
    holds = found["holds"] and found["posts"] == found["planned"] and not twice and not refused
    figure = {"flip": flip.name, **found, "largest_file": _largest(), "sent_twice": twice, "refused": refused}
    return {**figure, "holds": holds and len(sent) == shape.people}


def _largest() -> int:
    """Bytes of the largest file that was sent; where the provider is known to take more, more is sent."""
    from syncjobs.models import Batch

    return max(len(bytes(one.content)) for one in Batch.objects.using("operator").all())


def _limit(flip: Flip, calls: int, processes: tuple[int, ...]) -> dict[str, Any]:
    from connections.quota import permits

    workers: list[Worker] = []
    with simulator() as url:
        try:
            stage = Stage(url, wake_ms=WAKE_MS, spread=flip.spread)
            stage.ask("/_sim/switches", flip.switches, "PUT")
            stage.faults = [{"status": 500, "times": 2, "skip": 3}]
            workers += [Worker() for _ in range(max(processes))]
            for worker in workers:
                worker.answer()  # it has loaded everything
            limiter = str(flip.switches.get("limiter", "sliding"))
            settings = [(limiter, number) for number in processes]
            found = stage.run(flip.pacing, settings, calls // len(processes), workers)
            counted = stage.ask("/_sim/state")["apps"][0]["calls_today"]
            charged = permits.used_today(stage.pool)
        finally:
            for worker in workers:
                worker.stop()
    # On a machine with more to do than it has processors, how much of the limit is used says nothing about us; nor
    # do a dozen calls.
    is_busy = found["load_average"] > (os.cpu_count() or 1)
    is_used = found["use_of_bound"] >= TARGET or is_busy or calls < CALLS
    holds = found["refused"] == 0 and counted <= charged == calls and is_used
    return {
        "flip": flip.name,
        **found,
        "id": "flips-limit",
        "charged": charged,
        "counted": counted,
        "holds": holds,
    }


def _kill(flip: Flip, url: str, workers: Any, point: str, hit: int) -> dict[str, Any]:  # Any: a Nursery
    from django.conf import settings

    from tests.conftest import empty_tables, fresh_simulator
    from tests.faults.killing import Scene, kill_and_end

    settings.ENV.SIMULATOR_URL = url
    empty_tables()
    there = fresh_simulator(url)
    _turn(there, flip)
    scene = Scene(World.make(), there)
    figure: dict[str, Any] = {
        "id": "flips-kills",
        "arm": "ours",
        "flip": flip.name,
        "point": f"{point}:{hit}",
    }
    try:
        ended = kill_and_end(scene.set_up(), workers, point, hit)
        fault = "" if ended else "it was not killed"
    except AssertionError as broken:
        ended, fault = None, str(broken)[:300]
    refused = _refused(there)
    return {
        **figure,
        "unknown": scene.unknown,
        "sent_again": scene.resent(),
        "edits_kept": len(scene.edited),
        "calls": len([one for one in there.calls() if one["client_id"] != there.looks_by]),
        "ended_later": round(ended.ended_later, 1) if ended else None,
        "refused": refused,
        "fault": fault,
        "holds": not fault and not refused,
    }
