"""What an import has written goes into the mirror, so that the next one knows without reading the account again."""

from datetime import UTC, datetime

from django.conf import settings

from mapping import mirrornews
from syncjobs.models import ImportRow
from syncjobs.queue import Claim

_WRITTEN = """
    SELECT email_key, values, string_to_array(list_set, ',')::uuid[] AS list_ids, outcome = 'created' AS is_new,
        CASE WHEN reason = 'not_tagged' THEN '{}'::uuid[] ELSE string_to_array(tag_set, ',')::uuid[] END AS tag_ids
    FROM syncjobs_importrow WHERE job_id = %s AND line > %s AND line <= %s AND outcome IN ('created', 'updated')
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
        mirrornews.keep_written(job.connection, _WRITTEN, [job.pk, after, lines[-1]], at)
        claim.advance("noting", cursor={**job.cursor, "line": lines[-1]})
