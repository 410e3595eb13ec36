"""Lists and tags in the unified API."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from connections.api.contract import needs, refused
from mapping.api.answering import (
    MARKETING,
    WRITES,
    Listed,
    asked_of,
    asks,
    client_of,
    gone,
    listing,
    one_of,
    without_query,
)
from mapping.api.shapes import (
    ChangedList,
    ChangedTag,
    DeletedEnvelope,
    ListEnvelope,
    ListsEnvelope,
    Named,
    NewList,
    TagEnvelope,
    TagsEnvelope,
)
from mapping.unified import asking, catalogue
from mapping.unified.asking import Asked

router = Router()


@router.get(
    f"{MARKETING}/lists",
    response=ListsEnvelope,
    exclude_unset=True,
    summary="List the lists",
    openapi_extra=asks(("name", "the whole name")),
)
@needs("contacts:read")
def list_lists(request: HttpRequest, integrated_account_id: UUID | None = None) -> Listed:
    """Contact lists page by page, live. Filter: `name`, the whole of it."""
    _, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    name = _only_name(asked)
    start = asking.href_of(asked.cursor, "/v3/contact_lists") if asked.cursor else None
    pages = client.lists.pages(limit=asked.limit, name=name, start=start, extra=asked.remote_query)
    return listing(
        asked,
        pages,
        lambda page: [catalogue.list_shown(one) for one in page.items],
        lambda page: page.next_href,
        client,
    )


@router.get(f"{MARKETING}/lists/{{list_id}}", response=ListEnvelope, exclude_unset=True, summary="Get a list")
@needs("contacts:read")
def get_list(request: HttpRequest, list_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One list, live."""
    _, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    return one_of(asked, catalogue.list_shown(client.lists.get(list_id, extra=asked.remote_query)), client)


