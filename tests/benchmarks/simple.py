"""Simple strategies for the planner's jobs: what a careful programmer writes first. Each says what it would cost.

Counted without the planner's own arithmetic. `None`: the strategy cannot do the job (no leave for a scratch list, or
people whom no import may carry onto a list they are on).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from syncjobs.planner import Limits, People, Wanted


def calls(people: Iterable[People], limits: Limits) -> int:
    """Whole rows of these people: as CSV, and as JSON whoever needs it."""
    room = limits.body_bytes - limits.overhead
    total = 0
    for csv in (True, False):
        these = [one for one in people if one.csv_can is csv]
        size = sum(one.csv_bytes if csv else one.json_bytes for one in these)
        rows = sum(one.count for one in these)
        most = limits.csv_rows if csv else limits.json_rows
        a_call = max(1, min(most, room * rows // size)) if size else most
        total += -(-rows // a_call)
    return total


def addresses(count: int, limits: Limits) -> int:
    return -(-count // limits.csv_rows)


def alone(one: People) -> int:
    """Calls that no strategy avoids: a person each."""
    known = 1 if one.with_ids else 2
    if one.opts_out:
        return one.count * (known + 2 * one.clears)
    return one.count * (2 * one.clears + one.signed_up)


def importable(one: People) -> bool:
    return one.listable and not (one.deletes or one.opts_out or one.clears or one.signed_up)


def one_by_one(wanted: Wanted) -> int | None:
    """A call a person, and a look-up where the id is not known; deletes too."""
    return sum(
        alone(one) + (0 if one.clears or one.opts_out else one.count * (1 if one.with_ids else 2))
        for one in wanted.people
    )


def values_and_lists_by_set(wanted: Wanted) -> int | None:
    """Everybody with the same lists together, whole rows; who has no list to join goes on one they are on."""
    sets: dict[frozenset[str], list[People]] = defaultdict(list)
    total = 0
    for one in wanted.people:
        if not importable(one) or not (one.joins or one.csv_bytes):
            continue
        if one.joins or one.on - one.leaves:
            sets[one.joins or one.on - one.leaves].append(one)
        else:
            total += one.count * (1 if one.with_ids else 2)
    for lists, people in sets.items():
        whole = [one for one in people if one.csv_bytes]
        more = -(-len(lists) // wanted.limits.list_ids) - 1
        total += calls(whole, wanted.limits) + more * addresses(
            sum(one.count for one in whole), wanted.limits
        )
        bare = sum(one.count for one in people if not one.csv_bytes)
        total += (more + 1) * addresses(bare, wanted.limits)
    return total + sum(
        one.count * (1 if one.with_ids else 2)
        for one in wanted.people
        if one.csv_bytes and not importable(one) and not (one.opts_out or one.clears or one.signed_up)
    )


def values_once_then_lists(wanted: Wanted) -> int | None:
    """Everybody's values in one base import onto one list each, then every other list by address alone."""
    base: dict[str, list[People]] = defaultdict(list)
    joining: dict[str, int] = defaultdict(int)
    total = 0
    for one in wanted.people:
        if not importable(one):
            if one.csv_bytes and not (one.opts_out or one.clears or one.signed_up or one.deletes):
                total += one.count * (1 if one.with_ids else 2)
            continue
        lists = sorted(one.joins)
        onto = lists or sorted(one.on - one.leaves)
        if one.csv_bytes and onto:
            base[onto[0]].append(one)
            lists = lists[1:]
        elif one.csv_bytes:
            total += one.count * (1 if one.with_ids else 2)
        for name in lists:
            joining[name] += one.count
    total += sum(calls(people, wanted.limits) for people in base.values())
    return total + sum(addresses(count, wanted.limits) for count in joining.values())


def marks(wanted: Wanted) -> dict[tuple[str, str], list[People]]:
    """Who wants each tag on or off, each list left, and who is to be deleted."""
    found: dict[tuple[str, str], list[People]] = defaultdict(list)
    for one in wanted.people:
        if one.deletes:
            found["delete", ""].append(one)
        elif not (one.opts_out or one.clears):
            for kind, names in (("leave", one.leaves), ("on", one.tags_on), ("off", one.tags_off)):
                for name in names:
                    found[kind, name].append(one)
    return found


def marks_by_ids(wanted: Wanted) -> int | None:
    """Each tag, each list left and the deletes by 500 ids a call, ids looked up where they are not known."""
    by_mark = marks(wanted)
    looked_up = {one.key: one.count for people in by_mark.values() for one in people if not one.with_ids}
    ids = wanted.limits.contact_ids
    counts = [sum(one.count for one in people) for people in by_mark.values()]
    return sum(-(-count // ids) for count in counts) + sum(looked_up.values())


def marks_by_scratch(wanted: Wanted) -> int | None:
    """For each tag and the like a scratch list: made, filled, used, deleted. By ids who may be on no list."""
    if not wanted.scratch_allowed:
        return None
    total, looked_up = 0, {}
    for people in marks(wanted).values():
        listed = sum(one.count for one in people if one.listable and not one.signed_up)
        others = [one for one in people if not one.listable or one.signed_up]
        total += 3 + addresses(listed, wanted.limits) if listed else 0
        total += -(-sum(one.count for one in others) // wanted.limits.contact_ids)
        looked_up |= {one.key: one.count for one in others if not one.with_ids}
    return total + sum(looked_up.values())


def _both(
    first: Callable[[Wanted], int | None], second: Callable[[Wanted], int | None]
) -> Callable[[Wanted], int | None]:
    def cost(wanted: Wanted) -> int | None:
        one, other = first(wanted), second(wanted)
        return None if one is None or other is None else one + other + sum(alone(p) for p in wanted.people)

    return cost


STRATEGIES: dict[str, Callable[[Wanted], int | None]] = {
    "one by one": one_by_one,
    "by set, marks by ids": _both(values_and_lists_by_set, marks_by_ids),
    "by set, marks by scratch lists": _both(values_and_lists_by_set, marks_by_scratch),
    "base and memberships, marks by ids": _both(values_once_then_lists, marks_by_ids),
    "base and memberships, marks by scratch lists": _both(values_once_then_lists, marks_by_scratch),
}
