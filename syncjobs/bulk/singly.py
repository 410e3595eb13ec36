"""People whom no bulk call may carry, one a step: read, and written back whole.

That is whoever is unsubscribed, for no bulk call does it, and whoever is on no list and joins none. What is read says
once more whether it may be done: the mirror may be some minutes old.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection as database

from connections import gateway
from connections.constantcontact.client import Client
from connections.constantcontact.errors import Conflict, Invalid, NotFound
from connections.constantcontact.shapes import Contact
from connections.constantcontact.shapes.writing import EVERYTHING
from mapping import consent, fields, mirrornews
from mapping.consent import Evidence
from mapping.models import RemoteField
from syncjobs.bulk import comparing, person
from syncjobs.bulk.person import Change, Field
from syncjobs.imports import judging, planning
from syncjobs.models import ImportRow, PlannedStep, SyncJob
from syncjobs.planner import SINGLES
from syncjobs.queue import Claim


@dataclass(frozen=True)
class Ended:
    """How a row ended."""

    outcome: str
    reason: str = ""
    text: str = ""


def write(claim: Claim) -> None:
    """One person: read, decided upon, written."""
    with claim.transaction() as job:
        step = PlannedStep.objects.filter(job=job, written=False, kind__in=sorted(SINGLES)).first()
        row = _next(job, step) if step else None
        if row is None:
            if step is not None:
                PlannedStep.objects.filter(pk=step.pk).update(written=True)
            claim.advance("batching", cursor={})
            return
        change = _change(job, row)
    leaves = row.action == ImportRow.Action.UNSUBSCRIBE
    # An opt-out has calls kept back for it.
    client = gateway.open_client(claim.job.connection, "consent" if leaves else "bulk", job_id=claim.job.pk)
    try:
        ended = _opt_out(client, row) if leaves else _put(client, claim.job, change)
    except (Conflict, Invalid, NotFound) as refusal:
        ended = Ended("rejected", "not_taken", f"Constant Contact did not take it: {refusal}"[:300])
    with claim.transaction() as job:
        ImportRow.objects.filter(job=job, line=row.line).update(
            outcome=ended.outcome, reason=ended.reason, detail=ended.text
        )
        if leaves and ended.outcome in ("updated", "unchanged"):
            mirrornews.keep_standing(job.connection, [row.email_key], "unsubscribed", datetime.now(UTC))
        claim.advance("writing", cursor={})


def _next(job: SyncJob, step: PlannedStep) -> ImportRow | None:
    condition, arguments = planning.condition_of(step.whole, step.whole_parts)
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT line FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND {condition} "  # noqa: S608  # ours
            "ORDER BY line LIMIT 1",
            [job.pk, *arguments],
        )
        found = cursor.fetchone()
    return ImportRow.objects.get(job=job, line=found[0]) if found else None


def _change(job: SyncJob, row: ImportRow) -> Change:
    custom = {
        fields.custom_column(one.name): Field(
            str(one.custom_field_id), {label: id_ for id_, label in one.choice_ids.items()}
        )
        for one in RemoteField.objects.filter(connection=job.connection)
    }
    sets = (row.list_set, row.leave_set, row.tag_set, row.untag_set)
    return Change(row.email, row.values, custom, *(frozenset(judging.names(one)) for one in sets))


def _opt_out(client: Client, row: ImportRow) -> Ended:
    found = client.contacts.find(row.email, include=EVERYTHING)
    if found is None or found.email_address is None:
        return Ended("skipped", "not_there", comparing.NOBODY)
    if found.deleted_at is not None:
        return Ended("skipped", "deleted_there", "was deleted there already")
    if found.email_address.permission_to_send == "unsubscribed":
        return Ended("unchanged", "same", "is unsubscribed there already")
    client.contacts.update(found.contact_id, person.opted_out(found, found.email_address.address))
    return Ended("updated", "unsubscribed", "is unsubscribed")


def _put(client: Client, job: SyncJob, change: Change) -> Ended:
    found = client.contacts.find(change.email, include=EVERYTHING)
    if found is None:
        decision = comparing.decide(None, comparing.will_of(job.connection))
        if not decision.send:
            return Ended(decision.outcome or "skipped", decision.reason, decision.text)
        try:
            client.contacts.create(person.new(change))
        except Conflict as taken:
            if not taken.contact_id:
                raise
            # Not to be found by the address yet, or not any more.
            found = client.contacts.get(taken.contact_id, include=EVERYTHING)
        else:
            return Ended("created")
    decision = consent.decide(_stands(found), Evidence(comparing.will_of(job.connection)))
    if not decision.send:
        return Ended(decision.outcome or "skipped", decision.reason, decision.text)
    if job.options["mode"] == "skip":
        return Ended("skipped", "there_already", "is in the account, and is left as it is")
    client.contacts.update(found.contact_id, person.merged(found, change))
    return Ended("updated")


def _stands(found: Contact) -> consent.Contact:
    away = found.email_address is not None and found.email_address.permission_to_send == "unsubscribed"
    return consent.Contact("unsubscribed" if away else "implicit", deleted=found.deleted_at is not None)
