"""Whose call goes next: pure, over tickets, and the same code whether rows or a simulation hold them.

Classes stand in a fixed order, consent first. Each lower one has a floor, a share of the turns that it gets by
deficit whatever stands above it, so that nothing waits for ever. Inside a class tenants take turns by start-time
fair queueing: over any stretch in which two are waiting, their services by weight differ by at most one call each.
A tenant that was away is neither owed nor owing. Its own jobs take turns too; within a job the oldest goes first.

A tenant's interactive calls above its own rate stand behind bulk work, so nobody can pose as a waiting person for
long. Tickets of a blocked connection are set aside and hold up nobody. Ties fall in a fixed order: everything here
is decided by numbers that were handed in, never by chance or a clock.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from connections.quota.waiting import Line, Seat, Ticket, Turns

CLASSES: Final = ("consent", "interactive", "control", "poll", "bulk", "backfill")
EXCESS: Final = "excess"  # interactive calls above a tenant's own rate
RANKS: Final = ("consent", "interactive", "control", "poll", "bulk", EXCESS, "backfill")
# Hundredths of the turns that a rank gets while it waits, whatever stands above it. Consent takes the rest.
FLOORS: Final[Mapping[str, int]] = {
    "interactive": 20,
    "control": 10,
    "poll": 10,
    "bulk": 10,
    EXCESS: 10,
    "backfill": 2,
}
# Turns that a rank got because nobody above it wanted them count against its floor, this many hundredths at most: what
# has just been served is not starved. A person who waits is never told so.
ADVANCE: Final = 500
PROMPT: Final = ("consent", "interactive")
LARGEST_WEIGHT: Final = 100
INTERACTIVE_RATE: Final = 1.0
INTERACTIVE_BURST: Final = 8


@dataclass(slots=True)
class Allowance:
    """How many interactive calls a tenant may make at once: so many in a burst, refilled by the second."""

    tokens: float = float(INTERACTIVE_BURST)
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one, if there is one. A clock that goes back refills nothing."""
        earned = max(0.0, now - self.at) * INTERACTIVE_RATE
        self.tokens = min(float(INTERACTIVE_BURST), self.tokens + earned)
        self.at = max(self.at, now)
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


@dataclass(slots=True)
class Memory:
    """What outlives the tickets of a pool: by rank, turns that are owed, virtual time and services; the last ticket."""

    credit: dict[str, int] = field(default_factory=dict)
    virtual: dict[str, int] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    latest: int = 0


