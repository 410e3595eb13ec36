"""As whose turn the calls of a reading go: one that nobody waits for stands behind the day's work."""

from typing import Final

from connections import gateway
from connections.constantcontact.client import Client
from syncjobs import states
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

KIND: Final = "mirror"


def open_client(claim: Claim) -> Client:
    """A client for a step that reads the account.

    A job that does only that calls as `backfill`, until another job of the account is open: that one may wait for it,
    and must not stand behind work that is less urgent than itself.
    """
    return gateway.open_client(claim.job.connection, _call_class(claim), job_id=claim.job.pk)


def _call_class(claim: Claim) -> str:
    if claim.job.kind != KIND:
        return "bulk"
    with claim.transaction() as job:
        others = SyncJob.objects.filter(connection=job.connection, state__in=states.OPEN).exclude(kind=KIND)
        return "bulk" if others.exists() else "backfill"
