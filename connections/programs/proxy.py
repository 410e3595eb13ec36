"""A call of a program's to the provider: sent on in an account's name with nothing else changed, and its answer back.

`forward` is the whole of it for the 1-to-1 route: status, body byte for byte, headers but those of the connection
itself and of who is asking. The host is fixed and no path leaves /v3/; the call takes its turn in the interactive
class like every other. A large answer passes through while it arrives. `ask` and `document_of` are its halves, for
the routes that answer in the envelope.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import resolve

from connections import gateway
from connections.api.contract import Fault, scope_of
from connections.constantcontact import errors, meanings
from connections.constantcontact.client import Answer
from connections.links import partnering
from connections.models import Connection
from connections.scoping import ACCOUNT, ACCOUNT_HEADER, Scope

METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# What is for us, and not sent on.
_OURS: Final = frozenset({ACCOUNT_HEADER.lower(), "idempotency-key"})
MOST_JSON: Final = 32 * 1024 * 1024


class BodyTooLarge(Fault):
    """The request's body is longer than is passed on."""

    def __init__(self, most: int) -> None:
        super().__init__(
            "body_too_large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"A body of more than {most} bytes is not passed on. Constant Contact itself takes 4 MB.",
        )


@dataclass(frozen=True)
class Call:
    """What is sent on: `path` with its /v3/, the query as it is written."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


def at_root(request: HttpRequest, rest: str) -> HttpResponseBase:
    """`/v3/...` at our own root: where the provider's links to further pages lead."""
    found = resolve(f"/api/custom/v3/{rest}")
    answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    return answer


at_root.csrf_exempt = True  # type: ignore[attr-defined]  # as every address of the API: programs come with a token


def forward(request: HttpRequest, account: Connection, path: str) -> HttpResponseBase:
    """Send a request on for an account, and hand the answer back.

    Args:
        path: below the provider's host, with its /v3/.

    Raises:
        BodyTooLarge: the body is longer than PROXY_MAX_BYTES.
        Exception: as `ask`.
    """
    call = Call(str(request.method), path, query_of(request), headers_of(request), body_of(request))
    return hand_back(ask(scope_of(request), account, call))


def ask(scope: Scope, account: Connection, call: Call) -> Answer:
    """The provider's answer, whatever it says; a good one is not read yet.

    Raises:
        MissingScope, partnering.PartnerKeyMissing: a partner operation that is not this caller's.
        paths.UnsafePath: an address, a method or a header that may not be sent.
        errors.ProviderError: there is no answer; answers of the provider are no errors here.
    """
    partnering.require(scope, account, call.path)
    client = gateway.open_client(account, gateway.INTERACTIVE)
    return client.raw(
        call.method, call.path, query=call.query, headers=call.headers, content=call.content, stream=True
    )


def hand_back(answer: Answer) -> HttpResponseBase:
    """An answer as it came; its body while it comes."""
    response: HttpResponseBase
    if answer.is_stream_consumed:
        response = HttpResponse(answer.content, status=answer.status_code)
    else:
        response = StreamingHttpResponse(_PassedOn(answer), status=answer.status_code)
    del response.headers["Content-Type"]
    for name, value in answer.headers.multi_items():
        response.headers[name] = value
    return response


def is_json(answer: Answer) -> bool:
    """Whether the body is JSON, or there is none."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("", "application/json") or kind.endswith("+json")


def document_of(answer: Answer) -> object:
    """What a good answer says, None where it has no body.

    Raises:
        errors.ProviderError: the provider refused, or answered what is no JSON.
    """
    try:
        # Asked for unpacked, so the bytes as they come are the text.
        content = answer.content if answer.is_stream_consumed else _read(answer)
    finally:
        answer.close()
    if not answer.is_success:
        raise meanings.from_response(answer)
    try:
        return json.loads(content) if content.strip() else None
    except (ValueError, RecursionError):
        message = "the body is not whole JSON"
    raise errors.WrongShape(message, status=answer.status_code, method=answer.request.method)


def _read(answer: Answer) -> bytes:
    found = bytearray()
    for chunk in answer.iter_raw():
        found += chunk
        if len(found) > MOST_JSON:
            raise errors.WrongShape("the body is too long to be read", method=answer.request.method)
    return bytes(found)


def query_of(request: HttpRequest) -> str:
    """The query as it was written, without what is for us."""
    pairs = request.META.get("QUERY_STRING", "").split("&")
    return "&".join(pair for pair in pairs if pair.partition("=")[0] != ACCOUNT)


def headers_of(request: HttpRequest) -> dict[str, str]:
    """The headers without what is for us; `proxying` drops more."""
    return {name: value for name, value in request.headers.items() if name.lower() not in _OURS}


def body_of(request: HttpRequest) -> bytes | None:
    """The body, if there is one.

    Raises:
        BodyTooLarge: it is longer than PROXY_MAX_BYTES.
    """
    most: int = settings.ENV.PROXY_MAX_BYTES
    body = request.read(most + 1)
    if len(body) > most:
        raise BodyTooLarge(most)
    return body or None


class _PassedOn:
    """The body as it comes; whoever goes away, be it before the first byte, ends the provider's sending, too."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_raw()
        self.close()

    def close(self) -> None:
        self._answer.close()
