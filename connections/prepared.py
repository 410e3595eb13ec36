"""Statements that a connection to the database plans once: most of what a short one takes is its planning."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.backends.utils import CursorWrapper

Values = Sequence[Any] | Mapping[str, Any] | None
_PLACE: Final = re.compile(r"%(?:\((\w+)\))?s")


class Prepared:
    """A statement with `%s` or with `%(name)s`, as `cursor.execute` takes it; its name is this process's own."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = f"patchbay_{name}"
        self._names: list[str] = []
        self._count = 0
        self._sql = _PLACE.sub(self._number, sql)
        self._call = f"EXECUTE {self.name} ({', '.join(['%s'] * (len(self._names) or self._count))})"

    def _number(self, place: re.Match[str]) -> str:
        name = place[1]
        if name is None:
            self._count += 1
            return f"${self._count}"
        if name not in self._names:
            self._names.append(name)
        return f"${self._names.index(name) + 1}"

    def called(self, cursor: CursorWrapper, values: Values) -> tuple[str, Sequence[Any]]:
        """What to execute in its place, over a connection that has planned it then."""
        known: set[str] = vars(cursor.cursor.connection).setdefault("patchbay_prepared", set())
        if self.name not in known:
            cursor.execute(f"PREPARE {self.name} AS {self._sql}")  # stays, also if the transaction does not
            known.add(self.name)
        if isinstance(values, Mapping):
            values = [values[name] for name in self._names]
        return self._call, values or ()


Statement = tuple[str | Prepared, Values]
Rows = list[tuple[Any, ...]]


def message(cursor: CursorWrapper, *statements: Statement) -> str:
    """Statements as the text of one message, their values in it."""
    texts = []
    for statement in statements:
        sql, values = statement
        if isinstance(sql, Prepared):
            sql, values = sql.called(cursor, values)
        texts.append(cursor.cursor.mogrify(sql, values))
    return "; ".join(texts)


def answers(cursor: CursorWrapper) -> list[Rows]:
    """What each statement of a message answers; all of it is here already, so the driver's own cursor is asked."""
    own = cursor.cursor
    found = [_rows(own)]
    while own.nextset():
        found.append(_rows(own))
    return found


def _rows(cursor: Any) -> Rows:
    return cursor.fetchall() if cursor.pgresult.nfields else []
