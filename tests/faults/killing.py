"""One small import into an account that has people already, killed at a named point, then finished by another worker.

Truth is the simulator. Whoever is edited there after our intent to send them was committed keeps the edit; nobody is
made mailable again; each row has one outcome; a batch goes twice at most for each intent whose outcome was unknown.
"""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from syncjobs.imports import steps
from syncjobs.models import Batch, ImportRow, SyncJob
from tests.world import Simulator, World

IMPORT_PATHS = {f"/v3/activities/contacts_{form}_import" for form in ("file", "json")}
POINTS = (
    "claim.committed",
    "call.charged",
    "call.answered",
    "call.logged",
    "sending.answered",
    *(f"{stage}.{when}" for stage in steps.STAGES for when in ("before_commit", "committed")),
)
# Tiny steps and batches, so that every stage takes several; waits that do not hold the tests up.
SETTINGS = {
    "IMPORT_STEP_ROWS": "40",
    "IMPORT_BATCH_ROWS": "30",
    "ACTIVITY_SECONDS": "0.1",
    "RECONCILE_SECONDS": "0.3",
    "JOB_LEASE_SECONDS": "20",
    "NURSERY_PAGE": "10",
}
COLUMNS = ("Email", "First name", "Plan", "Lists", "Tags")
NEW, OLD, SAME, LEFT, DELETED = range(60), range(60, 95), range(95, 105), range(105, 108), range(108, 111)
TAGGED = {*range(0, 60, 4), 60, 96}
NEWER = "Edited there"


def address(number: int) -> str:
    """A person of the file."""
    return f"person{number}@killed.example"


