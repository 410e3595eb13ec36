"""How many imports some rows take: by rows and by bytes, as CSV, as JSON, or as both.

Rows fill their calls in order. A call that a next row would overfill holds more than its room less the largest row,
so n bytes take at most ceil(n / (room - largest + 1)) calls; rows all of one size are counted exactly. Where small and
large rows are mixed so unevenly that some calls fill up by rows and others by bytes, one more may be needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from syncjobs.planner.steps import Kind
from syncjobs.planner.wanted import Limits

# What a JSON row of an address alone takes more than its CSV line.
JSON_ADDRESS_MORE = 13
DIFFER = (-1,)


class Sums(NamedTuple):
    """Rows and bytes of what travels together."""

    # Whole rows that may travel as CSV, and their bytes either way.
    rows: int = 0
    csv: int = 0
    json: int = 0
    # Whole rows that only JSON can carry.
    only_rows: int = 0
    only_json: int = 0
    addresses: int = 0
    address_bytes: int = 0
    # The largest row as CSV and as JSON.
    largest_csv: int = 0
    largest: int = 0
    # The size that all whole rows have, as CSV and as JSON: empty before the first, DIFFER once they do.
    sizes: tuple[int, ...] = ()

    def __add__(self, other: "Sums") -> "Sums":  # type: ignore[override]  # a tuple's + joins, ours adds up
        sizes = self.sizes or other.sizes
        return Sums(
            self.rows + other.rows,
            self.csv + other.csv,
            self.json + other.json,
            self.only_rows + other.only_rows,
            self.only_json + other.only_json,
            self.addresses + other.addresses,
            self.address_bytes + other.address_bytes,
            max(self.largest_csv, other.largest_csv),
            max(self.largest, other.largest),
            sizes if not other.sizes or other.sizes == sizes else DIFFER,
        )


@dataclass(frozen=True)
class Lot:
    """Some calls of one form, and how many rows of each sort they take, in order; or each the same part of all."""

    kind: Kind
    calls: int
    rows: int
    only_rows: int
    addresses: int
    evenly: bool = False

    def apart(self) -> "Iterator[Lot]":
        """As lots that are each taken in order."""
        if not self.evenly:
            yield self
            return
        sorts = (self.rows, self.only_rows, self.addresses)
        for at in range(self.calls):
            rows, only_rows, addresses = (n * (at + 1) // self.calls - n * at // self.calls for n in sorts)
            yield Lot(self.kind, 1, rows, only_rows, addresses)


def per_call(rows: int, size: int, largest: int, *, most_rows: int, room: int) -> int:
    """Rows that a full call is sure to hold, by their mean; `largest` 0 where all are of one size. At least 1."""
    if not size:
        return most_rows
    if not largest:
        return max(1, min(most_rows, room * rows // size))
    by_bytes = max(0, room - largest + 1) * rows // size
    return max(1, min(most_rows, max(by_bytes, room // largest)))


def count(rows: int, size: int, largest: int, *, most_rows: int, room: int) -> int:
    """Calls for so many rows of so many bytes."""
    if not rows:
        return 0
    if rows <= most_rows and size <= room:
        return 1
    if not largest:
        return -(-rows // per_call(rows, size, 0, most_rows=most_rows, room=room))
    by_bytes = max(-(-rows // most_rows), -(-size // max(1, room - largest + 1)))
    return min(by_bytes, -(-rows // max(1, min(most_rows, room // largest))))


@lru_cache(maxsize=4_096)
def fewest(sums: Sums, limits: Limits) -> int:
    """The calls of the cheapest way to send these rows."""
    return sum(lot.calls for lot in _cheapest(sums, limits))


def lots(sums: Sums, limits: Limits) -> tuple[Lot, ...]:
    """The cheapest way to send these rows."""
    return tuple(some for lot in _cheapest(sums, limits) for some in lot.apart())


def _cheapest(sums: Sums, limits: Limits) -> tuple[Lot, ...]:
    """The cheapest way: whole rows and addresses each as CSV, as JSON, or as full CSV calls and the rest as JSON."""
    room = limits.body_bytes - limits.overhead
    plain = per_call(sums.rows, sums.csv, _margin(sums, csv=True), most_rows=limits.csv_rows, room=room)
    bare = per_call(sums.addresses, sums.address_bytes, 0, most_rows=limits.csv_rows, room=room)
    best: tuple[Lot, ...] | None = None
    for whole in _shares(sums.rows, plain):
        for addresses in _shares(sums.addresses, bare):
            found = _lots(sums, limits, whole, addresses)
            if best is None or sum(lot.calls for lot in found) < sum(lot.calls for lot in best):
                best = found
    assert best is not None
    return best


def _shares(rows: int, a_call: int) -> list[int]:
    """How many of the rows go as CSV: all, those of full calls, none."""
    return list(dict.fromkeys([rows, rows // a_call * a_call, 0]))


def _margin(sums: Sums, *, csv: bool) -> int:
    """What a full call may leave free; 0 where all rows are of one size."""
    if sums.sizes != DIFFER:
        return 0
    return sums.largest_csv if csv else sums.largest


def _lots(sums: Sums, limits: Limits, whole: int, addresses: int) -> tuple[Lot, ...]:
    """So many rows of each sort as CSV, all others as JSON."""
    room = limits.body_bytes - limits.overhead
    found = []
    if whole:
        size = -(-sums.csv * whole // sums.rows)
        calls = count(whole, size, _margin(sums, csv=True), most_rows=limits.csv_rows, room=room)
        found.append(Lot(Kind.IMPORT_CSV, calls, whole, 0, 0))
    if addresses:
        size = -(-sums.address_bytes * addresses // sums.addresses)
        calls = count(addresses, size, 0, most_rows=limits.csv_rows, room=room)
        found.append(Lot(Kind.IMPORT_CSV, calls, 0, 0, addresses))
    rest, bare = sums.rows - whole, sums.addresses - addresses
    if rest or bare or sums.only_rows:
        size = sums.only_json + (-(-sums.json * rest // sums.rows) if rest else 0)
        address = -(-sums.address_bytes // sums.addresses) + JSON_ADDRESS_MORE if bare else 0
        margin = _margin(sums, csv=False)
        calls = _mixed(rest + sums.only_rows, size, bare, address, room=room, largest=margin, limits=limits)
        fewer = calls if margin else _even(rest + sums.only_rows, size, bare, address, room, limits, calls)
        evenly = fewer < calls
        found.append(Lot(Kind.IMPORT_JSON, min(calls, fewer), rest, sums.only_rows, bare, evenly))
    return tuple(found)


def _even(rows: int, size: int, bare: int, address: int, room: int, limits: Limits, most: int) -> int:
    """JSON calls, fewer than `most`, that take as many rows of each sort; `most` where these do not fit."""
    for calls in range(max(1, -(-(size + bare * address) // room)), most):
        # Two sorts of whole rows may each have one row over.
        whole, addresses = min(rows, -(-rows // calls) + 1), -(-bare // calls)
        fits = whole + addresses <= limits.json_rows
        if fits and -(-size * whole // max(1, rows)) + addresses * address <= room:
            return calls
    return most


def _mixed(rows: int, size: int, bare: int, address: int, *, room: int, largest: int, limits: Limits) -> int:
    """JSON calls: whole rows first, addresses in what the last of them leaves free, then more calls of addresses."""
    calls = count(rows, size, largest, most_rows=limits.json_rows, room=room)
    if not bare:
        return calls
    if rows:
        a_call = per_call(rows, size, largest, most_rows=limits.json_rows, room=room)
        last = rows - (calls - 1) * a_call if calls > 1 else rows
        left = room - size if calls == 1 else room - -(-size * last // rows)
        bare -= max(0, min(bare, left // address, limits.json_rows - last))
    return calls + count(bare, bare * address, 0, most_rows=limits.json_rows, room=room)
