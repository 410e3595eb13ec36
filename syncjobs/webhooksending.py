"""Sends the deliveries that are due: claimed by one conditional UPDATE, in order by subject, tried for three days.

Promises: no transaction is open while a receiver is spoken to; a delivery goes out twice only where its answer was
lost or its worker died, and then under the same id. Workspaces are served in turn, and while others wait a workspace
has one delivery on the wire. A receiver that gives no answer, or refuses again and again, is left alone for a minute,
and ever longer while that goes on, so that nobody else waits for it; at last it is switched off. One that takes
events slowly rests between them. Of a failure the row keeps a status and our own words, nothing that was answered.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from connections import portions, tenancy, vault
from syncjobs import egress, webhookends, webhooks, webhooksigning
from syncjobs.models import Webhook, WebhookDelivery

log = logging.getLogger(__name__)

# Longer than any exchange may take: who still sends then has been ended.
LEASE_SECONDS: Final = 120
# After one silence; twice as long after each that follows, up to an hour.
REST_SECONDS: Final = 60
LONGEST_REST_SECONDS: Final = 3_600
# Who takes an event, but slowly, rests so many times as long as it took: it takes a tenth of a sender's time at most.
SLOW_RESTS: Final = 9
# So many answers in a row that were no success may be an accident.
REFUSALS_BORNE: Final = 4
MOST_DUE: Final = 20
# One claim at a time, so that each knows what is on the wire: the name of a lock in the database.
CLAIMING: Final = 0x7761_6974
MOST_OF_ONE: Final = 5
KEPT_DAYS: Final = 30
# A pause is up to so much longer, so that what failed at once does not come back at once.
JITTER: Final = 0.2
OPERATOR: Final = "operator"

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outcome:
    """What a try came to: the status of the answer, if there was one, and what is wrong in our own words."""

    status: int | None
    error: str = ""
    was_silent: bool = False
    seconds: float = 0.0
    # Ours alone: nothing was asked of the receiver.
    is_ours: bool = False

    @property
    def has_arrived(self) -> bool:
        """Any 2xx is a success."""
        return not self.error


def send_due(*, for_seconds: float = 40.0, clock: Clock = _now) -> int:
    """Begin what is due, for about so long; the number of deliveries that arrived."""
    arrived, ends = 0, time.monotonic() + for_seconds
    while time.monotonic() < ends and (delivery := _next(clock())):
        outcome = _send(delivery, clock())
        with tenancy.acting_for(delivery.tenant_id, delivery.environment_id):
            _settle(delivery, outcome, clock())
        arrived += outcome.has_arrived
    return arrived


def _next(now: datetime) -> WebhookDelivery | None:
    """The delivery whose turn it is, claimed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
        for tenant_id, environment_id, webhook_id in tenancy.find("find_due_deliveries", MOST_DUE, now):
            with tenancy.acting_for(tenant_id, environment_id):
                if claimed := _claim(webhook_id, now):
                    return claimed
    return None


def next_at() -> datetime | None:
    """When the next delivery can be claimed, in any workspace (as the operators' role)."""
    rows = _unblocked(WebhookDelivery.objects.using(OPERATOR).filter(webhook__is_active=True))
    # The greatest of a row: what is NULL does not count.
    begins = Greatest("not_before", "lease_until", "webhook__rests_until")
    found: datetime | None = rows.aggregate(first=Min(begins))["first"]
    return found


def waiting() -> int:
    """How many deliveries are on their way, in all workspaces (as the operators' role)."""
    return WebhookDelivery.objects.using(OPERATOR).filter(state__in=WebhookDelivery.OPEN).count()


def tidy(now: datetime) -> None:
    """Let go of what has arrived or failed a month ago, and of what waits for an endpoint that nobody listens at."""
    old = now - timedelta(days=KEPT_DAYS)
    rows = WebhookDelivery.objects.using(OPERATOR)
    portions.delete(rows.filter(ended_at__lt=old))
    portions.delete(rows.filter(ended_at=None, webhook__is_active=False, created_at__lt=old))


def pause(attempts: int, chance: float) -> timedelta | None:
    """How long to wait after so many tries; None where it was the last. `chance` is from 0 to 1."""
    lengths = pauses()
    if attempts > len(lengths):
        return None
    return timedelta(seconds=lengths[attempts - 1] * (1 + JITTER * chance))


def pauses() -> list[int]:
    """Seconds after the first, second, ... failed try."""
    return [int(one) for one in settings.ENV.WEBHOOK_PAUSES.split(",")]


def _due(now: datetime) -> Q:
    queued = Q(state=WebhookDelivery.State.QUEUED)
    silent = Q(state=WebhookDelivery.State.SENDING, lease_until__lt=now)
    return Q(not_before__lte=now) & (queued | silent)


