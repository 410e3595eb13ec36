"""What programs see of jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest
from ninja import Router, Schema

from connections import scoping
from connections.api import Envelope, scope_of
from connections.models import ProviderCall
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


def shown(job: SyncJob, calls: int) -> dict[str, Any]:
    """A job in the public API's words."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "integrated_account_id": job.connection_id,
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
    return {"result": [shown(job, calls.get(job.pk, 0)) for job in found], "result_count": len(found)}


@router.get("/jobs/{uuid:job_id}", response=JobEnvelope, summary="Get a job")
def get_job(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """One job with its counts."""
    scope = scope_of(request)
    with scope.transaction():
        job = scoping.one(SyncJob.objects.all(), pk=job_id)
        return {"result": shown(job, calls_of([job]).get(job.pk, 0))}


def calls_of(jobs: list[SyncJob]) -> dict[UUID, int]:
    """Provider calls that each job has made, token calls apart. Inside the scope."""
    found = (
        ProviderCall.objects.filter(job_id__in=[job.pk for job in jobs], purpose="api")
        .order_by()
        .values("job_id")
        .annotate(calls=Count("id"))
    )
    return {row["job_id"]: row["calls"] for row in found if row["job_id"]}
