"""From what was decided to steps in order, each naming those that must be over before it. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from syncjobs.planner.adding import Add
from syncjobs.planner.filling import Lot, lots
from syncjobs.planner.importing import Batchload
from syncjobs.planner.marking import Job, Market, Marking, targets_a_call
from syncjobs.planner.parts import Numbers, Part, each
from syncjobs.planner.sorting import Sorted, single_steps
from syncjobs.planner.steps import IMPORTS, SCRATCH, Cargo, Kind, Step
from syncjobs.planner.wanted import Limits


def phase_name(number: int) -> str:
    """The scratch list, as filled for one phase: a list of its own among the numbers."""
    return f"{SCRATCH}:{number}"


# The scratch list for people who only need an import to ride in, once all phases are over.
LAST = f"{SCRATCH}:last"


class Assembly:
    """Steps being put in order."""

    def __init__(self, sorted_: Sorted, limits: Limits, numbers: Numbers) -> None:
        self.steps: list[Step] = []
        self.limits = limits
        self.numbers = numbers
        self.people = {one.key: one for _, one in sorted_.singles}
        for step in single_steps(sorted_.singles):
            self.steps.append(step)

    def add_joins(self, found: Sequence[Add]) -> None:
        """Joins from lists that hold the right people already, or will."""
        for one in found:
            cargo = tuple(Cargo(people.key, 0, people.count) for people in one.who)
            after = self._on_lists(one.sources)
            self._append(Kind.ADD_LISTS, 1, cargo=cargo, lists=one.targets, sources=one.sources, after=after)

    def add_stranded(self, parts: Sequence[Part]) -> None:
        """One call each for those whose values fit into no import."""
        for part in parts:
            cargo = (Cargo(part.people.key, part.first, part.count, whole=True),)
            if not part.people.with_ids:
                self._append(Kind.LOOK_UP, part.count, cargo=cargo)
            self._append(Kind.PUT_CONTACT, part.count, cargo=cargo)

    def add(self, loads: Sequence[Batchload], marking: Marking, market: Market) -> None:
        """Imports, phases of the scratch list, and what goes by ids or by lists."""
        by_phase: dict[str, list[Batchload]] = {}
        for load in loads:
            by_phase.setdefault(self._phase_of(load), []).append(load)
        scratch = bool(marking.phases) or LAST in by_phase
        for load in by_phase.get("", []):
            self._import(load, ())
        created = self._append(Kind.CREATE_SCRATCH, 1) if scratch else -1
        gate: tuple[int, ...] = (created,) if scratch else ()
        by_lists = list(marking.by_lists)
        phases = marking.phases
        for at, phase in enumerate(phases):
            if at and phase.fresh and not phases[at - 1].empties(self.limits):
                gate = (
                    self._append(Kind.EMPTY_SCRATCH, 1, lists=(SCRATCH,), sources=(SCRATCH,), after=gate),
                )
            filled = [step for load in by_phase.get(phase_name(at), []) for step in self._import(load, gate)]
            beside = next((one for one in by_lists if one[0].marks == phase.job.marks), None)
            later = [load for name in self._later(at, len(phases)) for load in by_phase.get(name, [])]
            if beside is not None and any(
                set(beside[1]) & set(self.numbers.names(one.target)) for one in later
            ):
                # Somebody joins that list only when this phase is over.
                beside = None
            sources: tuple[str, ...] = (SCRATCH,)
            after, more = (*gate, *filled), 0
            if beside is not None and len(beside[1]) < self.limits.source_lists:
                by_lists.remove(beside)
                sources, more = (SCRATCH, *beside[1]), beside[0].who
                after = (*after, *self._on_lists(beside[1]))
            emptied = at + 1 < len(phases) and phases[at + 1].fresh and phase.empties(self.limits)
            gate = self._mark(phase.job, sources, after, market, more=more, emptied=emptied)
        last = [step for load in by_phase.get(LAST, []) for step in self._import(load, gate)]
        if scratch:
            self._append(Kind.DELETE_SCRATCH, 1, lists=(SCRATCH,), after=tuple(dict.fromkeys((*gate, *last))))
        self._by_ids(marking, market)
        # The same lists as sources: one call a kind for all that everyone on them wants.
        together: dict[tuple[str, ...], Job] = {}
        for job, names in by_lists:
            other = together.get(names, job)
            together[names] = Job(job.marks | other.marks, job.who | other.who)
        for names, job in together.items():
            for start in range(0, len(names), self.limits.source_lists):
                some = names[start : start + self.limits.source_lists]
                self._mark(job, some, self._on_lists(some), market)

    def _later(self, at: int, count: int) -> list[str]:
        """The names of the scratch list behind a phase."""
        return [*(phase_name(number) for number in range(at + 1, count)), LAST]

    def _append(
        self,
        kind: Kind,
        calls: int,
        *,
        cargo: tuple[Cargo, ...] = (),
        lists: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        sources: tuple[str, ...] = (),
        after: tuple[int, ...] = (),
    ) -> int:
        step = Step(kind, calls, cargo, lists, tags, sources, tuple(sorted(set(after))))
        self.steps.append(step)
        return len(self.steps) - 1

    def _phase_of(self, load: Batchload) -> str:
        names = self.numbers.names(load.target)
        return next((name for name in names if name.startswith(f"{SCRATCH}:")), "")

    def _import(self, load: Batchload, after: tuple[int, ...]) -> list[int]:
        names = self.numbers.names(load.target)
        lists = tuple(dict.fromkeys(SCRATCH if name.startswith(f"{SCRATCH}:") else name for name in names))
        able = [part for part in load.whole if part.people.csv_can]
        only = [part for part in load.whole if not part.people.csv_can]
        sorts = [able, only, list(load.addresses)]
        made = []
        for lot in lots(load.sums, self.limits):
            cargo, sorts = _cargo(lot, sorts)
            made.append(self._append(lot.kind, lot.calls, cargo=cargo, lists=lists, after=after))
        return made

    def _on_lists(self, names: Sequence[str]) -> tuple[int, ...]:
        """Steps that must be over before these lists are sources: whatever puts people on or takes them off."""
        mine = set(names)
        found = []
        for at, step in enumerate(self.steps):
            travels = step.kind in IMPORTS or step.kind in (Kind.ADD_LISTS, Kind.REMOVE_LISTS)
            one = self.people.get(step.cargo[0].key) if step.cargo and not travels else None
            if (travels and mine & set(step.lists)) or (one and mine & (one.joins | one.leaves)):
                found.append(at)
        return tuple(found)

    def _by_ids(self, marking: Marking, market: Market) -> None:
        looked_up: tuple[int, ...] = ()
        if marking.look_ups:
            cargo = _groups(market, marking.look_ups)
            keys = {one.key for one in cargo}
            after = tuple(
                at for at, step in enumerate(self.steps) if any(one.key in keys for one in step.cargo)
            )
            calls = market.count(marking.look_ups)
            looked_up = (self._append(Kind.LOOK_UP, calls, cargo=cargo, after=after),)
        for kind, names, who in marking.by_ids:
            calls = -(-market.count(who) // self.limits.contact_ids)
            # Somebody may have been imported onto the list that is left.
            after = looked_up
            if kind is Kind.REMOVE_LISTS:
                onto = [
                    at
                    for at, step in enumerate(self.steps)
                    if step.kind in IMPORTS and {*names} & {*step.lists}
                ]
                after = (*looked_up, *onto)
            self._append(kind, calls, cargo=_groups(market, who), after=after, **_about(kind, names))

    def _mark(
        self,
        job: Job,
        sources: tuple[str, ...],
        after: tuple[int, ...],
        market: Market,
        *,
        more: int = 0,
        emptied: bool = False,
    ) -> tuple[int, ...]:
        """One call a kind for everyone on the sources; returns the steps.

        `emptied`: a removal, sent when all else is done, takes them off the scratch list, too.
        """
        made: list[int] = []
        cargo = _groups(market, job.who | more)
        marks = sorted(job.marks, key=lambda mark: (mark[0] is Kind.REMOVE_LISTS, mark))
        for kind, group in groupby(marks, key=lambda mark: mark[0]):
            names = [name for _, name in group]
            if emptied and kind is Kind.REMOVE_LISTS:
                names.append(SCRATCH)
            most = targets_a_call(kind, self.limits)
            for start in range(0, len(names), most):
                some = tuple(names[start : start + most])
                before = (*after, *made) if SCRATCH in some else after
                about = _about(kind, some)
                made.append(self._append(kind, 1, cargo=cargo, sources=sources, after=before, **about))
        return tuple(made)


def _about(kind: Kind, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if kind is Kind.DELETE_CONTACTS:
        return {}
    return {"lists": names} if kind in (Kind.ADD_LISTS, Kind.REMOVE_LISTS) else {"tags": names}


def _groups(market: Market, who: int) -> tuple[Cargo, ...]:
    return tuple(Cargo(market.people[at].key, 0, market.people[at].count) for at in each(who))


def _cargo(lot: Lot, sorts: Sequence[list[Part]]) -> tuple[tuple[Cargo, ...], list[list[Part]]]:
    """What a lot takes of each sort, whole rows first, and what is left of them."""
    found: list[Cargo] = []
    left: list[list[Part]] = []
    for at, (take, parts) in enumerate(zip((lot.rows, lot.only_rows, lot.addresses), sorts, strict=True)):
        taken, rest = _take(parts, take)
        found += [Cargo(part.people.key, part.first, part.count, whole=at < 2) for part in taken]
        left.append(rest)
    return tuple(found), left


def _take(parts: Iterable[Part], count: int) -> tuple[list[Part], list[Part]]:
    taken, rest = [], []
    for part in parts:
        if count >= part.count:
            taken.append(part)
            count -= part.count
        elif count:
            one, other = part.cut(count)
            taken.append(one)
            rest.append(other)
            count = 0
        else:
            rest.append(part)
    return taken, rest
