"""What a program asks for: `field[operator]=value`, `field[part]=value`, `field[]=value`, and where a page begins.

What the provider cannot filter by is named, never dropped in silence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from connections.constantcontact import cursors

OPERATORS: Final = frozenset({"eq", "ne", "in", "nin", "gt", "gte", "lt", "lte"})
MOST: Final = 500
USUAL: Final = 50
FORMATS: Final = ("unified", "raw", "normalized", "stream", "debug")
# What is no filter. Other parameters of the contract are not served, and named like a filter that is not.
CONTROLS: Final = frozenset(
    {
        "integrated_account_id",
        "limit",
        "next_cursor",
        "strict",
        "truto_key_by",
        "truto_ignore_limit",
        "truto_ignore_remote_data",
        "truto_response_format",
        "truto_super_query",
        "truto_skip_api_call",
        "truto_body_passthrough",
    }
)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LIMIT = re.compile(r"[0-9]{1,9}")
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


class Refused(ValueError):
    """A parameter that cannot be meant; `failures` are (parameter, what it must be)."""

    def __init__(self, *failures: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in failures))
        self.failures = failures


@dataclass(frozen=True)
class Filter:
    """One condition: the field with its parts (`tags.id`), the operator, and the values."""

    name: str
    operator: str
    values: tuple[str, ...]
    parameter: str


@dataclass
class Asked:
    """A program's query, read; `ignored` are filters that nobody can answer.

    `remote_query` goes to the provider as it is; `from_mirror` asks for our own copy instead of the provider.
    `skips_call` asks what would be refused before anything is asked of the provider; `passes_body` says that the body
    is the provider's own document.
    """

    filters: list[Filter] = field(default_factory=list)
    limit: int = USUAL
    cursor: str = ""
    strict: bool = False
    key_by: str = ""
    excluded: tuple[str, ...] = ()
    with_remote_data: bool = True
    format: str = "unified"
    from_mirror: bool = False
    skips_call: bool = False
    passes_body: bool = False
    remote_query: tuple[tuple[str, str], ...] = ()
    ignored: list[str] = field(default_factory=list)

    def ignore(self, condition: Filter) -> None:
        """Nobody can answer this one. Raises Refused where the program wants to know."""
        if self.strict:
            raise Refused((condition.parameter, "Constant Contact cannot filter by this"))
        self.ignored.append(condition.parameter)

    def withhold_query(self) -> None:
        """The call has no place for `remote_query`. Raises Refused where the program wants to know."""
        names = list(dict.fromkeys(f"remote_query[{name}]" for name, _ in self.remote_query))
        if names and self.strict:
            raise Refused(*((name, "left out: this call cannot hand it on") for name in names))
        self.ignored += names


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Read a query, in whichever order it is written.

    Raises:
        Refused: a limit, flag or name that is none.
    """
    found, excluded, handed_on = Asked(), list[str](), list[tuple[str, str]]()
    conditions, controls = dict[tuple[str, str], tuple[str, list[str]]](), dict[str, str]()
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            raise Refused((key[:100], "names are like field, field[operator] or field[part]"))
        name, parts = match[1], [part for part in re.findall(r"\[([^\[\]]*)\]", match[2]) if part]
        if name == "truto_exclude_fields":
            excluded.append(value)
        elif name == "remote_query" and len(parts) == 1:
            handed_on.append((parts[0], value))
        elif name in CONTROLS:
            controls[name] = value
        else:
            operator = parts.pop() if parts and parts[-1] in OPERATORS else "eq"
            conditions.setdefault((".".join([name, *parts]), operator), (key, []))[1].append(value)
    found.excluded, found.remote_query = tuple(excluded), tuple(handed_on)
    for name, value in controls.items():
        _control(found, name, value)
    # These two go before what they stand beside.
    if _flag("truto_ignore_limit", controls.get("truto_ignore_limit", "false")):
        found.limit = MOST
    if found.format == "normalized":
        found.with_remote_data = False
    for (name, operator), (key, values) in conditions.items():
        texts = [one for value in values for one in (value.split(",") if operator == "in" else [value])]
        found.filters.append(Filter(name, operator, tuple(texts), key))
    return found


def _control(found: Asked, name: str, value: str) -> None:
    if name == "limit":
        if not (_LIMIT.fullmatch(value) and 1 <= int(value) <= MOST):
            raise Refused((name, f"a whole number from 1 to {MOST}"))
        found.limit = int(value)
    elif name == "next_cursor":
        found.cursor = value
    elif name == "strict":
        found.strict = _flag(name, value)
    elif name == "truto_ignore_remote_data":
        found.with_remote_data = not _flag(name, value)
    elif name == "truto_key_by":
        found.key_by = value
    else:
        _form(found, name, value)


def _form(found: Asked, name: str, value: str) -> None:
    if name == "truto_response_format":
        if value not in FORMATS:
            raise Refused((name, f"one of {', '.join(FORMATS)}"))
        found.format = value
    elif name == "truto_super_query":
        found.from_mirror = bool(value)
    elif name == "truto_skip_api_call":
        found.skips_call = _flag(name, value)
    elif name == "truto_body_passthrough":
        found.passes_body = _flag(name, value)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false", "1", "0", ""):
        raise Refused((name, "true or false"))
    return value not in ("false", "0")


def is_id(text: str) -> bool:
    """Whether it reads as one of the provider's ids."""
    return _ID.fullmatch(text) is not None


def moment(condition: Filter) -> datetime:
    """The time in a filter, UTC where it names no zone. Raises Refused."""
    try:
        found = datetime.fromisoformat(condition.values[0])
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Refused((condition.parameter, "a time like 2026-01-31T09:00:00Z")) from None


def href_of(cursor: str, path: str, mark: str = "cursor=") -> str:
    """The provider's link behind a cursor, which must be one of this path's; `mark` is what goes on in it.

    Raises:
        Refused: it is none of ours, or another collection's.
    """
    try:
        href = cursors.unpack(cursor)
    except cursors.BadCursor:
        href = ""
    if not href.isascii() or not href.startswith(f"{path}?") or mark not in href:
        raise Refused(("next_cursor", "the next_cursor of the page before, unchanged"))
    return href


def trimmed(asked: Asked, items: list[dict[str, object]]) -> list[dict[str, object]]:
    """The items without what was not wanted; the provider's own documents alone where they are (`raw`)."""
    if asked.format == "raw":
        return [{"id": item["id"], "remote_data": item["remote_data"]} for item in items]
    if asked.with_remote_data and not asked.excluded:
        return items
    left_out = set(asked.excluded) | (set() if asked.with_remote_data else {"remote_data"})
    return [{name: value for name, value in item.items() if name not in left_out} for item in items]


def keyed(asked: Asked, items: list[dict[str, object]]) -> object:
    """A list, or an object by the field that `truto_key_by` names. Raises Refused."""
    if not asked.key_by:
        return items
    if any(not isinstance(item.get(asked.key_by), str | int) for item in items):
        raise Refused(("truto_key_by", "a field that every item has, with a text or a number in it"))
    return {str(item[asked.key_by]): item for item in items}


def as_text(value: datetime | None) -> str | None:
    """A time as it is shown: UTC, ISO 8601, Z."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
