"""The one way out to addresses that customers name: vetted, pinned, bounded.

Promises: https on the usual ports; a name is looked up once, every address it has must be public, and the connection
goes to one of these and no other, whatever the name says a moment later; no redirect is followed and no proxy of the
environment is asked; an exchange ends in time and within a few bytes, and nothing of the answer but its status is
kept. `EGRESS_ALLOW` names test servers, for which shape, port and address are not looked at.

    Refused    the address is none that we send to; nothing was sent
    NoAnswer   it is, and no answer came; the request may have arrived
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import httpcore
import httpx
from django.conf import settings

from syncjobs import publicaddresses
from syncjobs.publicaddresses import Refused, Target, is_public

LOOK_UP_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
# After the status nothing is waited for but a little politeness: who is cut off in the middle may count it as a fault.
REST_SECONDS: Final = 1.0
MOST_BYTES: Final = 65_536
MOST_ADDRESSES: Final = 4

__all__ = ["NoAnswer", "Refused", "Target", "look_up", "parse", "post"]

LookUp = Callable[[str, int], Sequence[str]]


class NoAnswer(Exception):
    """No answer came. `reason`: no_such_host, unreachable, not_trusted, too_slow, too_much or broken."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def parse(url: str) -> Target:
    """An address in its form; no name is looked up. Raises Refused."""
    return publicaddresses.parse(url, settings.ENV.egress_allowed)


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine's resolver gives them; none if it gives none in time."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(str(one[4][0]) for one in answers))

    # A resolver has no time limit of its own; one that hangs is left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(LOOK_UP_SECONDS)
    return [] if thread.is_alive() else found


def post(url: str, body: bytes, headers: dict[str, str], *, resolve: LookUp = look_up) -> int:
    """Send a body; the status of the answer. Outside every transaction.

    Args:
        url: where to, as a customer named it.
        body: at most some thousand bytes.
        headers: besides Host and Content-Length, which are ours.
        resolve: gives the addresses of a name.

    Raises:
        Refused: nothing was sent.
        NoAnswer: it may have arrived.
    """
    target = parse(url)
    addresses = _addresses(target, resolve)
    bounds = _Bounds(settings.ENV.EGRESS_SECONDS)
    trust = httpx.create_ssl_context() if target.scheme == "https" else None
    request = httpcore.Request(
        "POST",
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=list({"Host": target.authority, "Content-Length": str(len(body)), **headers}.items()),
        content=body,
    )
    try:
        with httpcore.ConnectionPool(
            ssl_context=trust, network_backend=_Pinned(addresses, bounds)
        ) as connections:
            answer = connections.handle_request(request)
            _read_the_rest(answer, bounds)
            return answer.status
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _explain(error) from error


def _addresses(target: Target, resolve: LookUp) -> list[str]:
    """Where the connection may go, in the resolver's order. Every address of the name must be public."""
    try:
        return [str(ipaddress.ip_address(target.host))]
    except ValueError:
        pass
    # The final dot keeps the resolver from trying the name below domains of this machine's own.
    name = target.host if target.is_allowed else f"{target.host}."
    found = list(resolve(name, target.port))
    if not found:
        raise NoAnswer("no_such_host", "The host's name has no address, or nobody told it in time.")
    if not target.is_allowed and not all(is_public(one) for one in found):
        raise Refused("must not lead to a private or reserved address")
    return found[:MOST_ADDRESSES]


class _Bounds:
    """How long one exchange may still take, and how much of it may still come in."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._left = MOST_BYTES

    def at_most(self, seconds: float | None) -> float:
        """The time for one wait. Raises httpcore.ReadTimeout once the whole is used."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange took too long as a whole")
        return left if seconds is None else min(left, seconds)

    def shorten(self, seconds: float) -> None:
        """Not longer than this from now on."""
        self._ends = min(self._ends, time.monotonic() + seconds)

    def count(self, data: bytes) -> bytes:
        """What came in. Raises _TooMuch."""
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuch("the answer is too long")
        return data


class _TooMuch(httpcore.ReadError):
    """More came in than is read."""


class _Pinned(httpcore.NetworkBackend):
    """Connects to the vetted addresses, whatever name the request has; TLS and Host keep the name."""

    def __init__(self, addresses: Sequence[str], bounds: _Bounds) -> None:
        self._addresses, self._bounds = addresses, bounds
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # Any: what setsockopt takes
    ) -> httpcore.NetworkStream:
        """A connection to the first that answers."""
        last: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._real.connect_tcp(address, port, self._bounds.at_most(CONNECT_SECONDS))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Bounded(stream, self._bounds)
        raise last


class _Bounded(httpcore.NetworkStream):
    """A connection whose every wait counts against the whole."""

    def __init__(self, stream: httpcore.NetworkStream, bounds: _Bounds) -> None:
        self._stream, self._bounds = stream, bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._bounds.count(self._stream.read(max_bytes, self._bounds.at_most(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._bounds.at_most(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait = self._bounds.at_most(CONNECT_SECONDS)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, wait), self._bounds)

    def get_extra_info(self, info: str) -> Any:  # Any: the interface's
        return self._stream.get_extra_info(info)


def _read_the_rest(answer: httpcore.Response, bounds: _Bounds) -> None:
    """Take the body in and drop it; the status is known, so whatever is wrong with it is no matter."""
    bounds.shorten(REST_SECONDS)
    try:
        for _ in answer.iter_stream():
            pass
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return
    finally:
        answer.close()


def _explain(error: Exception) -> NoAnswer:
    if isinstance(error, _TooMuch):
        return NoAnswer("too_much", "The answer's head is longer than is read.")
    if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
        return NoAnswer("not_trusted", "No trusted connection: look at the certificate and its name.")
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        return NoAnswer("unreachable", "No connection could be made.")
    if isinstance(error, httpcore.TimeoutException):
        return NoAnswer("too_slow", f"No answer within {settings.ENV.EGRESS_SECONDS:g} seconds.")
    return NoAnswer("broken", "The connection ended without an answer that can be read.")
