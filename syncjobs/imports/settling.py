"""The end of an import: was every batch taken whole, what became of each row, and do the counts add up?"""

import json
from typing import Any, Final

from django.conf import settings
from django.db import connection as database

from mapping import catalog, mirror
from mapping.models import MirrorContact
from syncjobs.imports import batching, judging, outcomes, planning, scratch
from syncjobs.imports.processing import missing_of
from syncjobs.models import Batch, ImportRow, PlannedStep, SyncJob
from syncjobs.planner import IMPORTS, Kind
from syncjobs.queue import Claim

# So many of a call's people are held against the account to tell whether it arrived.
PROOF_ROWS: Final = 500


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
            cursor = {"total": job.accepted, "then": "settling", "verified": True}
            claim.advance("exporting", cursor=cursor)


def _all_whole(job: SyncJob) -> bool:
    if job.options.get("guessed"):
        return False
    imports = Batch.objects.filter(job=job, kind__in=sorted(IMPORTS)).exclude(state=Batch.State.REPLACED)
    return all(_is_whole(one) for one in imports.defer("content"))


def _is_whole(sent: Batch) -> bool:
    troubles = [sent.counters.get(name) or 0 for name in ("error", "correctable", "cannot_add_to_list")]
    return sent.state == Batch.State.FINISHED and not any(troubles) and not missing_of(sent)


def settle(claim: Claim) -> None:
    """Every row that was sent ends as expected, or, where a batch was not whole, as the account now shows."""
    with claim.transaction() as job:
        after = job.cursor.get("line", -1)
        if after < 0:
            _end_unfound(job)
        if after < 0 and (guessed := job.options.get("guessed")):
            left = [number for number in guessed if not _arrived(job, number)]
            job.options = {**job.options, "guessed": left}
            job.save(update_fields=["options"])
        last = _end_of_step(job, after)
        if last is None:
            _note_failed(job)
            scratch.note_removed(job)
            claim.advance("noting", cursor={})
            return
        if not _all_whole(job):
            rows = ImportRow.objects.filter(job=job, outcome="", line__gt=after, line__lte=last)
            _settle_by_account(job, list(rows.order_by("line")))
        _settle_as_expected(job, after, last)
        claim.advance("settling", cursor={**job.cursor, "line": last})


def _arrived(job: SyncJob, number: int) -> bool:
    """Whether an import that was found by time and size alone was ours: most of its people are as wanted.

    Some may have been edited since; of what somebody else sent, nobody would be.
    """
    judge = judging.by_mirror(job)
    call = Batch.objects.get(job=job, number=number)
    rows = list(batching.rows_of(job, call).order_by("line")[:PROOF_ROWS])
    known = mirror.known(job.connection, [row.email_key for row in rows])
    wanted = sum(_is_as_wanted(judge, row, known.get(row.email_key)) for row in rows)
    return 2 * wanted >= len(rows)


def _end_of_step(job: SyncJob, after: int) -> int | None:
    """The last line of the next some thousand rows; None where there are no more."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT max(line) FROM (SELECT line FROM syncjobs_importrow WHERE job_id = %s AND line > %s "
            "ORDER BY line LIMIT %s) AS step",
            [job.pk, after, settings.ENV.IMPORT_STEP_ROWS],
        )
        found: int | None = cursor.fetchone()[0]
    return found


def _settle_as_expected(job: SyncJob, after: int, last: int) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE syncjobs_importrow SET outcome = expected "
            "WHERE job_id = %s AND line > %s AND line <= %s AND outcome = '' AND expected <> ''",
            [job.pk, after, last],
        )


def _end_unfound(job: SyncJob) -> None:
    """Whoever was to be deleted by id, and has none, was not found when it was looked for."""
    looked_for = PlannedStep.objects.filter(job=job, kind=Kind.LOOK_UP)
    with database.cursor() as cursor:
        for step in looked_for:
            condition, arguments = planning.condition_of(job, step.bare, step.bare_parts)
            cursor.execute(
                "UPDATE syncjobs_importrow SET outcome = 'skipped', reason = 'not_there', "  # noqa: S608  # ours
                "detail = 'nobody of this address is in the account' WHERE job_id = %s AND outcome = '' "
                f"AND action = 'delete' AND contact_id IS NULL AND {condition}",
                [job.pk, *arguments],
            )


# What a call that came to nothing leaves undone: whose rows, and how they say so. The person is there all the same.
_UNDONE: Final = {
    Kind.TAG_ON: ("not_tagged", "a tag could not be set", "tag_set", "tag_ids"),
    Kind.TAG_OFF: ("not_taken_off", "a tag could not be taken off", "untag_set", "tag_ids"),
    Kind.REMOVE_LISTS: ("not_taken_off", "a list could not be left", "leave_set", "list_ids"),
}


def _note_failed(job: SyncJob) -> None:
    """Whom calls were about that came to nothing."""
    with database.cursor() as cursor:
        for failed in Batch.objects.filter(job=job, kind__in=sorted(_UNDONE), state=Batch.State.FAILED):
            reason, text, column, ids = _UNDONE[Kind(failed.kind)]
            cursor.execute(
                "UPDATE syncjobs_importrow SET reason = %s, detail = %s "  # noqa: S608  # ours
                "WHERE job_id = %s AND outcome IN ('created', 'updated') "
                f"AND string_to_array({column}, ',') && %s::text[]",
                [reason, text, job.pk, getattr(failed, ids)],
            )
    for failed in Batch.objects.filter(job=job, kind=Kind.DELETE_CONTACTS, state=Batch.State.FAILED):
        meant = ImportRow.objects.filter(job=job, action=ImportRow.Action.DELETE, outcome="updated")
        if not failed.sources:
            meant = meant.filter(contact_id__in=json.loads(bytes(failed.content)))
        meant.update(
            outcome="rejected", reason="not_taken", detail="Constant Contact did not delete the contact"
        )


def _settle_by_account(job: SyncJob, rows: list[ImportRow]) -> None:
    """Who was sent and is not there as wanted: opted out meanwhile, or not taken."""
    messages = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
    why = f"Constant Contact did not take this row{': ' + messages[0] if messages else ''}"[:300]
    known = mirror.known(job.connection, [row.email_key for row in rows])
    judge = judging.by_mirror(job)
    for row in rows:
        found = known.get(row.email_key)
        if row.action:
            if judging.standing(found) not in ("absent", "deleted"):
                row.outcome, row.reason, row.detail = "rejected", "not_taken", why
        elif found is not None and found.standing == "unsubscribed":
            row.outcome, row.reason = "skipped", "opted_out"
            row.detail = "unsubscribed at Constant Contact, and stays so"
        elif not _is_as_wanted(judge, row, found):
            row.outcome, row.reason, row.detail = "rejected", "not_taken", why
    judging.write(job, rows)


def _is_as_wanted(judge: judging.Judge, row: ImportRow, found: MirrorContact | None) -> bool:
    return (
        found is not None
        and judging.on_its_lists(row, found)
        and not judging.names(row.leave_set) & {str(one) for one in found.list_ids or ()}
        and judge.has_its_values(row, found.values, unknown=True)
    )


def finish(claim: Claim) -> None:
    """Count every outcome; the job is done when they add up to what was accepted."""
    with claim.transaction() as job:
        counts: dict[str, Any] = outcomes.counted(job)
        said = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
        note = f"Constant Contact noted: {said[0]}"[:600] if said else ""
        claim.end("done", cursor={}, explanation=note, **counts)
