"""Tags, removals from lists and deletes: by contact ids, by lists whose members they are, or by a scratch list. Pure.

A mark is one wish of this sort: a tag on or off, a list left, a delete. Marks that exactly the same people want go
together. A scratch list holds the people of one phase at a time; a phase whose people all belong to the next stays
as it is, and only the others are added.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncjobs.planner import covering, shaving, widening
from syncjobs.planner.covering import Bounds
from syncjobs.planner.parts import each
from syncjobs.planner.steps import Kind
from syncjobs.planner.wanted import Limits, People

# A mark's tags and lists are few; more phases than this are groups by their sets, and never the cheapest.
MOST_PHASES = 300
# Ways to put people by ids together that are made better still.
MOST_SHAVED = 2
# Sets of marks up to which they are put together in other ways, too; and how many of these are weighed.
MOST_SETS = 60
MOST_COVERED = 3
# A kind of call, and the list or tag it is about; nothing for a delete.
Mark = tuple[Kind, str]


@dataclass(frozen=True)
class Job:
    """Marks that the same people want: `who` has a bit for each of the groups."""

    marks: frozenset[Mark]
    who: int


@dataclass(frozen=True)
class Phase:
    """The scratch list at one moment: who is on it, and what is done to them."""

    job: Job
    # Who is put on it for this phase, and whether it begins with nobody on it.
    joins: int
    fresh: bool

    def empties(self, limits: Limits) -> bool:
        """Whether its own calls leave nobody on the list: a removal names it, too, or all are deleted."""
        lists = [name for kind, name in self.job.marks if kind is Kind.REMOVE_LISTS]
        deletes = any(kind is Kind.DELETE_CONTACTS for kind, _ in self.job.marks)
        return deletes or len(lists) % limits.list_ids > 0


@dataclass(frozen=True)
class Marking:
    """How all marks are served."""

    by_lists: tuple[tuple[Job, tuple[str, ...]], ...]
    by_ids: tuple[tuple[Kind, tuple[str, ...], int], ...]
    phases: tuple[Phase, ...]
    # Groups whose ids must be looked up.
    look_ups: int


def marks_of(people: People) -> frozenset[Mark]:
    """What is wanted of a group besides values and joins."""
    if people.deletes:
        return frozenset({(Kind.DELETE_CONTACTS, "")})
    return frozenset(
        [(Kind.REMOVE_LISTS, name) for name in people.leaves]
        + [(Kind.TAG_ON, name) for name in people.tags_on]
        + [(Kind.TAG_OFF, name) for name in people.tags_off]
    )


def targets_a_call(kind: Kind, limits: Limits) -> int:
    """Lists or tags that one call of a kind is about, at most."""
    return limits.list_ids if kind in (Kind.ADD_LISTS, Kind.REMOVE_LISTS) else limits.tag_ids


class Market:
    """The groups with marks, and what each way to serve them costs."""

    def __init__(
        self, marked: Sequence[tuple[People, frozenset[Mark]]], limits: Limits, closed: Mapping[str, int]
    ) -> None:
        self.people = [one for one, _ in marked]
        self.marks = [marks for _, marks in marked]
        self.limits = limits
        # Lists whose members are exactly these groups, once everything else is over.
        self.closed = closed
        self.no_ids = _bits(at for at, one in enumerate(self.people) if not one.with_ids)
        # Who may not be put on a list: unsubscribed, or only just signed up.
        self.off_lists = _bits(at for at, one in enumerate(self.people) if not one.listable or one.signed_up)

    def count(self, who: int) -> int:
        """How many people these groups are."""
        return sum(self.people[at].count for at in each(who))

    def fill(self, who: int) -> int:
        """Imports of addresses that put them on the scratch list."""
        return -(-self.count(who) // max(self.limits.csv_rows, self.limits.json_rows))

    def ways(self, *, scratch: bool) -> Iterator[Marking]:
        """Ways worth weighing, the one by ids alone first."""
        jobs = self._jobs()
        by_lists, rest = self._by_lists(jobs)
        yield self._marking(by_lists, rest, [])
        if by_lists:
            yield self._marking([], jobs, [])
        if not scratch or not jobs:
            return
        some: list[tuple[list[tuple[Job, tuple[str, ...]]], list[Job]]] = [(by_lists, rest)]
        if by_lists:
            some.append(([], jobs))
        for served, waiting in some:
            yield from self._by_phases(served, waiting)

    def _by_phases(self, by_lists: list[tuple[Job, tuple[str, ...]]], rest: list[Job]) -> Iterator[Marking]:
        """With a scratch list for some or all of the rest."""
        ways = [(rest, _growing), (self._by_set(rest), _shedding)]
        if len(rest) <= MOST_PHASES:
            fewer = _without_unions(rest, self.limits)
            ways += [(jobs, _growing) for jobs in (fewer, *self._covered(rest)) if jobs != rest]
        for left, chained in ways:
            if len(left) > MOST_PHASES:
                continue
            on_list = [job for job in left if self._to_scratch(job)]
            everyone = [job for job in left if job.who & ~self.off_lists]
            for jobs_on_list in [on_list] + ([everyone] if len(everyone) != len(on_list) else []):
                listed = [Job(job.marks, job.who & ~self.off_lists) for job in jobs_on_list]
                yield self._scratched(by_lists, left, jobs_on_list, list(chained(listed)))

    def _scratched(
        self,
        by_lists: list[tuple[Job, tuple[str, ...]]],
        jobs: Sequence[Job],
        on_list: Sequence[Job],
        chains: Sequence[list[Phase]],
    ) -> Marking:
        """What has no phase goes by ids."""
        listed = set(on_list)
        by_ids = [Job(job.marks, job.who & (self.off_lists if job in listed else -1)) for job in jobs]
        # The last chain need not be emptied, since the list goes: so first those that empty themselves.
        ordered = sorted(chains, key=lambda chain: not chain[-1].empties(self.limits))
        phases = [phase for chain in ordered for phase in chain]
        return self._marking(by_lists, [job for job in by_ids if job.who], phases)

    def _to_scratch(self, job: Job) -> bool:
        """Whether a phase of its own is dearer for these people than their ids, look-ups included."""
        who = job.who & ~self.off_lists
        if not who:
            return False
        kinds = len({kind for kind, _ in job.marks})
        by_ids = kinds * -(-self.count(who) // self.limits.contact_ids) + self.count(who & self.no_ids)
        return self.fill(who) + kinds + 1 < by_ids

    def _jobs(self) -> list[Job]:
        """Marks that the same groups want, together."""
        who: dict[Mark, int] = defaultdict(int)
        for at, marks in enumerate(self.marks):
            for mark in sorted(marks):
                who[mark] |= 1 << at
        same: dict[int, set[Mark]] = defaultdict(set)
        for mark, them in who.items():
            same[them].add(mark)
        return [Job(frozenset(marks), them) for them, marks in same.items()]

    def _by_set(self, jobs: Sequence[Job]) -> list[Job]:
        """The same marks, but groups together by all that they want."""
        wants: dict[int, set[Mark]] = defaultdict(set)
        for job in jobs:
            for at in each(job.who):
                wants[at] |= job.marks
        same: dict[frozenset[Mark], int] = defaultdict(int)
        for at, marks in wants.items():
            same[frozenset(marks)] |= 1 << at
        return [Job(marks, who) for marks, who in same.items()]

    def _covered(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """The same marks, with groups together by some of what they want: as lists are put together for imports."""
        marks = sorted({mark for job in jobs for mark in job.marks})
        place = {mark: at for at, mark in enumerate(marks)}
        needs: dict[int, int] = defaultdict(int)
        for job in jobs:
            bits = _bits(place[mark] for mark in job.marks)
            for at in each(job.who):
                needs[at] |= bits
        demand: dict[int, int] = defaultdict(int)
        for at, bits in needs.items():
            demand[bits] += self.people[at].count
        if len(demand) > MOST_SETS:
            return []
        bounds = Bounds(max(self.limits.csv_rows, self.limits.json_rows), len(marks))
        found: list[tuple[int, int, list[Job]]] = []
        covers = [
            *covering.ways(demand, bounds),
            *widening.wide(demand, {one: one for one in demand}, bounds),
        ]
        for cover in covers:
            who: dict[int, int] = defaultdict(int)
            for at, bits in needs.items():
                for target in cover[bits]:
                    who[target] |= 1 << at
            some = [Job(frozenset(marks[at] for at in each(bits)), them) for bits, them in who.items()]
            dear = sum(self.fill(job.who) + len({kind for kind, _ in job.marks}) + 1 for job in some)
            found.append((dear, len(found), some))
        return [some for _, _, some in sorted(found)[:MOST_COVERED]]

    def _by_lists(self, jobs: Sequence[Job]) -> tuple[list[tuple[Job, tuple[str, ...]]], list[Job]]:
        """What closed lists serve: of each job the people on lists that hold nobody else."""
        served, rest = [], []
        for job in jobs:
            adds = any(kind is Kind.ADD_LISTS for kind, _ in job.marks)
            # Who only now joins a list is not on it yet: no source for joining.
            names = [] if adds else [name for name, them in self.closed.items() if them & ~job.who == 0]
            chosen, left = self._fewest_lists(names, job.who)
            kinds = len({kind for kind, _ in job.marks})
            whole = Job(job.marks, job.who & ~left)
            helps = not left or self._ids_cost(job.who) - self._ids_cost(left) > 1 or left & ~self.off_lists
            if chosen and helps and kinds:
                served.append((whole, chosen))
                if left:
                    rest.append(Job(job.marks, left))
            else:
                rest.append(job)
        return served, rest

    def _ids_cost(self, who: int) -> int:
        return -(-self.count(who) // self.limits.contact_ids) + self.count(who & self.no_ids)

    def _fewest_lists(self, names: list[str], who: int) -> tuple[tuple[str, ...], int]:
        chosen: list[str] = []
        while who and names:
            best = max(names, key=lambda name: (self.count(self.closed[name] & who), name))
            if not self.closed[best] & who:
                break
            chosen.append(best)
            who &= ~self.closed[best]
        return tuple(chosen), who

    def _marking(
        self, by_lists: list[tuple[Job, tuple[str, ...]]], by_ids: Sequence[Job], phases: Sequence[Phase]
    ) -> Marking:
        looked_up = 0
        for job in by_ids:
            looked_up |= job.who & self.no_ids
        return Marking(tuple(by_lists), tuple(self._id_calls(by_ids)), tuple(phases), looked_up)

    def _id_calls(self, jobs: Sequence[Job]) -> list[tuple[Kind, tuple[str, ...], int]]:
        """Calls by ids, of each kind the cheapest way to put people together."""
        wants: dict[Kind, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for job in jobs:
            for kind, name in sorted(job.marks):
                for at in each(job.who):
                    wants[kind][at].add(name)
        return [call for kind, people in wants.items() for call in self._calls_of(kind, people)]

    def _calls_of(
        self, kind: Kind, people: Mapping[int, set[str]]
    ) -> list[tuple[Kind, tuple[str, ...], int]]:
        names = sorted({name for wanted in people.values() for name in wanted})
        place = {name: at for at, name in enumerate(names)}
        needs = {at: _bits(place[name] for name in wanted) for at, wanted in people.items()}
        demand: dict[int, int] = defaultdict(int)
        for at, bits in needs.items():
            demand[bits] += self.people[at].count
        bounds = Bounds(self.limits.contact_ids, targets_a_call(kind, self.limits))
        ways = sorted(
            covering.ways(demand, bounds), key=lambda cover: covering.least(demand, cover, bounds.rows)
        )
        shaved = [shaving.shave(demand, cover, bounds) for cover in ways[:MOST_SHAVED]]
        best = min(shaved, key=lambda cover: covering.least(demand, cover, bounds.rows))
        if len(best) <= MOST_PHASES:
            best = shaving.dissolve(demand, best, bounds.rows)
        who: dict[int, int] = defaultdict(int)
        for at, bits in needs.items():
            for target in best[bits]:
                who[target] |= 1 << at
        return [(kind, tuple(names[at] for at in each(target)), them) for target, them in who.items()]


def _without_unions(jobs: Sequence[Job], limits: Limits) -> list[Job]:
    """The jobs without those whose people are just the people of others: the others' calls serve their marks, too."""
    kept = dict(enumerate(jobs))
    for at in sorted(kept, key=lambda at: -kept[at].who.bit_count()):
        job = kept.pop(at)
        changed: dict[int, frozenset[Mark]] = {}
        for kind in sorted({kind for kind, _ in job.marks}):
            more, missing = frozenset(mark for mark in job.marks if mark[0] is kind), job.who
            for place, other in kept.items():
                own = {mark for mark in other.marks if mark[0] is kind}
                fits = own and len(own | more) <= targets_a_call(kind, limits)
                if fits and not other.who & ~job.who and other.who & missing:
                    changed[place] = changed.get(place, other.marks) | more
                    missing &= ~other.who
            if missing:
                kept[at] = job
                break
        else:
            kept |= {place: Job(marks, kept[place].who) for place, marks in changed.items()}
    return [kept[at] for at in sorted(kept)]