def _unblocked(rows: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """Those on their way that do not wait for an earlier one about the same thing."""
    same = WebhookDelivery.objects.filter(
        webhook_id=OuterRef("webhook_id"), about=OuterRef("about"), state__in=WebhookDelivery.OPEN
    )
    # A look into the index for each row, until one is found; a join might read all that waits.
    return rows.filter(pk=Subquery(same.order_by("pk").values("pk")[:1]), state__in=WebhookDelivery.OPEN)


def _claim(webhook_id: Any, now: datetime) -> WebhookDelivery | None:  # Any: what the finder gave
    """The endpoint's next delivery, claimed; None if nothing is due or others were quicker. Inside its scope."""
    listening = Q(webhook__is_active=True) & (Q(webhook__rests_until=None) | Q(webhook__rests_until__lte=now))
    rows = _unblocked(WebhookDelivery.objects.filter(_due(now), listening, webhook_id=webhook_id))
    for key in rows.order_by("not_before", "pk").values_list("pk", flat=True)[:MOST_OF_ONE]:
        taken = WebhookDelivery.objects.filter(_due(now), pk=key).update(
            state=WebhookDelivery.State.SENDING,
            attempts=F("attempts") + 1,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
        )
        if taken:
            Webhook.objects.filter(pk=webhook_id).update(served_at=now)
            return WebhookDelivery.objects.select_related("webhook").get(pk=key)
    return None


def _send(delivery: WebhookDelivery, now: datetime) -> Outcome:
    """One try. Outside every transaction."""
    webhook = delivery.webhook
    if delivery.attempts > len(pauses()) + 1:
        # A try that ends its worker leaves no answer behind; only the count of claims tells.
        return Outcome(None, "Sending it ended its worker again and again.", is_ours=True)
    try:
        secrets = webhooks.signing(webhook, now)
    except vault.CannotOpen:
        why = "The secret cannot be opened. Whoever runs Patchbay finds out why by doctor."
        return Outcome(None, why, is_ours=True)
    body = webhooksigning.body_of(
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        payload=delivery.payload,
        environment_id=delivery.environment_id,
        webhook_id=webhook.pk,
        created_at=delivery.created_at,
    )
    headers = webhooksigning.headers_of(delivery.event_id, body, secrets, now)
    began = time.monotonic()
    try:
        status = egress.post(webhook.target_url, body, headers)
    except egress.Refused as refused:
        return Outcome(None, f"The address {refused}.")
    except egress.NoAnswer as silence:
        return Outcome(None, str(silence), was_silent=True)
    took = time.monotonic() - began
    if 200 <= status < 300:
        return Outcome(status, seconds=took)
    hint = " Redirects are not followed." if 300 <= status < 400 else ""
    return Outcome(status, f"The answer was {status}; any 2xx would be a success.{hint}", seconds=took)


def _settle(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> None:
    """Write down what became of it, unless somebody else has taken it over since. Inside its scope."""
    changes: dict[str, Any] = {  # Any: values of columns
        "lease_until": None,
        "last_status": outcome.status,
        "last_error": outcome.error[:200],
    }
    wait = pause(delivery.attempts, random.random())  # noqa: S311  # spreads load, guards nothing
    if outcome.has_arrived:
        changes |= {"state": WebhookDelivery.State.DELIVERED, "ended_at": now}
    elif wait is None:
        changes |= {"state": WebhookDelivery.State.FAILED, "ended_at": now}
    else:
        changes |= {"state": WebhookDelivery.State.QUEUED, "not_before": now + wait}
    WebhookDelivery.objects.filter(
        pk=delivery.pk, state=WebhookDelivery.State.SENDING, attempts=delivery.attempts
    ).update(**changes)
    if not outcome.has_arrived:
        log.warning("webhook delivery %s did not arrive: %s", delivery.pk, outcome.status or outcome.error)
    # What this address answered says nothing of another that it was changed for meanwhile; nor is it there any more
    # where the endpoint was deleted.
    asked = Webhook.objects.filter(pk=delivery.webhook_id, target_url=delivery.webhook.target_url)
    webhook = asked.select_for_update(no_key=True).first()
    if webhook is None:
        return
    _let_rest(webhook, outcome, now)
    if not (outcome.has_arrived or outcome.is_ours):
        since = webhook.failing_since or now
        if why := webhookends.reason(webhook, outcome.status, since, now):
            webhookends.switch_off(webhook, why, now)


def _let_rest(webhook: Webhook, outcome: Outcome, now: datetime) -> None:
    """Who was silent, or slow, or refuses again and again, is asked later; who answers well is there again."""
    silences = refusals = 0
    is_slow = outcome.seconds >= settings.ENV.WEBHOOK_SLOW_SECONDS
    if outcome.was_silent or (is_slow and not outcome.has_arrived):
        silences = min(webhook.silences + 1, 1_000)
    if outcome.status and not outcome.has_arrived:
        refusals = min(webhook.refusals + 1, 1_000)
    elif outcome.was_silent:
        refusals = webhook.refusals
    times = max(silences, refusals - REFUSALS_BORNE)
    rests_until = None
    if times > 0:
        seconds = min(REST_SECONDS * 2 ** min(times - 1, 10), LONGEST_REST_SECONDS)
        rests_until = now + timedelta(seconds=seconds)
    elif is_slow:
        rests_until = now + timedelta(seconds=SLOW_RESTS * outcome.seconds)
    failing_since = None if outcome.has_arrived else webhook.failing_since or now
    if outcome.is_ours:
        failing_since = webhook.failing_since
    before = (webhook.rests_until, webhook.silences, webhook.refusals, webhook.failing_since)
    after = (rests_until, silences, refusals, failing_since)
    if after != before:
        names = ("rests_until", "silences", "refusals", "failing_since")
        Webhook.objects.filter(pk=webhook.pk).update(**dict(zip(names, after, strict=True)))
