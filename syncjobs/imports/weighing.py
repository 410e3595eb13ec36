"""What a plan takes in this account, and the cheapest of two. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from syncjobs import planner
from syncjobs.planner import Kind, Wanted


def calls_of(made: planner.Plan, pages: int) -> int:
    """A plan's calls; people who must be looked up are found on the account's pages where these are fewer.

    Of who is written singly each is looked for then, and read anew under its lock; but for many opt-outs.
    """
    return sum(_calls(made.steps, place, pages) for place in range(len(made.steps)))


def finds_ahead(steps: Sequence[planner.Step], place: int, pages: int) -> bool:
    """Whether a look-up is a stage of its own; else whoever writes these people looks for each of them.

    The account's pages tell at once who of many is not there to opt out, or has left before.
    """
    step = steps[place]
    if not any(one.whole for one in step.cargo):
        return True
    opts_out = place + 1 < len(steps) and steps[place + 1].kind is Kind.OPT_OUT
    return opts_out and step.calls > pages


def _calls(steps: Sequence[planner.Step], place: int, pages: int) -> int:
    step = steps[place]
    people = sum(one.count for one in step.cargo)
    if step.kind is Kind.LOOK_UP and finds_ahead(steps, place, pages):
        return min(step.calls, pages)
    return step.calls + people if step.kind in planner.SINGLES else step.calls


def cheapest(wanted: Wanted, pages: int) -> planner.Plan:
    """The plan with the fewest calls: a temporary list is not made where the account has few pages. Pure."""
    made = planner.plan(wanted)
    if not made.uses_scratch:
        return made
    other = planner.plan(replace(wanted, scratch_allowed=False))
    return min(made, other, key=lambda one: calls_of(one, pages))