@router.post(
    f"{MARKETING}/lists",
    response=ListEnvelope,
    exclude_unset=True,
    summary="Create a list",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def create_list(
    request: HttpRequest, body: NewList, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """A new list; 409 where the name is taken."""
    _, client = client_of(request, integrated_account_id)
    asked, whole = asked_of(request), _whole(request)
    extra = asked.remote_query
    if whole:
        made = client.lists.sent(whole, extra=extra)
    else:
        made = client.lists.create(body.name, description=body.description, extra=extra)
    return one_of(asked, catalogue.list_shown(made), client)


@router.patch(
    f"{MARKETING}/lists/{{list_id}}",
    response=ListEnvelope,
    exclude_unset=True,
    summary="Change a list",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_list(
    request: HttpRequest, list_id: str, body: ChangedList, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """A list's name and description; what is not named stays as it is."""
    _, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    if whole := _whole(request):
        changed = client.lists.sent(whole, list_id, extra=asked.remote_query)
        return one_of(asked, catalogue.list_shown(changed), client)
    before = client.lists.get(list_id)
    changed = client.lists.update(
        list_id,
        body.name if body.name is not None else before.name,
        description=(body.description if body.description is not None else before.description) or "",
        favorite=before.favorite,
        extra=asked.remote_query,
    )
    return one_of(asked, catalogue.list_shown(changed), client)


@router.patch(
    f"{MARKETING}/lists",
    response=ListEnvelope,
    exclude_unset=True,
    summary="Change a list by the id in the body",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_list_of_body(
    request: HttpRequest, body: ChangedList, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """The same for a program that sends the id in the body."""
    if body.id is None:
        raise refused(("id", "the id of a list, here or in the address"))
    answer: dict[str, Any] = change_list(request, body.id, body, integrated_account_id)
    return answer


@router.delete(f"{MARKETING}/lists/{{list_id}}", response=DeletedEnvelope, summary="Delete a list")
@needs("contacts:write")
def delete_list(
    request: HttpRequest, list_id: str, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """Starts deleting a list; the provider ends it some moments later, and its people stay."""
    asked = without_query(request)
    _, client = client_of(request, integrated_account_id)
    activity = client.lists.delete(list_id)
    return gone(asked, list_id, activity_id=activity.activity_id)


def _whole(request: HttpRequest) -> dict[str, object] | None:
    """The body as it is, where `truto_body_passthrough` says that it is the provider's own document."""
    found: dict[str, object] | None = json.loads(request.body) if asked_of(request).passes_body else None
    return found


def _only_name(asked: Asked) -> str | None:
    name = None
    for one in asked.filters:
        if (one.name, one.operator) == ("name", "eq") and len(one.values) == 1:
            name = one.values[0]
        else:
            asked.ignore(one)
    return name


@router.get(
    f"{MARKETING}/tags",
    response=TagsEnvelope,
    exclude_unset=True,
    summary="List the tags",
    openapi_extra=asks(),
)
@needs("contacts:read")
def list_tags(request: HttpRequest, integrated_account_id: UUID | None = None) -> Listed:
    """Tags page by page, live."""
    _, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    for one in asked.filters:
        asked.ignore(one)
    start = asking.href_of(asked.cursor, "/v3/contact_tags") if asked.cursor else None
    pages = client.tags.pages(limit=asked.limit, start=start, extra=asked.remote_query)
    return listing(
        asked,
        pages,
        lambda page: [catalogue.tag_shown(one) for one in page.items],
        lambda page: page.next_href,
        client,
    )


@router.get(f"{MARKETING}/tags/{{tag_id}}", response=TagEnvelope, exclude_unset=True, summary="Get a tag")
@needs("contacts:read")
def get_tag(request: HttpRequest, tag_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One tag, live."""
    _, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    return one_of(asked, catalogue.tag_shown(client.tags.get(tag_id, extra=asked.remote_query)), client)


@router.post(
    f"{MARKETING}/tags",
    response=TagEnvelope,
    exclude_unset=True,
    summary="Create a tag",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def create_tag(
    request: HttpRequest, body: Named, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """A new tag; 409 where the name is taken."""
    _, client = client_of(request, integrated_account_id)
    asked, whole = asked_of(request), _whole(request)
    extra = asked.remote_query
    made = client.tags.sent(whole, extra=extra) if whole else client.tags.create(body.name, extra=extra)
    return one_of(asked, catalogue.tag_shown(made), client)


@router.patch(
    f"{MARKETING}/tags/{{tag_id}}",
    response=TagEnvelope,
    exclude_unset=True,
    summary="Rename a tag",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_tag(
    request: HttpRequest, tag_id: str, body: Named, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """A tag's name."""
    _, client = client_of(request, integrated_account_id)
    asked, whole = asked_of(request), _whole(request)
    extra = asked.remote_query
    if whole:
        changed = client.tags.sent(whole, tag_id, extra=extra)
    else:
        changed = client.tags.update(tag_id, body.name, extra=extra)
    return one_of(asked, catalogue.tag_shown(changed), client)


@router.patch(
    f"{MARKETING}/tags",
    response=TagEnvelope,
    exclude_unset=True,
    summary="Rename a tag by the id in the body",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_tag_of_body(
    request: HttpRequest, body: ChangedTag, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """The same for a program that sends the id in the body."""
    if body.id is None:
        raise refused(("id", "the id of a tag, here or in the address"))
    answer: dict[str, Any] = change_tag(request, body.id, body, integrated_account_id)
    return answer


@router.delete(f"{MARKETING}/tags/{{tag_id}}", response=DeletedEnvelope, summary="Delete a tag")
@needs("contacts:write")
def delete_tag(
    request: HttpRequest, tag_id: str, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """Starts taking a tag off everybody; the provider ends it some moments later."""
    asked = without_query(request)
    _, client = client_of(request, integrated_account_id)
    activity = client.tags.delete(tag_id)
    return gone(asked, tag_id, activity_id=activity.activity_id)
