"""`manage.py up` on an empty folder: from nothing to 5,000 people at the provider, and on with the same data.

Each run is made once, looked at while it is up, and ended; the tests speak of what was seen.
"""

import html
import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.watching import NOWHERE, SHORT, Watched, assert_drained, park, waiting
from tests.harness import Patchbay, command_line, open_folder
from tests.long import LONG, LONG_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
READY = {
    "url",
    "email",
    "password",
    "api_token",
    "integrated_account_id",
    "simulator_url",
    "database_url",
    "broker_url",
}
PRIVATE = ("environment.json", "secrets.json", "simulator/journal.jsonl", "valkey/valkey.conf")
LISTENING = "0A"
LOOPBACK = "0100007F"
# Twice, with the tokens as they are and with tokens that have to be renewed.
ASK = """
from datetime import UTC, datetime
from config import demo
from connections import gateway
from connections.models import Connection, ConnectionToken
scope = demo.scope_of(demo.person()[0])
for _ in range(2):
    with scope.transaction():
        connection = Connection.objects.select_related("provider_app__pool").get()
    print(gateway.open_client(connection, "interactive").contacts.counts().total)
    with scope.transaction():
        ConnectionToken.objects.update(expires_at=datetime.now(UTC))
"""
# The long form has this in a Patchbay of its own (tests/faults/test_without_broker.py).
SILENT_BROKER = {} if LONG else {**SHORT, "BROKER_URL": NOWHERE}
COUNTS, TOKEN = "/v3/contacts/counts", "/oauth2/default/v1/token"


@dataclass
class Seen:
    """A run as it was while it was up, and how it ended."""

    ready: dict[str, Any]
    modes: dict[str, int]
    health: int
    sockets: set[tuple[str, int]]
    pool: set[str]
    steps: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    contacts: list[int]
    first_calls: str = ""
    calls_in_the_end: int = 0
    output: str = ""
    status: int | None = None

    @classmethod
    def of(cls, patchbay: Patchbay) -> "Seen":
        """Look at it."""
        files = {name: patchbay.data / name for name in PRIVATE}
        files["ready"] = patchbay.data.with_name(f"{patchbay.data.name}-ready.json")
        tree = patchbay.tree()
        with patchbay.operator() as database:
            steps = database.execute(
                "SELECT stage, worker, outcome FROM syncjobs_jobstep ORDER BY id"
            ).fetchall()
        accounts = patchbay.simulator.ask("/_sim/state")["accounts"]
        return cls(
            ready=patchbay.ready,
            modes={name: stat.S_IMODE(path.stat().st_mode) for name, path in files.items()},
            health=httpx.get(patchbay.ready["url"] + "/healthz").status_code,
            sockets=listening(tree),
            pool={str(pid) for pid in tree if "config.celery worker" in command_line(pid)},
            steps=steps,
            calls=patchbay.simulator.calls(),
            contacts=[account["contacts"]["total"] for account in accounts],
        )

    def ended(self, patchbay: Patchbay, signum: signal.Signals) -> "Seen":
        """End it; the harness fails where a process is left."""
        self.status = patchbay.stop(signum)
        self.output = patchbay.output
        return self


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """The TCP sockets that processes listen on, as the kernel shows them: address in hex, and port."""
    inodes = set()
    for pid in pids:
        for entry in _open_files(pid):
            try:
                inodes.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue  # closed meanwhile
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                address, _, port = fields[1].rpartition(":")
                found.add((address, int(port, 16)))
    return found


