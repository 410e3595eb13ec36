"""Messages to people: a row first, sent by a job, with what became of it."""

import uuid

from django.db import models


class Message(models.Model):
    """One message to one address. It belongs to no workspace; whoever waits for it keeps its id.

    The text often holds a link that opens something, so it is sealed, and dropped once the message has gone.
    """

    class State(models.TextChoices):
        """Where it is."""

        QUEUED = "queued", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        KEPT = "kept", "In the outbox"
        FAILED = "failed", "Not delivered"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    to = models.EmailField("to", max_length=254)
    subject = models.CharField(max_length=200)
    body_sealed = models.TextField(default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="message_due",
                condition=models.Q(state__in=["queued", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.get_state_display()})"
