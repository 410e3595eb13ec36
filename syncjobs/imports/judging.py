"""How a row stands against what the account holds: the same, different, or not to be sent; and keeping the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from django.db import connection as database

from mapping.models import RemoteList
from syncjobs.models import ImportRow, KnownContact, SyncJob

_NUMBERS = frozenset({"number", "currency", "month", "day"})


def list_names(job: SyncJob) -> dict[str, str]:
    """The account's lists by id. Inside the scope."""
    found = RemoteList.objects.filter(connection=job.connection).values_list("list_id", "name")
    return {str(list_id): name for list_id, name in found}


def known_contacts(job: SyncJob, rows: Iterable[ImportRow]) -> dict[str, KnownContact]:
    """What the account holds about these rows' addresses. Inside the scope."""
    found = KnownContact.objects.filter(job=job, email_key__in=[row.email_key for row in rows])
    return {one.email_key: one for one in found}


def on_its_lists(row: ImportRow, known: KnownContact, names: Mapping[str, str]) -> bool:
    """Whether the person is on every list that the row names."""
    there = set(known.list_names)
    return all(names.get(list_id) in there for list_id in row.list_set.split(","))


def has_its_values(row: ImportRow, known: KnownContact, kinds: Mapping[str, str], *, unknown: bool) -> bool:
    """Whether the account has the row's values; `unknown` answers for a column that the export does not have."""
    return all(
        _equal(value, known.values[column], kinds.get(column, "")) if column in known.values else unknown
        for column, value in row.values.items()
    )


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
