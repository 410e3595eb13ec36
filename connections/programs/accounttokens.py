"""Tokens of one linked account, for fifteen minutes: signed and not kept, and good for as long as the API token that
made them is. What they open is in `connections.api.contract`; they never open more than that API token does.

`pb_test_account_<139 characters>`: workspace, environment, account, API token and end, under our signature. Pure but
for the key that signs.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac

from connections.constantcontact.redaction import Secret

SECONDS: Final = 900
_KINDS: Final = ("pb_test_account_", "pb_live_account_")
_FIELDS: Final = struct.Struct(">16s16s16s16sq")
_MAC_BYTES: Final = 32


@dataclass(frozen=True)
class Claims:
    """What a token says."""

    tenant_id: UUID
    environment_id: UUID
    connection_id: UUID
    key_id: UUID
    expires_at: datetime


def make(environment: str, claims: Claims) -> Secret:
    """The token of these claims, in an environment of this kind."""
    ids = (claims.tenant_id, claims.environment_id, claims.connection_id, claims.key_id)
    data = _FIELDS.pack(*(one.bytes for one in ids), int(claims.expires_at.timestamp()))
    prefix = f"pb_{environment}_account_"
    return Secret(prefix + _text(data + _mac(prefix, data)))


def ends(now: datetime) -> datetime:
    """When a token that is made now ends."""
    return now + timedelta(seconds=SECONDS)


def is_one(text: str) -> bool:
    """Whether a text says that it is such a token."""
    return text.startswith(_KINDS)


def read(text: str, now: datetime) -> Claims | None:
    """The claims of a token that we have signed and that has not ended."""
    prefix = next((one for one in _KINDS if text.startswith(one)), "")
    encoded = text[len(prefix) :]
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if not prefix or len(raw) != _FIELDS.size + _MAC_BYTES or _text(raw) != encoded:
        return None  # the last letter has bits that say nothing: one spelling is the token's, and no other
    data, mac = raw[: _FIELDS.size], raw[_FIELDS.size :]
    if not hmac.compare_digest(mac, _mac(prefix, data)):
        return None
    *ids, ends_at = _FIELDS.unpack(data)
    tenant_id, environment_id, connection_id, key_id = (UUID(bytes=one) for one in ids)
    expires_at = datetime.fromtimestamp(ends_at, UTC)
    found = Claims(tenant_id, environment_id, connection_id, key_id, expires_at)
    return found if found.expires_at > now else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(prefix: str, data: bytes) -> bytes:
    return salted_hmac("connections.accounttokens", prefix.encode() + data, algorithm="sha256").digest()
