"""The fewest bulk imports that put everyone on their lists. Pure.

A bulk import puts all its people on all its lists, so people are sent together by their set of lists. Where
there are many sets, it is cheaper to send each person once, on one list, and then each other list's members by
address alone: an import changes only what it carries.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

ListSet = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """People that travel together: those whose list set is in `members`, to `list_ids`; whole rows or addresses."""

    list_ids: ListSet
    members: frozenset[ListSet]
    whole_rows: bool


def plan(people: Mapping[ListSet, int], *, rows_per_call: int, addresses_per_call: int) -> list[Group]:
    """The cheaper of the two ways, as groups in the order they are sent.

    Args:
        people: how many have each set of lists; no set is empty.
        rows_per_call: whole rows that fit into one call, about.
        addresses_per_call: addresses that fit into one call.
    """
    together = [Group(lists, frozenset({lists}), True) for lists in sorted(people)]
    apart = _apart(people)

    def calls(groups: list[Group]) -> int:
        return sum(
            -(
                -sum(people[lists] for lists in group.members)
                // (rows_per_call if group.whole_rows else addresses_per_call)
            )
            for group in groups
        )

    return min((together, apart), key=calls)


def _apart(people: Mapping[ListSet, int]) -> list[Group]:
    """Each person whole on the most common of their lists, then every other list by address."""
    sizes: Counter[str] = Counter()
    for lists, count in people.items():
        sizes.update(dict.fromkeys(lists, count))
    first: dict[str, set[ListSet]] = {}
    others: dict[str, set[ListSet]] = {}
    for lists in people:
        home = max(lists, key=lambda one: (sizes[one], one))
        first.setdefault(home, set()).add(lists)
        for other in lists:
            if other != home:
                others.setdefault(other, set()).add(lists)
    whole = [Group((one,), frozenset(members), True) for one, members in sorted(first.items())]
    return whole + [Group((one,), frozenset(members), False) for one, members in sorted(others.items())]
