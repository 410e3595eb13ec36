"""A customer's server that webhooks are sent to: real HTTP on this machine, which does what a test tells it."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """Its body."""
        return json.loads(self.body)


class Receiver:
    """Answers 200 unless `answers` holds a status for the next request; `how` is how it answers.

    `how`: "plainly", "slowly" (after `pace` seconds), "never" (until the block ends), "hugely" (a body without end),
    "by drops" (a head without end, a byte at a time), "elsewhere" (a redirect to `elsewhere`), "nonsense" (none).
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        self.how = "plainly"
        self.pace = 1.0
        self.elsewhere = ""
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def place(self) -> str:
        """Host and port, as EGRESS_ALLOW names them."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.place}/hooks?of=patchbay"

    @property
    def events(self) -> list[str]:
        """What was heard, in order."""
        return [one.event["event"] for one in self.received]

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # its class has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(
                    Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                )
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.close_connection = True
                try:
                    getattr(self, f"answer_{receiver.how.replace(' ', '_')}")(status)
                except OSError:
                    return

            do_GET = do_POST

            def answer_plainly(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def answer_slowly(self, status: int) -> None:
                receiver.over.wait(receiver.pace)
                self.answer_plainly(status)

            def answer_never(self, status: int) -> None:
                receiver.over.wait(30)

            def answer_hugely(self, status: int) -> None:
                self.send_response(status)
                self.end_headers()
                while not receiver.over.is_set():
                    self.wfile.write(b"x" * 65_536)

            def answer_by_drops(self, status: int) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not receiver.over.wait(0.02):
                    self.wfile.write(b"x")
                    self.wfile.flush()

            def answer_with_a_long_head(self, status: int) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not receiver.over.is_set():
                    self.wfile.write(b"X-Long: " + b"x" * 8_000 + b"\r\n")

            def answer_elsewhere(self, status: int) -> None:
                self.send_response(302)
                self.send_header("Location", receiver.elsewhere)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def answer_nonsense(self, status: int) -> None:
                self.wfile.write(b"SSH-2.0-nothing\r\n")

            def log_message(self, *_: object) -> None:
                pass

        return Handler
