"""What can happen that customers want to hear of, and one row for each endpoint that wants to.

Promises: an event's rows are written in the transaction of its cause, so both are kept or neither; every endpoint
hears of it under the same id; what is sent is as it was then. An endpoint that begins to listen later does not hear
of it. Where nobody listens an event costs one small query.
"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from connections import bell, health
from connections.api import accountshapes
from connections.api.accountshapes import IntegratedAccount
from connections.models import ApiKey, Connection
from connections.scoping import Scope
from syncjobs.models import SyncJob, Webhook, WebhookDelivery

Payload = dict[str, Any]  # Any: JSON

TEST: Final = "test"
EVENTS: Final[dict[str, str]] = {
    "integrated_account:created": "An account was linked for the first time; it is not checked yet.",
    "integrated_account:updated": "Something about a linked account changed, or it was reconnected.",
    "integrated_account:active": "A linked account can be worked with.",
    "integrated_account:post_install_error": "An account was linked, and what must be read first could not be read.",
    "integrated_account:authentication_error": "The leave to work on an account has ended. Somebody must reconnect it.",
    "integrated_account:reactivated": "An account works again without a reconnect: resumed, or with a new grant.",
    "integrated_account:deleted": "A linked account was taken out.",
    "sync_job_run:created": "A job was written down. It starts as soon as its turn comes.",
    "sync_job_run:started": "A job began.",
    "sync_job_run:updated": "A job was stopped, waits for somebody, or goes on after that.",
    "sync_job_run:completed": "A job is done. Its counts say what became of every row.",
    "sync_job_run:failed": "A job ended early. Its reason says why.",
    "batch_job:completed": "The same as sync_job_run:completed, of jobs that write many people only.",
    "batch_job:failed": "The same as sync_job_run:failed, of jobs that write many people only.",
    "batch_job:dry_run_completed": "A dry run of such a job is done: nothing was sent.",
    "batch_job:dry_run_failed": "A dry run of such a job ended early.",
    "api_token:created": "An API token was made. Its text is in no event.",
    "api_token:deleted": "An API token was revoked.",
    TEST: "Somebody tests an endpoint; it goes there, whatever the endpoint listens to.",
}
# The contract names these too, and nothing here causes them: what wants to listen is let, and told.
NEVER: Final = frozenset(
    {
        "integrated_account:validation_error",
        "integrated_account:post_connect_form_submitted",
        "sync_job_run:deleted",
        "sync_job_run:record",
        "sync_job_cron_trigger:failed",
        "record:created",
        "record:updated",
        "record:deleted",
    }
)
_FAMILY: Final = re.compile(r"environment_integration:(\*|[a-z_]{1,40})")
# So many tests of one endpoint may wait.
MOST_TESTS: Final = 5
TEST_PAYLOAD: Final = {"foo": "bar"}
# Kinds of jobs that write many people at once.
BATCHES: Final = frozenset({"import", "bulk"})

ACCOUNT_EVENTS: Final = {
    "created": "integrated_account:created",
    "updated": "integrated_account:updated",
    "active": "integrated_account:active",
    "post_install_error": "integrated_account:post_install_error",
    "needs_reauth": "integrated_account:authentication_error",
    "reactivated": "integrated_account:reactivated",
    "deleted": "integrated_account:deleted",
}
_ENDS: Final = {
    SyncJob.State.DONE.value: "completed",
    SyncJob.State.FAILED.value: "failed",
}


def is_never_sent(name: str) -> bool:
    """Whether the contract knows this name, and we do not send it."""
    return name in NEVER or bool(_FAMILY.fullmatch(name))


def of_account(connection: Connection, change: str) -> None:
    """A linked account changed. Inside the transaction of the change; other changes than ours are no event."""
    event_type = ACCOUNT_EVENTS.get(change)
    if event_type is not None:
        _emit(connection, event_type, connection.pk, lambda: _account(connection.pk))


def of_job(job: SyncJob, change: str) -> None:
    """A job was `created`, `started`, `updated` or `ended`. Inside the transaction of the change."""
    change = _ENDS.get(job.state, "updated") if change == "ended" else change
    _emit(job, f"sync_job_run:{change}", job.pk, lambda: _job(job.pk))
    if job.kind in BATCHES and change in {"completed", "failed"}:
        how = f"dry_run_{change}" if job.options.get("dry_run") else change
        _emit(job, f"batch_job:{how}", job.pk, lambda: _job(job.pk))


def of_token(key: ApiKey, change: str) -> None:
    """An API token was `created` or `deleted`. Inside the transaction of the change."""
    _emit(key, f"api_token:{change}", key.pk, lambda: _token(key))


class TooManyTests(Exception):
    """As many tests of this endpoint as may wait are on their way."""


def of_test(webhook: Webhook) -> WebhookDelivery:
    """The event that shows whether an endpoint hears us. Inside its scope, with its row held.

    Raises:
        TooManyTests: MOST_TESTS wait already.
    """
    waiting = WebhookDelivery.objects.filter(webhook=webhook, event_type=TEST, state__in=WebhookDelivery.OPEN)
    if waiting.count() >= MOST_TESTS:
        raise TooManyTests
    now, key = datetime.now(UTC), uuid.uuid4()
    found = WebhookDelivery.objects.create(**_row(webhook, key, TEST, key, TEST_PAYLOAD, now))
    transaction.on_commit(ring)
    return found


def ring() -> None:
    """Wake a worker for what has just been written."""
    bell.ring("syncjobs.tasks.deliver")


def _emit(
    row: Connection | SyncJob | ApiKey, event_type: str, about: UUID, payload: Callable[[], Payload]
) -> None:
    """One delivery for each endpoint of the row's environment that listens to this type."""
    listening = list(
        Webhook.objects.filter(
            environment_id=row.environment_id, is_active=True, event_types__contains=[event_type]
        )
    )
    if not listening:
        return
    # `:deleted` says nothing about what is gone.
    said = {"id": str(about)} if event_type.endswith(":deleted") else payload()
    now, key = datetime.now(UTC), uuid.uuid4()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(**_row(webhook, key, event_type, about, said, now)) for webhook in listening
    )
    transaction.on_commit(ring)


