"""The rows of a request's body: a JSON object, one JSON object a line, or CSV. Pure; a row at a time.

A row that cannot be read is a row with a problem; what is wrong with the body as a whole is `Misread`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncjobs.imports.readers import FileProblem, Intake, Limits, records

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
ROWS: Final = "contacts"
_BLANK: Final = " \t\r\n"


class Misread(Exception):
    """A body that is none; `failures` are (field, what it must be)."""

    def __init__(self, *failures: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in failures))
        self.failures = failures


@dataclass(frozen=True)
class Given:
    """A row as it came: its number (from 1; of CSV and NDJSON the line), and what it says, or why it says nothing."""

    line: int
    document: Any = None  # Any: whatever JSON a program sends
    problem: tuple[str, str] | None = None


def rows(kind: str, body: bytes, options: dict[str, object]) -> Iterator[Given]:
    """The rows of a body; what a JSON object says besides goes into `options` while it is read.

    Raises:
        Misread: the body as a whole is not what it must be.
    """
    return _READERS[kind](body, options)


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def _of_json(body: bytes, options: dict[str, object]) -> Iterator[Given]:
    """An object whose `contacts` are taken one by one, so that no second copy of all of them is made."""
    try:
        walk = _Walk(body.decode())
        walk.expect("{")
        found = False
        while not walk.ends("}"):
            name = walk.value()
            walk.expect(":")
            if name == ROWS:
                if found:
                    raise Misread((ROWS, "given once"))
                found = True
                walk.expect("[")
                line = 0
                while not walk.ends("]"):
                    line += 1
                    yield Given(line, walk.value())
                    walk.comma("]")
            else:
                options[str(name)] = walk.value()
            walk.comma("}")
        walk.nothing_more()
    except (ValueError, RecursionError):
        raise Misread(("body", "a JSON object with contacts, a list of objects, in UTF-8")) from None
    if not found:
        raise Misread((ROWS, "a list of contacts"))


class _Walk:
    """A place in a JSON text. What does not stand there raises ValueError."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _next(self) -> str:
        text, at = self._text, self._at
        while at < len(text) and text[at] in _BLANK:
            at += 1
        self._at = at
        return text[at : at + 1]

    def expect(self, sign: str) -> None:
        if self._next() != sign:
            raise ValueError(f"no {sign} here")
        self._at += 1

    def ends(self, sign: str) -> bool:
        if self._next() != sign:
            return False
        self._at += 1
        return True

    def comma(self, end: str) -> None:
        """A comma with something behind it, or the end, which is left for `ends`."""
        if self._next() == end:
            return
        self.expect(",")
        if self._next() == end:
            raise ValueError("nothing behind the comma")

    def value(self) -> Any:  # Any: JSON
        self._next()
        found, self._at = _DECODER.raw_decode(self._text, self._at)
        return found

    def nothing_more(self) -> None:
        if self._next():
            raise ValueError("something behind the end")


def _of_lines(body: bytes, options: dict[str, object]) -> Iterator[Given]:
    """One JSON object a line; blank lines are none."""
    start, line = 0, 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        text, start, line = body[start:end].strip(), end + 1, line + 1
        if not text:
            continue
        try:
            yield Given(line, json.loads(text.decode(), parse_constant=_refuse))
        except (ValueError, RecursionError):
            yield Given(line, problem=("unreadable", "the line is not a JSON object in UTF-8"))


# How a file calls a part of a contact: column -> where it goes.
_PHONES: Final = {"phone": None, **{f"{kind}_phone": kind for kind in ("home", "work", "mobile", "other")}}
_ADDRESS: Final = ("street_1", "street_2", "city", "state", "postal_code", "country")
_PLAIN: Final = (
    *("email", "action", "first_name", "last_name", "job_title", "company_name"),
    *("birthday_month", "birthday_day", "anniversary"),
)
_MEMBERSHIPS: Final = {
    **{f"{kind}.{verb}": (kind, verb) for kind in ("lists", "tags") for verb in ("add", "remove", "set")},
    "lists": ("lists", "add"),
    "tags": ("tags", "add"),
}
_CUSTOM: Final = "custom_fields."


def _of_csv(body: bytes, options: dict[str, object]) -> Iterator[Given]:
    """A file with a header of field names; a cell of lists or tags names several between semicolons."""
    intake = Intake(limits=Limits(max_bytes=len(body) + 1))
    try:
        text = intake.feed(body)
        rest, facts = intake.finish()
    except FileProblem as problem:
        raise Misread(("body", str(problem))) from None
    text += rest
    unknown = [name for name in facts.header if not _is_known(name)]
    if unknown:
        raise Misread(*((name[:100], _COLUMNS) for name in unknown[:20]))
    for record in records(lambda offset: iter((text[offset:],)), facts.layout, facts.first):
        if record.values is not None:
            yield Given(record.line, _document(dict(zip(facts.header, record.values, strict=True))))
        elif record.problem is not None:
            yield Given(record.line, problem=(record.problem.code, record.problem.message))


_COLUMNS: Final = (
    "a column is one of "
    + ", ".join((*_PLAIN, *_PHONES, *_ADDRESS, *_MEMBERSHIPS))
    + f", or {_CUSTOM}<the field's name>"
)


def _is_known(name: str) -> bool:
    return (
        name in _PLAIN
        or name in _PHONES
        or name in _ADDRESS
        or name in _MEMBERSHIPS
        or (name.startswith(_CUSTOM) and len(name) > len(_CUSTOM))
    )


def _document(cells: Mapping[str, str]) -> dict[str, object]:
    """A row of a file as a contact; a blank cell says nothing."""
    given = {name: value.strip() for name, value in cells.items() if value.strip()}
    found: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    phones = [{"phone": given[name], "type": kind} for name, kind in _PHONES.items() if name in given]
    if phones:
        found["phones"] = phones
    address = {name: given[name] for name in _ADDRESS if name in given}
    if address:
        found["addresses"] = [address]
    for name, (kind, verb) in _MEMBERSHIPS.items():
        if name in given:
            names = [part for piece in given[name].split(";") if (part := piece.strip())]
            found.setdefault(kind, {}).setdefault(verb, []).extend(names)
    custom = {name[len(_CUSTOM) :]: value for name, value in given.items() if name.startswith(_CUSTOM)}
    if custom:
        found["custom_fields"] = custom
    return found


_READERS: Final[Mapping[str, Callable[[bytes, dict[str, object]], Iterator[Given]]]] = {
    JSON: _of_json,
    NDJSON: _of_lines,
    CSV: _of_csv,
}
