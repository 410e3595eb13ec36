"""The cheapest plan found for a job. Pure.

Several ways are made whole and counted, and the one with the fewest calls is taken; ways that every reader would
think of first (everybody together by lists, every list apart, all by ids, one by one) are always among them.
"""

from collections.abc import Iterator, Sequence

from syncjobs.planner import importing
from syncjobs.planner.adding import Add, adds
from syncjobs.planner.assembling import LAST, Assembly, phase_name
from syncjobs.planner.marking import Market, Marking
from syncjobs.planner.optouts import off_lists_first
from syncjobs.planner.parts import Numbers, Part, each
from syncjobs.planner.quoting import opt_out_calls
from syncjobs.planner.sorting import Sorted, lists_of, sort
from syncjobs.planner.steps import Kind, Plan
from syncjobs.planner.wanted import People, Wanted

# Ways to serve marks that are made whole, two where there are many groups or some are written; others are estimated.
MOST_WAYS = 5
FEW_GROUPS = 60
# With more groups than this, calls are full enough without trying everything.
MOST_GROUPS = 300
# Groups that are tried as single calls; fewer where a job has many.
MOST_TRIED = 30
MOST_TRIED_GROUPS = 600


def plan(wanted: Wanted, *, opt_outs_now: int | None = None, lists_there: int = 50) -> Plan:
    """The steps that do what is wanted, in calls known beforehand.

    Args:
        wanted: the job.
        opt_outs_now: calls kept back for opt-outs; with more opt-outs than that, people are taken off all lists first.
        lists_there: how many lists the account has, for that.
    """
    found = _cheapest(wanted, [])
    joins, rest = adds(wanted) if wanted.closed_lists else ([], wanted)
    if joins:
        found = min(found, _cheapest(rest, joins), key=lambda one: one.calls)
    if opt_outs_now is not None and opt_out_calls(found.steps) > opt_outs_now:
        return off_lists_first(found, wanted, lists_there=lists_there)
    return found


