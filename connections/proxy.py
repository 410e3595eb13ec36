"""The 1-to-1 route: any call below the provider's /v3/, with an account's authorization and nothing else changed.

`forward` sends a program's request on and hands the answer back as it is: status, body byte for byte, headers but
those of the connection itself and of who is asking. The host is fixed and no path leaves /v3/; the call takes its
turn in the interactive class like every other. A large answer passes through while it arrives.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import resolve
from ninja import Router

from connections import gateway, partnering
from connections.api.contract import ACCOUNT, ACCOUNT_HEADER, Fault, account_of, needs, scope_of
from connections.constantcontact.client import Answer
from connections.constantcontact.paths import ROOT
from connections.models import Connection

router = Router(tags=["1-to-1"])
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class BodyTooLarge(Fault):
    """The request's body is longer than is passed on."""

    def __init__(self, most: int) -> None:
        super().__init__(
            "body_too_large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"A body of more than {most} bytes is not passed on. Constant Contact itself takes 4 MB.",
        )


@router.api_operation(METHODS, "/custom/v3/{path:rest}", summary="Call Constant Contact 1-to-1")
@needs("proxy")
def custom(request: HttpRequest, rest: str, integrated_account_id: UUID | None = None) -> HttpResponseBase:
    """Any call of Constant Contact's V3 API, in the account's name: the same path, query and body, and its answer.

    The account is named by `integrated_account_id` in the query or by the header `X-Integrated-Account-Id`; neither is
    sent on.
    """
    return forward(request, account_of(request, integrated_account_id), ROOT + rest)


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
        MissingScope, partnering.PartnerKeyMissing: a partner operation that is not this caller's.
        paths.UnsafePath: an address, a method or a header that may not be sent.
        BodyTooLarge: the body is longer than PROXY_MAX_BYTES.
        errors.ProviderError: there is no answer to hand back; answers of the provider are no errors here.
    """
    partnering.require(scope_of(request), account, path)
    client = gateway.open_client(account, gateway.INTERACTIVE)
    answer = client.raw(
        str(request.method),
        path,
        query=_query(request),
        headers={name: value for name, value in request.headers.items() if name != ACCOUNT_HEADER},
        content=_body(request),
        stream=True,
    )
    response: HttpResponseBase
    if answer.is_stream_consumed:
        response = HttpResponse(answer.content, status=answer.status_code)
    else:
        response = StreamingHttpResponse(_passed_on(answer), status=answer.status_code)
    del response.headers["Content-Type"]
    for name, value in answer.headers.multi_items():
        response.headers[name] = value
    return response


def _query(request: HttpRequest) -> str:
    """The query as it was written, without what is for us."""
    pairs = request.META.get("QUERY_STRING", "").split("&")
    return "&".join(pair for pair in pairs if pair.partition("=")[0] != ACCOUNT)


def _body(request: HttpRequest) -> bytes | None:
    most: int = settings.ENV.PROXY_MAX_BYTES
    body = request.read(most + 1)
    if len(body) > most:
        raise BodyTooLarge(most)
    return body or None


def _passed_on(answer: Answer) -> Iterator[bytes]:
    """The body as it comes; whoever goes away in the middle ends the provider's sending, too."""
    try:
        yield from answer.iter_raw()
    finally:
        answer.close()
