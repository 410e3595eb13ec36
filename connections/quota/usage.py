"""What is used, left, reserved and expected of a day: of a whole pool for its operators, of a workspace for itself.

A workspace is shown its own calls and its own share; what the pool has left for others appears in neither.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum

from connections.models import QuotaShare, QuotaUse
from connections.quota import pools, sharing, turnstile
from connections.quota.daybudget import Plan
from connections.quota.fairshare import CLASSES
from connections.quota.forecast import forecast
from connections.quota.pacing import until_midnight
from connections.quota.pools import Ledger, Pool
from connections.scoping import Scope

# What each class of calls is for, in the order in which they are served.
CALLS_FOR: Final[Mapping[str, str]] = {
    "consent": "Unsubscribes",
    "interactive": "Pages and programs that wait for an answer",
    "control": "Looking after bulk jobs",
    "poll": "Looking for changes",
    "bulk": "Imports and changes",
    "backfill": "First readings of an account",
}


@dataclass(frozen=True)
class ClassUse:
    """One class of a pool's day: calls made, still kept for it, and expected in the rest (None: not known yet)."""

    call_class: str
    used: int
    kept: int
    expected: int | None


@dataclass(frozen=True)
class TenantUse:
    """One workspace's day at a pool: its interactive calls and its work, each with its share of the day."""

    tenant_id: UUID
    name: str
    weight: int
    used: int
    share: int
    work: int
    share_of_work: int
    expected: int
    by_class: Mapping[str, int]


@dataclass(frozen=True)
class PoolUse:
    """A pool's day.

    Args:
        budget: what is spent at most: the limit without a safety margin and what others are thought to use.
        left: of the budget, reserved calls included.
        by_purpose: calls to the API and to the token endpoint, which has no part in the day.
        waiting: calls that wait for a turn now.
    """

    day: date
    limit: int
    budget: int
    foreign: int
    used: int
    left: int
    resets_at: datetime
    closed_until: datetime | None
    waiting: int
    classes: list[ClassUse]
    tenants: list[TenantUse]
    by_purpose: Mapping[str, int]

    @property
    def reserved(self) -> int:
        """Calls kept back for classes that have not asked yet."""
        return sum(one.kept for one in self.classes)


@dataclass(frozen=True)
class OwnUse:
    """A workspace's own day at one pool.

    Args:
        used: its interactive calls of today, in both environments: people and programs that wait.
        share: how many of those it may have made when it makes the last one; `left` is what remains of it.
        work: calls of its jobs, in both environments; `share_of_work` is what they may come to for now.
        by_class: calls of this environment; so are the counts behind it.
    """

    day: date
    used: int
    share: int
    left: int
    work: int
    share_of_work: int
    resets_at: datetime
    by_class: Mapping[str, int]
    by_purpose: Mapping[str, int]
    by_account: Mapping[UUID | None, int] = field(default_factory=dict)


def overview(pool_id: UUID) -> PoolUse:
    """A pool's day as it stands. For operators: it names every workspace.

    Raises:
        LookupError: there is no such pool.
    """
    with pools.ledger() as cursor:
        pool = pools.lock(cursor, pool_id)
        plan = sharing.kept(pool) or sharing.renewed(cursor, pool, [])
        sharing.write(cursor, pool)
        used = sharing.used_today(cursor, pool)
        cursor.execute(
            "SELECT count(*) FROM connections_ticket WHERE pool_id = %s AND starts_at IS NULL", [pool_id]
        )
        (waiting,) = cursor.fetchone() or (0,)
        uses = _uses(cursor, pool)
        closed = pool.closed_until
        return PoolUse(
            day=pool.today,
            limit=pool.per_day,
            budget=plan.budget,
            foreign=sharing.foreign_today(pool),
            used=used,
            left=max(0, plan.budget - used),
            resets_at=_moment(pool.now + until_midnight(pool.now)),
            closed_until=_moment(closed) if closed is not None and closed > pool.now else None,
            waiting=int(waiting),
            classes=_classes(cursor, pool, plan),
            tenants=_tenants(cursor, pool, plan, uses),
            by_purpose=_purposes(used, uses),
        )


