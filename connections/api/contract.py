"""What every endpoint shares: the shape of a success, what a token must be allowed, the account that a call is about.

What is refused is a `Fault`, from `faults`.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema

from connections import scoping
from connections.api.faults import (
    AccountMissing,
    AccountTokenOnly,
    Fault,
    MissingScope,
    OtherAccount,
    refused,
)
from connections.links import partnering, pausing
from connections.models import Connection
from connections.programs import idempotency, keys, ratelimits

__all__ = [
    "Envelope",
    "Fault",
    "about_ignored",
    "account_of",
    "named_account",
    "named_id",
    "needs",
    "refused",
    "scope_of",
]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Envelope(Schema):
    """The one shape of every success; each endpoint names what its `result` is."""

    result: Any
    next_cursor: str | None = None
    prev_cursor: str | None = None
    result_count: int = 1
    is_partial_response: bool = False
    meta: dict[str, Any] = {}


# What a token of one account opens, under either prefix, and the provider's own links at our root.
_OF_ONE_ACCOUNT: Final = re.compile(
    r"/(?:v3/|(?:api|compat)/(?:(?:unified|proxy|custom)/|integrated-account/me$))"
)


def needs(*scopes: str) -> Callable[[Endpoint], Endpoint]:
    """What a token must be allowed for this endpoint; nothing means that every good token may call it.

    A test holds that each endpoint says so.
    """
    unknown = set(scopes) - set(keys.SCOPES)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are no scopes")

    def declared(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            scope_of_call = scope_of(request)
            if scope_of_call.account_id is not None and not _OF_ONE_ACCOUNT.match(request.path_info):
                raise AccountTokenOnly
            allowed = scope_of_call.token_scopes
            for scope in scopes:
                if not keys.allows(allowed, scope):
                    raise MissingScope(scope)
            if scope_of_call.account_id is not None:
                named_id(
                    request, None
                )  # before the key: another account's keys and answers are not this token's
            idempotency.enter(request, scope_of_call)
            return endpoint(request, *args, **kwargs)

        checked.needed_scopes = scopes  # type: ignore[attr-defined]  # read by the test
        return checked  # type: ignore[return-value]  # the same signature, by wraps

    return declared


def scope_of(request: HttpRequest) -> scoping.Scope:
    """The scope that the token opened."""
    scope = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    assert isinstance(scope, scoping.Scope)
    return scope


def about_ignored(request: HttpRequest, schema: type[Schema]) -> dict[str, Any]:
    """For `meta`: the fields of the body that this endpoint has no use for, so that none is passed over in silence."""
    names = json.loads(request.body)
    ignored = sorted(set(names) - set(schema.model_fields)) if isinstance(names, dict) else []
    return {"ignored_fields": [name[:100] for name in ignored[:20]]} if ignored else {}


def account_of(request: HttpRequest, named: UUID | None) -> Connection:
    """The linked account that a call works on: once a request it counts as a call about it.

    Raises:
        AccountMissing, OtherAccount, Http404: as `named_account`.
        tokenlimit.TooManyCalls: the calls about it in this window are used.
        MissingScope: it is of a partner's key, and the token was not made for that.
        pausing.Paused: it is paused.
    """
    wanted = named_id(request, named)
    is_counted = not ratelimits.is_counted(request, wanted)
    account, pace = scoping.account(scope_of(request), wanted, is_counted=is_counted)
    ratelimits.about(request, account, pace)
    partnering.require(scope_of(request), account)
    pausing.require_running(account)
    return account


def named_account(request: HttpRequest, named: UUID | None) -> Connection:
    """The linked account that a call is about; its limits go with the answer.

    Raises:
        AccountMissing, OtherAccount: as `named_id`.
        Http404: there is no such account in this environment.
    """
    account, _ = scoping.account(scope_of(request), named_id(request, named))
    ratelimits.about(request, account)
    return account


def named_id(request: HttpRequest, named: UUID | None) -> UUID:
    """The id of the linked account that a call is about, by its parameter, its header or its token.

    Raises:
        AccountMissing: none is named.
        OtherAccount: the token is of one account, and the call names another.
    """
    scope = scope_of(request)
    wanted: UUID | str | None = named or scoping.wanted(request) or scope.account_id
    if not wanted:
        raise AccountMissing
    try:
        wanted = UUID(str(wanted))
    except ValueError:
        raise AccountMissing from None
    if scope.account_id is not None and wanted != scope.account_id:
        raise OtherAccount
    return wanted
