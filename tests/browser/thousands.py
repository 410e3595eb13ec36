"""A file of 10,000 rows, of which 37 cannot be sent, for ten different reasons; and what must become of each row."""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta

ROWS, GOOD = 10_000, 9_963
HEADER = ("Email", "First name", "Plan", "Orders", "Member since", "Lists")
LISTS = ("Customers", "News", "Everyone")
# How many rows of each kind, with the title and the code under which they are to be listed.
KINDS = {
    "no address": (4, "No e-mail address", "missing_email"),
    "not an address": (4, "Not an e-mail address", "invalid_email"),
    "address too long": (4, "E-mail address too long", "email_too_long"),
    "first name too long": (4, "Value too long", "too_long"),
    "custom value too long": (4, "Value too long", "too_long"),
    "not a date": (4, "Not a date", "not_a_date"),
    "not a number": (4, "Not a number", "not_a_number"),
    "too few columns": (3, "Too few columns", "too_few_columns"),
    "too many columns": (3, "Too many columns", "too_many_columns"),
    "NUL byte": (3, "Unreadable character", "nul_byte"),
}


@dataclass
class Planted:
    """A bad row: where it stands, and under which title and code it must be listed."""

    line: int
    title: str
    code: str


@dataclass
class Thousands:
    """The file, and what it says."""

    content: bytes
    people: dict[str, list[str]] = field(default_factory=dict)
    bad: list[Planted] = field(default_factory=list)


def person(number: int) -> list[str]:
    """A row that can be sent."""
    joined = date(2018, 1, 1) + timedelta(days=number % 3000)
    lists = ";".join(name for place, name in enumerate(LISTS) if place == 2 or number % (place + 2) == 0)
    return [
        f"Person{number}@people.example",
        f"Zoë {number}" if number % 7 == 0 else f"Ada {number}",
        f'the "{number}", or so' if number % 11 == 0 else ("free", "team", "scale")[number % 3],
        str(number),
        joined.isoformat(),
        lists,
    ]


def _spoilt(kind: str, row: list[str]) -> list[str]:
    """The row with one thing wrong with it."""
    at = {"first name too long": 1, "custom value too long": 2, "not a number": 3, "not a date": 4}
    values = {
        "no address": "",
        "not an address": f"{row[3]} at people.example",
        "address too long": f"{'x' * 60}@{'y' * 20}.example",
        "first name too long": "A" * 51,
        "custom value too long": "p" * 256,
        "not a number": "a dozen",
        "not a date": "2026-02-30",
        "NUL byte": "\0" + row[0],
    }
    if kind == "too few columns":
        return row[:-1]
    if kind == "too many columns":
        return [*row, "and more"]
    spoilt = list(row)
    spoilt[at.get(kind, 0)] = values[kind]
    return spoilt


def make() -> Thousands:
    """The bad rows stand spread over the file, the first in its first line and the last in its last."""
    kinds = [kind for kind, (count, _, _) in KINDS.items() for _ in range(count)]
    places = {round(number * (ROWS - 1) / (len(kinds) - 1)): kind for number, kind in enumerate(kinds)}
    found = Thousands(b"")
    rows = []
    for number in range(ROWS):
        row = person(number)
        if number in places:
            _, title, code = KINDS[places[number]]
            row = _spoilt(places[number], row)
            found.bad.append(Planted(number + 2, title, code))
        else:
            found.people[row[0].lower()] = row
        rows.append(row)
    found.content = written(rows)
    assert len(found.people) == GOOD and len(found.bad) == ROWS - GOOD
    return found


def written(rows: list[list[str]]) -> bytes:
    """As CSV, the way a spreadsheet program saves it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return out.getvalue().encode()


def changed(thousands: Thousands, count: int) -> bytes:
    """The same good people, the first `count` of them with another plan."""
    rows = [
        [*row[:2], "changed", *row[3:]] if place < count else row
        for place, row in enumerate(thousands.people.values())
    ]
    return written(rows)