def own(scope: Scope, pool_id: UUID) -> OwnUse:
    """A workspace's day at a pool, in the scope's environment; the share counts both environments."""
    plan, weight, used, now = turnstile.standing(pool_id, scope.tenant_id, may_spend=False)
    share, share_of_work = plan.share("interactive", weight) or 0, plan.share("bulk", weight) or 0
    today = pools.day_of(now)
    by_class: dict[str, int] = defaultdict(int)
    by_purpose: dict[str, int] = defaultdict(int)
    by_account: dict[UUID | None, int] = defaultdict(int)
    with scope.transaction():
        rows = QuotaUse.objects.filter(pool_id=pool_id, day=today).order_by()
        found = rows.values_list("call_class", "purpose", "connection_id").annotate(total=Sum("used"))
        work = (
            QuotaShare.objects.filter(pool_id=pool_id, day=today).values_list("work", flat=True).first() or 0
        )
        for call_class, purpose, connection_id, total in found:
            by_purpose[purpose] += total
            if purpose == "api":
                by_class[call_class] += total
                by_account[connection_id] += total
    return OwnUse(
        today,
        used,
        share,
        max(0, share - used),
        work,
        share_of_work,
        _moment(now + until_midnight(now)),
        dict(by_class),
        dict(by_purpose),
        dict(by_account),
    )


def _classes(cursor: Ledger, pool: Pool, plan: Plan) -> list[ClassUse]:
    calls, since = sharing.history(cursor, pool)
    first = int(pool.now // 86_400) * 24
    cursor.execute(
        "SELECT call_class, sum(used) FROM connections_quotahour WHERE pool_id = %s AND hour >= %s GROUP BY 1",
        [pool.pk, first],
    )
    used = dict(cursor.fetchall())
    found = []
    for name in CLASSES:
        ahead = forecast(calls.get(name, {}), since, pool.now)
        expected = None if ahead is None else round(ahead.mean)
        found.append(ClassUse(name, int(used.get(name, 0)), plan.kept.get(name, 0), expected))
    return found


def _uses(cursor: Ledger, pool: Pool) -> list[tuple[Any, ...]]:
    cursor.execute(
        "SELECT tenant_id, call_class, purpose, sum(used) FROM connections_quotause "
        "WHERE pool_id = %s AND day = %s GROUP BY 1, 2, 3",
        [pool.pk, pool.today],
    )
    return list(cursor.fetchall())


def _tenants(cursor: Ledger, pool: Pool, plan: Plan, uses: list[tuple[Any, ...]]) -> list[TenantUse]:
    classes: dict[str, dict[str, int]] = defaultdict(dict)
    for tenant, call_class, purpose, total in uses:
        if purpose == "api":
            classes[str(tenant)][call_class] = int(total)
    claims = sharing.claims(cursor, pool, plan.wanting)
    # By the ledger's own connection: a second one beside it could be waited for in vain.
    cursor.execute(
        "SELECT id, name FROM connections_tenant WHERE id = ANY(%s::uuid[])",
        [[claim.tenant for claim in claims]],
    )
    names = dict(cursor.fetchall())
    found = [
        TenantUse(
            UUID(claim.tenant),
            names.get(UUID(claim.tenant), ""),
            claim.weight,
            claim.persons.used,
            plan.share("interactive", claim.weight) or 0,
            claim.work.used,
            plan.share("bulk", claim.weight) or 0,
            round(claim.persons.expected + claim.work.expected),
            classes.get(claim.tenant, {}),
        )
        for claim in claims
    ]
    return sorted(found, key=lambda one: (-one.used - one.work, one.name))


def _purposes(used: int, uses: list[tuple[Any, ...]]) -> dict[str, int]:
    tokens = sum(int(total) for _, _, purpose, total in uses if purpose == "token")
    return {"api": used, "token": tokens}


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
