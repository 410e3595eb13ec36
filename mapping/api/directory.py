"""Users and roles in the unified API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router

from connections import gateway, tenancy
from connections.api.contract import account_of, needs
from connections.constantcontact import errors
from connections.models import Connection
from mapping.api.answering import (
    DIRECTORY,
    Listed,
    NotCalled,
    asked_of,
    listing,
    missing,
    one_of,
    page_of,
    without_query,
)
from mapping.api.shapes import RoleEnvelope, RolesEnvelope, UserEnvelope, UsersEnvelope
from mapping.models import AccountDirectory
from mapping.unified import asking, directory
from mapping.unified.asking import Asked
from mapping.unified.directory import Address, Linked

router = Router()


def _linked(account: Connection) -> tuple[Linked, datetime | None]:
    """The people that are known, and when the account's addresses were read: anew after DIRECTORY_MINUTES."""
    with tenancy.acting_for(account.tenant_id, account.environment_id):
        row = AccountDirectory.objects.filter(connection=account).first()
    if row is None or datetime.now(UTC) - row.read_at > timedelta(minutes=settings.ENV.DIRECTORY_MINUTES):
        row = _read(account) or row
    addresses = row.addresses if row is not None else []
    linked = Linked(
        account.account_id,
        account.account_owner,
        account.account_email,
        account.account_role,
        tuple(account.privileges),
        account.linked_at,
        tuple(Address(one["email"], tuple(one["roles"])) for one in addresses),
    )
    return linked, row.read_at if row is not None else account.linked_at


def _read(account: Connection) -> AccountDirectory | None:
    """The account's addresses, read now and kept; None where the account does not show them."""
    try:
        found = gateway.open_client(account, gateway.INTERACTIVE).account.emails()
    except errors.Forbidden:
        return None
    kept = [{"email": one.address, "roles": list(one.roles)} for one in found]
    with tenancy.acting_for(account.tenant_id, account.environment_id):
        row, _ = AccountDirectory.objects.update_or_create(
            connection=account,
            defaults={
                "tenant_id": account.tenant_id,
                "environment_id": account.environment_id,
                "addresses": kept,
                "read_at": datetime.now(UTC),
            },
        )
    return row


def _partly(answer: dict[str, Any], read_at: datetime | None) -> dict[str, Any]:
    """The provider has no list of users or roles: what is known of them is a part, and so old."""
    age = round((datetime.now(UTC) - read_at).total_seconds()) if read_at else None
    told = {"read_at": asking.as_text(read_at), "age_seconds": age} if read_at else {}
    return answer | {"is_partial_response": True, "meta": {**answer["meta"], **told}}


def _found(items: list[dict[str, object]], identifier: str, what: str) -> dict[str, object]:
    for item in items:
        if item["id"] == identifier:
            return item
    raise missing(what)


def _list_clients(account: Connection, asked: Asked) -> Listed:
    """Live, since there may be very many."""
    start = asking.href_of(asked.cursor, "/v3/partner/accounts", "offset=") if asked.cursor else None
    client = gateway.open_client(account, gateway.INTERACTIVE)
    found = listing(
        asked,
        client.partner.pages(limit=asked.limit, start=start, extra=asked.remote_query),
        lambda page: [directory.client_shown(one) for one in page.items],
        lambda page: page.next_href,
        client,
    )
    return _partly(found, datetime.now(UTC)) if isinstance(found, dict) else found


def _users(account: Connection, wanted: str) -> tuple[list[dict[str, object]], datetime | None]:
    """Among whom one user is looked for; of a partner's clients, those up to the one that is wanted."""
    if not account.provider_app.is_partner_key:
        linked, read_at = _linked(account)
        return directory.users(linked), read_at
    client = gateway.open_client(account, gateway.INTERACTIVE)
    for page in client.partner.pages(limit=asking.MOST):
        for one in page.items:
            if one.encoded_account_id == wanted:
                return [directory.client_shown(one)], datetime.now(UTC)
    return [], None


@router.get(f"{DIRECTORY}/users", response=UsersEnvelope, exclude_unset=True, summary="List the known users")
@needs("users:read")
def list_users(request: HttpRequest, integrated_account_id: UUID | None = None) -> Listed:
    """The account's owner and who authorised the link; Constant Contact tells of no others.

    Through the connection of a partner's key (scope `partner`): the owner of each client account, 10 to 50 a page.
    """
    account, asked = account_of(request, integrated_account_id), asked_of(request)
    NotCalled.check(request)
    for one in asked.filters:
        asked.ignore(one)
    if account.provider_app.is_partner_key:
        return _list_clients(account, asked)
    asked.withhold_query()
    linked, read_at = _linked(account)
    return _partly(page_of(asked, directory.users(linked)), read_at)


@router.get(f"{DIRECTORY}/users/{{user_id}}", response=UserEnvelope, exclude_unset=True, summary="Get a user")
@needs("users:read")
def get_user(request: HttpRequest, user_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One of the known users."""
    account, asked = account_of(request, integrated_account_id), without_query(request)
    NotCalled.check(request)
    users, read_at = _users(account, user_id)
    return _partly(one_of(asked, _found(users, user_id, "user")), read_at)


@router.get(f"{DIRECTORY}/roles", response=RolesEnvelope, exclude_unset=True, summary="List the roles")
@needs("users:read")
def list_roles(request: HttpRequest, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """The three roles that a Constant Contact account knows."""
    account_of(request, integrated_account_id)
    asked = without_query(request)
    for one in asked.filters:
        asked.ignore(one)
    return _partly(page_of(asked, [directory.role_shown(key) for key in directory.ROLES]), None)


@router.get(f"{DIRECTORY}/roles/{{role_id}}", response=RoleEnvelope, exclude_unset=True, summary="Get a role")
@needs("users:read")
def get_role(request: HttpRequest, role_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One role."""
    account_of(request, integrated_account_id)
    asked = without_query(request)
    found = _found([directory.role_shown(key) for key in directory.ROLES], role_id, "role")
    return _partly(one_of(asked, found), None)
