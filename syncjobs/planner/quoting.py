"""What a plan costs, before it starts: calls, share of the day, time; and until when opt-outs take. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from syncjobs.planner.steps import ACTIVITIES, Kind, Plan, Step

# Looks at the account's activities for each round of them: one listing covers all that are under way.
POLLS_A_ROUND = 2


@dataclass(frozen=True)
class Terms:
    """What the quota holds for this job."""

    day_calls: int
    a_second: float
    # How long the provider takes for a round of activities, about.
    round_seconds: float
    today: date
    # Calls that opt-outs may take now, and on each day from tomorrow on.
    opt_out_calls: int
    opt_out_calls_a_day: int


@dataclass(frozen=True)
class Quote:
    """A plan's price."""

    calls: int
    polls: int
    # Per cent of a day's calls, polls included.
    day_percent: float
    seconds: float
    # The day on which the last opt-out is made; nothing where all of them fit into what is kept back for them.
    opt_outs_until: date | None
    uses_scratch: bool

    @property
    def text(self) -> str:
        """The price in words."""
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        words = f"{calls}, {self.day_percent:.2f} % of a day, about {time_text(self.seconds)}"
        if self.opt_outs_until:
            words += f"; the last person is unsubscribed on {self.opt_outs_until:%-d %B %Y}"
        return words


def quote(plan: Plan, terms: Terms) -> Quote:
    """The price of a plan under these terms."""
    waits = rounds(plan)
    polls = POLLS_A_ROUND * waits
    opt_outs = opt_out_calls(plan.steps)
    late = max(0, opt_outs - terms.opt_out_calls)
    now = plan.calls - late
    until = None
    if late:
        days = -(-late // max(1, terms.opt_out_calls_a_day))
        until = terms.today + timedelta(days=days)
    return Quote(
        plan.calls,
        polls,
        100 * (plan.calls + polls) / terms.day_calls,
        (now + polls) / terms.a_second + waits * terms.round_seconds,
        until,
        plan.uses_scratch,
    )


def opt_out_calls(steps: tuple[Step, ...]) -> int:
    """Calls that unsubscribe somebody, with the look-ups for them."""
    keys = {one.key for step in steps if step.kind is Kind.OPT_OUT for one in step.cargo}
    return sum(
        step.calls
        for step in steps
        if step.kind is Kind.OPT_OUT
        or (step.kind is Kind.LOOK_UP and step.cargo and all(one.key in keys for one in step.cargo))
    )


def rounds(plan: Plan) -> int:
    """How often activities must be waited for: the longest chain of them."""
    depth: list[int] = []
    for step in plan.steps:
        before = max((depth[at] for at in step.after), default=0)
        depth.append(before + (step.kind in ACTIVITIES))
    return max(depth, default=0)


def time_text(seconds: float) -> str:
    """Seconds in words, about."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3_600)} h"
