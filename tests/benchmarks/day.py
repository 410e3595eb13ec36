"""P12: thirty days of two hundred tenants through the product's own plan of the day.

Persons come by the hour of the day, polls at their intervals, opt-outs in bursts, and bulk work more than the day can
hold, in waves at any hour. The day's counter of the provider is the stand-in's own. Peers: a plain FIFO that spends
the day as it comes, and a fixed split of the day per tenant.
"""

import math
import random
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from connections.quota import pacing
from connections.quota.daybudget import WORK, Claim, Part, Plan, make_plan, still_wanting
from connections.quota.fairshare import Scheduler
from connections.quota.pacing import DAY_SECONDS
from connections.quota.waiting import Ticket
from connections.simulator.limits import Limits

TENANTS = 200
LIMIT = 10_000
TURN = 0.275  # anchored, answers of a tenth of a second
MOST_REFUSED = 0.001  # of persons' calls
PATIENCE = 2.0  # how long a person's call waits
# Calls of an ordinary day, all tenants together.
PERSONS, POLLS, CONTROL, OPT_OUTS = 900, 3_000, 400, 90
BULK = 9_000  # on the mean; some days want less than is left, most want more


@dataclass(order=True)
class Ask:
    """One call that comes at its time."""

    at: float
    number: int
    call_class: str = field(compare=False)
    tenant: int = field(compare=False)


