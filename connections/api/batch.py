"""`POST /batch-request`: several calls in one, each through its own endpoint, in the order of what they need.

A call that fails is named under `errors` and holds nobody up but those that need it, also where the fault is ours.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from ninja import Router, Schema
from pydantic import BaseModel, ConfigDict, Field

from connections.api.contract import Envelope, named_account, needs, refused
from connections.api.passing import ProviderObject
from connections.programs import batching, proxy
from connections.scoping import ACCOUNT_HEADER

router = Router(tags=["Batch"])
MOST_RESOURCES: Final = 20
MOST_CALLS: Final = 100
_VERBS: Final = {"list": "GET", "get": "GET", "create": "POST", "update": "PATCH", "delete": "DELETE"}
Name = Annotated[str, Field(min_length=1, max_length=80)]


class BatchResource(Schema):
    """One call: a resource by name, as `contact_lists`, or of the unified API, as `marketing-automation/contacts`."""

    model_config = ConfigDict(extra="forbid")
    resource: Annotated[str, Field(pattern=r"^[a-z_]+$|^[a-z-]+/[a-z_-]+$", max_length=80)]
    method: Annotated[str, Field(pattern=r"^[a-z_]+$", max_length=60)] = "list"
    name: Name | None = None
    id: Annotated[str, Field(max_length=200)] = ""
    query: dict[str, str | int | bool] = {}
    body: ProviderObject | None = None
    depends_on: list[Name] = []
    loop_on: Name | None = None
    persist: bool = True
    response_format: Annotated[str, Field(max_length=20)] = ""


class BatchRequest(Schema):
    """The calls, all about one account, and values that they refer to."""

    model_config = ConfigDict(extra="forbid")
    integrated_account_id: UUID | None = None
    resources: Annotated[list[BatchResource], Field(min_length=1, max_length=MOST_RESOURCES)]
    args: ProviderObject | None = None


class BatchError(BaseModel):
    """Why one call of a batch failed; the same as its endpoint would have answered."""

    model_config = ConfigDict(extra="allow")
    statusCode: int  # the contract's own spelling
    error: str
    message: str


class BatchOutcome(Schema):
    """What came of it, by name: everything that was answered, and every refusal."""

    result: dict[str, list[ProviderObject]]
    errors: dict[str, list[BatchError]]


class BatchEnvelope(Envelope):
    """A batch."""

    result: BatchOutcome


@dataclass
class _Run:
    """A batch under way: what is known by name, what failed, how many calls were made, and what may still be read."""

    request: HttpRequest
    account_id: str
    args: object
    results: dict[str, list[object]] = field(default_factory=dict)
    errors: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    calls: int = 0
    room: int = proxy.MOST_JSON

    def known(self, current: Mapping[str, object]) -> dict[str, object]:
        """What references lead to."""
        first: dict[str, object] = {name: found[0] for name, found in self.results.items() if found}
        return {"args": self.args, "resources": {**first, **current}}

    def fail(self, name: str, status: int, reason: str, message: str) -> None:
        """Name a failure of our own."""
        error = {
            "statusCode": status,
            "error": HTTPStatus(status).phrase,
            "message": message,
            "details": {"reason": reason},
        }
        self.errors.setdefault(name, []).append(error)


@router.post("/batch-request", response=BatchEnvelope, summary="Several calls in one")
@needs()
def batch_request(request: HttpRequest, batch: BatchRequest) -> dict[str, Any]:
    """Each call goes through its own endpoint, with its own scope and limits; up to 100 in all.

    `depends_on` names calls that come first, `loop_on` one whose every result this call is made for. `{{args.x}}` and
    `{{resources.<name>.<field>}}` stand for values. With `persist` false a result serves the others only.
    """
    account = named_account(request, batch.integrated_account_id)
    wanted = {one.name or one.resource: one for one in batch.resources}
    if len(wanted) < len(batch.resources):
        raise refused(("resources", "a name of its own for each; give those of one resource a `name`"))
    nodes = [
        batching.Node(name, (*one.depends_on, *([one.loop_on] if one.loop_on else [])))
        for name, one in wanted.items()
    ]
    try:
        names = batching.order(nodes)
    except ValueError as error:
        raise refused(("resources.depends_on", str(error))) from None
    run = _Run(request, str(account.pk), batch.args.model_dump() if batch.args else {})
    for name in names:
        _node(run, name, wanted[name])
    kept = {name: found for name, found in run.results.items() if wanted[name].persist}
    return {
        "result": {"result": kept, "errors": run.errors},
        "result_count": sum(map(len, kept.values())),
        "is_partial_response": bool(run.errors),
    }


def _node(run: _Run, name: str, one: BatchResource) -> None:
    """Make a call once, or once for every result of another."""
    run.results[name] = []
    missing = [other for other in one.depends_on if other in run.errors and not run.results[other]]
    if missing:
        message = f"{missing[0]} failed, and this call needs it."
        run.fail(name, HTTPStatus.FAILED_DEPENDENCY, "dependency_failed", message)
        return
    rounds = [{one.loop_on: item} for item in run.results[one.loop_on]] if one.loop_on else [{}]
    for current in rounds:
        if run.calls == MOST_CALLS:
            message = f"A batch makes at most {MOST_CALLS} calls; this one was not made any more."
            run.fail(name, HTTPStatus.BAD_REQUEST, "invalid_request", message)
            return
        most: int = settings.ENV.PROXY_MAX_BYTES
        try:
            plain = batching.filled(one.model_dump(exclude={"name", "depends_on"}), run.known(current), most)
        except batching.Unresolved as error:
            message = f"{{{{{error.reference}}}}} leads to nothing: no call before this one has answered it."
            run.fail(name, HTTPStatus.BAD_REQUEST, "invalid_request", message)
            continue
        except batching.TooLong:
            message = f"Its references stand for more than {most} bytes, so it was not made. Refer to less."
            run.fail(name, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", message)
            continue
        assert isinstance(plain, dict)
        run.calls += 1
        _call(run, name, plain)


def _call(run: _Run, name: str, one: Mapping[str, Any]) -> None:
    """One call through its endpoint."""
    try:
        path, query = _address(one)
    except UnicodeEncodeError:
        message = (
            "Its id or its query holds half of a character, which no address can hold, so it was not made."
        )
        run.fail(name, HTTPStatus.BAD_REQUEST, "invalid_request", message)
        return
    body = json.dumps(one["body"]).encode() if one["body"] is not None else b""
    method = _VERBS.get(one["method"], "POST")
    try:
        found = resolve(path)
    except Resolver404:
        run.fail(name, HTTPStatus.NOT_FOUND, "no_such_address", f"There is nothing at {path}.")
        return
    response = _answered(found, _request(run, method, path, query, body))
    try:
        _heard(run, name, response, f"{method} {path}")
    finally:
        response.close()


def _answered(found: ResolverMatch, request: WSGIRequest) -> HttpResponseBase:
    """What an endpoint answers; a fault of ours is logged and answered as by itself, and ends no other call."""

    def endpoint(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answer

    response = convert_exception_to_response(endpoint)(request)
    assert isinstance(response, HttpResponseBase)  # no endpoint is a coroutine
    return response


def _heard(run: _Run, name: str, response: HttpResponseBase, call: str) -> None:
    """What one call has answered, if a batch can hold it."""
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "Allow" in response:
        message = (
            f"There is no {call}; it takes {response['Allow']}. What is about one object needs its `id`."
        )
        run.fail(name, HTTPStatus.METHOD_NOT_ALLOWED, "no_such_address", message)
        return
    content = _content_of(response)
    if content is None:
        message = (
            "It was made, and answers a file or a stream, which no batch holds; make this call by itself."
        )
        run.fail(name, HTTPStatus.BAD_REQUEST, "invalid_request", message)
        return
    run.room -= len(content)
    if run.room < 0:
        message = f"It was made, but the answers of a batch are at most {proxy.MOST_JSON} bytes; ask for less at once."
        run.fail(name, HTTPStatus.BAD_REQUEST, "invalid_request", message)
        return
    said: Any = json.loads(content) if content else None  # Any: JSON
    if response.status_code >= 400:
        run.errors.setdefault(name, []).append(said)
    elif isinstance(said, dict):
        result = said.get("result")
        run.results[name] += result if isinstance(result, list) else [result] if result is not None else []


def _content_of(response: HttpResponseBase) -> bytes | None:
    """The JSON of an answer; None where it is something else, which is not read."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if not isinstance(response, HttpResponse) or kind != "application/json":
        return None
    return response.content


