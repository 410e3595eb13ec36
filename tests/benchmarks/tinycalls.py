"""The calls of a tiny job, each as what follows from a state; for the exact search of `brute`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, product

from syncjobs.planner.wanted import People, Wanted
from tests.benchmarks.tinystates import (
    Group,
    Person,
    Pick,
    State,
    effect_of,
    fullest,
    parts,
    state_of,
    subsets,
)  # what belongs together stands on one line  # fmt: skip

KINDS = ("joins", "leaves", "on", "off")


class Calls:
    """The calls of one job."""

    def __init__(self, wanted: Wanted) -> None:
        self.limits, self.allowed = wanted.limits, wanted.scratch_allowed
        self.room = wanted.limits.body_bytes - wanted.limits.overhead
        lists = sorted({name for one in wanted.people for name in one.joins | one.leaves | one.on})
        tags = sorted({name for one in wanted.people for name in one.tags_on | one.tags_off})
        self.lists, self.tags = (
            {name: 1 << place for place, name in enumerate(names)} for names in (lists, tags)
        )
        self.closed_names = wanted.closed_lists
        self.groups = [self.group(one) for one in wanted.people]
        self.closed = {
            bit: members
            for name, bit in self.lists.items()
            if name in wanted.closed_lists and (members := self.members(wanted.people, name))
        }
        self.people = wanted.people

    def group(self, one: People) -> Group:
        csv, json = one.csv_bytes // one.count, one.json_bytes // one.count
        return Group(
            self.mask(one.joins | one.on), self.mask(one.leaves), self.tagged(one.tags_on), self.tagged(one.tags_off),
            one.deletes, one.listable and not one.signed_up, csv if one.csv_can else 0, json,
            one.address_bytes // one.count, bool(((one.joins | one.on) - one.leaves) & self.closed_names),
        )  # what belongs together stands on one line  # fmt: skip

    def mask(self, names: Iterable[str]) -> int:
        return sum(self.lists[name] for name in names)

    def tagged(self, names: Iterable[str]) -> int:
        return sum(self.tags[name] for name in names)

    @staticmethod
    def members(people: Iterable[People], name: str) -> list[int]:
        return [place for place, one in enumerate(people) if name in (one.joins | one.on) - one.leaves]

    # -- imports ------------------------------------------------------------------------------------------------
    def importing(self, state: State, *, onto_scratch: bool) -> Iterator[State]:
        classes = list(Counter(state.people).items())
        every = sum(self.lists.values())
        most = self.limits.list_ids - onto_scratch
        for lists in [*subsets(every, most), *([0] if onto_scratch else [])]:
            effects: set[Pick] = set()
            for whole, address, json in ((True, False, False), (False, True, False), (True, True, True)):
                rows = [
                    self.choices(one, count, lists, onto_scratch, whole, address, json)
                    for one, count in classes
                ]
                for pick in product(*rows):
                    if self.fits(classes, pick, json):
                        effects.add(effect_of(classes, pick))
            effects = {pick for pick in effects if self.widest(classes, pick, lists, most)}
            for pick in fullest(effects, same_rows=onto_scratch):
                yield self.imported(state, classes, pick, lists, onto_scratch)

    def widest(self, classes: list[tuple[Person, int]], pick: Pick, lists: int, most: int) -> bool:
        """Whether there are rows, and no list might be added that all of them may go on and some still needs."""
        common, needed = ~0, 0
        for (one, _), (whole, address) in zip(classes, pick, strict=True):
            if whole + address:
                common &= 0 if one.deletes else self.groups[one.group].joins
                needed |= one.joins
        return common != ~0 and (lists.bit_count() >= most or not needed & common & ~lists)

    def choices(
        self, one: Person, count: int, lists: int, onto_scratch: bool, whole: bool, address: bool, json: bool
    ) -> list[tuple[int, int]]:
        """How many of these people may go in whole rows and in address rows, where that changes anything."""
        group = self.groups[one.group]
        if not group.importable or lists & ~group.joins or (group.deletes and lists):
            return [(0, 0)]
        gains = bool(one.joins & lists or (onto_scratch and not one.scratch))
        wholes = count if whole and (gains or one.value) and (group.json if json else group.csv) else 0
        addresses = count if address and gains else 0
        return [(w, a) for w in range(wholes + 1) for a in range(min(addresses, count - w) + 1)]

    def fits(self, classes: list[tuple[Person, int]], pick: Pick, json: bool) -> bool:
        rows = size = 0
        for (one, _), (whole, address) in zip(classes, pick, strict=True):
            group = self.groups[one.group]
            rows += whole + address
            size += whole * (group.json if json else group.csv) + address * (group.address + 13 * json)
        return rows <= (self.limits.json_rows if json else self.limits.csv_rows) and size <= self.room

    def imported(
        self, state: State, classes: list[tuple[Person, int]], pick: Pick, lists: int,
        onto_scratch: bool,
    ) -> State:  # what belongs together stands on one line  # fmt: skip
        people: list[Person] = []
        for (one, count), (whole, address) in zip(classes, pick, strict=True):
            moved = one._replace(joins=one.joins & ~lists, scratch=one.scratch or onto_scratch)
            people += (
                [one] * (count - whole - address) + [moved] * address + [moved._replace(value=False)] * whole
            )
        return state_of(people, scratch=state.scratch, stage=state.stage)

    # -- activities ---------------------------------------------------------------------------------------------
    def cap(self, kind: str) -> int:
        return self.limits.list_ids if kind in ("joins", "leaves") else self.limits.tag_ids

    def by_ids(self, state: State, kind: str) -> Iterator[State]:
        classes = list(Counter(state.people).items())
        if kind == "deletes":
            deleting = [one.deletes and one.known for one, _ in classes]
            yield from self.picked(
                state, classes, deleting, lambda one: one._replace(deletes=False, scratch=False)
            )
            return
        pending = 0
        for one, _ in classes:
            pending |= getattr(one, kind)
        for targets in subsets(pending, self.cap(kind)):
            able = [
                bool(one.known and getattr(one, kind) & targets)
                and not targets & ~getattr(self.groups[one.group], kind)
                for one, _ in classes
            ]
            yield from self.picked(
                state, classes, able, lambda one, t=targets: one._replace(**{kind: getattr(one, kind) & ~t})
            )

    def picked(
        self, state: State, classes: list[tuple[Person, int]], able: list[bool], effect
    ) -> Iterator[State]:
        """The fullest calls by ids over these classes of people."""
        total = min(
            self.limits.contact_ids, sum(count for (_, count), yes in zip(classes, able, strict=True) if yes)
        )
        if not total:
            return
        ranges = [
            range(count + 1) if yes else range(1) for (_, count), yes in zip(classes, able, strict=True)
        ]
        for taken in product(*ranges):
            if sum(taken) == total:
                people: list[Person] = []
                for (one, count), some in zip(classes, taken, strict=True):
                    people += [one] * (count - some) + [effect(one)] * some
                yield state_of(people, scratch=state.scratch, stage=state.stage)

    def by_lists(self, state: State) -> Iterator[State]:
        open_lists = 0
        for one in state.people:
            open_lists |= one.joins | one.leaves
        on_scratch = {one.group for one in state.people if one.scratch}
        sources = [(bit, set(members)) for bit, members in self.closed.items() if not bit & open_lists]
        if on_scratch:
            sources.append((0, on_scratch))
        for size in range(1, self.limits.source_lists + 1):
            for chosen in combinations(sources, size):
                yield from self.from_lists(state, chosen)

    def from_lists(self, state: State, chosen: tuple[tuple[int, set[int]], ...]) -> Iterator[State]:
        held = sum(bit for bit, _ in chosen)
        scratch = any(not bit for bit, _ in chosen)
        groups = [self.groups[place] for place in set().union(*(members for _, members in chosen))]
        inside = [
            bool(
                (one.scratch and scratch)
                or (self.groups[one.group].joins & ~self.groups[one.group].leaves & held)
            )
            for one in state.people
        ]
        if all(group.deletes for group in groups):
            yield self.changed(state, inside, lambda one: one._replace(deletes=False, scratch=False))
        for kind in KINDS:
            common = ~0
            for group in groups:
                common &= getattr(group, kind)
            targets = parts(common)
            most = self.cap(kind)
            for some in combinations(targets, min(most, len(targets))):
                yield self.targeted(state, inside, kind, sum(some), emptied=False)
            if kind == "leaves" and scratch:
                for some in combinations(targets, min(most - 1, len(targets))):
                    yield self.targeted(state, inside, kind, sum(some), emptied=True)

    def targeted(self, state: State, inside: list[bool], kind: str, targets: int, *, emptied: bool) -> State:
        def effect(one: Person) -> Person:
            return one._replace(**{kind: getattr(one, kind) & ~targets}, scratch=one.scratch and not emptied)

        return self.changed(state, inside, effect)

    def changed(self, state: State, inside: list[bool], effect) -> State:
        people = [effect(one) if hit else one for one, hit in zip(state.people, inside, strict=True)]
        return state_of(people, scratch=state.scratch, stage=state.stage)
