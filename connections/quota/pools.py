"""A pool's row and its places, as the operators' role: a pool belongs to no workspace.

All times are the database's, as seconds since 1970.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError
from django.db import connections as databases
from django.db.backends.utils import CursorWrapper

from connections.prepared import Prepared, Rows, Statement, Values, answers, message
from connections.quota.pacing import SLOWEST, Slowness, next_send

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


class Ledger:
    """A transaction of the ledger: it begins with its first message to the database and ends with its last."""

    def __init__(self, cursor: CursorWrapper, *, is_nested: bool) -> None:
        self._cursor = cursor
        self._is_begun = self._is_ended = self._is_nested = is_nested

    def execute(self, sql: str | Prepared, values: Values = None) -> None:
        """One statement; its rows by `fetchone` and `fetchall`."""
        self._send([(sql, values)])

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row of the last statement."""
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows of the last statement."""
        return list(self._cursor.fetchall())

    def together(self, *statements: Statement) -> list[Rows]:
        """Statements in one message: what each of them answers."""
        self._send(statements)
        return answers(self._cursor)

    def last(self, sql: str | Prepared, values: Values = None) -> None:
        """The statement that ends it; nothing follows."""
        if self._is_nested:
            self.execute(sql, values)
            return
        self._is_ended = True
        self._send([(sql, values), ("COMMIT", None)])

    def end(self) -> None:
        """Keep what was done."""
        if self._is_begun and not self._is_ended:
            self._is_ended = True
            self._cursor.execute("COMMIT")

    def undo(self) -> None:
        """Forget it."""
        if self._is_begun and not self._is_nested:
            self._is_ended = True
            with suppress(DatabaseError):  # a connection that is lost has forgotten it
                self._cursor.execute("ROLLBACK")

    def _send(self, statements: Sequence[Statement]) -> None:
        text = message(self._cursor, *statements)
        begins, self._is_begun = not self._is_begun, True
        self._cursor.execute(f"BEGIN; {text}" if begins else text)
        if begins:
            self._cursor.nextset()


@contextmanager
def ledger() -> Iterator[Ledger]:
    """A transaction of the ledger."""
    with statement() as cursor:
        found = Ledger(cursor, is_nested=cursor.db.in_atomic_block)
        try:
            yield found
        except BaseException:
            found.undo()
            raise
        found.end()


@contextmanager
def statement() -> Iterator[CursorWrapper]:
    """One statement of the ledger, a transaction by itself.

    The connection goes back at once: whoever waits for a turn must not keep it from others. It is taken from the
    pool as it is, because making it a thread's own and no longer takes as long as a statement.
    """
    database = databases[OPERATOR]
    pool = database.pool  # type: ignore[attr-defined]  # newer than the stubs
    if pool is None or database.in_atomic_block:
        with database.cursor() as cursor:
            yield cursor
        return
    with database.wrap_database_errors:
        pool.open()
        connection = pool.getconn()
    try:
        with database.make_cursor(connection.cursor()) as cursor:
            yield cursor
    finally:
        pool.putconn(connection)


_POOL = """
SELECT calls_per_second, calls_per_day, token_calls_per_second, pacing, jitter_ms / 1000.0::float8,
    extract(epoch FROM closed_until)::float8, probe, coalesce(extract(epoch FROM next_at), 0)::float8,
    slow_factor, coalesce(extract(epoch FROM slowed_at), 0)::float8, foreign_calls,
    coalesce(foreign_day - DATE '1970-01-01', 0), state::text, extract(epoch FROM statement_timestamp())::float8
FROM connections_quotapool WHERE id = %s
"""


def read(cursor: Ledger | CursorWrapper, pool_id: UUID) -> Pool:
    """The pool's row as it is. Raises LookupError: there is no such pool."""
    return _read(cursor, pool_id, "")


def lock(cursor: Ledger, pool_id: UUID) -> Pool:
    """The pool's row, locked. Raises LookupError: there is no such pool."""
    found = _read(cursor, pool_id, "FOR NO KEY UPDATE")
    asked_at = time.monotonic()
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")  # after the wait for the lock
    found.read(float(one(cursor)[0]), asked_at)
    return found


