"""Tickets as rows: the SQL of asking for a turn, of waiting for it and of its end, as the operators' role.

What a workspace may see of it, its own rows, stands behind row-level security; nothing of another's leaves
`connections.quota`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from connections.prepared import Prepared, Statement
from connections.quota.pacing import free_again
from connections.quota.pools import UNSURE, Ledger, Pool, ledger, read, statement

# Who has not looked after a ticket for so long waits no more.
LOST_SECONDS: Final = 3.0
# A call that got no answer keeps its place this much longer: its bytes may still be on the way.
LATE_ARRIVAL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a call to go: on whose behalf, in which class, by which of the provider's two counters."""

    pool_id: UUID
    purpose: str
    call_class: str
    tenant_id: UUID | None = None
    environment_id: UUID | None = None
    connection_id: UUID | None = None
    job_id: UUID | None = None

    @property
    def tenant(self) -> str:
        """As `connections.quota.fairshare` names it."""
        return str(self.tenant_id or "")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that is not taken yet, with what is known of its tenant at this pool."""

    number: int
    asker: Asker
    entered_at: float
    weight: int
    used: int  # its tenant's calls of today on this side: interactive ones, or work
    turns: dict[str, Any]  # JSON: by purpose and rank, [finish, stood, services, {job: stood}]
    allowance: float
    allowance_at: float
    blocked_until: float  # its account takes no bulk work until then
    account_used: int  # its account's calls of today, without consent


_ENTER = Prepared(
    "ticket",
    "INSERT INTO connections_ticket (pool_id, purpose, call_class, tenant_id, environment_id, connection_id, "
    "job_id, entered_at, seen_at) VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp()) "
    "RETURNING id",
)


def entering(asker: Asker) -> Statement:
    """The statement that lets a call wait, and answers its number."""
    return _ENTER, [
        asker.pool_id,
        asker.purpose,
        asker.call_class,
        asker.tenant_id,
        asker.environment_id,
        asker.connection_id,
        asker.job_id,
    ]


_WAITING = Prepared(
    "waiting",
    """
WITH clock AS (SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS today)
SELECT t.id, t.call_class, t.tenant_id, t.environment_id, t.connection_id, t.job_id,
    extract(epoch FROM t.entered_at)::float8, coalesce(s.weight, 1),
    CASE WHEN s.day <> k.today THEN 0 WHEN t.call_class = 'interactive' THEN s.persons ELSE s.work END,
    coalesce(s.turns::text, '{}'), s.allowance, coalesce(extract(epoch FROM s.allowance_at), 0)::float8,
    CASE WHEN t.call_class IN ('bulk', 'backfill') THEN extract(epoch FROM c.queue_full_until)::float8 END,
    (SELECT coalesce(sum(u.used), 0) FROM connections_quotause u WHERE u.pool_id = t.pool_id AND u.day = k.today
        AND u.tenant_id = t.tenant_id AND u.environment_id = t.environment_id AND u.connection_id = t.connection_id
        AND u.purpose = 'api' AND u.call_class <> 'consent'),
    coalesce((SELECT d.used FROM connections_quotaday d WHERE d.pool_id = t.pool_id AND d.day = k.today), 0)
FROM clock k CROSS JOIN connections_ticket t
    LEFT JOIN connections_quotashare s ON s.pool_id = t.pool_id AND s.tenant_id = t.tenant_id
    LEFT JOIN connections_connection c ON c.id = t.connection_id
WHERE t.pool_id = %(pool)s AND t.purpose = %(purpose)s AND t.taken_at IS NULL AND t.starts_at IS NULL
    AND abs(extract(epoch FROM t.seen_at) - extract(epoch FROM statement_timestamp())) < %(lost)s::float8
