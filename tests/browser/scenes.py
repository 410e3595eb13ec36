"""Everything that a page can show, as rows: two workspaces with accounts, maps, files and jobs in every state.

Runs inside the Patchbay that is tested (`manage.py shell`), on the builders of `tests.world`, not in the tests' own
process. Prints, as JSON, the people and the address of every scene. No job here is due: nobody works on it.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.world import World

NOW = datetime.now(UTC)
ACCEPTED = 5_000
CSV = (
    "Email,First name,Plan,Member since,Newsletter,Notes,Lists\r\n"
    "ada@people.example,Ada,team,2024-03-01,yes,Prefers to be called in the morning,Customers;News\r\n"
    "ben@people.example,Ben,free,2023-11-23,no,,Customers\r\n"
    "cleo@people.example,Cleo,scale,2025-06-30,yes,A note so long that it has to be cut somewhere or it fills the row,News\r\n"
).encode()
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


class Scenes:
    """The addresses, as they are made."""

    def __init__(self) -> None:
        self.world = World.make()
        self.scope = self.world.scope()
        self.place = f"/w/{self.scope.tenant_id}/test"
        self.found: dict[str, str] = {}

    def make(self) -> dict[str, Any]:
        """All of it."""
        self._many_workspaces()
        connection = self.world.connection(name="Acme Bakery")
        self._accounts(connection)
        self._maps(connection)
        self._files(connection)
        self._jobs(connection)
        self._endings(connection)
        foreign = f"/w/{self.world.foreign.pk}"
        found = {
            "accounts, none": f"{foreign}/test/accounts/",
            "accounts, live without an application": f"{foreign}/live/accounts/",
            "jobs, none": f"{foreign}/test/jobs/",
        }
        people = {
            "owner": self.world.owner.email,
            "member": self.world.member.email,
            "stranger": self.world.stranger.email,
        }
        return {"people": people, "place": self.place, "scenes": self.found, "stranger": found}

    def _many_workspaces(self) -> None:
        """The member has a workspace of their own too, and so has to choose."""
        from connections import accounts

        accounts.open_workspace(
            self.world.member,
            "A workspace with a name that is longer than the space it is given on a telephone",
        )

    def _accounts(self, connection: Any) -> None:
        from connections.models import Connection

        account = f"{self.place}/accounts/{connection.pk}/"
        others = {
            "needs_reauth": (
                "Harbor Books",
                "Constant Contact refused the stored access. Reconnect the account to go on.",
            ),
            "connecting": ("Northside Clinic", ""),
            "validation_error": (
                "The Company with the Rather Long and Winding Name of Saint-Germain-des-Prés",
                "",
            ),
        }
        for status, (name, error) in others.items():
            other = self.world.connection(name=name, status=status)
            with self.scope.transaction():
                Connection.objects.filter(pk=other.pk).update(
                    last_error=error, customer_ref=f"customer-{status}"
                )
            self.found[f"account, {status}"] = f"{self.place}/accounts/{other.pk}/"
            self.found[f"mapping, empty, {status}"] = f"{self.place}/accounts/{other.pk}/mapping/"
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
        }

    def _maps(self, connection: Any) -> None:
        """Set, suggested, broken and none, and lists of every kind."""
        from mapping import editing
        from mapping.editing import FieldChoice, ListChoice
        from mapping.models import RemoteField, RemoteList

        here = {
            "tenant_id": connection.tenant_id,
            "environment_id": connection.environment_id,
            "connection": connection,
        }
        names = ("Email", "First name", "Plan", "Loyalty tier", "Newsletter", "Phone", "Notes", "Last visit")
        with self.scope.transaction():
            lists = [
                RemoteList.objects.create(**here, list_id=uuid4(), name=name, read_at=NOW)
                for name in (
                    "General Interest",
                    "Newsletter of the harbour and all its neighbours",
                    "Book Club",
                )
            ]
            plan, gone = (
                RemoteField.objects.create(
                    **here,
                    custom_field_id=uuid4(),
                    label=label,
                    name=label.replace(" ", "_"),
                    type="string",
                    read_at=NOW,
                )
                for label in ("Plan", "Loyalty tier")
            )
            rows = {row.name: row.pk for row in editing.declare(connection, names)}
            chosen = {
                "Email": "standard:email",
                "First name": "standard:first_name",
                "Plan": f"custom:{plan.custom_field_id}",
                "Loyalty tier": f"custom:{gone.custom_field_id}",
                "Newsletter": "new",
            }
            editing.save_fields(
                connection,
                [FieldChoice(rows[name], choice, name, "boolean") for name, choice in chosen.items()],
            )
            gone.delete()
            editing.save_lists(
                connection,
                [
                    ListChoice("Customers", str(lists[0].list_id), ""),
                    ListChoice("News", "new", "News"),
                    ListChoice("Old", "ignored", ""),
                ],
            )

    def _files(self, connection: Any) -> None:
        from syncjobs.imports import uploads

        with self.scope.transaction():
            kept = uploads.store_stream(
                self.world.owner, connection, "people of the harbour, November.csv", [CSV], "auto"
            )
        account = f"{self.place}/accounts/{connection.pk}/import/{kept.pk}"
        self.found |= {"columns": f"{account}/columns/", "lists and permission": f"{account}/start/"}

    def _jobs(self, connection: Any) -> None:
        day = timedelta(days=1)
        self._job(connection, "queued", "queued", "preparing", started_at=None)
        self._job(connection, "reading", "running", "reading", accepted=ACCEPTED)
        self._job(
            connection,
            "sending",
            "running",
            "sending",
            accepted=ACCEPTED,
            rejected=6,
            batches=("finished", "planned"),
        )
        waits = "The limit that all accounts share is used up for today; it goes on at 00:00 UTC."
        self._job(
            connection,
            "waiting",
            "waiting",
            "sending",
            waits,
            accepted=ACCEPTED,
            batches=("finished", "planned"),
        )
        acts = "Constant Contact refused the stored access. Reconnect the account; the import then goes on from where it was."
        self._job(
            connection, "needs you", "attention", "processing", acts, accepted=ACCEPTED, batches=("sent",)
        )
        self._job(connection, "done", "done", "finishing", accepted=1, created=1, ended_at=NOW)
        done = self._job(connection, "done with rejects", "done", "finishing", accepted=ACCEPTED, created=4_600, updated=300,
                         unchanged=64, skipped=30, rejected=6, ended_at=NOW, batches=("finished",))  # fmt: skip
        breaks = "Constant Contact kept failing."
        self._job(connection, "failed, nothing changed", "failed", "preparing", breaks, ended_at=NOW - day)
        self._job(connection, "failed part-way", "failed", "sending", breaks, accepted=ACCEPTED, created=2_500, skipped=2_494,
                  rejected=6, ended_at=NOW - day, batches=("finished", "failed"))  # fmt: skip
        self._job(connection, "stopped", "stopped", "sending", accepted=ACCEPTED, created=2_500, skipped=2_500,
                  ended_at=NOW - day, batches=("finished", "planned"))  # fmt: skip
        self._rows(done)
        rows = f"{self.place}/jobs/{done.pk}/rows/"
        self.found |= {
            "jobs, many": f"{self.place}/jobs/",
            "rejected rows": f"{rows}?outcome=rejected",
            "rejected rows, one reason": f"{rows}?outcome=rejected&reason=not_a_date",
            "skipped rows, more than a page": f"{rows}?outcome=skipped",
            "rows, none such": f"{rows}?outcome=updated&reason=same",
        }

    def _job(
        self, connection: Any, name: str, state: str, stage: str, explanation: str = "", **facts: Any
    ) -> Any:
        from syncjobs.imports import plans
        from syncjobs.models import Batch, JobStep, SyncJob

        here = {"tenant_id": connection.tenant_id, "environment_id": connection.environment_id}
        batches = facts.pop("batches", ())
        basis = {"statement": plans.STATEMENT, "by": self.world.owner.email, "at": NOW.isoformat()}
        options = {"file_name": f"{name}.csv", "columns": [], "everyone": [], "lists": [], "basis": basis}
        with self.scope.transaction():
            job = SyncJob.objects.create(
                **here,
                connection=connection,
                kind="import",
                idempotency_key=name,
                state=state,
                stage=stage,
                explanation=explanation,
                options=options,
                not_before=NOW + timedelta(days=365),
                started_by=self.world.owner,
                **{"started_at": NOW, **facts},
            )
            for number, one in enumerate(batches):
                Batch.objects.create(
                    **here, job=job, number=number, list_ids=[], file_name=f"{name}-{number}.csv", content=b"",
                    sha256="", row_count=2_500, state=one,
                )  # fmt: skip
            for number, (done, note) in enumerate(
                (("preparing", "list “News”"), ("reading", ""), ("matching", ""))
            ):
                JobStep.objects.create(
                    **here, job=job, stage=done, fence=number, worker="patchbay@host.example worker 2", note=note,
                    started_at=NOW + timedelta(seconds=number), ended_at=NOW, outcome="done",
                )  # fmt: skip
        self.found[f"job, {name}"] = f"{self.place}/jobs/{job.pk}/"
        return job

    def _rows(self, job: Any) -> None:
        from syncjobs.models import ImportRow

        here = {"tenant_id": job.tenant_id, "environment_id": job.environment_id, "job": job}
        rejected = [
            ImportRow(**here, line=line * 731, outcome="rejected", reason=reason, email=email, detail=detail)
            for line, (reason, email, detail) in enumerate(REJECTS, 1)
        ]
        skipped = [
            ImportRow(
                **here,
                line=4_000_000 + line,
                outcome="skipped",
                reason="opted_out",
                detail="unsubscribed, and stays so",
                email=f"somebody.with.a.long.name.{line}@customers-of-the-company.example",
            )  # fmt: skip
            for line in range(120)
        ]
        with self.scope.transaction():
            ImportRow.objects.bulk_create([*rejected, *skipped])

    def _endings(self, connection: Any) -> None:
        """Every way a link can end."""
        from connections.linkoutcomes import OUTCOMES
        from connections.models import LinkState

        with self.scope.transaction():
            attempt = LinkState.objects.create(
                tenant_id=connection.tenant_id, environment_id=connection.environment_id,
                provider_app_id=connection.provider_app_id, reconnecting=connection, user=self.world.owner,
                digest=uuid4().bytes * 2, browser_digest=b"0" * 32, redirect_uri="", expires_at=NOW, consumed_at=NOW,
                outcome="wrong_account", found_account="Harbor Books",
            )  # fmt: skip
        for outcome in OUTCOMES:
            more = f"?attempt={attempt.pk}" if outcome in {"wrong_account", "insufficient_role"} else ""
            self.found[f"ended, {outcome}"] = f"{self.place}/accounts/connect/{outcome}/{more}"


def build() -> None:
    """Make the scenes and print where they are."""
    print(json.dumps(Scenes().make()))
