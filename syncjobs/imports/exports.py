"""Reading an account's export: which column is which, and how each address stands.

The provider publishes no header texts, so columns are told by their plain words; one that is not known is left
out, and a value that cannot be compared counts as changed.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mapping.fields import normalised
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
_OPTED_OUT: Final = frozenset({"emailoptoutdate", "optoutdate", "unsubscribedat"})


class NotAnExport(Exception):
    """The file has no column of addresses: not what an export is."""


@dataclass(frozen=True)
class Known:
    """A contact as the account had it."""

    email_key: str
    standing: str
    values: dict[str, str]
    list_names: list[str]


def read(
    chunks: Iterable[bytes], custom_columns: Mapping[str, str], list_names: Sequence[str]
) -> Iterator[Known]:
    """Contacts out of an export's bytes, as they arrive.

    Args:
        chunks: the file.
        custom_columns: custom field's label or name to its import column.
        list_names: the account's lists; a cell of lists is taken apart along them.

    Raises:
        NotAnExport: there is no column of addresses.
    """
    stream = io.BufferedReader(_Stream(chunks))  # type: ignore[type-var]  # a RawIOBase, as it takes
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    rows = csv.reader(text)
    header = [normalised(name) for name in next(rows, [])]
    custom = {normalised(name): column for name, column in custom_columns.items()}
    columns = {index: _STANDARD.get(name) or custom.get(name) for index, name in enumerate(header)}
    address = next((index for index, column in columns.items() if column == "email"), None)
    if address is None:
        raise NotAnExport("the export has no column of e-mail addresses")
    in_lists = [index for index, name in enumerate(header) if name in _LISTS]
    opted_out = [index for index, name in enumerate(header) if name in _OPTED_OUT]
    for row in rows:
        if len(row) != len(header) or not row[address].strip():
            continue
        gone = any(row[index].strip() for index in opted_out)
        yield Known(
            email_key(row[address]),
            "unsubscribed" if gone else "active",
            {column: row[index] for index, column in columns.items() if column and column != "email"},
            [name for index in in_lists for name in lists_in(row[index], list_names)],
        )


def lists_in(cell: str, names: Sequence[str]) -> list[str]:
    """The known list names that a cell holds; a name that has a separator in it is taken out first, and whole."""
    found, left = [], cell
    for name in sorted((name for name in names if re.search(r"[;,|]", name)), key=len, reverse=True):
        if name in left:
            found.append(name)
            left = left.replace(name, "", 1)
    parts = {part.strip() for part in re.split(r"[;,|]", left)}
    return found + [name for name in names if name in parts]


class _Stream(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        """Fill the buffer from what has come."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
