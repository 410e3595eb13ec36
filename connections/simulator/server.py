"""The simulator on a socket: a small HTTP/1.1 server of our own, one process, one thread.

Our own, because it must do what servers avoid (cut a body, drop an answer, stall), and because every answer
leaves in one write with TCP_NODELAY, so that no test waits for a delayed acknowledgement. Requests of one
connection are answered in order; heads and bodies are bounded.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from .app import Simulator
from .messages import Request, Response, json_response

MOST_HEAD = 64 * 1024
MOST_BODY = 64 * 1024 * 1024
_IDLE_SECONDS = 120
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class _Unreadable(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = json_response(status, {"message": message})


def parse_head(head: bytes) -> Request:
    """The request line and the headers; the body is still empty."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[0].isalpha() or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _Unreadable(400, "Bad Request")
    headers: dict[str, str] = {"": words[2]}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _Unreadable(400, "Bad Request")
        headers[name.lower()] = value.strip()
    path, _, query = words[1].partition("?")
    return Request(words[0].upper(), unquote(path, errors="replace"), query, headers)


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, handle: Callable[[Request], Response], open_connections: set["Connection"]) -> None:
        self._handle = handle
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._request: Request | None = None
        self._length = 0
        self._chunks: bytearray | None = None
        self._waiting = False
        self._idle: asyncio.TimerHandle | None = None

    # --- asyncio's side --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport
        self._open.add(self)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if self._idle is not None:
            self._idle.cancel()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._waiting:
            self._proceed()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _watch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.close)

    # --- reading ---------------------------------------------------------------------------------------

    def _proceed(self) -> None:
        """Answers every whole request in the buffer, in order."""
        try:
            while not self._waiting and self._transport is not None and self._take():
                pass
        except _Unreadable as problem:
            self._write(problem.response, keep=False)

    def _take(self) -> bool:
        if self._request is None and not self._take_head():
            return False
        request = self._request
        if request is None or not self._take_body(request):
            return False
        self._request = None
        self._watch()
        keep = request.headers.get("connection", "").lower() != "close" and request.headers[""] == "HTTP/1.1"
        self._answer(self._handle(request), keep, head_only=request.method == "HEAD")
        return True

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end > MOST_HEAD or (end < 0 and len(self._buffer) > MOST_HEAD):
            raise _Unreadable(431, "Request Header Fields Too Large")
        if end < 0:
            return False
        self._request = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        headers = self._request.headers
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise _Unreadable(400, "Bad Request")
        self._length = int(length)
        chunked = headers.get("transfer-encoding", "").lower()
        if chunked not in ("", "chunked"):
            raise _Unreadable(501, "Not Implemented")
        self._chunks = bytearray() if chunked else None
        if self._length > MOST_BODY:
            raise _Unreadable(413, "Payload Too Large")
        if headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _take_body(self, request: Request) -> bool:
        if self._chunks is not None:
            return self._take_chunks(request, self._chunks)
        if len(self._buffer) < self._length:
            return False
        request.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return True

    def _take_chunks(self, request: Request, chunks: bytearray) -> bool:
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return False
            try:
                size = int(bytes(self._buffer[:end]).split(b";")[0], 16)
            except ValueError:
                raise _Unreadable(400, "Bad Request") from None
            if size < 0 or len(chunks) + size > MOST_BODY:
                raise _Unreadable(413, "Payload Too Large")
            if len(self._buffer) < end + 2 + size + 2:
                return False
            chunks += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
            if size == 0:
                request.body = bytes(chunks)
                return True

    # --- writing ---------------------------------------------------------------------------------------

    def _answer(self, response: Response, keep: bool, *, head_only: bool) -> None:
        mishap = response.mishap
        if mishap is not None and mishap.delay_seconds > 0:
            self._waiting = True
            loop = asyncio.get_running_loop()
            loop.call_later(mishap.delay_seconds, self._answer_late, response, keep)
            return
        if mishap is not None and mishap.drop_response:
            if self._transport is not None:
                self._transport.abort()
            return
        self._write(response, keep=keep, head_only=head_only)

    def _answer_late(self, response: Response, keep: bool) -> None:
        self._waiting = False
        mishap = response.mishap
        if mishap is not None and mishap.drop_response:
            if self._transport is not None:
                self._transport.abort()
            return
        self._write(response, keep=keep)
        self._proceed()

    def _write(self, response: Response, *, keep: bool, head_only: bool = False) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        body = response.body
        lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        if response.status != 204:
            lines.append(f"Content-Length: {len(body)}")
        if not keep:
            lines.append("Connection: close")
        mishap = response.mishap
        if mishap is not None and mishap.stall is not None:
            # The length is promised, a part comes, and then nothing: the idle watch closes in the end.
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
            self._transport.write(head + body[: mishap.stall])
            self._waiting = True
            return
        cut = mishap.cut_body if mishap is not None else None
        if cut is not None:
            body, keep = body[:cut], False
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self._transport.write(head if head_only else head + body)
        if not keep:
            self._transport.close()


class PortTaken(Exception):
    """The port cannot be listened on; the message says why."""


async def serve(simulator: Simulator, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Listens until SIGTERM or SIGINT; `ready` gets the address."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    connections: set[Connection] = set()
    try:
        server = await loop.create_server(
            lambda: Connection(simulator.handle, connections), host, port, backlog=1024
        )
    except OSError as problem:
        raise PortTaken(f"cannot listen on {host}:{port}: {problem.strerror}") from None
    ready(f"http://{host}:{server.sockets[0].getsockname()[1]}")
    await ended.wait()
    server.close()
    for connection in list(connections):
        connection.close()