def _open_files(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return []  # ended meanwhile, as a connection's PostgreSQL process does


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The folder of every run here; not even made at first."""
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def first(data: Path) -> Seen:
    """The first run, ended by SIGTERM; a developer has made the first calls."""
    with Patchbay(data) as patchbay:
        seen = Seen.of(patchbay)
        seen.first_calls = first_calls(patchbay)
        seen.calls_in_the_end = len(patchbay.simulator.calls())
        return seen.ended(patchbay, signal.SIGTERM)


def first_calls(patchbay: Patchbay) -> str:
    """What a terminal shows for three copied commands: the line that `up` printed, and the two of the guide."""
    [export] = re.findall(r"export PATCHBAY_TOKEN=.*$", patchbay.output, re.MULTILINE)
    guide = httpx.get(patchbay.ready["url"] + "/docs/programs/").text
    [commands] = re.findall(r'<code id="first-call-commands">(.*?)</code>', guide, re.DOTALL)
    typed = "\n".join((export, *html.unescape(commands).splitlines()))
    assert len(typed.splitlines()) == 3
    began = time.monotonic()
    done = subprocess.run(["bash", "-ec", typed], capture_output=True, text=True, check=True, timeout=60)
    print(
        f"three commands, {time.monotonic() - began:.2f} s, {patchbay.seconds_to_ready:.0f} s after `up` began"
    )
    return done.stdout


@pytest.fixture(scope="module")
def second(data: Path, first: Seen) -> tuple[Seen, tuple[list[str], list[str]]]:
    """The run after it, ended by SIGINT; besides, what calls with the first run's tokens came to.

    In the short form its broker is gone for good: pages are served, a job waits, and `drain` does the workers' work.
    """
    with Patchbay(data, settings=SILENT_BROKER) as patchbay:
        seen = Seen.of(patchbay)
        asked = ask(patchbay)
        if SILENT_BROKER:
            drain_with_nothing_but_the_database(patchbay)
        os.killpg(patchbay.program("worker"), signal.SIGSTOP)  # it must end all the same
        return seen.ended(patchbay, signal.SIGINT), asked


def drain_with_nothing_but_the_database(patchbay: Patchbay) -> None:
    """An import that nobody is told of, ended by who knows the database's address alone."""
    people = 500
    jobs = park(patchbay, "alone", good=people)
    watched = waiting(Watched(patchbay, "alone", jobs["alone"], people))

    assert_drained(watched, patchbay.command("drain", DATABASE_URL=patchbay.ready["database_url"]))


def ask(patchbay: Patchbay) -> tuple[list[str], list[str]]:
    """Ask the provider something: the answers, and the calls that they took."""
    before = patchbay.simulator.ask("/_sim/state")["journal_seq"]
    done = patchbay.manage("shell", "-v0", "-c", ASK)
    entries = patchbay.simulator.ask(f"/_sim/journal?after={before}")
    return (done.stdout + done.stderr).split(), [entry["path"] for entry in entries]


def test_it_imports_everyone_in_few_calls(first: Seen) -> None:
    [outcome] = re.findall(r"^5,000 of 5,000 people .*$", first.output, re.MULTILINE)

    # Thirteen where every bulk job is done at its first look; each further look at a slow one is a call more.
    assert len(first.calls) <= 20
    assert f" {len(first.calls)} provider calls" in outcome
    assert {call["status"] for call in first.calls} <= {200, 201}
    assert sorted(first.contacts)[-1] == 5_000


def test_every_step_was_run_by_a_celery_worker(first: Seen) -> None:
    assert {"reading", "sending", "processing", "finishing"} <= {step["stage"] for step in first.steps}
    assert {step["worker"].partition("@")[0] for step in first.steps} == {"patchbay"}
    assert {step["worker"].rpartition(":")[2] for step in first.steps} <= first.pool
    assert {step["outcome"] for step in first.steps} == {"done"}


def test_the_ready_file_says_all_and_secrets_are_their_owners_only(first: Seen) -> None:
    assert set(first.ready) >= READY
    assert all(first.ready[name] for name in READY)
    assert set(first.modes.values()) == {0o600}
    assert first.health == 200


def test_three_copied_commands_lead_to_the_first_answers(first: Seen) -> None:
    ping, end = json.JSONDecoder().raw_decode(first.first_calls)
    contacts = json.loads(first.first_calls[end:])
    assert ping["result"]["environment"] == "test"
    assert len(contacts["result"]) == 5
    assert contacts["next_cursor"]


def test_it_listens_on_this_machine_only(first: Seen) -> None:
    ours = {httpx.URL(first.ready[name]).port for name in ("url", "simulator_url", "broker_url")}

    assert first.sockets == {(LOOPBACK, port) for port in ours}


def test_it_ends_well_by_either_signal(first: Seen, second: tuple[Seen, Any]) -> None:
    for seen in (first, second[0]):
        assert seen.status == 0
        assert seen.output.splitlines()[-1] == "Stopping."


def test_a_second_run_goes_on_with_the_same_data(
    first: Seen, second: tuple[Seen, tuple[list[str], list[str]]]
) -> None:
    again, asked = second

    assert again.ready["integrated_account_id"] == first.ready["integrated_account_id"]
    assert again.ready["api_token"] != first.ready["api_token"]
    assert again.contacts == first.contacts
    assert len(again.calls) == first.calls_in_the_end, "a second import"
    assert again.steps == first.steps
    assert asked == (["5000", "5000"], [COUNTS, TOKEN, COUNTS]), (
        "the first run's tokens, as they are and renewed"
    )


@pytest.mark.parametrize(
    ("program", "name"),
    [
        pytest.param("web", "Web server", marks=LONG_ONLY),
        pytest.param("postgres", "PostgreSQL", marks=LONG_ONLY),
    ],
)
def test_a_dead_part_that_cannot_be_missed_ends_it(
    data: Path, second: object, program: str, name: str
) -> None:
    with Patchbay(data, "--no-demo") as patchbay:
        assert patchbay.ready["email"] is None
        os.kill(patchbay.program(program), signal.SIGKILL)

        assert patchbay.wait() == 1

    last = patchbay.output.splitlines()[-1]
    assert last.startswith(f"{name} died (killed by SIGKILL), so everything stops; its log: ")
