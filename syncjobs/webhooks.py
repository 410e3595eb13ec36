"""Endpoints of customers: made, changed, tested, and their secrets, which are sealed and shown once.

The functions work inside the scope of the endpoint's environment.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from connections import audit, vault
from connections.constantcontact.redaction import Secret
from connections.models import Environment
from connections.rotation import Sealed
from connections.scoping import Scope
from syncjobs import egress, webhookevents, webhooksigning
from syncjobs.models import Webhook
from syncjobs.webhookevents import EVENTS

MOST_NAMED: Final = 5
SECRET: Final = "webhook_secret"  # noqa: S105  # the name of a place
FORMER: Final = "webhook_former"


class TooMany(Exception):
    """The environment has all the endpoints that it may have."""


def place(webhook: Webhook, column: str) -> vault.Place:
    """Where one of its sealed secrets belongs."""
    return vault.Place(webhook.tenant_id, webhook.pk, column)


# What is sealed on this floor, for turning the key ring.
SEALED: Final = (
    Sealed(Webhook, "secret_sealed", lambda row: place(row, SECRET)),
    Sealed(Webhook, "former_sealed", lambda row: place(row, FORMER)),
)


def faults(values: Mapping[str, Any]) -> list[tuple[str, str]]:  # Any: what a program sent, by field
    """(field, what it must be) of each value that is not accepted."""
    found = []
    if "target_url" in values:
        try:
            egress.parse(values["target_url"])
        except egress.Refused as refused:
            found.append(("target_url", str(refused)))
    if "event_types" in values:
        unknown = sorted(
            name for name in set(values["event_types"]) - set(EVENTS) if not webhookevents.is_never_sent(name)
        )
        known = f"Known are: {', '.join(EVENTS)}."
        if unknown:
            found.append(
                ("event_types", f"names what is no event: {', '.join(unknown[:MOST_NAMED])}. {known}")
            )
        elif not values["event_types"]:
            found.append(("event_types", f"must name one event or more. {known}"))
    return found


def create(
    scope: Scope, *, target_url: str, event_types: Collection[str], is_active: bool
) -> tuple[Webhook, Secret]:
    """A new endpoint and its secret, whose text exists only in what is returned. `faults` has found none.

    Raises:
        TooMany: there are WEBHOOKS_MOST already.
    """
    # Held, so that two at once come one after the other and the count is true.
    Environment.objects.select_for_update().get(pk=scope.environment_id)
    if Webhook.objects.count() >= settings.ENV.WEBHOOKS_MOST:
        raise TooMany
    webhook = Webhook(
        pk=uuid.uuid4(),
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        target_url=egress.parse(target_url).url,
        event_types=_in_order(event_types),
        is_active=is_active,
        updated_at=datetime.now(UTC),
    )
    secret = Secret(webhooksigning.new_secret())
    webhook.secret_sealed = vault.seal(secret, place(webhook, SECRET))
    webhook.save(force_insert=True)
    return webhook, secret


def change(webhook: Webhook, values: Mapping[str, Any]) -> None:  # Any: values of columns
    """Change what is named. Another address, or activity after a silence, is tried at once. `faults` has found none."""
    changes = dict(values)
    if "target_url" in changes:
        changes["target_url"] = egress.parse(changes["target_url"]).url
    if "event_types" in changes:
        changes["event_types"] = _in_order(changes["event_types"])
    changes |= {"rests_until": None, "silences": 0, "refusals": 0, "updated_at": datetime.now(UTC)}
    changes |= {"failing_since": None, "off_reason": ""}
    for name, value in changes.items():
        setattr(webhook, name, value)
    Webhook.objects.filter(pk=webhook.pk).update(**changes)


def rotate_secret(webhook: Webhook, overlap_hours: int) -> Secret:
    """A new secret; the present one signs as well for some hours more. One before that ends now."""
    now = datetime.now(UTC)
    held = Webhook.objects.select_for_update().get(pk=webhook.pk)
    present = vault.open_sealed(held.secret_sealed, place(held, SECRET))
    new = Secret(webhooksigning.new_secret())
    webhook.secret_sealed = vault.seal(new, place(held, SECRET))
    webhook.former_sealed = vault.seal(present, place(held, FORMER)) if overlap_hours else ""
    webhook.former_until = now + timedelta(hours=overlap_hours) if overlap_hours else None
    webhook.updated_at = now
    webhook.save(update_fields=["secret_sealed", "former_sealed", "former_until", "updated_at"])
    return new


def signing(webhook: Webhook, now: datetime) -> list[str]:
    """The secrets that sign at this moment, the newest first.

    Raises:
        CannotOpen: a key is gone from the ring.
    """
    found = [vault.open_sealed(webhook.secret_sealed, place(webhook, SECRET)).reveal()]
    if webhook.former_until is not None and webhook.former_until > now:
        found.append(vault.open_sealed(webhook.former_sealed, place(webhook, FORMER)).reveal())
    return found


def _in_order(event_types: Collection[str]) -> list[str]:
    """Each once, in the order of the list; then those that are never sent, as they were named."""
    return [name for name in EVENTS if name in event_types] + [
        name for name in dict.fromkeys(event_types) if name not in EVENTS
    ]


def record(
    request: HttpRequest,
    scope: Scope,
    action: str,
    webhook: Webhook,
    new: Mapping[str, Any] | None = None,  # Any: what the audit keeps
) -> None:
    """Into the audit, as the last thing of the act's own transaction."""
    audit.record(
        action,
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=place_of(webhook),
        new=new,
    )


def place_of(webhook: Webhook) -> str:
    """Host and port of its address: path and query of such an address are often a key of their own."""
    return urlsplit(webhook.target_url).netloc
