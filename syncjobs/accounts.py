"""Linked accounts with what their jobs know of them: last success, last job, who asks for a person, who is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from connections import health
from connections.health import Health
from connections.models import Connection
from syncjobs import filters
from syncjobs.imports import progress
from syncjobs.imports.progress import Progress
from syncjobs.models import SyncJob

# A job that has been due this long and that nobody has taken up is late: no worker is there, or too few.
DUE_FOR: Final = timedelta(minutes=5)
# Reasons to wait that pass within a second or two, or belong to the work itself.
_SHORT_WAITS: Final = ("", "throttled")
_NOBODY_CAME: Final = "A job of it has been due for some minutes, and no worker has taken it up."


@dataclass(frozen=True)
class Account:
    """One line of the list."""

    row: Connection
    health: Health
    last_success_at: datetime | None
    job: SyncJob | None
    progress: Progress | None


def asking() -> Q:
    """Jobs that wait for a person."""
    return Q(state=SyncJob.State.ATTENTION)


def behind(now: datetime) -> Q:
    """Jobs that wait for something that takes its time, or that nobody has taken up."""
    waits = Q(state=SyncJob.State.WAITING) & ~Q(reason__in=_SHORT_WAITS)
    due = Q(state__in=[SyncJob.State.QUEUED, SyncJob.State.WAITING], not_before__lt=now - DUE_FOR)
    lost = Q(state=SyncJob.State.RUNNING, lease_until__lt=now - DUE_FOR)
    return waits | due | lost


def with_work(rows: "QuerySet[Connection]", now: datetime) -> "QuerySet[Connection]":
    """The connections, each knowing whether a job of it asks for somebody (`asks`) or is late (`behind`)."""
    jobs = SyncJob.objects.filter(filters.PEOPLES, connection=OuterRef("pk"))
    return rows.alias(asks=Exists(jobs.filter(asking())), behind=Exists(jobs.filter(behind(now))))


def count_by_health(rows: "QuerySet[Connection]") -> dict[str, int]:
    """How many there are of each health, and `all`; `rows` come from `with_work`. Inside the scope."""
    counts = {name: Count("pk", filter=condition) for name, (_, condition) in health.CONDITIONS.items()}
    found: dict[str, int] = rows.order_by().aggregate(all=Count("pk"), **counts)
    return found


def with_last(rows: "QuerySet[Connection]", now: datetime) -> "QuerySet[Connection]":
    """The connections with when one of their jobs was last done, their newest job, and the one that matters most."""
    jobs = SyncJob.objects.filter(filters.PEOPLES, connection=OuterRef("pk")).order_by("-created_at")
    done = jobs.filter(state=SyncJob.State.DONE).order_by("-ended_at")
    return health.with_token(rows).annotate(
        last_success_at=Subquery(done.values("ended_at")[:1]),
        last_job=Subquery(jobs.values("pk")[:1]),
        asking_job=Subquery(jobs.filter(asking()).values("pk")[:1]),
        late_job=Subquery(jobs.filter(behind(now)).values("pk")[:1]),
    )


def describe(rows: Sequence[Connection]) -> list[Account]:
    """The lines of a page of `with_last`, by two queries however many they are. Inside the scope."""
    named = {getattr(row, name) for row in rows for name in ("last_job", "asking_job", "late_job")} - {None}
    jobs = list(SyncJob.objects.filter(pk__in=named))
    found = {job.pk: (job, shown) for job, shown in progress.describe_all(jobs)} if jobs else {}
    return [_described(row, found) for row in rows]


def _described(row: Connection, found: dict[UUID, tuple[SyncJob, Progress]]) -> Account:
    def job_of(name: str) -> tuple[SyncJob, Progress] | tuple[None, None]:
        return found.get(getattr(row, name), (None, None))

    asks, late = job_of("asking_job")[0], job_of("late_job")[0]
    job, shown = job_of("last_job")
    state = health.of(row, asks=_asks(asks) if asks else "", behind=_behind(late) if late else "")
    return Account(row, state, row.last_success_at, job, shown)  # type: ignore[attr-defined]  # see with_last


def health_of(row: Connection, now: datetime) -> Health:
    """The health of one connection, its jobs counted in. Inside the scope."""
    jobs = SyncJob.objects.filter(filters.PEOPLES, connection=row).order_by("-created_at")
    asks = jobs.filter(asking()).first()
    late = None if asks else jobs.filter(behind(now)).first()
    return health.of(row, asks=_asks(asks) if asks else "", behind=_behind(late) if late else "")


def _asks(job: SyncJob) -> str:
    return job.explanation or "An import waits for somebody to look at it."


def _behind(job: SyncJob) -> str:
    return job.explanation or _NOBODY_CAME
