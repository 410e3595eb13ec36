"""`/proxy/{resource}`: the provider's resources by name, live, in the envelope; `resources` is the table.

A list is a page of the provider's own items with cursors for its links; everything else is the provider's object
under `result`. What the provider refuses is answered with its own status in our shape of an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Status

from connections.api.contract import Fault, account_of, needs, refused, scope_of
from connections.api.passing import (
    MOST_EMPTY,
    SUCCESSES,
    OnlyEmptyPages,
    PassedEnvelope,
    enveloped,
    query_behind,
    status_of,
)
from connections.api.resources import RESOURCES, Method, Resource
from connections.constantcontact import cursors, paths
from connections.constantcontact.client import Answer
from connections.models import Connection
from connections.programs import proxy
from connections.scoping import ACCOUNT, Scope

router = Router(tags=["Proxy"])
Answered = HttpResponseBase | Status[dict[str, object]]
RESPONSES: Final = {SUCCESSES: PassedEnvelope}
_OURS: Final = frozenset({ACCOUNT, "next_cursor", "prev_cursor"})
_STANDARD: Final = frozenset({"list", "get", "create", "update", "delete"})


class NoSuchResource(Fault):
    """A name that is not in the table."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "not_found",
            HTTPStatus.NOT_FOUND,
            f"There is no resource {name[:80]}. There are: {', '.join(RESOURCES)}.",
        )


class NoSuchMethod(Fault):
    """The resource is known, and cannot do this."""

    def __init__(self, name: str, method: str, resource: Resource) -> None:
        super().__init__(
            "method_missing",
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"Constant Contact has no {method[:80]} for {name}. There are: {', '.join(resource.methods)}.",
        )


@dataclass(frozen=True)
class Wanted:
    """A call by name: which resource, what of it, which item, and what goes with it."""

    resource: str
    method: str
    item: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@router.get("/proxy/{resource}", response=RESPONSES, summary="List a resource of Constant Contact's")
@needs("proxy")
def list_named(request: HttpRequest, resource: str, integrated_account_id: UUID | None = None) -> Answered:
    """One page, live, filtered as Constant Contact filters: the query goes to it as it is.

    `next_cursor` leads to the next page. What there is once an account, such as `account_summary`, is answered itself.
    """
    method = "list" if "list" in _known(resource).methods else "get"
    return _answered(request, integrated_account_id, resource, method)


@router.post("/proxy/{resource}", response=RESPONSES, summary="Create one")
@needs("proxy")
def create_named(request: HttpRequest, resource: str, integrated_account_id: UUID | None = None) -> Answered:
    """The body is Constant Contact's own."""
    return _answered(request, integrated_account_id, resource, "create")


@router.patch("/proxy/{resource}", response=RESPONSES, summary="Change what there is once")
@needs("proxy")
def update_single(request: HttpRequest, resource: str, integrated_account_id: UUID | None = None) -> Answered:
    """What there is once an account, such as `account_summary`."""
    return _answered(request, integrated_account_id, resource, "update")


@router.delete("/proxy/{resource}", response=RESPONSES, summary="Delete what there is once")
@needs("proxy")
def delete_single(request: HttpRequest, resource: str, integrated_account_id: UUID | None = None) -> Answered:
    """What there is once, such as the `email_schedules` of a mail."""
    return _answered(request, integrated_account_id, resource, "delete")


@router.get("/proxy/{resource}/{item}", response=RESPONSES, summary="Get one")
@needs("proxy")
def get_named(
    request: HttpRequest, resource: str, item: str, integrated_account_id: UUID | None = None
) -> Answered:
    """One object as Constant Contact has it; a file is handed on as it comes."""
    return _answered(request, integrated_account_id, resource, "get", item)


@router.patch("/proxy/{resource}/{item}", response=RESPONSES, summary="Change one")
@needs("proxy")
def update_named(
    request: HttpRequest, resource: str, item: str, integrated_account_id: UUID | None = None
) -> Answered:
    """Sent as Constant Contact takes it: where it replaces whole objects, what the body lacks is emptied there."""
    return _answered(request, integrated_account_id, resource, "update", item)


@router.delete("/proxy/{resource}/{item}", response=RESPONSES, summary="Delete one")
@needs("proxy")
def delete_named(
    request: HttpRequest, resource: str, item: str, integrated_account_id: UUID | None = None
) -> Answered:
    """Deleted at Constant Contact; where it begins an activity for that, this is the answer."""
    return _answered(request, integrated_account_id, resource, "delete", item)


