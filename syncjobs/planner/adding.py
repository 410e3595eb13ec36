"""Joins that need no import: everyone on some closed lists wants another list, and one call puts them there. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from syncjobs.planner.sorting import lists_of
from syncjobs.planner.wanted import People, Wanted


@dataclass(frozen=True)
class Add:
    """Lists that everyone on the sources joins."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    who: tuple[People, ...]


def adds(wanted: Wanted) -> tuple[list[Add], Wanted]:
    """What closed lists can serve, in order, and the job without it: its people count as on those lists already."""
    members, complete = _members(wanted), []
    for name in sorted(wanted.closed_lists & set(members)):
        if not any(name in one.joins for one in members[name].values()):
            complete.append(name)
    served: dict[str, tuple[str, ...]] = {}
    found = True
    while found:
        found = False
        for name in sorted(members):
            if name in served or name in complete:
                continue
            sources = _sources(name, members, complete, wanted.limits.source_lists)
            if sources:
                served[name], found = sources, True
                if name in wanted.closed_lists:
                    complete.append(name)
    return _grouped(served, members, wanted), _without(wanted, frozenset(served))


def _members(wanted: Wanted) -> dict[str, dict[str, People]]:
    """Who is on each list when all is done."""
    found: dict[str, dict[str, People]] = defaultdict(dict)
    for one in wanted.people:
        if one.count:
            for name in lists_of(one):
                found[name][one.key] = one
    return found


def _sources(
    name: str, members: Mapping[str, Mapping[str, People]], complete: list[str], most: int
) -> tuple[str, ...]:
    """Complete lists whose people all want this one, and are all who join it; nothing where there are none."""
    missing = {key for key, one in members[name].items() if name in one.joins and not one.signed_up}
    inside = [other for other in complete if members[other].keys() <= members[name].keys()]
    chosen: list[str] = []
    while missing and len(chosen) < most:
        # The first of the largest: so many lists share their sources, and go in one call.
        best = max(inside, key=lambda other: len(missing & members[other].keys()), default=None)
        if best is None or not missing & members[best].keys():
            return ()
        chosen.append(best)
        missing -= members[best].keys()
    return () if missing else tuple(chosen)


def _grouped(
    served: Mapping[str, tuple[str, ...]], members: Mapping[str, Mapping[str, People]], wanted: Wanted
) -> list[Add]:
    targets: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, sources in served.items():
        targets[sources].append(name)
    found = []
    for sources, names in targets.items():
        who = {key: one for source in sources for key, one in members[source].items()}
        for start in range(0, len(names), wanted.limits.list_ids):
            some = tuple(names[start : start + wanted.limits.list_ids])
            found.append(Add(sources, some, tuple(who.values())))
    return found


def _without(wanted: Wanted, served: frozenset[str]) -> Wanted:
    people = []
    for one in wanted.people:
        done = frozenset[str]() if one.signed_up else one.joins & served
        people.append(replace(one, joins=one.joins - done, on=one.on | done) if done else one)
    return replace(wanted, people=tuple(people))
