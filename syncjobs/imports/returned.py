"""Rows of one outcome with the file's own columns, so that they can be corrected and uploaded again.

What is said of each stands in front: behind the last column a row may have more cells than there are names.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from django.db.models import QuerySet

from connections.scoping import Scope
from syncjobs.imports import uploads
from syncjobs.imports.readers_records import Position, rows
from syncjobs.models import ImportRow, SyncJob, Upload

SAID: Final = ("line", "outcome", "reason", "detail")
# Before a name that the file has itself.
_OTHER: Final = "import "
AT_ONCE: Final = 5_000

Cells = Sequence[str | int]


def file_of(job: SyncJob) -> Upload | None:
    """The file of an import, while it is kept. Inside the scope."""
    if job.kind != "import":
        return None
    return Upload.objects.filter(pk=job.options.get("upload_id")).first()


def lines(scope: Scope, upload: Upload, found: QuerySet[ImportRow]) -> Iterator[Cells]:
    """The header, and each row of `found`; some thousand rows of the file a transaction."""
    facts = uploads.facts(upload)
    own = range(len(SAID) if _came_from_here(facts.header) else 0, len(facts.header))
    theirs = {facts.header[place].casefold() for place in own}
    yield [
        *(f"{_OTHER}{name}" if name in theirs else name for name in SAID),
        *(facts.header[place] for place in own),
    ]
    position = facts.first
    while True:
        with scope.transaction():
            chunks = uploads.chunks_from(upload)(position.offset)
            records = list(
                islice(rows(chunks, facts.delimiter, Position(*position), uploads.limits()), AT_ONCE)
            )
            if not records:
                return
            within = found.filter(line__gte=records[0].line, line__lte=records[-1].line)
            said = {one.line: one for one in within}
        for record in records:
            one = said.get(record.line)
            if one is not None:
                yield [
                    one.line,
                    one.outcome,
                    one.reason,
                    one.detail,
                    *_own(record.values or [], own, facts.header),
                ]
        position = records[-1].next


def _own(values: list[str], own: range, header: tuple[str, ...]) -> list[str]:
    """The cells of a row as it stands in the file, be it too short or too long; none where it cannot be read."""
    cells = [values[place] if place < len(values) else "" for place in own]
    return [*cells, *values[len(header) :]]


def _came_from_here(header: tuple[str, ...]) -> bool:
    """Whether a file begins with our columns, as one that was downloaded, corrected and uploaded does."""
    return [name.removeprefix(_OTHER) for name in header[: len(SAID)]] == list(SAID)
