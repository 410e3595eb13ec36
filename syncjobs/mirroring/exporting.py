"""The export: started, waited for, kept in pieces, read some thousand rows a step."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.conf import settings

from connections.constantcontact.errors import Invalid, NotFound, NotReady
from connections.models import Connection
from mapping import catalog, mirror
from mapping.models import RemoteField, RemoteList, RemoteTag
from syncjobs import activities
from syncjobs.imports import exports
from syncjobs.mirroring import awaiting, calling
from syncjobs.mirroring.retrying import again, still_reads
from syncjobs.models import SyncJob, WatchedActivity
from syncjobs.queue import Claim, GaveUp

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 1_048_576
# The whole file must have come by then; a link that only drips is given up.
DOWNLOAD_SECONDS: Final = 1800.0


def export(claim: Claim) -> None:
    """Start an export of everybody. Starting a second one, after an answer was lost, changes nothing there.

    Where another job reads the account, this one waits until that is over: only one reading is kept at a time.
    """
    with claim.transaction() as job:
        if awaiting.is_read_by_another(job):
            awaiting.wait(claim, job)
            return
        mirror.begin(job.connection, job.pk)
    client = calling.open_client(claim)
    activity = client.activities.export()
    with claim.transaction() as job:
        now = datetime.now(UTC)
        activities.watch(job, activity, "export", job.cursor.get("total", 0))
        cursor = {
            **job.cursor,
            "activity_id": activity.activity_id,
            "since": now.isoformat(),
            "read_at": (activity.created_at or now).isoformat(),
        }
        claim.advance("exporting_there", cursor=cursor, after_seconds=activities.seconds_to_look(job))


def wait_for_export(claim: Claim) -> None:
    """One look at the account's activities, unless another job has looked meanwhile."""
    activities.look(claim)
    with claim.transaction() as job:
        over = activities.ended(job).get(job.cursor["activity_id"])
        if over is None:
            claim.advance("exporting_there", after_seconds=activities.seconds_to_look(job))
        elif over.outcome == WatchedActivity.Outcome.COMPLETED:
            claim.advance("downloading", cursor={**job.cursor, "href": over.results_href})
        else:
            export_again(claim, job.cursor, after_seconds=30)


def export_again(claim: Claim, cursor: dict[str, Any], *, after_seconds: float = 5) -> None:
    """Another export, for the file of this one cannot be had or read. Inside the claim's transaction."""
    claim.advance(
        "exporting",
        cursor=again(cursor, "exports"),
        after_seconds=after_seconds,
        note="another export is made",
    )


def download(claim: Claim) -> None:
    """Keep the file as it comes, a piece a transaction; a second download replaces the first."""
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return
        mirror.discard(job.connection)
    client = calling.open_client(claim)
    try:
        with client.activities.download(claim.job.cursor["href"]) as chunks:
            if not _keep_file(claim, chunks):
                return
    except (NotFound, Invalid, NotReady):
        # The file is kept there for a while only; a job that waited long finds it gone.
        with claim.transaction() as job:
            export_again(claim, job.cursor)
        return
    with claim.transaction() as job:
        claim.advance(job.cursor.get("read_by", "reading_export"), cursor={**job.cursor, "offset": 0})


def _keep_file(claim: Claim, chunks: Iterable[bytes]) -> bool:
    """Pieces of a mebibyte, or what has come in a quarter of the lease, so that a slow file keeps its claim.

    Answers whether it was kept whole: another job may become the reader meanwhile, and two files are not mixed.
    """
    offset, pending = 0, bytearray()
    began = kept = time.monotonic()
    for chunk in chunks:
        pending += chunk
        now = time.monotonic()
        if now - began > DOWNLOAD_SECONDS:
            raise GaveUp("provider_unavailable", "The file of the account's people did not come in time.")
        if len(pending) >= CHUNK_BYTES or now - kept > settings.ENV.JOB_LEASE_SECONDS / 4:
            with claim.transaction() as job:
                if not still_reads(claim, job):
                    return False
                offset = mirror.keep_chunk(job.connection, offset, bytes(pending))
            pending.clear()
            kept = now
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return False
        mirror.keep_chunk(job.connection, offset, bytes(pending))
    return True


def read_export(claim: Claim) -> None:
    """Some thousand rows of the kept file a step."""
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return
    if _needs_tags(claim):
        catalog.refresh_tags(claim.job.connection, "bulk", claim.job.pk)
    if _needs_lists(claim):
        catalog.refresh(claim.job.connection, "bulk", claim.job.pk)
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return
        try:
            _read_rows(claim, job)
        except exports.NotAnExport as fault:
            log.warning("job %s: %s", job.pk, fault)
            export_again(claim, job.cursor)


def _needs_tags(claim: Claim) -> bool:
    """Tags are read where the file tells of them, once a reading."""
    if claim.job.cursor["offset"]:
        return False
    with claim.transaction() as job:
        chunks = mirror.chunks_from(job.connection, 0)
        try:
            return bool(exports.header(lambda offset: chunks, {}).tags)
        except exports.NotAnExport:
            return False


def _needs_lists(claim: Claim) -> bool:
    """Lists are read again where the file names one that is not known: else nobody would be seen to be on it."""
    if claim.job.cursor["offset"]:
        return False
    with claim.transaction() as job:
        names = _catalog(job.connection)
        chunks_from = lambda offset: mirror.chunks_from(job.connection, offset)  # noqa: E731  # as exports takes it
        try:
            shape = exports.header(chunks_from, names.custom)
            most: int = settings.ENV.IMPORT_STEP_ROWS
            return exports.names_unknown(chunks_from, shape, names.lists, shape.offset, most)
        except exports.NotAnExport:
            return False


def _read_rows(claim: Claim, job: SyncJob) -> None:
    shape, rows = rows_of_file(job)
    if job.cursor["offset"] == 0:
        mirror.tells_of(job.connection, shape.columns)
    read_at = datetime.fromisoformat(job.cursor["read_at"])
    mirror.keep(job.connection, [row.known for row in rows if row.known], read_at)
    mirror.meet(job.connection, [row.email_key for row in rows if not row.known], deleted=False)
    if len(rows) < settings.ENV.IMPORT_STEP_ROWS:
        claim.advance("asking_deleted", cursor={**job.cursor, "href": None})
    else:
        claim.advance("reading_export", cursor={**job.cursor, "offset": rows[-1].offset})


def rows_of_file(job: SyncJob) -> tuple[exports.Header, list[exports.Row]]:
    """What the kept file has, and its rows behind the cursor: as many as one step takes; fewer are the last.

    Raises:
        exports.NotAnExport: it is none.
    """
    names = _catalog(job.connection)
    chunks_from = lambda offset: mirror.chunks_from(job.connection, offset)  # noqa: E731  # as exports takes it
    shape = exports.header(chunks_from, names.custom)
    found = exports.read(chunks_from, shape, names, job.cursor["offset"] or shape.offset)
    return shape, list(islice(found, settings.ENV.IMPORT_STEP_ROWS))


def _catalog(connection: Connection) -> exports.Catalog:
    lists = RemoteList.objects.filter(connection=connection).values_list("name", "list_id")
    tags = RemoteTag.objects.filter(connection=connection).values_list("name", "tag_id")
    fields = RemoteField.objects.filter(connection=connection)
    return exports.Catalog(
        {name: str(list_id) for name, list_id in lists},
        {name: str(tag_id) for name, tag_id in tags},
        {name: f"cf:{row.name}" for row in fields for name in (row.name, row.label)},
    )
