"""Webhooks as programs set them up."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Router, Schema

from connections import scoping
from connections.api.contract import Envelope, Fault, needs, refused, scope_of
from syncjobs import webhookevents, webhooks
from syncjobs.models import Webhook

router = Router(tags=["Webhooks"])
USUAL_OVERLAP_HOURS: Final = 24
PATH: Final = "/webhook/{uuid:webhook_id}"


class NewWebhook(Schema):
    """What an endpoint is made of."""

    target_url: str
    event_types: list[str]
    is_active: bool = True


class ChangedWebhook(Schema):
    """What may be changed; what is not named stays."""

    target_url: str = ""
    event_types: list[str] = []
    is_active: bool = True


class WhichWebhook(Schema):
    """An endpoint by its id."""

    id: UUID


class Overlap(Schema):
    """For how long the present secret signs beside the new one."""

    overlap_hours: int = Field(USUAL_OVERLAP_HOURS, ge=0, le=168)


class WebhookOut(Schema):
    """An endpoint; its secret is never shown again. `off_reason`: why Patchbay made it inactive, if it did."""

    id: UUID
    environment_id: UUID
    target_url: str
    event_types: list[str]
    is_active: bool
    off_reason: Literal["gone", "failing"] | None
    previous_secret_ends_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookOut):
    """An endpoint with its new secret, this once only."""

    secret: str


class WebhookEnvelope(Envelope):
    """One endpoint."""

    result: WebhookOut


class WebhookWithSecretEnvelope(Envelope):
    """One endpoint and its secret."""

    result: WebhookWithSecret


class WebhooksEnvelope(Envelope):
    """All endpoints."""

    result: list[WebhookOut]


class Gone(Schema):
    """What is no more."""

    id: UUID


class GoneEnvelope(Envelope):
    """A deletion."""

    result: Gone


class TestEvent(Schema):
    """A test that is on its way: the id is that of its body."""

    id: UUID
    webhook_id: UUID
    event_type: str
    state: str


class TestEventEnvelope(Envelope):
    """A test."""

    result: TestEvent


def shown(webhook: Webhook) -> dict[str, Any]:
    """An endpoint in the public API's words."""
    return {
        "id": webhook.pk,
        "environment_id": webhook.environment_id,
        "target_url": webhook.target_url,
        "event_types": webhook.event_types,
        "is_active": webhook.is_active,
        "off_reason": webhook.off_reason or None,
        "previous_secret_ends_at": webhook.former_until,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }


@router.get("/webhook", response=WebhooksEnvelope, summary="List webhooks")
@needs("webhooks:read")
def list_webhooks(request: HttpRequest) -> dict[str, Any]:
    """All endpoints of this environment, the oldest first."""
    with scope_of(request).transaction():
        found = [shown(one) for one in Webhook.objects.all()]
    return {"result": found, "result_count": len(found)}


@router.post("/webhook", response=WebhookWithSecretEnvelope, summary="Create a webhook")
@needs("webhooks:write")
def create_webhook(request: HttpRequest, body: NewWebhook) -> dict[str, Any]:
    """A new endpoint. Keep its `secret`: it is shown this once only.

    Event types of the contract that are never sent are taken, and named in `meta.ignored_event_types`.
    """
    scope = scope_of(request)
    _check(body.dict())
    with scope.transaction():
        try:
            webhook, secret = webhooks.create(scope, **body.dict())
        except webhooks.TooMany:
            words = f"This environment has {settings.ENV.WEBHOOKS_MOST} webhooks, the most. Delete one first."
            raise Fault("too_many_webhooks", HTTPStatus.CONFLICT, words) from None
        webhooks.record(request, scope, "webhook_created", webhook, _settings(webhook))
    return {"result": {**shown(webhook), "secret": secret.reveal()}, "meta": _about(webhook)}


