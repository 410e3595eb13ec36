"""The object that a vendor keeps with an account: what may be in it, and how a change is merged. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

MOST_BYTES: Final = 65_536
MOST_DEPTH: Final = 32
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Context = dict[str, Any]  # Any: what JSON holds


class NotKept(ValueError):
    """What cannot be a context; the text says what it must be."""


def checked(value: Context) -> Context:
    """The value, if it can be kept as it is.

    Raises:
        NotKept: it is too large or too deep, or holds what JSON or the database has no room for.
    """
    if _depth(value) > MOST_DEPTH:
        raise NotKept(f"an object of at most {MOST_DEPTH} levels")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError):
        raise NotKept("an object of JSON; NaN and Infinity are none") from None
    if _UNSTORABLE.search(text) or "\\u0000" in text:
        raise NotKept("without NUL characters and halves of surrogate pairs")
    if len(text.encode()) > MOST_BYTES:
        raise NotKept(f"at most {MOST_BYTES} bytes of JSON")
    return value


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Context:
    """A context after a JSON Merge Patch (RFC 7396): objects are merged at every depth, null removes.

    Raises:
        NotKept: what comes out is too large or too deep.
    """
    return checked(_merge(old, patch))


def _merge(old: object, patch: Mapping[str, Any]) -> Context:
    found = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            found[name] = _merge(found.get(name), value)
        else:
            found[name] = value
    return found


def _depth(value: object) -> int:
    """How deep; walked without recursion, since a program chooses the depth."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > MOST_DEPTH:
            break
        parts = one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        waiting += [(part, depth + 1) for part in parts]
    return deepest
