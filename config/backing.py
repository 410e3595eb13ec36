"""The backing services of a run, PostgreSQL and the broker: the environment's where it names them, else ours.

Owns the settings that every child and every later command gets. Promises: they are written down, for their
owner's eyes only, in the data folder and beside the database's socket, so that `manage.py drain` and its like
join the run.
"""

import json
import os
import socket
from pathlib import Path

from config.embedded import EmbeddedError, datafolder, roles
from config.embedded.placement import place
from config.embedded.postgres import STOP_SIGNALS, SUPERUSER, Server
from config.embedded.valkey import HOST, Broker, free_port
from config.programs import broker_answers
from config.supervisor import Spec, Supervisor

DATABASE_SETTINGS = {
    "DATABASE_URL": roles.APP,
    "DATABASE_OWNER_URL": roles.OWNER,
    "DATABASE_OPERATOR_URL": roles.OPERATOR,
}


class Backing:
    """What a run stands on; `settings` grows as the services come up."""

    def __init__(self, data: Path, port: int, supervisor: Supervisor) -> None:
        self.data = data
        self.supervisor = supervisor
        self.broker_is_up = True
        self._socket_folder: Path | None = None
        self._secrets = datafolder.load_secrets(data)
        self.settings = {
            "PATCHBAY_DATA": str(data),
            "PUBLIC_URL": given("PUBLIC_URL") or f"http://{HOST}:{port}",
            "SECRET_KEY": given("SECRET_KEY") or self._secrets["secret_key"],
            "SECRETS_KEYS": given("SECRETS_KEYS") or self._secrets["secrets_keys"],
            "SIMULATOR_URL": given("SIMULATOR_URL"),
        }

    def start(self) -> None:
        """Start or find the database, then the broker."""
        if given("DATABASE_URL"):
            self._take_external_database()
        else:
            self._start_postgres()
        if given("BROKER_URL"):
            self._take_external_broker()
        else:
            self._start_valkey()
        self.record()

    def record(self) -> None:
        """Write down what other commands need to join this run."""
        datafolder.write_private_json(self.data / "environment.json", self.settings)
        if self._socket_folder:
            datafolder.write_private_json(self._socket_folder / "patchbay.json", self.settings)

    def environment(self) -> dict[str, str]:
        """Return the children's environment, without PGPORT and its like, which fill a URL's gaps."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **self.settings,
        }

    def kept_port(self, name: str) -> int:
        """Return last run's port of a service where it is free: what is stored still names it."""
        path = self.data / "ports.json"
        try:
            known: dict[str, int] = json.loads(path.read_text())
        except (OSError, ValueError):
            known = {}
        known[name] = free_port(known.get(name))
        datafolder.write_private_json(path, known)
        return known[name]

    def _take_external_database(self) -> None:
        self.settings |= {name: given(name) for name in DATABASE_SETTINGS}
        if missing := [name for name in DATABASE_SETTINGS if not self.settings[name]]:
            raise EmbeddedError(
                f"With DATABASE_URL set, set {' and '.join(missing)} too: each is another role."
            )
        self.supervisor.say("PostgreSQL     yours, by DATABASE_URL")

    def _start_postgres(self) -> None:
        placement = place(self.data)
        for note in placement.notes:
            self.supervisor.say(f"PostgreSQL     {note}")
        log = self.data / "logs" / "postgres.log"
        server = Server(placement, log, self._secrets["postgres_password"])
        server.prepare(self.supervisor.pause)
        spec = Spec("PostgreSQL", server.spawn, server.is_ready, log, stop_signals=STOP_SIGNALS)
        where = f"{placement.major}, as {placement.account.name}, files in {placement.base}"
        self.supervisor.start(spec, f"PostgreSQL     {where}")

        def url(role: str, database: str = roles.DATABASE) -> str:
            password = self._secrets[roles.PASSWORD_NAMES[role]]
            return roles.database_url(role, password, placement.socket, database)

        roles.set_up_roles(url(SUPERUSER, "postgres"), self._secrets)
        roles.set_up_database(url(SUPERUSER, "postgres"), roles.DATABASE, url(SUPERUSER))
        self.settings |= {name: url(role) for name, role in DATABASE_SETTINGS.items()}
        self._socket_folder = placement.socket

    def _take_external_broker(self) -> None:
        self.settings["BROKER_URL"] = given("BROKER_URL")
        self.broker_is_up = broker_answers(self.settings["BROKER_URL"])
        silent = "" if self.broker_is_up else "; it does not answer, so jobs wait for `manage.py drain`"
        self.supervisor.say(f"Valkey         yours, by BROKER_URL{silent}")

    def _start_valkey(self) -> None:
        log = self.data / "logs" / "valkey.log"
        broker = Broker(self.data / "valkey", log, self._secrets["broker_password"], self.kept_port("broker"))
        broker.prepare()
        spec = Spec("Valkey", broker.spawn, broker.is_ready, log, restart=True)
        self.supervisor.start(spec, f"Valkey         {HOST}:{broker.port}, files in {broker.folder}")
        self.settings["BROKER_URL"] = broker.url


def given(name: str) -> str:
    """Return a setting that the environment gives, as NAME or as the content of NAME_FILE."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EmbeddedError(
                f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
            ) from error
    return ""


def usable_port(port: int) -> int:
    """Return the port, or a free one for 0.

    Raises:
        EmbeddedError: it is taken, or we may not have it.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise EmbeddedError(f"{port} is no port; name one from 1 to 65535 with --port.") from None
        except OSError as error:
            reason = error.strerror or "not available"
            raise EmbeddedError(f"Port {port} on {HOST}: {reason}; name another with --port.") from error
    return port