@router.post("/webhook/test", response=TestEventEnvelope, summary="Send a test event")
@needs("webhooks:write")
def send_test(request: HttpRequest, body: WhichWebhook) -> dict[str, Any]:
    """Sends the event `test` with the payload `{"foo": "bar"}`, whatever types the endpoint listens to."""
    with scope_of(request).transaction():
        webhook = scoping.one(Webhook.objects.select_for_update(no_key=True), pk=body.id)
        if not webhook.is_active:
            raise refused(("id", "a webhook that is active; set is_active first"))
        try:
            delivery = webhookevents.of_test(webhook)
        except webhookevents.TooManyTests:
            words = f"{webhookevents.MOST_TESTS} tests of this webhook wait already. Let them arrive first."
            raise Fault("too_many_tests", HTTPStatus.CONFLICT, words) from None
    result = {
        "id": delivery.event_id,
        "webhook_id": webhook.pk,
        "event_type": delivery.event_type,
        "state": delivery.state,
    }
    return {"result": result}


@router.get(PATH, response=WebhookEnvelope, summary="Get a webhook")
@needs("webhooks:read")
def get_webhook(request: HttpRequest, webhook_id: UUID) -> dict[str, Any]:
    """One endpoint, without its secret."""
    with scope_of(request).transaction():
        webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
    return {"result": shown(webhook), "meta": _about(webhook)}


@router.patch(PATH, response=WebhookEnvelope, summary="Change a webhook")
@needs("webhooks:write")
def change_webhook(request: HttpRequest, webhook_id: UUID, body: ChangedWebhook) -> dict[str, Any]:
    """Change what is named. While it is not active, nothing is sent, and what happens then is not kept for it."""
    scope = scope_of(request)
    changes = body.dict(exclude_unset=True)
    with scope.transaction():
        webhook = scoping.one(Webhook.objects.select_for_update(), pk=webhook_id)
        _check(changes)
        if changes:
            webhooks.change(webhook, changes)
            webhooks.record(request, scope, "webhook_changed", webhook, _settings(webhook))
    return {"result": shown(webhook), "meta": _about(webhook)}


@router.delete(PATH, response=GoneEnvelope, summary="Delete a webhook")
@needs("webhooks:write")
def delete_webhook(request: HttpRequest, webhook_id: UUID) -> dict[str, Any]:
    """Nothing more is sent there, and what waits is dropped."""
    scope = scope_of(request)
    with scope.transaction():
        webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
        Webhook.objects.filter(pk=webhook.pk).delete()
        webhooks.record(request, scope, "webhook_deleted", webhook)
    return {"result": {"id": webhook_id}}


@router.post(
    f"{PATH}/rotate-secret", response=WebhookWithSecretEnvelope, summary="Change the secret of a webhook"
)
@needs("webhooks:write")
def rotate_secret(request: HttpRequest, webhook_id: UUID, body: Overlap | None = None) -> dict[str, Any]:
    """A new secret, shown this once only. The present one signs `webhook-signature` as well until the overlap ends."""
    scope = scope_of(request)
    with scope.transaction():
        webhook = scoping.one(Webhook.objects.select_for_update(), pk=webhook_id)
        secret = webhooks.rotate_secret(webhook, body.overlap_hours if body else USUAL_OVERLAP_HOURS)
        webhooks.record(request, scope, "webhook_secret_changed", webhook)
    return {"result": {**shown(webhook), "secret": secret.reveal()}}


def _about(webhook: Webhook) -> dict[str, Any]:
    """For `meta`: what it listens to in vain, so that nothing is passed over in silence."""
    ignored = [name for name in webhook.event_types if webhookevents.is_never_sent(name)]
    return {"ignored_event_types": ignored} if ignored else {}


def _settings(webhook: Webhook) -> dict[str, Any]:
    """What the audit says of it."""
    return {"events": ", ".join(webhook.event_types), "active": webhook.is_active}


def _check(values: dict[str, Any]) -> None:
    """Every field that cannot be meant, with what it must be. Raises Fault."""
    found = webhooks.faults(values)
    if found:
        raise refused(*found)
