"""Each row against the mirror of the account: created, updated, unchanged, or not to be sent, and what is left to do.

The same judgement as an import's, and besides: values that only fill blanks, lists and tags to be taken off, people to
be deleted or unsubscribed. An opt-out and a delete need no consent, and the account itself is asked whether there is
still somebody to be told; everything else asks `consent.decide`. Who opted in
is written alone (`singly`), which asks it once more of the person as read, and asks those who left to confirm.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import connection as database

from connections.models import Connection
from mapping import consent, consentledger, mirror
from mapping.consent import Contact, Decision, Evidence, Will
from mapping.models import MirrorContact, RemoteList, RemoteTag
from mapping.unified import writing_consent
from mapping.unified.writing_consent import Said
from syncjobs.imports import deciding, judging
from syncjobs.models import ImportRow, JobStep, SyncJob
from syncjobs.queue import Claim

# Lists or tags that one person can have; a call takes no more.
MOST_OFF: Final = 50


def compare(claim: Claim) -> None:
    """Some thousand rows a step. What was sent stays as it was judged."""
    with claim.transaction() as job:
        waiting = ImportRow.objects.filter(job=job, outcome="", line__gt=job.cursor["line"]).order_by("line")
        rows = list(waiting[: settings.ENV.IMPORT_STEP_ROWS])
        known = mirror.known(job.connection, [row.email_key for row in rows])
        judgement = _Judgement(job)
        new = [row for row in rows if row.expected == ImportRow.Outcome.CREATED]
        for row in rows:
            judgement.end(row, known.get(row.email_key))
        judging.write(job, rows)
        _write(job, rows)
        deciding.take_back_lines(job, judging.lines_not_new(new))
        if len(rows) < settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("judging", cursor={})
        else:
            claim.advance("comparing", cursor={"line": rows[-1].line})


def will_of(connection: Connection) -> Will:
    """What stands behind people whom a program writes: the account's basis, where one is recorded."""
    return Will.BASIS if consentledger.basis_of(connection) is not None else Will.NONE


def decide(known: MirrorContact | None, will: Will) -> Decision:
    """What may be done for somebody who stands so in the mirror."""
    return consent.decide(_contact(known), Evidence(will))


def opt_in(row: ImportRow) -> Evidence:
    """What a row shows of a person's opt-in."""
    return said_of(row).evidence(has_basis=False)


def said_of(row: ImportRow) -> Said:
    """What a row says of a person's will; nothing where it says nothing."""
    given = (row.wish or {}).get("consent")
    if not given:
        return Said()
    return writing_consent.said(**{**given, "at": datetime.fromisoformat(given["at"])})


def _contact(known: MirrorContact | None) -> Contact:
    standing = judging.standing(known)
    if known is None or standing == "absent":
        return Contact()
    if standing == "unsubscribed":
        return Contact("unsubscribed")
    return Contact("implicit", deleted=standing == "deleted")


class _Judgement:
    """Judges rows of a job. Inside the scope."""

    def __init__(self, job: SyncJob) -> None:
        self.judge = judging.by_mirror(job)
        self.mode = job.options["mode"]
        self.is_dry = bool(job.options["dry_run"])
        self.will = will_of(job.connection)
        # Since when this job has been looking who is there.
        looks = JobStep.objects.filter(job=job, stage="counting").order_by("-started_at")
        self.looked_at = looks.values_list("started_at", flat=True).first() or datetime.now(UTC)
        here = {"connection": job.connection}
        self.lists = {str(one) for one in RemoteList.objects.filter(**here).values_list("list_id", flat=True)}
        self.tags = {str(one) for one in RemoteTag.objects.filter(**here).values_list("tag_id", flat=True)}

    def end(self, row: ImportRow, known: MirrorContact | None) -> None:
        """What a row is expected to become, or how it ends."""
        row.contact_id = row.contact_id or (known.contact_id if known else None)
        if row.action in (ImportRow.Action.DELETE, ImportRow.Action.UNSUBSCRIBE):
            _judge_leaving(row, known, self.looked_at, is_dry=self.is_dry)
            return
        opts_in = row.action == ImportRow.Action.OPT_IN
        decision = consent.decide(_contact(known), opt_in(row)) if opts_in else decide(known, self.will)
        if not (decision.calls if opts_in else decision.send):
            _ends(row, decision.outcome or "skipped", decision.reason, decision.text)
        elif not row.travels:
            return  # its values went out in an earlier round, and stay judged as they were
        elif known is None:
            row.expected, row.on_set, row.leave_set, row.untag_set = "created", "", "", ""
        elif self.mode == "skip":
            _ends(row, "skipped", "there_already", "is in the account, and is left as it is")
        elif opts_in and decision.outcome:
            if self.is_dry:
                _ends(row, decision.outcome, decision.reason, decision.text)
            row.expected = (
                "updated"  # the provider is asked to have the person confirm, and the row ends with that
            )
        else:
            self._change(row, known)

    def _change(self, row: ImportRow, known: MirrorContact) -> None:
        """Somebody who is there: what differs, and what has to be put on and taken off."""
        row.expected = "updated"
        if self.mode == "fill_blanks":
            row.values = {name: value for name, value in row.values.items() if not known.values.get(name)}
        sets = row.wish or {}
        lists = _Change.of(row.list_set, row.leave_set, known.list_ids)
        tags = _Change.of(row.tag_set, row.untag_set, known.tag_ids)
        if sets.get("set_lists"):
            lists = lists.exactly(self.lists)
        if sets.get("set_tags"):
            tags = tags.exactly(self.tags)
        if max(len(lists.off), len(tags.off)) > MOST_OFF:
            _ends(row, "rejected", "not_known", "which of so many lists or tags the person has is not known")
            return
        row.leave_set, row.untag_set, row.tag_set = _text(lists.off), _text(tags.off), _text(tags.on)
        row.travels = not self.judge.has_its_values(row, known.values, unknown=False)
        stays_on = {str(one) for one in known.list_ids or ()} - lists.off
        wanted = judging.names(row.list_set)
        # Values need a list to be imported onto: one that the person is on already will do.
        row.on_set = _text(wanted & stays_on) if wanted else min(stays_on, default="")
        changes = row.travels or lists.on or lists.off or tags.on or tags.off
        if not changes and row.action != ImportRow.Action.OPT_IN:
            _ends(row, "unchanged", "same", "Constant Contact has these values already")


