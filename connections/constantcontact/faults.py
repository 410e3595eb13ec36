"""What an error body says, in whichever of the provider's shapes it comes.

An array of faults from the services, one object for refusals by token and rate, the gateway's `message`, and
the authorization server's own two. Anything else, HTML included, says nothing; the status then speaks alone.
"""

import json
import re
from dataclasses import dataclass

from connections.constantcontact import redaction

_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,120}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error body says, whichever of the provider's shapes it has."""

    error_key: str | None
    message: str


def read_fault(content: bytes) -> Fault:
    """Array, object, gateway's and authorization server's shapes; anything else says nothing."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return Fault(None, "")
    entries = [
        entry for entry in (document if isinstance(document, list) else [document]) if isinstance(entry, dict)
    ]
    keys = [_first_text(entry, "error_key", "error", "errorCode") for entry in entries]
    texts = [
        _first_text(entry, "error_message", "error_description", "errorSummary", "message")
        for entry in entries
    ]
    key = next((key for key in keys if _KEY.fullmatch(key) and redaction.scrub(key) == key), None)
    return Fault(key, "; ".join(text for text in texts if text))


def _first_text(entry: dict[str, object], *names: str) -> str:
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
