"""What follows on this floor when a connection or a token changes."""

from typing import Any

from django.conf import settings
from django.dispatch import receiver

from connections import tenancy
from connections.models import ApiKey, Connection
from connections.signals import connection_changed, token_changed
from mapping import catalog
from syncjobs import queue, webhookevents
from syncjobs.mirroring import starting


@receiver(connection_changed)
def after_change(sender: type[Connection], connection: Connection, change: str, **kwargs: Any) -> None:
    """Read lists and fields before a connection counts; once it does, halted jobs go on and its people are read.

    Every other change is told to whoever listens.
    """
    if change == "verified":
        catalog.refresh(connection, wait_seconds=settings.ENV.LINK_WAIT_SECONDS)
    elif change == "linked":
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            queue.resume_after_reconnect(connection)
            starting.request(connection)
    else:
        webhookevents.of_account(connection, change)


@receiver(token_changed)
def after_token(sender: type[ApiKey], key: ApiKey, change: str, **kwargs: Any) -> None:
    """Whoever listens hears of it."""
    webhookevents.of_token(key, change)
