"""Batches: who travels together, and the exact bytes of each bulk import. Written once, never changed."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection as database
from django.db.models import Max, QuerySet

from connections import gateway
from syncjobs import planner
from syncjobs.imports import plans
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim

# About what an address takes in a file of addresses; only a guess for the plan, never for the bytes.
ADDRESS_BYTES = 32


def batch(claim: Claim) -> None:
    """Write one batch a step: rows of one group, in order, up to the limits in bytes and rows."""
    with claim.transaction() as job:
        if "groups" not in job.cursor:
            # What an earlier round sent stays; this round's batches are numbered behind them.
            last = Batch.objects.filter(job=job).aggregate(last=Max("number"))["last"] or 0
            cursor = {"groups": _groups(job), "line": -1, "number": last + 1, "first": last + 1}
            claim.advance("batching", cursor=cursor)
            return
        groups = job.cursor["groups"]
        if not groups:
            has_batches = Batch.objects.filter(job=job).exists()
            claim.advance("sending" if has_batches else "finishing", cursor={})
            return
        filled = _fill(job, groups[0])
        cursor = {
            **job.cursor,
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
            "FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND batch_number IS NULL GROUP BY list_set",
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


def _fill(job: SyncJob, group: dict[str, Any]) -> _Filled:
    """The next batch of a group, from the rows behind the cursor's line."""
    after_line, number = job.cursor["line"], job.cursor["number"]
    rows = _waiting(job, group).filter(line__gt=after_line)
    intent = uuid4()
    file_name = f"pb-{intent.hex}.csv"
    columns = _columns(job) if group["whole_rows"] else ["email"]
    out = io.BytesIO()
    out.write(_line(columns))
    limit = settings.ENV.IMPORT_BATCH_BYTES - gateway.import_overhead(file_name, group["list_ids"])
    count, last, more = 0, after_line, False
    for line, email, values in _values(rows):
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
        whole_rows=group["whole_rows"],
    )
    if group["whole_rows"]:
        rows.filter(line__lte=last).update(batch_number=number)
    return _Filled(count, last, more)


def _columns(job: SyncJob) -> list[str]:
    places = plans.places(job).values()
    return ["email", *(place.column for place in places if place.column != "email")]


def _waiting(job: SyncJob, group: dict[str, Any]) -> QuerySet[ImportRow]:
    """The group's people: those not yet in a batch, or for addresses those whose whole row is in one of this round."""
    rows = ImportRow.objects.filter(job=job, outcome="", list_set__in=group["members"])
    if group["whole_rows"]:
        return rows.filter(batch_number=None)
    return rows.filter(batch_number__gte=job.cursor["first"])


def _values(rows: QuerySet[ImportRow]) -> Iterator[tuple[int, str, dict[str, str]]]:
    few = rows.order_by("line")[: settings.ENV.IMPORT_BATCH_ROWS + 1]
    return few.values_list("line", "email", "values").iterator(chunk_size=2_000)


def _line(values: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()
