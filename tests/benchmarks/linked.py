"""An empty account of a simulator, linked, with an import to start in it; and what the journal says of its calls."""

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from tests.benchmarks.imports import Shape

# How many the naive arm really writes, and how many custom fields everybody has.
SAMPLE = 50
FIELDS = 10
SETTINGS = {
    "JOB_LEASE_SECONDS": "600",
    "PROVIDER_TIMEOUT_SECONDS": "120",
    "IMPORT_MAX_BYTES": "1000000000",
    "ACTIVITY_SECONDS": "2",
    "CALLS_PER_SECOND": "1000",
    "CALLS_PER_DAY": "100000",
}


class Account:
    """An empty account, linked, and what its journal says."""

    def __init__(self, url: str) -> None:
        from django.conf import settings

        from tests.conftest import empty_tables, fresh_simulator
        from tests.world import World

        for name, value in SETTINGS.items():
            setattr(settings.ENV, name, type(getattr(settings.ENV, name))(value))
        settings.ENV.SIMULATOR_URL = url
        empty_tables()
        self.simulator = fresh_simulator(url)
        self.world = World.make()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What somebody else does in the account."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.simulator.url + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.simulator.token()}")
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def set_up(self, shape: "Shape") -> None:
        """Lists, tags and custom fields, then the link."""
        from config import demo
        from mapping import catalog

        lists = [self.call("POST", "/v3/contact_lists", {"name": f"List {n}"}) for n in range(shape.lists)]
        tags = [
            self.call("POST", "/v3/contact_tags", {"name": f"Tag {n}", "tag_source": "Account"})
            for n in range(shape.tags)
        ]
        for number in range(FIELDS):
            self.call("POST", "/v3/contact_custom_fields", {"label": f"Field {number}", "type": "string"})
        self.lists = {one["name"]: one["list_id"] for one in lists}
        self.tags = {one["name"]: one["tag_id"] for one in tags}
        self.scope = self.world.scope()
        self.connection = demo.link(self.scope)
        catalog.refresh_tags(self.connection, "interactive")

    def start(self, shape: "Shape") -> Any:
        """The import's job."""
        from mapping import editing
        from mapping.editing import FieldChoice, ListChoice, TagChoice
        from mapping.models import RemoteField
        from syncjobs.imports import plans, scratch, uploads

        with self.scope.transaction():
            fields = editing.declare(self.connection, shape.columns())
            there = {row.label: row.custom_field_id for row in RemoteField.objects.all()}
            choices = ["standard:email", "standard:first_name", "standard:last_name"]
            choices += [f"custom:{there[f'Field {number}']}" for number in range(FIELDS)] + ["lists", "tags"]
            editing.save_fields(
                self.connection,
                [FieldChoice(row.pk, choice) for row, choice in zip(fields, choices, strict=True)],
            )
            editing.save_lists(self.connection, [ListChoice(*one) for one in self.lists.items()])
            editing.save_tags(self.connection, [TagChoice(*one) for one in self.tags.items()])
            scratch.allow(self.connection, True)
        with self.scope.transaction():
            user = self.scope.user
            upload = uploads.store_stream(user, self.connection, "bench.csv", shape.chunks(), "auto")
            return plans.start(self.connection, upload, everyone=[], user=user).pk

    def seq(self) -> int:
        """Where the journal stands."""
        return int(self.simulator.ask("/_sim/state")["journal_seq"])

    def calls(self, since: int) -> list[tuple[str, str]]:
        """Method and path of every provider call since; the journal is read as it comes, not held."""
        found: list[tuple[str, str]] = []
        with urlopen(f"{self.simulator.url}/_sim/journal?after={since}", timeout=600) as answer:
            rest = b""
            while piece := answer.read(1 << 20):
                rest += piece
                end = 0
                for call in _CALL.finditer(rest):
                    found.append((call[1].decode(), call[2].decode()))
                    end = call.end()
                rest = rest[max(end, len(rest) - 500) :]
        return found

    def explained(self, job_id: Any) -> dict[str, Any]:
        """How the rows ended, by the database; how many are there, by the simulator."""
        from syncjobs.models import ImportRow, SyncJob

        job = SyncJob.objects.using("operator").get(pk=job_id)
        rows = ImportRow.objects.using("operator").filter(job_id=job_id)
        there = self.simulator.ask("/_sim/state")["accounts"][0]["contacts"]["total"]
        return {
            "state": job.state,
            "rows": rows.count(),
            "unexplained": rows.filter(outcome="").count(),
            **job.outcome_counts,
            "there": there,
            "planned": job.options.get("planned_calls"),
            "quoted": job.options["quote"]["calls"],
        }

    def naive(self, shape: "Shape") -> int:
        """Calls of one that writes each contact, and tags it, by itself: made for a few, multiplied for all."""
        since, calls = self.seq(), 0
        for number, line in enumerate(shape.rows()):
            if number == SAMPLE:
                break
            cells = line.strip().split(",")
            body = {
                "email_address": {"address": f"naive-{cells[0]}", "permission_to_send": "implicit"},
                "first_name": cells[1],
                "create_source": "Account",
                "list_memberships": [self.lists[name] for name in cells[-2].split(";")],
            }
            made = self.call("POST", "/v3/contacts", body)
            if cells[-1]:
                tags = [self.tags[name] for name in cells[-1].split(";")]
                source = {"contact_ids": [made["contact_id"]]}
                self.call("POST", "/v3/activities/contacts_taggings_add", {"source": source, "tag_ids": tags})
        calls = len(self.calls(since))
        return calls * shape.people // SAMPLE


_CALL = re.compile(rb'"method":"([A-Z]+)","path":"(/v3/[^"]*)","status":')
