"""Contact ids of people who have none here yet: where no list may name them, ids must.

A few are asked for one by one; many are found on the account's pages of 500, whichever takes fewer calls. Of who is to
be deleted or unsubscribed this look tells besides who is not there, and who has left before.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection as database

from connections import gateway
from connections.constantcontact.errors import CursorExpired
from connections.constantcontact.shapes import Contact
from mapping.consent import Standing
from mapping.unified import contacts
from mapping.values import email_key
from syncjobs.imports import judging, planning, quoting
from syncjobs.mirroring.retrying import again
from syncjobs.models import ImportRow, PlannedStep, SyncJob
from syncjobs.queue import Claim

LEAVING = (ImportRow.Action.DELETE, ImportRow.Action.UNSUBSCRIBE)


def look_up(claim: Claim) -> None:
    """One call: one person, or one page of the account."""
    with claim.transaction() as job:
        step = PlannedStep.objects.filter(job=job, written=False).order_by("place").first()
        assert step is not None, "there is a step to look people up for"
        opts_out = bool(step.whole or step.whole_parts)
        one_by_one = step.people <= quoting.pages_of(job.connection, job.accepted)
        email = _next(job, step) if one_by_one else None
        if one_by_one and email is None:
            _over(claim, job, step)
            return
    # An opt-out has calls kept back for it.
    client = gateway.open_client(claim.job.connection, "consent" if opts_out else "bulk", job_id=claim.job.pk)
    try:
        if email is not None:
            found = client.contacts.page(email=email[1], status="all", limit=quoting.PAGE)
        else:
            found = client.contacts.page(status="all", limit=quoting.PAGE, href=claim.job.cursor.get("href"))
    except CursorExpired:
        # A link that was kept too long has died: the walk begins again, and finds the same people.
        with claim.transaction() as job:
            claim.advance("looking_up", cursor=again(job.cursor, "walks", href=None))
        return
    with claim.transaction() as job:
        _keep(job, found.items)
        if email is not None:
            claim.advance("looking_up", cursor={"line": email[0]})
        elif found.next_href and found.next_href != claim.job.cursor.get("href"):
            claim.advance("looking_up", cursor={**job.cursor, "href": found.next_href})
        else:
            _over(claim, job, step)


def _over(claim: Claim, job: SyncJob, step: PlannedStep) -> None:
    PlannedStep.objects.filter(pk=step.pk).update(written=True)
    where, arguments = _of(job, step)
    unfound = ImportRow.objects.filter(job=job, outcome="", contact_id=None, action__in=LEAVING)
    unfound.extra(where=[where], params=arguments).update(  # noqa: S610  # ours
        outcome="skipped", reason="not_there", detail=judging.NOBODY
    )
    claim.advance("batching", cursor={})


def _of(job: SyncJob, step: PlannedStep) -> tuple[str, list[Any]]:  # Any: values of a statement
    return planning.condition_of(job, [*step.whole, *step.bare], [*step.whole_parts, *step.bare_parts])


def _next(job: SyncJob, step: PlannedStep) -> tuple[int, str] | None:
    condition, arguments = _of(job, step)
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT line, email FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' "  # noqa: S608  # ours
            f"AND contact_id IS NULL AND line > %s AND {condition} ORDER BY line LIMIT 1",
            [job.pk, job.cursor.get("line", -1), *arguments],
        )
        found: tuple[int, str] | None = cursor.fetchone()
    return found


def _keep(job: SyncJob, found: Iterable[Contact]) -> None:
    """Ids of whoever of these is in the file; who is to leave and has left ends."""
    people = {
        email_key(one.email_address.address): (one.contact_id, _standing(one))
        for one in found
        if one.email_address is not None
    }
    there = {key: contact_id for key, (contact_id, standing) in people.items() if standing != "deleted"}
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE syncjobs_importrow AS row SET contact_id = found.contact_id "
            "FROM unnest(%s::text[], %s::uuid[]) AS found (email_key, contact_id) "
            "WHERE row.job_id = %s AND row.email_key = found.email_key",
            [list(there), list(there.values()), job.pk],
        )
    leaving = ImportRow.objects.filter(job=job, outcome="", action__in=LEAVING, email_key__in=list(people))
    ended = []
    for row in leaving:
        if end := judging.left(row.action, people[row.email_key][1]):
            row.outcome, row.reason, row.detail = end
            ended.append(row)
    judging.write(job, ended)


def _standing(one: Contact) -> Standing:
    if one.deleted_at is not None:
        return "deleted"
    return "unsubscribed" if contacts.status_of(one) == "unsubscribed" else "active"
