"""What became of the events of a webhook, and how they go again."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from connections import scoping
from connections.api.contract import Envelope, Fault, needs, refused, scope_of
from syncjobs import webhookreplay, webhooks
from syncjobs.models import Webhook, WebhookDelivery

router = Router(tags=["Webhooks"])
PATH: Final = "/webhook/{uuid:webhook_id}/deliveries"
PAGE: Final = 100
MOST: Final = 500
State = Literal["queued", "sending", "delivered", "failed"]


class DeliveryOut(Schema):
    """One event for one webhook. `id` is that of the body; `next_attempt_at` is null where none follows."""

    id: UUID
    webhook_id: UUID
    event_type: str
    state: State
    attempts: int
    last_status: int | None
    last_error: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class DeliveryEnvelope(Envelope):
    """One delivery."""

    result: DeliveryOut


class DeliveriesEnvelope(Envelope):
    """A page of deliveries."""

    result: list[DeliveryOut]


class ReplayRange(Schema):
    """Which go again: those that ended so, of events since (included) and until (not included) these times."""

    state: Literal["failed", "delivered"] = "failed"
    since: datetime | None = None
    until: datetime | None = None


class Replayed(Schema):
    """How many go again, and how many more there are; `last_created_at` is the time of the newest of those."""

    webhook_id: UUID
    replayed: int
    left: int
    last_created_at: datetime | None


class ReplayedEnvelope(Envelope):
    """A range that goes again."""

    result: Replayed


def shown(row: WebhookDelivery) -> dict[str, Any]:
    """A delivery in the public API's words."""
    return {
        "id": row.event_id,
        "webhook_id": row.webhook_id,
        "event_type": row.event_type,
        "state": row.state,
        "attempts": row.attempts,
        "last_status": row.last_status,
        "last_error": row.last_error or None,
        "next_attempt_at": row.not_before if row.state == WebhookDelivery.State.QUEUED else None,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


@router.get(PATH, response=DeliveriesEnvelope, summary="List what was sent to a webhook")
@needs("webhooks:read")
def list_deliveries(
    request: HttpRequest,
    webhook_id: UUID,
    state: State | None = None,
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE,
    next_cursor: UUID | None = None,
) -> dict[str, Any]:
    """The deliveries of the last 30 days, the newest first; `state=failed` are those that nobody tries any more."""
    with scope_of(request).transaction():
        webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
        rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("-pk").defer("payload")
        if next_cursor is not None:
            last = rows.filter(event_id=next_cursor).first()
            if last is None:
                raise refused(("next_cursor", "the next_cursor of the page before, unchanged"))
            rows = rows.filter(pk__lt=last.pk)
        if state is not None:
            rows = rows.filter(state=state)
        found = list(rows[: limit + 1])
    page = found[:limit]
    return {
        "result": [shown(one) for one in page],
        "result_count": len(page),
        "next_cursor": str(page[-1].event_id) if len(found) > limit else None,
        "meta": {"limit": limit},
    }


@router.post(f"{PATH}/replay", response=ReplayedEnvelope, summary="Send a range of deliveries again")
@needs("webhooks:write")
def replay_range(request: HttpRequest, webhook_id: UUID, body: ReplayRange | None = None) -> dict[str, Any]:
    """The oldest 1,000 of the range go again, under the same ids; `left` says how many more to ask for."""
    wanted = _range(body or ReplayRange())
    scope = scope_of(request)
    with scope.transaction():
        webhook = _active(webhook_id)
        replayed, left, last_at = webhookreplay.several(webhook, wanted)
        webhooks.record(request, scope, "webhook_replayed", webhook, {"deliveries": replayed})
    result = {"webhook_id": webhook_id, "replayed": replayed, "left": left, "last_created_at": last_at}
    return {"result": result}


@router.post(
    f"{PATH}/{{uuid:delivery_id}}/replay", response=DeliveryEnvelope, summary="Send a delivery again"
)
@needs("webhooks:write")
def replay(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """It goes again under the same id, with as many tries as the first time. 409 while it is on its way."""
    scope = scope_of(request)
    with scope.transaction():
        webhook = _active(webhook_id)
        rows = WebhookDelivery.objects.select_related("webhook")
        delivery = scoping.one(rows, webhook=webhook, event_id=delivery_id)
        if not webhookreplay.one(delivery):
            words = "This delivery is on its way already; read it to see when it is tried next."
            raise Fault("delivery_under_way", HTTPStatus.CONFLICT, words)
        webhooks.record(request, scope, "webhook_replayed", webhook, {"deliveries": 1})
        delivery.refresh_from_db()
    return {"result": shown(delivery)}


def _active(webhook_id: UUID) -> Webhook:
    """The webhook, if anything is sent there. Raises Fault."""
    webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
    if not webhook.is_active:
        raise refused(("webhook_id", "a webhook that is active; set is_active first"))
    return webhook


def _range(body: ReplayRange) -> webhookreplay.Range:
    since, until = _utc("since", body.since), _utc("until", body.until)
    if since is not None and until is not None and until <= since:
        raise refused(("until", "a time after since"))
    return webhookreplay.Range(body.state, since, until)


def _utc(name: str, moment: datetime | None) -> datetime | None:
    """A time without a zone is UTC. Raises Fault."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise refused((name, "a time between the years 1 and 9999, in UTC")) from None
