"""Virtual time: the product's own pure code, driven by events instead of a clock, against a stand-in's own limits.

Nothing here decides anything about turns, paces or budgets; it only says who comes when and how long answers take.
The same seed gives the same history, bit by bit.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from connections.quota import pacing
from connections.quota.fairshare import Scheduler
from connections.quota.waiting import Ticket
from connections.simulator.limits import Limits


@dataclass
class Pace:
    """When the next call may leave, in either mode."""

    mode: str = "anchored"
    per_second: int = 4
    jitter: float = 0.02
    next_at: float = 0.0
    places: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = self.places or [0.0] * self.per_second
        heapq.heapify(self.places)

    def opens_at(self) -> float:
        """The moment of the next turn; a place in use counts from its answer."""
        return self.next_at if self.mode == "paced" else self.places[0]

    def take(self, sent_at: float, answered_at: float) -> None:
        """A call that leaves now and is answered then."""
        if self.mode == "paced":
            self.next_at = pacing.next_send(sent_at, self.per_second, self.jitter, 1.0)
        else:
            heapq.heapreplace(self.places, pacing.free_again(answered_at, 1.0))

    def bound(self, answer_seconds: float, jitter: float) -> float:
        """Calls a second that this mode can reach at most, by the theory."""
        return self.per_second / (1.0 + (jitter if self.mode == "paced" else answer_seconds))


@dataclass(frozen=True)
class Network:
    """How late calls arrive, and how long the provider takes."""

    jitter: float = 0.0
    answer: float = 0.05
    wake: float = 0.0  # our own delay between the turn's moment and the sending

    def trip(self, chance: random.Random, start: float) -> tuple[float, float, float]:
        """Sent, arrived and answered."""
        sent = start + (chance.uniform(0, self.wake) if self.wake else 0.0)
        arrived = sent + (chance.uniform(0, self.jitter) if self.jitter else 0.0)
        return sent, arrived, arrived + self.answer


def refusals(arrivals: Iterable[float], mode: str, per_second: int = 4) -> int:
    """How many of these calls the simulator's own limiter refuses."""
    limits, refused = Limits(), 0
    for at in sorted(arrivals):
        refused += not limits.admit_second("key", per_second, int(at * 1000), mode)
    return refused


@dataclass
class Served:
    """One call as it went."""

    ticket: Ticket
    asked_at: float
    start_at: float
    sent_at: float
    arrived_at: float


@dataclass
class Pool:
    """A pool in virtual time: arrivals come from a stream, turns go by the pace and the scheduler."""

    pace: Pace = field(default_factory=Pace)
    network: Network = field(default_factory=Network)
    scheduler: Scheduler = field(default_factory=Scheduler)
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    take: Callable[[Scheduler, float], Ticket | None] = lambda scheduler, now: scheduler.take()
    now: float = 0.0

    def run(
        self,
        arrivals: Iterator[tuple[float, Ticket]],
        until: float,
        follow: Callable[[Ticket, float], tuple[float, Ticket] | None] = lambda ticket, at: None,
    ) -> Iterator[Served]:
        """Serve until the time is over. `follow` says which ticket comes after one that was served, and when."""
        asked: dict[int, float] = {}
        later: list[tuple[float, int, Ticket]] = []
        coming = next(arrivals, None)
        while self.now < until:
            start = max(self.now, self.pace.opens_at())
            # Who comes before the turn is waiting when it comes.
            while coming is not None and coming[0] <= start:
                heapq.heappush(later, (coming[0], coming[1].number, coming[1]))
                coming = next(arrivals, None)
            while later and later[0][0] <= start:
                at, _, ticket = heapq.heappop(later)
                asked[ticket.number] = at
                self.scheduler.enter(ticket, at)
            ticket = self.take(self.scheduler, start)
            if ticket is None:
                events = [one for one in (later and later[0][0], coming and coming[0]) if one]
                if not events:
                    return
                self.now = max(start, min(events))
                continue
            sent, arrived, answered = self.network.trip(self.chance, start)
            self.pace.take(start, answered)
            self.now = start
            yield Served(ticket, asked.pop(ticket.number), start, sent, arrived)
            if (next_one := follow(ticket, answered)) is not None:
                heapq.heappush(later, (next_one[0], next_one[1].number, next_one[1]))
