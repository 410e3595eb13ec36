"""The end of a reading: who was not met has vanished, the mirror is young again, and its job goes on."""

from datetime import UTC, datetime
from typing import Final

from mapping import mirror
from syncjobs.mirroring import awaiting
from syncjobs.mirroring.retrying import still_reads
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

CLEAR_ROWS: Final = 20_000


def clear(claim: Claim) -> None:
    """Some thousand mirrored people a step: who was not met has vanished. Then the mirror is young again."""
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return
        read_at = datetime.fromisoformat(job.cursor["read_at"])
        last = mirror.clear(job.connection, read_at, job.cursor.get("after", ""), CLEAR_ROWS)
        if last is not None:
            claim.advance("clearing", cursor={**job.cursor, "after": last})
            return
        began_at = datetime.fromisoformat(job.cursor["since"])
        awaiting.complete(job.connection, began_at, read_at)
        go_on_behind(claim, job)


def go_on_behind(claim: Claim, job: SyncJob) -> None:
    """What the account was looked at for: comparing, settling, or nothing further."""
    then = job.cursor["then"]
    if then == "comparing":
        job.options["compared_at"] = datetime.now(UTC).isoformat()
        claim.advance("comparing", cursor={"line": -1}, options=job.options)
    else:
        cursor = {name: job.cursor[name] for name in ("verified",) if name in job.cursor}
        claim.advance(then, cursor=cursor)


def finish(claim: Claim) -> None:
    """The end of a job of its own."""
    with claim.transaction() as job:
        people = mirror.state(job.connection).total
        claim.end("done", cursor={}, explanation=f"{people:,} people are in the account.")


def explain_unfinished(job: SyncJob, why: str) -> None:
    """A reading has no rows that could be left without a word."""


def reopen(job: SyncJob) -> None:
    """A failed reading begins again. Inside the job's scope."""
    SyncJob.objects.filter(pk=job.pk).update(stage="counting", cursor={})
