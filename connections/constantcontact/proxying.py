"""Which headers pass the proxy's door, in and out.

Dropped both ways: hop-by-hop headers (also those that Connection names), everything about who is asking, and
what would let one side set rules for the other's browser or network.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import httpx

from connections.constantcontact.paths import UnsafePath

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "content-length",
    }
    | {"http2-settings"}
)
_OUTGOING: Final = _HOP_BY_HOP | frozenset(
    {"host", "authorization", "cookie", "cookie2", "x-api-key", "user-agent", "origin", "referer"}
    | {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "max-forwards"}
    | {"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"}
    | {"accept-encoding", "expect"}
)
_INCOMING: Final = _HOP_BY_HOP | frozenset(
    {
        "set-cookie",
        "set-cookie2",
        "authorization",
        "www-authenticate",
        "authentication-info",
        "via",
        "alt-svc",
    }
    | {"strict-transport-security", "public-key-pins", "clear-site-data", "nel", "report-to"}
    | {"reporting-endpoints", "refresh", "service-worker-allowed"}
)
_OUTGOING_PREFIXES: Final = ("x-forwarded-", "proxy-", "sec-")
_INCOMING_PREFIXES: Final = ("access-control-", "proxy-", "content-security-policy", "cross-origin-")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def outgoing(headers: Mapping[str, str], *, plain: bool = False) -> httpx.Headers:
    """The caller's headers that may go to the provider; UnsafePath for one that could break the framing."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise UnsafePath("A header's name or value holds signs that are not allowed.")
    named = _named_by_connection(value for name, value in headers.items() if name.lower() == "connection")
    kept = {
        name: value
        for name, value in headers.items()
        if not _is_dropped(name.lower(), _OUTGOING | named, _OUTGOING_PREFIXES)
    }
    # A body that is passed on while it arrives is asked for unpacked, so that its bytes are the caller's
    # bytes.
    if plain:
        kept["Accept-Encoding"] = "identity"
    # A sign of a header is a byte, whatever it means.
    return httpx.Headers(kept, encoding="latin-1")


def incoming(headers: httpx.Headers, *, is_unread: bool = False) -> httpx.Headers:
    """The provider's headers that may go to the caller.

    Args:
        is_unread: the body is passed on as it comes, so that its length is the provider's; with it the caller knows
            the end with the last byte, and a body that is cut.
    """
    named = _named_by_connection(headers.get_list("connection"))
    found = httpx.Headers(
        [
            (name, value)
            for name, value in headers.multi_items()
            if not _is_dropped(name, _INCOMING | named, _INCOMING_PREFIXES)
        ]
    )
    lengths = headers.get_list("content-length")
    if is_unread and len(lengths) == 1 and "transfer-encoding" not in headers:
        found["content-length"] = lengths[0]
    return found


def _named_by_connection(values: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def _is_dropped(name: str, names: frozenset[str], prefixes: tuple[str, ...]) -> bool:
    return name in names or name.startswith(prefixes)
