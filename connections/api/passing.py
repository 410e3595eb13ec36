"""What the envelope holds of an answer of the provider's: JSON as it came, and cursors for its links."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict

from connections.api.contract import Envelope, Fault
from connections.constantcontact import cursors

# What a success of the provider's may be; it is answered by the same, and every other by 200.
SUCCESSES: Final = frozenset({200, 201, 202, 207})
# An empty page that has a next one would end the walk of many a client: so many are walked over.
MOST_EMPTY: Final = 20


class ProviderObject(BaseModel):
    """An object as Constant Contact has it; its fields are the provider's own."""

    model_config = ConfigDict(extra="allow")


class PassedEnvelope(Envelope):
    """An answer of Constant Contact's; null where it has no body."""

    result: ProviderObject | list[ProviderObject] | None


class CursorRefused(Fault):
    """A cursor that leads nowhere, or elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            HTTPStatus.BAD_REQUEST,
            "This cursor is not one of this collection's.",
            failures=[("next_cursor", "the next_cursor of the page before, unchanged")],
        )


class OnlyEmptyPages(Fault):
    """Many empty pages in a row: an answer without people would be taken for the end, so it is none."""

    def __init__(self, next_href: str | None) -> None:
        super().__init__(
            "pages_empty",
            HTTPStatus.BAD_GATEWAY,
            f"{MOST_EMPTY} pages in a row were empty, and Constant Contact says that more follow.",
            details={"next_cursor": cursors.write(next_href)},
        )


def query_behind(cursor: str, path: str) -> str:
    """The query that a cursor holds for this path.

    Raises:
        CursorRefused: it holds none.
    """
    try:
        return cursors.read(cursor, path)
    except cursors.BadCursor:
        raise CursorRefused from None


def enveloped(
    result: object, *, next_href: str | None = None, prev_href: str | None = None
) -> dict[str, object]:
    """A result in the one shape."""
    return {
        "result": result,
        "next_cursor": cursors.write(next_href),
        "prev_cursor": cursors.write(prev_href),
        "result_count": len(result) if isinstance(result, list) else int(result is not None),
    }


def status_of(status: int) -> int:
    """The status that a success is answered by."""
    return status if status in SUCCESSES else int(HTTPStatus.OK)


def at(document: object, path: str) -> object:
    """What stands at a dotted path; None where nothing does."""
    for name in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document
