"""Pages of webhooks: where events go, what did not arrive, and how it goes again. They are made over the API."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from connections import pages, roles, scoping
from connections.scoping import Scope
from syncjobs import webhookends, webhookreplay, webhooks, webhooksending
from syncjobs.models import Webhook, WebhookDelivery

MANAGE: Final = "manage API tokens"
MOST_SHOWN: Final = 50
FAILED: Final = WebhookDelivery.State.FAILED


def _shown(webhook: Webhook, now: datetime) -> dict[str, Any]:
    """A webhook as pages show it: never the whole address, never its secret."""
    rests = webhook.is_active and webhook.rests_until is not None and webhook.rests_until > now
    if not webhook.is_active:
        status, label = ("failed", "Switched off") if webhook.off_reason else ("paused", "Not active")
    else:
        status, label = ("late", "Rests") if rests else ("working", "Active")
    return {
        "webhook": webhook,
        "place_of": webhooks.place_of(webhook) or "No address",
        "status": status,
        "label": label,
        "rests_until": webhook.rests_until if rests else None,
        "off_because": webhookends.in_words(webhook.off_reason) if webhook.off_reason else "",
    }


def _crumbs(scope: Scope, *names: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, reverse(name, args=[scope.tenant_id, scope.environment])) for label, name in names]


@require_GET
@login_required
def endpoints(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The webhooks of this environment, each with how many events did not arrive."""
    scope = scoping.workspace(request, workspace_id, environment)
    now = datetime.now(UTC)
    with scope.transaction():
        found = list(Webhook.objects.all())
        failed = WebhookDelivery.objects.filter(webhook__in=found, state=FAILED).order_by()
        many = dict(failed.values_list("webhook").annotate(Count("pk")))
    rows = [{**_shown(one, now), "failed": many.get(one.pk, 0)} for one in found]
    frame = pages.inside(
        scope, "Webhooks", crumbs=_crumbs(scope, ("Developers", "developers")), here="Developers"
    )
    return render(request, "developers/webhooks.html", {"rows": rows, **frame})


@require_GET
@login_required
def endpoint(request: HttpRequest, workspace_id: UUID, environment: str, webhook_id: UUID) -> HttpResponse:
    """One webhook, and the latest events that did not arrive there."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
        failed = WebhookDelivery.objects.filter(webhook=webhook, state=FAILED).defer("payload")
        rows = list(failed.order_by("-pk")[: MOST_SHOWN + 1])
        waiting = WebhookDelivery.objects.filter(webhook=webhook, state__in=WebhookDelivery.OPEN).count()
    shown = _shown(webhook, datetime.now(UTC))
    context = {
        **shown,
        "failed": rows[:MOST_SHOWN],
        "waiting": waiting,
        "more": len(rows) > MOST_SHOWN,
        "kept_days": webhooksending.KEPT_DAYS,
        "can_send": scope.may(MANAGE) and webhook.is_active,
        "why_not": roles.why_not(scope.role, MANAGE),
        **pages.inside(
            scope,
            shown["place_of"],
            crumbs=_crumbs(scope, ("Developers", "developers"), ("Webhooks", "webhooks")),
            here="Developers",
        ),
    }
    return render(request, "developers/webhook.html", context)


@require_POST
@login_required
def send_again(
    request: HttpRequest, workspace_id: UUID, environment: str, webhook_id: UUID, delivery_id: UUID
) -> HttpResponse:
    """Let one delivery go again, under the same id."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    with scope.transaction():
        webhook = scoping.one(Webhook.objects.all(), pk=webhook_id)
        rows = WebhookDelivery.objects.select_related("webhook")
        delivery = scoping.one(rows, webhook=webhook, event_id=delivery_id)
        if not webhook.is_active:
            messages.warning(request, "This webhook is not active, so nothing is sent there.")
        elif webhookreplay.one(delivery):
            messages.success(request, f"The event {delivery.event_type} goes again, under the same id.")
            webhooks.record(request, scope, "webhook_replayed", webhook, {"deliveries": 1})
        else:
            messages.warning(request, "That event is on its way already.")
    return redirect("webhook", workspace_id, environment, webhook_id)