@dataclass(frozen=True)
class _Change:
    """Ids to be put on and taken off; `there` are those that the person has, None where nobody knows."""

    wanted: set[str]
    on: set[str]
    off: set[str]
    there: set[str] | None

    @classmethod
    def of(cls, wanted: str, unwanted: str, there: Iterable[object] | None) -> "_Change":
        """Less what is so already."""
        on, off = judging.names(wanted), judging.names(unwanted)
        if there is None:
            return cls(on, on, off, None)
        has = {str(one) for one in there}
        return cls(on, on - has, off & has, has)

    def exactly(self, everything: set[str]) -> "_Change":
        """With whatever else the person has, or may have, taken off."""
        has = everything if self.there is None else self.there
        return replace(self, off=has - self.wanted)


def _judge_leaving(row: ImportRow, known: MirrorContact | None, looked_at: datetime, *, is_dry: bool) -> None:
    """Somebody to be deleted or unsubscribed: always allowed.

    The mirror alone never keeps it from being sent, for somebody may have joined or come back since it was read. It
    does so of who was seen among the deleted by this very job; and it says how a dry run would end.
    """
    row.travels, row.expected, row.reason, row.detail = False, "updated", "", ""
    row.list_set = row.tag_set = row.on_set = row.leave_set = row.untag_set = ""
    standing = judging.standing(known)
    row.off_lists = row.action == ImportRow.Action.DELETE and standing == "unsubscribed"
    if row.action == ImportRow.Action.DELETE:
        row.reason, row.detail = "deleted", "is deleted"
    ended = judging.left(row.action, standing)
    if ended is None:
        return
    if is_dry:
        row.expected, row.reason, row.detail = ended
    elif known is not None and known.standing == "deleted" and known.changed_at >= looked_at:
        _ends(row, *ended)


def _text(ids: Iterable[str]) -> str:
    return ",".join(sorted(ids))


def _ends(row: ImportRow, outcome: str, reason: str, text: str) -> None:
    row.outcome, row.reason, row.detail = outcome, reason, text


def _write(job: SyncJob, rows: Sequence[ImportRow]) -> None:
    """Keep what is left to do of each row. Inside the scope."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE syncjobs_importrow AS row SET list_set = judged.list_set, tag_set = judged.tag_set,
                leave_set = judged.leave_set, untag_set = judged.untag_set, contact_id = judged.contact_id,
                values = judged.values::jsonb
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[])
                AS judged (line, list_set, tag_set, leave_set, untag_set, contact_id, values)
            WHERE row.job_id = %s AND row.line = judged.line
            """,
            [
                [row.line for row in rows],
                [row.list_set for row in rows],
                [row.tag_set for row in rows],
                [row.leave_set for row in rows],
                [row.untag_set for row in rows],
                [row.contact_id for row in rows],
                [json.dumps(row.values, ensure_ascii=False) for row in rows],
                job.pk,
            ],
        )
