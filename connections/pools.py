"""A pool's row and its places, as the operators' role: a pool belongs to no workspace.

All times are the database's, as seconds since 1970.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connections as databases
from django.db import transaction
from django.db.backends.utils import CursorWrapper

from connections.pacing import SLOWEST, Slowness, next_send

OPERATOR: Final = "operator"
DRIFT: Final = 1e-3  # what two clocks may part, in seconds a second, while one is being corrected
UNSURE: Final = 0.001  # and what either may be off between two readings
MOST_AHEAD: Final = 0.15  # how long before its moment a turn is given out


@dataclass(frozen=True, slots=True)
class ClockGap:
    """How far the database's clock is ahead of this process's monotonic one: between these two, in seconds.

    Each question narrows it by the time that it took; the bounds widen as clocks may drift. A clock that was set makes
    them cross, and it is learned anew.
    """

    least: float
    most: float
    at: float = -1e9

    def narrowed(self, now: float, asked_at: float, read_at: float) -> "ClockGap":
        """With one more answer: `now`, asked for and read at these moments."""
        drift = DRIFT * (read_at - self.at)
        least, most = max(now - read_at, self.least - drift), min(now - asked_at, self.most + drift)
        if least > most:
            least, most = now - read_at, now - asked_at
        return ClockGap(least, most, read_at)


_gaps = [ClockGap(-1e12, 1e12)]


@dataclass(slots=True)
class Pool:
    """A pool's row while it is locked."""

    pk: UUID
    per_second: int
    per_day: int
    token_per_second: int
    pacing: str
    jitter: float
    closed_until: float | None
    probe: int | None
    next_at: float
    slow_factor: float
    slowed_at: float
    foreign_calls: int
    foreign_day: int
    state: dict[str, Any] = field(repr=False)  # JSON: turns and plan
    now: float = 0.0
    clock: ClockGap = ClockGap(0.0, 0.0)

    def read(self, now: float, asked_at: float) -> None:
        """What the database's clock said to a question of this moment, by this process's monotonic clock."""
        self.now = now
        self.clock = _gaps[0] = _gaps[0].narrowed(now, asked_at, time.monotonic())

    def slow_factor_now(self) -> float:
        """How much slower than its limit it goes."""
        return Slowness(self.slow_factor, self.slowed_at).at(self.now)

    def step(self) -> float:
        """Seconds between two sendings in the paced mode."""
        return next_send(0.0, self.per_second, self.jitter, self.slow_factor_now())

    @property
    def today(self) -> date:
        """The UTC day, by the database's clock."""
        return day_of(self.now)


def day_of(moment: float) -> date:
    """The UTC day of a moment."""
    return datetime.fromtimestamp(moment, UTC).date()


@contextmanager
def ledger() -> Iterator[CursorWrapper]:
    """A transaction of the ledger."""
    with statement() as cursor, transaction.atomic(using=OPERATOR):
        yield cursor


@contextmanager
def statement() -> Iterator[CursorWrapper]:
    """One statement of the ledger, a transaction by itself.

    The connection goes back at once: whoever waits for a turn must not keep it from others.
    """
    database = databases[OPERATOR]
    outer = database.in_atomic_block
    try:
        with database.cursor() as cursor:
            yield cursor
    finally:
        if not outer:
            database.close()


_POOL = """
SELECT calls_per_second, calls_per_day, token_calls_per_second, pacing, jitter_ms / 1000.0::float8,
    extract(epoch FROM closed_until)::float8, probe, coalesce(extract(epoch FROM next_at), 0)::float8,
    slow_factor, coalesce(extract(epoch FROM slowed_at), 0)::float8, foreign_calls,
    coalesce(foreign_day - DATE '1970-01-01', 0), state::text, extract(epoch FROM clock_timestamp())::float8
FROM connections_quotapool WHERE id = %s
"""


