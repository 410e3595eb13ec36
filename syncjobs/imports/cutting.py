"""Imports made out of others: the tail of one that was cut, the halves of one that failed, one without some people or
onto another list.

A call's bytes never change, so each of these is a new call with an intent of its own; whatever waited for the old one
waits for the new ones too. Inside the claim's transaction.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from mapping.values import email_key
from syncjobs.imports import batching, rendering
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.planner import Kind


def send_tail(job: SyncJob, cut: Batch, missing: int) -> None:
    """The last so many people of a call go again; the call itself keeps those that were counted."""
    header, people = _taken_apart(cut)
    made = _made(job, cut, header, people[-missing:], depth=cut.depth + 1)
    _wait_for(job, cut, [made])


def send_halves(job: SyncJob, failed: Batch) -> None:
    """Its people go again in two calls, or in one where there is one."""
    header, people = _taken_apart(failed)
    middle = -(-len(people) // 2)
    halves = [half for half in (people[:middle], people[middle:]) if half]
    made = [_made(job, failed, header, half, depth=failed.depth + 1) for half in halves]
    _replace(job, failed, made)


def onto(job: SyncJob, call: Batch, list_ids: Sequence[str]) -> None:
    """The same people go onto other lists, in a call of its own."""
    header, people = _taken_apart(call)
    made = _made(job, call, header, people, depth=max(call.depth, 1))
    made.list_ids = list(list_ids)
    made.save(update_fields=["list_ids"])
    _replace(job, call, [made])


def without_settled(job: SyncJob, call: Batch) -> Batch | None:
    """The call, or where some of its people may not go any more, one of those that may; None if nobody is left."""
    may_go = set(batching.rows_of(job, call).values_list("email_key", flat=True))
    header, people = _taken_apart(call)
    left = [one for one in people if _key(one) in may_go]
    if len(left) == len(people):
        return call
    made = [_made(job, call, header, left, depth=max(call.depth, 1))] if left else []
    _replace(job, call, made)
    return made[0] if made else None


def _taken_apart(call: Batch) -> tuple[list[str], list[Any]]:
    """A file's header, and its people: lines of it, or elements of an array."""
    content = bytes(Batch.objects.values_list("content", flat=True).get(pk=call.pk))
    if call.kind == Kind.IMPORT_JSON:
        return [], json.loads(content)
    header, *lines = rendering.read_lines(content)
    return header, lines


def _key(person: Any) -> str:
    return email_key(person["email"] if isinstance(person, dict) else person[0])


def _made(job: SyncJob, old: Batch, header: list[str], people: Sequence[Any], *, depth: int) -> Batch:
    if old.kind == Kind.IMPORT_JSON:
        texts = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in people)
        content = rendering.array([text.encode() for text in texts])
    else:
        content = rendering.write_lines([header, *people])
    intent = uuid4()
    first, last = _lines(job, old, people)
    return Batch.objects.create(
        id=intent,
        tenant_id=job.tenant_id,
        environment_id=job.environment_id,
        job=job,
        number=batching.next_number(job),
        kind=old.kind,
        place=old.place,
        list_ids=old.list_ids,
        after=old.after,
        file_name=batching.file_name(intent) if old.file_name else "",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        row_count=len(people),
        whole_count=_whole(old, people),
        first_line=first,
        last_line=last,
        depth=depth,
    )


def _whole(old: Batch, people: Sequence[Any]) -> int:
    if old.whole_count in {0, old.row_count}:
        return len(people) if old.whole_count else 0
    return sum(len(one) > 1 for one in people)


def _lines(job: SyncJob, old: Batch, people: Sequence[Any]) -> tuple[int | None, int | None]:
    """Between which lines these people's whole rows stand: of the old call's, from the first to the last of them."""
    if not old.whole_count:
        return None, None
    whole = [one for one in people if len(one) > 1]
    if not whole:
        return None, None
    ends = {_key(whole[0]), _key(whole[-1])}
    rows = ImportRow.objects.filter(
        job=job, email_key__in=ends, line__range=(old.first_line, old.last_line)
    ).exclude(reason="duplicate")
    lines = list(rows.values_list("line", flat=True))
    return min(lines), max(lines)


def _replace(job: SyncJob, old: Batch, made: Sequence[Batch]) -> None:
    Batch.objects.filter(pk=old.pk).update(state=Batch.State.REPLACED)
    _wait_for(job, old, made)


def _wait_for(job: SyncJob, old: Batch, made: Sequence[Batch]) -> None:
    """Whatever waits for the old call waits for these too."""
    for call in Batch.objects.filter(job=job, after__contains=[old.number]).defer("content"):
        call.after = [*call.after, *(one.number for one in made)]
        call.save(update_fields=["after"])