def file() -> bytes:
    """Everybody, two lines that cannot be sent, and two people whose line comes again."""
    lines = [",".join(COLUMNS), "no address,Nobody,,A,", ",Nobody,,A,"]
    lines += [f"{address(number)},Too early,,A," for number in range(2)]
    lines += [
        f"{address(number)},Person {number},gold,{'A;B' if number % 3 else 'A'},{'vip' if number in TAGGED else ''}"
        for number in range(DELETED.stop)
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def addresses_sent(journal: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Whoever went out in a whole row, as often as they did."""
    for entry in journal:
        if entry["path"] in IMPORT_PATHS and entry["effect"]:
            order = entry["effect"]["activity"]["order"]
            rows = order["rows"] if "rows" in order else _rows(order["text"])
            yield from (row["email"] for row in rows if "first_name" in row)


class Nursery:
    """The process that forks workers."""

    def __init__(self, simulator_url: str, settings: Mapping[str, str] = SETTINGS) -> None:
        environment = {**os.environ, **settings, "SIMULATOR_URL": simulator_url}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready\n"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def work(self, failpoint: str = "none:0", seconds: float = 60.0) -> dict[str, Any]:
        """A worker that runs until no job is open, or until it is killed at the point."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"failpoint": failpoint, "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._line())
        assert not said.get("fault"), said["fault"]
        return said

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@contextmanager
def nursery(simulator_url: str, settings: Mapping[str, str] = SETTINGS) -> Iterator[Nursery]:
    """A nursery for some tests."""
    found = Nursery(simulator_url, settings)
    try:
        yield found
    finally:
        found.close()


@dataclass(frozen=True)
class Ended:
    """An import that was killed, and how long it lived before that and after."""

    lived: float
    ended_later: float


def kill_and_end(scene: "Scene", workers: Nursery, point: str, hit: int) -> Ended | None:
    """A worker killed there, what may happen meanwhile, and another that ends the import; nothing promised is broken.

    None where the point was passed less often this time: looks at activities are a matter of time.
    """
    began = time.monotonic()
    said = workers.work(f"{point}:{hit}")
    if not said["killed"]:
        assert said["hits"].get(point, 0) < hit, said
        scene.assert_sound()
        return None
    lived = time.monotonic() - began
    scene.after_kill()
    began = time.monotonic()
    said = workers.work()
    assert not said.get("late") and not said["killed"], said
    scene.assert_sound()
    return Ended(lived, time.monotonic() - began)


@dataclass
class Scene:
    """The account with its people, and the import that waits in it."""

    world: World
    simulator: Simulator
    job_id: Any = None
    list_ids: dict[str, str] = field(default_factory=dict)
    # Whether a temporary list may be made; without leave people are looked up to be tagged.
    leave: bool = True
    edited: set[str] = field(default_factory=set)
    unknown: int = 0

    def set_up(self) -> "Scene":
        """Fill the account, link it, lay the import ready."""
        self.simulator.ask("/_sim/clock", {"activity_seconds": 0.1})
        for name in ("A", "B"):
            made = self.call("POST", "/v3/contact_lists", {"name": name})
            self.list_ids[name] = made["list_id"]
        self.call("POST", "/v3/contact_custom_fields", {"label": "Plan", "type": "string"})
        self._people_there()
        self.job_id = self._import()
        self.simulator.since = self.simulator.ask("/_sim/state")["journal_seq"]
        return self

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the account's owner does there, outside the product."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.simulator.url + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.simulator.token()}")
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def _people_there(self) -> None:
        for lists, numbers, word in (("A", [*OLD, *LEFT, *DELETED], "Old"), ("AB", SAME, "Person")):
            rows = [
                {
                    "email": address(number),
                    "first_name": f"{word} {number}",
                    **({"cf:plan": "gold"} if numbers is SAME else {}),
                }
                for number in numbers
            ]
            list_ids = [self.list_ids[name] for name in lists]
            self.call(
                "POST", "/v3/activities/contacts_json_import", {"import_data": rows, "list_ids": list_ids}
            )
        time.sleep(0.15)
        there = self.there()
        for number in LEFT:
            self.simulator.ask("/_sim/unsubscribe", {"email": address(number)})
        for number in DELETED:
            self.call("DELETE", f"/v3/contacts/{there[address(number)]['contact_id']}")

    def _import(self) -> Any:
        from config import demo
        from mapping import editing
        from mapping.editing import FieldChoice, ListChoice, TagChoice
        from mapping.models import RemoteField
        from syncjobs.imports import plans, scratch, uploads

        scope = self.world.scope()
        connection = demo.link(scope)
        with scope.transaction():
            fields = editing.declare(connection, COLUMNS)
            plan = RemoteField.objects.get(label="Plan").custom_field_id
            choices = ("standard:email", "standard:first_name", f"custom:{plan}", "lists", "tags")
            editing.save_fields(
                connection, [FieldChoice(row.pk, choice) for row, choice in zip(fields, choices, strict=True)]
            )
            editing.save_lists(connection, [ListChoice(name, key) for name, key in self.list_ids.items()])
            editing.save_tags(connection, [TagChoice("vip", "new", "VIP")])
            scratch.allow(connection, self.leave)
            upload = uploads.store_stream(scope.user, connection, "killed.csv", [file()], "auto")
            return plans.start(connection, upload, everyone=[], user=scope.user).pk

    def there(self) -> dict[str, dict[str, Any]]:
        """Everybody at the provider, deleted people too."""
        found: dict[str, dict[str, Any]] = {}
        path = "/v3/contacts?limit=500&status=all&include=list_memberships,custom_fields,taggings"
        while path:
            page = self.call("GET", path)
            found |= {one["email_address"]["address"]: one for one in page["contacts"]}
            path = page.get("_links", {}).get("next", {}).get("href")
        return found

    def after_kill(self) -> None:
        """The lease runs out, what was accepted there is done, and then people are edited there."""
        jobs = SyncJob.objects.using("operator")
        jobs.filter(state="running").update(lease_until="2026-01-01T00:00:00Z")
        self.simulator.ask("/_sim/clock", {"advance_seconds": 5})
        batches = Batch.objects.using("operator").filter(job_id=self.job_id)
        self.unknown += batches.filter(state=Batch.State.SENT).count()
        there = self.there()
        for batch in batches.filter(whole_count__gt=0, sendings__gt=0):
            content = bytes(batch.content).decode()
            email = (json.loads(content) if batch.kind == "import_json" else _rows(content))[0]["email"]
            if email not in self.edited:
                self._edit(email, there.get(email))

    def _edit(self, email: str, contact: dict[str, Any] | None) -> None:
        if contact is None:
            body = {"email_address": {"address": email}, "first_name": NEWER, "create_source": "Account"}
            self.call("POST", "/v3/contacts", body)
        else:
            permission = contact["email_address"]["permission_to_send"]
            body = {
                "email_address": {"address": email, "permission_to_send": permission},
                "first_name": NEWER,
                "update_source": "Account",
            }
            self.call("PUT", f"/v3/contacts/{contact['contact_id']}", body)
        self.edited.add(email)

    def resent(self) -> int:
        """How many batches' people went out in whole rows again."""
        return max(Counter(addresses_sent(self.simulator.journal())).values(), default=1) - 1

    def assert_sound(self) -> None:
        """Every promise that a kill must not break."""
        job = SyncJob.objects.using("operator").get(pk=self.job_id)
        assert job.state == "done", (job.state, job.stage, job.explanation)
        rows = list(ImportRow.objects.using("operator").filter(job_id=self.job_id))
        outcomes = Counter(row.outcome for row in rows)
        assert job.outcome_counts == {name: outcomes.get(name, 0) for name in job.outcome_counts}
        assert job.accepted == len(rows) == sum(outcomes.values()) - outcomes[""] == DELETED.stop + 4
        assert self.resent() <= self.unknown
        self._assert_people({row.email: row for row in rows if row.reason != "duplicate"})

    def _assert_people(self, rows: dict[str, ImportRow]) -> None:
        there = self.there()
        assert {there[address(number)]["email_address"]["permission_to_send"] for number in LEFT} == {
            "unsubscribed"
        }
        assert all("deleted_at" in there[address(number)] for number in DELETED)
        for email in self.edited:
            assert there[email]["first_name"] == NEWER, email
        for number in [*NEW, *OLD, *SAME]:
            row, contact = rows[address(number)], there[address(number)]
            if row.reason == "newer_there":
                assert row.email in self.edited
                continue
            is_same = number in SAME and number not in TAGGED
            wanted = "created" if number in NEW else "unchanged" if is_same else "updated"
            assert row.outcome == wanted, (row.email, row.outcome, row.reason)
            if row.email not in self.edited:
                assert contact["first_name"] == f"Person {number}"
            lists = {self.list_ids[name] for name in ("AB" if number % 3 else "A")}
            assert lists <= set(contact["list_memberships"])
            assert (number in TAGGED) == bool(contact.get("taggings")), row.email
        names = [one["name"] for one in self.call("GET", "/v3/contact_lists?limit=500")["lists"]]
        assert not [name for name in names if name.startswith("Patchbay")]
