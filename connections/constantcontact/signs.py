"""Texts as everything behind this room can keep and show them.

JSON can say a NUL, and one half of a pair of surrogates: no database keeps either, and nothing shows half a sign. What
is sent back to the provider goes as it came.
"""

import json
import re
from typing import Final

_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")


def fit(text: str) -> str:
    """Without a NUL, and never blank by that; a half alone is the sign for an unknown one, two halves are theirs."""
    if _UNFIT.search(text) is None:
        return text
    return (
        text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")
        or "\ufffd"
    )


def body_of(document: object) -> bytes:
    """A document as JSON in UTF-8; half a sign, which UTF-8 has not, as JSON says it."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")
