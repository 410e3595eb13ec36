"""Jobs as programs see them: what they do, what they cost, what became of their rows; stopped, or tried again."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from connections import audit, scoping
from connections.api.contract import Envelope, Fault, needs, refused, scope_of
from connections.scoping import Scope
from syncjobs import jobwords, runner, states
from syncjobs.imports import progress
from syncjobs.models import ImportRow, SyncJob
from syncjobs.spending import calls_of

router = Router()
PAGE: Final = 100
MOST: Final = 500
State = Literal["queued", "running", "waiting", "attention", "done", "failed", "stopped"]
Outcome = Literal["created", "updated", "unchanged", "skipped", "rejected"]


class Counts(Schema):
    """Rows by outcome; once a job is done they add up to `accepted`."""

    accepted: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int


class Calls(Schema):
    """Calls to Constant Contact: what the job was said to take, once that is known, and what it has taken."""

    quoted: int | None
    spent: int


class Made(Schema):
    """Something that a job has made; without an id where a dry run says what it would make."""

    id: str | None
    name: str


class Created(Schema):
    """What a job has made because its rows named it and nobody knew it."""

    lists: list[Made]
    tags: list[Made]
    custom_fields: list[Made]


class Job(Schema):
    """One unit of work. `state` is done when every row has its outcome, whatever that is."""

    id: UUID
    kind: str
    integrated_account_id: UUID
    is_sandbox: bool
    is_dry_run: bool
    state: State
    stage: str
    reason: str | None
    explanation: str | None
    counts: Counts
    provider_calls: Calls
    created: Created
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expected_at: datetime | None


class JobEnvelope(Envelope):
    """One job."""

    result: Job


class JobsEnvelope(Envelope):
    """A page of jobs."""

    result: list[Job]


class JobRow(Schema):
    """One row: its number from 1 (of a file its line), how it ended, and why; `outcome` is null while it has not."""

    line: int
    email: str | None
    outcome: Outcome | None
    reason: str | None
    field: str | None
    text: str | None


class JobRowsEnvelope(Envelope):
    """A page of a job's rows."""

    result: list[JobRow]


def shown(job: SyncJob, scope: Scope, calls: int) -> dict[str, Any]:
    """A job in the public API's words."""
    quote = job.options.get("quote") or {}
    made = job.options.get("made", [])
    return {
        "id": job.pk,
        "kind": job.kind,
        "integrated_account_id": job.connection_id,
        "is_sandbox": scope.environment == "test",
        "is_dry_run": bool(job.options.get("dry_run")),
        "state": job.state,
        "stage": job.stage,
        "reason": job.reason or None,
        "explanation": job.explanation or None,
        "counts": {"accepted": job.accepted, **job.outcome_counts},
        "provider_calls": {"quoted": quote.get("calls"), "spent": calls},
        "created": {
            f"{kind}s": [
                {"id": one["id"] or None, "name": one["name"]} for one in made if one["kind"] == kind
            ]
            for kind in ("list", "tag", "custom_field")
        },
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "expected_at": _expected_at(job, quote, datetime.now(UTC)),
    }


def _expected_at(job: SyncJob, quote: dict[str, Any], now: datetime) -> datetime | None:
    """When a job that goes on by itself is likely to be done: by its quote, and never before it goes on."""
    if job.state not in states.OPEN or "seconds" not in quote:
        return None
    begin = job.started_at or job.created_at
    expected: datetime = max(begin + timedelta(seconds=quote["seconds"]), job.not_before, now)
    return expected


def answered(job: SyncJob, scope: Scope) -> dict[str, Any]:
    """One job in the envelope. Inside the scope."""
    return {"result": shown(job, scope, calls_of([job]).get(job.pk, 0))}


