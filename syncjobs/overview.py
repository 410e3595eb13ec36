"""What Home shows of an environment: what needs somebody, the last day in numbers, and how far the set-up is.

Owns the questions to the database, few and the same number however many accounts there are; the words and links
that come of them stand in `syncjobs.checklist` and in the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce, JSONObject

from connections import health, tenancy
from connections.models import Connection, Environment, ProviderApp, QuotaDay, QuotaPool
from connections.scoping import Scope
from mapping.models import FieldMapping
from syncjobs import filters
from syncjobs.models import SyncJob

MOST_SHOWN: Final = 10
DAY: Final = timedelta(hours=24)
OUTCOMES: Final = ("created", "updated", "unchanged", "skipped", "rejected")
NEARLY_USED: Final = 0.9


@dataclass(frozen=True)
class Short:
    """The first few of a list, and how many more there are; `is_least`: at least so many, the rest was not counted."""

    rows: Sequence[Any]  # connections or jobs
    more: int
    is_least: bool = False


@dataclass(frozen=True)
class Quota:
    """An application whose calls of today are nearly used, or used.

    `used` is None where others use it too: how much they have called is not this workspace's to know.
    """

    name: str
    used: int | None
    most: int
    is_closed: bool


@dataclass(frozen=True)
class SetUp:
    """How far the way to the first real contact is."""

    tried: bool
    real: bool
    mapped: bool
    arrived: bool
    first: UUID | None
    is_only_one: bool
    can_link_test: bool
    can_link_live: bool

    @property
    def is_done(self) -> bool:
        """Nothing is left to do."""
        return self.real and self.mapped and self.arrived


@dataclass(frozen=True)
class Overview:
    """All of Home."""

    accounts: Short
    jobs: Short
    quotas: list[Quota]
    day: dict[str, int] | None
    set_up: SetUp


def look(scope: Scope, now: datetime) -> Overview:
    """Everything, as it is now. Outside a transaction: the other environment is asked in one of its own."""
    with scope.transaction():
        apps = list(_apps(now))
        quotas = [found for app in apps if (found := _quota(app, now))]
        accounts, jobs = _shared_out(_accounts(), _jobs(now), MOST_SHOWN - len(quotas))
        facts = {row.kind: row for row in _facts(now)}
    here = facts[scope.environment]
    other = next(row for kind, row in facts.items() if kind != scope.environment)
    linked = {
        scope.environment: here.first is not None,
        other.kind: _is_linked(scope.tenant_id, other.pk),
    }
    kinds = {app.kind for app in apps}
    set_up = SetUp(
        tried=linked["test"],
        real=linked["live"],
        mapped=here.mapped,
        arrived=here.arrived is not None,
        first=here.first,
        is_only_one=here.second is None,
        can_link_test="test" in kinds,
        can_link_live="live" in kinds,
    )
    return Overview(accounts, jobs, quotas, here.day, set_up)


def _accounts() -> list[Connection]:
    """Links that somebody has to connect again, the longest known first."""
    rows = Connection.objects.filter(health.CONDITIONS["reconnect"][1])
    return list(rows.annotate(in_all=Window(Count("pk"))).order_by("created_at", "pk")[:MOST_SHOWN])


def _jobs(now: datetime) -> list[SyncJob]:
    """Jobs that somebody has to look at, the newest first; counted as far as a list of jobs counts them."""
    newest = SyncJob.objects.filter(filters.needing(now)).order_by("-created_at", "-pk")
    counted = newest.values("pk")[: filters.MOST_COUNTED]
    rows = SyncJob.objects.filter(pk__in=counted).select_related("connection")
    return list(rows.annotate(in_all=Window(Count("pk"))).order_by("-created_at", "-pk")[:MOST_SHOWN])


def _shared_out(accounts: list[Connection], jobs: list[SyncJob], most: int) -> tuple[Short, Short]:
    """So many together; neither kind hides the other."""
    shown_accounts = accounts[: max(most // 2, most - len(jobs))]
    shown_jobs = jobs[: most - len(shown_accounts)]
    many = _in_all(jobs)
    is_least = many == filters.MOST_COUNTED
    return (
        Short(shown_accounts, _in_all(accounts) - len(shown_accounts)),
        Short(shown_jobs, many - len(shown_jobs), is_least),
    )


def _in_all(rows: Sequence[Any]) -> int:
    return int(rows[0].in_all) if rows else 0


def _apps(now: datetime) -> Any:
    """The applications that link accounts of this workspace, and what they have spent of the day (UTC)."""
    today = QuotaDay.objects.filter(pool=OuterRef("pool"), day=now.date()).values("used")[:1]
    return ProviderApp.objects.select_related("pool").annotate(
        used=Coalesce(Subquery(today), 0, output_field=IntegerField()),
        in_use=Exists(Connection.objects.filter(provider_app=OuterRef("pk"))),
    )


def _quota(app: Any, now: datetime) -> Quota | None:
    """An application of this environment's accounts that has little or nothing left."""
    pool: QuotaPool = app.pool
    closed = app.used >= pool.calls_per_day or (pool.closed_until is not None and pool.closed_until > now)
    is_own = app.tenant_id is not None
    if not app.in_use or not (closed or (is_own and app.used >= NEARLY_USED * pool.calls_per_day)):
        return None
    return Quota(app.name, app.used if is_own else None, pool.calls_per_day, closed)


def _facts(now: datetime) -> Any:
    """Both environments' rows; what is annotated holds for the one whose context is open."""
    linked = _linked()
    to_address = FieldMapping.objects.filter(kind=FieldMapping.Kind.STANDARD, target="email")
    came = SyncJob.objects.filter(Q(created__gt=0) | Q(updated__gt=0), ended_at__isnull=False)
    latest = came.order_by("-created_at", "-pk").values("pk")
    return Environment.objects.annotate(
        mapped=Exists(to_address),
        arrived=Subquery(latest[:1]),
        first=Subquery(linked[:1]),
        second=Subquery(linked[1:2]),
        day=Subquery(_day(now)),
    )


def _day(now: datetime) -> Any:
    """How the rows of all jobs ended that ended in the last 24 hours, as one object; none where none has."""
    ended = SyncJob.objects.filter(ended_at__gte=now - DAY).order_by().values("environment")
    return ended.annotate(sums=JSONObject(**{name: Sum(name) for name in OUTCOMES})).values("sums")


def _is_linked(tenant_id: UUID, environment_id: UUID) -> bool:
    """Whether the other environment has a working account: yes or no is all that crosses over."""
    with tenancy.acting_for(tenant_id, environment_id):
        return _linked().first() is not None


def _linked() -> "QuerySet[Connection, Any]":  # Any: as values() has them
    """Working accounts, the oldest first: their order has PostgreSQL look among this environment's only."""
    return (
        Connection.objects.filter(status=Connection.Status.ACTIVE).order_by("created_at", "pk").values("pk")
    )
