"""Everything that a page can show, as rows: two workspaces with accounts, maps, files and jobs in every state.

Runs inside the Patchbay that is tested (`manage.py shell`), on the builders of `tests.world`, not in the tests' own
process. Prints, as JSON, the people and the address of every scene. No job here is due: nobody works on it.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.browser.newcomers import signed_in
from tests.world import World

NOW = datetime.now(UTC)
ACCEPTED = 5_000
LONG_NAME = "The Company with the Rather Long and Winding Name of Saint-Germain-des-Prés"
REFUSED = "Constant Contact refused the stored access. Reconnect the account"
CSV = (
    b"Email,First name,Plan,Member since,Newsletter,Notes,Lists\r\n"
    b"ada@people.example,Ada,team,2024-03-01,yes,Prefers to be called in the morning,Customers;News\r\n"
    b"ben@people.example,Ben,free,2023-11-23,no,,Customers\r\n"
    b"cleo@people.example,Cleo,scale,2025-06-30,yes,A note so long that it has to be cut or it fills the row,News\r\n"
)
REJECTS = (
    ("missing_email", "", "there is no e-mail address"),
    ("invalid_email", "ada at people.example", "“ada at people.example” is not an e-mail address"),
    ("too_long", "ben@people.example", "First name has 64 characters; the most is 50"),
    (
        "not_a_date",
        "cleo@people.example",
        "Member since: “2026-02-30” is not a date such as 2026-11-23 or 11/23/2026",
    ),
    ("too_few_columns", "", "It has 5 columns; the header has 7."),
    ("nul_byte", "", "It has a character in “Email” that cannot be read."),
)
# Name of the scene: state, stage, explanation, and the facts of its row.
BREAKS = "Constant Contact kept failing."
JOBS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "queued": ("queued", "preparing", "", {"started_at": None}),
    "reading": ("running", "reading", "", {"accepted": ACCEPTED}),
    "sending": (
        "running",
        "sending",
        "",
        {"accepted": ACCEPTED, "rejected": 6, "batches": ("finished", "planned")},
    ),
    "waiting": (
        "waiting",
        "sending",
        "The limit that all accounts share is used up for today; it goes on at 00:00 UTC.",
        {"accepted": ACCEPTED, "batches": ("finished", "planned")},
    ),
    "needs you": (
        "attention",
        "processing",
        f"{REFUSED}; the import then goes on from where it was.",
        {"accepted": ACCEPTED, "batches": ("sent",)},
    ),
    "done": ("done", "finishing", "", {"accepted": 1, "created": 1, "ended_at": NOW}),
    "failed, nothing changed": ("failed", "preparing", BREAKS, {"ended_at": NOW}),
    "failed part-way": (
        "failed",
        "sending",
        BREAKS,
        {
            "accepted": ACCEPTED,
            "created": 2_500,
            "skipped": 2_500,
            "ended_at": NOW,
            "batches": ("finished", "failed"),
        },
    ),
    "stopped": (
        "stopped",
        "sending",
        "",
        {
            "accepted": ACCEPTED,
            "created": 2_500,
            "skipped": 2_500,
            "ended_at": NOW,
            "batches": ("finished", "planned"),
        },
    ),
    "done with rejects": (
        "done",
        "finishing",
        "",
        {
            "accepted": ACCEPTED,
            "created": 4_600,
            "updated": 200,
            "unchanged": 74,
            "skipped": 120,
            "rejected": 6,
            "ended_at": NOW,
            "batches": ("finished",),
        },
    ),
}


class Scenes:
    """The addresses, as they are made."""

    def __init__(self) -> None:
        self.world = World.make()
        self.scope = self.world.scope()
        self.place = f"/w/{self.scope.tenant_id}/test"
        self.found: dict[str, str] = {}

    def make(self) -> dict[str, Any]:
        """All of it."""
        from connections.people import accounts

        accounts.open_workspace(
            self.world.member, "A workspace whose name is longer than a telephone is wide"
        )
        connection = self.world.connection(name="Acme Bakery")
        broken = self._accounts(connection)
        self._maps(connection)
        self._file(connection)
        for name in JOBS:
            self._job(broken if name == "needs you" else connection, name)
        self._rows()
        self._endings(connection)
        foreign = f"/w/{self.world.foreign.pk}"
        stranger = {
            "accounts, none": f"{foreign}/test/accounts/",
            "accounts, live without an application": f"{foreign}/live/accounts/",
            "jobs, none": f"{foreign}/test/jobs/",
        }
        world = self.world
        people = {name: signed_in(getattr(world, name)) for name in ("owner", "member", "stranger")}
        return {"people": people, "place": self.place, "owner": self.found, "stranger": stranger}

    def _accounts(self, connection: Any) -> Any:
        """One that works, and one in every other state; the one that must be reconnected."""
        from connections.models import Connection

        account = f"{self.place}/accounts/{connection.pk}/"
        others = {
            "connecting": ("Northside Clinic", ""),
            "validation_error": (LONG_NAME, ""),
            "needs_reauth": ("Harbor Books", f"{REFUSED} to go on."),
        }
        for status, (name, error) in others.items():
            other = self.world.connection(name=name, status=status)
            with self.scope.transaction():
                Connection.objects.filter(pk=other.pk).update(
                    last_error=error, customer_ref=f"customer-{status}"
                )
            self.found[f"account, {status}"] = f"{self.place}/accounts/{other.pk}/"
        self.found["mapping, empty"] = f"{self.place}/accounts/{other.pk}/mapping/"
        with self.scope.transaction():
            Connection.objects.filter(pk=connection.pk).update(
                account_owner="Ana Adler", linked_by=self.world.owner
            )
        self.found |= {
            "accounts, many": f"{self.place}/accounts/",
            "pre-screen": f"{self.place}/accounts/connect/",
            "pre-screen, reconnecting": f"{self.place}/accounts/connect/?reconnect={connection.pk}",
            "account, with jobs": account,
            "account, just connected": f"{account}?connected=1",
            "upload": f"{account}import/",
            "mapping": f"{account}mapping/",
            "jobs, many": f"{self.place}/jobs/",
        }
        return other

    def _here(self, connection: Any) -> dict[str, Any]:
        return {"tenant_id": connection.tenant_id, "environment_id": connection.environment_id}

    def _maps(self, connection: Any) -> None:
        """Set, suggested, broken and none, and lists of every kind."""
        from mapping import editing
        from mapping.editing import FieldChoice, ListChoice
        from mapping.models import RemoteField, RemoteList

        here = {**self._here(connection), "connection": connection, "read_at": NOW}
        names = ("Email", "First name", "Plan", "Loyalty tier", "Newsletter", "Phone", "Notes", "Last visit")
        with self.scope.transaction():
            lists = ("General Interest", "Newsletter of the harbour and all its neighbours", "Book Club")
            interest, *_ = [RemoteList.objects.create(**here, list_id=uuid4(), name=name) for name in lists]
            plan, gone = (
                RemoteField.objects.create(
                    **here, custom_field_id=uuid4(), label=label, name=label, type="string"
                )
                for label in ("Plan", "Loyalty tier")
            )
            chosen = {
                "Email": "standard:email",
                "First name": "standard:first_name",
                "Plan": f"custom:{plan.custom_field_id}",
                "Loyalty tier": f"custom:{gone.custom_field_id}",
                "Newsletter": "new",
            }
            rows = {row.name: row.pk for row in editing.declare(connection, names)}
            choices = [FieldChoice(rows[name], to, name, "boolean") for name, to in chosen.items()]
            editing.save_fields(connection, choices)
            gone.delete()
            places = {"Customers": str(interest.list_id), "News": "new", "Old": "ignored"}
            editing.save_lists(connection, [ListChoice(name, place, name) for name, place in places.items()])

    def _file(self, connection: Any) -> None:
        from syncjobs.imports import uploads

        name = "people of the harbour, November.csv"
        with self.scope.transaction():
            kept = uploads.store_stream(self.world.owner, connection, name, [CSV], "auto")
        account = f"{self.place}/accounts/{connection.pk}/import/{kept.pk}"
        self.found |= {"columns": f"{account}/columns/", "lists and permission": f"{account}/start/"}

    def _job(self, connection: Any, name: str) -> None:
        from syncjobs.imports import plans
        from syncjobs.models import Batch, JobStep, SyncJob

        state, stage, explanation, facts = JOBS[name]
        here = self._here(connection)
        basis = {"statement": plans.STATEMENT, "by": self.world.owner.email, "at": NOW.isoformat()}
        options = {"file_name": f"{name}.csv", "columns": [], "everyone": [], "lists": [], "basis": basis}
        made = {
            "kind": "import",
            "idempotency_key": name,
            "state": state,
            "stage": stage,
            "explanation": explanation,
            "options": options,
            "not_before": NOW + timedelta(days=365),
            "started_by": self.world.owner,
            "started_at": NOW,
            **{key: value for key, value in facts.items() if key != "batches"},
        }
        batch = {"list_ids": [], "content": b"", "sha256": "", "row_count": 2_500, "whole_count": 2_500}
        step = {
            "worker": "patchbay@host.example worker 2",
            "started_at": NOW,
            "ended_at": NOW,
            "outcome": "done",
        }
        with self.scope.transaction():
            job = SyncJob.objects.create(**here, connection=connection, **made)
            for number, one in enumerate(facts.get("batches", ())):
                file_name = f"{name}-{number}.csv"
                Batch.objects.create(**here, job=job, number=number, file_name=file_name, state=one, **batch)
            for number, (done, note) in enumerate(
                (("preparing", "list “News”"), ("reading", ""), ("matching", ""))
            ):
                JobStep.objects.create(**here, job=job, stage=done, fence=number, note=note, **step)
        self.found[f"job, {name}"] = f"{self.place}/jobs/{job.pk}/"

    def _rows(self) -> None:
        """The rows of the job that is done with rejects: each reject another reason, and skipped ones for two pages."""
        from syncjobs.models import ImportRow, SyncJob

        with self.scope.transaction():
            job = SyncJob.objects.get(idempotency_key="done with rejects")
            here = {**self._here(job), "job": job}
            rejected = [
                ImportRow(
                    **here, line=line * 731, outcome="rejected", reason=reason, email=email, detail=detail
                )
                for line, (reason, email, detail) in enumerate(REJECTS, 1)
            ]
            out = {"outcome": "skipped", "reason": "opted_out", "detail": "unsubscribed, and stays so"}
            address = "somebody.with.a.long.name.{}@customers-of-the-company.example"
            skipped = [
                ImportRow(**here, line=4_000_000 + line, email=address.format(line), **out)
                for line in range(120)
            ]
            ImportRow.objects.bulk_create([*rejected, *skipped])
        rows = f"{self.place}/jobs/{job.pk}/rows/"
        self.found |= {
            "rejected rows": f"{rows}?outcome=rejected",
            "rejected rows, one reason": f"{rows}?outcome=rejected&reason=not_a_date",
            "skipped rows, more than a page": f"{rows}?outcome=skipped",
            "rows, none such": f"{rows}?outcome=updated&reason=same",
        }

    def _endings(self, connection: Any) -> None:
        """Every way a link can end."""
        from connections.links.outcomes import OUTCOMES
        from connections.models import LinkState

        with self.scope.transaction():
            attempt = LinkState.objects.create(
                **self._here(connection),
                provider_app_id=connection.provider_app_id,
                reconnecting=connection,
                user=self.world.owner,
                digest=uuid4().bytes * 2,
                browser_digest=bytes(32),
                expires_at=NOW,
                consumed_at=NOW,
                outcome="wrong_account",
                found_account="Harbor Books",
            )
        for outcome in OUTCOMES:
            more = f"?attempt={attempt.pk}" if outcome in {"wrong_account", "insufficient_role"} else ""
            self.found[f"ended, {outcome}"] = f"{self.place}/accounts/connect/{outcome}/{more}"


def build() -> None:
    """Make the scenes and print where they are."""
    print(json.dumps(Scenes().make()))