def demand(day: int, chance: random.Random) -> list[Ask]:
    """A day's calls in the order of their coming."""
    found: list[tuple[float, str, int]] = []
    lively = 0.4 if day % 7 in (5, 6) else 1.0
    for _ in range(int(PERSONS * lively * chance.uniform(0.9, 1.1))):
        found.append((_office_hours(chance), "interactive", _zipf(chance)))
    for tenant in range(TENANTS):
        each = POLLS // TENANTS
        phase = chance.uniform(0, DAY_SECONDS / each)
        found += [(phase + n * DAY_SECONDS / each, "poll", tenant) for n in range(each)]
    found += [(chance.uniform(0, DAY_SECONDS), "control", _zipf(chance)) for _ in range(CONTROL)]
    for _ in range(chance.randint(1, 4)):  # a mailing goes out, and people leave
        begin, tenant = chance.uniform(0, DAY_SECONDS - 3600), _zipf(chance)
        found += [(begin + chance.expovariate(1 / 900), "consent", tenant) for _ in range(OPT_OUTS // 3)]
    while sum(1 for one in found if one[1] == "bulk") < BULK * lively * chance.uniform(0.8, 1.2):
        begin, tenant = chance.uniform(0, DAY_SECONDS), _zipf(chance)
        kind = "bulk" if chance.random() < 0.8 else "backfill"
        found += [(begin, kind, tenant)] * chance.choice((5, 30, 63, 400, 1500))
    asks = sorted(
        (at, number, kind, tenant) for number, (at, kind, tenant) in enumerate(found) if at < DAY_SECONDS
    )
    return [Ask(at, number, kind, tenant) for at, number, kind, tenant in asks]


def _office_hours(chance: random.Random) -> float:
    """A moment of the day, most of them between nine and six, and a second peak in other time zones."""
    hour = chance.gauss(14, 3) if chance.random() < 0.75 else chance.gauss(21, 2)
    return (hour % 24) * 3600


def _zipf(chance: random.Random) -> int:
    return min(TENANTS - 1, int(math.exp(chance.random() * math.log(TENANTS + 1))) - 1)


def side(call_class: str) -> str:
    """Which side of its tenant's day a call is on."""
    if call_class == "interactive":
        return "persons"
    return "work" if call_class in {"poll", "bulk", "backfill"} else call_class


@dataclass
class Books:
    """What a policy keeps over the days, and what the stand-in counts by itself."""

    limits: Limits = field(default_factory=Limits)
    history: dict[str, dict[int, int]] = field(default_factory=dict)
    used: int = 0
    by_tenant: Counter[int] = field(default_factory=Counter)
    sides: Counter[tuple[str, int]] = field(default_factory=Counter)
    bulk: Counter[tuple[str, int]] = field(default_factory=Counter)
    usual: dict[tuple[str, int], float] = field(default_factory=dict)
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def charge(self, ask: Ask, now: float) -> None:
        """One call leaves: ours count, and theirs."""
        self.used += 1
        hours = self.history.setdefault(ask.call_class, {})
        hours[int(now // 3600)] = hours.get(int(now // 3600), 0) + 1
        self.by_tenant[ask.tenant] += 1
        self.sides[side(ask.call_class), ask.tenant] += 1
        if ask.call_class != "poll":
            self.bulk[side(ask.call_class), ask.tenant] += 1
        if self.limits.used_today("key", int(now * 1000)) >= LIMIT:
            self.found["quota_exceeded"] += 1
        else:
            self.limits.count_day("key", int(now * 1000))
        self.found[f"served {ask.call_class}"] += 1

    def refuse(self, call_class: str, now: float) -> None:
        """A person got no call; the forecast counts that."""
        hour = int(now // 3600)
        hours = self.history.setdefault(call_class, {})
        self.refused[call_class, hour] += 1
        if self.refused[call_class, hour] <= LIMIT // 100:  # as `forecast.wanted` bounds it
            hours[hour] = hours.get(hour, 0) + 1

    def end_day(self) -> None:
        """Keep what a tenant usually uses, as the ledger's rows of seven days would tell."""
        for tenant in range(TENANTS):
            for one in ("persons", "work"):
                before = self.usual.get((one, tenant), 0.0)
                self.usual[one, tenant] = before * 6 / 7 + self.bulk[one, tenant] / 7
        self.used = 0
        for counts in (self.by_tenant, self.sides, self.bulk):
            counts.clear()


class Ours:
    """The product's scheduler within the product's plan."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.scheduler = Scheduler()
        self.asks: dict[int, Ask] = {}
        self.plan: Plan | None = None
        self.number = 0
        self.waiting: Counter[str] = Counter()

    def enter(self, ask: Ask, now: float) -> int:
        """Let it wait; its number."""
        self.number += 1
        self.asks[self.number] = ask
        if ask.call_class in WORK:
            self.waiting[str(ask.tenant)] += 1
        self.scheduler.enter(Ticket(self.number, ask.call_class, str(ask.tenant)), now)
        return self.number

    def leave(self, number: int) -> bool:
        """Whoever waited waits no longer; False if it was served."""
        ask = self.asks.pop(number, None)
        if ask is None:
            return False
        self._count_out(ask)
        self.scheduler.withdraw(number)
        return True

    def take(self, now: float) -> Ask | None:
        """Who goes now."""
        if self.plan is None or not self.plan.holds(now):
            self._share_out(now)
        while True:
            hasty: list[tuple[str, str]] = []
            ticket = self._next(hasty)
            if not hasty:
                break
            self._share_out(now, hasty)  # the plan did not know that they want more
            if ticket is not None:
                break
        if ticket is None:
            return None
        ask = self.asks.pop(ticket.number)
        self._count_out(ask)
        assert self.plan is not None
        self.plan.spend(ask.call_class)
        return ask

    def _next(self, hasty: list[tuple[str, str]]) -> Ticket | None:
        plan, used = self.plan, self.books.used
        assert plan is not None

        def may(rank: str, tenant: str) -> bool:
            name = "interactive" if rank == "excess" else rank
            why = plan.refusal(name, used, self.books.sides[side(name), int(tenant)], 1)
            if why and not plan.counts_in(name, tenant):
                hasty.append((name, tenant))
            return not why

        return self.scheduler.take(may=may)

    def _count_out(self, ask: Ask) -> None:
        if ask.call_class in WORK:
            self.waiting[str(ask.tenant)] -= 1

    def _share_out(self, now: float, more: Sequence[tuple[str, str]] = ()) -> None:
        books, ahead = self.books, pacing.until_midnight(now) / DAY_SECONDS
        first = min((hour for hours in books.history.values() for hour in hours), default=int(now // 3600))
        working = [("bulk", tenant) for tenant, count in self.waiting.items() if count]
        wanting = still_wanting(self.plan, now, [*working, *more])

        def part(one: str, tenant: int) -> Part:
            wants = str(tenant) in wanting[one]
            return Part(books.sides[one, tenant], books.usual.get((one, tenant), 0.0) * ahead, wants)

        claims = [
            Claim(str(tenant), 1, part("persons", tenant), part("work", tenant)) for tenant in range(TENANTS)
        ]
        self.plan = make_plan(now, LIMIT, 0, books.used, (books.history, first), claims)
        self.plan.wanting = wanting
        self.scheduler.unbar()


class Fifo:
    """One queue, no reserves: the day is spent as it comes."""

    most_each = LIMIT

    def __init__(self, books: Books) -> None:
        self.books = books
        self.queue: deque[tuple[int, Ask]] = deque()
        self.gone: set[int] = set()
        self.number = 0

    def enter(self, ask: Ask, now: float) -> int:
        """At the end."""
        self.number += 1
        self.queue.append((self.number, ask))
        return self.number

    def leave(self, number: int) -> bool:
        """Waits no longer; False if it was served."""
        if not any(one == number for one, _ in self.queue):
            return False
        self.queue = deque(entry for entry in self.queue if entry[0] != number)
        return True

    def take(self, now: float) -> Ask | None:
        """The first that the day, or the tenant's part of it, has a call for."""
        if self.books.used >= LIMIT:
            return None
        for index, (_, ask) in enumerate(self.queue):
            if self.books.by_tenant[ask.tenant] < self.most_each:
                del self.queue[index]
                return ask
        return None


class Split(Fifo):
    """Each tenant has its part of the day, used or not."""

    most_each = LIMIT // TENANTS


def figures(short: bool) -> Iterator[dict[str, Any]]:
    """Ours over all days; the peers over a few, on the same demand."""
    yield _run("ours", Ours, 3 if short else 30)
    if not short:
        yield _run("FIFO", Fifo, 3)
        yield _run("fixed split of the day", Split, 3)


def _run(arm: str, kind: type[Ours] | type[Fifo], days: int) -> dict[str, Any]:
    books = Books()
    policy = kind(books)
    chance = random.Random("thirty days")
    left: list[float] = []
    for day in range(days):
        _one_day(policy, books, demand(day, chance), 20_000 * DAY_SECONDS + day * DAY_SECONDS)
        backlog = len(policy.asks) if isinstance(policy, Ours) else len(policy.queue)
        if backlog:
            left.append((LIMIT - books.used) / LIMIT)
        books.end_day()
    found = books.found
    persons = found["served interactive"] + found["refused interactive"]
    result = {
        "id": "P12",
        "arm": arm,
        "days": days,
        "tenants": TENANTS,
        "calls": sum(value for name, value in found.items() if name.startswith("served")),
        "quota_exceeded": found["quota_exceeded"],
        "consent_refused": found["refused consent"],
        "interactive_refused_share": round(found["refused interactive"] / persons, 5),
        "days_with_work_left": len(left),
        "most_left_while_work_waits": round(max(left, default=0.0), 4),
    }
    good = not found["quota_exceeded"] and not found["refused consent"]
    good = good and found["refused interactive"] <= MOST_REFUSED * persons
    return {
        **result,
        "holds": good and result["most_left_while_work_waits"] <= 0.02 if arm == "ours" else None,
    }


def _one_day(policy: Ours | Fifo, books: Books, asks: list[Ask], midnight: float) -> None:
    """Serve a day; who waits for a person's patience and gets no turn is refused, everything else waits on."""
    now, coming = pacing.clear_of_midnight(midnight), deque(asks)
    patience: list[tuple[float, int, str]] = []
    end = midnight + DAY_SECONDS - pacing.GUARD_SECONDS
    while now < end:
        while coming and midnight + coming[0].at <= now:
            ask = coming.popleft()
            number = policy.enter(ask, midnight + ask.at)
            if ask.call_class in {"interactive", "consent"}:
                # An opt-out is work that waits; it counts as refused where it has not gone within an hour.
                wait = PATIENCE if ask.call_class == "interactive" else 3600.0
                heappush(patience, (midnight + ask.at + wait, number, ask.call_class))
        while patience and patience[0][0] < now:
            _, number, call_class = heappop(patience)
            if policy.leave(number):
                books.found[f"refused {call_class}"] += 1
                books.refuse(call_class, now)
        ask_now = policy.take(now)
        if ask_now is not None:
            books.charge(ask_now, now)
            now += TURN
        elif coming:
            # Nothing may go: on to the next arrival, or to the next sharing out.
            now = max(now + TURN, min(midnight + coming[0].at, now + 30))
        else:
            now += 5
