"""Deliveries that ended go again, one or a range: the same id, the same body, as many tries as the first time.

The functions work inside the scope of the endpoint's environment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from syncjobs import webhookevents
from syncjobs.models import Webhook, WebhookDelivery

# So many of a range go again at once.
MOST: Final = 1_000
ENDED: Final = (WebhookDelivery.State.FAILED, WebhookDelivery.State.DELIVERED)


@dataclass(frozen=True)
class Range:
    """Which deliveries of an endpoint: by how they ended, and by the time of their event."""

    state: str
    since: datetime | None = None
    until: datetime | None = None

    def of(self, webhook: Webhook) -> QuerySet[WebhookDelivery]:
        """Those of an endpoint, the oldest first."""
        rows = WebhookDelivery.objects.filter(webhook=webhook, state=self.state).order_by("pk")
        if self.since is not None:
            rows = rows.filter(created_at__gte=self.since)
        return rows.filter(created_at__lt=self.until) if self.until is not None else rows


def one(delivery: WebhookDelivery) -> bool:
    """Let it go again; False while it is on its way."""
    return bool(_again(delivery.webhook, [delivery.pk]))


def several(webhook: Webhook, wanted: Range) -> tuple[int, int, datetime | None]:
    """Let the oldest MOST of a range go again: how many, how many are left, and when the last of them happened."""
    rows = wanted.of(webhook)
    taken = list(rows.values_list("pk", "created_at")[:MOST])
    many = rows.count()
    done = _again(webhook, [key for key, _ in taken])
    return done, max(0, many - len(taken)), taken[-1][1] if taken else None


def _again(webhook: Webhook, keys: list[int]) -> int:
    """Due now; an endpoint that rests is asked at once, since somebody says that it is well."""
    done = WebhookDelivery.objects.filter(pk__in=keys, webhook=webhook, state__in=ENDED).update(
        state=WebhookDelivery.State.QUEUED,
        attempts=0,
        not_before=datetime.now(UTC),
        lease_until=None,
        ended_at=None,
    )
    if done:
        Webhook.objects.filter(pk=webhook.pk).update(rests_until=None)
        transaction.on_commit(webhookevents.ring)
    return done
