"""Where whole rows ride: of the imports that put people on lists, which carries each person's values. Pure.

A person's values must travel once, in any import with that person; in all others the address is enough. Calls that
are made anyway are filled first, people with the fewest choices before the others; what is left gets calls of its
own, on whatever list most of it may be imported onto.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from syncjobs.planner.covering import Cover
from syncjobs.planner.filling import Sums, fewest
from syncjobs.planner.parts import Part, each
from syncjobs.planner.wanted import Limits

NOTHING = Sums()


@dataclass
class Load:
    """Who travels onto one set of lists: whole, or by address."""

    target: int
    whole: set[int] = field(default_factory=set)
    addresses: set[int] = field(default_factory=set)
    sums: Sums = NOTHING


@dataclass
class Ride:
    """A whole way to import: its loads, and who found no import to ride in."""

    parts: list[Part]
    loads: dict[int, Load]
    stranded: list[int]
    calls: int


def ride(parts: Sequence[Part], cover: Cover, limits: Limits) -> Ride:
    """Loads for a cover of `parts`, with every whole row in one of them where that can be."""
    riders = _Riders(parts, cover, limits)
    for target in riders.by_crowd():
        riders.fill(target, everyone=True)
    for target in riders.by_crowd():
        riders.fill(target)
    stranded = riders.make_room()
    calls = sum(fewest(load.sums, limits) for load in riders.loads.values())
    return Ride(riders.parts, riders.loads, stranded, calls)


class _Riders:
    """Loads being filled, and those whose whole row has no place yet."""

    def __init__(self, parts: Sequence[Part], cover: Cover, limits: Limits) -> None:
        self.parts = list(parts)
        self.limits = limits
        self.loads: dict[int, Load] = {}
        # Whole and by address, for each part.
        self.sizes = [(part.sums(whole=True), part.sums(whole=False)) for part in self.parts]
        self.pending = {at for at, part in enumerate(self.parts) if part.whole}
        # Loads that each waiting part may ride in, and the other way round.
        self.options: dict[int, set[int]] = defaultdict(set)
        self.riders: dict[int, list[int]] = defaultdict(list)
        for at, part in enumerate(self.parts):
            for target in cover.get(part.needs, ()):
                self.load(target).addresses.add(at)
        for load in self.loads.values():
            bare = [self.sizes[at][1] for at in load.addresses]
            load.sums = Sums(
                addresses=sum(one.addresses for one in bare),
                address_bytes=sum(one.address_bytes for one in bare),
            )
        for at in sorted(self.pending):
            for target in self._targets(self.parts[at], cover):
                self.options[at].add(target)
                self.riders[target].append(at)

    def load(self, target: int) -> Load:
        """The load of a target, made when first asked for."""
        return self.loads.setdefault(target, Load(target))

    def _targets(self, part: Part, cover: Cover) -> Iterable[int]:
        if part.may == part.needs:
            return cover.get(part.needs, ())
        return [target for target in self.loads if target & ~part.may == 0]

    def by_crowd(self) -> list[int]:
        """Targets with people who still wait, fewest of them first."""
        waiting: dict[int, int] = defaultdict(int)
        for at in self.pending:
            for target in self.options[at]:
                waiting[target] += self.parts[at].count
        return sorted(waiting, key=lambda target: (waiting[target], target))

    def fill(self, target: int, *, more: int = 0, everyone: bool = False) -> int:
        """Give a place to as many as the load's calls hold, with `more` calls; how many people that were."""
        load = self.load(target)
        budget = fewest(load.sums, self.limits) + more
        members = self._waiting(load, members_only=everyone, anybody=more > 0)
        if not members or not budget:
            return 0
        steps = self._steps(load, members, budget)
        fitting = self._fitting(steps, budget)
        if everyone and fitting < len(members):
            return 0
        for at in members[:fitting]:
            self._place(at, load)
        load.sums = steps[fitting]
        placed = sum(self.parts[at].count for at in members[:fitting])
        if fitting < len(members):
            placed += self._fill_some(members[fitting], load, budget)
        return placed

    def _waiting(self, load: Load, *, members_only: bool, anybody: bool) -> list[int]:
        """Who may ride in a load, those with the fewest choices first."""
        if members_only:
            waiting = [at for at in load.addresses if at in self.pending]
        elif anybody:
            waiting = [at for at in self.pending if load.target & ~self.parts[at].may == 0]
        else:
            waiting = [at for at in self.riders[load.target] if at in self.pending]
        return sorted(waiting, key=lambda at: (len(self.options[at]), at not in load.addresses, at))

    def _steps(self, load: Load, members: Sequence[int], budget: int) -> list[Sums]:
        """The load with none, the first, the first two and so on; no further than what is far too much."""
        steps = [load.sums]
        for at in members:
            steps.append(self._with(steps[-1], at, at in load.addresses))
            if len(steps) % 32 == 0 and len(members) > 64 and fewest(steps[-1], self.limits) > budget:
                break
        return steps

    def _fitting(self, steps: Sequence[Sums], budget: int) -> int:
        """How many steps fit: all of them, or the longest run that a search by halves finds."""
        if fewest(steps[-1], self.limits) <= budget:
            return len(steps) - 1
        low, high = 0, len(steps) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if fewest(steps[middle], self.limits) <= budget:
                low = middle
            else:
                high = middle
        return low

    def _fill_some(self, at: int, load: Load, budget: int) -> int:
        """Cut the part that does not fit as a whole, and place what does."""
        part = self.parts[at]
        low, high = 0, part.count
        while high - low > 1:
            middle = (low + high) // 2
            first, rest = part.cut(middle)
            if (
                fewest(self._exchanged(load.sums, part, first, rest, at in load.addresses), self.limits)
                <= budget
            ):
                low = middle
            else:
                high = middle
        if not low:
            return 0
        first, rest = part.cut(low)
        load.sums = self._exchanged(load.sums, part, first, rest, at in load.addresses)
        self._split(at, first, rest)
        self._place(at, load)
        return low

    def _exchanged(self, sums: Sums, part: Part, first: Part, rest: Part, member: bool) -> Sums:
        if not member:
            return sums + first.sums(whole=True)
        return _less(sums, part.sums(whole=False)) + rest.sums(whole=False) + first.sums(whole=True)

    def _split(self, at: int, first: Part, rest: Part) -> None:
        new = len(self.parts)
        self.parts[at] = first
        self.parts.append(rest)
        self.sizes[at] = (first.sums(whole=True), first.sums(whole=False))
        self.sizes.append((rest.sums(whole=True), rest.sums(whole=False)))
        self.pending.add(new)
        self.options[new] = set(self.options[at])
        for target in self.options[at]:
            self.riders[target].append(new)
        for load in self.loads.values():
            if at in load.addresses:
                load.addresses.add(new)

    def _with(self, sums: Sums, at: int, member: bool) -> Sums:
        whole, address = self.sizes[at]
        return (_less(sums, address) if member else sums) + whole

    def _place(self, at: int, load: Load) -> None:
        load.addresses.discard(at)
        load.whole.add(at)
        self.pending.discard(at)

    def make_room(self) -> list[int]:
        """Calls of their own for those without a place, one after the other; returns who can ride nowhere."""
        stranded = [at for at in self.pending if not self.parts[at].may]
        self.pending.difference_update(stranded)
        while self.pending:
            target = self._most_wanted()
            if not self.fill(target, more=1):
                # Not one row fits beside the others: the call after is empty, and holds at least one.
                stranded.append(self.pending.pop())
        return sorted(stranded)

    def _most_wanted(self) -> int:
        """The target, or the single list, that most of the waiting bytes may ride onto."""
        waiting: dict[int, int] = defaultdict(int)
        for at in self.pending:
            whole = self.sizes[at][0]
            weight = whole.csv or whole.only_json
            for target in self.options[at]:
                waiting[target] += weight
            for bit in each(self.parts[at].may):
                if 1 << bit not in self.options[at]:
                    waiting[1 << bit] += weight
        return max(waiting, key=lambda target: (waiting[target], target in self.loads, -target))


def _less(sums: Sums, addresses: Sums) -> Sums:
    """Without these addresses."""
    return sums._replace(
        addresses=sums.addresses - addresses.addresses,
        address_bytes=max(0, sums.address_bytes - addresses.address_bytes),
    )
