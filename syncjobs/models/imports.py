"""An uploaded file, its rows with their outcomes, what the account held before, and the batches that were sent."""

import uuid

from django.conf import settings
from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment, unique_within_tenant
from syncjobs.models.jobs import SyncJob


class Upload(EnvironmentRow):
    """A file as it came in, kept as UTF-8 in chunks; `facts` is what its head told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="uploads", db_constraint=False
    )
    file_name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            *in_environment("upload", ("connection_id", "connections_connection")),
            unique_within_tenant("upload"),
        ]

    def __str__(self) -> str:
        return self.file_name


class UploadChunk(EnvironmentRow):
    """About a mebibyte of an upload, beginning at `offset`."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="chunks", db_constraint=False)
    offset = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["offset"]
        constraints = [
            *in_environment("uploadchunk", ("upload_id", "syncjobs_upload")),
            models.UniqueConstraint(fields=["upload", "offset"], name="uploadchunk_once"),
        ]

    def __str__(self) -> str:
        return f"from {self.offset}"


class ImportRow(EnvironmentRow):
    """One accepted row of an import and the one outcome it ends in."""

    class Outcome(models.TextChoices):
        """How a row ended; empty while it has not."""

        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "No change"
        SKIPPED = "skipped", "Skipped"
        REJECTED = "rejected", "Rejected"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="rows", db_constraint=False)
    line = models.BigIntegerField()
    # The address in the one spelling that is compared; never lower(email), which no index serves under RLS.
    email_key = models.CharField(max_length=320, blank=True)
    email = models.CharField(max_length=320, blank=True)
    values = models.JSONField(default=dict)
    list_set = models.CharField(max_length=2_000, blank=True)
    batch_number = models.PositiveIntegerField(null=True)
    # What the row will be once its batch is accepted: created or updated.
    expected = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["job_id", "line"]
        indexes = [
            models.Index(fields=["job", "email_key", "line"], name="importrow_by_email"),
            models.Index(fields=["job", "outcome", "line"], name="importrow_by_outcome"),
            models.Index(fields=["job", "batch_number", "line"], name="importrow_by_batch"),
        ]
        constraints = [
            *in_environment("importrow", ("job_id", "syncjobs_syncjob")),
            models.UniqueConstraint(fields=["job", "line"], name="importrow_once"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"


class KnownContact(EnvironmentRow):
    """What the account held about an address before the first batch, for one import's comparison."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(
        SyncJob, on_delete=models.CASCADE, related_name="known_contacts", db_constraint=False
    )
    email_key = models.CharField(max_length=320)
    standing = models.CharField(max_length=12)
    values = models.JSONField(default=dict)
    list_names = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        constraints = [
            *in_environment("knowncontact", ("job_id", "syncjobs_syncjob")),
            models.UniqueConstraint(fields=["job", "email_key"], name="knowncontact_once"),
        ]

    def __str__(self) -> str:
        return f"known contact {self.pk}"


class Batch(EnvironmentRow):
    """The exact bytes of one bulk import. Never changed once written, so that a second sending is the same sending."""

    class State(models.TextChoices):
        """`sent` means: the intent is committed, the answer is not known."""

        PLANNED = "planned", "Planned"
        SENT = "sent", "Sent"
        ACCEPTED = "accepted", "Accepted"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="batches", db_constraint=False)
    number = models.PositiveIntegerField()
    list_ids = models.JSONField()
    file_name = models.CharField(max_length=80)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    row_count = models.PositiveIntegerField()
    # False where only addresses travel, to put people on one more list.
    whole_rows = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    sent_at = models.DateTimeField(null=True, blank=True)
    sendings = models.PositiveSmallIntegerField(default=0)
    looked = models.PositiveSmallIntegerField(default=0)
    activity_id = models.CharField(max_length=60, blank=True)
    activity_state = models.CharField(max_length=20, blank=True)
    counters = models.JSONField(default=dict)
    messages = models.JSONField(default=list)

    class Meta:
        ordering = ["number"]
        constraints = [
            *in_environment("batch", ("job_id", "syncjobs_syncjob")),
            models.UniqueConstraint(fields=["job", "number"], name="batch_once"),
        ]

    def __str__(self) -> str:
        return f"batch {self.number}"
