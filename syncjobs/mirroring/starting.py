"""Whether the account must be read: who reads it, and how many people there are."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from connections.models import Connection
from mapping import mirror
from mapping.models import MirrorContact
from syncjobs import queue
from syncjobs.mirroring import awaiting, calling
from syncjobs.mirroring.calling import KIND
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

EVERYTHING_AFTER: Final = {"import": "comparing", "bulk": "comparing", KIND: "finishing"}


def request(connection: Connection) -> SyncJob:
    """A job that reads the account into the mirror, or the one that is about to. Inside the connection's scope."""
    number = mirror.state(connection).readings + 1
    return queue.enqueue(connection, KIND, f"{connection.pk}:{number}", stage="counting", options={})


def count(claim: Claim) -> None:
    """A young mirror is left as it is; otherwise this job becomes its reader, and asks how many there are."""
    with claim.transaction() as job:
        if not _becomes_reader(claim, job):
            return
    client = calling.open_client(claim)
    total = client.contacts.counts().total
    with claim.transaction() as job:
        job.options["known"] = total
        cursor = {"total": total, "then": EVERYTHING_AFTER[job.kind]}
        if total:
            claim.advance("exporting", cursor=cursor, options=job.options)
            return
        now = datetime.now(UTC).isoformat()
        known = MirrorContact.objects.filter(connection=job.connection).exists()
        # Where nobody is and nobody was, only an import has a reason to ask for the deleted.
        stage = "asking_deleted" if known or job.kind != KIND else "clearing"
        claim.advance(stage, cursor={**cursor, "read_at": now, "since": now}, options=job.options)


def _becomes_reader(claim: Claim, job: SyncJob) -> bool:
    state = mirror.state(job.connection)
    most = timedelta(minutes=settings.ENV.COMPARE_MINUTES)
    if mirror.is_fresh(state, datetime.now(UTC), most):
        if state.reader == job.pk:
            # It read for something else, and was not let come to its end.
            awaiting.let_go(job.connection)
        if job.kind == KIND:
            claim.advance("finishing", cursor={}, note="it was read a short while ago")
        else:
            cursor = {"then": EVERYTHING_AFTER[job.kind], "total": state.total}
            job.options["known"] = state.total
            nobody = not MirrorContact.objects.filter(connection=job.connection, standing="active").exists()
            stage = "asking_deleted" if nobody else "asking_optouts"
            claim.advance(stage, cursor=cursor, options=job.options)
        return False
    if awaiting.is_read_by_another(job):
        if job.kind == KIND:
            claim.advance("finishing", cursor={}, note="another job is reading it")
        else:
            awaiting.wait(claim, job)
        return False
    mirror.begin(job.connection, job.pk)
    return True
