"""The stages of an import, in order, and what one that ends early leaves said."""

from collections.abc import Callable
from typing import Any, Final

from django.db import connection as database

from syncjobs.imports import (
    batching,
    comparing,
    deciding,
    giving_up,
    guarding,
    lookups,
    noting,
    outcomes,
    planning,
    processing,
    reading,
    reconciling,
    relisting,
    sending,
    settling,
)
from syncjobs.mirroring.steps import READING
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim

STAGES: Final[dict[str, Callable[[Claim], None]]] = {
    "preparing": reading.prepare,
    "reading": reading.read,
    "matching": reading.match,
    **READING,
    "comparing": comparing.compare,
    "deciding": deciding.decide,
    "planning": planning.plan,
    "making_scratch": relisting.make,
    "batching": batching.batch,
    "sending": sending.send,
    "reconciling": reconciling.reconcile,
    "guarding": guarding.guard,
    "processing": processing.process,
    "looking_up": lookups.look_up,
    "checking": settling.check,
    "settling": settling.settle,
    "noting": noting.note,
    "finishing": settling.finish,
}


def explain_unfinished(job: SyncJob, why: str) -> None:
    """Say of every row that has no outcome yet what became of it: never sent, or sent and never confirmed.

    The consent ledger says of whom it was to create, and did not. Inside the job's scope.
    """
    went_out = Batch.objects.filter(job=job, whole_count__gt=0).exclude(state=Batch.State.PLANNED)
    ends = "UPDATE syncjobs_importrow SET outcome = 'skipped', detail = left(%s, 300), reason = %s "
    with database.cursor() as cursor:
        for sent in batching.each(went_out):
            cursor.execute(
                f"{ends} WHERE job_id = %s AND outcome = '' AND email_key = ANY(%s)",
                [why, "not_confirmed", job.pk, batching.whole_keys_of(sent)],
            )
        cursor.execute(f"{ends} WHERE job_id = %s AND outcome = ''", [why, "not_sent", job.pk])
    deciding.take_back(job)
    SyncJob.objects.filter(pk=job.pk).update(**outcomes.counted(job))


# From here on an import depends on who is in the account; a retry looks again.
LOOKED = (*READING, "comparing", "deciding", "planning", "making_scratch", "batching")


def reopen(job: SyncJob) -> None:
    """A failed import is tried again: what was only given up has no outcome again. Inside the job's scope.

    People may have left meanwhile, so what has not been sent is compared anew; so is what needs a list that is gone.
    """
    ImportRow.objects.filter(job=job, reason__in=["not_sent", "not_confirmed"]).update(
        outcome="", reason="", detail=""
    )
    if "compared_at" in job.options:
        job.options["compared_before"] = job.options.pop("compared_at")
    changes: dict[str, Any] = {**outcomes.counted(job), "options": job.options}
    looked = job.stage in LOOKED and not job.cursor.get("verified")
    if giving_up.lost_its_list(job) or looked:
        giving_up.give_up_unsent(job)
        changes |= {"stage": "counting", "cursor": {}}
    elif job.stage == "looking_up":
        changes["cursor"] = {}
    SyncJob.objects.filter(pk=job.pk).update(**changes)
