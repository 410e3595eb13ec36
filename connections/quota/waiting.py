"""How tickets stand in line: pure. A line is one rank of a pool, a seat a tenant in it, with its jobs.

Lines keep start-time fair queueing among tenants: a tenant stands at max(the line's virtual time, its own finish),
the least goes first, and being served moves its finish on by one call over its weight. Among equals, as among the jobs
of a seat, the one goes first whose last turn, or whose ticket if it has come since, is longest ago.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

# One call in virtual time. Whole numbers, divisible by every weight up to 16: ties stay ties.
UNIT: Final = 720_720
JOBS_REMEMBERED: Final = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call that wants to go. `number` is its place in the order of arrival, unique and rising."""

    number: int
    call_class: str
    tenant: str
    job: str = ""
    connection: str = ""


# Where somebody stands among equals: behind this ticket, and behind so many services since it came.
Key = tuple[int, int]


@dataclass(slots=True)
class Turns:
    """What outlives a tenant's tickets in one rank: where its virtual time stands, and when its jobs had a turn."""

    finish: int = 0
    stood: Key = (0, 0)
    served: int = 0
    jobs: dict[str, Key] = field(default_factory=dict)


class Seat:
    """A tenant's waiting tickets in one rank."""

    __slots__ = ("_heap", "_keys", "_queues", "barred", "first", "start", "turns")

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.start = 0
        self.first = 0  # the ticket with which it began to wait
        self.barred = False
        self._queues: dict[str, deque[Ticket]] = {}
        self._keys: dict[str, Key] = {}
        self._heap: list[tuple[Key, str]] = []

    def __bool__(self) -> bool:
        return bool(self._queues)

    def enter(self, ticket: Ticket) -> None:
        """Add a ticket to its job."""
        if not self._queues:
            self.first = ticket.number
        queue = self._queues.get(ticket.job)
        if queue is None:
            self._queues[ticket.job] = deque((ticket,))
            self._stand(ticket.job, max(self.turns.jobs.get(ticket.job, (0, 0)), (ticket.number, 0)))
        else:
            queue.append(ticket)

    def _stand(self, job: str, key: Key) -> None:
        self._keys[job] = key
        heappush(self._heap, (key, job))

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out, unserved."""
        queue = self._queues[ticket.job]
        queue.remove(ticket)
        if not queue:
            del self._queues[ticket.job], self._keys[ticket.job]

    def take(self, latest: int) -> Ticket:
        """The next ticket; its job goes behind every ticket that has arrived until now."""
        while True:
            key, job = heappop(self._heap)
            if self._keys.get(job) == key:
                break
        ticket = self._queues[job].popleft()
        self.turns.served += 1
        served = latest, self.turns.served
        self.turns.jobs[job] = served
        if len(self.turns.jobs) > JOBS_REMEMBERED:
            del self.turns.jobs[min(self.turns.jobs, key=lambda one: (self.turns.jobs[one], one))]
        if self._queues[job]:
            self._stand(job, served)
        else:
            del self._queues[job], self._keys[job]
        return ticket


class Line:
    """The tenants that wait in one rank."""

    __slots__ = ("_heap", "credit", "seats", "served", "virtual")

    def __init__(self) -> None:
        self.virtual = 0
        self.credit = 0
        self.served = 0
        self.seats: dict[str, Seat] = {}
        self._heap: list[tuple[int, Key, str]] = []

    def seat(self, tenant: str) -> Seat:
        """The tenant's seat here."""
        found = self.seats.get(tenant)
        if found is None:
            found = self.seats[tenant] = Seat(Turns())
        return found

    def stand(self, tenant: str, seat: Seat) -> None:
        """Queue a tenant: not before the present, so that being away earns nothing."""
        seat.start = max(self.virtual, seat.turns.finish)
        heappush(self._heap, (seat.start, max(seat.turns.stood, (seat.first, 0)), tenant))

    def is_ready(self, may: Callable[[str], bool] | None = None) -> bool:
        """Whether anybody here may go; drops what is out of date from the top of the heap, and bars who may not."""
        heap = self._heap
        while heap:
            start, _, tenant = heap[0]
            seat = self.seats[tenant]
            if seat and not seat.barred and seat.start == start:
                if may is None or may(tenant):
                    return True
                seat.barred = True
            heappop(heap)
        return False

    def take(self, weights: Mapping[str, int], latest: int) -> Ticket:
        """The next ticket of the tenant that stands first; after `is_ready` only."""
        start, _, tenant = heappop(self._heap)
        seat = self.seats[tenant]
        ticket = seat.take(latest)
        self.virtual = start
        self.served += 1
        seat.turns.stood = latest, self.served
        seat.turns.finish = start + UNIT // weights.get(tenant, 1)
        if seat:
            self.stand(tenant, seat)
        return ticket
