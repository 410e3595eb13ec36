"""Many opt-outs at once: mail ends for everybody first, the unsubscribed state follows one by one. Pure.

No bulk call unsubscribes. Where there are more opt-outs than the calls kept back for them, people are first taken off
every list, 500 a call: who is on no list gets no mail. Then each is unsubscribed in turn.
"""

from collections.abc import Iterator
from dataclasses import replace

from syncjobs.planner.steps import EVERY_LIST, Cargo, Kind, Plan, Step
from syncjobs.planner.wanted import Wanted


def off_lists_first(plan: Plan, wanted: Wanted, *, lists_there: int) -> Plan:
    """The plan, with everybody who opts out taken off every list of the account before anything else.

    Args:
        plan: a plan for what is wanted.
        wanted: the job; only people whose ids are known can be named.
        lists_there: how many lists the account has.
    """
    cargo = tuple(_leaving(wanted))
    if not cargo or not lists_there:
        return plan
    people = sum(one.count for one in cargo)
    targets = -(-lists_there // wanted.limits.list_ids)
    calls = -(-people // wanted.limits.contact_ids) * targets
    first = Step(Kind.REMOVE_LISTS, calls, cargo, lists=(EVERY_LIST,))
    later = [replace(step, after=tuple(at + 1 for at in step.after)) for step in plan.steps]
    return Plan((first, *later), plan.refused)


def _leaving(wanted: Wanted) -> Iterator[Cargo]:
    for one in wanted.people:
        if one.opts_out and one.with_ids and one.count:
            yield Cargo(one.key, 0, one.count)