def _address(one: Mapping[str, Any]) -> tuple[str, str]:
    """Where the call goes: `resource/id`, or `resource/method` where the method is none of the five."""
    kind = "unified" if "/" in one["resource"] else "proxy"
    path = f"/api/{kind}/{one['resource']}"
    query = dict(one["query"])
    if one["response_format"]:
        query["truto_response_format"] = one["response_format"]
    if one["method"] not in _VERBS:
        path += f"/{one['method']}"
        query |= {"id": one["id"]} if one["id"] else {}
    elif one["id"]:
        path += f"/{quote(str(one['id']), safe='')}"
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else value) for name, value in query.items()
    ]
    return path, urlencode(pairs)


def _request(run: _Run, method: str, path: str, query: str, body: bytes) -> WSGIRequest:
    """A request like the batch's own, by the same token; its key makes the batch once, not each call of it."""
    ours = ("PATCHBAY_", "CONTENT_")
    environ = {name: value for name, value in run.request.META.items() if not name.startswith(ours)}
    environ.pop("HTTP_IDEMPOTENCY_KEY", None)
    header = "HTTP_" + ACCOUNT_HEADER.upper().replace("-", "_")
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, header: run.account_id}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    environ["PATCHBAY_REFERENCE"] = run.request.META.get("PATCHBAY_REFERENCE", "")
    if body:
        environ["CONTENT_TYPE"] = "application/json"
    return WSGIRequest(environ)
