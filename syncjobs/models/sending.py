"""What is sent: the steps of a plan, the calls that they become, and the scratch lists that some of them need."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment
from syncjobs.models.jobs import SyncJob


class PlannedStep(EnvironmentRow):
    """One step of a job's plan (`syncjobs.planner.Step`), with its people as numbers that rows carry (`alike`)."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(
        SyncJob, on_delete=models.CASCADE, related_name="planned_steps", db_constraint=False
    )
    place = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    calls = models.PositiveIntegerField()
    people = models.PositiveIntegerField(default=0)
    list_ids = models.JSONField(default=list)
    tag_ids = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    # Places of the steps that must be over before.
    after = models.JSONField(default=list)
    # Whose whole rows travel, and whose addresses; with bounds in lines where a group is cut: [alike, from, to].
    whole = ArrayField(models.BigIntegerField(), default=list)
    whole_parts = models.JSONField(default=list)
    bare = ArrayField(models.BigIntegerField(), default=list)
    bare_parts = models.JSONField(default=list)
    # All its calls are written down.
    written = models.BooleanField(default=False)

    class Meta:
        ordering = ["place"]
        constraints = [
            *in_environment("plannedstep", ("job_id", "syncjobs_syncjob")),
            models.UniqueConstraint(fields=["job", "place"], name="plannedstep_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.place}: {self.kind}"


class Batch(EnvironmentRow):
    """One planned call that changes the account. Never changed once written, so that a second sending is the same."""

    class State(models.TextChoices):
        """`sent` means: the intent is committed, the answer is not known."""

        PLANNED = "planned", "Planned"
        SENT = "sent", "Sent"
        ACCEPTED = "accepted", "Accepted"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"
        # Its people go, or went, in others: it never arrived, or was cut or given up half-way.
        REPLACED = "replaced", "Replaced"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="batches", db_constraint=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, default="import_csv")
    # The place of its step in the plan.
    place = models.PositiveIntegerField(default=0)
    list_ids = models.JSONField(default=list)
    tag_ids = models.JSONField(default=list)
    # Lists whose members are meant; where there are none, the content names people.
    sources = models.JSONField(default=list)
    # Numbers of the calls that must be over before.
    after = models.JSONField(default=list)
    file_name = models.CharField(max_length=80, blank=True)
    content = models.BinaryField(default=b"")
    sha256 = models.CharField(max_length=64, blank=True)
    # People in it, whole or by address.
    row_count = models.PositiveIntegerField(default=0)
    whole_count = models.PositiveIntegerField(default=0)
    # Between which lines of the file its whole rows stand.
    first_line = models.BigIntegerField(null=True, blank=True)
    last_line = models.BigIntegerField(null=True, blank=True)
    # How often its people were cut out of another call to go again.
    depth = models.PositiveSmallIntegerField(default=0)
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
        return f"call {self.number}"


class ScratchList(EnvironmentRow):
    """A temporary contact list of ours in a linked account: written down before it is made, gone when removed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="scratch_lists", db_constraint=False
    )
    job = models.ForeignKey(
        SyncJob, on_delete=models.CASCADE, related_name="scratch_lists", db_constraint=False
    )
    name = models.CharField(max_length=255)
    # Empty until the provider has answered.
    list_id = models.UUIDField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    # When a sweep may try next to remove it.
    not_before = models.DateTimeField(default=timezone.now)
    # Its plan was given up, and the job's next plan has another: whoever stands on this one is nobody's business there.
    retired_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "id"]
        constraints = [
            *in_environment(
                "scratchlist", ("connection_id", "connections_connection"), ("job_id", "syncjobs_syncjob")
            ),
            # One at a time in each account, besides those that only wait to be removed.
            models.UniqueConstraint(
                fields=["tenant", "connection"],
                condition=models.Q(removed_at=None, retired_at=None),
                name="scratchlist_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ScratchLeave(EnvironmentRow):
    """Whether a temporary list may be made: in one account, or, without a connection, in all that say nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="scratch_leaves",
        db_constraint=False,
    )
    allowed = models.BooleanField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *in_environment("scratchleave", ("connection_id", "connections_connection")),
            models.UniqueConstraint(
                fields=["tenant", "environment", "connection"],
                nulls_distinct=False,
                name="scratchleave_once",
            ),
        ]

    def __str__(self) -> str:
        return "allowed" if self.allowed else "not allowed"
