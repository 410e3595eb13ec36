"""The only door from a request to a workspace's objects.

`workspace` turns a signed-in person and an address into a `Scope`, `api` does it for a program's token; every object
is then found inside `scope.transaction()`, where row-level security opens these rows and no others. What a
person may not see is answered like what does not exist: 404.
"""

import re
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Subquery
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from connections import roles, rows, tenancy
from connections.models import (
    Connection,
    ConnectionToken,
    Environment,
    Membership,
    ProviderApp,
    Tenant,
    User,
)
from connections.prepared import Prepared, Rows, Statement
from connections.programs import accounttokens, keys, tokenlimit

Row = TypeVar("Row", bound=models.Model)


ACCOUNT: Final = "integrated_account_id"
ACCOUNT_HEADER: Final = "X-Integrated-Account-Id"
# Where each call is about one linked account, and counts as that.
_TO_DATA: Final = re.compile(r"/(?:v3/|(?:api|compat)/(?:unified|proxy|custom)/)")


@dataclass(frozen=True)
class _Read:
    """An account as it was read with the token that named it, and the count of the call about it."""

    account_id: UUID
    rows: Rows
    counts: Rows
    read_at: float


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
    about: _Read | None = None

    @property
    def actor(self) -> str:
        """Who acts, in words that still say it when the person or the token is gone."""
        return self.user.email if self.user else f"API token {self.token_name}".rstrip()

    @property
    def context(self) -> tenancy.Context:
        """Whose rows are open to it."""
        return tenancy.Context(self.tenant_id, self.environment_id)

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
    claims = None
    if accounttokens.is_one(token):
        now = datetime.now(UTC)
        claims = accounttokens.read(token, now)
        if claims is None:
            return None
        about = _about(request, claims.connection_id)
        key, found = keys.enter_for(claims, now, *_reading(about))
    else:
        about = _about(request)
        caller = keys.Caller(_address(request), f"{request.method} {request.path}")
        key, found = keys.enter(token, caller, *_reading(about))
    if key is None:
        return None
    return Scope(
        key.tenant_id,
        key.environment_id,
        key.environment,
        key.workspace_name,
        "token",
        token_scopes=key.scopes,
        token_limit=key.limit,
        token_name=f"{key.name} ({key.prefix})",
        key_id=key.key_id,
        account_id=claims.connection_id if claims is not None else None,
        about=_Read(about, found[0], found[1], time.monotonic()) if about is not None else None,
    )


def wanted(request: HttpRequest) -> str:
    """The linked account that a call names, as it is written: its parameter before its header; empty if none."""
    return request.GET.get(ACCOUNT) or request.headers.get(ACCOUNT_HEADER) or ""


def _about(request: HttpRequest, own: UUID | None = None) -> UUID | None:
    """The linked account that a call to its data is about, where that can be told before the endpoint is."""
    if not _TO_DATA.match(request.path_info):
        return None
    try:
        named = UUID(wanted(request)) if wanted(request) else own
    except ValueError:
        return None
    return named if own in (None, named) else None


def _reading(account_id: UUID | None) -> tuple[Statement, ...]:
    """What reads an account and counts the call about it, with the token that is let in."""
    if account_id is None:
        return ()
    return (_ACCOUNT, [account_id]), tokenlimit.counting(account_id, is_entered=False)


_ACCOUNT = Prepared(
    "account",
    f"SELECT {rows.columns(Connection, 'c')}, {rows.columns(ProviderApp, 'p')}, t.connection_id IS NOT NULL, "  # noqa: S608  # names of models
    f"{rows.columns(ConnectionToken, 't')} FROM connections_connection c "
    "JOIN connections_providerapp p ON p.id = c.provider_app_id "
    "LEFT JOIN connections_connectiontoken t ON t.connection_id = c.id WHERE c.id = %s",
)


def account(
    scope: Scope, account_id: UUID, *, is_counted: bool = False
) -> tuple[Connection, tokenlimit.Limit | None]:
    """A linked account with its application and its tokens as they are now, in one message to the database.

    Args:
        is_counted: one call about it is counted with it; then there is a limit.

    Raises:
        Http404: there is none in this scope.
        tokenlimit.TooManyCalls: the calls about it in this window are used.
    """
    about = scope.about
    if about is None or about.account_id != account_id or not is_counted:
        counting = [tokenlimit.counting(account_id, is_entered=True)] if is_counted else []
        found, *counts = tenancy.at_once(scope.context, (_ACCOUNT, [account_id]), *counting, lightly=True)
        about = _Read(account_id, found, counts[0] if counts else [], time.monotonic())
    if not about.rows:
        raise Http404("There is no such account here.")
    ends = (rows.width(Connection), rows.width(Connection) + rows.width(ProviderApp))
    [values] = about.rows
    read = rows.instance(Connection, values[: ends[0]])
    read.provider_app = rows.instance(ProviderApp, values[ends[0] : ends[1]])
    if values[ends[1]]:
        token = rows.instance(ConnectionToken, values[ends[1] + 1 :])
        token.connection = read
        read.token_read_at = about.read_at
    limit = tokenlimit.of_account(*about.counts[0]) if is_counted else None
    return read, limit


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
