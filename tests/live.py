"""Live, in tests: a second simulator behind https, with a certificate authority of its own, as the real service is.

    with open_live(folder) as live, Patchbay(folder / "data", "--no-demo", live=live) as patchbay:
        live.simulator.journal()

Owns the authority, the server's certificate, a TLS proxy and the simulator behind it; all of it listens on
127.0.0.1 and ends with the block. Promises: the product is told nothing but the settings a real deployment has
(`settings`), and speaks to `url` over TLS that it must verify; only the tests look at the simulator directly.
"""

import asyncio
import contextlib
import io
import ipaddress
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr

from tests.world import Simulator

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
NAME = "live.provider.localhost"
CHUNK = 65_536


@dataclass
class Live:
    """The provider of the live environment."""

    url: str
    ca_file: Path
    simulator: Simulator
    client_id: str
    client_secret: str

    @property
    def settings(self) -> dict[str, str]:
        """What an operator would set, as environment variables."""
        oauth = f"{self.url}/oauth2/default/v1"
        return {
            "CONSTANT_CONTACT_CLIENT_ID": self.client_id,
            "CONSTANT_CONTACT_CLIENT_SECRET": self.client_secret,
            "CONSTANT_CONTACT_AUTHORIZE_URL": f"{oauth}/authorize",
            "CONSTANT_CONTACT_TOKEN_URL": f"{oauth}/token",
            "CONSTANT_CONTACT_REVOKE_URL": f"{oauth}/revoke",
            "CONSTANT_CONTACT_API_URL": self.url,
            "CONSTANT_CONTACT_CA_FILE": str(self.ca_file),
        }

    @property
    def trust(self) -> ssl.SSLContext:
        """For a person's browser, which trusts the same authority."""
        return ssl.create_default_context(cafile=self.ca_file)

    def register(self, redirect_uri: str) -> None:
        """Paste the redirect URI into the application, as its owner does at the provider."""
        self.simulator.ask(f"/_sim/apps/{self.client_id}", {"redirect_uris": [redirect_uri]}, "PUT")


@contextlib.contextmanager
def open_live(folder: Path) -> Iterator[Live]:
    """A provider for live; its files go into the folder, which exists."""
    certificates = Certificates(folder)
    with second_simulator() as plain, TlsProxy(plain, certificates.server_context()) as proxy:
        simulator = Simulator(plain)
        app = simulator.ask("/_sim/apps")[0]
        yield Live(proxy.url, certificates.ca_file, simulator, app["client_id"], app["client_secret"])


@contextlib.contextmanager
def second_simulator() -> Iterator[str]:
    """A simulator with data of its own; its plain origin."""
    command = [sys.executable, "-m", "connections.simulator", "--port", "0", "--activity-seconds", "0.2"]
    command += ["--seed", "live", "--contacts", "12"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Certificates:
    """An authority and one certificate that it signed, as files."""

    def __init__(self, folder: Path, name: str = "live") -> None:
        self.ca_file = folder / f"{name}-ca.pem"
        self._server_file = folder / f"{name}-server.pem"
        authority_key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(f"Patchbay tests, {name}")
        authority = _certificate(
            subject,
            subject,
            authority_key.public_key(),
            authority_key,
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage(signs_certificates=True), True),
        )
        self.ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address(HOST))]
        server = _certificate(
            _named(NAME),
            subject,
            key.public_key(),
            authority_key,
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.SubjectAlternativeName(names), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        )
        self._server_file.touch(mode=0o600)
        self._server_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + server.public_bytes(serialization.Encoding.PEM)
        )

    def server_context(self) -> ssl.SSLContext:
        """How the proxy shows itself."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._server_file)
        return context


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signed_by: ec.EllipticCurvePrivateKey,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signed_by, hashes.SHA256())


class TlsProxy:
    """Ends TLS on a port of its own and hands the bytes on; a thread that is gone when the block ends."""

    def __init__(self, target: str, context: ssl.SSLContext) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-proxy", daemon=True)
        self.url = ""

    def __enter__(self) -> "TlsProxy":
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.url = f"https://{HOST}:{port}"
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, HOST, 0, ssl=self._context)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            from_there, there = await asyncio.open_connection(*self._target)
            await asyncio.gather(_pipe(reader, there), _pipe(from_there, writer))
        except (OSError, asyncio.CancelledError):
            return  # whoever is left sees a closed connection, as behind any proxy
        finally:
            for one in (writer, there):
                if one is not None:
                    one.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.close()


def set_up(live: Live, settings_of: Any) -> Simulator:
    """Make it this process's live provider, fresh and registered, as an operator would."""
    from django.core.management import call_command

    from connections.links import linking
    from connections.models import ProviderApp

    live.simulator.ask("/_sim/reset", {})
    app = live.simulator.ask("/_sim/apps")[0]
    live.client_id, live.client_secret = app["client_id"], app["client_secret"]
    values: dict[str, Any] = dict(live.settings)
    values["CONSTANT_CONTACT_CLIENT_SECRET"] = SecretStr(live.client_secret)
    settings_of(**values)
    call_command("ensure_defaults", verbosity=0, stdout=io.StringIO())
    row = ProviderApp.objects.using("operator").get(tenant=None, kind="live")
    live.register(linking.redirect_uri(row))
    live.simulator.ask(f"/_sim/apps/{live.client_id}", {"per_second": 0}, "PUT")
    live.simulator.since = live.simulator.ask("/_sim/state")["journal_seq"]
    return live.simulator
