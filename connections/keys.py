"""API tokens: made once, shown once, kept as a digest, compared in constant time.

`pb_test_<12 characters>_<43 characters>`: the environment in words, a public part that finds the row, a secret
part of 256 bits. A plain digest is enough for a secret of that strength.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from connections import tenancy
from connections.constantcontact.redaction import Secret
from connections.models import ApiKey, Environment

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def create(environment: Environment, name: str) -> tuple[ApiKey, Secret]:
    """A new token of an environment; its text exists only in what is returned. Inside that environment's scope."""
    prefix = f"pb_{environment.kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(12))
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        tenant_id=environment.tenant_id,
        environment=environment,
        name=name,
        prefix=prefix,
        digest=_digest(token),
    )
    return key, Secret(token)


def find(token: str) -> ApiKey | None:
    """The key of a token that is right, not revoked and not expired; notes the use."""
    prefix = "_".join(token.split("_", 3)[:3])
    if not token.startswith("pb_") or "\x00" in token:
        return None
    for tenant_id, environment_id, key_id in tenancy.find("find_api_key", prefix):
        with tenancy.acting_for(tenant_id, environment_id):
            key = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
            if key is None or not hmac.compare_digest(bytes(key.digest), _digest(token)):
                return None
            now = datetime.now(UTC)
            if key.expires_at is not None and key.expires_at <= now:
                return None
            # A minute's grain is enough for "last used" and spares a write on every call.
            if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
                ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
            return key
    return None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def revoke_named(name: str) -> None:
    """Take back the tokens of this name. Inside their environment's scope."""
    ApiKey.objects.filter(name=name, revoked_at=None).update(revoked_at=datetime.now(UTC))
