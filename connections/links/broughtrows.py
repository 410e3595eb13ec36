"""Accounts to take over, and a file of them read row by row: CSV with a heading, or one JSON object a line. Pure.

Columns: `tenant_id` (your own id of the customer), `refresh_token`, and if wanted `client_id` and `context` (an object
of JSON).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connections.constantcontact.redaction import Secret
from connections.links import contexts

COLUMNS: Final = ("tenant_id", "refresh_token", "client_id", "context")
NEEDED: Final = ("tenant_id", "refresh_token")
LONGEST: Final = {"tenant_id": 200, "refresh_token": 4_000, "client_id": 100}


class NotReadable(ValueError):
    """The file is none of ours; the text says what it must be."""


@dataclass(frozen=True)
class Brought:
    """One account to take over; `client_id` names the application that its grant is of, unless there is but one."""

    customer_ref: str
    refresh_token: Secret
    client_id: str = ""
    context: contexts.Context = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A line of the file: what it brings, or what is wrong with it."""

    line: int
    customer_ref: str
    brought: Brought | None
    fault: str = ""


def of_csv(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV file with a heading.

    Raises:
        NotReadable: a column is missing or unknown.
    """
    reader = csv.DictReader(lines, strict=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    if not set(NEEDED) <= set(names) or not set(names) <= set(COLUMNS):
        raise NotReadable(f"The first line names the columns: {', '.join(NEEDED)}, and client_id, context.")
    reader.fieldnames = names
    try:
        for found in reader:
            if None in found or None in found.values():
                yield Row(reader.line_num, "", None, "has more or fewer cells than there are columns")
                continue
            yield _row(reader.line_num, found, _read_context(found.get("context", "")))
    except csv.Error as error:
        raise NotReadable(f"Line {reader.line_num} is no CSV: {error}.") from None


def of_lines(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a file with one JSON object a line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _object(line)
        unknown = sorted(set(found or ()) - set(COLUMNS))
        if found is None or unknown:
            what = f"has {', '.join(unknown)[:80]}, which is no column" if found else "is no object of JSON"
            yield Row(number, "", None, what)
            continue
        yield _row(number, found, found.get("context") or {})


def _row(line: int, found: Mapping[str, Any], context: object) -> Row:
    texts = {name: found.get(name) or "" for name in LONGEST}
    customer = str(texts["tenant_id"]).strip()
    for name, longest in LONGEST.items():
        text = texts[name]
        if not isinstance(text, str) or len(text) > longest or "\x00" in text:
            return Row(line, customer[:200], None, f"{name} is a text of at most {longest} characters")
        if name in NEEDED and not text.strip():
            return Row(line, customer, None, f"{name} is missing")
    if not isinstance(context, dict):
        return Row(line, customer, None, "context is an object of JSON")
    try:
        kept = contexts.checked(context)
    except contexts.NotKept as reason:
        return Row(line, customer, None, f"context is {reason}")
    secret = Secret(texts["refresh_token"].strip())
    return Row(line, customer, Brought(customer, secret, texts["client_id"].strip(), kept))


def _read_context(text: str) -> object:
    return _object(text) if text.strip() else {}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
