"""API tokens: made once, shown once, kept as a digest, compared in constant time, and good for what their scopes name.

`pb_test_<12 characters>_<43 characters>`: the environment in words, a public part that finds the row, a secret
part of 256 bits. A plain digest is enough for a secret of that strength.
"""

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings

from connections import tenancy
from connections.constantcontact.redaction import Secret
from connections.models import ApiKey, Environment, User
from connections.prepared import Prepared, Rows, Statement
from connections.programs import tokenlimit
from connections.programs.accounttokens import Claims
from connections.signals import token_changed

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
EVERYTHING: Final = "everything"
# What a token may be limited to. An endpoint names the one that it needs (`connections.api.contract.needs`).
SCOPES: Final[dict[str, str]] = {
    "accounts:read": "See linked accounts, and make tokens of one account",
    "accounts:write": "Change, pause and remove linked accounts, and bring some from elsewhere",
    "link:write": "Make links by which a customer connects an account",
    "tokens:read": "See which API tokens there are",
    "contacts:read": "See contacts, lists and tags",
    "contacts:write": "Change and delete contacts, lists and tags",
    "consent:write": "Record on what basis accounts may write to new people",
    "users:read": "See who the accounts' users are, and their roles",
    "jobs:read": "See jobs, their counts and their rows",
    "jobs:write": "Stop jobs, and try them again",
    "webhooks:read": "See webhooks, and what was sent to them",
    "webhooks:write": "Set up webhooks, change their secrets, and send events again",
    "logs:read": "See which calls were made to Patchbay",
    "partner": "Call Constant Contact's partner operations with a partner's key: open, change and cancel accounts",
    "proxy": "Call Constant Contact itself in an account's name: read, change and delete everything there",
}


@dataclass(frozen=True)
class Caller:
    """Whose call it is that a token came with, for "last used"."""

    address: str | None
    endpoint: str


def create(
    environment: Environment,
    name: str,
    *,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    user: User | None = None,
) -> tuple[ApiKey, Secret]:
    """A new token of an environment; its text exists only in what is returned. Inside that environment's scope.

    Raises:
        ValueError: a scope that is none, or no scope at all.
    """
    if not scopes or not set(scopes) <= {EVERYTHING, *SCOPES}:
        raise ValueError(f"{sorted(scopes)} are no scopes of a token")
    prefix = f"pb_{environment.kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(12))
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        tenant_id=environment.tenant_id,
        environment=environment,
        name=name,
        prefix=prefix,
        last_four=token[-4:],
        digest=_digest(token),
        scopes=[EVERYTHING] if EVERYTHING in scopes else sorted(scopes),
        expires_at=expires_at,
        created_by=user,
    )
    token_changed.send(sender=ApiKey, key=key, change="created")
    return key, Secret(token)


def rotate(key: ApiKey, overlap_days: int, user: User | None) -> tuple[ApiKey, Secret]:
    """A token in another's place; the other goes on for some days more, so that programs can change over.

    Inside the environment's scope. Expiry is kept as a length: a token made for 90 days is followed by one for 90 days.
    """
    now = datetime.now(UTC)
    lasts = key.expires_at - key.created_at if key.expires_at else None
    new, token = create(
        key.environment,
        key.name,
        scopes=key.scopes,
        expires_at=now + lasts if lasts else None,
        user=user,
    )
    ends = now + timedelta(days=overlap_days)
    if key.expires_at is None or ends < key.expires_at:
        ApiKey.objects.filter(pk=key.pk).update(expires_at=ends)
    return new, token


def locate(token: str) -> tuple[UUID, UUID, UUID] | None:
    """Workspace, environment and id of the key that has this token's public part; whether it is right says `read`."""
    prefix = "_".join(token.split("_", 3)[:3])
    if not token.startswith("pb_") or "\x00" in token:
        return None
    try:
        return _located(prefix)
    except LookupError:
        return None


@lru_cache(maxsize=10_000)
def _located(prefix: str) -> tuple[UUID, UUID, UUID]:
    """Never changes for a prefix, so it is asked once; that there is none is asked again."""
    for tenant_id, environment_id, key_id in tenancy.find("find_api_key", prefix):
        return tenant_id, environment_id, key_id
    raise LookupError(prefix)


