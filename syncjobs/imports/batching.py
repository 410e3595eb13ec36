"""From the plan's steps to calls with their exact bytes. Written once, never changed; one call a step of the job."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection as database
from django.db.models import Max, QuerySet

from connections import facts, gateway
from mapping.values import email_key
from syncjobs.imports import bodies, planning, plans, rendering, scratch
from syncjobs.imports.quoting import JSON_ROWS_MORE
from syncjobs.models import Batch, ImportRow, PlannedStep, SyncJob
from syncjobs.planner import IMPORTS, SINGLES, Kind, Limits
from syncjobs.queue import Claim

Row = tuple[int, str, dict[str, str], int]


def batch(claim: Claim) -> None:
    """Write the next call of the plan down; where its people have to be looked up first, what is there goes first."""
    with claim.transaction() as job:
        step = PlannedStep.objects.filter(job=job, written=False).order_by("place").first()
        if step is None:
            claim.advance("sending" if Batch.objects.filter(job=job).exists() else "finishing", cursor={})
        elif step.kind == Kind.LOOK_UP:
            is_open = Batch.objects.filter(job=job, state__in=scratch.OPEN).exists()
            claim.advance("sending" if is_open else "looking_up", cursor={})
        elif step.kind in SINGLES:
            claim.advance("writing", cursor={})
        elif step.kind in IMPORTS:
            _import(claim, job, step)
        elif step.sources:
            _by_lists(job, step)
            _written(step)
            claim.advance("batching", cursor={}, note=step.kind)
        else:
            _by_ids(claim, job, step)


def _written(step: PlannedStep) -> None:
    PlannedStep.objects.filter(pk=step.pk).update(written=True)


def _import(claim: Claim, job: SyncJob, step: PlannedStep) -> None:
    """One bulk import: rows of the step in order, whole ones first, up to the limits in bytes and rows."""
    load = _Load(step.kind == Kind.IMPORT_JSON, planning.real(job, step.list_ids), plans.columns_sent(job))
    line = job.cursor.get("line", -1)
    bare = job.cursor.get("bare", False)
    if not bare:
        line = load.fill(_rows(job, step.whole, step.whole_parts, line), whole=True)
        # A file has one set of columns; only JSON carries whole rows and addresses in one call.
        bare = not load.is_full and (load.is_json or not load.count)
        line = -1 if bare else line
    if bare:
        line = load.fill(_rows(job, step.bare, step.bare_parts, line), whole=False)
    if load.count:
        keep(job, step, load)
    over = not load.is_full and (bare or not step.bare)
    if over:
        _written(step)
    elif not load.is_full:
        bare, line = True, -1
    claim.advance(
        "batching", cursor={} if over else {"line": line, "bare": bare}, note=f"{load.count} people"
    )


@dataclass
class _Load:
    """A call being filled, row by row."""

    is_json: bool
    list_ids: list[str]
    columns: Sequence[str]
    count: int = 0
    whole_count: int = 0
    first_line: int | None = None
    last_line: int | None = None
    is_full: bool = False
    _size: int = 0
    _lines: rendering.Lines = field(default_factory=rendering.Lines)
    _elements: list[bytes] = field(default_factory=list)

    def fill(self, rows: Iterator[Row], *, whole: bool) -> int:
        """As many rows as fit; answers the line of the last one that did."""
        last = -1
        room = bodies.most_bytes(facts.found()) - self._overhead()
        most = settings.ENV.IMPORT_BATCH_ROWS + (JSON_ROWS_MORE if self.is_json else 0)
        if not self.is_json and not self.count:
            header = ["email", *self.columns] if whole else ["email"]
            self._size = rendering.size_of(header)
            self._lines.take()  # the header of whole rows, where none has come
            self._lines.add(header)
        for line, email, values, csv_bytes in rows:
            element = rendering.json_row(email, values if whole else {}) if self.is_json else b""
            size = len(element) + 1 if self.is_json else csv_bytes if whole else rendering.size_of([email])
            if self.count and (self._size + size > room or self.count >= most):
                self.is_full = True
                break
            if self.is_json:
                self._elements.append(element)
            else:
                self._lines.add(
                    [email, *(values.get(name, "") for name in self.columns)] if whole else [email]
                )
            self._size += size
            last = self._took(line, whole=whole)
        return last

    def _overhead(self) -> int:
        if self.is_json:
            return gateway.json_overhead(self.list_ids)
        return gateway.import_overhead(file_name(UUID(int=0)), self.list_ids)

    def _took(self, line: int, *, whole: bool) -> int:
        self.count += 1
        if whole:
            self.whole_count += 1
            self.first_line = line if self.first_line is None else self.first_line
            self.last_line = line
        return line

    def content(self) -> bytes:
        """The call's content: a file, or an array."""
        return rendering.array(self._elements) if self.is_json else self._lines.take()


