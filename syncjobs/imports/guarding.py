"""Before a batch goes a second time: whoever was changed there since we looked at the account keeps that change.

The first sending may never have arrived, or have ended half-way; since then the account's owner may have edited,
created, unsubscribed or deleted one of its people. What differs both from what we found when we compared and from
what we want is newer than our intent: such a row ends as skipped, and the rest travels in a batch of its own.
Values are compared, not clocks; the window only keeps the walk short.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from connections import gateway
from connections.constantcontact.shapes import Contact
from mapping import consent, fields, mirror
from mapping.known import Known, known_of
from mapping.models import MirrorContact, RemoteField
from syncjobs.imports import batching, cutting, judging, plans
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.planner import IMPORTS
from syncjobs.queue import Claim

# Clocks differ, and a change shows only after a while.
WINDOW: Final = timedelta(minutes=10)
# A batch that could not leave for longer, for want of quota say, is looked at again.
GOOD_FOR: Final = timedelta(minutes=5)
INCLUDED: Final = ("custom_fields", "list_memberships", "phone_numbers", "street_addresses")
NEWER: Final = "changed at Constant Contact after the import had looked; the newer values stay"


def needed(job: SyncJob, planned: Batch) -> bool:
    """Whether this batch may go only after a look at who was changed."""
    again = planned.sendings > 0 or planned.depth > 0
    return again and planned.kind in IMPORTS and not _was_guarded(job, planned)


def _was_guarded(job: SyncJob, planned: Batch) -> bool:
    """Whether the last look was for this batch, and not so long ago that somebody may have changed people since."""
    at = job.cursor.get("guarded_at")
    if at is None or job.cursor.get("guarded") != str(planned.pk):
        return False
    return datetime.now(UTC) - datetime.fromisoformat(at) <= GOOD_FOR


def start(claim: Claim, planned: Batch) -> None:
    """Go and look. Inside the claim's transaction."""
    claim.advance("guarding", cursor={"batch": str(planned.pk), "walk": "all", "href": None})


def guard(claim: Claim) -> None:
    """One page of the people who were changed since the account was looked at; the deleted come in a second walk."""
    cursor = claim.job.cursor
    if "compared_at" not in claim.job.options:
        # A retry: the account is looked at first.
        with claim.transaction():
            claim.advance("sending", cursor={})
        return
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    page = client.contacts.page(
        status=cursor["walk"],
        updated_after=datetime.fromisoformat(claim.job.options["compared_at"]) - WINDOW,
        include=INCLUDED,
        href=cursor["href"],
    )
    with claim.transaction() as job:
        batch = Batch.objects.get(pk=cursor["batch"])
        _judge(job, batch, page.items)
        if page.next_href and page.next_href != cursor["href"]:
            claim.advance("guarding", cursor={**cursor, "href": page.next_href})
        elif cursor["walk"] == "all":
            claim.advance("guarding", cursor={**cursor, "walk": "deleted", "href": None})
        else:
            left = cutting.without_settled(job, batch)
            at = datetime.now(UTC).isoformat()
            claim.advance("sending", cursor={"guarded": str(left.pk), "guarded_at": at} if left else {})


def _judge(job: SyncJob, batch: Batch, contacts: Iterable[Contact]) -> None:
    custom = {str(row.custom_field_id): fields.custom_column(row.name) for row in _fields(job)}
    now = {one.email_key: one for contact in contacts if (one := known_of(contact, custom))}
    rows = list(batching.rows_of(job, batch).filter(email_key__in=list(now)))
    then, kinds = _found_then(job, rows), plans.kinds(job)
    for row in rows:
        if found := verdict(
            row, then.get(row.email_key), now[row.email_key], kinds, whole=batch.whole_count > 0
        ):
            row.outcome, row.reason, row.detail = "skipped", *found
    judging.write(job, rows)


def _found_then(job: SyncJob, rows: Iterable[ImportRow]) -> dict[str, MirrorContact]:
    """What the mirror had when the rows were judged; what has come into it since is somebody's newer change."""
    compared_at = datetime.fromisoformat(job.options["compared_at"])
    known = mirror.known(job.connection, [row.email_key for row in rows])
    return {key: one for key, one in known.items() if one.changed_at <= compared_at}


def _fields(job: SyncJob) -> Iterable[RemoteField]:
    return RemoteField.objects.filter(connection=job.connection)


def verdict(
    row: ImportRow, then: MirrorContact | None, now: Known, kinds: Mapping[str, str], *, whole: bool
) -> tuple[str, str] | None:
    """Why a row may not go again, as reason and detail; None where it may. Pure."""
    decision = consent.may_import(now.standing)
    if not decision.send:
        return decision.reason, decision.text
    if not whole or judging.Judge(kinds, frozenset()).has_its_values(row, now.values, unknown=True):
        return None
    before = then.values if then else {}
    changed = any(
        before.get(column, "") != value for column, value in now.values.items() if column in row.values
    )
    return ("newer_there", NEWER) if changed or then is None else None