# The database compares, so both sides are hashed once more with a number of this call alone: how long it takes to find
# them different tells nothing of the digest. A minute's grain is enough for "last used".
_ENTER: Final = (
    "UPDATE connections_apikey k SET "  # noqa: S608  # constants
    f"window_start = {tokenlimit.NOW}, window_calls = CASE WHEN k.window_start = {tokenlimit.NOW} "
    "THEN least(k.window_calls, %s) ELSE 0 END + 1{noting} "
    "FROM connections_environment e, connections_tenant t "
    "WHERE e.id = k.environment_id AND t.id = k.tenant_id AND k.id = %s AND {held} AND k.revoked_at IS NULL "
    "AND (k.expires_at IS NULL OR k.expires_at > %s) "
    "RETURNING k.id, e.kind, t.name, k.name, k.prefix, k.scopes::text, k.window_calls, "
    f"{tokenlimit.LEFT}, set_config('app.entered', 'yes', true)"
)
_OLD: Final = "CASE WHEN k.last_used_at > %s THEN k.{name} ELSE %s END"
_NOTING: Final = "".join(
    f", {name} = {_OLD.format(name=name)}" for name in ("last_used_at", "last_used_from", "last_used_for")
)
_BY_TEXT: Final = Prepared("key", _ENTER.format(noting=_NOTING, held="sha256(k.digest || %s) = %s"))
_BY_ACCOUNT: Final = Prepared(
    "key_of_account",
    _ENTER.format(noting="", held="EXISTS (SELECT FROM connections_connection c WHERE c.id = %s)"),
)


@dataclass(frozen=True)
class Entered:
    """A token that was good for one call more, and what it opens."""

    key_id: UUID
    tenant_id: UUID
    environment_id: UUID
    environment: str
    workspace_name: str
    name: str
    prefix: str
    scopes: frozenset[str]
    limit: tokenlimit.Limit


def enter(token: str, caller: Caller, *more: Statement) -> tuple[Entered | None, list[Rows]]:
    """Let a token in for one call, which is counted and noted as its use; None if it is wrong, revoked or expired.

    Args:
        more: what goes in the same message to the database, in the token's environment; it is answered, too. What only
            a good token may cause asks whether `app.entered` is set.

    Raises:
        tokenlimit.TooManyCalls: its calls of this window are used.
    """
    if (found := locate(token)) is None:
        return None, []
    tenant_id, environment_id, key_id = found
    now = datetime.now(UTC)
    minute_ago = now - timedelta(minutes=1)
    noted = (minute_ago, now, minute_ago, caller.address, minute_ago, caller.endpoint[:120])
    blind = secrets.token_bytes(16)
    blinded = hashlib.sha256(_digest(token) + blind).digest()
    values = [settings.ENV.API_TOKEN_CALLS_PER_WINDOW, *noted, key_id, blind, blinded, now]
    return _entered(tenant_id, environment_id, (_BY_TEXT, values), *more)


def enter_for(claims: Claims, now: datetime, *more: Statement) -> tuple[Entered | None, list[Rows]]:
    """The same for the API token that made a token of an account, if the account is still there. Raises as `enter`."""
    values = [settings.ENV.API_TOKEN_CALLS_PER_WINDOW, claims.key_id, claims.connection_id, now]
    return _entered(claims.tenant_id, claims.environment_id, (_BY_ACCOUNT, values), *more)


def _entered(
    tenant_id: UUID, environment_id: UUID, *statements: Statement
) -> tuple[Entered | None, list[Rows]]:
    rows, *found = tenancy.at_once(tenancy.Context(tenant_id, environment_id), *statements, lightly=True)
    if not rows:
        return None, []
    [(key_id, kind, workspace, name, prefix, scopes, calls, seconds, _)] = rows
    limit = tokenlimit.of_token(calls, seconds)
    entered = Entered(
        key_id,
        tenant_id,
        environment_id,
        kind,
        workspace,
        name,
        prefix,
        frozenset(json.loads(scopes)),
        limit,
    )
    return entered, found


def is_good(key: ApiKey, now: datetime) -> bool:
    """Neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def allows(scopes: Collection[str], needed: str) -> bool:
    """Whether a token with these scopes may do what needs this one."""
    return EVERYTHING in scopes or needed in scopes


def in_words(scopes: Collection[str]) -> str:
    """A token's scopes as a page says them."""
    if EVERYTHING in scopes:
        return "Everything the API can do"
    found = "; ".join(words[:1].lower() + words[1:] for name, words in SCOPES.items() if name in scopes)
    return found[:1].upper() + found[1:]


def revoke(key: ApiKey) -> None:
    """Take a token back, at once. Inside its environment's scope."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=datetime.now(UTC)):
        token_changed.send(sender=ApiKey, key=key, change="deleted")


def revoke_named(name: str) -> None:
    """Take back the tokens of this name. Inside their environment's scope."""
    for key in ApiKey.objects.filter(name=name, revoked_at=None):
        revoke(key)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
