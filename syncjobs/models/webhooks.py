"""Where customers want to hear of events, and each event on its way there."""

import uuid

from django.db import models

from connections.models import EnvironmentRow
from connections.tenancy import in_environment, unique_within_tenant


class Webhook(EnvironmentRow):
    """An address of a customer's that events of some types are sent to, signed by a secret of its own.

    While a secret is being changed the former one signs as well, until `former_until`. An endpoint that gave no answer
    rests until `rests_until`, ever longer by its `silences` in a row, so that nobody waits for the same silence again;
    so does one that refuses again and again, by its `refusals`. `served_at` says whose turn it is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target_url = models.CharField(max_length=2_000)
    is_active = models.BooleanField(default=True)
    event_types = models.JSONField(default=list)
    secret_sealed = models.TextField(editable=False)
    former_sealed = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)
    silences = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0)
    served_at = models.DateTimeField(null=True, blank=True)
    # The first failure since the last success; and why we switched it off ourselves, if we did.
    failing_since = models.DateTimeField(null=True, blank=True)
    off_reason = models.CharField(max_length=10, blank=True, db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [*in_environment("webhook", findable=True), unique_within_tenant("webhook")]

    def __str__(self) -> str:
        return self.target_url


class WebhookDelivery(EnvironmentRow):
    """One event for one endpoint: a row first, written with its cause; sent by a job until it arrives.

    `event_id` is the same for every endpoint that hears of the event. Events `about` the same thing go to an endpoint
    one after the other, in the order of their rows.
    """

    class State(models.TextChoices):
        """Where it is."""

        QUEUED = "queued", "Waiting"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Not delivered"

    OPEN = (State.QUEUED, State.SENDING)

    id = models.BigAutoField(primary_key=True)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False
    )
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=60)
    about = models.UUIDField()
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["webhook", "not_before", "id"],
                name="webhookdelivery_due",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(
                fields=["webhook", "about", "id"],
                name="webhookdelivery_order",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["ended_at"], name="webhookdelivery_ended"),
            models.Index(
                fields=["tenant"], name="webhookdelivery_in_flight", condition=models.Q(state="sending")
            ),
            models.Index(fields=["webhook", "state", "-id"], name="webhookdelivery_listed"),
        ]
        constraints = [
            *in_environment("webhookdelivery", ("webhook_id", "syncjobs_webhook"), findable=True),
            models.UniqueConstraint(fields=["webhook", "event_id"], name="webhookdelivery_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "sending", "delivered", "failed"]),
                name="webhookdelivery_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
