"""The user's choices for one connection: which app field, list and tag fills which of the account's."""

import uuid

from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment, unique_within_tenant


class AppField(EnvironmentRow):
    """A field of a person in the vendor's own product, declared or taken from a file's header."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="app_fields", db_constraint=False
    )
    name = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            *in_environment("appfield", ("connection_id", "connections_connection")),
            unique_within_tenant("appfield"),
            models.UniqueConstraint(fields=["tenant", "connection", "name"], name="appfield_once"),
        ]

    def __str__(self) -> str:
        return self.name


class FieldMapping(EnvironmentRow):
    """Where an app field goes. `target` is a standard field's name, or a custom field's id once it exists."""

    class Kind(models.TextChoices):
        """What kind of place."""

        STANDARD = "standard", "Standard field"
        CUSTOM = "custom", "Custom field"
        NEW = "new", "New custom field"
        LISTS = "lists", "Names the app's lists"
        TAGS = "tags", "Names the app's tags"
        IGNORED = "ignored", "Not sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="field_mappings", db_constraint=False
    )
    app_field = models.OneToOneField(
        AppField, on_delete=models.CASCADE, related_name="mapping", db_constraint=False
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.CharField(max_length=60, blank=True)
    new_label = models.CharField(max_length=50, blank=True)
    new_type = models.CharField(max_length=20, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["app_field__position", "id"]
        constraints = [
            *in_environment(
                "fieldmapping",
                ("connection_id", "connections_connection"),
                ("app_field_id", "mapping_appfield"),
            ),
            models.UniqueConstraint(
                fields=["tenant", "connection", "kind", "target"],
                condition=models.Q(kind__in=["standard", "custom"]),
                name="fieldmapping_target_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=["standard", "custom"]) | ~models.Q(target=""),
                name="fieldmapping_has_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.app_field_id} -> {self.target or self.new_label or self.kind}"


class ListMapping(EnvironmentRow):
    """Which contact list an app list fills; `list_id` is empty until a new list has been created."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="list_mappings", db_constraint=False
    )
    app_list = models.CharField(max_length=255)
    list_id = models.UUIDField(null=True, blank=True)
    new_name = models.CharField(max_length=255, blank=True)
    ignored = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["app_list", "id"]
        constraints = [
            *in_environment("listmapping", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "app_list"], name="listmapping_once"),
        ]

    def __str__(self) -> str:
        return self.app_list


class TagMapping(EnvironmentRow):
    """Which tag an app tag becomes; `tag_id` is empty until a new tag has been created."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="tag_mappings", db_constraint=False
    )
    app_tag = models.CharField(max_length=255)
    tag_id = models.UUIDField(null=True, blank=True)
    new_name = models.CharField(max_length=255, blank=True)
    ignored = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["app_tag", "id"]
        constraints = [
            *in_environment("tagmapping", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "app_tag"], name="tagmapping_once"),
        ]

    def __str__(self) -> str:
        return self.app_tag