def _rows(job: SyncJob, alike: list[int], parts: list[list[int]], after_line: int) -> Iterator[Row]:
    """Rows of a step behind a line, in order; one more than a call may carry."""
    if not alike and not parts:
        return
    condition, arguments = planning.condition_of(job, alike, parts)
    most = settings.ENV.IMPORT_BATCH_ROWS + 2
    query = (
        "SELECT line, email, values, csv_bytes FROM syncjobs_importrow "  # noqa: S608  # the condition is of constants
        f"WHERE job_id = %s AND outcome = '' AND line > %s AND {condition} ORDER BY line LIMIT %s"
    )
    with database.chunked_cursor() as cursor:
        cursor.execute(query, [job.pk, after_line, *arguments, most])
        while found := cursor.fetchmany(2_000):
            yield from ((line, email, _decoded(values), size) for line, email, values, size in found)


def _decoded(values: Any) -> dict[str, str]:  # Any: a driver may have decoded it already
    found: dict[str, str] = json.loads(values) if isinstance(values, str) else values
    return found


def file_name(intent: UUID) -> str:
    """What a file is called: the intent behind it, by which it is found again."""
    return f"pb-{intent.hex}.csv"


def keep(job: SyncJob, step: PlannedStep, load: _Load) -> None:
    """Write an import down."""
    call = _call(job, step, load.content())
    call.list_ids, call.row_count, call.whole_count = load.list_ids, load.count, load.whole_count
    call.first_line, call.last_line = load.first_line, load.last_line
    call.save(force_insert=True)


def _call(job: SyncJob, step: PlannedStep, content: bytes = b"") -> Batch:
    """A call of a step, not stored yet, behind all others; its name is the intent's."""
    intent = uuid4()
    return Batch(
        id=intent,
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        job=job,
        number=next_number(job),
        kind=step.kind,
        place=step.place,
        after=_numbers(job, step.after),
        file_name=file_name(intent) if step.kind == Kind.IMPORT_CSV else "",
        content=content,
        sha256=hashlib.sha256(content).hexdigest() if content else "",
    )


def next_number(job: SyncJob) -> int:
    """The number behind all calls of a job."""
    last = Batch.objects.filter(job=job).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _numbers(job: SyncJob, places: list[int]) -> list[int]:
    """The calls that these steps became."""
    return list(Batch.objects.filter(job=job, place__in=places).values_list("number", flat=True))


def _by_lists(job: SyncJob, step: PlannedStep) -> None:
    """One call about whoever is on some lists."""
    call = _call(job, step)
    call.list_ids, call.sources = planning.real(job, step.list_ids), planning.real(job, step.sources)
    call.tag_ids, call.row_count = step.tag_ids, step.people
    call.save(force_insert=True)


def _by_ids(claim: Claim, job: SyncJob, step: PlannedStep) -> None:
    """One call about so many people, named by their contact ids; or one without people, such as a list's end."""
    if step.kind == Kind.DELETE_SCRATCH:
        call = _call(job, step)
        call.list_ids = planning.real(job, step.list_ids)
        call.save(force_insert=True)
        _written(step)
        claim.advance("batching", cursor={}, note=step.kind)
        return
    condition, arguments = planning.condition_of(job, step.bare, step.bare_parts)
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT line, contact_id FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND line > %s "  # noqa: S608  # ours
            f"AND contact_id IS NOT NULL AND {condition} ORDER BY line LIMIT %s",
            [job.pk, job.cursor.get("line", -1), *arguments, Limits.contact_ids],
        )
        found = cursor.fetchall()
    if found:
        call = _call(job, step, json.dumps([str(contact_id) for _, contact_id in found]).encode())
        call.list_ids, call.tag_ids, call.row_count = step.list_ids, step.tag_ids, len(found)
        call.save(force_insert=True)
    over = len(found) < Limits.contact_ids
    if over:
        _written(step)
    claim.advance("batching", cursor={} if over else {"line": found[-1][0]}, note=f"{len(found)} people")


def rows_of(job: SyncJob, call: Batch) -> QuerySet[ImportRow]:
    """The rows of an import that have no outcome yet, whole or by address. Inside the scope.

    Found by their addresses: whoever was judged anew since is in another group than the plan had.
    """
    rows = ImportRow.objects.filter(job=job, outcome="")
    return rows.extra(where=["email_key = ANY(%s)"], params=[keys_of(call)])


def each(calls: QuerySet[Batch]) -> Iterator[Batch]:
    """These calls with their content, one in memory at a time."""
    for pk in list(calls.order_by("number").values_list("pk", flat=True)):
        yield Batch.objects.get(pk=pk)


def keys_of(call: Batch) -> list[str]:
    """The addresses in an import, in order."""
    if call.kind == Kind.IMPORT_JSON:
        return [email_key(one["email"]) for one in json.loads(bytes(call.content))]
    return [email_key(line[0]) for line in rendering.read_lines(bytes(call.content))[1:]]


def whole_keys_of(call: Batch) -> list[str]:
    """The same of those whose whole rows are in it: a file has one set of columns, JSON may have both sorts."""
    if call.kind == Kind.IMPORT_JSON:
        return [email_key(one["email"]) for one in json.loads(bytes(call.content)) if len(one) > 1]
    return keys_of(call) if call.whole_count else []
