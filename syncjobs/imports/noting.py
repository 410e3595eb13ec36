"""What an import has written goes into the mirror, so that the next one knows without reading the account again.

Whom it was to create and did not is taken back in the consent ledger.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet

from mapping import mirrornews
from syncjobs.imports import deciding
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim

_WRITTEN = """
    SELECT email_key, values, string_to_array(list_set, ',')::uuid[] AS list_ids, outcome = 'created' AS is_new,
        CASE WHEN reason = 'not_tagged' THEN '{}'::uuid[] ELSE string_to_array(tag_set, ',')::uuid[] END AS tag_ids
    FROM syncjobs_importrow WHERE job_id = %s AND line > %s AND line <= %s AND outcome IN ('created', 'updated')
        AND action = ''
"""
_TAKEN_OFF = """
    SELECT email_key, string_to_array(leave_set, ',')::uuid[] AS list_ids,
        string_to_array(untag_set, ',')::uuid[] AS tag_ids
    FROM syncjobs_importrow WHERE job_id = %s AND line = ANY(%s)
"""


def note(claim: Claim) -> None:
    """Some thousand rows a step; what is noted twice is noted once."""
    with claim.transaction() as job:
        after = job.cursor.get("line", -1)
        behind = ImportRow.objects.filter(job=job, line__gt=after).order_by("line")
        lines = list(behind.values_list("line", flat=True)[: settings.ENV.IMPORT_STEP_ROWS])
        if not lines:
            claim.advance("finishing", cursor={})
            return
        at = datetime.now(UTC).replace(microsecond=0)
        deciding.take_back(job, after, lines[-1])
        mirrornews.keep_written(job.connection, _WRITTEN, [job.pk, after, lines[-1]], at)
        _note_leaving(job, behind.filter(line__lte=lines[-1], outcome="updated"), at)
        claim.advance("noting", cursor={**job.cursor, "line": lines[-1]})


def _note_leaving(job: SyncJob, rows: "QuerySet[ImportRow]", at: datetime) -> None:
    """Who was deleted, and whom lists and tags were taken off. Inside the scope."""
    deleted = rows.filter(action=ImportRow.Action.DELETE).values_list("email_key", flat=True)
    if keys := list(deleted):
        mirrornews.keep_standing(job.connection, keys, "deleted", at)
    changed = rows.filter(action="", reason="").exclude(leave_set="", untag_set="")
    if lines := list(changed.values_list("line", flat=True)):
        mirrornews.keep_taken_off(job.connection, _TAKEN_OFF, [job.pk, lines], at)
