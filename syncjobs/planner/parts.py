"""The people of a job as the planner weighs them: parts of groups, with their lists as bits. Pure.

A part is people of one group who are treated alike; it is cut where only some of them fit somewhere. Lists are
numbered, so that sets of lists are whole numbers and every question about them one operation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from syncjobs.planner.filling import DIFFER, Sums
from syncjobs.planner.wanted import People


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """People `first` to `first + count - 1` of a group."""

    people: People
    first: int
    count: int
    # Lists they must be put on by import, and lists an import with them may be onto.
    needs: int
    may: int
    # Whether their whole rows must travel once.
    whole: bool

    def sums(self, *, whole: bool) -> Sums:
        """Rows and bytes of all of them, whole or by address."""
        one, n = self.people, self.count
        if not whole:
            return Sums(addresses=n, address_bytes=_share(one.address_bytes, n, one.count))
        json = _share(one.json_bytes, n, one.count)
        csv = _share(one.csv_bytes, n, one.count)
        alike = one.largest_row * one.count == max(one.csv_bytes, one.json_bytes)
        mean = (one.csv_bytes // one.count, one.json_bytes // one.count)
        sizes = mean if alike else DIFFER
        largest_csv, largest = mean if alike else (one.largest_row, one.largest_row)
        if not one.csv_can:
            return Sums(only_rows=n, only_json=json, largest=largest, sizes=sizes)
        return Sums(rows=n, csv=csv, json=json, largest_csv=largest_csv, largest=largest, sizes=sizes)

    def cut(self, count: int) -> "tuple[Part, Part]":
        """The first `count` of them, and the others; both are some."""
        return (
            replace(self, count=count),
            replace(self, first=self.first + count, count=self.count - count),
        )


def _share(size: int, count: int, total: int) -> int:
    return -(-size * count // total)


class Numbers:
    """Gives each name a bit, in order of first asking."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._names: list[str] = []

    def bit(self, name: str) -> int:
        """The bit of a name."""
        if name not in self._bits:
            self._bits[name] = 1 << len(self._names)
            self._names.append(name)
        return self._bits[name]

    def bits(self, names: Iterable[str]) -> int:
        """The bits of all these names."""
        found = 0
        for name in sorted(names):
            found |= self.bit(name)
        return found

    def names(self, bits: int) -> tuple[str, ...]:
        """The names whose bits are set."""
        return tuple(self._names[at] for at in each(bits))


def each(bits: int) -> Iterator[int]:
    """The places of the set bits."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
