"""The stages of an import, in order, and what one that ends early leaves said."""

from collections.abc import Callable
from typing import Any, Final

from django.db import connection as database

from syncjobs.imports import batching, comparing, reading, sending, settling
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim

STAGES: Final[dict[str, Callable[[Claim], None]]] = {
    "preparing": reading.prepare,
    "reading": reading.read,
    "matching": reading.match,
    "counting": comparing.count,
    "exporting": comparing.export,
    "exporting_there": comparing.wait_for_export,
    "reading_export": comparing.read_export,
    "asking_deleted": comparing.ask_deleted,
    "comparing": comparing.compare,
    "batching": batching.batch,
    "sending": sending.send,
    "reconciling": sending.reconcile,
    "processing": sending.process,
    "checking": settling.check,
    "settling": settling.settle,
    "finishing": settling.finish,
}


def explain_unfinished(job: SyncJob, why: str) -> None:
    """Say of every row that has no outcome yet what became of it: never sent, or sent and never confirmed.

    Inside the job's scope.
    """
    sent = list(
        Batch.objects.filter(job=job).exclude(state=Batch.State.PLANNED).values_list("number", flat=True)
    )
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE syncjobs_importrow SET outcome = 'skipped', detail = left(%s, 300),
                reason = CASE WHEN batch_number = ANY(%s) THEN 'not_confirmed' ELSE 'not_sent' END
            WHERE job_id = %s AND outcome = ''
            """,
            [why, sent, job.pk],
        )
    SyncJob.objects.filter(pk=job.pk).update(**settling.outcomes(job))


# From here on an import depends on who is in the account; a retry looks again.
LOOKED = ("exporting", "exporting_there", "reading_export", "asking_deleted", "comparing", "batching")


def reopen(job: SyncJob) -> None:
    """A failed import is tried again: what was only given up has no outcome again. Inside the job's scope.

    People may have left meanwhile, so what has not been sent is compared anew.
    """
    ImportRow.objects.filter(job=job, reason__in=["not_sent", "not_confirmed"]).update(
        outcome="", reason="", detail=""
    )
    options = {name: value for name, value in job.options.items() if name != "compared_at"}
    changes: dict[str, Any] = {**settling.outcomes(job), "options": options}
    if job.stage in LOOKED and not job.cursor.get("verified"):
        sending.compare_again(job)
        changes |= {"stage": "counting", "cursor": {}}
    SyncJob.objects.filter(pk=job.pk).update(**changes)
