"""The only door from a request to a workspace's objects.

`workspace` turns a signed-in person and an address into a `Scope`, `api` does it for a program's token; every object
is then found inside `scope.transaction()`, where row-level security opens these rows and no others. What a
person may not see is answered like what does not exist: 404.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Subquery
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from connections import accounttokens, keys, roles, tenancy, tokenlimit
from connections.models import ApiKey, Connection, Environment, Membership, Tenant, User

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
    token_scopes: frozenset[str] = frozenset()
    other_environment_id: UUID | None = None
    token_limit: tokenlimit.Limit | None = None
    token_name: str = ""
    # What the token is: an API token's id, and the one account that a token of an account is for.
    key_id: UUID | None = None
    account_id: UUID | None = None

    @property
    def actor(self) -> str:
        """Who acts, in words that still say it when the person or the token is gone."""
        return self.user.email if self.user else f"API token {self.token_name}".rstrip()

    def transaction(self) -> AbstractContextManager[tenancy.Context]:
        """A transaction that sees the rows of this scope."""
        return tenancy.acting_for(self.tenant_id, self.environment_id)

    def of_other_environment(self) -> "Scope":
        """The same person in the same workspace's other environment: for who takes a set-up from one to the other.

        Raises:
            Http404: there is none.
        """
        if self.other_environment_id is None:
            raise Http404
        return replace(
            self,
            environment_id=self.other_environment_id,
            environment="live" if self.environment == "test" else "test",
            other_environment_id=self.environment_id,
        )

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
        here = Environment.objects.filter(kind=environment).values("pk")[:1]
        other = Environment.objects.exclude(kind=environment).values("pk")[:1]
        membership = (
            Membership.objects.select_related("tenant")
            .annotate(environment_id=Subquery(here), other_id=Subquery(other))
            .filter(user=user)
            .first()
        )
    if membership is None or membership.environment_id is None:
        raise Http404
    scope = Scope(
        workspace_id,
        membership.environment_id,
        environment,
        membership.tenant.name,
        membership.role,
        user,
        other_environment_id=membership.other_id,
    )
    scope.require(action)
    return scope


def api(request: HttpRequest) -> Scope | None:
    """The scope of a program's call, by its bearer token; None if there is none that is valid. The call is counted.

    A token of one account counts as a call of the API token that made it, and ends with that.

    Raises:
        tokenlimit.TooManyCalls: the token's calls of this window are used.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if accounttokens.is_one(token):
        claims = accounttokens.read(token, datetime.now(UTC))
        if claims is None:
            return None
        with tenancy.acting_for(claims.tenant_id, claims.environment_id):
            return _counted(_maker_of(claims), claims.connection_id)
    if (found := keys.locate(token)) is None:
        return None
    tenant_id, environment_id, key_id = found
    with tenancy.acting_for(tenant_id, environment_id):
        caller = keys.Caller(_address(request), f"{request.method} {request.path}")
        return _counted(keys.read(key_id, token, caller))


def _counted(key: ApiKey | None, account_id: UUID | None = None) -> Scope | None:
    """The scope of a good key, whose call is counted. Inside its environment."""
    if key is None:
        return None
    limit = tokenlimit.count(key)
    return Scope(
        key.tenant_id,
        key.environment_id,
        key.environment.kind,
        key.environment.tenant.name,
        "token",
        token_scopes=frozenset(key.scopes),
        token_limit=limit,
        token_name=f"{key.name} ({key.prefix})",
        key_id=key.pk,
        account_id=account_id,
    )


def _maker_of(claims: accounttokens.Claims) -> ApiKey | None:
    """The API token that made a token of an account, if it is still good and the account still there. Inside both."""
    key = ApiKey.objects.select_related("environment__tenant").filter(pk=claims.key_id).first()
    is_there = Connection.objects.filter(pk=claims.connection_id).exists()
    return key if key is not None and is_there and keys.is_good(key, datetime.now(UTC)) else None


def link(token_digest: bytes) -> tuple[Scope, UUID] | None:
    """The scope of a link token, and its id: whoever has it acts in that environment, as nobody in particular."""
    for tenant_id, environment_id, token_id in tenancy.find("find_link_token", token_digest):
        with tenancy.acting_for(tenant_id, environment_id):
            environment = Environment.objects.select_related("tenant").get(pk=environment_id)
        scope = Scope(tenant_id, environment_id, environment.kind, environment.tenant.name, "link")
        return scope, token_id
    return None


def _address(request: HttpRequest) -> str | None:
    """Where a call comes from, if it comes from an address at all (a socket has none)."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def one(rows: models.QuerySet[Row], **named: object) -> Row:
    """The one row of this scope with these values; 404 otherwise. Only inside `scope.transaction()`.

    Raises:
        Http404: there is none in this scope.
    """
    if tenancy.current() is None:
        raise RuntimeError("scoping.one needs an open scope: use `with scope.transaction():`")
    return get_object_or_404(rows, **named)
