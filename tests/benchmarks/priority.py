"""P11: how long a waiting person's call waits while bulk work takes every turn it can get.

Turns are 255 ms apart, as the paced mode has them at 20 ms of jitter. The theory is a queue with one server and
priority without preemption: a call waits for what is left of the running turn and for the persons before it. Its
figures (99th percentile) are 361, 448, 564 and 994 ms at 0.2, 0.5, 1 and 2 calls a second; beside them the same
arrivals go through that theory turn by turn. Peers: FIFO behind one import, and a fixed split per tenant.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from connections.quota.waiting import Ticket
from tests.benchmarks.virtual import Network, Pace, Pool

TURN = 0.255
RATES = (0.2, 0.5, 1.0, 2.0)
THEORY_MS = {0.2: 361, 0.5: 448, 1.0: 564, 2.0: 994}
THEORY_BULK = {0.2: 0.95, 0.5: 0.87, 1.0: 0.75, 2.0: 0.50}
MARGIN = 1.15
SPLIT = 10  # tenants among whom the peer divides the rate
IMPORT_CALLS = 63  # one import of a million people


def figures(short: bool) -> Iterator[dict[str, Any]]:
    """Each rate: ours, the theory on the same arrivals, and the peers."""
    for rate in RATES:
        asked = _poisson(rate, 1_500 if short else 40_000)
        theory = _percentile(_ideal(asked), 0.99)
        waits, bulk = _ours(asked)
        ours = _percentile(waits, 0.99)
        # In the short form there are too few calls for the table's last digits; the same arrivals are the measure.
        limit = MARGIN * (theory if short else min(theory, THEORY_MS[rate] / 1000))
        yield {
            "id": "P11",
            "arm": "ours",
            "calls_a_second": rate,
            "p99_ms": round(ours * 1000),
            "theory_p99_ms": THEORY_MS[rate],
            "same_arrivals_in_theory_ms": round(theory * 1000),
            "of_theory": round(ours * 1000 / THEORY_MS[rate], 3),
            "of_same_arrivals": round(ours / theory, 3),
            "bulk_share": round(bulk, 3),
            "theory_bulk_share": THEORY_BULK[rate],
            "holds": ours <= limit,
        }
        yield _peer("FIFO behind one import", rate, [IMPORT_CALLS * TURN + wait for wait in _ideal(asked)])
        yield _peer(f"fixed split among {SPLIT}", rate, _alone(asked, TURN * SPLIT))


def _peer(arm: str, rate: float, waits: Sequence[float]) -> dict[str, Any]:
    return {
        "id": "P11",
        "arm": arm,
        "calls_a_second": rate,
        "p99_ms": round(_percentile(waits, 0.99) * 1000),
        "holds": None,
    }


def _poisson(rate: float, count: int) -> list[float]:
    chance, at, found = random.Random(f"persons {rate}"), 0.0, []
    for _ in range(count):
        at += chance.expovariate(rate)
        found.append(at)
    return found


def _ours(asked: Sequence[float]) -> tuple[list[float], float]:
    """The product's scheduler and pace; persons of many tenants, one import that always has a next call."""
    pool = Pool(Pace("paced", jitter=4 * TURN - 1.0), Network(0.0, 0.0))
    persons = (
        (at, Ticket(number, "interactive", f"{number % 20:02}")) for number, at in enumerate(asked, start=10)
    )
    bulk = (0.0, Ticket(1, "bulk", "import"))
    numbers = iter(range(10**7, 10**9))

    def arrivals() -> Iterator[tuple[float, Ticket]]:
        yield bulk
        yield from persons

    def next_bulk(ticket: Ticket, at: float) -> tuple[float, Ticket] | None:
        return (0.0, Ticket(next(numbers), "bulk", "import")) if ticket.call_class == "bulk" else None

    waits, turns = [], 0
    for served in pool.run(arrivals(), asked[-1], next_bulk):
        turns += 1
        if served.ticket.call_class == "interactive":
            waits.append(served.start_at - served.asked_at)
    return waits, 1 - len(waits) / turns


def _ideal(asked: Sequence[float]) -> list[float]:
    """The theory: turns come every 255 ms for ever; a person takes the first that nobody before has taken."""
    free, waits = 0, []
    for at in asked:
        turn = max(free, int(at / TURN) + 1)
        free = turn + 1
        waits.append(turn * TURN - at)
    return waits


def _alone(asked: Sequence[float], turn: float) -> list[float]:
    """A tenant's own slice of the rate, whatever the others leave: its queue may grow without end."""
    free, waits = 0.0, []
    for at in asked:
        start = max(free, at)
        free = start + turn
        waits.append(start - at)
    return waits


def _percentile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]
