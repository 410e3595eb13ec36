"""CSV lines for files that people download: safe to open in a spreadsheet program, readable anywhere.

A cell that a spreadsheet program would run as a formula is shown as text instead. That is done on the way out
only; what is read in, stored and sent to the provider stays exactly as it was.
"""

import csv
import io
from collections.abc import Iterable

# Opens a download: without it Excel takes UTF-8 for the encoding of the person's country.
BYTE_ORDER_MARK = "\ufeff"

# The full-width forms count too: programs for East Asian languages take them for the plain ones.
_FORMULA = frozenset("=+-@＝＋－＠")
_CONTROL = frozenset("\t\r\n\0")


def neutralise(value: str) -> str:
    """The value with an apostrophe before it if it could start a formula; otherwise as it is."""
    if value[:1] in _CONTROL or value.lstrip()[:1] in _FORMULA:
        return "'" + value
    return value


def csv_line(values: Iterable[str | int | None]) -> str:
    """One line of a download, its end included: text is neutralised, None is an empty cell."""
    line = io.StringIO()
    cells = [neutralise(value) if isinstance(value, str) else value for value in values]
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
