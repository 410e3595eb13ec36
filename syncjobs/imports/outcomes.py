"""How many rows of a job ended in each outcome: counted when rows are left out, and when the rest are settled."""

from typing import Any

from django.db import connection as database

from syncjobs.models import SyncJob


def counted(job: SyncJob) -> dict[str, Any]:  # changes of a job, as `advance` and `update` take them
    """The job's counts as its rows say. Inside the scope."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM syncjobs_importrow WHERE job_id = %s GROUP BY outcome", [job.pk]
        )
        found = dict(cursor.fetchall())
    return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
