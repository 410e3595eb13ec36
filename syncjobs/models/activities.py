"""The provider's asynchronous jobs that we started, and how each account is looked at."""

from django.db import models

from connections.models import Connection, EnvironmentRow
from connections.tenancy import in_environment
from syncjobs.models.jobs import SyncJob


class WatchedActivity(EnvironmentRow):
    """An activity of ours, from when it was accepted until it is known to be over.

    Whichever job looked writes it down; the job that began it finds it here. `outcome` is empty while it runs.
    """

    class Outcome(models.TextChoices):
        """How it ended, as far as can be known."""

        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        STUCK = "stuck", "Took too long"
        VANISHED = "vanished", "Not listed any more"

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="activities", db_constraint=False
    )
    job = models.ForeignKey(SyncJob, on_delete=models.CASCADE, related_name="activities", db_constraint=False)
    activity_id = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    rows = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    predicted_seconds = models.FloatField()
    state = models.CharField(max_length=20, blank=True)
    missing = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    counters = models.JSONField(default=dict)
    messages = models.JSONField(default=list)
    results_href = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["connection"], name="watchedactivity_running", condition=models.Q(outcome="")
            ),
            models.Index(fields=["job"], name="watchedactivity_of_job"),
        ]
        constraints = [
            *in_environment(
                "watchedactivity",
                ("connection_id", "connections_connection"),
                ("job_id", "syncjobs_syncjob"),
            ),
            models.UniqueConstraint(fields=["connection", "activity_id"], name="watchedactivity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.activity_id}"


class AccountLooks(EnvironmentRow):
    """When an account's activities were listed and will be again, and how long each kind takes there."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="looks", db_constraint=False
    )
    last_look_at = models.DateTimeField(null=True, blank=True)
    next_look_at = models.DateTimeField(null=True, blank=True)
    paces = models.JSONField(default=dict)

    class Meta:
        constraints = [*in_environment("accountlooks", ("connection_id", "connections_connection"))]

    def __str__(self) -> str:
        return f"looks at {self.connection_id}"
