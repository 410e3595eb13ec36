"""Many rows at once: COPY into a temporary table, then INSERT ... SELECT under row-level security.

COPY into a table with row-level security is refused to the application's role; a temporary table is seen by this
transaction alone and is gone at its end.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


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
        made = f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table}" WITH NO DATA'  # noqa: S608
        cursor.execute(made)
        with cursor.copy(f"COPY staged ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM staged {on_conflict}')  # noqa: S608  # names are ours
        return int(cursor.rowcount)
