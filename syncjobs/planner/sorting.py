"""Who can only be written one by one, who may be imported, and what may not be done at all. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from syncjobs.planner.marking import Mark, marks_of
from syncjobs.planner.steps import Cargo, Kind, Refusal, Step
from syncjobs.planner.wanted import People, Wanted

NO_LISTS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sorted:
    """A job's people by the way they can go."""

    # One call a person, look-ups beside them; the kinds in the order they are sent.
    singles: tuple[tuple[Kind, People], ...]
    # What is left for imports, and for marks.
    imported: tuple[People, ...]
    marked: tuple[tuple[People, frozenset[Mark]], ...]
    refused: tuple[Refusal, ...]


def sort(wanted: Wanted, put: Collection[str] = (), *, add_by_ids: bool = False) -> Sorted:
    """Sort a job's people.

    Args:
        wanted: the job.
        put: groups that are written one by one though they need not be.
        add_by_ids: people without values whose ids are known join their lists by those, not by an import.
    """
    singles: list[tuple[Kind, People]] = []
    imported: list[People] = []
    marked: list[tuple[People, frozenset[Mark]]] = []
    refused: list[Refusal] = []
    for one in wanted.people:
        if not one.count:
            continue
        if one.deletes:
            marked.append((one, marks_of(one)))
            continue
        allowed, refusals = _allowed(one)
        refused += refusals
        ways = list(_singly(allowed, wanted, put))
        singles += [(kind, allowed) for kind in ways]
        if set(ways) - {Kind.SIGN_UP}:
            continue
        if Kind.SIGN_UP in ways:
            # The form carries values and lists, nothing else.
            allowed = replace(allowed, joins=NO_LISTS, csv_bytes=0, json_bytes=0)
        marks = marks_of(allowed)
        if add_by_ids and allowed.with_ids and allowed.listable and not allowed.csv_bytes:
            marks |= {(Kind.ADD_LISTS, name) for name in allowed.joins}
            allowed = replace(allowed, joins=NO_LISTS)
        if allowed.joins or allowed.csv_bytes:
            imported.append(allowed)
        if marks:
            marked.append((allowed, marks))
    order = [Kind.OPT_OUT, Kind.SIGN_UP, Kind.READ_MERGE_WRITE, Kind.PUT_CONTACT]
    singles.sort(key=lambda single: order.index(single[0]))
    return Sorted(tuple(singles), tuple(imported), tuple(marked), tuple(refused))


def lists_of(one: People) -> frozenset[str]:
    """Lists that a group is on when all is done, as far as known; who is deleted or unsubscribed joins none."""
    joins = NO_LISTS if one.deletes else _allowed(one)[0].joins
    return (joins | one.on) - one.leaves


def _allowed(one: People) -> tuple[People, list[Refusal]]:
    """Without what nobody may do: who is, or will be, unsubscribed joins no list, unless that person signs up."""
    if one.opts_out and one.signed_up:
        # An opt-out beats every other change.
        return replace(one, signed_up=False, joins=NO_LISTS), [Refusal(one.key, "signed_up", "opts_out")]
    if one.joins and (one.opts_out or (not one.listable and not one.signed_up)):
        reason = "opts_out" if one.opts_out else "opted_out"
        return replace(one, joins=NO_LISTS), [Refusal(one.key, "joins", reason)]
    return one, []


def _singly(one: People, wanted: Wanted, put: Collection[str]) -> Iterator[Kind]:
    """The calls that are made for each person of a group."""
    has_values = one.csv_bytes > 0 and not one.signed_up
    if one.opts_out:
        yield Kind.OPT_OUT
        if one.clears:
            yield Kind.READ_MERGE_WRITE
        return
    if one.signed_up:
        yield Kind.SIGN_UP
    if one.clears:
        yield Kind.READ_MERGE_WRITE
    elif one.key in put or (has_values and not _can_ride(one, wanted)):
        yield Kind.PUT_CONTACT


def _can_ride(one: People, wanted: Wanted) -> bool:
    """Whether any import may carry them."""
    return one.listable and bool(one.joins or one.on or wanted.scratch_allowed)


def single_steps(singles: Iterable[tuple[Kind, People]]) -> Iterator[Step]:
    """The steps of single calls: a person whose id is not known is looked up first, unless the call needs none."""
    for kind, one in singles:
        cargo = (Cargo(one.key, 0, one.count, whole=True),)
        if kind is Kind.SIGN_UP:
            yield Step(kind, one.count, cargo)
        elif kind is Kind.READ_MERGE_WRITE:
            yield Step(kind, 2 * one.count, cargo)
        else:
            if not one.with_ids:
                yield Step(Kind.LOOK_UP, one.count, cargo)
            yield Step(kind, one.count, cargo)