class Scheduler:
    """The waiting tickets of one pool, and whose turn it is; goes on from what is remembered."""

    def __init__(self, memory: Memory | None = None) -> None:
        known = memory or Memory()
        self._lines = {rank: Line() for rank in RANKS}
        for rank, line in self._lines.items():
            line.credit = known.credit.get(rank, 0)
            line.virtual = known.virtual.get(rank, 0)
            line.served = known.served.get(rank, 0)
        self._weights: dict[str, int] = {}
        self._allowances: dict[str, Allowance] = {}
        self._standing: dict[int, tuple[str, Ticket]] = {}
        self._blocked: dict[str, list[int]] = {}
        self._latest = known.latest

    def memory(self) -> Memory:
        """What to remember of it."""
        lines = self._lines.items()
        return Memory(
            {rank: line.credit for rank, line in lines if line.credit},
            {rank: line.virtual for rank, line in lines if line.virtual},
            {rank: line.served for rank, line in lines if line.served},
            self._latest,
        )

    def __len__(self) -> int:
        return len(self._standing)

    def weigh(self, tenant: str, weight: int) -> None:
        """Give a tenant its weight, from its next turn on. Raises ValueError outside 1 to 100."""
        if not 1 <= weight <= LARGEST_WEIGHT:
            raise ValueError(f"a weight is a whole number from 1 to {LARGEST_WEIGHT}")
        self._weights[tenant] = weight

    def recall(self, rank: str, tenant: str, turns: Turns) -> None:
        """What is known of a tenant from earlier, before its first ticket is entered."""
        self._lines[rank].seats[tenant] = Seat(turns)

    def allow(self, tenant: str, allowance: Allowance) -> None:
        """The tenant's interactive allowance as it stands."""
        self._allowances[tenant] = allowance

    def turns(self, rank: str, tenant: str) -> Turns:
        """What to remember of a tenant."""
        return self._lines[rank].seat(tenant).turns

    def enter(self, ticket: Ticket, now: float) -> str:
        """Let a ticket wait, from `now` (seconds). The rank that it got."""
        rank = ticket.call_class
        if rank == "interactive" and not self._allowance(ticket.tenant).take(now):
            rank = EXCESS
        self._latest = max(self._latest, ticket.number)
        self._standing[ticket.number] = rank, ticket
        if ticket.connection in self._blocked:
            self._blocked[ticket.connection].append(ticket.number)
        else:
            self._queue(rank, ticket)
        return rank

    def _allowance(self, tenant: str) -> Allowance:
        return self._allowances.setdefault(tenant, Allowance())

    def _queue(self, rank: str, ticket: Ticket) -> None:
        line = self._lines[rank]
        seat = line.seat(ticket.tenant)
        was_waiting = bool(seat)
        seat.enter(ticket)
        if not was_waiting and not seat.barred:
            line.stand(ticket.tenant, seat)

    def withdraw(self, number: int) -> None:
        """Whoever held this ticket waits no longer; nothing was served, so nothing is owed."""
        found = self._standing.pop(number, None)
        if found is None:
            return
        rank, ticket = found
        if number in self._blocked.get(ticket.connection, ()):
            self._blocked[ticket.connection].remove(number)
        else:
            self._lines[rank].seats[ticket.tenant].remove(ticket)

    def block(self, connection: str) -> None:
        """Set a connection's tickets aside, those to come too."""
        if connection in self._blocked:
            return
        mine = [one for one in self._standing.items() if one[1][1].connection == connection]
        self._blocked[connection] = [number for number, _ in mine]
        for _, (rank, ticket) in mine:
            self._lines[rank].seats[ticket.tenant].remove(ticket)

    def unblock(self, connection: str) -> None:
        """Its tickets wait again, in their old order."""
        for number in sorted(self._blocked.pop(connection, ())):
            self._queue(*self._standing[number])

    def unbar(self) -> None:
        """Shares were given out anew: nobody is passed over any more."""
        for line in self._lines.values():
            for tenant, seat in line.seats.items():
                if seat.barred:
                    seat.barred = False
                    if seat:
                        line.stand(tenant, seat)

    def take(
        self, ranks: Collection[str] = RANKS, may: Callable[[str, str], bool] | None = None
    ) -> Ticket | None:
        """The ticket that goes now; it waits no longer.

        Args:
            ranks: those that may have a turn.
            may: whether a tenant (second) may have one in a rank (first); who may not, because its share of the day is
                used, is passed over until `unbar`.
        """
        ready = [rank for rank in RANKS if self._accrue(rank, rank in ranks, may)]
        if not ready:
            return None
        owed = [rank for rank in ready if self._lines[rank].credit >= 100]
        rank = max(owed, key=lambda one: self._lines[one].credit) if owed else ready[0]
        line = self._lines[rank]
        line.credit = max(0 if rank in PROMPT else -ADVANCE, line.credit - 100)
        ticket = line.take(self._weights, self._latest)
        del self._standing[ticket.number]
        return ticket

    def _accrue(self, rank: str, is_open: bool, may: Callable[[str, str], bool] | None) -> bool:
        """Count a turn to a rank; who does not wait for one is owed nothing by it."""
        line = self._lines[rank]
        line.credit += FLOORS.get(rank, 0)
        if is_open and line.is_ready(None if may is None else partial(may, rank)):
            return True
        line.credit = min(0, line.credit)
        return False
