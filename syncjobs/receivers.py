"""What follows on this floor when a connection changes."""

from typing import Any

from django.conf import settings
from django.dispatch import receiver

from connections import tenancy
from connections.models import Connection
from connections.signals import connection_changed
from mapping import catalog
from syncjobs import queue
from syncjobs.mirroring import starting


@receiver(connection_changed)
def after_change(sender: type[Connection], connection: Connection, change: str, **kwargs: Any) -> None:
    """Read lists and fields before a connection counts; once it does, halted jobs go on and its people are read."""
    if change == "verified":
        catalog.refresh(connection, wait_seconds=settings.ENV.LINK_WAIT_SECONDS)
    elif change == "linked":
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            queue.resume_after_reconnect(connection)
            starting.request(connection)
