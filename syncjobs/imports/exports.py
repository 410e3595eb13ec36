"""Reading an account's export: which column is which, and how each address stands. Pure.

The provider publishes no header texts, so columns are told by their plain words; one that is not known is left
out, and a value that cannot be compared counts as changed. The file is read from any offset that a row ended at.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from mapping.fields import normalised
from mapping.known import Known
from mapping.values import email_key

_STANDARD: Final[dict[str, str]] = {
    "emailaddress": "email",
    "email": "email",
    "firstname": "first_name",
    "lastname": "last_name",
    "jobtitle": "job_title",
    "company": "company_name",
    "companyname": "company_name",
    "phone": "phone",
    "phonenumber": "phone",
    "phoneother": "phone",
    "otherphone": "phone",
    "street": "street",
    "streetaddress": "street",
    "city": "city",
    "state": "state",
    "stateprovince": "state",
    "zip": "zip",
    "zippostalcode": "zip",
    "postalcode": "zip",
    "country": "country",
    "birthdaymonth": "birthday_month",
    "birthdayday": "birthday_day",
    "anniversary": "anniversary",
}
_LISTS: Final = frozenset({"emaillists", "lists", "listnames"})
_TAGS: Final = frozenset({"tags", "tagnames"})
_OPTED_OUT: Final = frozenset({"emailoptoutdate", "optoutdate", "unsubscribedat"})
_IDS: Final = frozenset({"contactid"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# A contact's notes come in one cell: 150 of 2,000 signs.
LONGEST_CELL: Final = 1_048_576
LONGEST_LINE: Final = 4 * LONGEST_CELL
_SEPARATOR: Final = re.compile(r"[;,|]")

ChunksFrom = Callable[[int], Iterable[bytes]]


class NotAnExport(Exception):
    """The file is not what an export is; the text says why."""


@dataclass(frozen=True)
class Catalog:
    """The account's names with what they stand for: lists and tags to ids, custom fields to import columns."""

    lists: Mapping[str, str]
    tags: Mapping[str, str]
    custom: Mapping[str, str]


@dataclass(frozen=True)
class Header:
    """What each position of the file's rows is, and the offset of the first row."""

    width: int
    address: int
    values: Mapping[int, str]
    lists: tuple[int, ...]
    tags: tuple[int, ...]
    opted_out: tuple[int, ...]
    contact_id: int | None
    offset: int

    @property
    def columns(self) -> list[str]:
        """The import columns that the file tells about."""
        return sorted(set(self.values.values()))


@dataclass(frozen=True)
class Row:
    """One row: the address it names, what it says unless it is broken, and where the next one begins."""

    email_key: str
    known: Known | None
    offset: int


def header(chunks_from: ChunksFrom, custom: Mapping[str, str]) -> Header:
    """The file's first row, understood. Raises NotAnExport: it has no column of addresses."""
    first = next(_rows(chunks_from, 0), None)
    names = [normalised(name) for name in (first[0] if first else [])]
    fields = {normalised(name): column for name, column in custom.items()}
    columns = {index: _STANDARD.get(name) or fields.get(name) for index, name in enumerate(names)}
    address = next((index for index, column in columns.items() if column == "email"), None)
    if address is None or first is None:
        raise NotAnExport("the export has no column of e-mail addresses")
    return Header(
        len(names),
        address,
        {index: column for index, column in columns.items() if column and column != "email"},
        _at(names, _LISTS),
        _at(names, _TAGS),
        _at(names, _OPTED_OUT),
        next(iter(_at(names, _IDS)), None),
        first[1],
    )


def _at(names: list[str], wanted: frozenset[str]) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(names) if name in wanted)


def read(chunks_from: ChunksFrom, shape: Header, catalog: Catalog, offset: int) -> Iterator[Row]:
    """The rows from an offset on: the header's, or that of an earlier row. Raises NotAnExport."""
    for cells, following in _rows(chunks_from, offset):
        if len(cells) <= shape.address or not cells[shape.address].strip():
            continue
        key = email_key(cells[shape.address])
        # A row of another width is broken: that somebody is there is all that it tells.
        known = _known(key, cells, shape, catalog) if len(cells) == shape.width else None
        yield Row(key, known, following)


def _known(key: str, cells: list[str], shape: Header, catalog: Catalog) -> Known:
    found = cells[shape.contact_id].strip() if shape.contact_id is not None else ""
    return Known(
        key,
        "unsubscribed" if any(cells[index].strip() for index in shape.opted_out) else "active",
        {column: cells[index] for index, column in shape.values.items() if cells[index].strip()},
        _ids(cells, shape.lists, catalog.lists),
        _ids(cells, shape.tags, catalog.tags),
        "",
        found if _UUID.fullmatch(found) else None,
    )


def _ids(cells: list[str], positions: tuple[int, ...], names: Mapping[str, str]) -> frozenset[str] | None:
    if not positions:
        return None
    return frozenset(names[name] for index in positions for name in names_in(cells[index], names))


def names_in(cell: str, names: Mapping[str, str]) -> list[str]:
    """The known names that a cell holds; one that has a separator in it is taken out first, and whole."""
    if not cell:
        return []
    found, left = [], cell
    for name in _with_separator(tuple(names)):
        if name in left:
            found.append(name)
            left = left.replace(name, "", 1)
    parts = dict.fromkeys(part.strip() for part in _SEPARATOR.split(left))
    return found + [name for name in parts if name in names]


def names_unknown(
    chunks_from: ChunksFrom, shape: Header, lists: Mapping[str, str], offset: int, most: int
) -> bool:
    """Whether the first so many rows name a list that is not known. Raises NotAnExport."""
    for cells, _ in islice(_rows(chunks_from, offset), most):
        for index in shape.lists if len(cells) == shape.width else ():
            left = cells[index]
            for name in _with_separator(tuple(lists)):
                left = left.replace(name, "", 1)
            if any(part.strip() not in lists for part in _SEPARATOR.split(left) if part.strip()):
                return True
    return False


@lru_cache(maxsize=8)
def _with_separator(names: tuple[str, ...]) -> list[str]:
    return sorted((name for name in names if _SEPARATOR.search(name)), key=len, reverse=True)


def _rows(chunks_from: ChunksFrom, offset: int) -> Iterator[tuple[list[str], int]]:
    """Rows with the offset behind each: the CSV reader takes exactly the lines that a row has."""
    lines = _Lines(chunks_from(offset), offset)
    csv.field_size_limit(LONGEST_CELL)
    try:
        for cells in csv.reader(lines):
            yield cells, lines.offset
    except csv.Error as fault:
        raise NotAnExport(f"the export is not CSV: {fault}") from None


class _Lines:
    """The lines of a file as text, and the offset behind the last one taken."""

    def __init__(self, chunks: Iterable[bytes], offset: int) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self._starts = offset == 0
        self.offset = offset

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._take()
        if not line:
            raise StopIteration
        self.offset += len(line)
        text = line.decode("utf-8-sig" if self._starts else "utf-8", "replace")
        self._starts = False
        # PostgreSQL keeps no NUL in a text, and the CSV reader takes no CR in the middle of one.
        body = text.rstrip("\r\n")
        return body.replace("\x00", "").replace("\r", " ") + text[len(body) :]

    def _take(self) -> bytes:
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            if len(self._buffer) - self._at > LONGEST_LINE:
                raise NotAnExport("a line of the export is far too long")
            piece = next(self._chunks, None)
            if piece is None:
                end = len(self._buffer) - 1
                break
            self._buffer, self._at = self._buffer[self._at :] + piece, 0
        line, self._at = self._buffer[self._at : end + 1], end + 1
        return line
