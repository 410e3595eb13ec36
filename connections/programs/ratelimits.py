"""What a program may still call: the limits that hold it, and the one that binds first, as headers on every answer.

Four hold a caller: its token and the account that it speaks about (calls to us in ten seconds), and of the day that
account and its workspace's share (provider calls until 00:00 UTC). Each number is exact: so many more calls are made,
and the next is refused. What other workspaces use of a pool can be read from none of them.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from connections import tenancy
from connections.models import Connection
from connections.people.accounts import provider_app_for
from connections.programs.tokenlimit import Limit
from connections.quota import permits, turnstile
from connections.quota.pacing import until_midnight
from connections.quota.tickets import Standing
from connections.scoping import Scope

Handler = Callable[[HttpRequest], HttpResponse]
DAY: Final = 86_400


def of_day(scope: Scope, pool_id: UUID, account: Connection | None) -> list[Limit]:
    """The workspace's share of the day at a pool and, where a call is about one, the linked account's calls of it."""
    standing = permits.last_standing()
    if standing is not None and _is_about(standing, scope, pool_id, account):
        share, used, account_used, now = standing.share, standing.used, standing.account_used, standing.now
    else:
        plan, weight, used, now = turnstile.standing(pool_id, scope.tenant_id)
        share = plan.share("interactive", weight) or 0
        account_used = _used_by(scope, account) if account is not None else 0
    seconds = max(1, round(until_midnight(now)))
    found = [Limit("workspace", share, max(0, share - used), seconds, DAY)]
    if account is not None:
        most = settings.ENV.ACCOUNT_CALLS_PER_DAY
        found.append(Limit("account", most, max(0, most - account_used), seconds, DAY))
    return found


def _is_about(standing: Standing, scope: Scope, pool_id: UUID, account: Connection | None) -> bool:
    return account is not None and (standing.pool_id, standing.tenant_id, standing.connection_id) == (
        pool_id,
        scope.tenant_id,
        account.pk,
    )


_USED: Final = (
    "SELECT coalesce(sum(used), 0) FROM connections_quotause WHERE connection_id = %s "
    "AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date AND purpose = 'api' AND call_class <> 'consent'"
)


def _used_by(scope: Scope, account: Connection) -> int:
    [[(used,)]] = tenancy.at_once(scope.context, (_USED, [account.pk]))
    return int(used)


def limits_of(scope: Scope, counted: Sequence[Limit], account: Connection | None = None) -> list[Limit]:
    """Every limit that holds this caller, the one that binds first in front.

    Args:
        counted: what `tokenlimit` answered for the call.
        account: the linked account that the call is about.
    """
    found = list(counted)
    pool_id = _pool_of(scope, account)
    if pool_id is not None:
        found += of_day(scope, pool_id, account)
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


def is_counted(request: HttpRequest, account_id: UUID) -> bool:
    """Whether this request has been counted as a call about the account."""
    account: Connection | None = request.META.get("PATCHBAY_ACCOUNT")
    return "PATCHBAY_ACCOUNT_PACE" in request.META and account is not None and account.pk == account_id


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
        permits.forget_standing()
        response = get_response(request)
        scope = getattr(request, "auth", None)
        if isinstance(scope, Scope) and "ratelimit-limit" not in response:
            counted = [scope.token_limit, request.META.get("PATCHBAY_ACCOUNT_PACE")]
            known = [one for one in counted if one is not None]
            write(response, limits_of(scope, known, request.META.get("PATCHBAY_ACCOUNT")))
        return response

    return handle
