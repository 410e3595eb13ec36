"""The rows of an import as they come in: their columns, their limits, and what is wrong with one."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import errors, field_values
from .checks import is_email
from .contact_parts import CORE_TEXTS, is_day_of_year
from .messages import Json
from .records import CustomField
from .store import Account

KINDS = ("home", "work", "other")
PHONES = {
    "phone": "other",
    "home_phone": "home",
    "work_phone": "work",
    "mobile_phone": "mobile",
    "other_phone": "other",
}
ADDRESS_PARTS = {"street": 255, "street2": 255, "city": 50, "state": 50, "zip": 50, "country": 50}
# Address columns by name: the kind and the part. Without a kind in front they mean home.
ADDRESSES = {
    **{part: ("home", part) for part in ADDRESS_PARTS},
    **{f"{kind}_{part}": (kind, part) for kind in KINDS for part in ADDRESS_PARTS},
    "home country": ("home", "country"),
}
NUMBERS = ("birthday_month", "birthday_day")
LENGTHS: dict[str, int] = {
    **dict.fromkeys(CORE_TEXTS, 50),
    **dict.fromkeys(PHONES, 50),
    **{column: ADDRESS_PARTS[part] for column, (_, part) in ADDRESSES.items()},
    "sms_number": 16,
    "sms_consent_date": 16,
}
_CLEARABLE = {*CORE_TEXTS, *NUMBERS, "anniversary"}
KNOWN = {*LENGTHS, *NUMBERS, "email", "anniversary", "sms_consent_date"}


class RowShape:
    """The shape of one JSON row: texts, with whole numbers for the birthday."""

    def faults(self, name: str, value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{name} must be an object"
            return
        for key, item in value.items():
            if key in NUMBERS:
                if isinstance(item, bool) or not isinstance(item, int | None):
                    yield f"{name}.{key} must be an integer"
            elif (key in KNOWN or key.startswith("cf:")) and not isinstance(item, str | None):
                yield f"{name}.{key} must be a string"


ROW = RowShape()


def whole_lines(content: bytes, cap: int) -> bytes:
    """The part of a file that the cap lets through, without the line that the cut went through."""
    if content.startswith(b"\xef\xbb\xbf"):
        content, cap = content[3:], max(cap - 3, 0)
    if len(content) <= cap:
        return content
    end = max(content.rfind(b"\n", 0, cap), content.rfind(b"\r", 0, cap))
    return content[: end + 1]


def read_csv(text: str) -> tuple[list[str], list[list[str]]]:
    """The header in lower case (custom field names as they are) and the rows that are not blank."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        lines = [line for line in reader if line]
    except csv.Error:
        raise errors.invalid("The file is not a valid CSV file") from None
    if not lines:
        raise errors.invalid("The file is empty")
    header = [_column(name) for name in lines[0]]
    return header, lines[1:]


def _column(name: str) -> str:
    name = name.strip()
    return "cf:" + name[3:].strip() if name[:3].lower() == "cf:" else name.lower()


def rows_of(text: str, most: int) -> Iterator[tuple[int, Json]]:
    """The rows of a CSV text with their numbers, the header being line 1."""
    header, lines = read_csv(text)
    for number, line in enumerate(lines[: most - 1], start=2):
        yield number, dict(zip(header, line, strict=False))


def unknown_fields(account: Account, names: list[str]) -> list[str]:
    """The `cf:` names that the account has no custom field for."""
    known = {item.name.lower() for item in account.fields.values()}
    return [name for name in names if name.startswith("cf:") and name[3:].lower() not in known]


@dataclass(slots=True)
class Row:
    """One row understood. `problem` says what is wrong; `mendable` whether a person could correct it."""

    number: int
    given: str = ""
    email: str | None = None
    core: Json = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    values: list[Json] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    sms: Json | None = None
    problem: str | None = None
    mendable: bool = False


class _Bad(Exception):
    def __init__(self, problem: str, *, mendable: bool) -> None:
        super().__init__(problem)
        self.problem = problem
        self.mendable = mendable


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are to be read: the account's fields by name, and the open points as decided by switches."""

    fields: dict[str, CustomField]
    email_length: int
    clear_blanks: bool
    check_types: bool
    choices_by_id: bool


def understand(number: int, raw: Json, reading: Reading) -> Row:
    """A raw row as a `Row`, with its problem if it has one."""
    row = Row(number, str(raw.get("email") or raw.get("sms_number") or "")[:80])
    try:
        _read_email(row, raw, reading)
        for column, item in raw.items():
            if item is not None:
                _read_cell(row, column, item, reading)
        _check_birthday(row)
    except _Bad as bad:
        row.problem, row.mendable = bad.problem, bad.mendable
    return row


def _read_email(row: Row, raw: Json, reading: Reading) -> None:
    email = (raw.get("email") or "").strip()
    if not email and not (raw.get("sms_number") or "").strip():
        raise _Bad("The contact has neither an email address nor an SMS number", mendable=True)
    if email:
        if len(email) > reading.email_length:
            raise _Bad("The email address is too long", mendable=False)
        if not is_email(email):
            raise _Bad("Invalid email address", mendable=True)
        row.email = email


def _read_cell(row: Row, column: str, item: object, reading: Reading) -> None:
    text = str(item).strip()
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _Bad(f"{column} is not valid UTF-8", mendable=False)
    if column.startswith("cf:"):
        _read_field(row, column[3:], text, reading)
    elif column not in KNOWN:
        return
    elif not text:
        if reading.clear_blanks and column in _CLEARABLE:
            row.core[column] = None
    elif column in LENGTHS and len(text) > LENGTHS[column]:
        raise _Bad(f"{column} exceeds the maximum length of {LENGTHS[column]} characters", mendable=False)
    else:
        _read_known(row, column, text)


def _read_known(row: Row, column: str, text: str) -> None:
    if column in CORE_TEXTS:
        row.core[column] = text
    elif column in PHONES:
        row.phones[PHONES[column]] = text
    elif column in ADDRESSES:
        kind, part = ADDRESSES[column]
        row.addresses.setdefault(kind, {})[part] = text
    elif column == "sms_number":
        row.sms = {"sms_address": text}
    elif column == "anniversary":
        row.core[column] = field_values.parse_day(text)
        if row.core[column] is None:
            raise _Bad("Invalid anniversary", mendable=True)
    elif column in NUMBERS:
        if not (text.isascii() and text.isdigit() and len(text) < 4):
            raise _Bad("Invalid birthday", mendable=True)
        row.core[column] = int(text)


def _read_field(row: Row, name: str, text: str, reading: Reading) -> None:
    item = reading.fields.get(name.lower())
    if item is None:
        return
    if not text:
        if reading.clear_blanks:
            row.cleared.append(item.field_id)
        return
    if len(text) > 255:
        raise _Bad(f"cf:{name} exceeds the maximum length of 255 characters", mendable=False)
    if reading.choices_by_id and item.type in field_values.SELECTS:
        value = field_values.read_choices(item, [part.strip() for part in text.split(";")])
    else:
        value = field_values.read_value(item, text, checked=reading.check_types)
    if value is None:
        raise _Bad(f"Invalid value for cf:{name}", mendable=True)
    row.values.append(value)


def _check_birthday(row: Row) -> None:
    month, day = row.core.get("birthday_month"), row.core.get("birthday_day")
    if (month is None) != (day is None) or (month is not None and not is_day_of_year(month, day or 0)):
        raise _Bad("Invalid birthday", mendable=True)
