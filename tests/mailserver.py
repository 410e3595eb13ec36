"""A mail server on loopback that takes messages, or answers as a test tells it to.

    with MailServer() as server:
        server.answers["RCPT"] = "550 no such user"     # a verb, `HELLO` for the greeting, `END` for the end of DATA
        server.answers["END"] = CUT                     # hang up instead of answering
        server.messages[0]["To"]

Each connection is a thread; all end with the block.
"""

import contextlib
import socket
import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

CUT = ""
USUAL = {
    "HELLO": "220 ready",
    "EHLO": "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
    "HELO": "250 mail.test",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "END": "250 taken",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "Listener"

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._talk()

    def _talk(self) -> None:
        keeper = self.server.keeper
        keeper.connections += 1
        if not self._answer("HELLO"):
            return
        while line := self.rfile.readline():
            command = line.decode(errors="replace").strip()
            keeper.commands.append(command)
            verb = command.split(" ", 1)[0].split(":", 1)[0].upper()
            if not self._answer(verb) or verb == "QUIT":
                return
            if verb == "DATA" and self.server.keeper.answer("DATA").startswith("354"):
                content = self._content()
                if keeper.answer("END").startswith("250") or keeper.takes_before_it_cuts:
                    keeper.raw.append(content)
                if not self._answer("END"):
                    return

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _answer(self, verb: str) -> bool:
        reply = self.server.keeper.answer(verb)
        if reply == CUT:
            self.request.shutdown(socket.SHUT_RDWR)
            return False
        self.wfile.write(reply.encode() + b"\r\n")
        return not reply.startswith("421")


class Listener(socketserver.ThreadingTCPServer):
    """The port."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, keeper: "MailServer") -> None:
        self.keeper = keeper
        super().__init__(("127.0.0.1", 0), Session)


class MailServer:
    """What it answers, and what it was given."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.takes_before_it_cuts = False
        self.raw: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self._listener = Listener(self)
        self.port: int = self._listener.server_address[1]

    def answer(self, verb: str) -> str:
        """What to say to this verb."""
        return self.answers.get(verb, USUAL.get(verb, "502 unknown"))

    @property
    def url(self) -> str:
        """Its EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}?timeout=5"

    @property
    def messages(self) -> list[EmailMessage]:
        """What it has taken."""
        found: list[Any] = [message_from_bytes(one, policy=policy.default) for one in self.raw]
        return found

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
