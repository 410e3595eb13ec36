"""The provider's side of each contact, as last known; and what one reading of an account needs while it goes on."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from connections.models import Connection, Environment, EnvironmentRow, Tenant
from connections.tenancy import in_environment


class MirrorState(EnvironmentRow):
    """How a connection's mirror stands: how old it is, who is reading it anew, and how far the markers are.

    All times are the provider's clock. `read_at` is what the last whole reading holds for sure; empty until there
    was one. A column in `columns` that a contact has no value for is known to be blank there.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="mirror", db_constraint=False
    )
    read_at = models.DateTimeField(null=True, blank=True)
    readings = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    # How many people were deleted there, by the last whole reading: as long is the walk through them.
    deleted = models.PositiveIntegerField(default=0, db_default=0)
    columns = models.JSONField(default=list)
    reader = models.UUIDField(null=True, blank=True)
    reader_columns = models.JSONField(default=list)
    optouts_until = models.DateTimeField(null=True, blank=True)
    updates_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [*in_environment("mirrorstate", ("connection_id", "connections_connection"))]

    def __str__(self) -> str:
        return f"mirror of {self.connection_id}"


class OfAccount(EnvironmentRow):
    """What there are very many of: one index, that of the unique key, serves every search and every reference."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    email_key = models.CharField(max_length=320)

    class Meta:
        abstract = True


class MirrorContact(OfAccount):
    """One contact of the account, by its address in the one spelling that is compared.

    `values` by import column, blanks left out; `list_ids` and `tag_ids` are sorted, and None where not known.
    `seen_at` is the provider's time of the news that this row holds; an older one never overwrites it. `changed_at`
    is when we wrote it, by our own clock.
    """

    class Standing(models.TextChoices):
        """`vanished`: was there, and is neither in the newest reading nor among the deleted; not sent to."""

        ACTIVE = "active", "Active"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        DELETED = "deleted", "Deleted"
        VANISHED = "vanished", "Not there any more"

    id = models.BigAutoField(primary_key=True)
    contact_id = models.UUIDField(null=True, blank=True)
    standing = models.CharField(max_length=12, choices=Standing.choices)
    permission = models.CharField(max_length=24, blank=True)
    values = models.JSONField(default=dict)
    values_hash = models.CharField(max_length=32, blank=True)
    list_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    tag_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["connection_id", "email_key"]
        constraints = [
            *in_environment("mirrorcontact", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "email_key"], name="mirrorcontact_once"),
            models.CheckConstraint(
                condition=models.Q(standing__in=["active", "unsubscribed", "deleted", "vanished"]),
                name="mirrorcontact_standing_known",
            ),
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"


class MirrorKey(OfAccount):
    """An address that the reading under way has met, or found among the deleted; the others have vanished."""

    id = models.BigAutoField(primary_key=True)
    deleted = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            *in_environment("mirrorkey", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["tenant", "connection", "email_key"], name="mirrorkey_once"),
        ]

    def __str__(self) -> str:
        return f"met {self.pk}"


class ExportChunk(EnvironmentRow):
    """A piece of the export that is being read, beginning at `offset`: the provider's link may die meanwhile."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    offset = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["offset"]
        constraints = [
            *in_environment("exportchunk", ("connection_id", "connections_connection")),
            models.UniqueConstraint(fields=["connection", "offset"], name="exportchunk_once"),
        ]

    def __str__(self) -> str:
        return f"from {self.offset}"
