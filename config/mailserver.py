"""The mail server that EMAIL_URL names, and the sender that EMAIL_FROM names: read once, refused with a cure.

Knows no Django, so that settings can be checked before there are any.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Security = Literal["none", "starttls", "tls"]
PORTS: Final[dict[Security, int]] = {"none": 25, "starttls": 587, "tls": 465}
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
SENDER: Final = re.compile(rf'{_ADDRESS}|(?:"[^"\\\x00-\x1f]+"|[^"<>,@\\\x00-\x1f]+) <{_ADDRESS}>')
TIMEOUT_SECONDS: Final = 15.0
LONGEST_TIMEOUT: Final = 60.0
FORMS: Final = "smtps://user:password@host:465, smtp://user:password@host:587?tls=starttls or smtp://host:25"


@dataclass(frozen=True)
class MailServer:
    """Where messages are handed over, and how."""

    host: str
    port: int
    security: Security = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT_SECONDS


def parse(url: str) -> MailServer:
    """The server of an EMAIL_URL.

    Raises:
        ValueError: what is wrong and how to write it; never the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # its text may hold the password
        raise ValueError(f"EMAIL_URL names no host, or a port that is none: write {FORMS}") from None
    if parts.scheme not in {"smtp", "smtps"}:
        raise ValueError(f"EMAIL_URL begins with smtps:// or smtp://, such as {FORMS}")
    if not host or port == 0 or any(sign.isspace() or ord(sign) < 32 for sign in unquote(url)):
        raise ValueError(f"EMAIL_URL names no mail server: write {FORMS}")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError(
            "EMAIL_URL ends after the host and its options; percent-encode / ? # and @ in user and password"
        )
    security, timeout = _options(parts)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError(
            "EMAIL_URL names a user without a password, or the other way round: give both or none"
        )
    if password and security == "none" and host not in LOOPBACK:
        raise ValueError(
            "EMAIL_URL would send the password in the clear: write smtps://, or add ?tls=starttls"
        )
    return MailServer(host, port or PORTS[security], security, user, password, timeout)


def _options(parts: SplitResult) -> tuple[Security, float]:
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(
            "EMAIL_URL has options that are no name=value: use tls=starttls or timeout=15"
        ) from None
    given = dict(pairs)
    unknown = sorted(set(given) - {"tls", "timeout"})
    if unknown or len(given) != len(pairs):
        raise ValueError(
            "EMAIL_URL knows the options tls=starttls and timeout (seconds), each once, and no others"
        )
    if given.get("tls", "starttls") != "starttls":
        raise ValueError("EMAIL_URL knows tls=starttls only; for TLS from the first byte write smtps://")
    if parts.scheme == "smtps" and "tls" in given:
        raise ValueError(
            "EMAIL_URL asks for TLS twice: write smtps:// without tls=starttls, or smtp:// with it"
        )
    security: Security = "tls" if parts.scheme == "smtps" else "starttls" if "tls" in given else "none"
    return security, _seconds(given.get("timeout"))


def _seconds(text: str | None) -> float:
    try:
        seconds = TIMEOUT_SECONDS if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_TIMEOUT:  # also refuses nan
        raise ValueError(f"EMAIL_URL: timeout is a number of seconds, {LONGEST_TIMEOUT:.0f} at most")
    return seconds


def check_sender(text: str) -> None:
    """One address, with or without a name before it.

    Raises:
        ValueError: how to write it.
    """
    if not SENDER.fullmatch(text):
        raise ValueError("EMAIL_FROM is one address, such as `Patchbay <patchbay@example.com>`")
