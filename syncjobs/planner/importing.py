"""The imports of a job: full calls first, then the cheapest way for what is left. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncjobs.planner import covering, shaving, widening
from syncjobs.planner.covering import Bounds, Cover
from syncjobs.planner.filling import DIFFER, Sums, fewest, per_call
from syncjobs.planner.parts import Part
from syncjobs.planner.riding import Load, Ride, ride
from syncjobs.planner.wanted import Limits

# Covers that are made better still.
MOST_SHAVED = 2
# Parts for which covers are ridden whole; the others are known by the least they cost.
MOST_RIDING = 1_000
# How often a cover is changed a little to see whether that is cheaper, in parts of loads weighed.
MOST_WEIGHED = 25_000
# Parts up to which full calls are not taken for granted, and how many of those with the same lists are not.
MOST_UNCUT = 120
MOST_OPEN = 3


@dataclass(frozen=True)
class Batchload:
    """People who travel onto one set of lists: whole, and by address."""

    target: int
    whole: tuple[Part, ...]
    addresses: tuple[Part, ...]

    @property
    def sums(self) -> Sums:
        """Rows and bytes."""
        total = Sums()
        for part in self.whole:
            total += part.sums(whole=True)
        for part in self.addresses:
            total += part.sums(whole=False)
        return total


@dataclass(frozen=True)
class Imports:
    """What is imported, in calls; and who must be written one by one, since no import can carry them."""

    loads: tuple[Batchload, ...]
    stranded: tuple[Part, ...]
    # With two for each of the stranded.
    cost: int


def cheapest(parts: Sequence[Part], limits: Limits, *, alone: int = 0) -> Imports:
    """The fewest imports found for these parts.

    Args:
        parts: people who may be imported.
        limits: what a call carries.
        alone: bits of lists of which no two may be in one import.
    """
    bounds = Bounds(limits.csv_rows, limits.list_ids, alone)
    full, rest = _cut_full(parts, limits, bounds)
    found = _with(full, rest, limits, bounds)
    if full and len(parts) <= MOST_UNCUT:
        # Calls that are made anyway may have room for what would fill calls of its own.
        full, rest = _cut_full(parts, limits, bounds, open_calls=MOST_OPEN)
        found = min(found, _with(full, rest, limits, bounds), key=lambda one: one.cost)
    return found


def _with(full: Sequence[Batchload], rest: Sequence[Part], limits: Limits, bounds: Bounds) -> Imports:
    """The fewest imports found where some are full and the others are open."""
    wanted = covering.demand(rest)
    best: tuple[Ride, Cover] | None = None
    most_rows = max(limits.csv_rows, limits.json_rows)
    covers = []
    for made in (covering.ways(wanted, bounds), widening.wide(wanted, _may(rest), bounds)):
        some = [(covering.least(wanted, cover, most_rows), cover) for cover in made]
        some.sort(key=lambda one: one[0])
        for _, cover in some[:MOST_SHAVED]:
            shaved = shaving.shave(wanted, cover, bounds)
            some.append((covering.least(wanted, shaved, most_rows), shaved))
        covers += some
    weighed = 0
    for least, cover in sorted(covers, key=lambda one: one[0]):
        if best is not None and (least >= _cost(best[0]) or weighed > MOST_RIDING):
            break
        weighed += len(rest)
        found = ride(rest, cover, limits)
        if best is None or _cost(found) < _cost(best[0]):
            best = (found, cover)
    assert best is not None
    found = _improve(rest, best[1], best[0], limits)
    loads = [_batchload(found, load) for load in found.loads.values()]
    stranded = tuple(found.parts[at] for at in found.stranded)
    return Imports((*full, *loads), stranded, sum(fewest(load.sums, limits) for load in full) + _cost(found))


def _cost(found: Ride) -> int:
    return found.calls + sum(found.parts[at].count for at in found.stranded) * 2


def _batchload(found: Ride, load: Load) -> Batchload:
    return Batchload(
        load.target,
        tuple(found.parts[at] for at in sorted(load.whole)),
        tuple(found.parts[at] for at in sorted(load.addresses)),
    )


def _cut_full(
    parts: Sequence[Part], limits: Limits, bounds: Bounds, *, open_calls: int = 0
) -> tuple[list[Batchload], list[Part]]:
    """Calls that people with one set of lists fill by themselves, but so many: nothing carries more for them."""
    same: dict[tuple[int, bool, bool], list[Part]] = defaultdict(list)
    rest, full = [], []
    for part in parts:
        if part.needs:
            same[part.needs, part.whole, part.people.csv_can].append(part)
        else:
            rest.append(part)
    for (needs, whole, _), members in same.items():
        target = covering.split(needs, bounds)[0]
        travelling, others = _first(members, _full_rows(members, whole, limits, open_calls))
        rest += others
        if travelling:
            load = (tuple(travelling), ()) if whole else ((), tuple(travelling))
            full.append(Batchload(target, *load))
            if needs != target:
                rest += [replace(part, needs=needs & ~target, whole=False) for part in travelling]
    return full, rest


def _full_rows(members: Sequence[Part], whole: bool, limits: Limits, open_calls: int) -> int:
    """How many rows of these fill calls to the brim, with so many calls less than there could be."""
    total = Sums()
    for part in members:
        total += part.sums(whole=whole)
    room = limits.body_bytes - limits.overhead
    rows = total.rows + total.only_rows + total.addresses
    size = total.csv or total.only_json or total.address_bytes
    largest = (total.largest if total.only_rows else total.largest_csv) if total.sizes == DIFFER else 0
    most = limits.json_rows if total.only_rows else limits.csv_rows
    a_call = per_call(rows, size, largest, most_rows=most, room=room)
    return max(0, rows // a_call - open_calls) * a_call


def _first(members: Sequence[Part], count: int) -> tuple[list[Part], list[Part]]:
    """The first `count` people of these, and the others."""
    first, others = [], []
    for part in members:
        if count >= part.count:
            first.append(part)
            count -= part.count
        elif count:
            one, rest = part.cut(count)
            first.append(one)
            others.append(rest)
            count = 0
        else:
            others.append(part)
    return first, others


def _improve(parts: Sequence[Part], cover: Cover, found: Ride, limits: Limits) -> Ride:
    """Dissolve the smallest loads into others, one after the other, as long as that saves calls."""
    budget = MOST_WEIGHED
    tried: set[int] = set()
    while budget > 0:
        target = _next(found, tried)
        if target is None:
            break
        tried.add(target)
        other = _without(cover, target, parts)
        if other is None:
            budget -= len(cover)
            continue
        budget -= sum(len(load.addresses) + len(load.whole) for load in found.loads.values())
        candidate = ride(parts, other, limits)
        if _cost(candidate) < _cost(found):
            found, cover = candidate, other
            tried.clear()
    return found


def _next(found: Ride, tried: set[int]) -> int | None:
    """The smallest load not yet tried."""
    loads = [load for load in found.loads.values() if load.target not in tried]
    size = {load.target: load.sums.rows + load.sums.only_rows + load.sums.addresses for load in loads}
    return min(size, key=lambda target: (size[target], target), default=None)


def _without(cover: Cover, target: int, parts: Sequence[Part]) -> Cover | None:
    """The cover without a target, its people reached by other targets; nothing where they cannot be."""
    may = _may(parts)
    others = {one for targets in cover.values() for one in targets if one != target}
    found = {}
    for needs, targets in cover.items():
        if target not in targets:
            found[needs] = targets
            continue
        kept = [one for one in targets if one != target]
        missing = needs & ~sum_of(kept)
        while missing:
            fitting = [one for one in others if one & ~may.get(needs, needs) == 0 and one & missing]
            if not fitting:
                return None
            one = max(fitting, key=lambda one: ((one & missing).bit_count(), one))
            kept.append(one)
            missing &= ~one
        found[needs] = tuple(kept)
    return found


def _may(parts: Sequence[Part]) -> dict[int, int]:
    """For each set of lists, those that all people with it may be put on."""
    may: dict[int, int] = {}
    for part in parts:
        if part.needs:
            may[part.needs] = may.get(part.needs, part.may) & part.may
    return may


def sum_of(targets: Sequence[int]) -> int:
    """All bits of these."""
    total = 0
    for target in targets:
        total |= target
    return total
