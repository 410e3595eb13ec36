"""What programs see of jobs."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest
from ninja import Router, Schema

from connections import scoping
from connections.api.contract import Envelope, needs, scope_of
from connections.models import ProviderCall
from connections.quotause import CALLS_FOR
from connections.scoping import Scope
from syncjobs import limits
from syncjobs.models import SyncJob

router = Router(tags=["Jobs"])
PAGE = 100


class Counts(Schema):
    """Rows by outcome; once a job is done they add up to `accepted`."""

    accepted: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int


class Job(Schema):
    """One unit of work."""

    id: UUID
    kind: str
    integrated_account_id: UUID
    is_sandbox: bool
    state: str
    stage: str
    reason: str | None
    explanation: str | None
    counts: Counts
    provider_calls: dict[str, int]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobEnvelope(Envelope):
    """One job."""

    result: Job


class JobsEnvelope(Envelope):
    """A page of jobs."""

    result: list[Job]


class AccountCalls(Schema):
    """One account's calls of today; no id: links under way, or accounts that were removed."""

    integrated_account_id: UUID | None
    used: int


class Quota(Schema):
    """The workspace's part of today's provider calls.

    `used`, `share` and `left` are of interactive calls in both environments, `work` of jobs' calls, which may come to
    `share_of_work` for now. The counts by class, purpose and account are of this environment.
    """

    day: date
    used: int
    share: int
    left: int
    work: int
    share_of_work: int
    resets_at: datetime
    runs_out_at: datetime | None
    waiting_jobs: int
    by_class: dict[str, int]
    by_purpose: dict[str, int]
    by_account: list[AccountCalls]


class QuotaEnvelope(Envelope):
    """Today's provider calls; null while the environment has no application."""

    result: Quota | None


def shown(job: SyncJob, scope: Scope, calls: int) -> dict[str, Any]:
    """A job in the public API's words."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "integrated_account_id": job.connection_id,
        "is_sandbox": scope.environment == "test",
        "state": job.state,
        "stage": job.stage,
        "reason": job.reason or None,
        "explanation": job.explanation or None,
        "counts": {"accepted": job.accepted, **job.outcome_counts},
        "provider_calls": {"spent": calls},
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    }


@router.get("/jobs", response=JobsEnvelope, summary="List jobs")
@needs("jobs:read")
def list_jobs(request: HttpRequest, kind: str | None = None, state: str | None = None) -> dict[str, Any]:
    """The newest jobs of this environment."""
    scope = scope_of(request)
    with scope.transaction():
        rows = SyncJob.objects.order_by("-created_at", "id")
        if kind is not None:
            rows = rows.filter(kind=kind)
        if state is not None:
            rows = rows.filter(state=state)
        found = list(rows[:PAGE])
        calls = calls_of(found)
    return {"result": [shown(job, scope, calls.get(job.pk, 0)) for job in found], "result_count": len(found)}


@router.get("/jobs/{uuid:job_id}", response=JobEnvelope, summary="Get a job")
@needs("jobs:read")
def get_job(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """One job with its counts."""
    scope = scope_of(request)
    with scope.transaction():
        job = scoping.one(SyncJob.objects.all(), pk=job_id)
        return {"result": shown(job, scope, calls_of([job]).get(job.pk, 0))}


@router.get("/quota", response=QuotaEnvelope, summary="Today's provider calls")
@needs("jobs:read")
def get_quota(request: HttpRequest) -> dict[str, Any]:
    """What this workspace has used of today's calls, and what is left for it."""
    day = limits.look(scope_of(request), datetime.now(UTC))
    if day is None:
        return {"result": None, "result_count": 0}
    use = day.use
    result = {
        "day": use.day,
        "used": use.used,
        "share": use.share,
        "left": use.left,
        "work": use.work,
        "share_of_work": use.share_of_work,
        "resets_at": use.resets_at,
        "runs_out_at": day.runs_out_at,
        "waiting_jobs": len(day.waiting),
        "by_class": {name: use.by_class.get(name, 0) for name in CALLS_FOR},
        "by_purpose": use.by_purpose,
        "by_account": [
            {"integrated_account_id": one.connection_id, "used": one.used} for one in day.accounts
        ],
    }
    return {"result": result}


def calls_of(jobs: list[SyncJob]) -> dict[UUID, int]:
    """Provider calls that each job has made, token calls apart. Inside the scope."""
    found = (
        ProviderCall.objects.filter(job_id__in=[job.pk for job in jobs], purpose="api")
        .order_by()
        .values("job_id")
        .annotate(calls=Count("id"))
    )
    return {row["job_id"]: row["calls"] for row in found if row["job_id"]}
