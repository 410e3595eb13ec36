"""The programs of ours that `manage.py up` runs: how each is started, and how it shows that it is ready.

Everything listens on 127.0.0.1 only. A dead worker or beat costs delay and is started again; without the web
server or the simulator a run is worth nothing and ends.
"""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded import processes
from config.supervisor import Spec

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
WORKER_SETTINGS = {
    # As root Celery warns of what pickle could do; we send no content at all.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    # `ensure_defaults` has just run Django's checks, on the same settings.
    "CELERY_SKIP_CHECKS": "1",
}
WORKER_NAME = f"patchbay@{socket.gethostname()}"


@dataclass(frozen=True)
class Programs:
    """The programs of one run, which share an environment and a folder for logs."""

    environment: Mapping[str, str]
    data: Path

    def log(self, name: str) -> Path:
        """Return the log file of a program."""
        return self.data / "logs" / f"{name}.log"

    def manage(self, *arguments: str) -> list[str]:
        """Return the command line of a management command."""
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def simulator(self, port: int) -> Spec:
        """The stand-in for the provider; it replays its journal, so accounts and tokens outlive a run."""
        folder = self.data / "simulator"
        folder.mkdir(mode=0o700, exist_ok=True)
        argv = [
            "-m",
            "connections.simulator",
            "--port",
            str(port),
            "--journal",
            str(folder / "journal.jsonl"),
        ]
        return Spec(
            "Simulator", self._python("simulator", argv), lambda: answers(port), self.log("simulator")
        )

    def web(self, port: int) -> Spec:
        """The web server: two processes of 16 threads each, since a page may wait for the provider."""
        # https://github.com/emmett-framework/granian (its --help lists the options)
        argv = [
            "-m",
            "config.web",
            "--interface",
            "wsgi",
            "config.wsgi:application",
            "--host",
            HOST,
            "--port",
            str(port),
        ]
        argv += ["--workers", "2", "--blocking-threads", "16", "--no-ws", "--respawn-failed-workers"]
        argv += ["--workers-kill-timeout", "3"]
        return Spec(
            "Web server", self._python("web", argv), lambda: answers(port, "/healthz"), self.log("web")
        )

    def worker(self, broker_url: str | None) -> Spec:
        """The Celery worker; without a broker that answers it is only started, and goes on trying."""
        argv = [
            "-m",
            "celery",
            "-A",
            "config.celery",
            "worker",
            "--hostname",
            WORKER_NAME,
            "--concurrency",
            "2",
        ]
        argv += ["--prefetch-multiplier", "1", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        return Spec(
            "Celery worker",
            self._python("worker", argv, WORKER_SETTINGS),
            (lambda: worker_answers(broker_url)) if broker_url else (lambda: True),
            self.log("worker"),
            restart=True,
        )

    def beat(self) -> Spec:
        """Celery's clock."""
        argv = ["-m", "celery", "-A", "config.celery", "beat", "--loglevel", "INFO"]
        argv += ["--schedule", str(self.data / "celerybeat-schedule")]
        return Spec("Celery beat", self._python("beat", argv), alive_for(1.0), self.log("beat"), restart=True)

    def _python(
        self, name: str, argv: list[str], extra: Mapping[str, str] | None = None
    ) -> Callable[[], subprocess.Popen[bytes]]:
        return lambda: processes.spawn(
            [sys.executable, "-u", *argv],
            log=self.log(name),
            env={**self.environment, **(extra or {})},
            cwd=ROOT,
            death_signal=signal.SIGTERM,
        )


def answers(port: int, path: str = "/") -> bool:
    """Tell whether something on the port speaks HTTP and has no fault of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers(broker_url: str) -> bool:
    """Ping our worker through the broker, as Celery's own `inspect ping` does."""
    from celery import Celery
    from kombu.exceptions import KombuError

    try:
        with Celery(broker=broker_url, set_as_current=False) as app:
            return bool(app.control.ping(destination=[WORKER_NAME], timeout=1.0))
    except (KombuError, OSError):
        return False


def broker_answers(url: str) -> bool:
    """Tell whether a broker of any kind that Celery can use takes a connection."""
    from kombu import Connection
    from kombu.exceptions import KombuError

    try:
        with Connection(
            url, connect_timeout=3, transport_options={"socket_connect_timeout": 3}
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=4)
    except (KombuError, OSError, KeyError, ValueError, ImportError):
        return False
    return True


def alive_for(seconds: float) -> Callable[[], bool]:
    """Make a readiness check for what has no door to knock at: it has not died for a while."""
    began: list[float] = []

    def is_ready() -> bool:
        began.append(time.monotonic())
        return began[-1] - began[0] >= seconds

    return is_ready
