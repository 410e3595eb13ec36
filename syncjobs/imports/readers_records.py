"""Records out of stored CSV text: from any position, in bounded memory, each with the position of the next.

The bytes are UTF-8 as the intake stored them (in "utf-8-reject" perhaps not everywhere). Quoting is that of
RFC 4180; CRLF, LF and CR all end a line. Values come back exactly as written. A row that cannot be taken is a
Record with a problem, never an exception. What a position yields depends on the bytes behind it alone, so a
killed job goes on from the last position it kept and reads the same rest.

A quotation mark that is never closed would swallow everything behind it. The search for its partner is
bounded in lines and bytes; when it fails, its line alone is the problem and reading goes on at the next.
"""

import dataclasses
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence

from syncjobs.imports.readers_lines import LinesAhead
from syncjobs.imports.readers_problems import Limits, RowProblem, column_name, counted
from syncjobs.imports.readers_quotes import BAD_CHARACTER, QuotedRecords, bad_character


class Position(typing.NamedTuple):
    """A place between two records: an offset in the stored bytes, and the number of the line there."""

    offset: int
    line: int


class Record(typing.NamedTuple):
    """One row: the line it starts on, its values or else its problem, and where the next one starts."""

    line: int
    values: list[str] | None
    problem: RowProblem | None
    next: Position


@dataclasses.dataclass(frozen=True)
class Layout:
    """What must be known of a file to read on in the middle of it."""

    delimiter: str
    header: tuple[str, ...]


def records(
    chunks_from: Callable[[int], Iterable[bytes]],
    layout: Layout,
    start: Position,
    limits: Limits = Limits(),
) -> Iterator[Record]:
    """The records from `start` on; `chunks_from(offset)` gives the stored bytes from there.

    Every record has exactly one value for each column of the header. Blank lines, and rows in which every
    value is blank, are no records.
    """
    shape = _Shape(layout.header, limits)
    for row in rows(chunks_from(start.offset), layout.delimiter, start, limits):
        if row.values is not None:
            problem = shape.problem(row.values, row.next.line - row.line)
            if problem is not None:
                yield Record(row.line, None, problem, row.next)
                continue
        yield row


def rows(chunks: Iterable[bytes], delimiter: str, start: Position, limits: Limits) -> Iterator[Record]:
    """Rows of whatever width: what `records` refines once the header is known, and what finds the header."""
    offset, line = start
    ahead = LinesAhead(chunks, offset, limits)
    quoted = QuotedRecords(ahead, delimiter)
    while (entry := ahead.take()) is not None:
        raw, end = entry
        first = line
        values: list[str] | None
        problem: RowProblem | None
        if end - offset > limits.max_record_bytes:
            values, problem, line = None, _line_too_long(first, limits), line + 1
        elif b'"' in raw:
            values, problem, line, end = quoted.read(raw, first, offset, end)
        elif raw in _LINE_ENDS:
            offset, line = end, line + 1
            continue
        else:
            values, problem = _plain(raw, delimiter)
            line += 1
        offset = end
        if values is None or not _is_blank(values):
            yield Record(first, values, problem, Position(offset, line))


_LINE_ENDS = frozenset((b"\n", b"\r\n", b"\r"))


def _plain(raw: bytes, delimiter: str) -> tuple[list[str] | None, RowProblem | None]:
    """The values of a line without quotation marks, or its problem."""
    text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
    values = text.split(delimiter)
    # isprintable() clears nearly every line at the cost of a glance; tabs between values are no concern.
    if text.isprintable() or "".join(values).isprintable() or not BAD_CHARACTER.search(text):
        return values, None
    return None, bad_character(values)


def _is_blank(values: list[str]) -> bool:
    return not (values[0] and not values[0].isspace()) and not "".join(values).strip()


class _Shape:
    """Holds rows against the header."""

    def __init__(self, header: Sequence[str], limits: Limits) -> None:
        self._header = header
        self._unnamed = [index for index, name in enumerate(header) if not name]
        self._longest = limits.max_field_chars

    def problem(self, values: list[str], lines: int) -> RowProblem | None:
        """None if the row fits; empty cells beyond the last column are tolerated, and cut off."""
        expected = len(self._header)
        if len(values) > expected and not any(values[expected:]):
            del values[expected:]
        if len(values) != expected:
            return self._ragged(len(values), lines)
        if max(map(len, values)) > self._longest:
            return self._too_long(values)
        for index in self._unnamed:
            if values[index].strip():
                return RowProblem(
                    "unnamed_column",
                    f"It has a value in column {index + 1}, which has no name in the header.",
                )
        return None

    def _ragged(self, found: int, lines: int) -> RowProblem:
        code = "too_few_columns" if found < len(self._header) else "too_many_columns"
        message = f"It has {counted(found, 'column')}; the header has {len(self._header):,}."
        if lines > 1:
            message += f" A quotation mark joins {lines} lines into this row; one may be missing or too many."
        return RowProblem(code, message)

    def _too_long(self, values: list[str]) -> RowProblem:
        index = max(range(len(values)), key=lambda place: len(values[place]))
        where = column_name(index, self._header)
        return RowProblem(
            "field_too_long",
            f"The value in {where} has {len(values[index]):,} characters; the limit is {self._longest:,}.",
        )


def _line_too_long(line: int, limits: Limits) -> RowProblem:
    return RowProblem(
        "line_too_long",
        f"Line {line} is longer than the {limits.max_record_bytes:,} bytes that a row may have.",
    )
