"""An import under faults: started when a test says so, watched in the database, judged by the simulator's journal."""

import csv
import io
import json
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.faults import parked
from tests.harness import Patchbay, until

NOWHERE = "redis://127.0.0.1:1/0"
# The short form has the same steps, sooner: a quick lease, and files and batches of the same number of pieces.
SHORT = {
    "JOB_LEASE_SECONDS": "5",
    "JOB_SWEEP_SECONDS": "1",
    "IMPORT_STEP_ROWS": "500",
    "IMPORT_BATCH_BYTES": "60000",
}
WITHIN = 90.0  # what is promised: seconds from a fault to the import's end
IMPORT_PATH = "/v3/activities/contacts_file_import"


def park(patchbay: Patchbay, *names: str, good: int) -> dict[str, str]:
    """Lay imports ready; their jobs' ids by name."""
    code = f"from tests.faults.parked import park; park({', '.join(map(repr, names))}, good={good})"
    done = patchbay.manage("shell", "-v0", "-c", code)
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return made


@dataclass
class Watched:
    """One import of a running Patchbay."""

    patchbay: Patchbay
    name: str
    job_id: str
    good: int
    contacts_before: int = 0
    journal_before: int = 0
    began: float = 0.0

    def release(self) -> None:
        """Make it due; the sweep finds it."""
        state = self.patchbay.simulator.ask("/_sim/state")
        self.journal_before, self.contacts_before = state["journal_seq"], _contacts(state)
        self.began = time.monotonic()
        self.sql("UPDATE syncjobs_syncjob SET not_before = now() WHERE id = %s", self.job_id)

    def sql(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        """Ask the database, as operator; %s is for the arguments."""
        with self.patchbay.operator() as connection:
            cursor = connection.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

    @property
    def job(self) -> dict[str, Any]:
        """Its row."""
        return self.sql("SELECT * FROM syncjobs_syncjob WHERE id = %s", self.job_id)[0]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps it took so far."""
        return self.sql("SELECT * FROM syncjobs_jobstep WHERE job_id = %s ORDER BY id", self.job_id)

    @property
    def batches(self) -> list[dict[str, Any]]:
        """What it sends, without the bytes."""
        return self.sql(
            "SELECT number, file_name, sha256, row_count, state, sendings, looked, list_ids FROM syncjobs_batch"
            " WHERE job_id = %s ORDER BY number",
            self.job_id,
        )

    def imports(self) -> list[dict[str, Any]]:
        """The journal's entries of bulk imports since its start."""
        entries = self.patchbay.simulator.ask(f"/_sim/journal?after={self.journal_before}")
        return [entry for entry in entries if entry["path"] == IMPORT_PATH]

    def calls(self) -> int:
        """Provider calls since its start."""
        entries = self.patchbay.simulator.ask(f"/_sim/journal?after={self.journal_before}")
        return sum(entry["path"].startswith("/v3/") for entry in entries)

    def until_stage(self, *stages: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for a stage, and come back while it is at work in it."""
        with self.patchbay.operator() as connection:
            return until(
                lambda: self._at(connection, stages), seconds, f"{self.name} in {stages}: {self.job}", 0.004
            )

    def _at(
        self, connection: "psycopg.Connection[dict[str, Any]]", stages: tuple[str, ...]
    ) -> dict[str, Any] | None:
        query = "SELECT * FROM syncjobs_syncjob WHERE id = %s AND stage = ANY(%s) AND state IN ('running', 'waiting')"
        return connection.execute(query, [self.job_id, list(stages)]).fetchone()

    def wait(self, seconds: float = WITHIN) -> float:
        """Wait for its end, which must be a good one; how long that took."""
        began = time.monotonic()
        until(lambda: self.job["ended_at"], seconds, f"the end of {self.name}; {self.job['stage']}", 0.2)
        return time.monotonic() - began

    def assert_complete(self) -> None:
        """Done; the counts add up to the file; the simulator has each person once, and no file in two versions."""
        job = self.job
        assert job["state"] == "done", (job["state"], job["stage"], job["explanation"])
        counts = {name: job[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")}
        assert counts == {
            "created": self.good,
            "updated": 0,
            "unchanged": 0,
            "skipped": parked.TWICE,
            "rejected": parked.BAD,
        }
        assert job["accepted"] == sum(counts.values())
        self._assert_sent_once()
        state = self.patchbay.simulator.ask("/_sim/state")
        assert _contacts(state) - self.contacts_before == self.good
        assert state["defects"] == 0

    def _assert_sent_once(self) -> None:
        ours = {batch["file_name"]: batch for batch in self.batches}
        contents: dict[str, set[str]] = defaultdict(set)
        for entry in self.imports():
            if entry["effect"]:
                activity = entry["effect"]["activity"]
                contents[activity["file_name"]].add(json.dumps(activity["order"], sort_keys=True))
        assert set(contents) == set(ours)
        assert {name: len(versions) for name, versions in contents.items()} == dict.fromkeys(ours, 1)
        sent = [row["email"] for versions in contents.values() for row in _rows(next(iter(versions)))]
        assert sorted(sent) == sorted(parked.address(self.name, number) for number in range(self.good))


def waiting(watched: Watched) -> Watched:
    """An import of a Patchbay whose broker is gone: due, and with nobody to run it, while pages are served."""
    watched.release()
    time.sleep(2)
    assert (watched.job["state"], watched.steps) == ("queued", [])
    assert httpx.get(watched.patchbay.ready["url"] + "/healthz").status_code == 200
    return watched


def assert_drained(watched: Watched, done: "subprocess.CompletedProcess[str]") -> None:
    """`manage.py drain` has run it to its end, and nobody else had a part in it."""
    assert (done.returncode, watched.job["state"]) == (0, "done"), done.stderr
    watched.assert_complete()
    assert {step["worker"].partition("@")[0] for step in watched.steps} == {"drain"}
    # Besides it drains what else waits, such as the reading of the account.
    run = int(done.stdout.splitlines()[-1].partition(" steps run, ")[0])
    assert run >= len(watched.steps)


def _rows(order: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(json.loads(order)["text"], newline="")))


def _contacts(state: dict[str, Any]) -> int:
    return sum(account["contacts"]["total"] for account in state["accounts"])
