"""Imports onto a temporary list that was removed, and that have to go again: onto another one.

A job that is over leaves its list to the sweep; when it is tried again, a call may turn out cut, failed or lost. It may
have arrived in part, so that its people stay in a call of their own, guarded like any that goes again. What was about
whoever stood on the list is planned anew with another; the one made here is for nothing but to import onto, and is
removed as soon as no open call names it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from connections import gateway
from syncjobs.imports import batching, cutting, scratch
from syncjobs.models import Batch, ScratchList, SyncJob
from syncjobs.planner import IMPORTS
from syncjobs.queue import Claim

# For so long no sweep takes it before a call names it.
SPARED: Final = timedelta(minutes=10)
NO_LEAVE: Final = "It went onto a temporary list, which is gone, and no other may be made in this account."


def gone_list_of(job: SyncJob, call: Batch) -> str | None:
    """The removed list that a call still goes onto. Inside the scope."""
    removed = ScratchList.objects.filter(job=job, list_id__in=call.list_ids).exclude(removed_at=None)
    found = removed.values_list("list_id", flat=True).first()
    return str(found) if found else None


def make(claim: Claim) -> None:
    """The temporary list of a plan, or one in place of a list that is gone."""
    if "instead_of" in claim.job.cursor:
        _make_another(claim, claim.job.cursor["instead_of"])
    else:
        scratch.make(claim)


def _make_another(claim: Claim, gone: str) -> None:
    with claim.transaction() as job:
        if not scratch.is_allowed(job.connection):
            # The end of the job looks at the account, and says whose row came to nothing.
            _calls_onto(job, gone).update(state=Batch.State.FAILED, messages=[NO_LEAVE])
            claim.advance("sending", cursor={})
            return
        row = _row(job)
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    list_id = scratch.create(client, row.name)
    with claim.transaction() as job:
        ScratchList.objects.filter(pk=row.pk).update(list_id=list_id, not_before=datetime.now(UTC))
        for call in batching.each(_calls_onto(job, gone)):
            cutting.onto(job, call, [list_id if one == gone else one for one in call.list_ids])
        claim.advance("sending", cursor={}, note="another temporary list, for calls that go again")


def _calls_onto(job: SyncJob, gone: str) -> QuerySet[Batch]:
    planned = Batch.objects.filter(job=job, state=Batch.State.PLANNED, kind__in=sorted(IMPORTS))
    return planned.filter(list_ids__contains=[gone])


def _row(job: SyncJob) -> ScratchList:
    """Written before the list is made; retired from the first, for no plan has it."""
    now = datetime.now(UTC)
    waiting = ScratchList.objects.filter(job=job, list_id=None, removed_at=None).exclude(retired_at=None)
    row = waiting.first() or ScratchList(
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        connection=job.connection,
        job=job,
        name=scratch.name_for(job),
        retired_at=now,
    )
    row.not_before = now + SPARED
    row.save()
    return row