_LOCKING = Prepared("pool", f"{_POOL} FOR NO KEY UPDATE SKIP LOCKED")


def locking(pool_id: UUID) -> Statement:
    """The statement that locks a pool's row without waiting; it answers no row while another holds it."""
    return _LOCKING, [pool_id]


def locked(pool_id: UUID, row: Sequence[Any], asked_at: float) -> Pool:
    """The pool of what `locking` answered to a message of this moment."""
    found = _pool(pool_id, row)
    found.read(row[-1], asked_at)
    return found


def _read(cursor: Ledger | CursorWrapper, pool_id: UUID, how: str) -> Pool:
    asked_at = time.monotonic()
    cursor.execute(f"{_POOL} {how}", [pool_id])
    row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no pool {pool_id}")
    return _pool(pool_id, row) if how else locked(pool_id, row, asked_at)


def _pool(pool_id: UUID, row: Sequence[Any]) -> Pool:
    values = (*row[:-2], json.loads(row[-2]))
    return Pool(pool_id, *values)


# The place that is free first; how many there are; whether one is free too late to be true; the first number of none.
# What is further ahead was written by another time; a turn that was given out early is not.
_PLACE = Prepared(
    "place",
    """
WITH seat AS (
    SELECT number, row_number() OVER (ORDER BY number) AS rank, extract(epoch FROM free_at)::float8 AS free_at,
        ticket IS NULL AS is_resting
    FROM connections_quotaslot WHERE pool_id = %(pool)s AND purpose = %(purpose)s AND number <=
        (SELECT CASE %(purpose)s WHEN 'api' THEN calls_per_second ELSE token_calls_per_second END
        FROM connections_quotapool WHERE id = %(pool)s)
)
SELECT number, free_at, count(*) OVER (), bool_or(free_at - extract(epoch FROM statement_timestamp())::float8 >
    CASE WHEN is_resting THEN %(longest)s::float8 ELSE %(hold)s::float8 END) OVER (),
    coalesce(min(rank) FILTER (WHERE rank <> number) OVER (), count(*) OVER () + 1)
FROM seat ORDER BY 2, 1 LIMIT 1
""",
)


def seeking(pool_id: UUID, purpose: str, hold: float) -> Statement:
    """The statement that finds the anchored place that is free first."""
    values = {"pool": pool_id, "purpose": purpose, "hold": hold + MOST_AHEAD + 0.1, "longest": SLOWEST + 0.1}
    return _PLACE, values


def opening(
    cursor: Ledger, pool: Pool, purpose: str, places: int, hold: float, seat: Sequence[Any] | None
) -> tuple[int, float]:
    """The anchored place that is free first, and since or from when; `seat` is the row that `seeking` answered."""
    if seat is not None and seat[3]:
        _set_right(cursor, pool, purpose)
        cursor.execute(*seeking(pool.pk, purpose, hold))
        seat = cursor.fetchone()
    if seat is None:
        return 1, pool.now
    if seat[1] <= pool.now or seat[2] >= places:
        return int(seat[0]), float(seat[1])
    return int(seat[4]), pool.now


def _set_right(cursor: Ledger, pool: Pool, purpose: str) -> None:
    """The clock was set back: what was written by the other time holds for a second, not until it comes again."""
    cursor.execute(
        "UPDATE connections_quotaslot SET free_at = to_timestamp(%s) "
        "WHERE pool_id = %s AND purpose = %s AND free_at > to_timestamp(%s)",
        [pool.now + 1.0, pool.pk, purpose, pool.now + 1.0],
    )


def next_send_at(cursor: Ledger, pool: Pool) -> float:
    """When the paced mode sends again; set right as the places are."""
    if pool.next_at > pool.now + MOST_AHEAD + 2 * pool.step():
        pool.next_at = pool.now + pool.step()
        cursor.execute(
            "UPDATE connections_quotapool SET next_at = to_timestamp(%s) WHERE id = %s",
            [pool.next_at, pool.pk],
        )
    return pool.next_at


def one(cursor: Ledger | CursorWrapper) -> tuple[Any, ...]:
    """The row of a statement that always answers one."""
    row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None, "the statement always answers a row"
    return row
