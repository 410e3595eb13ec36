"""The log of provider calls is let go of after a while; what a job has spent stays."""

from datetime import UTC, datetime, timedelta

from connections.models import ProviderCall
from syncjobs import queue, retention
from syncjobs.models import SyncJob
from syncjobs.spending import calls_of


def call(job, sent_at, purpose="api"):
    return ProviderCall.objects.create(
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        job_id=job.pk,
        purpose=purpose,
        call_class="bulk",
        sent_at=sent_at,
        host="provider",
        method="GET",
        path="/v3/contacts",
        outcome="answered",
    )


def test_a_job_keeps_its_count_when_its_calls_go(world):
    now = datetime.now(UTC)
    long_ago = now - timedelta(days=40)
    connection = world.connection()
    with world.scope().transaction():
        over, failed, waiting = (
            queue.enqueue(connection, "import", key, stage="preparing", options={})
            for key in ("over", "failed", "waiting")
        )
        for job in (over, failed, waiting):
            call(job, long_ago)
            call(job, long_ago, purpose="token")
        call(over, long_ago)
        for job, state in ((over, "stopped"), (failed, "failed")):
            SyncJob.objects.filter(pk=job.pk).update(state=state, ended_at=long_ago)
    retention.tidy(now)
    retention.tidy(now)
    with world.scope().transaction():
        kept = ProviderCall.objects.values_list("job_id", flat=True)
        assert not kept
        call(failed, now)  # tried again
        jobs = list(SyncJob.objects.filter(pk__in=[over.pk, failed.pk, waiting.pk]))
        assert calls_of(jobs) == {over.pk: 2, failed.pk: 2, waiting.pk: 1}


def test_young_calls_stay(world):
    now = datetime.now(UTC)
    with world.scope().transaction():
        job = queue.enqueue(world.connection(), "import", "key", stage="preparing", options={})
        call(job, now - timedelta(days=30))
        SyncJob.objects.filter(pk=job.pk).update(state="stopped", ended_at=now - timedelta(days=30))
    retention.tidy(now)
    assert ProviderCall.objects.using("operator").count() == 1
