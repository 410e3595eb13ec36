"""A webhook that nobody listens at any more is switched off, and the people who can mend it are told by mail.

Gone (410) is believed at once; else so many days (WEBHOOK_OFF_DAYS) without a single success. What waits for it stays
for a month: it goes when somebody activates the webhook again.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.urls import reverse

from connections import audit, mail, roles
from connections.models import Environment, Membership
from syncjobs import webhooks
from syncjobs.models import Webhook

REASONS: Final = {
    "gone": "its address answered 410, which means that it is gone for good",
    "failing": "none of its deliveries arrived for {days} days",
}


def reason(webhook: Webhook, status: int | None, failing_since: datetime, now: datetime) -> str:
    """Why an endpoint is to be switched off after a failure; a key of REASONS, or nothing."""
    if status == HTTPStatus.GONE:
        return "gone"
    days = timedelta(days=settings.ENV.WEBHOOK_OFF_DAYS)
    return "failing" if webhook.is_active and now - failing_since >= days else ""


def in_words(why: str) -> str:
    """A reason as part of a sentence."""
    return REASONS[why].format(days=settings.ENV.WEBHOOK_OFF_DAYS)


def switch_off(webhook: Webhook, why: str, now: datetime) -> None:
    """Off it goes, once, with a mail to those who may switch it on. Inside its scope."""
    off = Webhook.objects.filter(pk=webhook.pk, is_active=True).update(
        is_active=False, off_reason=why, updated_at=now
    )
    if not off:
        return
    environment = Environment.objects.select_related("tenant").get(pk=webhook.environment_id)
    page = reverse("webhook", args=[environment.tenant_id, environment.kind, webhook.pk])
    context = {
        "workspace": environment.tenant.name,
        "environment": environment.kind,
        "place": webhooks.place_of(webhook),
        "why": in_words(why),
        "link": settings.PUBLIC_URL + page,
    }
    if mail.is_on():
        for member in Membership.objects.select_related("user").order_by("pk"):
            if roles.may(member.role, "manage API tokens"):
                mail.send("webhook_off", member.user.email, context)
    audit.record(
        "webhook_switched_off",
        tenant_id=webhook.tenant_id,
        environment=environment.kind,
        about=context["place"],
        new={"reason": context["why"]},
    )
