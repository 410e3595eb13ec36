"""One job reads an account for all: the others wait until its reading ends, and are woken then.

Promises: nobody misses the end, since whoever decides to wait and whoever ends a reading hold the row of the mirror's
state. A reader that failed or was stopped wakes nobody; its place is found free by the clock.
"""

from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from connections.models import Connection
from mapping import mirror
from syncjobs import queue, states
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

LOOK_SECONDS: Final = 20.0
# The stages at whose beginning a job may find that another reads.
_STAGES: Final = ("counting", "exporting")


def is_read_by_another(job: SyncJob) -> bool:
    """Whether a job that goes on reads the account; nobody else begins to before the end of the transaction."""
    reader = mirror.reader_of(job.connection)
    if reader is None or reader == job.pk:
        return False
    return SyncJob.objects.filter(pk=reader, state__in=states.OPEN).exists()


def wait(claim: Claim, job: SyncJob) -> None:
    """The same stage again when the reading has ended. Inside the transaction of `is_read_by_another`."""
    claim.advance(
        job.stage, cursor=job.cursor, after_seconds=LOOK_SECONDS, note="another job reads the account"
    )


def complete(connection: Connection, began_at: datetime, read_at: datetime) -> None:
    """End a whole reading. Inside the reader's transaction."""
    mirror.complete(connection, began_at, read_at)
    _wake(connection)


def let_go(connection: Connection) -> None:
    """End a reading that was for something else than the mirror. Inside the reader's transaction."""
    mirror.let_go(connection)
    _wake(connection)


def _wake(connection: Connection) -> None:
    waiting = SyncJob.objects.filter(
        connection=connection, state=SyncJob.State.WAITING, stage__in=_STAGES, reason=""
    )
    if waiting.update(not_before=datetime.now(UTC)):
        transaction.on_commit(queue.ring)