ORDER BY t.id
""",
)


def asking(pool_id: UUID, purpose: str) -> Statement:
    """The statement that finds every ticket that somebody waits for, in the order of arrival."""
    return _WAITING, {"pool": pool_id, "purpose": purpose, "lost": LOST_SECONDS}


def waiting(pool_id: UUID, purpose: str, rows: Sequence[Sequence[Any]]) -> tuple[list[Waiting], int]:
    """The tickets that `asking` answered, and the pool's calls of today."""
    return [_waiting(pool_id, purpose, row) for row in rows], int(rows[0][-1]) if rows else 0


def _waiting(pool_id: UUID, purpose: str, row: Sequence[Any]) -> Waiting:
    number, call_class, tenant, environment, connection, job, entered, weight, used, turns = row[:10]
    allowance, allowance_at, blocked_until, account_used = row[10:-1]
    asker = Asker(pool_id, purpose, call_class, tenant, environment, connection, job)
    burst = -1.0 if allowance is None else float(allowance)
    return Waiting(
        number,
        asker,
        entered,
        weight,
        used or 0,
        json.loads(turns),
        burst,
        allowance_at,
        blocked_until or 0.0,
        int(account_used),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a call charged: its workspace's share of the day at the pool, and its account's calls.

    Args:
        used: the workspace's interactive calls of today, this one too; `account_used` those about the account.
        now: the database's time.
    """

    pool_id: UUID
    tenant_id: UUID
    connection_id: UUID | None
    share: int
    used: int
    account_used: int
    now: float


@dataclass(frozen=True, slots=True)
class Granted:
    """A turn that was given out.

    Args:
        starts_at: its moment by the database's clock, and `moment` by this process's monotonic one.
        clock: the database's time less this process's monotonic one, or a little more: an answer is timed by it.
        rest: how long its place rests after the answer.
        slack: how much later than its moment the call may still leave; None: as late as it likes.
        is_probe: it is the one that tries whether the provider's new day has begun.
        standing: how the caller stands with it, where the one who gave it out knew.
    """

    starts_at: float
    moment: float
    clock: float
    rest: float = 1.0
    slack: float | None = None
    is_probe: bool = False
    standing: Standing | None = None


def granted(pool: Pool, starts_at: float) -> Granted:
    """A turn of this pool at this moment."""
    slack = pool.jitter / 2 if pool.pacing == "paced" else None
    rest = free_again(0.0, pool.slow_factor_now())
    return Granted(
        starts_at,
        starts_at - pool.clock.least + UNSURE,
        pool.clock.most + UNSURE,
        rest,
        slack,
        pool.closed_until is not None,
    )


def poll(asker: Asker, number: int) -> Granted | None:
    """Say that the ticket is still waited for, and take it if it was granted.

    Raises:
        LookupError: it was given up for lost.
    """
    with statement() as cursor:
        cursor.execute(
            "UPDATE connections_ticket SET seen_at = clock_timestamp(), "
            "taken_at = CASE WHEN starts_at IS NOT NULL THEN clock_timestamp() END WHERE id = %s "
            "RETURNING extract(epoch FROM starts_at)::float8",
            [number],
        )
        row = cursor.fetchone()
        if row is None:
            raise LookupError(number)
        return None if row[0] is None else granted(read(cursor, asker.pool_id), float(row[0]))


def refuse(asker: Asker, number: int) -> None:
    """The day has no call for this ticket: it leaves, and the hour keeps that a person was refused."""
    with ledger() as cursor:
        give_back(cursor, [number])
        if asker.call_class in {"interactive", "consent"}:
            cursor.execute(
                "INSERT INTO connections_quotahour AS h (pool_id, hour, call_class, used, refused) "
                "VALUES (%s, floor(extract(epoch FROM clock_timestamp()) / 3600)::int, %s, 0, 1) "
                "ON CONFLICT (pool_id, hour, call_class) DO UPDATE SET refused = h.refused + 1",
                [asker.pool_id, asker.call_class],
            )


def leave(number: int) -> None:
    """Nobody waits for the ticket any more; if it was granted meanwhile, the call is given back."""
    with ledger() as cursor:
        give_back(cursor, [number])


def lost(cursor: Ledger, pool: Pool) -> None:
    """Drop what nobody looks after: waiting tickets, grants that nobody took, calls whose end nobody saw."""
    cursor.execute(
        "SELECT id FROM connections_ticket WHERE pool_id = %s AND taken_at IS NULL "
        "AND abs(extract(epoch FROM coalesce(starts_at, seen_at)) - %s) > %s FOR UPDATE SKIP LOCKED",
        [pool.pk, pool.now, LOST_SECONDS],
    )
    give_back(cursor, [row[0] for row in cursor.fetchall()])
    cursor.execute(
        "DELETE FROM connections_ticket WHERE id IN (SELECT id FROM connections_ticket WHERE pool_id = %s "
        "AND taken_at < clock_timestamp() - interval '1 hour' FOR UPDATE SKIP LOCKED)",
        [pool.pk],
    )


_FREE = Prepared(
    "finish",
    """
WITH gone AS (DELETE FROM connections_ticket WHERE id = %(number)s)
UPDATE connections_quotaslot
SET ticket = NULL,
    free_at = least(clock_timestamp() + make_interval(secs => %(rest)s::float8), to_timestamp(%(free)s::float8))
WHERE pool_id = %(pool)s AND purpose = %(purpose)s AND ticket = %(number)s
""",
)


def finish(asker: Asker, number: int, answered_at: float, rest: float) -> None:
    """A call has ended, at this time of the database's: its place is free again after so many seconds.

    How long writing this takes is not lost to the place; a clock that has moved meanwhile cannot keep it longer.
    """
    values = {
        "number": number,
        "rest": rest,
        "free": free_again(answered_at, rest),
        "pool": asker.pool_id,
        "purpose": asker.purpose,
    }
    with statement() as cursor:
        cursor.execute(*_FREE.called(cursor, values))


_REFUND = """
WITH gone AS (
    DELETE FROM connections_ticket WHERE id = %s RETURNING *
), charge AS (
    SELECT *, (charged_at AT TIME ZONE 'UTC')::date AS day, floor(extract(epoch FROM charged_at) / 3600)::int AS hour
    FROM gone WHERE charged_at IS NOT NULL
), slot AS (
    UPDATE connections_quotaslot s SET ticket = NULL, free_at = clock_timestamp()
    FROM gone g WHERE s.pool_id = g.pool_id AND s.purpose = g.purpose AND s.ticket = g.id
), day AS (
    UPDATE connections_quotaday d SET used = greatest(d.used - 1, 0)
    FROM charge c WHERE c.purpose = 'api' AND d.pool_id = c.pool_id AND d.day = c.day
), hour AS (
    UPDATE connections_quotahour h SET used = greatest(h.used - 1, 0) FROM charge c
    WHERE c.purpose = 'api' AND h.pool_id = c.pool_id AND h.hour = c.hour AND h.call_class = c.call_class
), share AS (
    UPDATE connections_quotashare s SET persons = greatest(s.persons - (c.call_class = 'interactive')::int, 0),
        work = greatest(s.work - (c.call_class IN ('poll', 'bulk', 'backfill'))::int, 0) FROM charge c
    WHERE c.purpose = 'api' AND s.pool_id = c.pool_id AND s.tenant_id = c.tenant_id AND s.day = c.day
)
UPDATE connections_quotause u SET used = greatest(u.used - 1, 0) FROM charge c
WHERE u.pool_id = c.pool_id AND u.day = c.day AND u.tenant_id = c.tenant_id AND u.environment_id = c.environment_id
    AND u.connection_id IS NOT DISTINCT FROM c.connection_id AND u.call_class = c.call_class AND u.purpose = c.purpose
"""


def give_back(cursor: Ledger, numbers: Sequence[int]) -> None:
    """These calls never left: what they were charged goes back to the day that was charged."""
    for number in numbers:
        cursor.execute(_REFUND, [number])