@router.get("/jobs", response=JobsEnvelope, summary="List jobs")
@needs("jobs:read")
def list_jobs(
    request: HttpRequest,
    kind: str | None = None,
    state: State | None = None,
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE,
    next_cursor: UUID | None = None,
) -> dict[str, Any]:
    """The jobs of this environment, the newest first."""
    scope = scope_of(request)
    with scope.transaction():
        rows = SyncJob.objects.order_by("-created_at", "-id")
        if kind is not None:
            rows = rows.filter(kind=kind)
        if state is not None:
            rows = rows.filter(state=state)
        if next_cursor is not None:
            last = SyncJob.objects.filter(pk=next_cursor).first()
            if last is None:
                raise refused(("next_cursor", "the next_cursor of the page before, unchanged"))
            rows = rows.filter(
                Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
            )
        found = list(rows[: limit + 1])
        page = found[:limit]
        calls = calls_of(page)
        result = [shown(job, scope, calls.get(job.pk, 0)) for job in page]
    return {
        "result": result,
        "result_count": len(result),
        "next_cursor": str(page[-1].pk) if len(found) > limit else None,
        "meta": {"limit": limit},
    }


@router.get("/jobs/{uuid:job_id}", response=JobEnvelope, summary="Get a job")
@needs("jobs:read")
def get_job(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """One job: its state, its counts, its calls."""
    scope = scope_of(request)
    with scope.transaction():
        return answered(scoping.one(SyncJob.objects.all(), pk=job_id), scope)


@router.post("/jobs/{uuid:job_id}/cancel", response=JobEnvelope, summary="Stop a job")
@needs("jobs:write")
def cancel_job(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """Nothing more is sent; what was sent stays sent, and every row says what became of it. 409 when it is over."""
    scope = scope_of(request)
    with scope.transaction():
        job = scoping.one(SyncJob.objects.select_related("connection"), pk=job_id)
        if not runner.stop(job):
            raise _wrong_state(job, "job_over", "It is over already, so there is nothing to stop.")
        _record("job_stopped", request, scope, job)
        return answered(SyncJob.objects.get(pk=job_id), scope)


@router.post("/jobs/{uuid:job_id}/retry", response=JobEnvelope, summary="Try a job again")
@needs("jobs:write")
def retry_job(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """A failed job, or one that waits for a person, goes on from where it was; others answer 409."""
    scope = scope_of(request)
    with scope.transaction():
        job = scoping.one(SyncJob.objects.select_related("connection"), pk=job_id)
        if not runner.retry(job):
            raise _wrong_state(
                job, "job_not_retryable", "Only a failed job, or one that needs you, can go on."
            )
        _record("job_retried", request, scope, job)
        return answered(SyncJob.objects.get(pk=job_id), scope)


def _wrong_state(job: SyncJob, code: str, cure: str) -> Fault:
    state = SyncJob.objects.values_list("state", flat=True).get(pk=job.pk)
    return Fault(code, HTTPStatus.CONFLICT, f"This job is {state}. {cure}", details={"state": state})


def _record(action: str, request: HttpRequest, scope: Scope, job: SyncJob) -> None:
    audit.record(
        action,
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=f"{jobwords.about(job.kind, job.options)} for {job.connection}",
        new={"job": job.pk},
    )


@router.get("/jobs/{uuid:job_id}/rows", response=JobRowsEnvelope, summary="List a job's rows")
@needs("jobs:read")
def list_rows(
    request: HttpRequest,
    job_id: UUID,
    outcome: Outcome | None = None,
    reason: str | None = None,
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE,
    next_cursor: Annotated[int, Field(ge=0, le=2**62)] | None = None,
) -> dict[str, Any]:
    """The rows in their order, each with its outcome and the reason; `field` is what to mend in a rejected one."""
    scope = scope_of(request)
    with scope.transaction():
        job = scoping.one(SyncJob.objects.all(), pk=job_id)
        rows = ImportRow.objects.filter(job=job).order_by("line")
        if outcome is not None:
            rows = rows.filter(outcome=outcome)
        if reason is not None:
            rows = rows.filter(reason=reason)
        if next_cursor is not None:
            rows = rows.filter(line__gt=next_cursor)
        found = list(rows.defer("values", "wish")[: limit + 1])
    page = found[:limit]
    return {
        "result": [_row(one) for one in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].line) if len(found) > limit else None,
        "meta": {"limit": limit},
    }


def _row(row: ImportRow) -> dict[str, Any]:
    text = row.detail or (progress.title_of(row.reason) if row.reason else "")
    return {
        "line": row.line,
        "email": row.email or None,
        "outcome": row.outcome or None,
        "reason": row.reason or None,
        "field": row.field or None,
        "text": text or None,
    }
