"""Seals and opens secrets: AES-256-GCM, the row as associated data, a key ring that can be turned.

A sealed text is `v1.<key id>.<base64 of nonce and ciphertext>`. The row it belongs to is part of the seal, so a
text that is copied to another row, column or workspace does not open. The first key of the ring seals;
every key of it opens.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from connections.constantcontact.redaction import Secret

NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed text does not open: its key is gone from the ring, or it belongs to another row."""


@dataclass(frozen=True)
class Place:
    """The row and column that a secret belongs to."""

    tenant_id: UUID | None
    row_id: UUID
    column: str

    def bound_to(self, key_id: str) -> bytes:
        """Associated data of the seal."""
        return f"{self.tenant_id or 'deployment'}|{self.row_id}|{self.column}|{key_id}".encode()


@lru_cache(maxsize=4)
def parse_ring(text: str) -> dict[str, AESGCM]:
    """The key ring by key id, the sealing key first.

    Raises:
        ImproperlyConfigured: names the entry that is wrong, never its key.
    """
    ring: dict[str, AESGCM] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or "." in key_id or len(key) != 32:
            raise ImproperlyConfigured(
                f"SECRETS_KEYS: the entry {key_id or '(without id)'!r} is not `id:base64 of 32 bytes`"
            )
        ring[key_id] = AESGCM(key)
    if not ring:
        raise ImproperlyConfigured("SECRETS_KEYS is empty: it needs at least one `id:base64 of 32 bytes`")
    return ring


def _ring() -> dict[str, AESGCM]:
    return parse_ring(settings.ENV.SECRETS_KEYS.get_secret_value())


def seal(secret: Secret, place: Place) -> str:
    """The sealed text for this place, by the newest key. An empty secret stays an empty text."""
    if not secret:
        return ""
    key_id, cipher = next(iter(_ring().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, secret.reveal().encode(), place.bound_to(key_id))
    return f"v1.{key_id}.{base64.b64encode(nonce + sealed).decode()}"


def open_sealed(text: str, place: Place) -> Secret:
    """The secret, if the text was sealed for this place by a key of the ring.

    Raises:
        CannotOpen: names the key id and the cure.
    """
    if not text:
        return Secret("")
    version, key_id, encoded = [*text.split(".", 2), "", ""][:3]
    cipher = _ring().get(key_id)
    if version != "v1" or cipher is None:
        raise CannotOpen(
            f"sealed by key {key_id!r}, which is not in SECRETS_KEYS: put it back at the end of the list"
        )
    try:
        data = base64.b64decode(encoded, validate=True)
        plain = cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place.bound_to(key_id))
    except (InvalidTag, ValueError):  # ValueError: cut off, or no base64 any more
        raise CannotOpen("the sealed text does not belong to this row, or was changed") from None
    return Secret(plain.decode())


def is_current(text: str) -> bool:
    """Whether the newest key sealed it (or there is nothing to seal)."""
    return not text or text.split(".", 2)[1] == next(iter(_ring()))
