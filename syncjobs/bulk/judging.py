"""Between the comparing and the sending: is anything sent at all, and what will it cost?"""

from typing import Any, Final

from django.db import connection as database
from django.db.models import F

from syncjobs.imports import outcomes, planning, pricing, quoting, weighing
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.queue import Claim, GaveUp

# Which rows name a stand-in: by the set that it is in, or by a column of values.
USES: Final = {
    "list": "%s = ANY(string_to_array(list_set, ','))",
    "tag": "%s = ANY(string_to_array(tag_set, ','))",
    "custom_field": "values ? %s",
}


def judge(claim: Claim) -> None:
    """All or nothing is decided here, and a dry run ends; everything else goes on to what is missing.

    Raises:
        GaveUp: a row is not accepted, and the job is all or nothing.
    """
    with claim.transaction() as job:
        bad = ImportRow.objects.filter(job=job, outcome=ImportRow.Outcome.REJECTED).count()
        began = Batch.objects.filter(job=job).exists()
        if bad and job.options["all_or_nothing"] and not began:
            rows = "1 row is" if bad == 1 else f"{bad:,} rows are"
            raise GaveUp(
                "rows_rejected", f"{rows} not accepted, and this job is all or nothing: nothing was sent."
            )
        if job.options["dry_run"]:
            _tell(claim, job)
        else:
            claim.advance("making", cursor={})


def missing(job: SyncJob) -> list[dict[str, str]]:
    """What is to be made: missing, and named by a row that goes on. Inside the scope."""
    done = {one["stand_in"] for one in job.options["made"]}
    return [one for one in job.options["missing"] if one["stand_in"] not in done and _is_used(job, one)]


def _is_used(job: SyncJob, one: dict[str, str]) -> bool:
    rows = "SELECT FROM syncjobs_importrow WHERE job_id = %s AND outcome = ''"
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS ({rows} AND {USES[one['kind']]})",
            [job.pk, one["stand_in"]],
        )
        return bool(cursor.fetchone()[0])


def _tell(claim: Claim, job: SyncJob) -> None:
    """End a dry run: every row as it would end, and the price."""
    pages = quoting.pages_of(job.connection, job.accepted)
    made = weighing.cheapest(planning.wanted(job, planning.groups(job)), pages)
    new = missing(job)
    price = quoting.kept(pricing.of_plan(job, made, pages, more=len(new)))
    ImportRow.objects.filter(job=job, outcome="").exclude(expected="").update(outcome=F("expected"))
    options = {**job.options, "quote": price, "made": [{**one, "id": ""} for one in new]}
    counts: dict[str, Any] = outcomes.counted(job)
    claim.end(
        "done", cursor={}, options=options, explanation="Nothing was sent: this was a dry run.", **counts
    )
