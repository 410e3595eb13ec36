"""Before anything is sent: what does the account hold already, and who must not be sent?

One export tells who is there, with what values, on which lists and who opted out; a walk over the deleted tells
who was deleted. From that every row is expected to be created or updated, or ends as unchanged or skipped.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings

from connections import gateway
from connections.constantcontact.errors import Invalid, NotFound
from connections.constantcontact.shapes import Activity
from mapping import consent
from mapping.models import RemoteField, RemoteList
from mapping.values import email_key
from syncjobs import staging
from syncjobs.imports import exports, judging, plans
from syncjobs.imports.polling import pause, predicted_seconds
from syncjobs.models import ImportRow, KnownContact, SyncJob
from syncjobs.queue import Claim, GaveUp

COLUMNS = ("tenant_id", "environment_id", "job_id", "email_key", "standing", "values", "list_names")
EXPORT_PATIENCE = timedelta(minutes=30)
MOST_TRIES = 3


def count(claim: Claim) -> None:
    """Is anybody there at all? An empty account needs no export."""
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    total = client.contacts.counts().total
    with claim.transaction() as job:
        KnownContact.objects.filter(job=job).delete()
        claim.advance(
            "exporting" if total else "asking_deleted", cursor={"known": total, "then": "asking_deleted"}
        )


def export(claim: Claim) -> None:
    """Start an export of everybody. Starting a second one, after an answer was lost, changes nothing there."""
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    activity = client.activities.export()
    with claim.transaction() as job:
        cursor = {
            **job.cursor,
            "activity_id": activity.activity_id,
            "href": activity.results_href or "",
            "polls": 0,
            "since": datetime.now(UTC).isoformat(),
        }
        claim.advance(
            "exporting_there",
            cursor=cursor,
            after_seconds=predicted_seconds(settings.ENV.ACTIVITY_SECONDS, job.cursor.get("known", 0)),
        )


def wait_for_export(claim: Claim) -> None:
    """One look at the account's activities."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    wanted = claim.job.cursor["activity_id"]
    activity = next((one for one in client.activities.page().items if one.activity_id == wanted), None)
    with claim.transaction() as job:
        _after_look(claim, job.cursor, activity)


def _after_look(claim: Claim, cursor: dict[str, Any], activity: Activity | None) -> None:
    waited = datetime.now(UTC) - datetime.fromisoformat(cursor["since"])
    if activity is not None and activity.is_completed:
        href = activity.results_href or cursor["href"]
        claim.advance("reading_export", cursor={**cursor, "href": href})
    elif (activity is not None and activity.is_finished) or waited > EXPORT_PATIENCE:
        claim.advance(
            "exporting", cursor=_again(cursor, "exports"), after_seconds=30, note="another export is made"
        )
    else:
        polls = cursor["polls"] + 1
        claim.advance(
            "exporting_there",
            cursor={**cursor, "polls": polls},
            after_seconds=pause(settings.ENV.ACTIVITY_SECONDS, polls),
        )


def read_export(claim: Claim) -> None:
    """Download the export into rows of this job, some thousand a transaction; a second reading replaces the first."""
    with claim.transaction() as job:
        KnownContact.objects.filter(job=job).delete()
        fields = RemoteField.objects.filter(connection=job.connection)
        custom = {name: f"cf:{row.name}" for row in fields for name in (row.name, row.label)}
        lists = list(RemoteList.objects.filter(connection=job.connection).values_list("name", flat=True))
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    try:
        with client.activities.download(claim.job.cursor["href"]) as chunks:
            found = exports.read(chunks, custom, lists)
            while batch := list(islice(found, settings.ENV.IMPORT_STEP_ROWS)):
                with claim.transaction() as job:
                    _keep(job, {known.email_key: known for known in batch}.values())
    except (NotFound, Invalid):
        # The file is kept there for a while only; a job that waited long finds it gone.
        with claim.transaction() as job:
            claim.advance("exporting", cursor=_again(job.cursor, "exports"), after_seconds=5)
        return
    with claim.transaction() as job:
        claim.advance(job.cursor["then"], cursor={"known": job.cursor.get("known", 0)})


def _keep(job: SyncJob, known: Iterable[exports.Known]) -> None:
    staging.insert(
        "syncjobs_knowncontact",
        COLUMNS,
        _rows(job, known),
        on_conflict="ON CONFLICT (job_id, email_key) DO UPDATE SET standing = excluded.standing",
    )


def _rows(job: SyncJob, known: Iterable[exports.Known]) -> Iterator[tuple[Any, ...]]:
    for one in known:
        yield (
            job.tenant_id,
            job.environment_id,
            job.pk,
            one.email_key,
            one.standing,
            json.dumps(one.values, ensure_ascii=False),
            json.dumps(one.list_names, ensure_ascii=False),
        )


def ask_deleted(claim: Claim) -> None:
    """One page of the people who were deleted there: an import would bring them back."""
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    href = claim.job.cursor.get("href")
    try:
        page = client.contacts.page(status="deleted", limit=500, href=href)
    except (NotFound, Invalid):
        if href is None:
            raise
        # A link that was kept too long has died: the walk begins again, and finds the same people.
        with claim.transaction() as job:
            claim.advance("asking_deleted", cursor=_again(job.cursor, "walks", href=None))
        return
    deleted = {
        email_key(contact.email_address.address): exports.Known(
            email_key(contact.email_address.address), "deleted", {}, []
        )
        for contact in page.items
        if contact.email_address is not None
    }
    with claim.transaction() as job:
        _keep(job, deleted.values())
        if page.next_href and page.next_href != href:
            claim.advance("asking_deleted", cursor={**job.cursor, "href": page.next_href})
        else:
            job.options["compared_at"] = datetime.now(UTC).isoformat()
            claim.advance("comparing", cursor={"line": -1}, options=job.options)


def _again(cursor: dict[str, Any], what: str, **changes: Any) -> dict[str, Any]:
    """The cursor of another try, counted; a thing that never works must not eat everybody's calls.

    Raises:
        GaveUp: it did not work often enough.
    """
    tries = cursor.get(what, 0) + 1
    if tries > MOST_TRIES:
        raise GaveUp("provider_unavailable", "Constant Contact could not tell who is in the account.")
    return {**cursor, what: tries, **changes}


def compare(claim: Claim) -> None:
    """Some thousand rows a step: create, update, unchanged, or not to be sent. What was sent stays as it was judged."""
    with claim.transaction() as job:
        waiting = ImportRow.objects.filter(
            job=job, outcome="", batch_number=None, line__gt=job.cursor["line"]
        )
        rows = list(waiting.order_by("line")[: settings.ENV.IMPORT_STEP_ROWS])
        known = judging.known_contacts(job, rows)
        kinds = plans.kinds(job)
        names = judging.list_names(job)
        for row in rows:
            _judge(row, known.get(row.email_key), kinds, names)
        judging.write(job, rows)
        if len(rows) < settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("batching", cursor={})
        else:
            claim.advance("comparing", cursor={"line": rows[-1].line})


def _judge(row: ImportRow, known: KnownContact | None, kinds: dict[str, str], names: dict[str, str]) -> None:
    decision = consent.may_import(known.standing if known else "absent")  # type: ignore[arg-type]  # the column's words
    if not decision.send:
        row.outcome, row.reason, row.detail = "skipped", decision.reason, decision.text
    elif known is None:
        row.expected = "created"
    elif judging.on_its_lists(row, known, names) and judging.has_its_values(row, known, kinds, unknown=False):
        row.outcome, row.reason = "unchanged", "same"
        row.detail = "Constant Contact has these values already"
    else:
        row.expected = "updated"
