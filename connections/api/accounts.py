"""Linked accounts as programs see them; `integrated_account` is the public name of a Connection."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from connections import health, ratelimits, scoping
from connections.api.contract import Envelope, needs, scope_of
from connections.models import Connection

router = Router(tags=["Accounts"])
PAGE = 100


class Ping(Schema):
    """Whose token it is, and what it may do."""

    workspace: str
    environment: str
    is_sandbox: bool
    scopes: list[str]


class PingEnvelope(Envelope):
    """A good token."""

    result: Ping


class Renewal(Schema):
    """How an account's grant is: `healthy`, `late` or `needs_reconnect`."""

    state: str
    until: datetime | None
    reason: str | None


class IntegratedAccount(Schema):
    """A linked Constant Contact account."""

    id: UUID
    tenant_id: str
    environment_id: UUID
    status: str
    is_sandbox: bool
    account_id: str
    account_name: str
    created_at: datetime
    linked_at: datetime | None
    last_error: str | None
    refusal: str | None
    renewal: Renewal


class AccountEnvelope(Envelope):
    """One account."""

    result: IntegratedAccount


class AccountsEnvelope(Envelope):
    """A page of accounts."""

    result: list[IntegratedAccount]


def shown(row: Connection, scope: scoping.Scope) -> dict[str, Any]:
    """A connection in the public API's words."""
    grant = health.grant_of(row)
    return {
        "id": row.pk,
        "tenant_id": row.customer_ref,
        "environment_id": row.environment_id,
        "status": row.status,
        "is_sandbox": scope.environment == "test",
        "account_id": row.account_id,
        "account_name": row.account_name,
        "created_at": row.created_at,
        "linked_at": row.linked_at,
        "last_error": row.last_error or None,
        "refusal": row.refusal or None,
        "renewal": {"state": grant.state, "until": grant.until, "reason": grant.reason or None},
    }


@router.get("/ping", response=PingEnvelope, summary="Is the token good?")
@needs()
def ping(request: HttpRequest) -> dict[str, Any]:
    """Which workspace and environment the token belongs to."""
    scope = scope_of(request)
    result = {
        "workspace": scope.workspace_name,
        "environment": scope.environment,
        "is_sandbox": scope.environment == "test",
        "scopes": sorted(scope.token_scopes),
    }
    return {"result": result}


@router.get("/integrated-account", response=AccountsEnvelope, summary="List linked accounts")
@needs("accounts:read")
def list_accounts(
    request: HttpRequest, tenant_id: str | None = None, next_cursor: UUID | None = None
) -> dict[str, Any]:
    """Linked accounts of this environment, by id; `tenant_id` is the customer reference."""
    scope = scope_of(request)
    with scope.transaction():
        rows = health.with_token(Connection.objects.order_by("id"))
        if tenant_id is not None:
            rows = rows.filter(customer_ref=tenant_id)
        if next_cursor is not None:
            rows = rows.filter(id__gt=next_cursor)
        found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    page = found[:PAGE]
    return {
        "result": [shown(row, scope) for row in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].pk) if more else None,
    }


@router.get("/integrated-account/{uuid:account_id}", response=AccountEnvelope, summary="Get a linked account")
@needs("accounts:read")
def get_account(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """One linked account."""
    scope = scope_of(request)
    with scope.transaction():
        rows = health.with_token(Connection.objects.select_related("provider_app"))
        account = scoping.one(rows, pk=account_id)
        result = shown(account, scope)
    ratelimits.about(request, account)
    return {"result": result}
