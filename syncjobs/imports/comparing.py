"""Before anything is sent: what does the account hold already, and who must not be sent?

One export tells who is there, with what values, on which lists and who opted out; a walk over the deleted tells
who was deleted. From that every row is expected to be created or updated, or ends as unchanged or skipped.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection as database

from connections import gateway
from connections.constantcontact.shapes import Activity
from mapping import consent
from mapping.models import RemoteField, RemoteList
from mapping.values import email_key
from syncjobs import staging
from syncjobs.imports import exports, plans
from syncjobs.imports.polling import pause, predicted_seconds
from syncjobs.models import ImportRow, KnownContact, SyncJob
from syncjobs.queue import Claim

COLUMNS = ("tenant_id", "environment_id", "job_id", "email_key", "standing", "values", "list_names")
EXPORT_PATIENCE = timedelta(minutes=30)


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
            "exporting_there", cursor=cursor, after_seconds=predicted_seconds(job.cursor.get("known", 0))
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
            "exporting", cursor=cursor, after_seconds=30, note="the export did not end well; another is made"
        )
    else:
        polls = cursor["polls"] + 1
        claim.advance("exporting_there", cursor={**cursor, "polls": polls}, after_seconds=pause(polls))


def read_export(claim: Claim) -> None:
    """Download the export into rows of this job, some thousand a transaction; a second reading replaces the first."""
    with claim.transaction() as job:
        KnownContact.objects.filter(job=job).delete()
        fields = RemoteField.objects.filter(connection=job.connection)
        custom = {name: f"cf:{row.name}" for row in fields for name in (row.name, row.label)}
        lists = list(RemoteList.objects.filter(connection=job.connection).values_list("name", flat=True))
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    with client.activities.download(claim.job.cursor["href"]) as chunks:
        found = exports.read(chunks, custom, lists)
        while batch := list(islice(found, settings.ENV.IMPORT_STEP_ROWS)):
            with claim.transaction() as job:
                _keep(job, {known.email_key: known for known in batch}.values())
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
    page = client.contacts.page(status="deleted", limit=500, href=claim.job.cursor.get("href"))
    deleted = {
        email_key(contact.email_address.address): exports.Known(
            email_key(contact.email_address.address), "deleted", {}, []
        )
        for contact in page.items
        if contact.email_address is not None
    }
    with claim.transaction() as job:
        _keep(job, deleted.values())
        if page.next_href:
            claim.advance("asking_deleted", cursor={**job.cursor, "href": page.next_href})
        else:
            claim.advance("comparing", cursor={"line": -1})


def compare(claim: Claim) -> None:
    """Some thousand rows a step: create, update, unchanged, or not to be sent."""
    with claim.transaction() as job:
        rows = list(
            ImportRow.objects.filter(job=job, outcome="", line__gt=job.cursor["line"]).order_by("line")[
                : settings.ENV.IMPORT_STEP_ROWS
            ]
        )
        known = {
            one.email_key: one
            for one in KnownContact.objects.filter(job=job, email_key__in=[row.email_key for row in rows])
        }
        kinds = {place.column: place.kind for place in plans.translation(job).places.values()}
        names = {
            str(list_id): name
            for list_id, name in RemoteList.objects.filter(connection=job.connection).values_list(
                "list_id", "name"
            )
        }
        for row in rows:
            _judge(row, known.get(row.email_key), kinds, names)
        _write(job, rows)
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
    elif _is_same(row, known, kinds, names):
        row.outcome, row.reason = "unchanged", "same"
        row.detail = "Constant Contact has these values already"
    else:
        row.expected = "updated"


def _is_same(row: ImportRow, known: KnownContact, kinds: dict[str, str], names: dict[str, str]) -> bool:
    there = set(known.list_names)
    if any(names.get(list_id) not in there for list_id in row.list_set.split(",")):
        return False
    return all(
        column in known.values and _equal(value, known.values[column], kinds.get(column, ""))
        for column, value in row.values.items()
    )


def _equal(ours: str, theirs: str, kind: str) -> bool:
    if ours == theirs:
        return True
    if kind not in {"number", "currency", "month", "day"}:
        return False
    try:
        return Decimal(ours) == Decimal(theirs)
    except InvalidOperation:
        return False


def _write(job: SyncJob, rows: list[ImportRow]) -> None:
    """The judgements of one step in one statement."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE syncjobs_importrow AS row SET expected = judged.expected, outcome = judged.outcome,
                reason = judged.reason, detail = judged.detail
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS judged (line, expected, outcome, reason, detail)
            WHERE row.job_id = %s AND row.line = judged.line
            """,
            [
                [row.line for row in rows],
                [row.expected for row in rows],
                [row.outcome for row in rows],
                [row.reason for row in rows],
                [row.detail for row in rows],
                job.pk,
            ],
        )
