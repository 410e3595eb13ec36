"""The end of an import: was every batch taken whole, what became of each row, and do the counts add up?"""

from typing import Any

from django.db import connection as database

from mapping.models import RemoteList
from syncjobs.models import Batch, ImportRow, KnownContact, SyncJob
from syncjobs.queue import Claim


def check(claim: Claim) -> None:
    """Did every batch take all its people? Then they are as expected; otherwise one more export tells who."""
    with claim.transaction() as job:
        if all(_is_whole(one) for one in Batch.objects.filter(job=job).defer("content")):
            claim.advance("settling", cursor={"verified": False})
        else:
            claim.advance("exporting", cursor={"known": job.accepted, "then": "settling", "verified": True})


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
        if any(not _is_whole(one) for one in Batch.objects.filter(job=job).defer("content")):
            _settle_by_account(job)
        cursor.execute(
            "UPDATE syncjobs_importrow SET outcome = expected WHERE job_id = %s AND outcome = '' AND expected <> ''",
            [job.pk],
        )
        claim.advance("finishing", cursor={})


def _settle_by_account(job: SyncJob) -> None:
    """Who was sent and is not there as wanted: opted out meanwhile, or not taken."""
    messages = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
    why = f"Constant Contact did not take this row{': ' + messages[0] if messages else ''}"[:300]
    known = {
        key: (standing, names)
        for key, standing, names in KnownContact.objects.filter(job=job).values_list(
            "email_key", "standing", "list_names"
        )
    }
    list_names = {
        str(list_id): name
        for list_id, name in RemoteList.objects.filter(connection=job.connection).values_list(
            "list_id", "name"
        )
    }
    for row in ImportRow.objects.filter(job=job, outcome="").iterator(chunk_size=2_000):
        standing, names = known.get(row.email_key, ("absent", []))
        wanted = {list_names.get(list_id, "") for list_id in row.list_set.split(",")}
        if standing == "unsubscribed":
            row.outcome, row.reason = "skipped", "opted_out"
            row.detail = "unsubscribed at Constant Contact, and stays so"
        elif standing == "absent" or not wanted <= set(names):
            row.outcome, row.reason, row.detail = "rejected", "not_taken", why
        else:
            continue
        row.save(update_fields=["outcome", "reason", "detail"])


def finish(claim: Claim) -> None:
    """Count every outcome; the job is done when they add up to what was accepted."""
    with claim.transaction() as job:
        counts: dict[str, Any] = outcomes(job)
        claim.end("done", cursor={}, **counts)


def outcomes(job: SyncJob) -> dict[str, int]:
    """How many rows ended in each outcome."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM syncjobs_importrow WHERE job_id = %s GROUP BY outcome", [job.pk]
        )
        found = dict(cursor.fetchall())
    return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
