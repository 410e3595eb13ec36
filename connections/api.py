"""What programs see of linked accounts; `integrated_account` is the public name of a Connection."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from connections import scoping
from connections.models import Connection

router = Router(tags=["Accounts"])
PAGE = 100


class Envelope(Schema):
    """The one shape of every success."""

    result: Any
    next_cursor: str | None = None
    prev_cursor: str | None = None
    result_count: int = 1
    is_partial_response: bool = False
    meta: dict[str, Any] = {}


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


class AccountEnvelope(Envelope):
    """One account."""

    result: IntegratedAccount


class AccountsEnvelope(Envelope):
    """A page of accounts."""

    result: list[IntegratedAccount]


def scope_of(request: HttpRequest) -> scoping.Scope:
    """The scope that the token opened."""
    scope = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    assert isinstance(scope, scoping.Scope)
    return scope


def shown(row: Connection, scope: scoping.Scope) -> dict[str, Any]:
    """A connection in the public API's words."""
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
    }


@router.get("/ping", response=Envelope, summary="Is the token good?")
def ping(request: HttpRequest) -> dict[str, Any]:
    """Which workspace and environment the token belongs to."""
    scope = scope_of(request)
    return {"result": {"workspace": scope.workspace_name, "environment": scope.environment}}


@router.get("/integrated-account", response=AccountsEnvelope, summary="List linked accounts")
def list_accounts(
    request: HttpRequest, tenant_id: str | None = None, next_cursor: UUID | None = None
) -> dict[str, Any]:
    """Linked accounts of this environment, by id; `tenant_id` is the customer reference."""
    scope = scope_of(request)
    with scope.transaction():
        rows = Connection.objects.order_by("id")
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
def get_account(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """One linked account."""
    scope = scope_of(request)
    with scope.transaction():
        return {"result": shown(scoping.one(Connection.objects.all(), pk=account_id), scope)}
