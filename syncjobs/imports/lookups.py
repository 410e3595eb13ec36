"""Contact ids of people who have none here yet: where no list may name them, ids must.

A few are asked for one by one; many are found on the account's pages of 500, whichever takes fewer calls.
"""

from collections.abc import Iterable

from django.db import connection as database

from connections import gateway
from connections.constantcontact.shapes import Contact
from mapping.values import email_key
from syncjobs.imports import planning, quoting
from syncjobs.models import PlannedStep, SyncJob
from syncjobs.queue import Claim


def look_up(claim: Claim) -> None:
    """One call: one person, or one page of the account."""
    with claim.transaction() as job:
        step = PlannedStep.objects.filter(job=job, written=False).order_by("place").first()
        assert step is not None, "there is a step to look people up for"
        one_by_one = step.people <= quoting.pages_of(job.connection, job.accepted)
        email = _next(job, step) if one_by_one else None
        if one_by_one and email is None:
            _over(claim, step)
            return
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    if email is not None:
        found = client.contacts.page(email=email[1], status="all", limit=quoting.PAGE)
    else:
        found = client.contacts.page(limit=quoting.PAGE, href=claim.job.cursor.get("href"))
    with claim.transaction() as job:
        _keep(job, found.items)
        if email is not None:
            claim.advance("looking_up", cursor={"line": email[0]})
        elif found.next_href and found.next_href != claim.job.cursor.get("href"):
            claim.advance("looking_up", cursor={"href": found.next_href})
        else:
            _over(claim, step)


def _over(claim: Claim, step: PlannedStep) -> None:
    PlannedStep.objects.filter(pk=step.pk).update(written=True)
    claim.advance("batching", cursor={})


def _next(job: SyncJob, step: PlannedStep) -> tuple[int, str] | None:
    condition, arguments = planning.condition_of(job, step.bare, step.bare_parts)
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT line, email FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' "  # noqa: S608  # ours
            f"AND contact_id IS NULL AND line > %s AND {condition} ORDER BY line LIMIT 1",
            [job.pk, job.cursor.get("line", -1), *arguments],
        )
        found: tuple[int, str] | None = cursor.fetchone()
    return found


def _keep(job: SyncJob, contacts: Iterable[Contact]) -> None:
    """Ids of whoever of these is in the file."""
    people = {
        email_key(one.email_address.address): one.contact_id
        for one in contacts
        if one.email_address is not None and one.deleted_at is None
    }
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE syncjobs_importrow AS row SET contact_id = found.contact_id "
            "FROM unnest(%s::text[], %s::uuid[]) AS found (email_key, contact_id) "
            "WHERE row.job_id = %s AND row.email_key = found.email_key",
            [list(people), list(people.values()), job.pk],
        )
