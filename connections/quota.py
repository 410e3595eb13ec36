"""The quota's ledger: nothing is sent that was not charged first, to a pool that all its tenants share.

The limits are kept in PostgreSQL, so they hold across processes and restarts. A call holds one of the pool's
places from its charge until a second after its answer; with as many places as calls a second, no second can
see more arrivals than that, whatever the network and the clocks do. If the database does not answer, nothing
is sent.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from connections.constantcontact.errors import QuotaRefused
from connections.models import QuotaDay, QuotaPool

# A call that got no answer keeps its place this much longer: its bytes may still be on the way.
LATE_ARRIVAL_SECONDS = 5.0


@dataclass(frozen=True)
class Permit:
    """One charged call; `close` gives its place back."""

    pool_id: UUID
    purpose: str
    ticket: UUID

    def close(self, delivered: bool) -> None:
        """The call has ended. Refunds the charge only if no byte left."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT quota_settle(%s, %s, %s, %s)", [self.pool_id, self.purpose, self.ticket, delivered]
            )


def admit(
    pool_id: UUID,
    *,
    purpose: str = "api",
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Permit:
    """Charge one call and take a place, waiting for a turn at most `wait_seconds`.

    Args:
        pool_id: the pool of the application.
        purpose: `api`, or `token` for the token endpoint (own pace, not part of the day).
        wait_seconds: how long the caller can wait for a turn.
        sleep: for tests of the waiting itself.
        clock: the same.

    Raises:
        QuotaRefused: reason `quota_exceeded` (the day is spent) or `throttled` (no turn in time), with the
            seconds after which it is worth asking again.
        RuntimeError: a transaction is open; no provider call may be made inside one.
    """
    if purpose == "api" and connection.in_atomic_block:
        raise RuntimeError("No provider call inside a database transaction: leave the scope first.")
    ticket = uuid4()
    hold = settings.ENV.PROVIDER_TIMEOUT_SECONDS + LATE_ARRIVAL_SECONDS + 1.0
    deadline = clock() + wait_seconds
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM quota_admit(%s, %s, %s, %s)", [pool_id, purpose, ticket, hold])
            granted, wait, reason = cursor.fetchone() or (False, 1.0, "pace")
        if granted:
            return Permit(pool_id, purpose, ticket)
        if reason == "quota_exceeded":
            raise QuotaRefused("quota_exceeded", retry_after_seconds=wait)
        if clock() + min(wait, 0.25) > deadline:
            raise QuotaRefused("throttled", retry_after_seconds=wait)
        # A place is often given back long before its hold ends, so ask again soon.
        sleep(min(max(wait, 0.005), 0.05))


def close_for_today(pool_id: UUID) -> None:
    """The provider itself said the day is spent: nothing more until 00:00 UTC, whatever our count says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connections_quotapool SET closed_until = "
            "date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 day 5 seconds' "
            "WHERE id = %s",
            [pool_id],
        )


def used_today(pool: QuotaPool) -> int:
    """Calls charged to the pool on this UTC day."""
    total = QuotaDay.objects.filter(pool=pool, day=datetime.now(UTC).date()).aggregate(total=Sum("used"))[
        "total"
    ]
    return int(total or 0)
