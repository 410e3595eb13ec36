"""Covers made cheaper where calls are hardly filled. Pure.

Two moves. A target whose rows fit into the room that others leave is dissolved into them. And where several lists need
one call more for a few people each, those who want all of these lists get one import together: it takes as many off
each of them, so that a call each is saved for the one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from syncjobs.planner.covering import Bounds, Cover, Demand, travelling

# Targets from which a shared import is begun, and how often one is added.
MOST_BEGUN = 2
MOST_SHARED = 60


def shave(wanted: Demand, cover: Cover, bounds: Bounds) -> Cover:
    """The cover with imports that several targets share, wherever that takes a call off more than one of them."""
    cover = dict(cover)
    for _ in range(MOST_SHARED):
        load = travelling(wanted, cover)
        over = {target: (rows - 1) % bounds.rows + 1 for target, rows in load.items()}
        begun = sorted(over, key=lambda target: (over[target], target))[:MOST_BEGUN]
        shared = [_grown(wanted, cover, target, over, bounds) for target in begun]
        best = max(shared, key=lambda one: len(one[0]), default=((), ()))
        if len(best[0]) < 3 and not _saves(best, over, load, wanted, bounds):
            break
        together = _union(best[0])
        for needs in best[1]:
            kept = tuple(target for target in cover[needs] if target not in best[0])
            cover[needs] = (together, *kept)
    return cover


Shared = tuple[tuple[int, ...], tuple[int, ...]]


def _saves(
    shared: Shared, over: Mapping[int, int], load: Mapping[int, int], wanted: Demand, bounds: Bounds
) -> bool:
    """Whether two targets that share an import save a call: only where it has room already."""
    targets, people = shared
    if len(targets) < 2:
        return False
    rows = sum(wanted[needs] for needs in people)
    there = load.get(_union(targets), 0)
    return -(-(there + rows) // bounds.rows) - -(-there // bounds.rows) < len(targets)


def _grown(wanted: Demand, cover: Cover, first: int, over: Mapping[int, int], bounds: Bounds) -> Shared:
    """Targets with the first among them, and people who go to all of these: as many as each has over."""
    targets = [first]
    people = [needs for needs, ways in cover.items() if first in ways]
    while True:
        together = _union(targets)
        rows: dict[int, int] = defaultdict(int)
        for needs in people:
            for target in cover[needs]:
                rows[target] += wanted[needs]
        most = max(over[target] for target in targets)
        fitting = [
            target
            for target in rows
            if target not in targets
            and rows[target] >= max(most, over[target])
            and bounds.allows(together | target)
        ]
        if not fitting:
            break
        best = max(fitting, key=lambda target: (rows[target], -over[target], target))
        targets.append(best)
        people = [needs for needs in people if best in cover[needs]]
    return tuple(targets), _enough(wanted, people, max(over[target] for target in targets), bounds)


def _enough(wanted: Demand, people: Sequence[int], least: int, bounds: Bounds) -> tuple[int, ...]:
    """So many sets of people that they are at least so many rows, and no more than a call; or none."""
    chosen, rows = [], 0
    for needs in sorted(people, key=lambda needs: (-wanted[needs], needs)):
        if rows < least and rows + wanted[needs] <= bounds.rows:
            chosen.append(needs)
            rows += wanted[needs]
    return tuple(chosen) if rows >= least else ()


def _union(targets: Sequence[int]) -> int:
    total = 0
    for target in targets:
        total |= target
    return total


def dissolve(wanted: Demand, cover: Cover, rows: int) -> Cover:
    """The cover without each target whose rows fit into the room that others have left, smallest first."""
    cover = dict(cover)
    load: dict[int, int] = defaultdict(int)
    users: dict[int, list[int]] = defaultdict(list)
    for needs, targets in cover.items():
        for target in targets:
            load[target] += wanted[needs]
            users[target].append(needs)
    for target in sorted(load, key=lambda one: (load[one], one)):
        changed = _without(wanted, cover, target, users[target], load)
        if changed is None:
            continue
        after = dict(load)
        del after[target]
        for needs, targets in changed.items():
            for one in set(targets) - set(cover[needs]):
                after[one] += wanted[needs]
        if sum(-(-n // rows) for n in after.values()) < sum(-(-n // rows) for n in load.values()):
            for needs, targets in changed.items():
                for one in set(targets) - set(cover[needs]):
                    users[one].append(needs)
            cover.update(changed)
            load = defaultdict(int, after)
    return cover


def _without(
    wanted: Demand, cover: Cover, target: int, users: Sequence[int], load: Mapping[int, int]
) -> Cover | None:
    """How the people of a target reach their lists by the other targets; nothing where they cannot."""
    found: Cover = {}
    for needs in users:
        kept = [one for one in cover[needs] if one != target]
        missing = needs
        for one in kept:
            missing &= ~one
        while missing:
            fitting = [one for one in load if one != target and one & ~needs == 0 and one & missing]
            if not fitting:
                return None
            best = max(fitting, key=lambda one: ((one & missing).bit_count(), one))
            kept.append(best)
            missing &= ~best
        found[needs] = tuple(kept)
    return found
