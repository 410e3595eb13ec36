"""A unit of work and the steps it took."""

import uuid

from django.conf import settings
from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment, unique_within_tenant


class SyncJob(EnvironmentRow):
    """One unit of work. The row is the truth: its fence, lease and cursor decide who may go on from where."""

    class State(models.TextChoices):
        """The words of the public API."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        ATTENTION = "attention", "Needs you"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="jobs", db_constraint=False
    )
    kind = models.CharField(max_length=30)
    idempotency_key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    stage = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    explanation = models.CharField(max_length=600, blank=True)
    options = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)

    fence = models.BigIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)

    accepted = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)

    # Provider calls it has made that the log of calls has let go of.
    old_calls = models.PositiveIntegerField(default=0)

    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # When a worker took it up last: due jobs go by it, workspaces in turn.
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "job"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="syncjob_due",
                condition=models.Q(state__in=["queued", "running", "waiting"]),
            ),
            models.Index(
                fields=["tenant", "-claimed_at"],
                name="syncjob_claimed",
                condition=models.Q(claimed_at__isnull=False),
            ),
            models.Index(fields=["tenant", "environment", "-created_at", "-id"], name="syncjob_newest"),
            models.Index(fields=["tenant", "environment", "ended_at"], name="syncjob_ended"),
            models.Index(fields=["connection", "-created_at"], name="syncjob_of_account"),
            models.Index(
                fields=["tenant", "environment", "-created_at", "-id"],
                name="syncjob_to_look_at",
                condition=models.Q(state__in=["attention", "failed"])
                | models.Q(state="done", rejected__gt=0),
            ),
            models.Index(
                fields=["connection", "-ended_at"],
                name="syncjob_last_done",
                condition=models.Q(state="done"),
            ),
            models.Index(
                fields=["connection", "state"],
                name="syncjob_not_over",
                condition=models.Q(state__in=["queued", "running", "waiting", "attention"]),
            ),
        ]
        constraints = [
            *in_environment("syncjob", ("connection_id", "connections_connection"), findable=True),
            unique_within_tenant("syncjob"),
            models.UniqueConstraint(
                fields=["tenant", "environment", "kind", "idempotency_key"], name="syncjob_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["queued", "running", "waiting", "attention", "done", "failed", "stopped"]
                ),
                name="syncjob_state_known",
            ),
            # Done means that every accepted row ended in exactly one outcome.
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | models.Q(
                    accepted=models.F("created")
                    + models.F("updated")
                    + models.F("unchanged")
                    + models.F("skipped")
                    + models.F("rejected")
                ),
                name="syncjob_done_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_over(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in {self.State.DONE, self.State.FAILED, self.State.STOPPED}

    @property
    def outcome_counts(self) -> dict[str, int]:
        """The counts by outcome, in the order they are shown."""
        return {
            name: getattr(self, name) for name in ("created", "updated", "unchanged", "skipped", "rejected")
        }


class JobStep(EnvironmentRow):
    """One bounded step: which worker ran it, when, and how it ended."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="steps", db_constraint=False)
    stage = models.CharField(max_length=30)
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [*in_environment("jobstep", ("job_id", "syncjobs_syncjob"))]

    def __str__(self) -> str:
        return f"{self.stage} by {self.worker}"
