"""Many rows at once: COPY into a temporary table, then INSERT ... SELECT under row-level security.

COPY into a table with row-level security is refused to the application's role; a temporary table is seen by this
transaction alone and is gone at its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper


def insert(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, on_conflict: str = ""
) -> int:
    """Insert rows into `table`; answers how many were. Inside the scope that they belong to.

    Args:
        table: the table's name in the database.
        columns: the columns that each row has values for.
        rows: values, in the columns' order.
        on_conflict: e.g. `ON CONFLICT DO NOTHING`.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged")
        made = f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table}" WITH NO DATA'  # noqa: S608  # names are ours
        cursor.execute(made)
        _copy(cursor, names, rows)
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM staged {on_conflict}')  # noqa: S608  # names are ours
        return int(cursor.rowcount)


def load(cursor: CursorWrapper, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Put rows into the temporary table `staged`, for the caller's own SQL. Inside a transaction.

    Args:
        cursor: the caller's.
        columns: their names with their types in the database.
        rows: values, in the columns' order.
    """
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staged")
    shape = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    cursor.execute(f"CREATE TEMP TABLE staged ({shape}) ON COMMIT DROP")
    _copy(cursor, ", ".join(f'"{name}"' for name in columns), rows)


def _copy(cursor: CursorWrapper, names: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY staged ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
