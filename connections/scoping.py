"""The only door from a request to a workspace's objects.

`workspace` turns a signed-in person and an address into a `Scope`, `api` does it for a program's token; every object
is then found inside `scope.transaction()`, where row-level security opens these rows and no others. What a
person may not see is answered like what does not exist: 404.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from connections import keys, roles, tenancy
from connections.models import Environment, Membership, Tenant, User

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Scope:
    """Who acts, in which workspace and environment, as what."""

    tenant_id: UUID
    environment_id: UUID
    environment: str
    workspace_name: str
    role: str
    user: User | None = None

    def transaction(self) -> AbstractContextManager[tenancy.Context]:
        """A transaction that sees the rows of this scope."""
        return tenancy.acting_for(self.tenant_id, self.environment_id)

    def may(self, action: str) -> bool:
        """Whether the role allows it."""
        return roles.may(self.role, action)

    def require(self, action: str) -> None:
        """Refuse what the role does not allow.

        Raises:
            PermissionDenied: names who may.
        """
        if not self.may(action):
            raise PermissionDenied(
                f"Your role here is {self.role}. To {action}, ask an {roles.who_may(action)}."
            )


def workspaces(user: User) -> list[tuple[Tenant, str]]:
    """The workspaces of a person, with the role in each, oldest membership first."""
    found = []
    for (tenant_id,) in tenancy.find("find_memberships", user.pk):
        with tenancy.acting_for(tenant_id):
            membership = Membership.objects.select_related("tenant").filter(user=user).first()
            if membership is not None:
                found.append((membership.tenant, membership.role))
    return found


def workspace(request: HttpRequest, workspace_id: UUID, environment: str, action: str = "view") -> Scope:
    """The scope of a page, if this person belongs to the workspace and the role allows the action.

    Raises:
        Http404: no such workspace, or not this person's.
        PermissionDenied: a member whose role does not allow it.
    """
    user = request.user
    if isinstance(user, AnonymousUser) or environment not in Environment.Kind.values:
        raise Http404
    with tenancy.acting_for(workspace_id):
        membership = Membership.objects.select_related("tenant").filter(user=user).first()
        row = Environment.objects.filter(kind=environment).first()
    if membership is None or row is None:
        raise Http404
    scope = Scope(workspace_id, row.pk, row.kind, membership.tenant.name, membership.role, user)
    scope.require(action)
    return scope


def api(request: HttpRequest) -> Scope | None:
    """The scope of a program's call, by its bearer token; None if there is none that is valid."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    key = keys.find(token.strip())
    if key is None:
        return None
    with tenancy.acting_for(key.tenant_id, key.environment_id):
        environment = Environment.objects.select_related("tenant").get(pk=key.environment_id)
    return Scope(key.tenant_id, key.environment_id, environment.kind, environment.tenant.name, "token")


def one(rows: models.QuerySet[Row], **named: object) -> Row:
    """The one row of this scope with these values; 404 otherwise. Only inside `scope.transaction()`.

    Raises:
        Http404: there is none in this scope.
    """
    if tenancy.current() is None:
        raise RuntimeError("scoping.one needs an open scope: use `with scope.transaction():`")
    return get_object_or_404(rows, **named)
