"""How a receiver verifies what it gets, as programs to copy. The guide shows them; a test runs the Python one."""

from typing import Final

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
