"""P10: Jain's index over every window in which each tenant is served often enough, and the greatest lag.

Tenants always wait, with queues from one ticket to ten thousand. Peers: one queue for all (FIFO), and none that
looks at weights.
"""

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from connections.quota.fairshare import Scheduler
from connections.quota.waiting import Ticket

TARGET = 0.99


def figures(short: bool) -> Iterator[dict[str, Any]]:
    """Equal weights, then weights from 1 to 10, then the peer."""
    sizes = (2, 5, 20) if short else (2, 3, 5, 10, 50, 200, 1000)
    for tenants in sizes:
        yield _figure("equal weights", [1] * tenants, 5)
    for tenants in sizes:
        yield _figure("weights 1 to 10", [1 + number % 10 for number in range(tenants)], 10)
    for tenants in sizes[:3]:
        history = _fifo(tenants, 5 * 40 * tenants)
        yield {
            "id": "P10",
            "arm": "FIFO",
            "tenants": tenants,
            **_judged(history, [1] * tenants, 5),
            "holds": None,
        }


def _figure(what: str, weights: Sequence[int], least: int) -> dict[str, Any]:
    # Enough for windows that begin in every phase of the turns.
    history = _served(weights, (least + 8) * sum(weights) + 1000)
    judged = _judged(history, weights, least)
    repeated = _served(weights, len(history)) == history
    return {
        "id": "P10",
        "arm": "ours",
        "case": what,
        "tenants": len(weights),
        **judged,
        "same_order_again": repeated,
        "holds": judged["least_jain"] >= TARGET and judged["lag_over_bound"] <= 1.0 and repeated,
    }


def _served(weights: Sequence[int], turns: int) -> list[int]:
    """Who was served, turn by turn; everybody always waits, with a queue of its own length."""
    scheduler, chance, number = Scheduler(), random.Random(len(weights)), 0
    for tenant, weight in enumerate(weights):
        scheduler.weigh(f"{tenant:05}", weight)
    order = list(range(len(weights)))
    chance.shuffle(order)
    for tenant in order:
        for _ in range(10_000 if tenant == 0 else 1 + tenant % 3):
            number += 1
            scheduler.enter(Ticket(number, "bulk", f"{tenant:05}"), 0.0)
    found = []
    for _ in range(turns):
        ticket = scheduler.take()
        assert ticket is not None
        found.append(int(ticket.tenant))
        number += 1
        scheduler.enter(Ticket(number, "bulk", ticket.tenant), 0.0)
    return found


def _fifo(tenants: int, turns: int) -> list[int]:
    """One queue: whoever put ten thousand in first is served first."""
    waiting = deque(
        tenant for tenant in range(tenants) for _ in range(turns // (2 * tenants) if tenant else turns // 2)
    )
    return [waiting.popleft() for _ in range(turns) if waiting]


def _judged(history: Sequence[int], weights: Sequence[int], least: int) -> dict[str, Any]:
    """The least Jain index over all windows with so many calls each, and the greatest lag by its bound.

    Windows grow until every tenant has its calls and a whole round more; sums are kept as the window grows.
    """
    tenants, worst, lag, windows = len(weights), 1.0, 0.0, 0
    step = max(1, len(history) // 400)
    for begin in range(0, sum(weights) * 2, step):
        counts = [0] * tenants
        short_of = tenants
        total = squares = 0.0
        more = max(sum(weights), 300)
        for tenant in history[begin:]:
            before = counts[tenant] / weights[tenant]
            counts[tenant] += 1
            after = counts[tenant] / weights[tenant]
            total += after - before
            squares += after * after - before * before
            short_of -= counts[tenant] == least
            if not short_of:
                windows += 1
                worst = min(worst, total * total / (tenants * squares))
                more -= 1
                if not more:
                    break
        lag = max(lag, _lag(counts, weights))
    return {
        "windows": windows,
        "least_jain": round(worst if windows else 0.0, 4),
        "lag_over_bound": round(lag, 3),
    }


def _lag(counts: Sequence[int], weights: Sequence[int]) -> float:
    """The greatest |Wi/wi - Wj/wj| over 1/wi + 1/wj."""
    ends = [(count / weight, 1 / weight) for count, weight in zip(counts, weights, strict=True)]
    low, high = min(ends), max(ends)
    return (high[0] - low[0]) / (high[1] + low[1])


def speed(short: bool) -> Iterator[dict[str, Any]]:
    """Calls that a CPU second simulates, pace and limiter of the stand-in included."""
    from tests.benchmarks.virtual import Network, Pace, Pool, refusals

    calls = 5_000 if short else 200_000
    pool = Pool(Pace(), Network(0.02, 0.05, 0.002))
    waiting = [(0.0, Ticket(number, "bulk", f"{number:04}", f"{number % 7}")) for number in range(1000)]
    numbers = iter(range(10_000, 10**9))
    began, arrivals = time.process_time(), []
    for served in pool.run(
        iter(waiting), 1e9, lambda one, at: (at, Ticket(next(numbers), "bulk", one.tenant, one.job))
    ):
        arrivals.append(served.arrived_at)
        if len(arrivals) == calls:
            break
    refused = refusals(arrivals, "sliding")
    rate = calls / (time.process_time() - began)
    yield {
        "id": "speed",
        "arm": "ours",
        "calls": calls,
        "refused": refused,
        "calls_per_cpu_second": round(rate),
        "holds": refused == 0 and (short or rate >= 20_000),
    }
