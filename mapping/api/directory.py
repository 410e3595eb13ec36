"""Users and roles in the unified API."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from connections.api.contract import account_of, needs
from connections.constantcontact import errors
from connections.models import Connection
from mapping.api.answering import DIRECTORY, asked_of, one_of, page_of
from mapping.api.shapes import RoleEnvelope, RolesEnvelope, UserEnvelope, UsersEnvelope
from mapping.unified import asking, directory
from mapping.unified.directory import Linked

router = Router()


def _linked(account: Connection) -> Linked:
    return Linked(
        account.account_id,
        account.account_owner,
        account.account_email,
        account.account_role,
        tuple(account.privileges),
        account.linked_at,
    )


def _partly(answer: dict[str, Any], account: Connection) -> dict[str, Any]:
    """The provider has no list of users: what is known was read when the account was linked."""
    read_at = asking.as_text(account.linked_at)
    return answer | {"is_partial_response": True, "meta": {**answer["meta"], "read_at": read_at}}


def _found(items: list[dict[str, object]], identifier: str, what: str) -> dict[str, object]:
    for item in items:
        if item["id"] == identifier:
            return item
    raise errors.NotFound(f"There is no such {what}.", status=404, error_key="not_found")


@router.get(f"{DIRECTORY}/users", response=UsersEnvelope, exclude_unset=True, summary="List the known users")
@needs("users:read")
def list_users(request: HttpRequest, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """The account's owner and who authorised the link; Constant Contact tells of no others."""
    account, asked = account_of(request, integrated_account_id), asked_of(request)
    for one in asked.filters:
        asked.ignore(one)
    return _partly(page_of(asked, directory.users(_linked(account))), account)


@router.get(f"{DIRECTORY}/users/{{user_id}}", response=UserEnvelope, exclude_unset=True, summary="Get a user")
@needs("users:read")
def get_user(request: HttpRequest, user_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One of the known users."""
    account = account_of(request, integrated_account_id)
    found = _found(directory.users(_linked(account)), user_id, "user")
    return _partly(one_of(request, found), account)


@router.get(f"{DIRECTORY}/roles", response=RolesEnvelope, exclude_unset=True, summary="List the roles")
@needs("users:read")
def list_roles(request: HttpRequest, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """The three roles that a Constant Contact account knows."""
    account_of(request, integrated_account_id)
    asked = asked_of(request)
    for one in asked.filters:
        asked.ignore(one)
    return page_of(asked, [directory.role_shown(key) for key in directory.ROLES])


@router.get(f"{DIRECTORY}/roles/{{role_id}}", response=RoleEnvelope, exclude_unset=True, summary="Get a role")
@needs("users:read")
def get_role(request: HttpRequest, role_id: str, integrated_account_id: UUID | None = None) -> dict[str, Any]:
    """One role."""
    account_of(request, integrated_account_id)
    return one_of(request, _found([directory.role_shown(key) for key in directory.ROLES], role_id, "role"))
