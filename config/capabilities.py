"""What can be done with Constant Contact, and with one linked account, for programs and agents that ask."""

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from config import described
from config.described import PROXY, Input, Tool
from connections import scoping
from connections.api.accountshapes import AUTHENTICATION
from connections.api.contract import Envelope, needs, scope_of
from connections.links import returning
from connections.models import Connection
from connections.programs import ratelimits

router = Router(tags=["Capabilities"])
SLUGS: Final = {"constantcontact", "constant-contact", "constant_contact"}


class MethodShown(Schema):
    """A method of one of Constant Contact's own resources."""

    method: str
    name: str
    description: str
    has_query_schema: bool
    has_body_schema: bool


class ProxyResource(Schema):
    """One of Constant Contact's own resources."""

    resource: str
    methods: list[MethodShown]


class UnifiedResource(Schema):
    """A resource of the unified API."""

    model: str
    resource: str
    methods: list[str]
    env_overridden: bool
    docs_url: str


class Auth(Schema):
    """How an account is linked: at Constant Contact, so no field is asked for here."""

    formats: list[str]
    fields: list[str]


class AccountState(Schema):
    """How the account is that was asked about."""

    id: UUID
    status: str
    authentication_method: str
    is_blocked: bool


class Capabilities(Schema):
    """What can be done; `ai_readiness` counts the tools that an agent gets."""

    integration: str
    proxy: list[ProxyResource]
    unified: list[UnifiedResource]
    auth: Auth
    ai_readiness: int
    account: AccountState | None


class CapabilitiesEnvelope(Envelope):
    """What can be done."""

    result: Capabilities


class Property(Schema):
    """One value that a tool takes."""

    type: str
    description: str | None
    enum: list[str] | None


class InputSchema(Schema):
    """The values that a tool takes, as JSON Schema."""

    type: Literal["object"] = "object"
    properties: dict[str, Property]


class ToolShown(Schema):
    """One thing that can be done with an account, with what it takes."""

    resource: str
    method: str
    name: str
    description: str
    tags: list[str]
    query_schema: InputSchema
    body_schema: InputSchema | None
    required: list[str]


class ToolsEnvelope(Envelope):
    """The tools of an account."""

    result: list[ToolShown]


class Wanted(Schema):
    """Which part: names of methods or `read` and `write`, comma-separated; one resource."""

    type: Literal["proxy", "unified", "all"] = "all"
    methods: str = ""
    resource: str = ""


class WantedTools(Schema):
    """Which tools: by methods as above, and by tags (`marketing-automation`, `user-directory`, `proxy`)."""

    methods: str = ""
    tags: str = Field("", description="comma-separated")


@router.get(
    "/integration/{integration}/capabilities",
    response=CapabilitiesEnvelope,
    summary="What can be done with an integration",
)
@needs("accounts:read")
def of_integration(request: HttpRequest, integration: str, wanted: Query[Wanted]) -> dict[str, Any]:
    """Constant Contact is the one integration that there is: `constantcontact`."""
    if integration.lower() not in SLUGS:
        raise Http404
    return {"result": _capabilities(wanted)}


@router.get(
    "/integrated-account/{uuid:account_id}/capabilities",
    response=CapabilitiesEnvelope,
    summary="What can be done with an account",
)
@needs("accounts:read")
def of_account(request: HttpRequest, account_id: UUID, wanted: Query[Wanted]) -> dict[str, Any]:
    """The resources and methods of an account: Constant Contact's own by proxy, and the unified ones."""
    account = _account(request, account_id)
    state = {
        "id": account.pk,
        "status": account.status,
        "authentication_method": AUTHENTICATION,
        "is_blocked": account.paused_at is not None,
    }
    return {"result": _capabilities(wanted) | {"account": state}}


@router.get(
    "/integrated-account/{uuid:account_id}/tools", response=ToolsEnvelope, summary="The tools of an account"
)
@needs("accounts:read")
def tools_of_account(request: HttpRequest, account_id: UUID, wanted: Query[WantedTools]) -> dict[str, Any]:
    """Every method of an account with what it takes, for an agent to choose from."""
    _account(request, account_id)
    tags = _names(wanted.tags)
    found = [one for one in _tools(wanted.methods) if not tags or one.model in tags]
    return {"result": [_shown(one) for one in found], "result_count": len(found)}


def _account(request: HttpRequest, account_id: UUID) -> Connection:
    with scope_of(request).transaction():
        account = scoping.one(Connection.objects.select_related("provider_app"), pk=account_id)
    ratelimits.about(request, account)
    return account


def _names(text: str) -> set[str]:
    return {one.strip() for one in text.split(",") if one.strip()}


def _tools(methods: str) -> list[Tool]:
    from config import reference  # it describes the API that this module is a part of

    wanted = _names(methods)
    found = [*described.unified(reference.document()), *described.remote()]
    found.sort(key=lambda one: (one.model, one.resource))
    return [one for one in found if one.is_among(wanted)]


def _capabilities(wanted: Wanted) -> dict[str, Any]:
    tools = [one for one in _tools(wanted.methods) if wanted.resource in {"", one.resource}]
    remote = [one for one in tools if one.model == PROXY and wanted.type != "unified"]
    unified = [one for one in tools if PROXY not in {one.model, wanted.type}]
    return {
        "integration": returning.INTEGRATION,
        "proxy": [
            {"resource": resource, "methods": [_method(one) for one in methods]}
            for resource, methods in groupby(remote, lambda one: one.resource)
        ],
        "unified": [
            {
                "model": model,
                "resource": resource,
                "methods": _order(one.method for one in methods),
                "env_overridden": False,
                "docs_url": f"{settings.PUBLIC_URL}/docs/api/",
            }
            for (model, resource), methods in groupby(unified, lambda one: (one.model, one.resource))
        ],
        "auth": {"formats": [AUTHENTICATION], "fields": []},
        "ai_readiness": len(tools),
        "account": None,
    }


def _order(methods: Iterable[str]) -> list[str]:
    """list, get, create, update and delete first, as everybody expects them."""
    usual = ["list", "get", "create", "update", "delete"]
    return sorted(set(methods), key=lambda one: (usual.index(one) if one in usual else len(usual), one))


def _method(tool: Tool) -> dict[str, Any]:
    return {
        "method": tool.method,
        "name": tool.name,
        "description": tool.words,
        "has_query_schema": bool(tool.query),
        "has_body_schema": bool(tool.body),
    }


def _shown(tool: Tool) -> dict[str, Any]:
    return {
        "resource": tool.resource,
        "method": tool.method,
        "name": tool.name,
        "description": tool.words,
        "tags": [tool.model],
        "query_schema": {"properties": _properties(tool.query)},
        "body_schema": {"properties": _properties(tool.body)} if tool.body else None,
        "required": list(tool.required),
    }


def _properties(inputs: Collection[Input]) -> dict[str, dict[str, Any]]:
    return {
        one.name: {"type": one.type, "description": one.words or None, "enum": list(one.choices) or None}
        for one in inputs
    }
