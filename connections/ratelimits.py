"""What a program may still call: the limits that hold it, and the one that binds first, as headers on every answer.

Four hold a caller: its token and the account that it speaks about (calls to us in ten seconds), and of the day that
account and its workspace's share (provider calls until 00:00 UTC). Each number is exact: so many more calls are made,
and the next is refused. What other workspaces use of a pool can be read from none of them.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.http import HttpRequest, HttpResponse

from connections import turnstile
from connections.accounts import provider_app_for
from connections.models import Connection
from connections.pacing import until_midnight
from connections.scoping import Scope
from connections.tokenlimit import Limit

Handler = Callable[[HttpRequest], HttpResponse]
DAY: Final = 86_400


def of_workspace(scope: Scope, pool_id: UUID) -> Limit:
    """The workspace's share of the day at a pool."""
    plan, weight, used, now = turnstile.standing(pool_id, scope.tenant_id)
    share = plan.share("interactive", weight) or 0
    return Limit("workspace", share, max(0, share - used), max(1, round(until_midnight(now))), DAY)


def of_account(scope: Scope, account: Connection) -> Limit:
    """One linked account's calls of the day."""
    most = settings.ENV.ACCOUNT_CALLS_PER_DAY
    with scope.transaction(), database.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(used), 0), extract(epoch FROM clock_timestamp())::float8 FROM connections_quotause "
            "WHERE connection_id = %s AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date AND purpose = 'api' "
            "AND call_class <> 'consent'",
            [account.pk],
        )
        used, now = cursor.fetchone() or (0, 0.0)
    return Limit("account", most, max(0, most - int(used)), max(1, round(until_midnight(now))), DAY)


def limits_of(scope: Scope, counted: Sequence[Limit], account: Connection | None = None) -> list[Limit]:
    """Every limit that holds this caller, the one that binds first in front.

    Args:
        counted: what `tokenlimit` answered for the call.
        account: the linked account that the call is about.
    """
    found = list(counted)
    pool_id = _pool_of(scope, account)
    if pool_id is not None:
        found.append(of_workspace(scope, pool_id))
    if account is not None:
        found.append(of_account(scope, account))
    return sorted(found, key=lambda one: one.remaining)


def _pool_of(scope: Scope, account: Connection | None) -> UUID | None:
    if account is not None:
        pool_id: UUID = account.provider_app.pool_id
        return pool_id
    with scope.transaction():
        app = provider_app_for(scope.tenant_id, scope.environment)
    return app.pool_id if app is not None else None


def about(request: HttpRequest, account: Connection, counted: Limit | None = None) -> None:
    """Note which account a call is about, and what its window has left, so that both are among the headers."""
    request.META["PATCHBAY_ACCOUNT"] = account
    if counted is not None:
        request.META["PATCHBAY_ACCOUNT_PACE"] = counted


def is_counted(request: HttpRequest, account: Connection) -> bool:
    """Whether this request has been counted as a call about the account."""
    return "PATCHBAY_ACCOUNT_PACE" in request.META and request.META.get("PATCHBAY_ACCOUNT") == account


def write(response: HttpResponse, limits: Sequence[Limit]) -> None:
    """Set the headers: the first limit's numbers, and all of them as policy."""
    if limits:
        first = limits[0]
        response["ratelimit-limit"] = str(first.limit)
        response["ratelimit-remaining"] = str(first.remaining)
        response["ratelimit-reset"] = str(first.reset_seconds)
        policy = [f'{one.limit};w={one.window_seconds};name="{one.name}"' for one in limits]
        response["ratelimit-policy"] = ", ".join(policy)


def headers(get_response: Handler) -> Handler:
    """Middleware: an answer to a program that was let in says what it may still call."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        scope = getattr(request, "auth", None)
        if isinstance(scope, Scope) and "ratelimit-limit" not in response:
            counted = [scope.token_limit, request.META.get("PATCHBAY_ACCOUNT_PACE")]
            known = [one for one in counted if one is not None]
            write(response, limits_of(scope, known, request.META.get("PATCHBAY_ACCOUNT")))
        return response

    return handle