def _cheapest(wanted: Wanted, joins: Sequence[Add]) -> Plan:
    """The cheapest with every choice of small groups that are written one by one."""
    best = _with(wanted, frozenset(), joins)
    small = _small(wanted, best) if wanted.singly else []
    tries = min(MOST_TRIED, MOST_TRIED_GROUPS // len(wanted.people)) if small else 0
    for start in _starts(small, best.calls):
        put, found = start, _with(wanted, start, joins) if start else best
        for one in small[:tries]:
            # In or out: whichever is cheaper, the others as they are.
            other = _with(wanted, put ^ {one.key}, joins)
            if other.calls < found.calls:
                put, found = put ^ {one.key}, other
        best = min(best, found, key=lambda one: one.calls)
    return best


def _small(wanted: Wanted, best: Plan) -> list[People]:
    """Groups so small that single calls may be cheaper than a share in large ones, the smallest first."""
    # A look-up is needed for a single call, too: what it may save is all the others.
    calls = sum(step.calls for step in best.steps if step.kind is not Kind.LOOK_UP)
    found = [one for one in wanted.people if 0 < one.count <= calls and _put_calls(one) < best.calls]
    found = [one for one in found if not (one.deletes or one.opts_out or one.clears)]
    return sorted(found, key=lambda one: (_put_calls(one), one.key))


def _starts(small: Sequence[People], calls: int) -> Iterator[frozenset[str]]:
    """None of the small groups one by one, those whose ids are known, all of them; not what alone is dearer."""
    known = [one for one in small if one.with_ids]
    starts = {
        frozenset(one.key for one in chosen): None
        for chosen in ([], known, small)
        if sum(_put_calls(one) for one in chosen) < calls
    }
    yield from starts if small else ()


def _with(wanted: Wanted, put: frozenset[str], joins: Sequence[Add]) -> Plan:
    """The cheapest plan with these groups written one by one."""
    most = MOST_WAYS if not put and len(wanted.people) <= FEW_GROUPS else 2
    plans = [_with_sorted(wanted, sort(wanted, put), joins, most)]
    if wanted.limits.contact_ids > wanted.limits.csv_rows:
        plans.append(_with_sorted(wanted, sort(wanted, put, add_by_ids=True), joins, most))
    return min(plans, key=lambda one: one.calls)


def _with_sorted(wanted: Wanted, people: Sorted, joins: Sequence[Add], most: int) -> Plan:
    market = Market(people.marked, wanted.limits, _closed(wanted, people))
    best: Plan | None = None
    made = dict.fromkeys(market.ways(scratch=wanted.scratch_allowed))
    ways = sorted(made, key=lambda way: sum(_estimate(way, market, wanted)))
    for rank, way in enumerate(ways[:most]):
        if rank and _estimate(way, market, wanted)[0] > sum(_estimate(ways[0], market, wanted)):
            break
        for last in _lasts(wanted, people, way, best=rank == 0):
            found = _assembled(wanted, people, market, way, joins=joins, last=last)
            if best is None or found.calls < best.calls:
                best = found
    assert best is not None
    return best


def _closed(wanted: Wanted, people: Sorted) -> dict[str, int]:
    """The closed lists, by the marked groups that are their members; without those that hold anybody else."""
    place = {one.key: at for at, (one, _) in enumerate(people.marked)}
    found: dict[str, int] = {}
    for name in sorted(wanted.closed_lists):
        members = [one for one in wanted.people if one.count and name in lists_of(one)]
        if members and all(one.key in place for one in members):
            found[name] = sum(1 << place[one.key] for one in members)
    return found


def _estimate(way: Marking, market: Market, wanted: Wanted) -> tuple[int, int]:
    """Calls of a way without and for its imports onto the scratch list; the imports may cost nothing more."""
    calls = market.count(way.look_ups) + len(way.by_lists) + 2 * bool(way.phases)
    calls += sum(-(-market.count(who) // wanted.limits.contact_ids) for _, _, who in way.by_ids)
    for at, phase in enumerate(way.phases):
        emptied = at > 0 and phase.fresh and not way.phases[at - 1].empties(wanted.limits)
        calls += len({kind for kind, _ in phase.job.marks}) + emptied
    return calls, sum(market.fill(phase.joins) for phase in way.phases)


def _lasts(wanted: Wanted, people: Sorted, way: Marking, *, best: bool) -> Iterator[bool]:
    """Whether whole rows may ride onto the scratch list at the end: only where it may be worth its two calls."""
    homeless = any(one.csv_bytes and not one.joins | one.on for one in people.imported)
    if not homeless:
        yield False
    if wanted.scratch_allowed and (homeless or (best and way.phases and len(people.imported) < MOST_GROUPS)):
        yield True


def _assembled(
    wanted: Wanted, people: Sorted, market: Market, way: Marking, *, joins: Sequence[Add], last: bool
) -> Plan:
    numbers = Numbers()
    parts = _parts(people, market, way, numbers, last=last)
    alone = numbers.bits([phase_name(at) for at in range(len(way.phases))] + ([LAST] if last else []))
    imports = importing.cheapest(parts, wanted.limits, alone=alone)
    assembly = Assembly(people, wanted.limits, numbers)
    assembly.add_joins(joins)
    assembly.add_stranded(imports.stranded)
    assembly.add(imports.loads, way, market)
    return Plan(tuple(assembly.steps), people.refused)


def _parts(people: Sorted, market: Market, way: Marking, numbers: Numbers, *, last: bool) -> list[Part]:
    """Everyone who travels: onto their lists, onto the scratch list of their phases, or only for their values."""
    phases: dict[str, list[str]] = {}
    for number, phase in enumerate(way.phases):
        for at in each(phase.joins):
            phases.setdefault(market.people[at].key, []).append(phase_name(number))
    by_lists = {market.people[at].key for job, _ in way.by_lists for at in each(job.who)}
    travelling = {one.key: one for one in people.imported}
    travelling.update({one.key: one for one in market.people if one.key in phases})
    found = []
    for one in travelling.values():
        needs = numbers.bits(phases.get(one.key, ()))
        may = numbers.bit(LAST) if last else 0
        if not one.deletes:
            needs |= numbers.bits(one.joins)
            # Onto a list they are on but leave only where the removal surely comes later: by ids.
            later = one.key not in phases and one.key not in by_lists
            may |= numbers.bits(one.on if later else one.on - one.leaves)
        found.append(Part(one, 0, one.count, needs, needs | may, one.csv_bytes > 0 and not one.deletes))
    return found


def _put_calls(one: People) -> int:
    """Calls that writing a group one by one takes."""
    return one.count * (1 if one.with_ids else 2)
