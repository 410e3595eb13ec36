"""Out to Constant Contact: batches with their exact bytes, each sent once, then reconciled to the last row.

The intent is committed before a batch leaves: its bytes and its file name, which is unique. If the answer is lost,
the account's activities are searched for that name before the same bytes may be sent again.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection as database
from django.db.models import Sum

from connections import gateway
from connections.constantcontact.errors import OutcomeUnknown, ServerFault
from connections.constantcontact.resources.activities import multipart_overhead
from connections.constantcontact.shapes import Activity
from mapping.models import RemoteList
from syncjobs import planner
from syncjobs.imports import plans
from syncjobs.imports.polling import pause, predicted_seconds
from syncjobs.models import Batch, ImportRow, KnownContact, SyncJob
from syncjobs.queue import Claim

# A lost answer: so many looks at the activities, so far apart, before the same bytes are sent again.
LOOKS = 2
LOOK_SECONDS = 5.0
MOST_SENDINGS = 3
PATIENCE = timedelta(hours=6)
ADDRESS_BYTES = 32


def batch(claim: Claim) -> None:
    """Write one batch a step: rows of one group, in order, up to the limits in bytes and rows."""
    with claim.transaction() as job:
        if "groups" not in job.cursor:
            claim.advance("batching", cursor={"groups": _groups(job), "line": -1, "number": 1})
            return
        groups = job.cursor["groups"]
        if not groups:
            has_batches = Batch.objects.filter(job=job).exists()
            claim.advance("sending" if has_batches else "finishing", cursor={})
            return
        filled = _fill(job, groups[0], job.cursor["line"], job.cursor["number"])
        cursor = {
            "groups": groups if filled.more else groups[1:],
            "line": filled.last_line if filled.more else -1,
            "number": job.cursor["number"] + 1,
        }
        claim.advance("batching", cursor=cursor, note=f"{filled.count} people")


def _groups(job: SyncJob) -> list[dict[str, Any]]:
    """Who travels together, planned over the sets of lists."""
    people: Counter[planner.ListSet] = Counter()
    size = 0
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT list_set, count(*), coalesce(sum(length(values::text) + length(email)), 0) "
            "FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' GROUP BY list_set",
            [job.pk],
        )
        for list_set, count, total in cursor.fetchall():
            people[tuple(list_set.split(","))] = count
            size += int(total)
    if not people:
        return []
    limit = settings.ENV.IMPORT_BATCH_BYTES
    row_bytes = max(1, size // people.total())
    found = planner.plan(
        people,
        rows_per_call=max(1, min(settings.ENV.IMPORT_BATCH_ROWS, limit // row_bytes)),
        addresses_per_call=max(1, min(settings.ENV.IMPORT_BATCH_ROWS, limit // ADDRESS_BYTES)),
    )
    return [
        {
            "list_ids": list(group.list_ids),
            "members": [",".join(lists) for lists in sorted(group.members)],
            "whole_rows": group.whole_rows,
        }
        for group in found
    ]


@dataclass(frozen=True)
class _Filled:
    count: int
    last_line: int
    more: bool


def _fill(job: SyncJob, group: dict[str, Any], after_line: int, number: int) -> _Filled:
    """One batch from the rows behind `after_line`."""
    intent = uuid4()
    file_name = f"pb-{intent.hex}.csv"
    columns = _columns(job) if group["whole_rows"] else ["email"]
    out = io.BytesIO()
    out.write(_line(columns))
    limit = settings.ENV.IMPORT_BATCH_BYTES - multipart_overhead(file_name, group["list_ids"])
    count, last, more = 0, after_line, False
    for line, email, values in _rows(job, group["members"], after_line):
        row = _line([email, *(values.get(column, "") for column in columns[1:])])
        if count and (out.tell() + len(row) > limit or count >= settings.ENV.IMPORT_BATCH_ROWS):
            more = True
            break
        out.write(row)
        count, last = count + 1, line
    content = out.getvalue()
    Batch.objects.create(
        id=intent,
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        job=job,
        number=number,
        list_ids=group["list_ids"],
        file_name=file_name,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        row_count=count,
    )
    if group["whole_rows"]:
        ImportRow.objects.filter(
            job=job, outcome="", list_set__in=group["members"], line__gt=after_line, line__lte=last
        ).update(batch_number=number)
    return _Filled(count, last, more)


def _columns(job: SyncJob) -> list[str]:
    places = plans.translation(job).places.values()
    return ["email", *(place.column for place in places if place.column != "email")]


def _rows(job: SyncJob, members: list[str], after_line: int) -> Iterator[tuple[int, str, dict[str, str]]]:
    rows = ImportRow.objects.filter(job=job, outcome="", list_set__in=members, line__gt=after_line)
    return (
        rows.order_by("line")[: settings.ENV.IMPORT_BATCH_ROWS + 1]
        .values_list("line", "email", "values")
        .iterator(chunk_size=2_000)
    )


def _line(values: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()


def send(claim: Claim) -> None:
    """Send the next batch: intent first, then the bytes, then what came back."""
    with claim.transaction() as job:
        lost = Batch.objects.filter(job=job, state=Batch.State.SENT).exists()
        planned = Batch.objects.filter(job=job, state=Batch.State.PLANNED).order_by("number").first()
        if lost:
            claim.advance("reconciling", cursor={})
            return
        if planned is None:
            rows = Batch.objects.filter(job=job).aggregate(rows=Sum("row_count"))["rows"] or 0
            cursor = {"polls": 0, "since": datetime.now(UTC).isoformat()}
            claim.advance("processing", cursor=cursor, after_seconds=predicted_seconds(rows))
            return
        planned.state, planned.sent_at, planned.sendings = (
            Batch.State.SENT,
            datetime.now(UTC),
            planned.sendings + 1,
        )
        planned.looked = 0
        planned.save(update_fields=["state", "sent_at", "sendings", "looked"])
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    try:
        activity = client.activities.import_csv(
            planned.file_name,
            bytes(planned.content),
            planned.list_ids,
            body_limit=max(4_000_000, settings.ENV.IMPORT_BATCH_BYTES),
        )
    except (OutcomeUnknown, ServerFault):
        with claim.transaction():
            claim.advance("reconciling", cursor={}, after_seconds=LOOK_SECONDS, note="the answer was lost")
        return
    except Exception:
        # Nothing was accepted: refused by our quota, not delivered, or refused by the provider. It may go again.
        with claim.transaction():
            Batch.objects.filter(pk=planned.pk).update(state=Batch.State.PLANNED)
        raise
    with claim.transaction():
        _accept(planned, activity)
        claim.advance("sending", note=f"batch {planned.number}: {planned.row_count} people")


def _accept(sent: Batch, activity: Activity) -> None:
    sent.state, sent.activity_id, sent.activity_state = (
        Batch.State.ACCEPTED,
        activity.activity_id,
        activity.state,
    )
    sent.save(update_fields=["state", "activity_id", "activity_state"])


def reconcile(claim: Claim) -> None:
    """Was the batch whose answer was lost accepted after all? Its file's name tells."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    by_name = {one.source_file_name: one for page in client.activities.pages() for one in page.items}
    with claim.transaction() as job:
        for lost in Batch.objects.filter(job=job, state=Batch.State.SENT):
            lost.looked += 1
            if lost.file_name in by_name:
                _accept(lost, by_name[lost.file_name])
            elif lost.looked >= LOOKS and lost.sendings < MOST_SENDINGS:
                # The same bytes again: an import is by address, so even a wrong guess here changes nothing more.
                lost.state = Batch.State.PLANNED
            elif lost.looked >= LOOKS:
                lost.state = Batch.State.FAILED
            lost.save(update_fields=["state", "looked"])
        open_ones = Batch.objects.filter(job=job, state=Batch.State.SENT).exists()
        claim.advance(
            "reconciling" if open_ones else "sending", after_seconds=LOOK_SECONDS if open_ones else 0
        )


