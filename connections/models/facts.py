"""What was found out about the provider where its pages are silent. Not a tenant's rows."""

from django.db import models


class ProviderFact(models.Model):
    """One settled point: its answer, what shows it, and when that was seen."""

    name = models.CharField(max_length=40, primary_key=True)
    answer = models.CharField(max_length=40)
    evidence = models.CharField(max_length=600)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.answer}"
