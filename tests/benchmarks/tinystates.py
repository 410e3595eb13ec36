"""States of a tiny job, and the choices that lead from one to the next; for the exact search of `brute`."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

# Of each class of people alike: how many go in whole rows, and how many by address.
Pick = tuple[tuple[int, int], ...]


class Person(NamedTuple):
    """What one person of group `group` still needs; lists and tags as bit masks."""

    group: int
    value: bool
    joins: int
    leaves: int
    on: int
    off: int
    deletes: bool
    known: bool
    scratch: bool

    @property
    def needy(self) -> bool:
        return bool(self.value or self.joins or self.leaves or self.on or self.off or self.deletes)


class State(NamedTuple):
    """`people` sorted; those who need nothing and are on no scratch list are left out."""

    scratch: bool  # whether there is a scratch list
    stage: int  # what has its turn; see STAGES
    people: tuple[Person, ...]


class Group(NamedTuple):
    """What was wanted of a group at first: what a source's members must want, and what their rows weigh."""

    joins: int  # lists joined or held
    leaves: int
    on: int
    off: int
    deletes: bool
    importable: bool
    csv: int  # bytes of a whole row; 0 where it cannot travel so
    json: int
    address: int
    on_closed: bool  # whether a closed list holds them in the end


def state_of(people: Iterable[Person], *, scratch: bool, stage: int) -> State:
    return State(scratch, stage, tuple(sorted(one for one in people if one.needy or one.scratch)))


def effect_of(classes: list[tuple[Person, int]], pick: Pick) -> Pick:
    """(whole rows that carry a needed value, other rows) of each class."""
    return tuple(
        (whole, address) if one.value else (0, whole + address)
        for (one, _), (whole, address) in zip(classes, pick, strict=True)
    )


def fullest(picks: set[Pick], *, same_rows: bool) -> list[Pick]:
    """Those that no other exceeds: as many rows of every class (just as many, if so wanted), as many of them whole."""

    def exceeds(more: Pick, less: Pick) -> bool:
        for (w, a), (v, b) in zip(more, less, strict=True):
            if w < v or w + a < v + b or (same_rows and w + a > v + b):
                return False
        return more != less

    return [pick for pick in picks if not any(exceeds(other, pick) for other in picks)]


def parts(mask: int) -> list[int]:
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]


def subsets(mask: int, most: int) -> Iterator[int]:
    """Non-empty parts of a mask with at most so many bits."""
    for size in range(1, most + 1):
        for chosen in combinations(parts(mask), size):
            yield sum(chosen)
