"""Before a batch goes a second time: whoever was changed there since we looked at the account keeps that change.

The first sending may never have arrived, or have ended half-way; since then the account's owner may have edited,
created, unsubscribed or deleted one of its people. What differs both from what we found when we compared and from
what we want is newer than our intent: such a row ends as skipped, and the rest travels in a batch of its own.
Values are compared, not clocks; the window only keeps the walk short. Our own calls change people as well: where these
are many, an export is read instead, a few calls for everybody. The mirror stays as it was when the rows were judged.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Sum

from connections import gateway
from connections.constantcontact.errors import CursorExpired
from mapping import consent, fields, mirror
from mapping.known import Known, known_of
from mapping.models import MirrorContact, RemoteField
from syncjobs.imports import batching, cutting, exports, judging, plans
from syncjobs.mirroring import awaiting, exporting
from syncjobs.mirroring.retrying import again, still_reads
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.planner import IMPORTS
from syncjobs.queue import Claim

# Clocks differ, and a change shows only after a while.
WINDOW: Final = timedelta(minutes=10)
# With more of our own people to be met than stand on some pages, an export takes fewer calls.
MOST_WALKED: Final = 2_000
INCLUDED: Final = ("custom_fields", "list_memberships", "phone_numbers", "street_addresses")
NEWER: Final = "changed at Constant Contact after the import had looked; the newer values stay"


def start(claim: Claim, planned: Batch) -> None:
    """Go and look. Inside the claim's transaction."""
    job = claim.job
    about = {"batch": str(planned.pk), "judged_at": _judged_at(job, planned).isoformat()}
    if _sent_since(job, planned) <= MOST_WALKED:
        claim.advance("guarding", cursor={**about, "walk": "all", "href": None})
        return
    total = job.options.get("known", 0) + job.accepted
    claim.advance("exporting", cursor={**about, "total": total, "then": "guarding", "read_by": "guarding"})


def _judged_at(job: SyncJob, batch: Batch) -> datetime:
    """When the account was looked at for the plan that a call is of: of plans given up, they say until which step."""
    earlier = (at for at, last in job.options.get("given_up", []) if batch.place <= last)
    return datetime.fromisoformat(next(earlier, job.options["compared_at"]))


def _sent_since(job: SyncJob, batch: Batch) -> int:
    """How many people our own calls may have changed since the account was looked at."""
    since = _judged_at(job, batch) - WINDOW
    sent = Batch.objects.filter(job=job, kind__in=sorted(IMPORTS), sent_at__gte=since)
    return sent.aggregate(people=Sum("row_count"))["people"] or 0


def guard(claim: Claim) -> None:
    """One page of the people who were changed since the account was looked at; the deleted come in a second walk."""
    cursor = claim.job.cursor
    if "compared_at" not in claim.job.options:
        # A retry: the account is looked at first.
        with claim.transaction():
            claim.advance("sending", cursor={})
        return
    if "read_by" in cursor:
        _read_file(claim)
        return
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    try:
        page = client.contacts.page(
            status=cursor["walk"],
            updated_after=_since(claim.job),
            include=INCLUDED,
            href=cursor["href"],
        )
    except CursorExpired:
        # A link that was kept too long has died: the walk begins again, and finds the same people.
        with claim.transaction() as job:
            claim.advance("guarding", cursor=again(job.cursor, "walks", href=None))
        return
    with claim.transaction() as job:
        batch = Batch.objects.get(pk=cursor["batch"])
        custom = {str(row.custom_field_id): fields.custom_column(row.name) for row in _fields(job)}
        _judge(job, batch, [one for contact in page.items if (one := known_of(contact, custom))])
        if page.next_href and page.next_href != cursor["href"]:
            claim.advance("guarding", cursor={**cursor, "href": page.next_href})
        elif cursor["walk"] == "all":
            claim.advance("guarding", cursor={**cursor, "walk": "deleted", "href": None})
        else:
            left = cutting.without_settled(job, batch)
            at = datetime.now(UTC).isoformat()
            claim.advance("sending", cursor={"guarded": str(left.pk), "guarded_at": at} if left else {})


def _read_file(claim: Claim) -> None:
    """Some thousand rows of an export a step; who was deleted is walked through as ever."""
    with claim.transaction() as job:
        if not still_reads(claim, job):
            return
        try:
            _, rows = exporting.rows_of_file(job)
        except exports.NotAnExport:
            exporting.export_again(claim, job.cursor)
            return
        batch = Batch.objects.get(pk=job.cursor["batch"])
        _judge(job, batch, [row.known for row in rows if row.known])
        if len(rows) == settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("guarding", cursor={**job.cursor, "offset": rows[-1].offset})
            return
        awaiting.let_go(job.connection)
        # Who was changed while it was made; with calls of ours under way that would be their people again.
        is_quiet = not Batch.objects.filter(job=job, state=Batch.State.ACCEPTED).exists()
        kept = {name: job.cursor[name] for name in ("batch", "judged_at", "read_at") if name in job.cursor}
        claim.advance("guarding", cursor={**kept, "walk": "all" if is_quiet else "deleted", "href": None})


def _since(job: SyncJob) -> datetime:
    """Since when a walk asks: since the export, where one was read; else since the account was looked at."""
    if job.cursor["walk"] == "all" and "read_at" in job.cursor:
        return datetime.fromisoformat(job.cursor["read_at"])
    return datetime.fromisoformat(job.cursor.get("judged_at", job.options["compared_at"])) - WINDOW


def _judge(job: SyncJob, batch: Batch, people: Iterable[Known]) -> None:
    now = {one.email_key: one for one in people}
    rows = list(batching.rows_of(job, batch).filter(email_key__in=list(now)))
    then, kinds = _found_then(job, rows, _judged_at(job, batch)), plans.kinds(job)
    for row in rows:
        if found := verdict(
            row, then.get(row.email_key), now[row.email_key], kinds, whole=batch.whole_count > 0
        ):
            row.outcome, row.reason, row.detail = "skipped", *found
    judging.write(job, rows)


def _found_then(job: SyncJob, rows: Iterable[ImportRow], judged_at: datetime) -> dict[str, MirrorContact]:
    """What the mirror had when the rows were judged; what has come into it since is somebody's newer change."""
    known = mirror.known(job.connection, [row.email_key for row in rows])
    return {key: one for key, one in known.items() if one.changed_at <= judged_at}


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
