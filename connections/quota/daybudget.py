"""What may still be spent of a day, by class and by tenant: pure.

The day's calls are the scarce thing: at full rate they would last forty minutes. So part of what is left is kept
for the classes above, as much as the history of this hour of the week lets expect for the rest of the day, and less
and less as the day ends; consent and persons always keep something. What remains is shared out among tenants by
water-filling: nobody gets more than somebody who wants more and has less, by weight. A plan holds for some minutes
and is made again when somebody new comes; between two plans its numbers do not move, so that a tenant can be told
exactly what is left of its share without being told what others use.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connections.quota.fairshare import CLASSES
from connections.quota.forecast import Forecast, History, forecast
from connections.quota.pacing import DAY_SECONDS, until_midnight

SAFETY: Final = 0.005
MOST_SAFETY: Final = 50
# Before there is any history: what each class is kept, as a share of the day.
AT_FIRST: Final[Mapping[str, float]] = {"consent": 0.05, "interactive": 0.15, "control": 0.05, "poll": 0.45}
# How many standard deviations above the mean is kept: p99 where a person waits, p95 elsewhere. On top comes a part of
# the mean, since one day is livelier than another as a whole. What is kept too much is given out as the day ends.
SURE: Final[Mapping[str, float]] = {"consent": 2.33, "interactive": 2.33, "control": 1.65, "poll": 1.65}
LEAST_CONSENT: Final = 0.002
CONSENT_OF_DAY: Final = 0.02
# Kept for persons to the day's end, whatever the forecast of its last minutes is and whatever else wants more.
LEAST_INTERACTIVE: Final = 0.001
LEAST_WORK: Final = 0.1  # of the day: bulk work is never starved by a forecast
# Which level of the plan a class's share goes by. Consent and control never wait for a share.
LEVELS: Final[Mapping[str, str]] = {
    "interactive": "interactive",
    "poll": "poll",
    "bulk": "bulk",
    "backfill": "bulk",
}
WORK: Final = ("bulk", "backfill")
SIDES: Final[Mapping[str, str]] = {
    "interactive": "persons",
    "poll": "work",
    "bulk": "work",
    "backfill": "work",
}
SPENT: Final = "quota_exceeded"
KEPT: Final = "share_used"
MOST_HOPED: Final = 0.5


def safety(limit: int) -> int:
    """Calls of the day that are never planned for: what our count and theirs may differ by."""
    return min(MOST_SAFETY, int(limit * SAFETY))


def reserves(
    limit: int, left: int, now: float, expected: Mapping[str, Forecast | None], work_used: int = 0
) -> dict[str, int]:
    """What is kept of a day for each class from now on; `work_used` is what bulk work has had of it."""
    ahead = until_midnight(now) / DAY_SECONDS
    kept = {}
    for name, share in AT_FIRST.items():
        known = expected.get(name)
        kept[name] = share * limit * ahead if known is None else known.high(SURE[name])
    consent = max(LEAST_CONSENT * limit, CONSENT_OF_DAY * limit * ahead, kept.pop("consent"))
    consent = min(consent, left, limit / 2)
    persons = min(LEAST_INTERACTIVE * limit, left - consent)
    kept["interactive"] = max(0.0, kept["interactive"] - persons)
    # What work was sure of in the hours that are gone and did not want is lost to it.
    sure = LEAST_WORK * limit - max(work_used, LEAST_WORK * limit * (1.0 - ahead))
    room = max(0.0, left - consent - persons - max(0.0, sure))
    scale = min(1.0, room / (sum(kept.values()) or 1.0))
    scaled = {name: value * scale for name, value in kept.items()}
    scaled["interactive"] += persons
    return {"consent": round(consent), **{name: int(value) for name, value in scaled.items()}}


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a tenant's day.

    Args:
        used: its calls of today.
        expected: what it will still want today, by its own history.
        wants: its bulk work waits, or it was refused or told its share just now: it takes whatever it can get.
    """

    used: int = 0
    expected: float = 0.0
    wants: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A tenant in the sharing-out: its interactive calls, and its work (polls, bulk and backfill) by itself.

    A tenant whose work has had its share is not refused a person's call for that.
    """

    tenant: str
    weight: int = 1
    persons: Part = Part()
    work: Part = Part()


def water_level(pot: float, claims: Sequence[tuple[int, float, float]]) -> float:
    """The height at which a pot is empty when it is poured to all by weight, each up to its demand (max-min).

    Args:
        claims: weight, what is there already, and demand; what is there stands, even above the level.
    """
    edges = sorted(
        edge
        for weight, used, demand in claims
        if demand > used
        for edge in ((used / weight, weight), (demand / weight, -weight))
    )
    level = width = 0.0
    for height, change in edges:
        if width and width * (height - level) >= pot:
            return level + pot / width
        pot -= width * (height - level) if width else 0.0
        level, width = height, width + change
    # Everybody has what it wants; what is over stands ready for all.
    everyone = sum(weight for weight, _, _ in claims)
    return level + pot / everyone if everyone else float(pot)


@dataclass(slots=True)
class Plan:
    """How a day's calls are shared out until the next plan.

    `levels`: by class, calls of the whole day for each unit of weight; `kept`: what is still held back for a class;
    `wanting`: by side of the day, the tenants that take whatever they can get, and since when that is known.
    """

    at: float
    budget: int
    kept: dict[str, int] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    wanting: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def day(self) -> int:
        """The UTC day it is for, in days since 1970."""
        return int(self.at // DAY_SECONDS)

    def share(self, call_class: str, weight: int) -> int | None:
        """How many calls of this side a tenant may have made today at most; None: no share holds the class."""
        level = LEVELS.get(call_class)
        if level is None:
            return None
        found = self.levels.get(level, 0.0) * weight
        # Work rounds up, so that the last calls of a day find somebody; what a person is told rounds down.
        return math.floor(found + 1e-9) if call_class == "interactive" else math.ceil(found - 1e-9)

    def counts_in(self, call_class: str, tenant: str) -> bool:
        """Whether the plan knows that this tenant wants more; if not, a refusal by it would be hasty."""
        side = SIDES.get(call_class)
        return side is None or tenant in self.wanting.get(side, ())

    def holds(self, now: float) -> bool:
        """Whether it need not be made again by the clock alone."""
        return self.at <= now < self.at + lifetime(self.at) and self.day == int(now // DAY_SECONDS)

    def kept_above(self, call_class: str) -> int:
        """What classes above this one still have kept."""
        return sum(self.kept.get(one, 0) for one in CLASSES[: CLASSES.index(call_class)])

    def refusal(self, call_class: str, used: int, tenant_used: int, weight: int) -> str:
        """Why a call may not be made: "" (it may), `quota_exceeded` or `share_used`.

        Args:
            used: the pool's calls of today.
            tenant_used: the tenant's on this side: interactive ones, or work.
        """
        left = self.budget - used
        if left < 1:
            return SPENT
        if call_class == "consent":
            return ""
        if left - self.kept_above(call_class) < 1:
            return SPENT if call_class == "interactive" else KEPT
        share = self.share(call_class, weight)
        return KEPT if share is not None and tenant_used >= share else ""

    def spend(self, call_class: str) -> None:
        """A call of this class has used up some of what is kept for it."""
        if self.kept.get(call_class, 0) > 0:
            self.kept[call_class] -= 1


def make_plan(
    now: float, limit: int, foreign: int, used: int, history: tuple[History, int], claims: Sequence[Claim]
) -> Plan:
    """Share out what is left of the day.

    Args:
        now: seconds since 1970.
        limit: the pool's calls a day.
        foreign: calls of today that others are thought to make with the same key.
        used: the pool's calls of today.
        history: calls by class and hour, the running one too, and the first hour they cover.
        claims: every tenant that has called today, waits now, or is expected.
    """
    budget = max(0, limit - safety(limit) - foreign)
    left = max(0, budget - used)
    calls, since = history
    expected = {name: forecast(calls.get(name, {}), since, now) for name in AT_FIRST}
    today = int(now // DAY_SECONDS) * 24
    had = sum(value for name in WORK for hour, value in calls.get(name, {}).items() if hour >= today)
    plan = Plan(now, budget, reserves(limit, left, now, expected, had))
    free = max(0, left - plan.kept_above("bulk"))
    work = math.inf if any(one.work.wants for one in claims) else sum(one.work.expected for one in claims)
    # What no work wants is persons' as well; as soon as work comes, a new plan is made.
    bulk = int(min(free, work))
    plan.kept["interactive"] += free - bulk
    weights = [one.weight for one in claims]
    persons, working = [one.persons for one in claims], [one.work for one in claims]
    plan.levels["interactive"] = _level(plan.kept["interactive"], weights, persons)
    plan.levels["poll"] = _level(plan.kept["poll"] + bulk, weights, working)
    plan.levels["bulk"] = _level(bulk, weights, working)
    return plan


def _level(pot: int, weights: Sequence[int], parts: Sequence[Part]) -> float:
    """The level of one side. Who only may want more is kept half of the pot at most: who asks now goes before."""
    hoped = sum(one.expected for one in parts if not one.wants)
    scale = min(1.0, MOST_HOPED * pot / hoped) if hoped else 1.0
    return water_level(
        pot,
        [
            (weight, one.used, math.inf if one.wants else one.used + one.expected * scale)
            for weight, one in zip(weights, parts, strict=True)
        ],
    )


def still_wanting(
    before: Plan | None, now: float, more: Iterable[tuple[str, str]]
) -> dict[str, dict[str, float]]:
    """Who takes whatever it can get: whoever did a plan's lifetime ago, and these (class, tenant)."""
    found: dict[str, dict[str, float]] = {"persons": {}, "work": {}}
    for side, tenants in (before.wanting if before is not None else {}).items():
        found[side] = {tenant: at for tenant, at in tenants.items() if now - lifetime(now) < at <= now}
    for call_class, tenant in more:
        if call_class in SIDES:
            found[SIDES[call_class]][tenant] = now
    return found


def lifetime(now: float) -> float:
    """For how many seconds a plan holds, and who wanted more is taken to want it still: ever less as the day ends."""
    return max(5.0, min(300.0, until_midnight(now) / 20))
