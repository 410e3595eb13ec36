"""People whom no bulk call may carry, one a step: read, decided upon, and written back whole under their lock.

That is whoever is unsubscribed, for no bulk call does it, whoever is on no list and joins none, and whoever opted in,
for no bulk call gives more than implicit permission. It is done as the
API writes a single contact (`mapping.contactwrites`): what is read says once more whether it may be done, since the
mirror may be some minutes old, and the decision goes into the consent ledger.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from django.db import connection as database

from connections import gateway
from connections.constantcontact.client import Client
from connections.constantcontact.errors import Conflict, Invalid, NotFound
from connections.constantcontact.shapes import Contact
from mapping import fields, mirrornews
from mapping.contactends import NotAllowed, Result, Taken
from mapping.contactlocks import Busy
from mapping.contactwrites import Writer
from mapping.models import RemoteField
from mapping.unified.writing import Change, Unfit, Wish
from mapping.unified.writing_consent import Said
from mapping.values import email_key
from syncjobs.bulk import comparing
from syncjobs.bulk.person import Field, Wanted
from syncjobs.imports import judging, planning
from syncjobs.models import ImportRow, PlannedStep, SyncJob
from syncjobs.planner import SINGLES
from syncjobs.queue import Claim

BUSY_SECONDS: Final = 2.0
OPT_OUT: Final = Said(permission="unsubscribed")


class Moved(Exception):
    """The contact of an id has another address than the row names."""


@dataclass(frozen=True)
class Ended:
    """How a row ended."""

    outcome: str
    reason: str = ""
    text: str = ""


def write(claim: Claim) -> None:
    """One person, in two calls, or three where the id is not known."""
    with claim.transaction() as job:
        step = PlannedStep.objects.filter(job=job, written=False, kind__in=sorted(SINGLES)).first()
        row = _next(job, step) if step else None
        if row is None:
            if step is not None:
                PlannedStep.objects.filter(pk=step.pk).update(written=True)
            claim.advance("batching", cursor={})
            return
        custom = _fields(job)
    try:
        ended = _written(claim.job, row, custom)
    except Busy:
        with claim.transaction():
            claim.defer(
                BUSY_SECONDS, "contact_busy", "Somebody else is writing one of these people just now."
            )
        return
    with claim.transaction() as job:
        ImportRow.objects.filter(job=job, line=row.line).update(
            outcome=ended.outcome, reason=ended.reason, detail=ended.text[:300]
        )
        if row.action == ImportRow.Action.UNSUBSCRIBE and ended.outcome in ("updated", "unchanged"):
            mirrornews.keep_standing(job.connection, [row.email_key], "unsubscribed", datetime.now(UTC))
        claim.advance("writing", cursor={})


def _next(job: SyncJob, step: PlannedStep) -> ImportRow | None:
    condition, arguments = planning.condition_of(job, step.whole, step.whole_parts)
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT line FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND {condition} "  # noqa: S608  # ours
            "ORDER BY line LIMIT 1",
            [job.pk, *arguments],
        )
        found = cursor.fetchone()
    return ImportRow.objects.get(job=job, line=found[0]) if found else None


def _fields(job: SyncJob) -> dict[str, Field]:
    return {
        fields.custom_column(one.name): Field(
            str(one.custom_field_id), {label: id_ for id_, label in one.choice_ids.items()}
        )
        for one in RemoteField.objects.filter(connection=job.connection)
    }


def _written(job: SyncJob, row: ImportRow, custom: dict[str, Field]) -> Ended:
    """Raises Busy."""
    # An opt-out has calls kept back for it.
    leaves = row.action == ImportRow.Action.UNSUBSCRIBE
    client = gateway.open_client(job.connection, "consent" if leaves else "bulk", job_id=job.pk)
    try:
        found = _opted_out(client, job, row) if leaves else _put(client, job, row, custom)
    except NotAllowed as refused:
        return Ended("rejected", refused.verdict.reason, refused.verdict.text)
    except Unfit as unfit:
        return Ended("rejected", "too_much", str(unfit))
    except Taken:
        return Ended("skipped", "there_already", "is in the account, and is left as it is")
    except (Conflict, Invalid, NotFound) as refusal:
        return Ended("rejected", "not_taken", f"Constant Contact did not take it: {refusal}")
    if found is None:
        return Ended("skipped", "not_there", judging.NOBODY)
    if leaves and found.outcome == "updated":
        return Ended("updated", "unsubscribed", "is unsubscribed")
    if found.outcome == "unchanged":
        return Ended("unchanged", "same", "Constant Contact has it so already")
    return Ended(found.outcome, found.reason, found.text)


def _opted_out(client: Client, job: SyncJob, row: ImportRow) -> Result | None:
    def nothing_else(there: Contact | None) -> Wish:
        if there and there.email_address and email_key(there.email_address.address) != row.email_key:
            raise Moved
        return Wish()

    writer = Writer(job.connection, client, Wish(), OPT_OUT, job.options["by"], wish_for=nothing_else)
    if row.contact_id:
        # The id is of somebody who is gone, or has another address by now; this one may be somebody else's.
        with suppress(NotFound, Moved):
            return writer.update(str(row.contact_id))
    found = client.contacts.find(row.email)
    return writer.update(found.contact_id) if found is not None else None


def _put(client: Client, job: SyncJob, row: ImportRow, custom: dict[str, Field]) -> Result:
    sets = (row.list_set, row.leave_set, row.tag_set, row.untag_set)
    joins, leaves, tags, untags = (tuple(sorted(judging.names(one))) for one in sets)
    lists, tagged = Change(add=joins, remove=leaves), Change(add=tags, remove=untags)
    only_blanks = job.options["mode"] == "fill_blanks"
    wish_for = partial(Wanted(row.email, row.values, lists, tagged, only_blanks).wish, custom)
    there = client.contacts.find(row.email) if row.expected == ImportRow.Outcome.UPDATED else None
    said = comparing.said_of(row)
    writer = Writer(job.connection, client, wish_for(None), said, job.options["by"], wish_for=wish_for)
    if there is not None:
        return writer.update(there.contact_id)
    return writer.create() if job.options["mode"] == "skip" else writer.upsert()
