"""P1: how near the planner comes to the least number of calls.

10,000 random jobs, each plan followed step by step and compared with a lower bound and with every simple strategy; and
1,000 tiny ones compared with the true optimum, as is the bound. The 10,000 are to cost at most 1.10 times the bound,
all calls together (`overall`) and on average (`mean`); no single one is below the bound, dearer than a simple strategy
or wrong. The tiny ones are to cost at most one call above the optimum, with a bound never
above it and at least 0.9 of it on average. How many single jobs are above 1.10 is told beside (`above`): a bound at 0.9
of the optimum leaves the best of plans at 1.11, and where a bound is 4 calls, one more is 1.25; so it may be the
planner's fault or the bound's.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from syncjobs import planner
from tests.benchmarks.simple import STRATEGIES
from tests.syncjobs.planner.following import problems

LARGE, TINY = 10_000, 1_000
LARGE_SHORT, TINY_SHORT = 60, 60
MOST = 1.10  # of the bound
LEAST = 0.9  # of the optimum, for the bound on tiny jobs


def figures(short: bool) -> Iterator[dict[str, Any]]:
    """The large jobs, the simple strategies beside them, and the tiny jobs."""
    yield from large(range(LARGE_SHORT if short else LARGE))
    yield from tiny(range(TINY_SHORT if short else TINY))


def large(seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Plans against the bound and the simple strategies."""
    from tests.benchmarks.bound import bound
    from tests.benchmarks.jobs import large_job

    ratios: list[tuple[float, int]] = []
    totals = {"plan": 0, "bound": 0}
    simple: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    dearer = wrong = below = 0
    seconds = 0.0
    for seed in seeds:
        job = large_job(seed)
        started = time.process_time()
        plan = planner.plan(job)
        seconds = max(seconds, time.process_time() - started)
        least = max(1, bound(job))
        totals["plan"] += plan.calls
        totals["bound"] += least
        ratios.append((plan.calls / least, seed))
        below += plan.calls < least
        wrong += bool(problems(plan, job))
        for name, cost in STRATEGIES.items():
            price = cost(job)
            if price is not None:
                simple[name].append(price / least)
                dearer += price < plan.calls
    above = sum(ratio > MOST for ratio, _ in ratios)
    yield {
        "id": "P1",
        "arm": "ours",
        "overall": round(totals["plan"] / totals["bound"], 4),
        **_spread([ratio for ratio, _ in ratios]),
        "above": above,
        "within": round(1 - above / len(ratios), 4),
        "calls": totals["plan"],
        "bound": totals["bound"],
        "below_bound": below,
        "dearer_than_simple": dearer,
        "wrong": wrong,
        "slowest_cpu_seconds": round(seconds, 2),
        "worst_seeds": [seed for _, seed in sorted(ratios, reverse=True)[:10]],
        "holds": not (dearer or wrong or below)
        and totals["plan"] <= MOST * totals["bound"]
        and _mean([ratio for ratio, _ in ratios]) <= MOST,
    }
    for name, prices in simple.items():
        yield {"id": "P1", "arm": name, **_spread(prices), "holds": None}


def tiny(seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Plans against the true optimum."""
    from tests.benchmarks.bound import bound
    from tests.benchmarks.brute import optimum
    from tests.benchmarks.jobs import tiny_job

    more: list[int] = []
    shares: list[float] = []
    wrong, worst = 0, []
    for seed in seeds:
        job = tiny_job(seed)
        plan = planner.plan(job)
        best = optimum(job)
        more.append(plan.calls - best)
        shares.append(bound(job) / best if best else 1.0)
        wrong += bool(problems(plan, job))
        if more[-1] not in (0, 1):
            worst.append(seed)
    above = sum(share > 1 for share in shares)
    yield {
        "id": "P1-tiny",
        "arm": "ours",
        "jobs": len(more),
        "equal": more.count(0),
        "one_more": more.count(1),
        "others": worst,
        "wrong": wrong,
        "bound_of_optimum": round(_mean(shares), 4),
        "bound_above_optimum": above,
        "holds": not (worst or wrong or above) and _mean(shares) >= LEAST,
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "jobs": len(ordered),
        "mean": round(_mean(ordered), 4),
        "median": round(ordered[len(ordered) // 2], 4),
        "p90": round(ordered[int(0.9 * len(ordered))], 4),
        "p99": round(ordered[int(0.99 * len(ordered))], 4),
        "max": round(ordered[-1], 4),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
