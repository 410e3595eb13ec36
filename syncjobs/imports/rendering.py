"""The bytes of an import, one person after the other: lines of CSV, or elements of a JSON array. Pure.

What a line takes is known when a row is read, so that calls can be planned, and cut, to the byte.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Final

# JSON has whole numbers for these.
_NUMBERS: Final = frozenset({"birthday_month", "birthday_day"})


class Lines:
    """Lines of CSV, made by one writer; `take` gives what has been written since the last time."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\r\n")

    def add(self, values: Sequence[str]) -> None:
        """Write one line."""
        self._writer.writerow(values)

    def take(self) -> bytes:
        """The bytes of the lines, which are gone then."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()

    def size(self, values: Sequence[str]) -> int:
        """How many bytes a line takes; nothing of it stays."""
        self.add(values)
        return len(self.take())


def size_of(values: Sequence[str]) -> int:
    """How many bytes a line of CSV takes."""
    text = ",".join(values)
    if len(values) == 1 and text and not any(sign in text for sign in '",\r\n'):
        return len(text.encode()) + 2
    return Lines().size(values)


def json_row(email: str, values: Mapping[str, str]) -> bytes:
    """A person as an element of an import's array, without its comma."""
    given = {name: int(value) if name in _NUMBERS else value for name, value in values.items()}
    return json.dumps({"email": email, **given}, ensure_ascii=False, separators=(",", ":")).encode()


def json_more(columns: Sequence[str]) -> int:
    """What a row takes more as an element of an array than as a line of CSV, at most, backslashes apart."""
    return len("{},") + sum(len(column) + len('"":"",') for column in columns)


def read_lines(content: bytes) -> list[list[str]]:
    """The lines of a CSV call's content, its header first."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def write_lines(lines: Sequence[Sequence[str]]) -> bytes:
    """The content of a CSV call."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


def array(elements: Sequence[bytes]) -> bytes:
    """The content of a JSON call."""
    return b"[" + b",".join(elements) + b"]"
