"""Jobs as rows: enqueue once, claim, advance, defer, end; and the bell that only says "look".

A claim is one conditional UPDATE that raises the fence and sets a lease; whatever a step writes is committed only
while its fence is still the row's. A worker that was away too long finds its claim gone and changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from connections import bell, portions, tenancy
from connections.failpoints import failpoint
from connections.models import Connection, User
from syncjobs import states, webhookevents
from syncjobs.models import JobStep, SyncJob

MOST_DUE = 20


class GaveUp(Exception):
    """A step that must not be tried again: `reason` is the job's reason, the text says it to people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class LostClaim(Exception):
    """Somebody else has taken the job over, or it was stopped: this worker must leave it alone."""


def enqueue(
    connection: Connection,
    kind: str,
    key: str,
    *,
    stage: str,
    options: dict[str, Any],  # Any: JSON
    started_by: User | None = None,
    tells: bool = True,
) -> SyncJob:
    """A job's row in the caller's transaction, once for its key; the bell rings after the commit.

    `tells`: whoever listens hears of it as it is now; else the caller tells, when it has its rows.
    """
    job, is_new = SyncJob.objects.get_or_create(
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        kind=kind,
        idempotency_key=key,
        defaults={
            "connection": connection,
            "stage": stage,
            "options": options,
            "started_by": started_by,
            "not_before": datetime.now(UTC),
        },
    )
    if is_new and tells:
        webhookevents.of_job(job, "created")
    transaction.on_commit(ring)
    return job


def ring(after_seconds: float = 0.0) -> None:
    """Wake a worker, now or in a moment."""
    bell.ring("syncjobs.tasks.run", after_seconds)


@dataclass
class Claim:
    """The right to run one step of one job, for as long as the fence holds."""

    job: SyncJob
    step: JobStep
    fence: int
    settled: bool = False

    @contextmanager
    def transaction(self) -> Iterator[SyncJob]:
        """A transaction in the job's scope that commits only while the claim holds; renews the lease.

        Raises:
            LostClaim: the claim is gone; nothing of the block is kept.
        """
        with tenancy.acting_for(self.job.tenant_id, self.job.environment_id):
            held = SyncJob.objects.filter(
                pk=self.job.pk, fence=self.fence, state=SyncJob.State.RUNNING
            ).update(lease_until=_lease_end())
            if held != 1:
                raise LostClaim
            yield self.job
            failpoint(f"{self.step.stage}.before_commit")
        failpoint(f"{self.step.stage}.committed")

    def advance(self, stage: str, *, after_seconds: float = 0.0, note: str = "", **changes: Any) -> None:
        """End the step: the job goes on with `stage`, at once or later. Inside `transaction`."""
        waiting = after_seconds > 0
        self._settle(
            "done",
            note,
            state=SyncJob.State.WAITING if waiting else SyncJob.State.QUEUED,
            stage=stage,
            attempts=0,
            not_before=datetime.now(UTC) + timedelta(seconds=after_seconds),
            **{"reason": "", "explanation": "", **changes},
        )
        transaction.on_commit(lambda: ring(after_seconds))

    def defer(self, seconds: float, reason: str, explanation: str, *, attempts: int = 0) -> None:
        """End the step without progress: the same stage again later. Inside `transaction`."""
        self._settle(
            "deferred",
            explanation,
            state=SyncJob.State.WAITING,
            reason=reason,
            explanation=explanation,
            attempts=attempts,
            not_before=datetime.now(UTC) + timedelta(seconds=seconds),
        )
        if seconds <= 30:
            transaction.on_commit(lambda: ring(seconds))

    def end(self, state: str, *, reason: str = "", explanation: str = "", **changes: Any) -> None:
        """End the job. Inside `transaction`."""
        ended_at = None if state == SyncJob.State.ATTENTION else datetime.now(UTC)
        self._settle(
            state,
            explanation,
            state=state,
            reason=reason,
            explanation=explanation,
            ended_at=ended_at,
            **changes,
        )
        webhookevents.of_job(self.job, "ended")

    def _settle(self, outcome: str, note: str, **changes: Any) -> None:
        SyncJob.objects.filter(pk=self.job.pk).update(lease_until=None, worker="", **changes)
        for name, value in changes.items():
            setattr(self.job, name, value)
        JobStep.objects.filter(pk=self.step.pk).update(
            ended_at=datetime.now(UTC), outcome=outcome[:20], note=note[:300]
        )
        self.settled = True


