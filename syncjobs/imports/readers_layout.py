"""What stands at the top of a file: the delimiter, the names of the columns, the first records.

The delimiter is the one under which the head of the file makes the most even table; a column of e-mail
addresses speaks for it too. A header that would leave a column ambiguous or nameless is refused here, before
anything of the file is used.
"""

import dataclasses
import itertools
import re
import unicodedata

from syncjobs.imports.readers_encoding import wrong_encoding
from syncjobs.imports.readers_problems import (
    FileProblem,
    Limits,
    column_name,
    counted,
    empty_file,
    header_only,
    header_problem,
)
from syncjobs.imports.readers_records import Layout, Position, Record, records, rows

DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_ROWS = 50
_SNIFFED_BYTES = 65_536
# More rows than the head of any ordinary file holds; a file of crumbs must not keep a request waiting.
_COUNTED_ROWS = 20_000
_SAMPLE = 5
# Spreadsheet programs may name the delimiter on a line of its own above the header.
_SEP_LINE = re.compile(rb'\A(?:"sep=([,;\t|])"|sep=([,;\t|]))(?:\r\n|\r|\n)', re.IGNORECASE)
_EMAIL = re.compile(r"\s*[^@\s,;|]+@[^@\s,;|]+\.[^@\s,;|]+\s*")


@dataclasses.dataclass(frozen=True)
class Top:
    """The findings; `records` and `lines` are those seen below the header, `complete` if these are all."""

    layout: Layout
    first: Position
    sample: list[list[str]]
    records: int
    lines: int
    complete: bool


def read_top(head: bytes, *, whole: bool, limits: Limits) -> Top:
    """The layout of the file that begins with `head`; `whole` says that it is all of it."""
    start, named = _behind_sep_line(head)
    delimiter = named or _find_delimiter(head, start, whole, limits)
    table = _rows(head, delimiter, start, whole, limits)
    if not table:
        raise empty_file(whole=whole)
    header_row, body = table[0], table[1:]
    if not whole and header_row.next.offset >= len(head):
        raise header_problem("line_too_long", header_row.line)
    header = _header(header_row, body, head[start.offset :], limits)
    layout = Layout(delimiter, header)
    if whole and not body:
        raise header_only(header_row.line)
    first = header_row.next
    found = itertools.islice(records(lambda offset: [head[offset:]], layout, first, limits), _SNIFFED_ROWS)
    sample = [record.values for record in found if record.values is not None][:_SAMPLE]
    lines = body[-1].next.line - first.line if body else 0
    return Top(layout, first, sample, len(body), lines, whole and len(table) <= _COUNTED_ROWS)


def _behind_sep_line(head: bytes) -> tuple[Position, str | None]:
    match = _SEP_LINE.match(head)
    if match is None:
        return Position(0, 1), None
    return Position(match.end(), 2), (match[1] or match[2]).decode()


def _rows(head: bytes, delimiter: str, start: Position, whole: bool, limits: Limits) -> list[Record]:
    """The rows of the head; the last one is left out where the head may have cut it off."""
    found = list(itertools.islice(rows([head[start.offset :]], delimiter, start, limits), _COUNTED_ROWS + 1))
    if not whole and len(found) > 1 and found[-1].next.offset >= len(head):
        found.pop()
    return found


def _find_delimiter(head: bytes, start: Position, whole: bool, limits: Limits) -> str:
    whole, head = whole and len(head) <= _SNIFFED_BYTES, head[:_SNIFFED_BYTES]
    best, best_score = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        found = itertools.islice(rows([head[start.offset :]], delimiter, start, limits), _SNIFFED_ROWS + 1)
        table = [
            row.values for row in found if row.values is not None and (whole or row.next.offset < len(head))
        ]
        score = _evenness(table)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _evenness(table: list[list[str]]) -> tuple[float, int]:
    """How much the rows look like a table: shared width and e-mail addresses first, then the columns."""
    if not table or len(table[0]) < 2:
        return 0.0, 0
    width, body = len(table[0]), table[1:]
    if not body:
        return 1.0, width
    even = sum(len(row) == width for row in body) / len(body)
    with_email = sum(any(_EMAIL.fullmatch(value) for value in row) for row in body) / len(body)
    return even + with_email, width


def _header(row: Record, body: list[Record], head: bytes, limits: Limits) -> tuple[str, ...]:
    if row.problem is not None and row.problem.code == "not_utf8":
        raise _undecodable(head, row.line)
    if row.values is None:
        raise header_problem(row.problem.code if row.problem else "line_too_long", row.line)
    names = [_name(value) for value in row.values]
    _check_named(names, body, row.line)
    while names and not names[-1]:
        names.pop()
    if len(names) > limits.max_columns:
        raise FileProblem(
            "too_many_columns",
            f"Line {row.line} names {len(names):,} columns; at most {limits.max_columns} are taken.",
            "Remove the columns that you do not need, and upload the file again.",
            line=row.line,
        )
    _check_names(names, row.line, limits)
    return tuple(names)


def _name(value: str) -> str:
    """A column's name as people see it: no marks or blanks around it, one form of accents, on one line."""
    return unicodedata.normalize(
        "NFC", re.sub(r"\s*[\r\n]+\s*", " ", value.strip("\ufeff \t\r\n\u00a0")).strip()
    )


def _check_named(names: list[str], body: list[Record], line: int) -> None:
    """A column may lack a name only where it holds nothing either."""
    for index, name in enumerate(names):
        if name:
            continue
        for row in body:
            if row.values is not None and index < len(row.values) and row.values[index].strip():
                raise FileProblem(
                    "blank_header",
                    f"Column {index + 1} has no name on line {line}, but a value on line {row.line}.",
                    f"Give it a name on line {line}, or empty the column, and upload the file again.",
                    line=line,
                )


def _check_names(names: list[str], line: int, limits: Limits) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if len(name) > limits.max_header_chars:
            raise FileProblem(
                "field_too_long",
                f"The name of column {index + 1} on line {line} has {counted(len(name), 'character')}; "
                f"at most {limits.max_header_chars} are taken.",
                "Shorten it, or make sure that the first line holds the names of the columns.",
                line=line,
            )
        if _EMAIL.fullmatch(name):
            raise FileProblem(
                "no_header",
                f"Line {line} holds an e-mail address where the name of column {index + 1} should be.",
                "Add a line above it that names the columns (“Email,First name”), and upload the file again.",
                line=line,
            )
        if name and (earlier := seen.setdefault(name.casefold(), index)) != index:
            raise FileProblem(
                "duplicate_headers",
                f"Two columns on line {line} have the same name: {column_name(earlier, names)} "
                f"and {column_name(index, names)}.",
                "Rename or remove one of them, and upload the file again.",
                line=line,
            )


def _undecodable(head: bytes, line: int) -> FileProblem:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        before = head[: error.start]
        start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
        return wrong_encoding(line=line, before=before[start:], after=head[error.start :], codec="utf-8")
    raise ValueError("the head of the file is UTF-8 throughout")
