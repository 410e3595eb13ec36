"""What the provider's refusals do to a pool, as the operators' role: it is closed, slowed, or believed to be shared.

Our own calls cannot cause any of them while our count is right, so each also says that somebody else uses the key.
"""

from typing import Final
from uuid import UUID

from connections.quota import pacing, pools, sharing
from connections.quota.pacing import DAY_SECONDS
from connections.quota.pools import Ledger, Pool

# After midnight theirs and our clocks may differ by this much.
AFTER_MIDNIGHT_SECONDS: Final = 5.0
# Where even the call that tries whether the new day has begun is refused, another tries an hour later.
PROBE_AGAIN_SECONDS: Final = 3600.0
# So long after midnight a refusal may still be about the day before: clocks differ, and an answer may be slow.
EARLY_SECONDS: Final = 600.0
EARLY_AGAIN_SECONDS: Final = 30.0
# An account whose queue of activities is full gets no more bulk work for so long.
QUEUE_SECONDS: Final = 60
# What `throttled` alone may take from a day, as a share of it.
MOST_FOREIGN: Final = 0.5


def slow_down(pool_id: UUID) -> None:
    """The provider said `throttled`: slower for a minute, and some calls of the day are somebody else's."""
    with pools.ledger() as cursor:
        pool = pools.lock(cursor, pool_id)
        slowness = pacing.Slowness(pool.slow_factor, pool.slowed_at)
        if pool.now - slowness.since >= pacing.SECOND:  # calls that were under way together are one refusal
            slowness = slowness.heard(pool.now)
        cursor.execute(
            "UPDATE connections_quotapool SET slow_factor = %s, slowed_at = to_timestamp(%s) WHERE id = %s",
            [slowness.factor, slowness.since, pool_id],
        )
        known = sharing.foreign_today(pool)
        _believe(cursor, pool, max(known, min(known + 2 * pool.per_second, int(MOST_FOREIGN * pool.per_day))))


def close(pool_id: UUID) -> int:
    """The provider said `quota_exceeded`: closed until 00:00 UTC. How many calls of the day others seem to have made.

    Just after midnight it says nothing of the new day's use, which nobody can have spent yet: their clock may be
    behind ours, or the refused call was sent the day before. Another call tries soon. Nor does a refused probe.
    """
    with pools.ledger() as cursor:
        pool = pools.lock(cursor, pool_id)
        until = pool.now + pacing.until_midnight(pool.now) + AFTER_MIDNIGHT_SECONDS
        foreign = sharing.foreign_today(pool)
        if _is_early(pool):
            until = pool.now + EARLY_AGAIN_SECONDS
        elif pool.closed_until is not None and pool.closed_until <= pool.now:
            until = min(until, pool.now + PROBE_AGAIN_SECONDS)
        else:
            foreign = max(foreign, pool.per_day - sharing.used_today(cursor, pool))
            _believe(cursor, pool, foreign)
        cursor.execute(
            "UPDATE connections_quotapool SET closed_until = to_timestamp(%s), probe = NULL WHERE id = %s",
            [until, pool_id],
        )
        return foreign


def reopen(pool_id: UUID) -> None:
    """The probe was answered: everybody may go again."""
    with pools.ledger() as cursor:
        cursor.execute(
            "UPDATE connections_quotapool SET closed_until = NULL, probe = NULL "
            "WHERE id = %s AND closed_until <= clock_timestamp()",
            [pool_id],
        )


def forgive(pool_id: UUID) -> None:
    """Whatever the provider has said of this pool is over."""
    with pools.ledger() as cursor:
        cursor.execute(
            "UPDATE connections_quotapool SET closed_until = NULL, probe = NULL, foreign_calls = 0, slow_factor = 1 "
            "WHERE id = %s",
            [pool_id],
        )


def rest(connection_id: UUID) -> None:
    """This account has too much queued: its bulk work waits, and only its."""
    with pools.ledger() as cursor:
        cursor.execute(
            "UPDATE connections_connection SET queue_full_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s",
            [QUEUE_SECONDS, connection_id],
        )


def _is_early(pool: Pool) -> bool:
    """Whether the day is so young that even all of the key's users together cannot have spent half of it."""
    elapsed = pool.now % DAY_SECONDS
    return elapsed < min(EARLY_SECONDS, pool.per_day / pool.per_second / 2)


def _believe(cursor: Ledger, pool: Pool, calls: int) -> None:
    cursor.execute(
        "UPDATE connections_quotapool SET foreign_calls = %s, foreign_day = DATE '1970-01-01' + %s WHERE id = %s",
        [max(0, calls), int(pool.now // DAY_SECONDS), pool.pk],
    )
