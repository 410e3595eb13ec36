"""The ledger: what one Constant Contact application may spend, what it has spent, and every call made."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from connections.models.tenants import Environment, EnvironmentRow, Tenant
from connections.quota.fairshare import INTERACTIVE_BURST, LARGEST_WEIGHT
from connections.tenancy import RowSecurity, in_environment

_POSITIVE = MinValueValidator(
    1, "Give a whole number of at least 1; with none at all every call would wait for ever."
)


class QuotaPool(models.Model):
    """The limits that one application's key carries for all its tenants together. Not a tenant's row."""

    class Pacing(models.TextChoices):
        """How calls are kept within the second; `connections.quota.pacing` says what each promises."""

        ANCHORED = "anchored", "By answers (safe)"
        PACED = "paced", "By intervals (fast)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    calls_per_second = models.PositiveIntegerField(default=4, validators=[_POSITIVE])
    calls_per_day = models.PositiveIntegerField(default=10_000, validators=[_POSITIVE])
    token_calls_per_second = models.PositiveIntegerField(default=1, validators=[_POSITIVE])
    pacing = models.CharField(max_length=8, choices=Pacing.choices, default=Pacing.ANCHORED)
    jitter_ms = models.PositiveIntegerField(
        "jitter (ms)",
        default=20,
        validators=[MaxValueValidator(1000)],
        help_text="By intervals: how much later than another a call may arrive, on the way and by our own delay.",
    )
    closed_until = models.DateTimeField(
        null=True, blank=True, help_text="The provider said the day is spent."
    )
    # The one call that may go after the pool was closed, until its answer is known.
    probe = models.BigIntegerField(null=True, editable=False)
    next_at = models.DateTimeField(null=True, editable=False)
    slow_factor = models.FloatField(default=1.0, editable=False)
    slowed_at = models.DateTimeField(null=True, editable=False)
    # Calls with this key that are not ours: what is thought of one day.
    foreign_calls = models.PositiveIntegerField(default=0, editable=False)
    foreign_day = models.DateField(null=True, editable=False)
    # Turns and the plan of the day, as `connections.quota.tickets` writes them.
    state = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    calls_per_second__gte=1, calls_per_day__gte=1, token_calls_per_second__gte=1
                ),
                name="quotapool_limits_positive",
                violation_error_message="A pool needs at least one call a second and one a day.",
            ),
            models.CheckConstraint(
                condition=models.Q(pacing__in=["anchored", "paced"], jitter_ms__lte=1000),
                name="quotapool_pacing_known",
            ),
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


class QuotaHour(models.Model):
    """Calls of one class in one hour, made and refused: what forecasts are made from. Not a tenant's row."""

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="hours")
    hour = models.PositiveIntegerField(help_text="Since 1970.")
    call_class = models.CharField(max_length=12)
    used = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "hour", "call_class"], name="quotahour_once")]

    def __str__(self) -> str:
        return f"{self.call_class} in {self.hour}: {self.used}"


class QuotaSlot(models.Model):
    """One of the pool's places a second: taken from the charge until a second after the answer.

    No more than that many calls can then arrive in any second, whatever the network does in between.
    """

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="slots")
    purpose = models.CharField(max_length=5)
    number = models.PositiveIntegerField()
    free_at = models.DateTimeField()
    ticket = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "purpose", "number"], name="quotaslot_once")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.number}"


class Ticket(models.Model):
    """One call that wants to go, from its asking until its answer; its number is its place in the order of arrival.

    It waits, is granted (`starts_at`, charged), is taken by whoever waits for it (`taken_at`), and is gone when the
    call has ended. Who stops looking after it loses it: waiting ones are dropped, granted ones given back.
    """

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="+")
    # A call on nobody's behalf, such as the doctor's, has no tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="+")
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False
    )
    connection_id = models.UUIDField(null=True)
    job_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=5)
    call_class = models.CharField(max_length=12)
    entered_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    starts_at = models.DateTimeField(null=True)
    charged_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [*in_environment("ticket")]
        indexes = [
            models.Index(
                fields=["pool", "purpose", "id"],
                condition=models.Q(taken_at=None),
                name="ticket_not_taken",
            )
        ]

    def __str__(self) -> str:
        return f"{self.call_class} {self.pk}"


class QuotaShare(models.Model):
    """A tenant at a pool: its weight, its calls of the day (interactive ones, and work), and where its turns stand."""

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="shares")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[_POSITIVE, MaxValueValidator(LARGEST_WEIGHT)]
    )
    day = models.DateField(null=True, editable=False)
    persons = models.PositiveIntegerField(default=0, editable=False)
    work = models.PositiveIntegerField(default=0, editable=False)
    turns = models.JSONField(default=dict, editable=False)
    allowance = models.FloatField(default=float(INTERACTIVE_BURST), editable=False)
    allowance_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(name="quotashare_row_security", scope="tenant"),
            models.UniqueConstraint(fields=["pool", "tenant"], name="quotashare_once"),
            models.CheckConstraint(
                condition=models.Q(weight__gte=1, weight__lte=LARGEST_WEIGHT),
                name="quotashare_weight_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weight}"


class QuotaUse(EnvironmentRow):
    """Calls of one day by account, class and purpose: what a workspace may see of the quota is its own."""

    pool = models.ForeignKey(QuotaPool, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    connection_id = models.UUIDField(null=True)
    call_class = models.CharField(max_length=12)
    purpose = models.CharField(max_length=5)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [
            *in_environment("quotause"),
            models.UniqueConstraint(
                fields=["pool", "day", "tenant", "environment", "connection_id", "call_class", "purpose"],
                nulls_distinct=False,
                name="quotause_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.call_class}: {self.used}"


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
