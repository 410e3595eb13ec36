"""Records with quotation marks in them: where they end by a pattern, what they hold by the csv module.

The pattern decides on raw bytes in linear time, so neither a stray nor a missing quotation mark can make the
csv module run on through the file.
"""

import csv
import re
from collections.abc import Iterator, Sequence

from syncjobs.imports.readers_lines import LinesAhead
from syncjobs.imports.readers_problems import RowProblem

# What no cell may hold: control characters besides tab and line ends, and (as surrogates) undecodable bytes.
BAD_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# Values or else the problem, the line behind the record, and the offset there.
QuotedRecord = tuple[list[str] | None, RowProblem | None, int, int]

_STRAY_QUOTE = RowProblem(
    "stray_quote",
    'A quoted value goes on after its closing quotation mark. Inside a value, double each mark ("").',
)


def _unterminated(line: int) -> RowProblem:
    return RowProblem(
        "unterminated_quote",
        f"The quotation mark opened on line {line} is never closed; reading goes on with line {line + 1}.",
    )


class QuotedRecords:
    """Reads records with quotation marks: their end by a pattern, their values by the csv module."""

    def __init__(self, ahead: LinesAhead, delimiter: str) -> None:
        self._ahead = ahead
        self._delimiter = delimiter
        self._one_line = _OneLine(delimiter)
        mark = re.escape(delimiter.encode())
        inside = rb'[^"]*+(?:""[^"]*+)*+'
        field = rb'(?>"' + inside + rb'"|[^"' + mark + rb"\r\n][^" + mark + rb"\r\n]*+|)"
        more = rb"(?:" + mark + field + rb")*+"
        end = rb'(?:(?P<closed>[\r\n]*+\Z)|(?P<open>"' + inside + rb"\Z))"
        self._head = re.compile(field + more + end)
        # A line that begins inside quotes: they stay open, or close and the line goes on as any other.
        self._tail = re.compile(
            inside + rb'(?:\Z|"' + more + rb'(?:(?P<closed>[\r\n]*+\Z)|"' + inside + rb"\Z))"
        )

    def read(self, raw: bytes, line: int, offset: int, end: int) -> QuotedRecord:
        """The record that begins with `raw`, the line from `offset` to `end`."""
        values = self._one_line.parse(raw)
        if values is not None:
            return values, None, line + 1, end
        match = self._head.match(raw)
        if match is None:
            return None, _STRAY_QUOTE, line + 1, end
        lines = [raw]
        if match["closed"] is None:
            more = self._ahead.take_until_closed(self._tail, line, offset)
            if more is None:
                return None, _unterminated(line), line + 1, end
            lines += [following for following, _ in more]
            end = more[-1][1]
        values, problem = self._values(lines)
        return values, problem, line + len(lines), end

    def _values(self, lines: list[bytes]) -> tuple[list[str] | None, RowProblem | None]:
        texts = [line.decode("utf-8", "surrogateescape") for line in lines]
        try:
            values = next(csv.reader(texts, delimiter=self._delimiter, strict=True))
        except csv.Error:
            # The pattern has vouched for the quotes; what is left is the csv module's own bound on a field.
            return None, RowProblem(
                "field_too_long", f"One of its values has more than {csv.field_size_limit():,} characters."
            )
        if any(map(BAD_CHARACTER.search, texts)):
            return None, bad_character(values)
        return values, None


class _OneLine:
    """The common case, at the speed of one csv reader kept for all: a record that ends with its line."""

    def __init__(self, delimiter: str) -> None:
        self._text: str | None = None
        self._reader = csv.reader(self, delimiter=delimiter, strict=True)

    def parse(self, raw: bytes) -> list[str] | None:
        """The values; None where it takes a closer look."""
        self._text = text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not text.isprintable() and BAD_CHARACTER.search(text):
            return None
        try:
            return next(self._reader)
        except csv.Error:
            return None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The one line; the csv module asks for another only where a quote is left open."""
        text, self._text = self._text, None
        if text is None:
            raise StopIteration
        return text


def bad_character(values: Sequence[str]) -> RowProblem:
    """The first sign that no cell may hold, and the column it stands in."""
    for index, value in enumerate(values):
        match = BAD_CHARACTER.search(value)
        if match is None:
            continue
        code = ord(match[0])
        if code == 0:
            return RowProblem("nul_byte", f"Column {index + 1} holds a NUL byte, which no text may.")
        if code >= 0xD800:
            return RowProblem(
                "not_utf8", f"Column {index + 1} holds byte 0x{code - 0xDC00:02X}, which is not UTF-8."
            )
        return RowProblem(
            "control_character", f"Column {index + 1} holds an invisible control character (U+{code:04X})."
        )
    raise ValueError("no value holds a bad character")