@router.post("/proxy/{resource}/{item}", response=RESPONSES, summary="Another method of a resource")
@needs("proxy")
def other_named(
    request: HttpRequest, resource: str, item: str, integrated_account_id: UUID | None = None
) -> Answered:
    """By its name, as `contacts/counts` or `activities/contact_exports`; ids go in the query."""
    known = _known(resource)
    if item in _STANDARD or item not in known.methods:
        raise NoSuchMethod(resource, item, known)
    return _answered(request, integrated_account_id, resource, item)


def _answered(
    request: HttpRequest, named: UUID | None, resource: str, method: str, item: str = ""
) -> Answered:
    account = account_of(request, named)
    wanted = Wanted(
        resource,
        method,
        item,
        request.META.get("QUERY_STRING", ""),
        proxy.headers_of(request),
        proxy.body_of(request),
    )
    return run(scope_of(request), account, wanted)


def run(scope: Scope, account: Connection, wanted: Wanted) -> Answered:
    """Make the call; the envelope with its status, or a file as it comes.

    Raises:
        NoSuchResource, NoSuchMethod: the table has none such.
        Fault: a part of its path is missing, or the cursor is another's.
        errors.ProviderError: the provider refused, or did not answer.
    """
    resource = _known(wanted.resource)
    method = resource.methods.get(wanted.method)
    if method is None:
        raise NoSuchMethod(wanted.resource, wanted.method, resource)
    path, query = _address(method, wanted)
    content = wanted.content if method.takes_body else None
    headers = dict(wanted.headers)
    if content is None:
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    call = proxy.Call(method.verb, path, query, headers, content)
    answer = proxy.ask(scope, account, call)
    if answer.is_success and not proxy.is_json(answer):
        return proxy.hand_back(answer)
    if wanted.method == "list":
        return _page(scope, account, call, answer, resource.items)
    document = proxy.document_of(answer)
    if document is None and wanted.method == "delete":
        document = {"id": wanted.item} if wanted.item else None
    return Status(status_of(answer.status_code), enveloped(document))


def _page(scope: Scope, account: Connection, call: proxy.Call, answer: Answer, items: str) -> Answered:
    """A page that has anything on it, or the last one.

    Raises:
        OnlyEmptyPages: none of many has.
    """
    for left in reversed(range(MOST_EMPTY)):
        document = proxy.document_of(answer)
        found = document.get(items) if items and isinstance(document, dict) else document
        following, before = cursors.links(document)
        result = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
        if result or following is None:
            shown = enveloped(result, next_href=following, prev_href=before)
            return Status(status_of(answer.status_code), shown)
        if not left:
            break
        query = query_behind(cursors.write(following) or "", call.path)
        answer = proxy.ask(scope, account, proxy.Call(call.method, call.path, query, call.headers))
    raise OnlyEmptyPages(following)


def _address(method: Method, wanted: Wanted) -> tuple[str, str]:
    """The path with its ids, and the query that goes with it."""
    pairs = parse_qsl(wanted.query, keep_blank_values=True)
    given = dict(pairs)
    if wanted.item:
        if "id" not in method.parameters:
            raise refused((wanted.resource, "there is one only, so its address has no id"))
        given["id"] = wanted.item
    missing = [name for name in method.parameters if not given.get(name)]
    if missing:
        raise refused(*((name, "the id of what the call is about, in the query") for name in missing))
    path = paths.ROOT.rstrip("/") + method.path
    for name in method.parameters:
        path = path.replace(f"{{{name}}}", _segment(name, given[name]))
    cursor = given.get("next_cursor") or given.get("prev_cursor")
    if cursor and wanted.method == "list":
        return path, query_behind(cursor, path)
    ours = _OURS | set(method.parameters)
    return path, urlencode([pair for pair in pairs if pair[0] not in ours], quote_via=quote)


def _segment(name: str, value: str) -> str:
    """An id, or several with commas, as one segment of a path."""
    try:
        return ",".join(paths.segment(part) for part in value.split(","))
    except paths.UnsafePath:
        raise refused((name, "an id: letters, digits, - and _")) from None


def _known(name: str) -> Resource:
    found = RESOURCES.get(name)
    if found is None:
        raise NoSuchResource(name)
    return found
