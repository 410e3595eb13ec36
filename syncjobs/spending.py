"""How many provider calls jobs have made; kept with the job when the log of calls lets go of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.db.models import Count

from connections import portions
from connections.models import ProviderCall
from syncjobs.models import SyncJob

# One statement: a call is in the log or in its job's count, never in both and never in neither.
_DROP = """
    WITH gone AS (
        DELETE FROM connections_providercall WHERE id IN (
            SELECT id FROM connections_providercall WHERE sent_at < %s ORDER BY sent_at LIMIT %s
        ) RETURNING job_id, purpose
    ), spent AS (
        SELECT job_id, count(*) AS calls FROM gone WHERE purpose = 'api' AND job_id IS NOT NULL GROUP BY job_id
    ), kept AS (
        UPDATE syncjobs_syncjob j SET old_calls = j.old_calls + s.calls FROM spent s WHERE j.id = s.job_id
    )
    SELECT count(*) FROM gone
"""


def calls_of(jobs: Sequence[SyncJob]) -> dict[UUID, int]:
    """Provider calls that each job has made, token calls apart. Inside the scope."""
    found = (
        ProviderCall.objects.filter(job_id__in=[job.pk for job in jobs], purpose="api")
        .order_by()
        .values_list("job_id")
        .annotate(calls=Count("id"))
    )
    logged = dict(found)
    return {job.pk: job.old_calls + logged.get(job.pk, 0) for job in jobs}


def tidy(now: datetime, using: str) -> None:
    """Let go of old calls, in every workspace."""
    old = now - timedelta(days=settings.ENV.REQUEST_LOG_DAYS)
    with connections[using].cursor() as cursor:

        def some(most: int) -> int:
            cursor.execute(_DROP, [old, most])
            return int(cursor.fetchone()[0])

        portions.drop(some)
