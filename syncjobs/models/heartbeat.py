"""When the clock was last heard: one row a clock, for whoever watches the deployment."""

from django.db import models


class Heartbeat(models.Model):
    """The last time that something which should happen regularly did happen. Not a tenant's row."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
