"""What follows on this floor when a connection changes."""

from typing import Any

from django.dispatch import receiver

from connections import tenancy
from connections.models import Connection
from connections.signals import connection_changed
from mapping import catalog
from syncjobs import queue


@receiver(connection_changed)
def after_change(sender: type[Connection], connection: Connection, change: str, **kwargs: Any) -> None:
    """Read lists and fields before a connection counts; let its halted jobs go on once it does."""
    if change == "verified":
        catalog.refresh(connection)
    elif change == "linked":
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            queue.resume_after_reconnect(connection)
