"""Covers of imports that are each onto as many lists as everyone in them may be put on. Pure.

A list's own import may also be onto every other list that all of its people want or are on. Made so wide, the imports
of some lists are not needed any more, since those of others do their work: these are left out one after the other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from syncjobs.planner.covering import Bounds, Cover, Demand
from syncjobs.planner.parts import each

# Sets of lists up to which each set may have an import of its own, too.
MOST_OWN = 120
# Sets of lists and imports looked at, at most.
MOST_LOOKS = 60_000


def wide(wanted: Demand, may: Mapping[int, int], bounds: Bounds) -> Iterator[Cover]:
    """Covers worth weighing.

    Args:
        wanted: how many rows want each set of lists.
        may: the lists that all people with a set may be put on.
        bounds: what an import may be onto.
    """
    if len(wanted) < 2:
        return
    pool = _pool(wanted, may, bounds)
    if len(pool) * len(wanted) > MOST_LOOKS:
        return
    rows = {target: sum(wanted[needs] for needs in users) for target, users in pool.items()}
    orders = [
        sorted(pool, key=lambda target: (target.bit_count(), rows[target], target)),
        sorted(pool, key=lambda target: (rows[target], target.bit_count(), target)),
        sorted(pool, key=lambda target: (rows[target] * target.bit_count(), target)),
    ]
    if len(wanted) <= MOST_OWN:
        own = {needs for needs in wanted if bounds.allows(needs)}
        more = pool | {needs: _users(needs, wanted, may) for needs in own}
        if len(more) * len(wanted) <= MOST_LOOKS:
            orders.append(
                sorted(
                    more,
                    key=lambda target: (sum(wanted[n] for n in more[target]) * target.bit_count(), target),
                )
            )
            orders.append(sorted(more, key=lambda target: (target in own, target.bit_count(), target)))
            pool = more
    seen = set()
    for order in orders:
        kept = frozenset(_needed(order, pool, wanted))
        if kept not in seen:
            seen.add(kept)
            yield _cover(kept, pool, wanted)


def _users(target: int, wanted: Demand, may: Mapping[int, int]) -> list[int]:
    return [needs for needs in wanted if not target & ~may[needs] and target & needs]


def _pool(wanted: Demand, may: Mapping[int, int], bounds: Bounds) -> dict[int, list[int]]:
    """Each list's import made as wide as can be; with each of the bits that go alone, where there are some."""
    common: dict[int, int] = {}
    for needs in wanted:
        for place in each(needs):
            common[1 << place] = common.get(1 << place, -1) & may[needs]
    found: dict[int, list[int]] = {}
    for bit, together in common.items():
        alone = [1 << place for place in each(together & bounds.alone)]
        shared = _within(bit, together & ~bounds.alone, bounds.lists - (bit in alone or bool(alone)))
        targets = [bit | shared] if bit in alone else [shared, *(shared | one for one in alone)]
        for target in targets:
            if target and target not in found and bounds.allows(target):
                found[target] = _users(target, wanted, may)
    return found


def _within(bit: int, together: int, most: int) -> int:
    """As many of these lists as a call takes, the one that is meant among them."""
    found = bit & together
    for place in each(together & ~found):
        if found.bit_count() >= most:
            break
        found |= 1 << place
    return found


def _needed(order: list[int], pool: Mapping[int, list[int]], wanted: Demand) -> list[int]:
    """What is left when in this order every target goes that others make needless."""
    usable: dict[int, set[int]] = defaultdict(set)
    for target in order:
        for needs in pool[target]:
            usable[needs].add(target)
    kept = []
    for target in order:
        for needs in pool[target]:
            missing = needs & target
            for other in usable[needs]:
                if other != target:
                    missing &= ~other
                    if not missing:
                        break
            if missing:
                kept.append(target)
                break
        else:
            for needs in pool[target]:
                usable[needs].discard(target)
    return kept


def _cover(kept: frozenset[int], pool: Mapping[int, list[int]], wanted: Demand) -> Cover:
    usable: dict[int, list[int]] = defaultdict(list)
    for target in sorted(kept):
        for needs in pool[target]:
            usable[needs].append(target)
    cover: Cover = {}
    for needs in wanted:
        missing, chosen = needs, []
        while missing:
            best = max(usable[needs], key=lambda target: ((target & missing).bit_count(), target))
            chosen.append(best)
            missing &= ~best
        cover[needs] = tuple(chosen)
    return cover
