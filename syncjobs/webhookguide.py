"""What the guide of webhooks says of this deployment, and programs to copy; a test runs those in Python."""

import json
from typing import Any, Final

from django.conf import settings

from syncjobs import webhookevents, webhookreplay, webhooksending

PYTHON: Final = '''\
import base64, hashlib, hmac, json, time

def verified(secret, headers, body):
    """The event, if it is ours and young; `headers` by lower-case name, `body` as the bytes that came."""
    sent_at = headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > 300:
        raise ValueError("too old")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    ours = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(ours, one) for one in headers["webhook-signature"].split(" ")):
        raise ValueError("not signed by Patchbay")
    return json.loads(body)
'''

JAVASCRIPT: Final = """\
import { createHmac, timingSafeEqual } from "node:crypto";

// The event, if it is ours and young; `headers` by lower-case name, `body` as the Buffer that came.
export function verified(secret, headers, body) {
  const sentAt = headers["webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(sentAt)) > 300) throw new Error("too old");
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const hmac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${sentAt}.`).update(body);
  const ours = Buffer.from("v1," + hmac.digest("base64"));
  const same = (one) => one.length === ours.length && timingSafeEqual(Buffer.from(one), ours);
  if (!headers["webhook-signature"].split(" ").some(same)) throw new Error("not signed by Patchbay");
  return JSON.parse(body);
}
"""

TRUTO: Final = '''\
import hashlib, hmac

def verified(secret, headers, body):
    """Whether the body is ours; as programs do that come from Truto."""
    ours = "format=sha256,v=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(ours, headers["x-truto-signature"])
'''

SAMPLE: Final = {
    "id": "5f0c7f3e-0b8e-4b0a-9d1e-3f4c2a7b6d10",
    "event": "api_token:deleted",
    "event_type": "api_token:deleted",
    "payload": {"id": "0d9a1c52-7a3b-4a51-8a8e-51b0c7a4e9d2"},
    "environment_id": "b7f4d0a6-1c1f-4e0e-8a0c-2f6f3f3f9c11",
    "webhook_id": "c2a5e8d4-6f0b-4c39-9f5d-7e1b8a2d4f60",
    "created_at": "2026-01-31T09:30:00.123456+00:00",
}
WANTED: Final = {
    "target_url": "https://hooks.example.com/patchbay",
    "event_types": ["sync_job_run:completed", "integrated_account:authentication_error"],
}


def facts() -> dict[str, Any]:  # Any: what a template takes
    """Samples, limits and times, as they are here."""
    lengths = webhooksending.pauses()
    return {
        "commands": _commands(f"{settings.PUBLIC_URL}/api/webhook"),
        "body": json.dumps(SAMPLE, indent=2),
        "python": PYTHON,
        "javascript": JAVASCRIPT,
        "truto": TRUTO,
        "most": settings.ENV.WEBHOOKS_MOST,
        "never": ", ".join(sorted(webhookevents.NEVER)),
        "most_again": webhookreplay.MOST,
        "kept_days": webhooksending.KEPT_DAYS,
        "off_days": settings.ENV.WEBHOOK_OFF_DAYS,
        "tests": webhookevents.MOST_TESTS,
        "refusals": webhooksending.REFUSALS_BORNE + 1,
        "slow_seconds": f"{settings.ENV.WEBHOOK_SLOW_SECONDS:g}",
        "seconds": f"{settings.ENV.EGRESS_SECONDS:g}",
        "tries": len(lengths) + 1,
        "pauses": ", ".join(_lasting(one) for one in lengths),
    }


def _commands(address: str) -> str:
    send = 'curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"'
    return "\n".join(
        (
            "TOKEN=pb_test_...",
            f"{send} {address} \\\n  -d '{json.dumps(WANTED)}'",
            "WEBHOOK=...",
            f'{send} {address}/test -d "{{\\"id\\": \\"$WEBHOOK\\"}}"',
        )
    )


def _lasting(seconds: int) -> str:
    """A length of time as people say it."""
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}{'' if seconds == unit else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
