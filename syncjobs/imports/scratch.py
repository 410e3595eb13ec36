"""The temporary list that some plans need: one at a time in an account, only with leave, and removed at the end.

Its row is written before the list is made, and its name is its own: whatever dies in between, the list is found
again. Each plan begins with a list that nobody stands on: one whose plan was given up is never filled again, and is
removed as soon as no call of its plan is open. Who may be put on it is decided elsewhere; it is never mailed, and its
name says so to whoever sees it there.
"""

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from connections import gateway, tenancy
from connections.constantcontact.client import Client
from connections.constantcontact.errors import Conflict, NotFound, ProviderError
from connections.models import Connection
from mapping import catalog
from syncjobs import states
from syncjobs.models import Batch, ScratchLeave, ScratchList, SyncJob
from syncjobs.planner import Kind
from syncjobs.queue import Claim

log = logging.getLogger(__name__)
WAIT_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 60.0
ABOUT: Final = (
    "Made by Patchbay for one import, and removed by it. Nothing is sent to it; please leave it alone."
)
OPERATOR: Final = "operator"
OPEN: Final = (Batch.State.PLANNED, Batch.State.SENT, Batch.State.ACCEPTED)


def is_allowed(connection: Connection) -> bool:
    """Whether a temporary list may be made in this account: its own answer, else the environment's, else no."""
    here = ScratchLeave.objects.filter(environment_id=connection.environment_id)
    rows = here.filter(connection=connection) | here.filter(connection=None)
    found = {row.connection_id: row.allowed for row in rows}
    return bool(found.get(connection.pk, found.get(None, False)))


def allow(connection: Connection, allowed: bool, *, everywhere: bool = False) -> None:
    """Keep the answer for this account, or for all of its environment that say nothing. Inside the scope."""
    ScratchLeave.objects.update_or_create(
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        connection=None if everywhere else connection,
        defaults={"allowed": allowed},
    )


def make(claim: Claim) -> None:
    """Make the list, its row first; wait where another job has one in the account."""
    with claim.transaction() as job:
        # One that has an id was made for an earlier plan: people may stand on it.
        retire(job, list_id__isnull=False)
        held = ScratchList.objects.filter(connection=job.connection, removed_at=None, retired_at=None).first()
        if held is not None and held.job_id != job.pk:
            claim.defer(
                WAIT_SECONDS,
                "scratch_in_use",
                "Another import uses the account's temporary list; this one waits.",
            )
            return
        row = held or ScratchList.objects.create(
            tenant_id=job.tenant_id,
            environment_id=job.environment_id,
            connection=job.connection,
            job=job,
            name=name_for(job),
        )
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    list_id = create(client, row.name)
    with claim.transaction() as job:
        ScratchList.objects.filter(pk=row.pk).update(list_id=list_id)
        claim.advance("batching", cursor={}, options={**job.options, "scratch": list_id})


def name_for(job: SyncJob) -> str:
    """The job's own, and the plan's: a list that an earlier plan had is never taken for this one's."""
    earlier = ScratchList.objects.filter(job=job).count()
    again = f", {earlier + 1}" if earlier else ""
    return f"{catalog.TEMPORARY}, made for import {job.pk.hex[:8]}{again}"


def retire(job: SyncJob, **which: Any) -> None:  # Any: as a filter takes them
    """The plan that these lists were for is given up: they wait to be removed. Inside the scope."""
    ScratchList.objects.filter(job=job, removed_at=None, retired_at=None, **which).update(
        retired_at=datetime.now(UTC)
    )


def create(client: Client, name: str) -> str:
    """The list of this name, which is nobody else's: made, or found."""
    try:
        return client.lists.create(name, description=ABOUT).list_id
    except Conflict:
        found = _find(client, name)
        if found is None:
            raise
        return found


def _find(client: Client, name: str) -> str | None:
    return next((one.list_id for page in client.lists.pages(name=name) for one in page.items), None)


def note_removed(job: SyncJob) -> None:
    """The plan's own last call has removed it; where that came to nothing it is left to the sweep. Inside the scope."""
    removals = Batch.objects.filter(job=job, kind=Kind.DELETE_SCRATCH, state=Batch.State.FINISHED)
    removed = {list_id for one in removals for list_id in one.list_ids}
    here = ScratchList.objects.filter(job=job, removed_at=None, retired_at=None)
    here.filter(list_id__in=removed).update(removed_at=datetime.now(UTC))


def sweep() -> None:
    """Remove what a job or a plan that is over left behind: one call each, at most once a minute.

    As the operators' role.
    """
    now = datetime.now(UTC)
    is_over = Q(job__state__in=sorted(states.OVER))
    left = ScratchList.objects.using(OPERATOR).filter(
        is_over | Q(retired_at__isnull=False), removed_at=None, not_before__lte=now
    )
    for pk, state in list(left.values_list("pk", "job__state")):
        if state not in states.OVER and _is_used(ScratchList.objects.using(OPERATOR).get(pk=pk)):
            continue
        # Of several sweeps at once one takes it.
        if left.filter(pk=pk).update(not_before=now + timedelta(seconds=AGAIN_SECONDS)):
            row = ScratchList.objects.using(OPERATOR).select_related("connection").get(pk=pk)
            try:
                _remove(row)
            except ProviderError as fault:
                log.warning("a temporary list could not be removed yet: %s", type(fault).__name__)


def _is_used(row: ScratchList) -> bool:
    """Whether a call that is not over names it: people go onto it still, or what it is for is done to them."""
    calls = Batch.objects.using(OPERATOR).filter(job=row.job_id, state__in=OPEN)
    wanted = [str(row.list_id)]
    return calls.filter(Q(list_ids__contains=wanted) | Q(sources__contains=wanted)).exists()


def _remove(row: ScratchList) -> None:
    """One that is gone there, or was never made, counts as removed as well."""
    with tenancy.acting_for(row.tenant_id, row.environment_id):
        connection = Connection.objects.select_related("provider_app__pool").get(pk=row.connection_id)
    client = gateway.open_client(connection, "bulk", job_id=row.job_id)
    list_id = str(row.list_id) if row.list_id else _find(client, row.name)
    if list_id:
        with suppress(NotFound):
            client.activities.list_delete([list_id])
    with tenancy.acting_for(row.tenant_id, row.environment_id):
        ScratchList.objects.filter(pk=row.pk).update(list_id=list_id, removed_at=datetime.now(UTC))
