"""Jobs as rows: once for a key, one claim at a time, and nothing written by a worker that lost its claim."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from connections import tenancy
from syncjobs import queue, retention, runner
from syncjobs.models import JobStep, SyncJob


@pytest.fixture
def job(world):
    connection = world.connection()
    with world.scope().transaction():
        return queue.enqueue(
            connection,
            "import",
            "key",
            stage="preparing",
            options={"columns": [], "everyone": [], "lists": []},
        )


def of(job):
    return SyncJob.objects.using("operator").get(pk=job.pk)


def test_a_key_makes_one_job(world, job):
    with world.scope().transaction():
        again = queue.enqueue(job.connection, "import", "key", stage="preparing", options={})
    assert again.pk == job.pk


def test_many_workers_claim_once(job):
    claims, barrier = [], threading.Barrier(6)

    def claim(number):
        barrier.wait()
        claims.append(queue.claim_next(f"worker-{number}"))
        connections.close_all()

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len([one for one in claims if one is not None]) == 1
    assert of(job).fence == 1


def test_a_lost_claim_writes_nothing(job):
    slow = queue.claim_next("slow")
    SyncJob.objects.using("operator").update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    quick = queue.claim_next("quick")
    assert (quick.fence, slow.fence) == (2, 1)
    with pytest.raises(queue.LostClaim), slow.transaction():
        slow.advance("reading")
    assert of(job).stage == "preparing"
    with quick.transaction():
        quick.advance("reading")
    assert of(job).stage == "reading"
    steps = list(JobStep.objects.using("operator").order_by("id").values_list("worker", "outcome"))
    assert steps == [("slow", "lost"), ("quick", "done")]


def test_a_row_that_somebody_holds_is_left_alone(job):
    """A stopped worker keeps its row locked; the others must not wait behind it."""
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with tenancy.acting_for(job.tenant_id, job.environment_id):
            SyncJob.objects.select_for_update().get(pk=job.pk)
            held.set()
            let_go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        assert queue.claim_next("other") is None
    finally:
        let_go.set()
        thread.join(10)
    assert queue.claim_next("other") is not None


def test_a_stopped_job_is_not_finished_by_who_ran_it(world, job):
    claim = queue.claim_next("worker")
    with world.scope().transaction():
        assert runner.stop(SyncJob.objects.get(pk=job.pk))
    runner.run_step(claim)
    assert of(job).state == "stopped"


def test_an_unexpected_error_is_recorded_tried_again_and_given_up_in_words(job, settings_of):
    settings_of(JOB_STEP_ATTEMPTS=2)
    SyncJob.objects.using("operator").update(
        stage="reading", options={"columns": [], "upload_id": "nonsense"}
    )
    runner.run_step(queue.claim_next("worker"))
    assert (of(job).state, of(job).reason) == ("waiting", "internal_error")
    SyncJob.objects.using("operator").update(not_before=datetime.now(UTC))
    runner.run_step(queue.claim_next("worker"))
    assert (of(job).state, of(job).reason) == ("failed", "internal_error")
    assert of(job).ended_at is not None


def test_done_must_add_up(job):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), tenancy.acting_for(job.tenant_id, job.environment_id):
        SyncJob.objects.filter(pk=job.pk).update(state="done", accepted=3, created=2)


def test_a_context_of_another_workspace_cannot_touch_a_job(world, job):
    with world.scope(world.stranger).transaction():
        assert not SyncJob.objects.filter(pk=job.pk).exists()
        assert SyncJob.objects.filter(pk=job.pk).update(state="stopped") == 0


def test_workspaces_go_in_turn_however_much_one_has_queued(world):
    """A workspace with many jobs takes one step, then the other one does; a new job need not wait for all of them."""
    busy, other = world.connection(), world.connection(world.stranger, name="Zeta Dance")
    with world.scope().transaction():
        for number in range(30):
            queue.enqueue(busy, "import", f"key-{number}", stage="preparing", options={})
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    SyncJob.objects.using("operator").update(not_before=long_ago)
    with tenancy.acting_for(other.tenant_id, other.environment_id):
        queue.enqueue(other, "import", "key", stage="preparing", options={})
    taken = []
    for _ in range(6):
        claim = queue.claim_next("worker")
        taken.append(claim.job.tenant_id)
        with claim.transaction():
            claim.advance("preparing")
    assert taken.count(other.tenant_id) == 3
    assert all(one != another for one, another in itertools.pairwise(taken))


def test_two_workers_take_two_jobs_of_the_only_workspace(world):
    connection = world.connection()
    with world.scope().transaction():
        for number in range(2):
            queue.enqueue(connection, "import", f"key-{number}", stage="preparing", options={})
    assert queue.claim_next("one").job.pk != queue.claim_next("two").job.pk


def test_steps_of_jobs_long_over_are_let_go(world, job):
    now = datetime.now(UTC)
    claim = queue.claim_next("worker")
    with claim.transaction():
        claim.end("stopped")
    retention.tidy(now + timedelta(days=30))
    assert JobStep.objects.using("operator").count() == 1
    retention.tidy(now + timedelta(days=32))
    assert JobStep.objects.using("operator").count() == 0
    assert of(job).state == "stopped"
