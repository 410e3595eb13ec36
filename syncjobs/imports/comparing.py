"""Before anything is sent: each row against the mirror of the account, which has been read or asked just now.

From that every row is expected to be created or updated, or ends as unchanged or skipped.
"""

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from mapping import consent, mirror
from mapping.models import MirrorContact
from syncjobs.imports import deciding, judging
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim


def compare(claim: Claim) -> None:
    """Some thousand rows a step: create, update, unchanged, or not to be sent. What was sent stays as it was judged."""
    with claim.transaction() as job:
        rows = _waiting(job)
        known = mirror.known(job.connection, [row.email_key for row in rows])
        judge = judging.by_mirror(job)
        new = [row for row in rows if row.expected == ImportRow.Outcome.CREATED]
        for row in rows:
            _judge(row, known.get(row.email_key), judge)
        judging.write(job, rows)
        deciding.take_back_lines(job, judging.lines_not_new(new))
        if len(rows) < settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("deciding", cursor={})
        else:
            claim.advance("comparing", cursor={"line": rows[-1].line})


def _waiting(job: SyncJob) -> list[ImportRow]:
    """The next rows to be judged. Whom nobody knows there needs no judgement: such a row is created as it was read."""
    is_known = MirrorContact.objects.filter(connection=job.connection, email_key=OuterRef("email_key"))
    waiting = ImportRow.objects.filter(
        Exists(is_known) | ~Q(on_set="") | Q(travels=False), job=job, outcome=""
    )
    return list(waiting.filter(line__gt=job.cursor["line"]).order_by("line")[: settings.ENV.IMPORT_STEP_ROWS])


def _judge(row: ImportRow, known: MirrorContact | None, judge: judging.Judge) -> None:
    decision = consent.may_import(judging.standing(known))
    if not decision.send:
        row.outcome, row.reason, row.detail = "skipped", decision.reason, decision.text
        return
    went_out = not row.travels
    row.on_set = ",".join(judging.lists_known(row, known)) if known else ""
    if went_out:
        return  # its values went out in an earlier round, and stay judged as they were
    row.travels = known is None or not judge.has_its_values(row, known.values, unknown=False)
    row.expected = "created" if known is None else "updated"
    if not row.travels and not row.tag_set and row.on_set == row.list_set:
        row.outcome, row.reason = "unchanged", "same"
        row.detail = "Constant Contact has these values already"
