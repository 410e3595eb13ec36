"""Ways to put everyone on their lists: which sets of lists the imports go onto, and who travels in each. Pure.

An import's lists must all be wanted by everyone in it. Everyone together by their whole set of lists takes a call or
more for every set; every list apart takes a row a person and list. Between them: large sets together and the others
apart, and blocks of lists within which people go by what they want of the block. Which is cheapest depends on the
people, so several are made and weighed; finding the best of all is a set-cover problem (NP-hard).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncjobs.planner.parts import Part, each

# Sets of lists, each with the rows that want exactly it.
Demand = Mapping[int, int]
# What each set of lists is reached by: targets that are subsets of it, and together it.
Cover = dict[int, tuple[int, ...]]
# Shares of a call from which a set of lists may be worth calls of its own.
SHARES = (0.25, 0.5, 0.7, 0.85, 1.0, 1.4)
# Sets of lists looked at while blocks are sought: keeps a plan within a second.
MOST_LOOKS = 100_000


@dataclass(frozen=True)
class Bounds:
    """What an import may be onto."""

    # Rows a call, about; lists a call; and bits of which no two may stand in one target.
    rows: int
    lists: int
    alone: int = 0

    def allows(self, target: int) -> bool:
        """Whether one import may be onto all of these."""
        return target.bit_count() <= self.lists and (target & self.alone).bit_count() <= 1


def demand(parts: Sequence[Part]) -> dict[int, int]:
    """How many rows want each set of lists."""
    found: dict[int, int] = defaultdict(int)
    for part in parts:
        if part.needs:
            found[part.needs] += part.count
    return dict(found)


def ways(wanted: Demand, bounds: Bounds) -> Iterator[Cover]:
    """Covers worth weighing; the first two are the simple ones."""
    yield from _ways(wanted, bounds)
    if not any(needs & bounds.alone for needs in wanted):
        return
    # Bits that go alone mix up sets of lists that many share: the same without them, and each of them apart.
    shared: dict[int, int] = defaultdict(int)
    for needs, rows in wanted.items():
        if needs & ~bounds.alone:
            shared[needs & ~bounds.alone] += rows
    for cover in _ways(shared, bounds):
        yield {
            needs: (
                *cover.get(needs & ~bounds.alone, ()),
                *(1 << bit for bit in each(needs & bounds.alone)),
            )
            for needs in wanted
        }
        yield along(wanted, cover, bounds)


def along(wanted: Demand, shared: Cover, bounds: Bounds) -> Cover:
    """The cover with the bits that go alone taken along by imports that are made anyway, where that is cheaper.

    Args:
        wanted: all that is wanted.
        shared: how sets of lists without such bits are reached.
        bounds: with the bits that go alone.
    """
    cover = {needs: list(shared.get(needs & ~bounds.alone, ())) for needs in wanted}
    load: dict[int, int] = defaultdict(int)
    for needs, targets in cover.items():
        for target in targets:
            load[target] += wanted[needs]
    users: dict[int, list[int]] = defaultdict(list)
    for needs in wanted:
        for place in each(needs & bounds.alone):
            users[1 << place].append(needs)
    for bit in sorted(users, key=lambda bit: (len(users[bit]), bit)):
        for target, some in _carriers(wanted, cover, load, (bit, users[bit]), bounds):
            for needs in some:
                if target:
                    cover[needs][cover[needs].index(target)] |= bit
                    load[target] -= wanted[needs]
                else:
                    cover[needs].append(bit)
                load[target | bit] += wanted[needs]
    return {needs: tuple(targets) for needs, targets in cover.items()}


def _carriers(
    wanted: Demand,
    cover: Mapping[int, Sequence[int]],
    load: Mapping[int, int],
    asked: tuple[int, list[int]],
    bounds: Bounds,
) -> list[tuple[int, list[int]]]:
    """Imports that take a bit along, each with the people for whom it does; 0: those who travel for the bit alone."""
    bit, left = asked
    by_target: dict[int, list[int]] = defaultdict(list)
    for needs in left:
        for target in cover[needs]:
            if bounds.allows(target | bit):
                by_target[target].append(needs)
    waiting, rows = set(left), sum(wanted[needs] for needs in left)
    best, cost = [(0, left)], -(-rows // bounds.rows)
    chosen: list[tuple[int, list[int]]] = []
    spent = 0
    while waiting and by_target and spent < cost:
        dear: dict[int, tuple[int, int]] = {}
        for target, them in by_target.items():
            # Also those whom another import takes along already, so that a call is not torn in two.
            taken = sum(wanted[needs] for needs in them)
            parts = (taken, load[target] - taken)
            calls = sum(-(-some // bounds.rows) for some in parts) - -(-load[target] // bounds.rows)
            dear[target] = (calls, -sum(wanted[needs] for needs in them if needs in waiting))
        target = min(dear, key=lambda one: (dear[one], one))
        carried = by_target.pop(target)
        if not dear[target][1]:
            continue
        spent += dear[target][0]
        chosen.append((target, carried))
        waiting.difference_update(carried)
        rest = [needs for needs in left if needs in waiting]
        now = spent + -(-sum(wanted[needs] for needs in rest) // bounds.rows)
        if now < cost or (now == cost and not rest):
            best, cost = [*chosen, (0, rest)], now
    return best


def _ways(wanted: Demand, bounds: Bounds) -> Iterator[Cover]:
    if not wanted:
        yield {}
        return
    yield {needs: split(needs, bounds) for needs in wanted}
    apart = classes(wanted, bounds)
    yield _by(wanted, apart)
    if len(wanted) == 1:
        return
    seen = set()
    weights = {needs: rows * sum(1 for target in apart if target & needs) for needs, rows in wanted.items()}
    for share in SHARES:
        own = frozenset(needs for needs, weight in weights.items() if weight >= share * bounds.rows)
        if own and own not in seen and len(own) < len(wanted):
            seen.add(own)
            rest = {needs: rows for needs, rows in wanted.items() if needs not in own}
            yield _by(rest, classes(rest, bounds)) | {needs: split(needs, bounds) for needs in own}
    yield from _blocks(wanted, apart, bounds)


def split(needs: int, bounds: Bounds) -> tuple[int, ...]:
    """A set of lists as one target, or as few as lists a call and bits that go alone allow."""
    alone = [1 << at for at in each(needs & bounds.alone)]
    shared = [1 << at for at in each(needs & ~bounds.alone)]
    found = []
    while alone or shared:
        first = [alone.pop(0)] if alone else []
        room = bounds.lists - len(first)
        found.append(sum(first + shared[:room]))
        shared = shared[room:]
    return tuple(found)


def classes(wanted: Demand, bounds: Bounds) -> tuple[int, ...]:
    """The lists apart, but those that everyone wants together or not at all together."""
    who: dict[int, int] = defaultdict(int)
    for at, needs in enumerate(wanted):
        for bit in each(needs):
            who[bit] |= 1 << at
    twins: dict[int, int] = defaultdict(int)
    for bit, them in who.items():
        twins[them] |= 1 << bit
    return tuple(target for lists in twins.values() for target in split(lists, bounds))


def _by(wanted: Demand, targets: Sequence[int]) -> Cover:
    return {needs: tuple(target & needs for target in targets if target & needs) for needs in wanted}


def least(wanted: Demand, cover: Cover, rows: int) -> int:
    """Calls of so many rows that a cover takes at least."""
    return sum(-(-count // rows) for count in travelling(wanted, cover).values())


def travelling(wanted: Demand, cover: Cover) -> dict[int, int]:
    """Rows onto each target."""
    found: dict[int, int] = defaultdict(int)
    for needs, targets in cover.items():
        for target in targets:
            found[target] += wanted[needs]
    return found


def _blocks(wanted: Demand, apart: Sequence[int], bounds: Bounds) -> Iterator[Cover]:
    """Lists in blocks: from every list apart, the two blocks that gain most are joined again and again."""
    looks = MOST_LOOKS
    blocks = list(apart)
    held = {block: _patterns(wanted, block) for block in blocks}
    gains: dict[tuple[int, int], int] = {}
    fresh = list(blocks)
    joined = False
    while fresh and looks > 0:
        for one in fresh:
            for other in blocks:
                if one == other or not bounds.allows(one | other):
                    continue
                pair = (min(one, other), max(one, other))
                if pair not in gains and _overlap(held[one], held[other]) * 2 > bounds.rows:
                    looks -= len(wanted)
                    both = _calls(_patterns(wanted, one | other), bounds)
                    gains[pair] = _calls(held[one], bounds) + _calls(held[other], bounds) - both
                if looks <= 0:
                    break
        best = max(gains, key=lambda pair: gains[pair], default=None)
        if best is None or gains[best] <= 0:
            break
        joined = True
        new = best[0] | best[1]
        blocks = [block for block in blocks if block not in best] + [new]
        gains = {pair: gain for pair, gain in gains.items() if not set(pair) & set(best)}
        held[new] = _patterns(wanted, new)
        fresh = [new]
    if joined:
        yield _by(wanted, blocks)


def _patterns(wanted: Demand, block: int) -> dict[int, int]:
    """How many rows want each part of a block."""
    found: dict[int, int] = {}
    for needs, rows in wanted.items():
        part = needs & block
        if part:
            found[part] = found.get(part, 0) + rows
    return found


def _overlap(one: Mapping[int, int], other: Mapping[int, int]) -> int:
    """Rows that both blocks may have in common, at most."""
    return min(sum(one.values()), sum(other.values()))


def _calls(patterns: Mapping[int, int], bounds: Bounds) -> int:
    return sum(-(-rows // bounds.rows) for rows in patterns.values())
