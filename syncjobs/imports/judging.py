"""How a row stands against what the account holds: the same, different, or not to be sent; and keeping the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import connection as database

from mapping import mirror
from mapping.consent import Standing
from mapping.models import MirrorContact
from syncjobs.imports import plans
from syncjobs.models import ImportRow, SyncJob

NOBODY: Final = "nobody of this address is in the account"
# How somebody who is to leave ends without a call, by what is wanted and where the person stands.
_LEFT: Final[Mapping[tuple[str, Standing], tuple[str, str, str]]] = {
    ("unsubscribe", "absent"): ("skipped", "not_there", NOBODY),
    ("unsubscribe", "deleted"): ("skipped", "deleted_there", "was deleted there already"),
    ("unsubscribe", "unsubscribed"): ("unchanged", "same", "is unsubscribed there already"),
    ("delete", "absent"): ("skipped", "not_there", NOBODY),
    ("delete", "deleted"): ("unchanged", "deleted_there", "was deleted there already"),
}
_NUMBERS = frozenset({"number", "currency", "month", "day"})


def standing(known: MirrorContact | None) -> Standing:
    """Where an address stands, in the words of the consent; who has vanished may have been deleted a moment ago."""
    if known is None:
        return "absent"
    if known.standing in (MirrorContact.Standing.DELETED, MirrorContact.Standing.VANISHED):
        return "deleted"
    return "unsubscribed" if known.standing == MirrorContact.Standing.UNSUBSCRIBED else "active"


def left(action: str, standing: Standing) -> tuple[str, str, str] | None:
    """Outcome, reason and text of an opt-out or a delete that has happened or meets nobody; None: it is to be sent."""
    return _LEFT.get((action, standing))


def lists_known(row: ImportRow, known: MirrorContact) -> list[str]:
    """Which of the row's lists the person is on, in the row's order."""
    there = {str(list_id) for list_id in known.list_ids or ()}
    return [list_id for list_id in row.list_set.split(",") if list_id in there]


def on_its_lists(row: ImportRow, known: MirrorContact) -> bool:
    """Whether the person is on every list that the row names."""
    return set(lists_known(row, known)) == names(row.list_set)


def names(ids: str) -> set[str]:
    """The ids that a row has comma-joined."""
    return set(ids.split(",")) if ids else set()


def lines_not_new(rows: Iterable[ImportRow]) -> list[int]:
    """Which of these rows, of people that were to be created, have turned out to be about somebody who is there."""
    return [row.line for row in rows if row.outcome or row.expected != ImportRow.Outcome.CREATED]


@dataclass(frozen=True)
class Judge:
    """Holds rows against values: `kinds` says how a column is read, `columns` of which a missing value is a blank."""

    kinds: Mapping[str, str]
    columns: frozenset[str]

    def has_its_values(self, row: ImportRow, there: Mapping[str, str], *, unknown: bool) -> bool:
        """Whether these are the row's values; `unknown` answers for a column that nothing is known about."""
        return all(
            _equal(value, there.get(column, ""), self.kinds.get(column, ""))
            if column in there or column in self.columns
            else unknown
            for column, value in row.values.items()
        )


def by_mirror(job: SyncJob) -> Judge:
    """Holds the job's rows against the mirror of its account. Inside the scope."""
    return Judge(plans.kinds(job), frozenset(mirror.state(job.connection).columns))


def _equal(ours: str, theirs: str, kind: str) -> bool:
    if ours == theirs:
        return True
    if kind not in _NUMBERS:
        return False
    try:
        return Decimal(ours) == Decimal(theirs)
    except InvalidOperation:
        return False


def write(job: SyncJob, rows: Sequence[ImportRow]) -> None:
    """Keep the verdicts of one step in one statement. Inside the scope."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE syncjobs_importrow AS row SET expected = judged.expected, outcome = judged.outcome,
                reason = judged.reason, detail = judged.detail, on_set = judged.on_set, travels = judged.travels,
                off_lists = judged.off_lists
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[],
                    %s::boolean[])
                AS judged (line, expected, outcome, reason, detail, on_set, travels, off_lists)
            WHERE row.job_id = %s AND row.line = judged.line
            """,
            [
                [row.line for row in rows],
                [row.expected for row in rows],
                [row.outcome for row in rows],
                [row.reason for row in rows],
                [row.detail for row in rows],
                [row.on_set for row in rows],
                [row.travels for row in rows],
                [row.off_lists for row in rows],
                job.pk,
            ],
        )
