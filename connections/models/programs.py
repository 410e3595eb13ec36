"""What programs did: each call of theirs, and the answers that are kept for a repeated one."""

import uuid

from django.db import models

from connections.models.tenants import EnvironmentRow
from connections.tenancy import in_environment


class IdempotentReply(EnvironmentRow):
    """The answer to a call with an Idempotency-Key, kept for whoever sends the same call again.

    `digest` is of account, address and key, `body_digest` of everything else of the call. Without `ended_at` the call
    is under way; without `is_kept` it was answered, and the answer was too long to keep.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32)
    body_digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict)
    content_sealed = models.TextField(blank=True, editable=False)
    is_kept = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            *in_environment("idempotentreply"),
            models.UniqueConstraint(fields=["tenant", "environment", "digest"], name="idempotentreply_once"),
        ]

    def __str__(self) -> str:
        return f"answer {self.status or 'to come'}"


class ApiCall(EnvironmentRow):
    """One call of a program's to Patchbay, redacted: no body, no token, no value that could name a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    called_at = models.DateTimeField()
    request_id = models.CharField(max_length=32)
    log_type = models.CharField(max_length=20)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    query = models.CharField(max_length=500, blank=True)
    status = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=40, blank=True)
    # Plain ids: a call outlives its token and its connection.
    key_id = models.UUIDField(null=True, blank=True)
    token_name = models.CharField(max_length=80, blank=True)
    connection_id = models.UUIDField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    request_bytes = models.PositiveBigIntegerField(default=0)
    response_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "API call"
        ordering = ["-called_at", "-id"]
        indexes = [
            models.Index(fields=["tenant", "environment", "-called_at", "-id"], name="apicall_by_time"),
            models.Index(fields=["called_at"], name="apicall_age"),
        ]
        constraints = [*in_environment("apicall")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
