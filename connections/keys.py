"""API tokens: made once, shown once, kept as a digest, compared in constant time, and good for what their scopes name.

`pb_test_<12 characters>_<43 characters>`: the environment in words, a public part that finds the row, a secret
part of 256 bits. A plain digest is enough for a secret of that strength.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from connections import tenancy
from connections.constantcontact.redaction import Secret
from connections.models import ApiKey, Environment, User
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
    "webhooks:read": "See webhooks",
    "webhooks:write": "Set up webhooks, and change their secrets",
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


def read(key_id: UUID, token: str, caller: Caller) -> ApiKey | None:
    """The key, with environment and workspace, if the token is right, not revoked and not expired; notes the use.

    Inside the key's environment.
    """
    key = ApiKey.objects.select_related("environment__tenant").filter(pk=key_id, revoked_at=None).first()
    if key is None or not hmac.compare_digest(bytes(key.digest), _digest(token)):
        return None
    now = datetime.now(UTC)
    if not is_good(key, now):
        return None
    # A minute's grain is enough for "last used" and spares a write on every call.
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=key.pk).update(
            last_used_at=now, last_used_from=caller.address, last_used_for=caller.endpoint[:120]
        )
    return key


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
