"""What a plan takes in this account, and the cheapest of two. Pure."""

from dataclasses import replace

from syncjobs import planner
from syncjobs.planner import Kind, Wanted


def calls_of(made: planner.Plan, pages: int) -> int:
    """A plan's calls; people who must be looked up are found on the account's pages where these are fewer.

    Not so who is written singly: of these each is looked for, and read anew under its lock.
    """
    return sum(_calls(step, pages) for step in made.steps)


def _calls(step: planner.Step, pages: int) -> int:
    people = sum(one.count for one in step.cargo)
    if step.kind is Kind.LOOK_UP and not any(one.whole for one in step.cargo):
        return min(step.calls, pages)
    return step.calls + people if step.kind in planner.SINGLES else step.calls


def cheapest(wanted: Wanted, pages: int) -> planner.Plan:
    """The plan with the fewest calls: a temporary list is not made where the account has few pages. Pure."""
    made = planner.plan(wanted)
    if not made.uses_scratch:
        return made
    other = planner.plan(replace(wanted, scratch_allowed=False))
    return min(made, other, key=lambda one: calls_of(one, pages))
