"""Who writes a contact at the moment."""

from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment


class ContactLock(EnvironmentRow):
    """A lease on one contact: its owner alone reads, merges and writes it. Gone when given back; past `until` free."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    contact_id = models.UUIDField()
    owner = models.UUIDField()
    until = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            *in_environment("contactlock", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "contact_id"], name="contactlock_once"),
        ]

    def __str__(self) -> str:
        return f"lock of {self.contact_id}"
