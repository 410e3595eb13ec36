"""What the endpoints share: the query read, the account opened, pages and objects in the envelope."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse

from connections import gateway
from connections.api.contract import Fault, account_of
from connections.constantcontact import cursors
from connections.constantcontact.client import NOT_ASKED, Client
from connections.constantcontact.errors import CursorExpired, ProviderError
from connections.models import Connection
from mapping.unified import asking
from mapping.unified.asking import Asked, Refused

MARKETING: Final = "/unified/marketing-automation"
DIRECTORY: Final = "/unified/user-directory"


def asked_of(request: HttpRequest) -> Asked:
    """What a program asks for. Raises Refused."""
    return asking.read(parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True))


class NotCalled(Exception):
    """All that can be refused before has been looked at, and the provider is not to be asked."""

    @staticmethod
    def check(request: HttpRequest) -> None:
        """Raises NotCalled where a program wants no call made, and Refused where leaving it out would mislead."""
        if asked_of(request).skips_call:
            if request.method == "DELETE":
                raise Refused(("truto_skip_api_call", "left out: a deletion is made or not asked for"))
            raise NotCalled

    @staticmethod
    def answer(request: HttpRequest) -> dict[str, Any]:
        """Nothing, in the envelope."""
        is_list = request.method == "GET" and request.path_info.strip("/").count("/") == 3
        meta: dict[str, object] = {"api_call": "skipped"}
        if asked_of(request).format == "debug":
            meta |= {"format": "debug", "debug": None}
        return _envelope([] if is_list else {}, 0, None, meta)


def client_of(request: HttpRequest, named: UUID | None) -> tuple[Connection, Client]:
    """The linked account that a call is about, and its client in the interactive class.

    Raises:
        NotCalled: the program wants no call made. Else as `account_of`.
    """
    account = account_of(request, named)
    NotCalled.check(request)
    return account, gateway.open_client(account, gateway.INTERACTIVE)


def missing(what: str) -> Fault:
    """404 for what is not there by what we know ourselves: the provider was not asked."""
    return Fault("not_found", HTTPStatus.NOT_FOUND, f"There is no such {what}.")


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


Listed = dict[str, Any] | StreamingHttpResponse


def listing(
    asked: Asked,
    pages: Iterator[P],
    shown: Callable[[P], list[dict[str, object]]],
    next_href: Callable[[P], str | None],
    client: Client,
) -> Listed:
    """A page in the envelope, or every page as lines of JSON (`truto_response_format=stream`).

    Args:
        client: what asks for the pages.

    Raises:
        Refused: the cursor has died at the provider.
    """
    with paging():
        found = first_with_items(pages)
    if asked.format == "stream":
        return StreamingHttpResponse(_lines(asked, found, pages, shown), content_type="application/x-ndjson")
    return page_of(asked, shown(found), next_href(found), client)


def _lines(
    asked: Asked, first: P, others: Iterator[P], shown: Callable[[P], list[dict[str, object]]]
) -> Iterator[bytes]:
    """One object a line; what ends the walk early is a last line with `error`, since the status has gone out."""
    try:
        for page in itertools.chain([first], others):
            for item in asking.trimmed(asked, shown(page)):
                yield json.dumps(item, separators=(",", ":")).encode() + b"\n"
    except ProviderError as error:
        yield json.dumps({"error": {"message": str(error)}}).encode() + b"\n"


def page_of(
    asked: Asked,
    items: list[dict[str, object]],
    next_href: str | None = None,
    client: Client | None = None,
) -> dict[str, Any]:
    """A list in the envelope; `client` has asked for it, if the provider was asked."""
    trimmed = asking.trimmed(asked, items)
    if asked.from_mirror:  # of this there is no copy
        asked.ignored.append("truto_super_query")
    documents = [item["remote_data"] for item in items] if asked.format == "debug" else []
    cursor = cursors.write(next_href)
    meta = _meta(asked, documents, len(items), cursor, client)
    return _envelope(asking.keyed(asked, trimmed), len(trimmed), cursor, meta)


def one_of(
    asked: Asked, item: dict[str, object], client: Client | None = None, **more: object
) -> dict[str, Any]:
    """An object in the envelope, without what was not wanted; `more` stands in its `meta`."""
    meta = _meta(asked, item["remote_data"], 1, None, client)
    return _envelope(asking.trimmed(asked, [item])[0], 1, None, more | meta)


def gone(asked: Asked, identifier: str, **more: object) -> dict[str, Any]:
    """What was deleted."""
    return {"result": {"id": identifier}, "meta": more | _unheeded(asked)}


def without_query(request: HttpRequest) -> Asked:
    """What a program asks for of a call that has no place for `remote_query`. Raises Refused."""
    asked = asked_of(request)
    asked.withhold_query()
    return asked


def _unheeded(asked: Asked) -> dict[str, object]:
    return {"ignored_filters": asked.ignored} if asked.ignored else {}


def _meta(
    asked: Asked, documents: object, count: int, cursor: str | None, client: Client | None
) -> dict[str, object]:
    """What an answer says of itself: what was not heeded, its form, and what came of the provider for `debug`."""
    meta = _unheeded(asked)
    if asked.format != "unified":
        meta["format"] = asked.format
    if asked.format == "debug":
        call = client.last_call() if client is not None else NOT_ASKED
        meta["debug"] = {
            **call,
            "data": documents,
            "nextCursor": cursor,
            "isLooping": False,
            "isEmptyResult": not count,
            "resultCount": count,
        }
    return meta


def asks(*filters: tuple[str, str]) -> dict[str, Any]:
    """What a list takes besides the account, for the OpenAPI document: its filters, and what every list takes."""
    common = (
        (
            "limit",
            f"1 to {asking.MOST}, usually {asking.USUAL}",
            {"type": "integer", "minimum": 1, "maximum": asking.MOST},
        ),
        ("next_cursor", "that of the page before", {"type": "string"}),
        ("strict", "refuse filters that Constant Contact lacks", {"type": "boolean"}),
        (
            "truto_response_format",
            "unified, unless said otherwise",
            {"type": "string", "enum": list(asking.FORMATS)},
        ),
        ("truto_key_by", "an object by this field instead of a list", {"type": "string"}),
        ("truto_exclude_fields[]", "fields to leave out", {"type": "array", "items": {"type": "string"}}),
        ("truto_ignore_remote_data", "leave out remote_data", {"type": "boolean"}),
        ("truto_ignore_limit", "as many as a page can hold", {"type": "boolean"}),
        ("truto_skip_api_call", "look at the call, and ask Constant Contact nothing", {"type": "boolean"}),
    )
    found = [(name, words, {"type": "string"}) for name, words in filters]
    return {
        "responses": {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
        "parameters": [
            {"in": "query", "name": name, "description": words, "required": False, "schema": schema}
            for name, words, schema in (*found, *common)
        ],
    }


# What a create and an update take besides the account, for the OpenAPI document.
WRITES: Final[dict[str, Any]] = {
    "parameters": [
        {"in": "query", "name": name, "description": words, "required": False, "schema": {"type": "boolean"}}
        for name, words in (
            ("truto_body_passthrough", "the body is Constant Contact's own document, and sent as it is"),
            ("truto_skip_api_call", "look at the call, and ask Constant Contact nothing"),
        )
    ]
}


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
