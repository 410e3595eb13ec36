"""What a linked account tells of its own addresses, as last read, with its age."""

from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment


class AccountDirectory(EnvironmentRow):
    """The account's own e-mail addresses: `addresses` are {email, roles}."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="directory", db_constraint=False
    )
    addresses = models.JSONField(default=list)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [*in_environment("accountdirectory", ("connection_id", "connections_connection"))]

    def __str__(self) -> str:
        return f"addresses of {self.connection_id}"
