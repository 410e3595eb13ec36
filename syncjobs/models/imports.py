"""An uploaded file, its rows with their outcomes, and what the account held before."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Cast

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

    class Action(models.TextChoices):
        """What a row wants beyond values, lists and tags."""

        DELETE = "delete", "Delete"
        UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
        OPT_IN = "opt_in", "Written with an opt-in"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="rows", db_constraint=False)
    line = models.BigIntegerField()
    # The address in the one spelling that is compared; never lower(email), which no index serves under RLS.
    email_key = models.CharField(max_length=320, blank=True)
    email = models.CharField(max_length=320, blank=True)
    values = models.JSONField(default=dict)
    # What is wanted of the person besides: nothing more, to be deleted or unsubscribed, or an opt-in to be recorded.
    action = models.CharField(max_length=12, choices=Action.choices, blank=True, db_default="")
    # Of a program's row: what it says, as it was understood; until it is translated, and what must be judged again.
    wish = models.JSONField(null=True, blank=True)
    # Ids of lists, and of tags, that the file wants: sorted, comma-joined.
    list_set = models.CharField(max_length=2_000, blank=True)
    tag_set = models.CharField(max_length=2_000, blank=True)
    # The same of lists to be taken off, and of tags.
    leave_set = models.CharField(max_length=2_000, blank=True, db_default="")
    untag_set = models.CharField(max_length=2_000, blank=True, db_default="")
    # Lists the person is known to be on already; and whether the values still have to travel.
    on_set = models.CharField(max_length=2_000, blank=True)
    travels = models.BooleanField(default=True)
    # Bytes of the whole row as a line of CSV.
    csv_bytes = models.PositiveIntegerField(default=0)
    # The same number for people of whom the same is wanted: groups are made of it.
    alike = models.GeneratedField(
        expression=Func(
            F("list_set"),
            F("on_set"),
            F("tag_set"),
            # Behind one another without a sign between: a row that wants none of these keeps the number it had.
            Func(
                Cast("travels", models.TextField()),
                F("leave_set"),
                F("untag_set"),
                F("action"),
                template="%(expressions)s",
                arg_joiner=" || ",
            ),
            function="hashtextextended",
            template="%(function)s(%(expressions)s, 0)",
            arg_joiner=" || '|' || ",
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    contact_id = models.UUIDField(null=True, blank=True)
    # To be deleted, and unsubscribed: no list takes the person, so that none can say who is meant.
    off_lists = models.BooleanField(default=False, db_default=False)
    # What the row will be once its batch is accepted: created or updated.
    expected = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    # Which field of a program's row is meant, where it is one.
    field = models.CharField(max_length=100, blank=True, db_default="")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["job_id", "line"]
        indexes = [
            models.Index(fields=["job", "email_key", "line"], name="importrow_by_email"),
            models.Index(fields=["job", "outcome", "line"], name="importrow_by_outcome"),
        ]
        constraints = [
            *in_environment("importrow", ("job_id", "syncjobs_syncjob")),
            models.UniqueConstraint(fields=["job", "line"], name="importrow_once"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"
