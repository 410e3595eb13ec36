"""Processes that renew grants, to be killed: forked from one that has loaded everything, so that one costs little.

    with Refreshers() as refreshers, refreshers.one() as process:
        process.ask({"way": "ours", "connection": [tenant, environment, connection], "settings": {}})

A process takes one order at a time over a socket and answers one line; a killed one answers nothing.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tests.harness import ROOT

# A lock that others would let expire, here and at the provider's pace of a test.
TTL_SECONDS = 1
SETTLE_SECONDS = 0.3  # nothing here is longer on its way


class Killed(Exception):
    """The process is gone."""


class Process:
    """The tests' end of one of them."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._lines = door.makefile("r")
        self.pid: int = json.loads(self._lines.readline())

    def send(self, order: dict[str, Any]) -> None:
        try:
            self._door.sendall(json.dumps(order).encode() + b"\n")
        except OSError:
            raise Killed from None

    def answer(self) -> Any:
        try:
            line = self._lines.readline()
        except OSError:
            line = ""
        if not line:
            raise Killed
        return json.loads(line)

    def ask(self, order: dict[str, Any]) -> Any:
        self.send(order)
        return self.answer()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self._lines.close()
        self._door.close()


class Refreshers:
    """The process that has loaded everything, and those forked from it."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / "refreshers")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self._path)
        self._listening.listen(64)
        self._listening.settimeout(60)
        self._turn = threading.Lock()
        environment = {**os.environ, "QUOTA_WAIT_SECONDS": "20"}
        self._loaded = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.refreshers", self._path],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._loaded.stdin is not None
        self._loaded.stdin.close()
        self._loaded.wait(20)
        self._listening.close()

    def fork(self) -> Process:
        """A fresh one."""
        assert self._loaded.stdin is not None
        with self._turn:
            self._loaded.stdin.write(b"1\n")
            self._loaded.stdin.flush()
            door, _ = self._listening.accept()
        return Process(door)

    @contextlib.contextmanager
    def one(self) -> Iterator[Process]:
        process = self.fork()
        try:
            yield process
        finally:
            process.close()


# --- Inside them ---------------------------------------------------------------------------------------------


def main(path: str) -> None:
    """Load, then fork at each line."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from datetime import timedelta

    from connections import lifetimes

    lifetimes.SETTLE = timedelta(seconds=SETTLE_SECONDS)
    import connections.gateway  # noqa: F401  # loaded once, for all

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin.buffer:
        if os.fork() == 0:
            _serve(path)
            os._exit(0)


def _serve(path: str) -> None:
    door = socket.socket(socket.AF_UNIX)
    door.connect(path)
    door.sendall(f"{os.getpid()}\n".encode())
    from django.conf import settings

    for line in door.makefile("r"):
        order = json.loads(line)
        for name, value in order.get("settings", {}).items():
            setattr(settings.ENV, name, value)
        answer = _many(order) if "threads" in order else _one(order)
        door.sendall(json.dumps(answer).encode() + b"\n")


def _one(order: dict[str, Any]) -> dict[str, Any]:
    """Use the connection once; how that ended, and the version of its pair then."""
    from connections import tenancy
    from connections.models import Connection, ConnectionToken

    tenant_id, environment_id, connection_id = order["connection"]
    with tenancy.acting_for(tenant_id, environment_id):
        connection = Connection.objects.select_related("provider_app").get(pk=connection_id)
    error = ""
    try:
        _ours(connection) if order["way"] == "ours" else _by_a_lock_that_expires(connection)
    except Exception as trouble:  # whatever it is, the test judges it
        error = type(trouble).__name__
    with tenancy.acting_for(tenant_id, environment_id):
        version = ConnectionToken.objects.values_list("version", flat=True).get(pk=connection_id)
    return {"error": error, "version": version}


def _ours(connection: Any) -> None:
    from connections import gateway

    gateway.open_client(connection, "control").account.privileges()


def _by_a_lock_that_expires(connection: Any) -> None:
    """The control arm: a lock with a time to live, no look at the version, another try after any failure."""
    from datetime import UTC, datetime, timedelta

    from django.core.cache import cache

    from connections import gateway, tenancy, tokens, vault
    from connections.calllog import CallFor
    from connections.constantcontact import errors
    from connections.models import Connection, ConnectionToken

    call_for = CallFor(connection.tenant_id, connection.environment_id, "control", connection.pk)
    renewal = gateway._renewal(connection.provider_app, call_for)
    scope = (connection.tenant_id, connection.environment_id)

    def row() -> Any:
        with tenancy.acting_for(*scope):
            return ConnectionToken.objects.get(pk=connection.pk)

    def is_stale() -> bool:
        return row().expires_at - timedelta(seconds=600) <= datetime.now(UTC)

    while is_stale():
        if not cache.add(f"refresh {connection.pk}", "locked", timeout=TTL_SECONDS):
            time.sleep(0.05)
            continue
        try:
            if is_stale():
                now, seen = datetime.now(UTC), row()
                permit = renewal.admit()
                try:
                    grant = renewal.ask(vault.open_sealed(seen.refresh_sealed, tokens.place(seen, "refresh")))
                finally:
                    permit.close(delivered=True)
                with tenancy.acting_for(*scope):
                    tokens.store(connection, grant, now)
        except errors.InvalidGrant:
            with tenancy.acting_for(*scope):
                Connection.objects.filter(pk=connection.pk).update(status="needs_reauth")
            raise
        except errors.TokenError:
            time.sleep(0.1)
        finally:
            cache.delete(f"refresh {connection.pk}")


def _many(order: dict[str, Any]) -> list[str]:
    """So many threads use the connection at one moment; what went wrong."""
    from django.db import connections as databases

    from connections import gateway, tenancy
    from connections.models import Connection

    tenant_id, environment_id, connection_id = order["connection"]
    begun, failures = threading.Barrier(order["threads"]), []

    def use() -> None:
        try:
            with tenancy.acting_for(tenant_id, environment_id):
                connection = Connection.objects.select_related("provider_app").get(pk=connection_id)
            begun.wait(30)
            time.sleep(max(0.0, order["at"] - time.time()))
            gateway.open_client(connection, "control").account.privileges()
        except Exception as trouble:
            failures.append(f"{type(trouble).__name__}: {trouble}")
        finally:
            databases.close_all()

    threads = [threading.Thread(target=use) for _ in range(order["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failures


if __name__ == "__main__":
    main(sys.argv[1])
