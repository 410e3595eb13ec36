"""`/custom/...`: any call of the provider's, byte for byte below `v3/`, and in the envelope without it.

In the envelope a body may say more by `methodConfig`, which is not sent on: another verb or path, more of a query,
where in the answer the result stands, and where the way to the next page does.
"""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field, ValidationError

from connections.api.contract import Fault, account_of, needs, scope_of
from connections.api.passing import (
    MOST_EMPTY,
    SUCCESSES,
    OnlyEmptyPages,
    PassedEnvelope,
    at,
    enveloped,
    query_behind,
    status_of,
)
from connections.constantcontact import cursors, paths
from connections.constantcontact.paths import ROOT
from connections.programs import proxy

router = Router(tags=["1-to-1"])
CONFIG: Final = "methodConfig"
Text = Annotated[str, Field(max_length=500)]


class Pagination(Schema):
    """Where the way to the next page stands in an answer: a link, or the value of a query parameter."""

    model_config = ConfigDict(extra="forbid")
    next: Text = "_links.next.href"
    parameter: Text = ""


class MethodConfig(Schema):
    """How one call is to be made and read; every part may be left out."""

    model_config = ConfigDict(extra="forbid")
    verb: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    path: Text = ""
    query: dict[str, str | int | bool] = {}
    response_path: Text = ""
    pagination: Pagination | None = None


@router.api_operation(proxy.METHODS, "/custom/v3/{path:rest}", summary="Call Constant Contact 1-to-1")
@needs("proxy")
def custom(request: HttpRequest, rest: str, integrated_account_id: UUID | None = None) -> HttpResponseBase:
    """Any call of Constant Contact's V3 API, in the account's name: the same path, query and body, and its answer.

    The account is named by `integrated_account_id` in the query or by the header `X-Integrated-Account-Id`; neither is
    sent on.
    """
    return proxy.forward(request, account_of(request, integrated_account_id), ROOT + rest)


@router.api_operation(
    proxy.METHODS,
    "/custom/{path:rest}",
    response={SUCCESSES: PassedEnvelope},
    summary="The same in the envelope",
)
@needs("proxy")
def custom_enveloped(
    request: HttpRequest, rest: str, integrated_account_id: UUID | None = None
) -> HttpResponseBase | Status[dict[str, object]]:
    """The same call with JSON answered as `result`; what is no JSON is handed on as it comes.

    The body may hold `methodConfig`: `verb`, `path`, `query`, `response_path` (dotted), and `pagination` with `next`
    (dotted) and `parameter`. It is not sent on. Empty pages that have a next one are walked over.
    """
    account = account_of(request, integrated_account_id)
    config, content = _config_of(proxy.body_of(request))
    call = _call(request, rest, config, content)
    for _ in range(MOST_EMPTY):
        answer = proxy.ask(scope_of(request), account, call)
        if answer.is_success and not proxy.is_json(answer):
            return proxy.hand_back(answer)
        document = proxy.document_of(answer)
        result = at(document, config.response_path) if config.response_path else document
        following, before = cursors.links(document)
        if config.pagination is not None:
            following = _following(call, document, config.pagination)
        if result != [] or following is None or call.method != "GET":
            shown = enveloped(_shown(result), next_href=following, prev_href=before)
            return Status(status_of(answer.status_code), shown)
        path, _, query = following.partition("?")
        call = replace(call, path=path, query=query)
    raise OnlyEmptyPages(following)


def _shown(result: object) -> object:
    """Objects as they are; what is none, as the one value of an object."""
    if isinstance(result, list):
        return [one if isinstance(one, dict) else {"value": one} for one in result]
    return result if result is None or isinstance(result, dict) else {"value": result}


def _call(request: HttpRequest, rest: str, config: MethodConfig, content: bytes | None) -> proxy.Call:
    path = paths.checked_path(ROOT + (config.path or rest).removeprefix("/").removeprefix("v3/"))
    pairs = parse_qsl(proxy.query_of(request), keep_blank_values=True)
    cursor = next((value for name, value in pairs if name in ("next_cursor", "prev_cursor") and value), "")
    if cursor:
        query = query_behind(cursor, path)
    else:
        own = [pair for pair in pairs if pair[0] not in {"next_cursor", "prev_cursor", *config.query}]
        more = [(name, _written(value)) for name, value in config.query.items()]
        query = urlencode([*own, *more], quote_via=quote)
    headers = proxy.headers_of(request)
    if content is None:
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return proxy.Call(config.verb or str(request.method), path, query, headers, content)


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _following(call: proxy.Call, document: object, pagination: Pagination) -> str | None:
    """The link to the next page, as the program says where it stands; None where nothing of the kind is there."""
    found = at(document, pagination.next)
    if not isinstance(found, str | int) or found == "":
        return None
    if pagination.parameter:
        pairs = [
            pair for pair in parse_qsl(call.query, keep_blank_values=True) if pair[0] != pagination.parameter
        ]
        found = f"{call.path}?{urlencode([*pairs, (pagination.parameter, found)], quote_via=quote)}"
    try:
        return paths.checked_href(found)
    except paths.UnsafePath:
        return None


def _config_of(body: bytes | None) -> tuple[MethodConfig, bytes | None]:
    """What the body says of the call, and the body without it; a body that says nothing stays byte for byte."""
    try:
        document = json.loads(body) if body and CONFIG.encode() in body else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or CONFIG not in document:
        return MethodConfig(), body
    try:
        config = MethodConfig.model_validate(document.pop(CONFIG))
    except ValidationError as error:
        raise _refused(error) from None
    return config, json.dumps(document).encode() if document else None


def _refused(error: ValidationError) -> Fault:
    failures = [(".".join(map(str, (CONFIG, *one["loc"]))), str(one["msg"])) for one in error.errors()]
    return Fault(
        "invalid_request",
        HTTPStatus.BAD_REQUEST,
        "methodConfig is not one: each part that fails is named.",
        failures=failures,
    )
