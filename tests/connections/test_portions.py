"""Rows that outlived their use go by portions, each a statement that is kept for itself."""

from datetime import UTC, datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import connections
from django.test.utils import CaptureQueriesContext

from connections import portions
from syncjobs import queue
from syncjobs.models import JobStep, SyncJob

NOW = datetime.now(UTC)


def deletions(rows, most):
    """How many rows were deleted, and by how many statements."""
    before = rows.count()
    with CaptureQueriesContext(connections[rows.db]) as captured:
        gone = portions.delete(rows, most)
    assert before - rows.count() == gone
    statements = [one["sql"].split()[0] for one in captured]
    assert "SELECT" not in statements, "no row is brought here first"
    return gone, statements.count("DELETE")


def test_a_portion_is_one_statement(world):
    over, young = NOW - timedelta(days=1), NOW + timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"key-{number}", session_data="", expire_date=over if number < 5 else young)
        for number in range(7)
    )
    rows = Session.objects.filter(expire_date__lt=NOW).order_by("expire_date")
    assert deletions(rows, 2) == (5, 3)
    assert deletions(rows, 2) == (0, 1)
    assert Session.objects.count() == 2


def test_what_is_chosen_by_another_table_goes_the_same_way(world):
    connection = world.connection()
    with world.scope().transaction():
        job = queue.enqueue(connection, "import", "key", stage="preparing", options={})
        SyncJob.objects.filter(pk=job.pk).update(state="stopped", ended_at=NOW - timedelta(days=40))
        JobStep.objects.bulk_create(
            JobStep(
                tenant_id=job.tenant_id,
                environment_id=job.environment_id,
                job=job,
                stage="preparing",
                fence=number,
                worker="test",
                started_at=NOW,
            )
            for number in range(5)
        )
    assert deletions(JobStep.objects.using("operator").filter(job__ended_at__lt=NOW), 5) == (5, 2)
