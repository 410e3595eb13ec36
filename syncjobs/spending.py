"""How many provider calls jobs have made."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count

from connections.models import ProviderCall
from syncjobs.models import SyncJob


def calls_of(jobs: Sequence[SyncJob]) -> dict[UUID, int]:
    """Provider calls that each job has made, token calls apart. Inside the scope."""
    found = (
        ProviderCall.objects.filter(job_id__in=[job.pk for job in jobs], purpose="api")
        .order_by()
        .values("job_id")
        .annotate(calls=Count("id"))
    )
    return {row["job_id"]: row["calls"] for row in found if row["job_id"]}
