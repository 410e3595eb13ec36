"""Where a link may send people back to: addresses that a workspace allows, never one that a request brings. Pure.

An allowed address has no query; one that is asked for may have, and is otherwise the same. https, or http to this
machine in test, where a developer tries things out.
"""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

LONGEST: Final = 400
INTEGRATION: Final = "constantcontact"
_OWN_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


class NotAnAddress(ValueError):
    """What people cannot be sent to; the text says why."""


def normal(address: str, environment: str) -> str:
    """An address in the spelling that is kept and compared: scheme, host, port and path.

    Raises:
        NotAnAddress: it is none, or not one of this environment's.
    """
    text = address.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NotAnAddress("is not an address") from None
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text or len(text) > LONGEST:
        raise NotAnAddress(f"has signs that no address has, or more than {LONGEST}")
    if parts.username is not None or parts.fragment or "#" in text:
        raise NotAnAddress("may have no user name and no fragment")
    host = (parts.hostname or "").lower()
    is_own = host in _OWN_MACHINE or host.endswith(".localhost")
    if not host or parts.scheme not in {"https", "http"}:
        raise NotAnAddress("must begin with https:// and a host")
    if parts.scheme == "http" and not (environment == "test" and is_own):
        raise NotAnAddress("must begin with https://; http is for this machine, in test")
    named = f"[{host}]" if ":" in host else host
    shown = "" if port in (None, 443 if parts.scheme == "https" else 80) else f":{port}"
    return urlunsplit((parts.scheme, f"{named}{shown}", parts.path or "/", "", ""))


def is_allowed(address: str, allowed: Collection[str], environment: str) -> bool:
    """Whether it is one of the allowed ones, whatever its query."""
    try:
        return normal(address, environment) in allowed
    except NotAnAddress:
        return False


def with_result(address: str, result: Mapping[str, str]) -> str:
    """The address with how the link ended in its query; what was there under these names is replaced."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in _NAMES]
    return urlunsplit(parts._replace(query=urlencode([*kept, *result.items()])))


_NAMES: Final = {"result", "integration", "integrated_account_id", "error", "error_type"}
