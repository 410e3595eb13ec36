"""The audit: who did what, when and from where, in rows that are only ever added."""

from django.db import models

from connections.models.tenants import Tenant
from connections.tenancy import RowSecurity


class AuditEvent(models.Model):
    """One act. Its rows form a chain for each workspace, and one for the deployment (no workspace).

    Written by the database function `audit_append` alone. `detail` is the personal part; it and its salt may be
    dropped later, because the chain goes over `digest`. An audit outlives its workspace, so no key holds the two.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=40)
    # Which environment the act was in, as a word; empty for the workspace as a whole.
    environment_kind = models.CharField(max_length=4, blank=True)
    detail = models.JSONField(null=True)
    salt = models.BinaryField(null=True)
    digest = models.BinaryField()
    hash = models.BinaryField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "audit event"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="auditevent_kept", condition=models.Q(dropped_at__isnull=True)),
        ]
        constraints = [
            RowSecurity(name="auditevent_row_security", scope="tenant"),
            models.UniqueConstraint(fields=["tenant", "seq"], name="auditevent_once", nulls_distinct=False),
            models.CheckConstraint(
                name="auditevent_whole_or_dropped",
                condition=models.Q(detail__isnull=False, salt__isnull=False, dropped_at__isnull=True)
                | models.Q(detail__isnull=True, salt__isnull=True, dropped_at__isnull=False),
            ),
            models.CheckConstraint(
                name="auditevent_words",
                condition=models.Q(action__regex=r"^[a-z_]+$")
                & models.Q(environment_kind__in=["", "test", "live"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditHead(models.Model):
    """The end of one chain: how many events there are, and the hash of the last. Its lock puts appends in line."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        verbose_name = "head of an audit"
        ordering = ["id"]
        constraints = [
            RowSecurity(name="audithead_row_security", scope="tenant"),
            models.UniqueConstraint(fields=["tenant"], name="audithead_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.seq}:{bytes(self.hash).hex()}"
