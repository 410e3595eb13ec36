"""The end of an import: was every batch taken whole, what became of each row, and do the counts add up?"""

from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet

from mapping import catalog
from syncjobs.imports import judging, plans
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim


def check(claim: Claim) -> None:
    """Did every batch take all its people? Then they are as expected; otherwise one more export tells who."""
    with claim.transaction() as job:
        whole = _all_whole(job)
    if not whole:
        # Lists may have been renamed since; the export names them as they are called now.
        catalog.refresh(claim.job.connection, "control", claim.job.pk)
    with claim.transaction() as job:
        if whole:
            claim.advance("settling", cursor={})
        else:
            cursor = {"known": job.accepted, "then": "settling", "verified": True}
            claim.advance("exporting", cursor=cursor)


def _all_whole(job: SyncJob) -> bool:
    return all(_is_whole(one) for one in Batch.objects.filter(job=job).defer("content"))


def _is_whole(sent: Batch) -> bool:
    troubles = [sent.counters.get(name) or 0 for name in ("error", "correctable", "cannot_add_to_list")]
    return (
        sent.state == Batch.State.FINISHED
        and not any(troubles)
        and sent.counters.get("person") == sent.row_count
    )


def settle(claim: Claim) -> None:
    """Every row that was sent ends as expected, or, where a batch was not whole, as the account now shows."""
    with claim.transaction() as job, database.cursor() as cursor:
        if not _all_whole(job):
            after = job.cursor.get("line", -1)
            rows = list(_unsettled(job, after)[: settings.ENV.IMPORT_STEP_ROWS])
            _settle_by_account(job, rows)
            if rows:
                claim.advance("settling", cursor={"line": rows[-1].line, "verified": True})
                return
        cursor.execute(
            "UPDATE syncjobs_importrow SET outcome = expected WHERE job_id = %s AND outcome = '' AND expected <> ''",
            [job.pk],
        )
        claim.advance("finishing", cursor={})


def _unsettled(job: SyncJob, after: int) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(job=job, outcome="", line__gt=after).order_by("line")


def _settle_by_account(job: SyncJob, rows: list[ImportRow]) -> None:
    """Who was sent and is not there as wanted: opted out meanwhile, or not taken."""
    messages = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
    why = f"Constant Contact did not take this row{': ' + messages[0] if messages else ''}"[:300]
    known, names, kinds = judging.known_contacts(job, rows), judging.list_names(job), plans.kinds(job)
    for row in rows:
        found = known.get(row.email_key)
        if found is not None and found.standing == "unsubscribed":
            row.outcome, row.reason = "skipped", "opted_out"
            row.detail = "unsubscribed at Constant Contact, and stays so"
        elif (
            found is None
            or not judging.on_its_lists(row, found, names)
            or not judging.has_its_values(row, found, kinds, unknown=True)
        ):
            row.outcome, row.reason, row.detail = "rejected", "not_taken", why
    judging.write(job, rows)


def finish(claim: Claim) -> None:
    """Count every outcome; the job is done when they add up to what was accepted."""
    with claim.transaction() as job:
        counts: dict[str, Any] = outcomes(job)
        said = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
        note = f"Constant Contact noted: {said[0]}"[:600] if said else ""
        claim.end("done", cursor={}, explanation=note, **counts)


def outcomes(job: SyncJob) -> dict[str, int]:
    """How many rows ended in each outcome."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM syncjobs_importrow WHERE job_id = %s GROUP BY outcome", [job.pk]
        )
        found = dict(cursor.fetchall())
    return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
