"""What the endpoints share: the query read, the account opened, pages and objects in the envelope."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest

from connections import gateway
from connections.api.contract import account_of
from connections.constantcontact.client import Client
from connections.constantcontact.errors import CursorExpired
from connections.models import Connection
from mapping.unified import asking
from mapping.unified.asking import Asked, Refused

MARKETING: Final = "/unified/marketing-automation"
DIRECTORY: Final = "/unified/user-directory"


def asked_of(request: HttpRequest) -> Asked:
    """What a program asks for. Raises Refused."""
    return asking.read(parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True))


def client_of(request: HttpRequest, named: UUID | None) -> tuple[Connection, Client]:
    """The linked account that a call is about, and its client in the interactive class. Raises as `account_of`."""
    account = account_of(request, named)
    return account, gateway.open_client(account, gateway.INTERACTIVE)


@contextmanager
def paging() -> Iterator[None]:
    """A cursor that has died at the provider is the program's to begin anew."""
    try:
        yield
    except CursorExpired:
        raise Refused(("next_cursor", "a cursor that is still known; begin again without it")) from None


class _Page(Protocol):
    """A page of the client's."""

    @property
    def items(self) -> Sequence[object]:
        """What is on it."""


P = TypeVar("P", bound=_Page)


def first_with_items(pages: Iterator[P]) -> P:
    """The next page that has anything: an empty one would end the walk of many a client, so it is walked over."""
    page = next(pages)
    while not page.items and (following := next(pages, None)) is not None:
        page = following
    return page


def page_of(
    asked: Asked, items: list[dict[str, object]], next_href: str | None = None, **meta: object
) -> dict[str, Any]:
    """A list in the envelope."""
    trimmed = asking.trimmed(asked, items)
    if asked.ignored:
        meta["ignored_filters"] = asked.ignored
    return _envelope(asking.keyed(asked, trimmed), len(trimmed), asking.cursor_of(next_href), meta)


def one_of(request: HttpRequest, item: dict[str, object], **meta: object) -> dict[str, Any]:
    """An object in the envelope, without what was not wanted."""
    return _envelope(asking.trimmed(asked_of(request), [item])[0], 1, None, meta)


def _envelope(result: object, count: int, next_cursor: str | None, meta: dict[str, object]) -> dict[str, Any]:
    """Every part by name: answers leave out what was not given, and these are always there."""
    return {
        "result": result,
        "next_cursor": next_cursor,
        "prev_cursor": None,
        "result_count": count,
        "is_partial_response": False,
        "meta": meta,
    }
