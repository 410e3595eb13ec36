"""What stands in front of a deployment: an authority of our own, and a proxy that can be set up wrongly.

    with Front(target, authority.context("localhost"), hsts=False) as front:
        front.url

Each front is a port on loopback with a thread of its own, gone when the block ends.
"""

import datetime
import ipaddress
import ssl
import threading
import time
from email.utils import formatdate
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


class Authority:
    """Signs certificates; `ca_file` is for those who should trust it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Patchbay tests, {name}")])
        itself = self._signed(self._subject, self._key, 365, x509.BasicConstraints(ca=True, path_length=0))
        self.ca_file = folder / f"{name}-ca.pem"
        self.ca_file.write_bytes(itself.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str, days: float = 90) -> ssl.SSLContext:
        """How a server for this host shows itself; its certificate ends in so many days, or ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        name: x509.GeneralName = x509.DNSName(host)
        if host[0].isdigit():
            name = x509.IPAddress(ipaddress.ip_address(host))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        shown = self._signed(subject, key, days, x509.SubjectAlternativeName([name]))
        path = self._folder / f"{self._name}-{host}-{days}.pem"
        path.touch(mode=0o600)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + shown.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: float, extension: x509.ExtensionType
    ) -> x509.Certificate:
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - datetime.timedelta(days=400))
            .not_valid_after(ends)
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self._key, hashes.SHA256())
        )


class Handler(BaseHTTPRequestHandler):
    """One request, handed on as the front is set up."""

    server: "Listener"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Hand it on, or answer in its place."""
        front = self.server.front
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if front.redirects_to:
            self._answer(301, {"Location": front.redirects_to + self.path}, b"")
        elif front.says is not None:
            self._answer(front.status, {"Content-Type": front.kind}, front.says)
        else:
            self._hand_on(front, body)

    do_POST = do_PUT = do_DELETE = do_GET

    def _hand_on(self, front: "Front", body: bytes) -> None:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() != "connection" and (front.underscores or "_" not in name)
        }
        if front.host:
            headers["Host"] = front.host
        callers = [*filter(None, [self.headers.get("X-Forwarded-For")]), *["192.0.2.7"] * front.hops]
        if callers:
            headers["X-Forwarded-For"] = ", ".join(callers)
        behind = HTTPConnection(HOST, front.target, timeout=20)
        try:
            behind.request(self.command, self.path, body=body or None, headers=headers)
            found = behind.getresponse()
            content = found.read()
            kept = {
                name: value
                for name, value in found.getheaders()
                if name.lower() not in {"transfer-encoding", "content-length", "connection", "date"}
                and (front.hsts or name.lower() != "strict-transport-security")
            }
            self._answer(found.status, kept, content)
        finally:
            behind.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.server.front.late_seconds, usegmt=True))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Listener(ThreadingHTTPServer):
    """The port."""

    daemon_threads = True

    def __init__(self, front: "Front") -> None:
        self.front = front
        super().__init__((HOST, 0), Handler)

    def get_request(self) -> tuple[ssl.SSLSocket, tuple[str, int]]:
        """Take a connection; the handshake is the thread's, so that nobody waits for a slow one."""
        plain, address = super().get_request()
        context = self.front.context
        if context is None:
            return plain, address
        return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that does not trust us hangs up; that is what is looked at."""


class Front:
    """A proxy; every attribute may be changed while it runs."""

    def __init__(
        self,
        target: int,
        context: ssl.SSLContext | None = None,
        *,
        hops: int = 1,
        hsts: bool = True,
        host: str = "",
        says: bytes | None = None,
        status: int = 200,
        kind: str = "text/html",
        redirects_to: str = "",
        underscores: bool = False,
    ) -> None:
        """`host` replaces what was asked for; `says` is answered in place of handing on."""
        self.underscores = underscores  # as a proxy that looks at no name
        self.target, self.context, self.hops, self.hsts, self.host = target, context, hops, hsts, host
        self.says, self.status, self.kind, self.redirects_to = says, status, kind, redirects_to
        self.late_seconds = 0.0
        self._listener = Listener(self)
        self.port: int = self._listener.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
