"""A delivery as it goes over the wire: its body, byte for byte, and the headers that sign it. Pure.

Two signatures, for two kinds of receivers: `X-Truto-Signature`, HMAC-SHA256 of the body by the secret's text, and the
Standard Webhooks headers (https://www.standardwebhooks.com), over id, time and body by the bytes that the secret
stands for, once for each secret while one is being changed.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
# What a program that moves here looks for.
USER_AGENT: Final = "truto"


def new_secret() -> str:
    """A secret of 256 bits, as its owner keeps it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(
    *,
    event_id: UUID,
    event_type: str,
    payload: Mapping[str, Any],  # Any: JSON
    environment_id: UUID,
    webhook_id: UUID,
    created_at: datetime,
) -> bytes:
    """The body of an event for an endpoint, the same at every try."""
    content = {
        "id": str(event_id),
        "event": event_type,
        "event_type": event_type,
        "payload": payload,
        "environment_id": str(environment_id),
        "webhook_id": str(webhook_id),
        "created_at": created_at.isoformat(),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(event_id: UUID, body: bytes, signing: Sequence[str], sent_at: datetime) -> dict[str, str]:
    """The headers of one try.

    Args:
        event_id: the same at every try.
        body: as it is sent.
        signing: the secrets, the newest first; `X-Truto-Signature` is by that one.
        sent_at: when this try is made.
    """
    at = str(int(sent_at.timestamp()))
    signed = f"{event_id}.{at}.".encode() + body
    by_text = hmac.new(signing[0].encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Truto-Signature": f"format=sha256,v={by_text}",
        "webhook-id": str(event_id),
        "webhook-timestamp": at,
        "webhook-signature": " ".join(_standard(signed, one) for one in signing),
    }


def _standard(signed: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
