"""What may enter the audit: who acted, from where, and values that hold no secret. Pure but for reading a request.

Promises: a value under the name of a secret is masked, as is a `Secret` and whatever looks like a token in a text;
what comes out is JSON of texts, whole numbers, truths, lists and objects only, so that its canonical form is the
same after a round through the database.
"""

import json
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from connections.constantcontact.redaction import MASK, Secret
from connections.models import User

LONGEST_TEXT: Final = 300
MOST_VALUES: Final = 50
MOST_DEPTH: Final = 4

_SECRET_NAME = re.compile(r"(?i)password|passphrase|secret|token|code|key|nonce|verifier|cookie")
_SECRET_TEXT = re.compile(
    r"(?i)\b(pb_(?:test|live)_[a-z0-9]+)_[\w-]{8,}|\beyJ[\w-]{8,}(?:\.[\w-]*)*|\b(?:bearer|basic)\s+\S+"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN_SEGMENT = re.compile(r"[a-z][a-z0-9_.-]{0,39}|[0-9]{1,12}")


def canonical(detail: object) -> str:
    """The one spelling of a detail that its digest goes over."""
    return json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def acting(request: HttpRequest | None, user: User | None) -> dict[str, object]:
    """Who acts: the person, a program by its token's public part, nobody known, or Patchbay itself."""
    person = user or getattr(request, "user", None)
    if isinstance(person, User):
        return {
            "kind": "person",
            "id": str(person.pk),
            "email": _text(person.email),
            "name": _text(person.name),
        }
    if request is None:
        return {"kind": "patchbay"}
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.startswith("pb_"):
        return {"kind": "token", "prefix": _text("_".join(token.split("_", 3)[:3]))[:40]}
    return {"kind": "nobody"}


def address(request: HttpRequest | None) -> str:
    """Where the request came from, as the outermost trusted proxy saw it."""
    return _text(request.META.get("REMOTE_ADDR", ""))[:45] if request is not None else ""


def path(address: str) -> str:
    """The path of a request without what may be a key in it; ids stay."""
    parts = [part if _is_plain(part) else MASK for part in address[: LONGEST_TEXT * 4].split("/")]
    return "/".join(parts)[:LONGEST_TEXT]


def _is_plain(part: str) -> bool:
    if not part or _PLAIN_SEGMENT.fullmatch(part):
        return True
    try:
        UUID(part)
    except ValueError:
        return False
    return True


def clean(value: object, depth: int = 0) -> object:
    """The value as it may be kept."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth >= MOST_DEPTH:
        return MASK
    if isinstance(value, Mapping):
        return {
            _text(str(name))[:60]: MASK if _SECRET_NAME.search(str(name)) else clean(one, depth + 1)
            for name, one in list(value.items())[:MOST_VALUES]
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        return [clean(one, depth + 1) for one in items[:MOST_VALUES]]
    return _text(str(value))


def _text(value: str) -> str:
    """One line that the database takes, not too long, with tokens masked."""
    # Cut generously before masking, so that a huge text costs nothing, and a token is not cut in two.
    text = _UNSTORABLE.sub("\ufffd", value[: LONGEST_TEXT * 4])
    text = _SECRET_TEXT.sub(lambda found: f"{found[1]}_{MASK}" if found[1] else MASK, text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
