"""Which addresses below the provider's host may be asked for: the one gate for links, ids and the proxy.

Everything is judged before any decoding and by a list of allowed signs, so that no second reading by httpx, a
gateway or the provider can turn it into another address.
"""

import re
from typing import Final

ROOT: Final = "/v3/"
LONGEST: Final = 8192

_SEGMENT = re.compile(r"[A-Za-z0-9_.,~:-]+")
_QUERY = re.compile(r"(?:[A-Za-z0-9_.,~:;!$'()*/?@&=+\[\]|-]|%[0-9A-Fa-f]{2})*")
_WRITTEN = re.compile(r"[!-\"$-~]*")  # visible ASCII, no #
_CONTROL = re.compile(r"%(?:0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UnsafePath(ValueError):
    """An address that does not plainly lie below the provider's /v3/."""


def checked_path(path: str) -> str:
    """A bare path below /v3/, or UnsafePath."""
    if len(path) > LONGEST or not path.startswith(ROOT):
        raise UnsafePath("The path must start with /v3/ and be of sane length.")
    segments = path[1:].split("/")
    if not all(_SEGMENT.fullmatch(part) and part.strip(".") for part in segments):
        raise UnsafePath("The path holds an empty, dotted or unusual segment.")
    return path


def checked_query(query: str) -> str:
    """A query as a program wrote it, to be sent on unread: plain signs, so that it stays one. Or UnsafePath."""
    if len(query) > LONGEST or not _WRITTEN.fullmatch(query):
        raise UnsafePath("The query is too long or holds unusual signs; percent-encode them.")
    return query


def checked_href(href: object) -> str:
    """A path with an optional query below /v3/, as the provider's links have it, or UnsafePath."""
    if not isinstance(href, str):
        raise UnsafePath("The link is not a text.")
    path, mark, query = href.partition("?")
    checked_path(path)
    if len(href) > LONGEST or not _QUERY.fullmatch(query) or _CONTROL.search(query):
        raise UnsafePath("The link's query is too long or holds unusual signs.")
    return path + mark + query


def segment(identifier: str) -> str:
    """An id as one segment of a path."""
    if not _ID.fullmatch(identifier):
        raise UnsafePath("An id holds letters, digits, - and _ only.")
    return identifier
