"""The linked account's lists, tags and custom fields as last read, with their age."""

import uuid

from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment


class RemoteList(EnvironmentRow):
    """A contact list of the linked account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="remote_lists", db_constraint=False
    )
    list_id = models.UUIDField()
    name = models.CharField(max_length=255)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            *in_environment("remotelist", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "list_id"], name="remotelist_once"),
        ]

    def __str__(self) -> str:
        return self.name


class RemoteTag(EnvironmentRow):
    """A tag of the linked account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="remote_tags", db_constraint=False
    )
    tag_id = models.UUIDField()
    name = models.CharField(max_length=255)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            *in_environment("remotetag", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "tag_id"], name="remotetag_once"),
        ]

    def __str__(self) -> str:
        return self.name


class RemoteField(EnvironmentRow):
    """A custom field of the linked account; `name` is what imports call it (`cf:name`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="remote_fields", db_constraint=False
    )
    custom_field_id = models.UUIDField()
    label = models.CharField(max_length=50)
    name = models.CharField(max_length=50)
    type = models.CharField(max_length=20)
    choices = models.JSONField(default=list)
    choice_ids = models.JSONField(default=dict)  # the provider's id of a choice -> its label
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["label", "id"]
        constraints = [
            *in_environment("remotefield", ("connection_id", "connections_connection")),
            models.UniqueConstraint(
                fields=["tenant", "connection", "custom_field_id"], name="remotefield_once"
            ),
        ]

    def __str__(self) -> str:
        return self.label
