"""The true least number of calls for a tiny job: an exact search over all sequences of the model's rules R1 to R9.

A state is what each person still needs, whose ids are known, and who is on the scratch list. A* takes the
cheapest state first; its estimate never exceeds the truth (`estimate`), so the first finished state is an
optimum. Every rule is a move:

- R1, R2, R7 (fill) `importing`: every set of lists within the cap, with or without the scratch list; every
  choice of rows, each whole or address-only, as CSV of one sort or as JSON of both, within rows and bytes.
- R3 to R6 `by_ids` and `by_lists`: joins, leaves, tags on and off, deletes, from ids or from any closed lists
  that are complete (all their joins and leaves done) and the scratch list, up to the cap; any targets that
  everybody in the source wants.
- R7 the scratch list is made once and deleted once (2 calls; emptying costs one, so making it anew is never
  better), emptied by a call of its own or by a removal from a scratch source that names it among its targets.
  Deleting people takes them off it.
- R9 looking a person up; R2 and R8 a PUT of a person whose id is known, so 2 without (`starts`).
- R8 what nothing can spare is paid beforehand: opt-outs, clears (their PUT carries the rest), sign-ups (values
  and joins).

Order. Needs only shrink, and a move possible with more needs is possible with fewer. So what depends on no
source may come first without harm: first what is surely paid, then look-ups and PUTs, then plain imports, then
calls by ids kind by kind (`stage`), then whatever needs a source, in any order. For the same reason a call that
serves less than it could, in the same room and with the same effect on the scratch list, is never better: of
plain imports and calls by ids only the fullest are tried.

Readings where the model leaves room, each the cheaper one for the planner: a PUT may serve a person without
values, too; a PUT that opts out carries leaves and tags; people to be deleted may enter the scratch list
(alone, by address); on an import with the scratch list the other lists must lie within joins and on. No tag is
known to be held by none but people of the job, so none is a source; the scratch list is filled by imports only
and emptied only whole. Rows of a group are of equal size.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import product

from syncjobs.planner.wanted import People, Wanted
from tests.benchmarks.tinycalls import KINDS, Calls
from tests.benchmarks.tinystates import Person, State, state_of

STAGES = ("importing", "deletes", *KINDS, "sources")
SOURCES = len(STAGES) - 1
HOPELESS = 99


def optimum(wanted: Wanted) -> int:
    """The least number of calls. Raises ValueError where no sequence does the job."""
    search = Search(wanted)
    paid = sum(one.count * surely(one) for one in wanted.people)
    best: dict[State, int] = {}
    queue: list[tuple[int, int, State]] = []

    def reach(state: State, cost: int) -> None:
        if cost < best.get(state, cost + 1):
            best[state] = cost
            heappush(queue, (cost + search.estimate(state), -cost, state))

    for start, cost in search.starts():
        if search.estimate(start) < HOPELESS:
            reach(start, cost)
    while queue:
        _, minus, state = heappop(queue)
        if best[state] < -minus:
            continue
        if not any(one.needy for one in state.people):
            return paid - minus
        for following in set(search.moves(state)):
            reach(following, 1 - minus)
    raise ValueError("No sequence of calls does this job.")


class Search(Calls):
    """The states of one job, and the way between them."""

    def starts(self) -> Iterator[tuple[State, int]]:
        """Every choice of whom to look up and whom to write singly, with and without a scratch list."""
        ways = [list(self.singles(place, one)) for place, one in enumerate(self.people)]
        for chosen in product(*ways):
            people = [person for some, _ in chosen for person in some]
            cost = sum(calls for _, calls in chosen)
            for scratch in (False, True)[: 1 + self.allowed]:
                yield state_of(people, scratch=scratch, stage=0), cost + 2 * scratch

    def singles(self, place: int, one: People) -> Iterator[tuple[list[Person], int]]:
        """What is left of this group, and the single calls made."""
        person = self.person(place, one)
        if not person.needy:
            yield [], 0
            return
        known = person._replace(known=True)
        for put in range(1 if one.deletes else one.count + 1):
            for looked in range(1 if one.with_ids else one.count - put + 1):
                rest = one.count - put - looked
                yield [known] * looked + [person] * rest, looked + put * (1 if one.with_ids else 2)

    def person(self, place: int, one: People) -> Person:
        spared = one.clears or one.opts_out
        sent = spared or one.signed_up
        return Person(
            place,
            one.csv_bytes > 0 and not sent,
            0 if sent else self.mask(one.joins),
            0 if spared else self.mask(one.leaves),
            0 if spared else self.tagged(one.tags_on),
            0 if spared else self.tagged(one.tags_off),
            one.deletes,
            one.with_ids,
            scratch=False,
        )

    def estimate(self, state: State) -> int:
        """Never more than the truth: each kind of call needs at least what its fullest calls would leave."""
        value = size = 0
        imported = deletes = False
        calls = [0, 0, 0, 0]
        for one in state.people:
            group = self.groups[one.group]
            fillable = state.scratch and group.importable
            if one.value:
                value += 1
                size += min(group.csv or group.json, group.json)
                if not group.importable or not (group.joins or state.scratch):
                    return HOPELESS
            if not one.known and not group.on_closed and (one.leaves or one.on or one.off or one.deletes):
                if not fillable:
                    return HOPELESS
                imported |= not one.scratch
            if not (one.known or group.on_closed or group.importable) and one.joins:
                return HOPELESS
            imported |= bool(one.value or one.joins)
            deletes |= one.deletes
            for place, kind in enumerate(KINDS):
                pending = getattr(one, kind).bit_count()
                if pending:
                    calls[place] = max(calls[place], -(-pending // self.cap(kind)))
        rows = max(self.limits.csv_rows, self.limits.json_rows)
        imports = max(-(-value // rows), -(-size // self.room), imported, calls[0])
        return imports + sum(calls[1:]) + deletes

    def moves(self, state: State) -> Iterator[State]:
        for stage in range(state.stage, SOURCES):
            staged = state._replace(stage=stage)
            if STAGES[stage] == "importing":
                yield from self.importing(staged, onto_scratch=False)
            else:
                yield from self.by_ids(staged, STAGES[stage])
        staged = state._replace(stage=SOURCES)
        if state.scratch:
            yield from self.importing(staged, onto_scratch=True)
            yield state_of([one._replace(scratch=False) for one in state.people], scratch=True, stage=SOURCES)
        yield from self.by_lists(staged)


def surely(one: People) -> int:
    """Calls for one of them that nothing can spare."""
    single = 1 if one.with_ids else 2
    return max(2 * one.clears, single * one.opts_out) or int(one.signed_up)
