"""One PostgreSQL server of ours: made once, started, and told apart from one that only seems to run.

Promises: no TCP port; a Unix socket in a private folder and a generated superuser password; a half-made data
folder is never taken for a whole one; a server left by a killed supervisor is waited for or ended before the
next one starts; a data folder of another major version is refused with a plain message. Who calls holds the
data folder's lock.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.embedded import EmbeddedError, processes
from config.embedded.placement import Placement

SUPERUSER = "postgres"
PORT = 5432  # only the end of the socket's name
# SIGINT rolls transactions back and ends cleanly; SIGQUIT ends at once and recovers at the next start.
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
FAST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Server:
    """A server at its place; `fast` gives up safety against power loss, for the tests."""

    placement: Placement
    log: Path
    password: str
    fast: bool = False

    def prepare(self, pause: Callable[[], None] = lambda: time.sleep(0.05)) -> None:
        """Bring the data folder into a state in which `command` can be spawned."""
        data = self.placement.data
        if not data.exists():
            self._make_data_folder()
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(self.placement.major):
            raise EmbeddedError(
                f"The database in {data} was made by PostgreSQL {made_by} and this installation brings"
                f" {self.placement.major}: dump it with {made_by} and load it into a fresh --data folder."
            )
        end_leftover(data, pause)
        # PostgreSQL takes the number in here, too, for a living server's when it is a zombie's.
        (self.placement.socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the server's command line: postgres itself, since pg_ctl would leave our tree."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.placement.socket),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            **(FAST_OPTIONS if self.fast else {}),
        }
        argv = [str(self.placement.binaries / "postgres"), "-D", str(self.placement.data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        return argv

    def environment(self) -> dict[str, str]:
        """Return a plain environment: nobody's PGDATA, PGPORT or locale reaches the server."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the prepared server, without waiting for it."""
        return processes.spawn(
            self.command(),
            log=self.log,
            env=self.environment(),
            account=self.placement.account,
            death_signal=signal.SIGINT,
        )

    def is_ready(self) -> bool:
        """Tell whether the server takes connections.

        Raises:
            EmbeddedError: it runs, but was made with another password.
        """
        import psycopg  # installed by the time a server is started, but not when manage.py is first read

        try:
            psycopg.connect(
                host=str(self.placement.socket),
                port=PORT,
                user=SUPERUSER,
                password=self.password,
                dbname="postgres",
                connect_timeout=2,
            ).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"The secrets.json at hand does not fit the database in {self.placement.base};"
                    " put back the one it was made with, or start with another --data folder."
                ) from error
            return False
        return True

    def _make_data_folder(self) -> None:
        """Run initdb beside the final place, then rename: an interrupted run leaves nothing whole-looking."""
        account, base = self.placement.account, self.placement.base
        scratch = Path(tempfile.mkdtemp(dir=base, prefix=".initdb-"))
        try:
            password_file = scratch / "password"
            password_file.write_text(self.password)
            password_file.chmod(0o600)
            if not account.is_ours:
                for path in (password_file, scratch):
                    os.chown(path, account.uid, account.gid)
            self._initdb(scratch, password_file)
            (scratch / "data").rename(self.placement.data)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _initdb(self, scratch: Path, password_file: Path) -> None:
        # The builtin provider sorts the same on every system; it exists from version 17 on.
        provider = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.placement.major >= 17 else []
        )
        account = self.placement.account
        done = subprocess.run(
            [
                str(self.placement.binaries / "initdb"),
                f"--pgdata={scratch / 'data'}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                *provider,
                *(["--no-sync"] if self.fast else []),
            ],
            cwd=scratch,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            start_new_session=True,
            user=None if account.is_ours else account.uid,
            group=None if account.is_ours else account.gid,
            extra_groups=None if account.is_ours else [],
        )
        if done.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL's initdb failed in {self.placement.base}: {done.stdout.strip()[-600:]}"
            )


def end_leftover(data: Path, pause: Callable[[], None]) -> None:
    """See that no earlier server holds the data folder; the lock is ours, so one that runs is left over."""
    leader, rest = _leftover(data)
    for signum, seconds in ((None, 5.0), (signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        # Without their leader the others end by themselves; those that are stopped need the last signal.
        targets = [leader] if leader else rest if signum is signal.SIGKILL else []
        for pid in targets if signum else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum or 0)
                os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + seconds
        while (leader or rest) and time.monotonic() < deadline:
            pause()
            leader, rest = _leftover(data)
        if not leader and not rest:
            # PostgreSQL itself takes a zombie, or a stranger with the old number, for a living server.
            (data / "postmaster.pid").unlink(missing_ok=True)
            return
    raise EmbeddedError(f"PostgreSQL (process {leader or rest[0]}) holds {data} and does not end; stop it.")


def _leftover(data: Path) -> tuple[int | None, list[int]]:
    """Return the living server of a data folder and its other processes; each has the folder as its cwd."""
    try:
        recorded = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        recorded = 0
    if not Path("/proc/self/cwd").exists():
        return (recorded if recorded > 0 and processes.is_running(recorded) else None), []
    home = data.resolve()
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile, a zombie, or another account's
            program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if program == "postgres" and (entry / "cwd").readlink() == home:
                found.append(int(entry.name))
    return (recorded if recorded in found else None), [pid for pid in found if pid != recorded]
