"""A throw-away PostgreSQL for the tests: fast, shared by every process that opens the same folder.

The first process in starts a keeper (this module, run as a program); the others adopt its server. The keeper
waits for a lock that every user holds in common, so when the last of them has ended, killed or not, it stops
the server and removes its files. Promises: however many processes open a folder at once, one server runs;
none is left behind.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.embedded import EmbeddedError, datafolder, processes, roles
from config.embedded.placement import place
from config.embedded.postgres import STOP_SIGNALS, SUPERUSER, Server

START_SECONDS = 60.0


@dataclass
class ThrowawayCluster:
    """An open throw-away server; keep it while it is needed, for the lock it holds keeps the server up."""

    folder: Path
    socket: Path
    secrets: dict[str, str]
    started_here: bool
    _lock: IO[str] = field(repr=False)

    def url(self, role: str, database: str) -> str:
        """Return the URL of a database for a role of `config.embedded.roles`, or for the superuser."""
        return roles.database_url(role, self.secrets[roles.PASSWORD_NAMES[role]], self.socket, database)

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the URL for what only a superuser may do."""
        return self.url(SUPERUSER, database)

    def owner_url(self, database: str) -> str:
        """Return the URL that migrates."""
        return self.url(roles.OWNER, database)

    def app_url(self, database: str) -> str:
        """Return the application's URL."""
        return self.url(roles.APP, database)

    def operator_url(self, database: str) -> str:
        """Return the operators' URL."""
        return self.url(roles.OPERATOR, database)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database of the owner's with its grants; a template must have no connection open."""
        roles.set_up_database(self.superuser_url(), name, self.superuser_url(name), template)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        roles.drop_database(self.superuser_url(), name)

    def close(self) -> None:
        """Let go; the last one to do so ends the server."""
        self._lock.close()


def open_cluster(folder: Path) -> ThrowawayCluster:
    """Start the folder's throw-away server, or adopt the one that another process started there."""
    folder = datafolder.prepare(folder)
    with datafolder.locked(folder / "start.lock", wait=True):
        users = datafolder.open_lock(folder / "users.lock")
        try:
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is clearing up
            started_here = not _has_keeper(folder)
            if started_here:
                _start_keeper(folder)
            socket = Path(json.loads((folder / "cluster.json").read_text())["socket"])
            return ThrowawayCluster(folder, socket, datafolder.load_secrets(folder), started_here, users)
        except BaseException:
            users.close()
            raise


def _has_keeper(folder: Path) -> bool:
    with datafolder.locked(folder / "keeper.lock", wait=False) as free:
        return not free


def _start_keeper(folder: Path) -> None:
    """Run this module; it returns once its child keeps a server that answers."""
    log = folder / "keeper.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-m", "config.embedded.throwaway", str(folder)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            start_new_session=True,
        )
    if done.returncode != 0:
        lines = processes.last_lines(log) + processes.last_lines(folder / "postgres.log")
        raise EmbeddedError("The tests' PostgreSQL did not start:\n" + "\n".join(lines))


def main(folder: Path) -> int:
    """Fork a keeper and report whether its server came up; the keeper then belongs to nobody but its lock."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return 0 if os.read(reader, 1) else 1
    os.close(reader)
    keep(folder, writer)
    return 0


def keep(folder: Path, writer: int) -> None:
    """Own the server from its start until no process uses it any more, then leave nothing of it."""
    # The keeper's lock goes first at the end: who waits for the users' lock must not take us for alive then.
    with (
        datafolder.open_lock(folder / "users.lock") as users,
        datafolder.locked(folder / "keeper.lock", wait=True),
    ):
        placement = place(folder)
        secrets = datafolder.load_secrets(folder)
        server = Server(
            placement, folder / "postgres.log", secrets[roles.PASSWORD_NAMES[SUPERUSER]], fast=True
        )
        server.prepare()
        process = server.spawn()
        try:
            _wait_until_ready(server, process)
            roles.set_up_roles(
                roles.database_url(SUPERUSER, server.password, placement.socket, "postgres"), secrets
            )
            datafolder.write_private_json(folder / "cluster.json", {"socket": str(placement.socket)})
            os.write(writer, b"+")
            os.close(writer)
            while process.poll() is None and not _is_unused(users):
                time.sleep(0.1)
        finally:
            _stop(process)
            for path in (placement.socket, placement.base):
                shutil.rmtree(path, ignore_errors=True)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedError("PostgreSQL did not become ready.")
        time.sleep(0.02)


def _is_unused(users: IO[str]) -> bool:
    """Take the users' lock for good if nobody shares it; whoever comes now waits until the files are gone."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    for signum in (*STOP_SIGNALS, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
