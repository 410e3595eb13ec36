"""`manage.py up`: everything Patchbay needs, started in order and stopped together.

Owns the order of a run and what is said on the terminal; the how is in `config.backing`, `config.programs`
and `config.supervisor`. Promises: nothing listens beyond 127.0.0.1; a run ends with every child stopped; a
fault is one clear line and a non-zero status; this process itself opens no database through Django, and loads
none of what needs Django's models.
"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config import env
from config.backing import Backing, usable_port
from config.embedded import EmbeddedError, datafolder
from config.programs import HOST, ROOT, Programs
from config.supervisor import ChildError, StopRequested, Supervisor

DEMO_FACTS = ("email", "password", "api_token", "integrated_account_id")


class Command(BaseCommand):
    """Start PostgreSQL, Valkey, the simulator, web server, worker and beat, make a demo, and serve."""

    help = "Start everything Patchbay needs on this machine, with a demo, and serve until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of a run."""
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the web server; 0 picks a free one"
        )
        parser.add_argument(
            "--data", metavar="DIR", help="folder of the data (default: .patchbay beside manage.py)"
        )
        parser.add_argument("--no-demo", action="store_true", help="make no demo workspace")
        parser.add_argument("--no-simulator", action="store_true", help="do without the provider's stand-in")
        parser.add_argument(
            "--ready-file", metavar="FILE", type=Path, help="write a JSON file when all is up"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Run until asked to stop, or until something fails."""
        keeps_mail = env.read().keeps_mail
        folder = Path(options["data"] or os.environ.get("PATCHBAY_DATA") or ROOT / ".patchbay")
        try:
            data = datafolder.prepare(folder)
            # The lock is let go after the children have ended, so the next run finds nothing of ours running.
            with _alone(data), Supervisor(say) as supervisor:
                port = usable_port(options["port"])
                run = Run(data, port, options["ready_file"], supervisor, keeps_mail)
                try:
                    run.go(with_demo=not options["no_demo"], with_simulator=not options["no_simulator"])
                except StopRequested:
                    say("Stopping.")
                except (ChildError, EmbeddedError) as error:
                    self.stderr.write(str(error))  # at once: stopping the others may take seconds
                    raise SystemExit(1) from error
        except (EmbeddedError, OSError) as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error


def say(line: str) -> None:
    """Print a line at once; a terminal that has gone away is no reason to stop serving."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    lock = data / "up.lock"
    with datafolder.locked(lock, wait=False) as taken:
        if not taken:
            holder = lock.read_text().strip() or "number unknown"
            raise EmbeddedError(
                f"Another `manage.py up` (process {holder}) runs on {data};"
                " stop it first, or name another folder with --data."
            )
        lock.write_text(f"{os.getpid()}\n")
        yield


@dataclass(frozen=True)
class Run:
    """One run of everything, on a data folder that is ours for its length."""

    data: Path
    port: int
    ready_file: Path | None
    supervisor: Supervisor
    keeps_mail: bool

    def go(self, *, with_demo: bool, with_simulator: bool) -> None:
        """Start everything, say so, and keep serving; left by an exception only."""
        if self.ready_file:
            _check_writable(self.ready_file)
        (self.data / "logs").mkdir(mode=0o700, exist_ok=True)
        backing = Backing(self.data, self.port, self.supervisor)
        backing.start()
        if with_simulator:
            self._start_simulator(backing)
        simulator_url = backing.settings["SIMULATOR_URL"]
        named = ["--simulator-url", simulator_url] if simulator_url else []
        self._manage(backing, "Preparing the database", "ensure_defaults", "--migrate", *named)
        self.supervisor.say("Database       migrated")
        self._start_programs(backing)
        demo = self._make_demo(backing) if with_demo else {}
        self._announce(backing.settings, demo)
        self.supervisor.watch()

    def _start_simulator(self, backing: Backing) -> None:
        port = backing.kept_port("simulator")
        url = f"http://{HOST}:{port}"
        backing.settings["SIMULATOR_URL"] = url
        self.supervisor.start(self._programs(backing).simulator(port), f"Simulator      {url}")
        backing.record()

    def _start_programs(self, backing: Backing) -> None:
        programs = self._programs(backing)
        self.supervisor.start(programs.web(self.port), f"Web server     http://{HOST}:{self.port}")
        broker = backing.settings["BROKER_URL"] if backing.broker_is_up else None
        waits = "" if backing.broker_is_up else ", waiting for the broker"
        self.supervisor.start(programs.worker(broker), f"Celery worker  2 processes{waits}")
        self.supervisor.start(programs.beat(), f"Celery beat    started{waits}")

    def _programs(self, backing: Backing) -> Programs:
        return Programs(backing.environment(), self.data)

    def _manage(self, backing: Backing, name: str, *arguments: str, quiet: bool = True) -> None:
        programs = self._programs(backing)
        log = programs.log("manage") if quiet else None
        self.supervisor.run(name, programs.manage(*arguments), env=programs.environment, cwd=ROOT, log=log)

    def _make_demo(self, backing: Backing) -> dict[str, Any]:
        """Let the demo's command write to our terminal, and take from its file what it made."""
        path = self.data / "demo.json"
        path.unlink(missing_ok=True)
        sys.stdout.flush()
        try:
            self._manage(backing, "The demo", "demo", "--ready-json", str(path), quiet=False)
            made: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise ChildError(f"The demo did not say what it made: {error}") from error
        finally:
            path.unlink(missing_ok=True)  # it holds a password
        return made

    def _announce(self, settings: dict[str, str], demo: dict[str, Any]) -> None:
        lines = ["", f"Patchbay is up at {settings['PUBLIC_URL']}"]
        if demo:
            lines.append(f"  sign in with  {demo.get('email')}  {demo.get('password')}")
            lines.append(f"  API token     {demo.get('api_token')}")
            token, account = demo.get("api_token"), demo.get("integrated_account_id")
            lines.append(f"  to begin      export PATCHBAY_TOKEN={token} PATCHBAY_ACCOUNT={account}")
            lines.append(f"                and what {settings['PUBLIC_URL']}/docs/programs/ says")
        if self.keeps_mail:
            lines.append(f"  outbox        {settings['PUBLIC_URL']}/outbox/  (no mail leaves this machine)")
        lines += [f"  data          {self.data}", "Ctrl-C stops everything.", ""]
        self.supervisor.say("\n".join(lines))
        if self.ready_file:
            ready: dict[str, Any] = {"url": settings["PUBLIC_URL"]}
            ready |= {name: demo.get(name) for name in DEMO_FACTS}
            ready |= {
                name.lower(): settings[name] or None
                for name in ("SIMULATOR_URL", "DATABASE_URL", "BROKER_URL")
            }
            datafolder.write_private_json(self.ready_file, {**ready, "data": str(self.data)})


def _check_writable(ready_file: Path) -> None:
    """Find out now rather than after a minute; a former run's file would announce this one too early."""
    try:
        datafolder.write_private_json(ready_file, {})
        ready_file.unlink()
    except OSError as error:
        raise EmbeddedError(f"{ready_file} cannot be written: {error.strerror}.") from error
