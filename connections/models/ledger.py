"""The ledger: what one Constant Contact application may spend, what it has spent, and every call made."""

import uuid

from django.db import models

from connections.models.tenants import EnvironmentRow
from connections.tenancy import in_environment


class QuotaPool(models.Model):
    """The limits that one application's key carries for all its tenants together. Not a tenant's row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    calls_per_second = models.PositiveIntegerField(default=4)
    calls_per_day = models.PositiveIntegerField(default=10_000)
    token_calls_per_second = models.PositiveIntegerField(default=1)
    closed_until = models.DateTimeField(
        null=True, blank=True, help_text="The provider said the day is spent."
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    calls_per_second__gte=1, calls_per_day__gte=1, token_calls_per_second__gte=1
                ),
                name="quotapool_limits_positive",
            )
        ]

    def __str__(self) -> str:
        return self.name


class QuotaDay(models.Model):
    """Calls charged to a pool on one UTC day, each before it was sent."""

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["pool", "day"], name="quotaday_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.used}"


class QuotaSlot(models.Model):
    """One of the pool's places a second: taken from the charge until a second after the answer.

    No more than that many calls can then arrive in any second, whatever the network does in between.
    """

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="slots")
    purpose = models.CharField(max_length=5)
    number = models.PositiveIntegerField()
    free_at = models.DateTimeField()
    ticket = models.UUIDField(null=True)
    # A refund goes back to the day that was charged, also just after midnight.
    charged_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "purpose", "number"], name="quotaslot_once")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.number}"


class ProviderCall(EnvironmentRow):
    """One call as it went over the wire, redacted: no body, no token, no value of a query parameter."""

    id = models.BigAutoField(primary_key=True)
    # Plain ids: a call outlives its connection and its job, and is written while they are busy.
    connection_id = models.UUIDField(null=True, db_index=True)
    link_state_id = models.UUIDField(null=True)
    job_id = models.UUIDField(null=True, db_index=True)
    purpose = models.CharField(max_length=5, default="api")
    call_class = models.CharField(max_length=12)
    sent_at = models.DateTimeField(db_index=True)
    host = models.CharField(max_length=200)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=40)
    error_key = models.CharField(max_length=80, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    duration_ms = models.PositiveIntegerField(default=0)
    request_bytes = models.PositiveIntegerField(default=0)
    response_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [*in_environment("providercall")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status or self.outcome}"
