"""Who left: unsubscribed since it was last asked, or deleted there. Asked anew before an import compares."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from connections.constantcontact.errors import CursorExpired
from connections.constantcontact.pages import Trail
from connections.constantcontact.shapes import Contact
from mapping import mirror, mirrornews
from mapping.values import email_key
from syncjobs.mirroring import calling
from syncjobs.mirroring.ending import go_on_behind
from syncjobs.mirroring.retrying import again, still_reads
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim

# The provider's search index may be so late, and two windows overlap by as much again.
LAG: Final = timedelta(minutes=3)
OVERLAP: Final = timedelta(minutes=5)
# Contacts on a page.
PAGE: Final = 500


def ask_optouts(claim: Claim) -> None:
    """One page of who unsubscribed since this was last asked; no other filter shows an opt-out."""
    with claim.transaction() as job:
        since = mirror.state(job.connection).optouts_until or datetime.now(UTC) - timedelta(days=1)
    client = calling.open_client(claim)
    href = claim.job.cursor.get("href")
    try:
        page = client.contacts.page(status="all", optout_after=since - OVERLAP, limit=PAGE, href=href)
    except CursorExpired:
        with claim.transaction() as job:
            claim.advance("asking_optouts", cursor=again(job.cursor, "walks", href=None, trail={}))
        return
    answered_at = page.answered_at or datetime.now(UTC)
    out = [one for one in page.items if _permission(one) == "unsubscribed"]
    with claim.transaction() as job:
        mirrornews.keep_standing(job.connection, _keys(out), "unsubscribed", answered_at)
        if not _goes_on(claim, "asking_optouts", page.next_href, answered_at):
            began = datetime.fromisoformat(job.cursor.get("walk_began") or answered_at.isoformat())
            mirrornews.optouts_known_until(job.connection, began - LAG)
            cursor = {**job.cursor, "href": None, "trail": {}, "walk_began": None}
            claim.advance("asking_deleted", cursor=cursor)


def ask_deleted(claim: Claim) -> None:
    """One page of the people who were deleted there: an import would bring them back.

    A job that has fewer people than there are such pages asks for each of them by the address.
    """
    with claim.transaction() as job:
        if "alone" not in job.cursor:
            job.cursor = {**job.cursor, "alone": _asks_alone(job)}
    if claim.job.cursor["alone"]:
        _ask_alone(claim)
        return
    client = calling.open_client(claim)
    href = claim.job.cursor.get("href")
    try:
        page = client.contacts.page(status="deleted", limit=PAGE, href=href)
    except CursorExpired:
        # A link that was kept too long has died: the walk begins again, and finds the same people.
        with claim.transaction() as job:
            claim.advance("asking_deleted", cursor=again(job.cursor, "walks", href=None, trail={}))
        return
    answered_at = page.answered_at or datetime.now(UTC)
    with claim.transaction() as job:
        mirrornews.keep_standing(job.connection, _keys(page.items), "deleted", answered_at)
        if "read_at" in job.cursor:
            if not still_reads(claim, job):
                return
            mirror.meet(job.connection, _keys(page.items), deleted=True)
        if _goes_on(claim, "asking_deleted", page.next_href, answered_at):
            return
        if "read_at" in job.cursor:
            claim.advance("clearing", cursor={**job.cursor, "href": None, "trail": {}, "after": ""})
        else:
            go_on_behind(claim, job)


def _asks_alone(job: SyncJob) -> bool:
    """Whether its people are fewer than the pages of the deleted; a whole reading needs all of these."""
    pages = mirror.state(job.connection).deleted // PAGE
    return "read_at" not in job.cursor and len(_waiting(job)[:pages]) < pages


def _waiting(job: SyncJob) -> "QuerySet[ImportRow]":
    rows = ImportRow.objects.filter(job=job, outcome="", line__gt=job.cursor.get("line", -1))
    return rows.exclude(email_key="").order_by("line")


def _ask_alone(claim: Claim) -> None:
    """One person of the job: whether he was deleted there, or unsubscribed."""
    with claim.transaction() as job:
        row = _waiting(job).first()
        if row is None:
            go_on_behind(claim, job)
            return
    client = calling.open_client(claim)
    page = client.contacts.page(email=row.email, status="all", limit=PAGE)
    found = [one for one in page.items if row.email_key in _keys([one])]
    answered_at = page.answered_at or datetime.now(UTC)
    with claim.transaction() as job:
        if found and all(one.deleted_at is not None for one in found):
            mirrornews.keep_standing(job.connection, [row.email_key], "deleted", answered_at)
        elif any(_permission(one) == "unsubscribed" for one in found):
            mirrornews.keep_standing(job.connection, [row.email_key], "unsubscribed", answered_at)
        claim.advance("asking_deleted", cursor={**job.cursor, "line": row.line})


def _goes_on(claim: Claim, stage: str, following: str | None, answered_at: datetime) -> bool:
    """Whether the walk has a further page; raises WrongShape when its links go in a circle."""
    if not following:
        return False
    cursor = claim.job.cursor
    trail = Trail(**(cursor.get("trail") or {})).after(following)
    began = cursor.get("walk_began") or answered_at.isoformat()
    claim.advance(stage, cursor={**cursor, "href": following, "trail": asdict(trail), "walk_began": began})
    return True


def _permission(contact: Contact) -> str | None:
    return contact.email_address.permission_to_send if contact.email_address else None


def _keys(contacts: Iterable[Contact]) -> list[str]:
    return [email_key(one.email_address.address) for one in contacts if one.email_address is not None]