def read(cursor: CursorWrapper, pool_id: UUID) -> Pool:
    """The pool's row as it is. Raises LookupError: there is no such pool."""
    return _read(cursor, pool_id, "")


def lock(cursor: CursorWrapper, pool_id: UUID) -> Pool:
    """The pool's row, locked. Raises LookupError: there is no such pool."""
    found = _read(cursor, pool_id, "FOR NO KEY UPDATE")
    asked_at = time.monotonic()
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")  # after the wait for the lock
    found.read(float(one(cursor)[0]), asked_at)
    return found


def try_lock(cursor: CursorWrapper, pool_id: UUID) -> Pool | None:
    """The same without waiting: None while another holds it."""
    try:
        return _read(cursor, pool_id, "FOR NO KEY UPDATE SKIP LOCKED")
    except LookupError:
        return None


def _read(cursor: CursorWrapper, pool_id: UUID, how: str) -> Pool:
    asked_at = time.monotonic()
    cursor.execute(f"{_POOL} {how}", [pool_id])
    row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no pool {pool_id}")
    values = (*row[:-2], json.loads(row[-2]))
    found = Pool(pool_id, *values)
    if "FOR" not in how or "SKIP" in how:
        found.read(row[-1], asked_at)
    return found


_PLACE = """
SELECT number, extract(epoch FROM free_at)::float8, count(*) OVER (), bool_or(extract(epoch FROM free_at) - %(now)s >
    CASE WHEN ticket IS NULL THEN %(longest)s ELSE %(hold)s END) OVER ()
FROM connections_quotaslot WHERE pool_id = %(pool)s AND purpose = %(purpose)s AND number <= %(places)s
ORDER BY 2, 1 LIMIT 1
"""


def opening(cursor: CursorWrapper, pool: Pool, purpose: str, places: int, hold: float) -> tuple[int, float]:
    """The anchored place that is free first, and since or from when."""
    values: dict[str, Any] = {"pool": pool.pk, "purpose": purpose, "places": places, "now": pool.now}
    # What is further ahead was written by another time; a turn that was given out early is not.
    values |= {"hold": hold + MOST_AHEAD + 0.1, "longest": SLOWEST + 0.1}
    cursor.execute(_PLACE, values)
    row = cursor.fetchone()
    if row is not None and row[3]:
        _set_right(cursor, pool, purpose)
        cursor.execute(_PLACE, values)
        row = cursor.fetchone()
    if row is not None and (row[1] <= pool.now or row[2] >= places):
        return int(row[0]), float(row[1])
    cursor.execute(
        "SELECT min(n) FROM generate_series(1, %s) n WHERE n NOT IN "
        "(SELECT number FROM connections_quotaslot WHERE pool_id = %s AND purpose = %s)",
        [places, pool.pk, purpose],
    )
    return int(one(cursor)[0]), pool.now


def _set_right(cursor: CursorWrapper, pool: Pool, purpose: str) -> None:
    """The clock was set back: what was written by the other time holds for a second, not until it comes again."""
    cursor.execute(
        "UPDATE connections_quotaslot SET free_at = to_timestamp(%s) "
        "WHERE pool_id = %s AND purpose = %s AND free_at > to_timestamp(%s)",
        [pool.now + 1.0, pool.pk, purpose, pool.now + 1.0],
    )


def next_send_at(cursor: CursorWrapper, pool: Pool) -> float:
    """When the paced mode sends again; set right as the places are."""
    if pool.next_at > pool.now + MOST_AHEAD + 2 * pool.step():
        pool.next_at = pool.now + pool.step()
        cursor.execute(
            "UPDATE connections_quotapool SET next_at = to_timestamp(%s) WHERE id = %s",
            [pool.next_at, pool.pk],
        )
    return pool.next_at


def one(cursor: CursorWrapper) -> tuple[Any, ...]:
    """The row of a statement that always answers one."""
    row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None, "the statement always answers a row"
    return row