def claim_next(worker: str) -> Claim | None:
    """The next due job, claimed by this worker; None if nothing is due or others were quicker."""
    for tenant_id, environment_id, job_id in tenancy.find("find_due_jobs", MOST_DUE):
        claim = _claim(tenant_id, environment_id, job_id, worker)
        if claim is not None:
            return claim
    return None


def _claim(tenant_id: UUID, environment_id: UUID, job_id: UUID, worker: str) -> Claim | None:
    now = datetime.now(UTC)
    with tenancy.acting_for(tenant_id, environment_id):
        due = Q(state__in=[SyncJob.State.QUEUED, SyncJob.State.WAITING], not_before__lte=now) | Q(
            state=SyncJob.State.RUNNING, lease_until__lt=now
        )
        # A worker that stands still inside its transaction keeps the row locked; nobody may queue up behind it.
        free = SyncJob.objects.select_for_update(skip_locked=True, of=("self",)).filter(due, pk=job_id)
        if not list(free.values_list("pk")):
            return None
        taken = SyncJob.objects.filter(due, pk=job_id).update(
            state=SyncJob.State.RUNNING,
            worker=worker[:120],
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_until=_lease_end(),
            claimed_at=now,
        )
        if taken != 1:
            return None
        job = SyncJob.objects.select_related("connection__provider_app__pool").get(pk=job_id)
        if job.started_at is None:
            job.started_at = now
            SyncJob.objects.filter(pk=job_id).update(started_at=now)
            webhookevents.of_job(job, "started")
        JobStep.objects.filter(job=job, ended_at=None).update(
            ended_at=now, outcome="lost", note="its worker went silent"
        )
        step = JobStep.objects.create(
            tenant_id=tenant_id,
            environment_id=environment_id,
            job=job,
            stage=job.stage,
            fence=job.fence,
            worker=worker[:120],
            started_at=now,
        )
    failpoint("claim.committed")
    return Claim(job, step, job.fence)


def stop(job: SyncJob) -> bool:
    """Stop a job that is not over: nothing more is sent; what was sent stays sent. Inside its scope."""
    stopped = SyncJob.objects.filter(pk=job.pk, state__in=states.CAN_STOP).update(
        state=SyncJob.State.STOPPED,
        fence=F("fence") + 1,
        lease_until=None,
        worker="",
        reason="stopped",
        explanation="Stopped by a person.",
        ended_at=datetime.now(UTC),
    )
    if stopped:
        webhookevents.of_job(job, "updated")
    return stopped == 1


def retry(job: SyncJob) -> bool:
    """Let a failed or halted job go on from where it was. Inside its scope."""
    again = SyncJob.objects.filter(pk=job.pk, state__in=states.CAN_RETRY).update(
        state=SyncJob.State.QUEUED,
        fence=F("fence") + 1,
        attempts=0,
        reason="",
        explanation="",
        ended_at=None,
        not_before=datetime.now(UTC),
    )
    if again:
        webhookevents.of_job(job, "updated")
        transaction.on_commit(ring)
    return again == 1


def resume_after_reconnect(connection: Connection) -> None:
    """Jobs that waited for a person to reconnect go on. Inside the connection's scope."""
    for job in SyncJob.objects.filter(
        connection=connection, state=SyncJob.State.ATTENTION, reason__in=states.MENDED_BY_RECONNECTING
    ):
        retry(job)


def tidy(now: datetime, using: str) -> None:
    """Let go of the steps of jobs that were over long ago, in every workspace; the jobs stay."""
    old = now - timedelta(days=settings.ENV.REQUEST_LOG_DAYS)
    portions.delete(JobStep.objects.using(using).filter(job__ended_at__lt=old))


def _lease_end() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=settings.ENV.JOB_LEASE_SECONDS)
