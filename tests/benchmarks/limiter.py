"""P9 in virtual time: both pacing modes against every limiter of the stand-in, with late arrivals and slow answers.

Ours: no refusal at all, and at least 0.97 of the use that the mode's theory allows. The peer is what clients do
without a shared ledger: four calls a second in each process.
"""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from connections.quota.waiting import Ticket
from tests.benchmarks.virtual import Network, Pace, Pool, refusals

LIMITERS = ("sliding", "fixed", "bucket")
PROCESSES = (1, 2, 4, 8, 16)
JITTERS = (0.0, 0.02, 0.05, 0.1)
ANSWERS = (0.02, 0.3)
CALLS = 100_000
# Our own delay between a turn's moment and the sending, which the paced mode allows for.
WAKE = 0.005
TARGET = 0.97


def virtual_figures(short: bool) -> Iterator[dict[str, Any]]:
    """10^5 calls shared out over all settings of each mode; then the peer."""
    for mode in ("anchored", "paced"):
        settings = list(product(LIMITERS, PROCESSES, JITTERS, ANSWERS))
        each = (2_400 if short else CALLS) // len(settings)
        found = [_ours(mode, limiter, each, *rest) for limiter, *rest in settings]
        worst = min(found, key=lambda one: one["use"])
        refused = sum(one["refused"] for one in found)
        yield {
            "id": "P9",
            "arm": "ours",
            "mode": mode,
            "settings": len(settings),
            "calls": sum(one["calls"] for one in found),
            "refused": refused,
            "worst_use_of_bound": round(worst["use"], 4),
            "mean_use_of_bound": round(sum(one["use"] for one in found) / len(found), 4),
            "holds": refused == 0 and worst["use"] >= TARGET,
        }
    for processes in PROCESSES:
        yield _alone(processes, 400 if short else 4_000)


def _ours(
    mode: str, limiter: str, calls: int, processes: int, jitter: float, answer: float
) -> dict[str, Any]:
    """One setting: so many processes that always have a call to make."""
    calls = max(calls, 200)
    allowed = jitter + WAKE if mode == "paced" else 0.0
    pace = Pace(mode, jitter=allowed)
    network = Network(jitter, answer, WAKE)
    chance = random.Random(f"{mode} {limiter} {processes} {jitter} {answer}")
    pool = Pool(pace, network, chance=chance)
    waiting = [
        (0.0, Ticket(number, "bulk", f"{number % processes:02}")) for number in range(max(processes, 8))
    ]
    numbers = iter(range(1000, 10**9))
    arrivals, last = [], 0.0
    for served in pool.run(
        iter(waiting), 1e9, lambda one, at: (0.0, Ticket(next(numbers), "bulk", one.tenant))
    ):
        arrivals.append(served.arrived_at)
        last = served.sent_at
        if len(arrivals) == calls:
            break
    # Answers take the mean time of a trip; the first calls of all places leave together.
    trip = answer + jitter / 2 + WAKE / 2
    bound = pace.bound(trip, allowed)
    rate = (calls - pace.per_second) / last if mode == "anchored" else (calls - 1) / last
    return {"calls": calls, "refused": refusals(arrivals, limiter), "use": rate / bound}


def _alone(processes: int, calls: int) -> dict[str, Any]:
    """Each process keeps to four a second by itself, as clients do that know nothing of each other."""
    arrivals = [
        number * 0.25 + process * 0.01 for process in range(processes) for number in range(calls // processes)
    ]
    refused = refusals(arrivals, "sliding")
    return {
        "id": "P9",
        "arm": "four a second in each process",
        "processes": processes,
        "calls": len(arrivals),
        "refused": refused,
        "refused_share": round(refused / len(arrivals), 3),
        "holds": None,
    }
