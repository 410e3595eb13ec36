"""Many accounts at once: of every health, each with a mapping that is partly broken and with two jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from connections.models import Connection
from mapping.models import AppField, FieldMapping, ListMapping, RemoteField
from syncjobs.models import SyncJob

NOW = datetime.now(UTC)


def fill(scope: Any, like: Connection, many: int) -> None:
    """Accounts of every health, each with a mapping and two jobs."""
    here = {"tenant_id": scope.tenant_id, "environment_id": scope.environment_id}
    states = ["active", "active", "active", "needs_reauth", "validation_error", "connecting"]
    jobs = ["done", "waiting", "attention", "failed", "running", "stopped", "done"]
    with scope.transaction():
        made = Connection.objects.bulk_create(
            [
                Connection(
                    **here,
                    provider_app_id=like.provider_app_id,
                    account_id=f"id-{number}",
                    account_name=f"Account {number:05}",
                    account_email=f"owner{number}@accounts.example",
                    customer_ref=f"customer-{number}",
                    status=states[number % len(states)],
                )
                for number in range(many)
            ]
        )
        SyncJob.objects.bulk_create(
            [
                SyncJob(
                    **here,
                    connection=row,
                    kind="import",
                    idempotency_key=uuid4().hex,
                    state=state,
                    reason="quota_exceeded" if state == "waiting" else "",
                    options={"file_name": "people.csv"},
                    not_before=NOW + timedelta(days=300),
                    ended_at=NOW if state in {"done", "failed", "stopped"} else None,
                    accepted=10,
                    created=8,
                    rejected=2,
                )
                for number, row in enumerate(made)
                for state in (jobs[number % len(jobs)], "done")
            ]
        )
        fields = AppField.objects.bulk_create(
            [AppField(**here, connection=row, name=name) for row in made for name in ("Email", "Plan")]
        )
        FieldMapping.objects.bulk_create(
            [
                FieldMapping(**here, connection_id=one.connection_id, app_field=one, kind=kind, target=target)
                for one in fields
                for kind, target in [
                    ("standard", "email") if one.name == "Email" else ("custom", str(uuid4()))
                ]
            ]
        )
        RemoteField.objects.bulk_create(
            [
                RemoteField(
                    **here,
                    connection=row,
                    custom_field_id=uuid4(),
                    label="Plan",
                    name="Plan",
                    type="string",
                    read_at=NOW,
                )
                for row in made
            ]
        )
        ListMapping.objects.bulk_create(
            [ListMapping(**here, connection=row, app_list="News", list_id=uuid4()) for row in made]
        )
