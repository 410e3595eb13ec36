"""Linked accounts as programs see and change them; `integrated_account` is the public name of a Connection."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from connections import gateway, health, scoping
from connections.api.accountshapes import (
    AccountEnvelope,
    AccountsEnvelope,
    DoneEnvelope,
    RemovedEnvelope,
    shown,
)
from connections.api.contract import (
    Envelope,
    Fault,
    about_ignored,
    named_id,
    needs,
    refused,
    scope_of,
)
from connections.links import changing, contexts, unlinking
from connections.models import Connection
from connections.programs import ratelimits

router = Router(tags=["Accounts"])
PAGE: Final = 100
MOST_REMOVED: Final = 100


class Ping(Schema):
    """Whose token it is, and what it may do."""

    workspace: str
    environment: str
    is_sandbox: bool
    scopes: list[str]


class PingEnvelope(Envelope):
    """A good token."""

    result: Ping


class Wanted(Schema):
    """Which accounts are listed."""

    tenant_id: str | None = None
    environment_id: UUID | None = None
    is_sandbox: bool | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE
    next_cursor: UUID | None = None


class AccountChange(Schema):
    """What is to change of an account: its context, merged at every depth (null removes), and whether it rests."""

    context: dict[str, Any] | None = None
    is_paused: bool | None = None


class OneAccount(Schema):
    """An account by its id."""

    id: UUID


class ManyAccounts(Schema):
    """Accounts by their ids."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_REMOVED)]


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
def list_accounts(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    """Linked accounts of this environment, by id; `tenant_id` is the customer reference."""
    scope = scope_of(request)
    is_ours = wanted.environment_id in {None, scope.environment_id}
    is_ours &= wanted.is_sandbox in {None, scope.environment == "test"}
    with scope.transaction():
        rows = health.with_token(Connection.objects.order_by("id"))
        if wanted.tenant_id is not None:
            rows = rows.filter(customer_ref=wanted.tenant_id)
        if wanted.next_cursor is not None:
            rows = rows.filter(id__gt=wanted.next_cursor)
        found = list(rows[: wanted.limit + 1]) if is_ours else []
    page = found[: wanted.limit]
    return {
        "result": [shown(row, scope) for row in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].pk) if len(found) > wanted.limit else None,
        "meta": {"limit": wanted.limit},
    }


@router.get("/integrated-account/me", response=AccountEnvelope, summary="Get the token's own account")
@needs("accounts:read")
def get_me(request: HttpRequest, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """The account of an integrated-account token; an API token names one."""
    return answer_of(request, named_id(request, integrated_account_id))


@router.patch("/integrated-account/me", response=AccountEnvelope, summary="Change the token's own account")
@needs("accounts:write")
def change_me(
    request: HttpRequest, body: AccountChange, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """The context of the token's own account, merged; an API token names one.

    A token of one account may do it where the API token that made it has `accounts:write`.
    """
    return _change(request, named_id(request, integrated_account_id), body)


@router.get("/integrated-account/{uuid:account_id}", response=AccountEnvelope, summary="Get a linked account")
@needs("accounts:read")
def get_account(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """One linked account."""
    return answer_of(request, account_id)


@router.patch(
    "/integrated-account/{uuid:account_id}", response=AccountEnvelope, summary="Change a linked account"
)
@needs("accounts:write")
def change_account(request: HttpRequest, account_id: UUID, body: AccountChange) -> dict[str, Any]:
    """Merges `context` (JSON Merge Patch: objects at every depth, null removes); `is_paused` pauses and resumes.

    A paused account keeps its grant, and nothing else is asked of Constant Contact for it.
    """
    return _change(request, account_id, body)


@router.delete(
    "/integrated-account/{uuid:account_id}", response=RemovedEnvelope, summary="Remove a linked account"
)
@needs("accounts:write")
def remove_account(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """Gives the grant back at Constant Contact and deletes all that is kept of the account.

    `meta.grant_revoked` is false where Constant Contact did not answer; the grant then dies of disuse.
    """
    (account,) = _accounts(request, [account_id], "id")
    was_revoked = unlinking.unlink(account, request=request)
    return {"result": {"id": account_id}, "meta": {"grant_revoked": was_revoked}}


@router.post("/integrated-account/bulk-delete", response=DoneEnvelope, summary="Remove linked accounts")
@needs("accounts:write")
def remove_accounts(request: HttpRequest, body: ManyAccounts) -> dict[str, Any]:
    """Removes up to 100 accounts, if all of them are here; each as by DELETE."""
    accounts = _accounts(request, body.ids, "ids")
    revoked = [account.pk for account in accounts if unlinking.unlink(account, request=request)]
    return {"result": {"success": True}, "meta": {"removed": len(accounts), "grants_revoked": len(revoked)}}


@router.post(
    "/integrated-account/refresh-credentials", response=DoneEnvelope, summary="Renew an account's grant"
)
@needs("accounts:write")
def refresh_credentials(request: HttpRequest, body: OneAccount) -> dict[str, Any]:
    """A new access token now, though the present one would still do."""
    (account,) = _accounts(request, [body.id], "id")
    ratelimits.about(request, account)
    if gateway.renew(account, is_asked=True):
        return {"result": {"success": True}}
    with scope_of(request).transaction():
        account = scoping.one(Connection.objects.all(), pk=account.pk)
    if account.status == Connection.Status.NEEDS_REAUTH:
        raise Fault("needs_reconnect", HTTPStatus.UNAUTHORIZED, account.last_error)
    raise Fault(
        "token_unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The grant could not be renewed now; the present token goes on working to its end.",
        retry_after_seconds=30,
    )


def _accounts(request: HttpRequest, ids: list[UUID], field: str) -> list[Connection]:
    """These accounts, each once, with their applications. Raises Fault (404) that names those that are not here."""
    with scope_of(request).transaction():
        rows = Connection.objects.select_related("provider_app__pool").filter(pk__in=ids)
        found = list(rows.order_by("id"))
    missing = set(ids) - {row.pk for row in found}
    if missing:
        raise Fault(
            "not_found",
            HTTPStatus.NOT_FOUND,
            "There is no such account in this environment. Nothing was done.",
            failures=[(field, f"{one} is not here") for one in sorted(missing, key=str)],
        )
    return found


def answer_of(request: HttpRequest, account_id: UUID) -> dict[str, Any]:
    """One account in its envelope. Raises Http404."""
    scope = scope_of(request)
    with scope.transaction():
        rows = Connection.objects.select_related("provider_app", "token")
        account = scoping.one(rows.defer("token__access_sealed", "token__refresh_sealed"), pk=account_id)
        result = shown(account, scope)
    ratelimits.about(request, account)
    return {"result": result}


def _change(request: HttpRequest, account_id: UUID, body: AccountChange) -> dict[str, Any]:
    scope = scope_of(request)
    if body.is_paused is not None and scope.account_id is not None:
        raise refused(("is_paused", "left out: a token of an account changes the context alone"))
    try:
        changing.change(scope, account_id, patch=body.context, is_paused=body.is_paused, request=request)
    except contexts.NotKept as reason:
        raise refused(("context", str(reason))) from None
    return answer_of(request, account_id) | {"meta": about_ignored(request, AccountChange)}