def _growing(jobs: Sequence[Job]) -> Iterator[list[Phase]]:
    """Chains for people of one wish each time: from the fewest people to the most, of whom each holds the former."""
    waiting = sorted(jobs, key=lambda job: (job.who.bit_count(), job.who))
    while waiting:
        held = waiting.pop(0)
        chain = [Phase(held, held.who, fresh=True)]
        for job in list(waiting):
            if held.who & ~job.who == 0:
                chain.append(Phase(job, job.who & ~held.who, fresh=False))
                waiting.remove(job)
                held = job
        yield chain


def _shedding(jobs: Sequence[Job]) -> Iterator[list[Phase]]:
    """Chains for people together by all their wishes: from the most wishes to the fewest, of which each had the latter.

    Nobody is put on the list twice: who wants more is there already when those come who want less.
    """
    waiting = sorted(jobs, key=lambda job: (-len(job.marks), sorted(job.marks)))
    while waiting:
        run = [waiting.pop(0)]
        for job in list(waiting):
            if job.marks < run[-1].marks:
                run.append(job)
                waiting.remove(job)
        chain, who = [], 0
        for at, job in enumerate(run):
            who |= job.who
            kept = run[at + 1].marks if at + 1 < len(run) else frozenset[Mark]()
            chain.append(Phase(Job(job.marks - kept, who), job.who, fresh=not at))
        yield chain


def _bits(places: Iterator[int]) -> int:
    found = 0
    for at in places:
        found |= 1 << at
    return found