def _row(
    webhook: Webhook, event_id: UUID, event_type: str, about: UUID, payload: Payload, now: datetime
) -> dict[str, Any]:  # Any: values of columns
    return {
        "tenant_id": webhook.tenant_id,
        "environment_id": webhook.environment_id,
        "webhook": webhook,
        "event_id": event_id,
        "event_type": event_type,
        "about": about,
        "payload": payload,
        "not_before": now,
        "created_at": now,
    }


def _account(key: UUID) -> Payload:
    """As a program would read it now: who changed it may have done so in the database only."""
    row = health.with_token(Connection.objects.select_related("provider_app")).get(pk=key)
    scope = Scope(row.tenant_id, row.environment_id, row.provider_app.kind, "", "token")
    return IntegratedAccount(**accountshapes.shown(row, scope)).model_dump(mode="json")


def _job(key: UUID) -> Payload:
    row = SyncJob.objects.get(pk=key)
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "integrated_account_id": str(row.connection_id),
        "environment_id": str(row.environment_id),
        "is_dry_run": bool(row.options.get("dry_run")),
        "state": row.state,
        "reason": row.reason or None,
        "explanation": row.explanation or None,
        "counts": {"accepted": row.accepted, **row.outcome_counts},
        "created_at": row.created_at.isoformat(),
        "started_at": _moment(row.started_at),
        "ended_at": _moment(row.ended_at),
    }


def _token(key: ApiKey) -> Payload:
    return {
        "id": str(key.pk),
        "name": key.name,
        "environment_id": str(key.environment_id),
        "scopes": key.scopes,
        "created_at": key.created_at.isoformat(),
        "expires_at": _moment(key.expires_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
