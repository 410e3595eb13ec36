"""A real deployment, as README's Production section makes one: for the doctor to look at.

Owns a database with roles made by README's own SQL, a broker, a web server behind a proxy that ends TLS, a worker and
beat, a mail server behind TLS, and a provider behind https; all in production settings, on loopback. Promises: every
process that it starts ends with it, and so do its database and its roles.
"""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from config.embedded import processes, roles, valkey
from tests import plugin
from tests.config.front import Authority, Front
from tests.harness import ROOT, clean_environment, until
from tests.live import TlsProxy, second_simulator
from tests.mailserver import MailServer
from tests.world import Simulator

NAME = "localhost"
PASSWORD = "a-password-of-the-tests"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Deployment:
    """One; `environment` is what all its processes share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"doctor_{os.getpid()}"
        self.authority, self.stranger = Authority(folder, "ours"), Authority(folder, "strangers")
        self.environment: dict[str, str] = {}
        self.web_port = valkey.free_port()
        self.front: Front
        self.provider: Front
        self.simulator: Simulator
        self.broker: valkey.Broker
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.looked_at: list[Future[dict[str, list[str]]]] = []
        self._numbers, self._asking = count(), threading.Lock()
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> "Deployment":
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._running.values():
            for signum in (signal.SIGCONT, signal.SIGTERM):
                processes.signal_group(process.pid, signum)
        for process in self._running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                processes.signal_group(process.pid, signal.SIGKILL)
                process.wait(5)
        self._ends.close()

    # --- Making it ---------------------------------------------------------------------------------------------

    def _make(self) -> None:
        enter = self._ends.enter_context
        enter(self.database())
        self.front = enter(Front(self.web_port, self.authority.context(NAME)))
        plain = enter(second_simulator())
        self.simulator = Simulator(plain)
        self.provider = enter(Front(int(plain.rpartition(":")[2]), self.authority.context(NAME), hops=0))
        self.mail = enter(MailServer())
        post = enter(TlsProxy(f"http://127.0.0.1:{self.mail.port}", self.authority.context(NAME)))
        self._start_broker()
        self.environment = self._settings(int(post.url.rpartition(":")[2]))
        (self.folder / "data").mkdir()
        command = [sys.executable, "-m", "tests.config.forking"]
        self._running["forking"] = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, env=clean_environment(), start_new_session=True
        )
        for command in readme_commands("manage.py"):
            done = self.manage(*command)
            assert done.returncode == 0, done
        # Who edits a style while this runs is no fault of the deployment.
        tomorrow = time.time() + 86_400
        for collected in (self.folder / "data" / "static").rglob("*"):
            os.utime(collected, (tomorrow, tomorrow))
        self._start_programs()
        self._tell({"load": self.whole_environment()})

    def _settings(self, mail_port: int) -> dict[str, str]:
        app = self.simulator.ask("/_sim/apps")[0]
        self.simulator.ask(f"/_sim/apps/{app['client_id']}", {"per_second": 0}, "PUT")
        provider = f"https://{NAME}:{self.provider.port}"
        oauth = f"{provider}/oauth2/default/v1"
        return {
            "DEPLOYMENT": "production",
            "PUBLIC_URL": self.address(self.front),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SECRETS_KEYS": new_key("k1"),
            "PATCHBAY_DATA": str(self.folder / "data"),
            "DATABASE_URL": self.url("app"),
            "DATABASE_OWNER_URL": self.url("owner"),
            "DATABASE_OPERATOR_URL": self.url("operator"),
            "DATABASE_POOL_SIZE": "4",
            "BROKER_URL": self.broker.url,
            "TRUSTED_PROXIES": "1",
            "EMAIL_URL": f"smtps://patchbay:{PASSWORD}@{NAME}:{mail_port}",
            "EMAIL_FROM": "Patchbay <patchbay@example.com>",
            "CONSTANT_CONTACT_CLIENT_ID": app["client_id"],
            "CONSTANT_CONTACT_CLIENT_SECRET": app["client_secret"],
            "CONSTANT_CONTACT_AUTHORIZE_URL": f"{oauth}/authorize",
            "CONSTANT_CONTACT_TOKEN_URL": f"{oauth}/token",
            "CONSTANT_CONTACT_REVOKE_URL": f"{oauth}/revoke",
            "CONSTANT_CONTACT_API_URL": provider,
            "CONSTANT_CONTACT_CA_FILE": str(self.authority.ca_file),
            "TOKEN_CALLS_PER_SECOND": "50",
            "JOB_SWEEP_SECONDS": "2",
            # Whom this machine trusts; what an administrator installs for the whole system.
            "SSL_CERT_FILE": str(self.authority.ca_file),
        }

    def address(self, front: Front) -> str:
        """A front's public address."""
        return f"https://{NAME}:{front.port}"

    def _start_broker(self) -> None:
        folder = self.folder / "broker"
        self.broker = valkey.Broker(folder, self.folder / "broker.log", PASSWORD, valkey.free_port())
        self.broker.prepare()
        self._running["broker"] = self.broker.spawn()
        until(self.broker.is_ready, 20, "the broker")

    def _start_programs(self) -> None:
        extra = {
            "granian": [
                "--host",
                "127.0.0.1",
                "--port",
                str(self.web_port),
                "--no-ws",
                "--blocking-threads",
                "4",
            ],
            "worker": ["--concurrency", "1", "--without-gossip", "--without-mingle"],
            "beat": ["--schedule", str(self.folder / "schedule")],
        }
        for command in readme_commands("granian", "celery"):
            name = "granian" if command[0] == "granian" else command[-1]
            self._running[name] = processes.spawn(
                [sys.executable, "-m", *command, *extra[name]],
                log=self.folder / f"{name}.log",
                env=self.whole_environment(),
                cwd=ROOT,
            )
        heard = "SELECT 1 FROM syncjobs_heartbeat"
        try:
            until(lambda: self.superuser(heard), 60, "the first beat", pause=0.2)
        except AssertionError:
            raise AssertionError("\n".join(self.last_lines())) from None

    def last_lines(self) -> list[str]:
        """What the programs said last."""
        return [
            line for name in self._running for line in processes.last_lines(self.folder / f"{name}.log", 8)
        ]

    # --- Its database ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Made by README's own SQL, under names that nobody else's test has."""
        try:
            self._run_as_superuser(self._own(readme_sql()))
            yield
        finally:
            self._drop(self.mark)
            self.drop_roles("owner", "app", "operator")

    def _own(self, sql: str) -> str:
        own = re.sub(r"patchbay_(owner|app|operator)", rf"{self.mark}_\1", sql).replace(
            "'...'", f"'{PASSWORD}'"
        )
        return re.sub(r"DATABASE patchbay\b", f"DATABASE {self.mark}", own)

    def _run_as_superuser(self, sql: str) -> None:
        with psycopg.connect(plugin.superuser_url(), autocommit=True) as superuser:
            for statement in filter(None, (part.strip() for part in sql.split(";"))):
                superuser.execute(statement.encode())

    def _drop(self, database: str) -> None:
        self._run_as_superuser(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def drop_roles(self, *names: str) -> None:
        """Take roles of ours away again."""
        self._run_as_superuser(";".join(f"DROP ROLE IF EXISTS {self.mark}_{name}" for name in names))

    @contextlib.contextmanager
    def another_role(self, name: str, attributes: str) -> Iterator[str]:
        """One more role, which may use the database as the application does; its address."""
        role = f"{self.mark}_{name}"
        self._run_as_superuser(f"CREATE ROLE {role} LOGIN {attributes} PASSWORD '{PASSWORD}'")
        self._run_as_superuser(f"GRANT CONNECT, TEMPORARY ON DATABASE {self.mark} TO {role}")
        try:
            yield self.url(name)
        finally:
            self._run_as_superuser(f"REVOKE ALL ON DATABASE {self.mark} FROM {role}")
            self.drop_roles(name)

    @contextlib.contextmanager
    def another_database(self, options: str) -> Iterator[str]:
        """An empty database beside it; its name."""
        name = f"{self.mark}_other"
        self._run_as_superuser(f"CREATE DATABASE {name} OWNER {self.mark}_owner {options}")
        try:
            yield name
        finally:
            self._drop(name)

    def url(self, name: str, database: str = "") -> str:
        """The address of the database for one of its roles."""
        assert plugin.CLUSTER is not None
        return roles.database_url(
            f"{self.mark}_{name}", PASSWORD, plugin.CLUSTER.socket, database or self.mark
        )

    def superuser(self, sql: str) -> list[tuple[Any, ...]]:
        """A statement that only a superuser may run, in its database."""
        assert plugin.CLUSTER is not None
        with psycopg.connect(plugin.CLUSTER.superuser_url(self.mark), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    # --- Using it ----------------------------------------------------------------------------------------------

    def whole_environment(self, **changes: str) -> dict[str, str]:
        """What a process of it gets; an empty setting is not set."""
        settings = {**self.environment, **changes}
        return {**clean_environment(), "DJANGO_SETTINGS_MODULE": "config.settings", **settings}

    def manage(self, *arguments: str, **changes: str) -> Done:
        """A command with its settings, or with some changed."""
        number = next(self._numbers)
        answer = self.folder / f"answer-{number}.json"
        environment = self.whole_environment(**changes)
        self._tell({"arguments": arguments, "environment": environment, "answer": str(answer)})
        until(answer.exists, 120, " ".join(arguments))
        told = json.loads(answer.read_text())
        return Done(told["status"], told["out"], told["err"])

    def _tell(self, asked: dict[str, Any]) -> None:
        forking = self._running["forking"].stdin
        assert forking is not None
        with self._asking:
            forking.write(json.dumps(asked).encode() + b"\n")
            forking.flush()

    def doctor(self, *arguments: str, **changes: str) -> dict[str, list[str]]:
        """What it finds, by the name of the check; every finding must name a cure."""
        # What is found is looked at here, not how busy the machine is.
        done = self.manage("doctor", "--json", "--seconds", "60", *arguments, **changes)
        assert done.stdout.startswith("{"), done
        told = json.loads(done.stdout)
        found = {
            one["check"]: [fault["found"] for fault in one["faults"]]
            for one in told["checks"]
            if one["faults"]
        }
        assert all(fault["cure"] for one in told["checks"] for fault in one["faults"])
        assert (done.returncode, told["sound"]) == ((1, False) if found else (0, True))
        return found

    @contextlib.contextmanager
    def standing_still(self, *names: str) -> Iterator[None]:
        """Programs that neither work nor end."""
        for name in names:
            processes.signal_group(self._running[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                processes.signal_group(self._running[name].pid, signal.SIGCONT)
            if "worker" in names:
                until(self._worker_answers, 30, "the worker to go on")

    def _worker_answers(self) -> bool:
        return "worker" not in self.doctor()


def new_key(key_id: str) -> str:
    """An entry of a key ring."""
    return f"{key_id}:{b64encode(secrets.token_bytes(32)).decode()}"


def readme_section(title: str) -> str:
    """README's text under a heading, up to the next of the same rank or higher."""
    text = (ROOT / "README.md").read_text()
    rank, rest = re.search(rf"^(#+) {re.escape(title)}\n", text, re.M), ""
    assert rank is not None, f"README has no section {title}"
    rest = text[rank.end() :]
    following = re.search(rf"^#{{1,{len(rank.group(1))}}} ", rest, re.M)
    return rest[: following.start()] if following else rest


def readme_sql() -> str:
    """The SQL that makes the roles and the database."""
    (block,) = re.findall(r"```sql\n(.*?)```", readme_section("PostgreSQL"), re.S)
    return str(block)


def readme_commands(*programs: str) -> list[list[str]]:
    """The commands of the Production section that begin with one of these, as they stand there."""
    (block,) = re.findall(r"```\n(.*?)```", readme_section("Production").partition("###")[0], re.S)
    lines = [part.strip() for line in block.splitlines() for part in line.split("&&")]
    words = [line.removeprefix("python3 ").split() for line in lines]
    return [one[1:] if one[0] == "manage.py" else one for one in words if one and one[0] in programs]
