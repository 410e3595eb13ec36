"""One request or one TLS handshake, by the standard library, with every failure told apart in words.

No redirects are followed and no proxy of the environment is used: the doctor wants to see what is there.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import certifi

SECONDS: Final = 6.0
MOST_BYTES: Final = 200_000
# OpenSSL's numbers for what is wrong with a certificate.
_EXPIRED, _NOT_YET, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64


class NoAnswer(Exception):
    """Nothing there, or nothing that speaks HTTP."""


class BadCertificate(Exception):
    """A server that does not prove to be who it should; the text says why."""


@dataclass(frozen=True)
class Answer:
    """An answer, its body cut."""

    status: int
    headers: HTTPMessage
    body: bytes


def trust(ca_file: str = "") -> ssl.SSLContext:
    """Whom to believe: one file's signers alone, or the system's (SSL_CERT_FILE counts) and the public ones."""
    if ca_file:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def port_of(parts: SplitResult) -> int:
    """The port of an address."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def get(
    url: str,
    *,
    host: str = "",
    context: ssl.SSLContext | None = None,
    agent: str = "Patchbay doctor",
    seconds: float = SECONDS,
    more: Mapping[str, str] | None = None,
) -> Answer:
    """GET an address, under another Host where one is named, with more headers where there are any.

    Raises:
        NoAnswer: the text says why.
        BadCertificate: the same.
    """
    parts = urlsplit(url)
    name, port = parts.hostname or "", port_of(parts)
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(name, port, timeout=seconds, context=context or trust())
    else:
        connection = HTTPConnection(name, port, timeout=seconds)
    headers = {"Host": host or parts.netloc, "User-Agent": agent, "Accept": "*/*", "Connection": "close"}
    headers |= more or {}
    try:
        connection.request(
            "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers
        )
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read(MOST_BYTES))
    except ssl.SSLCertVerificationError as error:
        raise BadCertificate(_why(error, name)) from None
    except (OSError, HTTPException) as error:
        raise NoAnswer(reason(error)) from None
    finally:
        connection.close()


def certificate(host: str, port: int, context: ssl.SSLContext) -> datetime:
    """Shake hands as any client would; when the certificate ends.

    Raises:
        NoAnswer: no connection, or no TLS there.
        BadCertificate: not to be believed.
    """
    try:
        with (
            socket.create_connection((host, port), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            shown: Any = secured.getpeercert()  # Any: a dict of OpenSSL's own shape
    except ssl.SSLCertVerificationError as error:
        raise BadCertificate(_why(error, host)) from None
    except OSError as error:
        raise NoAnswer(reason(error)) from None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)


def reason(error: BaseException) -> str:
    """An error of the network in a few words."""
    if isinstance(error, socket.gaierror):
        return "the name is not known to the name servers"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, ssl.SSLError):
        return f"it does not speak TLS as it should ({(error.reason or 'handshake failed').lower().replace('_', ' ')})"
    if isinstance(error, HTTPException):
        return "it does not speak HTTP"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def _why(error: ssl.SSLCertVerificationError, host: str) -> str:
    number = error.verify_code
    if number == _EXPIRED:
        return "its certificate has expired"
    if number == _NOT_YET:
        return "its certificate is not valid yet"
    if number in {_OTHER_NAME, _OTHER_ADDRESS}:
        return f"its certificate is for another name than {host}"
    return f"its certificate is not signed by anybody who is trusted here ({error.verify_message})"
