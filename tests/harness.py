"""A whole Patchbay, as `manage.py up` starts it: services, simulator, web server, worker and beat.

    with open_folder() as folder, Patchbay(folder / "data", "--no-demo") as patchbay:
        httpx.get(patchbay.ready["url"])

Owns starting and ending one, and looking at it from outside: its ready file, its processes, its database as the
operators' role, its simulator. Promises: it sees nothing of the services that the tests themselves stand on, and
`stop` fails where a process of the run is left.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg
from psycopg.rows import dict_row

from config.embedded.processes import descendants, is_running
from config.env import Env
from tests.live import Live
from tests.world import Simulator

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "postgres": "/postgres -D",
    "valkey": "valkey-server",
    "simulator": "-m connections.simulator",
    "web": "-m config.web",
    "worker": "config.celery worker",
    "beat": "config.celery beat",
}
Found = TypeVar("Found")


class Patchbay:
    """One run of `manage.py up` on a data folder, on a port of its own."""

    def __init__(
        self,
        data: Path,
        *options: str,
        settings: Mapping[str, str] | None = None,
        live: Live | None = None,
        port: int = 0,
    ) -> None:
        """`settings` are environment variables of the run; `live` is what its live environment speaks to.

        A `port` is chosen where the address has to be known before: passkeys belong to a name, not to 127.0.0.1.
        """
        self.port = port
        self.data, self.options, self.live = data, options, live
        self.settings = {**clean_environment(), **(live.settings if live else {}), **(settings or {})}
        self.ready: dict[str, Any] = {}
        self.seconds_to_ready = 0.0
        self._ready_file = data.with_name(f"{data.name}-ready.json")
        self._output = data.with_name(f"{data.name}-output.txt")
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: set[int] = set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    @property
    def pid(self) -> int:
        """The process number of `manage.py up` itself."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def output(self) -> str:
        """What it said on the terminal so far."""
        return self._output.read_text()

    def spawn(self) -> Self:
        """Start it, without waiting."""
        self._ready_file.unlink(missing_ok=True)
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--data", str(self.data), *self.options]
        command += ["--port", str(self.port), "--ready-file", str(self._ready_file)]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def start(self, seconds: float = 180.0) -> Self:
        """Start it and wait for its ready file."""
        began = time.monotonic()
        self.spawn()
        with self._stopped_on_trouble():
            until(lambda: self._ready_file.exists() or not self.is_running(), seconds, "the ready file")
            assert self._ready_file.exists(), f"it ended before it was up:\n{self.output}"
        self.seconds_to_ready = time.monotonic() - began
        self.ready = json.loads(self._ready_file.read_text())
        if self.live:
            self.live.register(self.redirect_uri("live"))
        self.tree()
        return self

    @contextlib.contextmanager
    def _stopped_on_trouble(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with contextlib.suppress(AssertionError):
                self.stop()
            raise

    def is_running(self) -> bool:
        """Whether `manage.py up` itself still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def environment(self) -> dict[str, str]:
        """The settings that the run wrote down for later commands."""
        written: dict[str, str] = json.loads((self.data / "environment.json").read_text())
        return written

    def redirect_uri(self, kind: str) -> str:
        """What the deployment's application of this kind must be registered with."""
        with self.operator() as database:
            row = database.execute(
                "SELECT id FROM connections_providerapp WHERE tenant_id IS NULL AND kind = %s", [kind]
            ).fetchone()
        assert row, f"the run has no {kind} application"
        return f"{self.ready['url']}/oauth/callback/{row['id']}/"

    @property
    def simulator(self) -> Simulator:
        """The run's simulator, and its journal: the truth of what reached the provider."""
        return Simulator(self.environment["SIMULATOR_URL"])

    @contextlib.contextmanager
    def operator(self) -> Iterator["psycopg.Connection[dict[str, Any]]"]:
        """Its database, across all workspaces; every statement is its own transaction."""
        url = self.environment["DATABASE_OPERATOR_URL"]
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
            yield connection

    def manage(
        self, *arguments: str, seconds: float = 120.0, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run another command on the same data folder, beside the run."""
        return self.command("--data", str(self.data), *arguments, seconds=seconds, **settings)

    def command(
        self, *arguments: str, seconds: float = 120.0, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command that is told nothing of the run but these settings."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env={**clean_environment(), **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def tree(self) -> list[int]:
        """Every process of the run, its own first."""
        found = [self.pid, *descendants(self.pid)]
        self._seen.update(found)
        return found

    def program(self, name: str) -> int:
        """The process number of one of PROGRAMS; it leads a process group of its own."""
        marked = [
            pid for pid in self.tree() if PROGRAMS[name] in command_line(pid) and os.getpgid(pid) == pid
        ]
        assert len(marked) == 1, f"{name}: {marked}"
        return marked[0]

    def kill_group(self, name: str) -> None:
        """`kill -9` a program with everything below it."""
        os.killpg(self.program(name), signal.SIGKILL)

    def stop(self, signum: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """End it with a signal; the exit status. Fails where a process of the run is left."""
        if self.is_running():
            self.tree()
            os.kill(self.pid, signum)
        return self.wait(seconds)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it ends by itself; the exit status. Fails where a process of the run is left."""
        assert self._process is not None, "not started"
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in reversed(self.tree()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(10)
            raise AssertionError(f"it did not end within {seconds:.0f} s:\n{self.output}") from None
        left = self.left()
        said = [f"{pid} {command_line(pid)}" for pid in left]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert not left, f"left behind: {said}"
        return status

    def left(self) -> list[int]:
        """Processes of the run that are there though it has ended, wherever they hang now."""
        ours = [
            int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _names(int(entry.name), self.data)
        ]
        # A number may have gone to a stranger meanwhile; ours stay in groups that ours lead.
        seen = [pid for pid in self._seen if _group(pid) in self._seen]
        return sorted(pid for pid in {*ours, *seen} if is_running(pid))


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that is gone at the end. Unlike pytest's own, root's database account can pass through it."""
    with tempfile.TemporaryDirectory(prefix="patchbay-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of Patchbay, or of the test that runs: they have their own."""
    ours = {*Env.model_fields, *(f"{name}_FILE" for name in Env.model_fields)}
    ours |= {"DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def command_line(pid: int) -> str:
    """A process's command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _names(pid: int, data: Path) -> bool:
    """Whether a process was started for a data folder: by its command line, or by its environment."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # another account's
        environment = []
    return f"{data}/" in command_line(pid) or f"PATCHBAY_DATA={data}".encode() in environment


def until(look: Callable[[], Found | None], seconds: float, what: str, pause: float = 0.05) -> Found:
    """Look until there is something to see; what was seen."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < ends, f"not within {seconds:.0f} s: {what}"
        time.sleep(pause)
    return found