def process(claim: Claim) -> None:
    """One look at the account's activities covers every batch that is under way."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    with claim.transaction() as job:
        waiting = {one.activity_id: one for one in Batch.objects.filter(job=job, state=Batch.State.ACCEPTED)}
    seen: dict[str, Activity] = {}
    for page in client.activities.pages():
        seen.update({one.activity_id: one for one in page.items if one.activity_id in waiting})
        if len(seen) == len(waiting):
            break
    with claim.transaction() as job:
        for activity_id, sent in waiting.items():
            if activity_id in seen:
                _note(sent, seen[activity_id])
        running = Batch.objects.filter(job=job, state=Batch.State.ACCEPTED).exists()
        waited = datetime.now(UTC) - datetime.fromisoformat(job.cursor["since"])
        if running and waited < PATIENCE:
            polls = job.cursor["polls"] + 1
            claim.advance("processing", cursor={**job.cursor, "polls": polls}, after_seconds=pause(polls))
        else:
            claim.advance("checking", cursor={})


def _note(sent: Batch, activity: Activity) -> None:
    sent.activity_state = activity.state
    if activity.is_finished:
        counters = activity.counters
        sent.state = Batch.State.FINISHED if activity.is_completed else Batch.State.FAILED
        sent.counters = {
            "person": counters.person,
            "error": counters.error,
            "correctable": counters.correctable,
            "cannot_add_to_list": counters.cannot_add_to_list,
        }
        sent.messages = [message[:300] for message in activity.errors[:20]]
    sent.save(update_fields=["state", "activity_state", "counters", "messages"])


def check(claim: Claim) -> None:
    """Did every batch take all its people? Then they are as expected; otherwise one more export tells who."""
    with claim.transaction() as job:
        if all(_is_whole(one) for one in Batch.objects.filter(job=job).defer("content")):
            claim.advance("settling", cursor={"verified": False})
        else:
            claim.advance("exporting", cursor={"known": job.accepted, "then": "settling", "verified": True})


def _is_whole(sent: Batch) -> bool:
    troubles = [sent.counters.get(name) or 0 for name in ("error", "correctable", "cannot_add_to_list")]
    return (
        sent.state == Batch.State.FINISHED
        and not any(troubles)
        and sent.counters.get("person") == sent.row_count
    )


def settle(claim: Claim) -> None:
    """Every row that was sent ends as expected, or, where a batch was not whole, as the account now shows."""
    with claim.transaction() as job, database.cursor() as cursor:
        if any(not _is_whole(one) for one in Batch.objects.filter(job=job).defer("content")):
            _settle_by_account(job)
        cursor.execute(
            "UPDATE syncjobs_importrow SET outcome = expected WHERE job_id = %s AND outcome = '' AND expected <> ''",
            [job.pk],
        )
        claim.advance("finishing", cursor={})


def _settle_by_account(job: SyncJob) -> None:
    """Who was sent and is not there as wanted: opted out meanwhile, or not taken."""
    messages = [text for one in Batch.objects.filter(job=job).defer("content") for text in one.messages]
    why = f"Constant Contact did not take this row{': ' + messages[0] if messages else ''}"[:300]
    known = {
        key: (standing, names)
        for key, standing, names in KnownContact.objects.filter(job=job).values_list(
            "email_key", "standing", "list_names"
        )
    }
    list_names = {
        str(list_id): name
        for list_id, name in RemoteList.objects.filter(connection=job.connection).values_list(
            "list_id", "name"
        )
    }
    for row in ImportRow.objects.filter(job=job, outcome="").iterator(chunk_size=2_000):
        standing, names = known.get(row.email_key, ("absent", []))
        wanted = {list_names.get(list_id, "") for list_id in row.list_set.split(",")}
        if standing == "unsubscribed":
            row.outcome, row.reason = "skipped", "opted_out"
            row.detail = "unsubscribed at Constant Contact, and stays so"
        elif standing == "absent" or not wanted <= set(names):
            row.outcome, row.reason, row.detail = "rejected", "not_taken", why
        else:
            continue
        row.save(update_fields=["outcome", "reason", "detail"])


def finish(claim: Claim) -> None:
    """Count every outcome; the job is done when they add up to what was accepted."""
    with claim.transaction() as job:
        counts: dict[str, Any] = outcomes(job)
        claim.end("done", cursor={}, **counts)


def outcomes(job: SyncJob) -> dict[str, int]:
    """How many rows ended in each outcome."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM syncjobs_importrow WHERE job_id = %s GROUP BY outcome", [job.pk]
        )
        found = dict(cursor.fetchall())
    return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
