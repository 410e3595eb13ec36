"""What was planned and never sent is taken back, so that what is left is planned anew. Inside the scope.

What went out, perhaps without our knowing, stays; so does what goes again for it: its tail, its halves, itself. Their
people are known by the addresses in a call and by nothing else, for whoever is judged anew is in another group then.
"""

from datetime import UTC, datetime
from typing import Final

from django.db import connection as database
from django.db.models import Max

from mapping import mirrornews
from syncjobs.imports import batching, scratch
from syncjobs.models import Batch, PlannedStep, ScratchList, SyncJob
from syncjobs.planner import Kind


def give_up_unsent(job: SyncJob) -> None:
    """Take back whatever was planned and never sent; who has values in a call that stays need not send them again."""
    Batch.objects.filter(job=job, state=Batch.State.PLANNED, sendings=0, depth=0).delete()
    stays = Batch.objects.filter(job=job, whole_count__gt=0).exclude(state__in=_CAME_TO_NOTHING)
    with database.cursor() as cursor:
        for call in batching.each(stays):
            cursor.execute(
                "UPDATE syncjobs_importrow SET travels = false "
                "WHERE job_id = %s AND email_key = ANY(%s) AND outcome = '' AND travels",
                [job.pk, batching.whole_keys_of(call)],
            )
    for kind in _DONE:
        _take_out(job, kind)
    scratch.retire(job)
    used = Batch.objects.filter(job=job).values_list("place", flat=True)
    PlannedStep.objects.filter(job=job).exclude(place__in=list(used)).delete()
    PlannedStep.objects.filter(job=job).update(written=True)
    _keep_look(job)


def _keep_look(job: SyncJob) -> None:
    """Calls that stay are guarded by the look that they were planned on, not by a later one."""
    looked_at = job.options.pop("compared_at", None) or job.options.get("compared_before")
    last = PlannedStep.objects.filter(job=job).aggregate(last=Max("place"))["last"]
    if looked_at is not None and last is not None:
        job.options["given_up"] = [*job.options.get("given_up", []), [looked_at, last]]
    # Who was to be created may turn out to be there.
    job.options["looked_again"] = job.options.get("looked_again", 0) + 1
    SyncJob.objects.filter(pk=job.pk).update(options=job.options)


def lost_its_list(job: SyncJob) -> bool:
    """Whether a job that was over has still to go by a temporary list, which was removed then or is about to be.

    What is about whoever stands on one is taken back, even if it has failed before.
    """
    lists = ScratchList.objects.filter(job=job).exclude(list_id=None)
    planned = Batch.objects.filter(job=job, state=Batch.State.PLANNED)
    taken_back = sum(planned.filter(sources__contains=[str(one.list_id)]).delete()[0] for one in lists)
    is_left = planned.exists() or PlannedStep.objects.filter(job=job, written=False).exists()
    return bool(taken_back) or (is_left and lists.filter(retired_at=None).exists())


_CAME_TO_NOTHING: Final = (Batch.State.FAILED, Batch.State.REPLACED)
# What calls by ids do, and the row's set that wants it.
_DONE: Final = {
    Kind.TAG_ON: ("tag_set", "tag_ids"),
    Kind.TAG_OFF: ("untag_set", "tag_ids"),
    Kind.REMOVE_LISTS: ("leave_set", "list_ids"),
}
# Of whom the mirror knows it can be told at once; of the others the rows must still say at the end what they have.
_FIND: Final = """
    CREATE TEMP TABLE done ON COMMIT DROP AS
    SELECT row.line, row.email_key, array_agg(call.about) AS ids FROM syncjobs_importrow AS row
    JOIN mapping_mirrorcontact AS known ON known.connection_id = %s AND known.email_key = row.email_key
        AND known.standing = 'active'
    JOIN (SELECT person::uuid AS contact_id, about FROM syncjobs_batch AS batch,
            jsonb_array_elements_text(convert_from(batch.content, 'UTF8')::jsonb) AS person,
            jsonb_array_elements_text(batch.{ids}) AS about
        WHERE batch.job_id = %s AND batch.kind = %s AND batch.state = 'finished' AND batch.sources = '[]'
    ) AS call ON call.contact_id = row.contact_id
    WHERE row.job_id = %s AND row.outcome = '' AND row.{wish} <> ''
    GROUP BY row.line, row.email_key
"""
_REDUCE: Final = """
    UPDATE syncjobs_importrow AS row SET {wish} = array_to_string(ARRAY(
        SELECT one FROM unnest(string_to_array(row.{wish}, ',')) AS one WHERE one <> ALL(done.ids) ORDER BY one), ',')
    FROM done WHERE row.job_id = %s AND row.line = done.line
"""


def _take_out(job: SyncJob, kind: Kind) -> None:
    """What finished calls have done to people is not wanted of them any more, and the mirror knows it."""
    wish, ids = _DONE[kind]
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.done")
        cursor.execute(_FIND.format(wish=wish, ids=ids), [job.connection_id, job.pk, kind.value, job.pk])
        cursor.execute(_REDUCE.format(wish=wish), [job.pk])
    at = datetime.now(UTC).replace(microsecond=0)
    if kind is Kind.TAG_ON:
        told = (
            "SELECT email_key, '{}'::jsonb AS values, '{}'::uuid[] AS list_ids, ids::uuid[] AS tag_ids, "
            "false AS is_new FROM done"
        )
        mirrornews.keep_written(job.connection, told, [], at)
        return
    lists, tags = (
        ("ids::uuid[]", "'{}'::uuid[]") if kind is Kind.REMOVE_LISTS else ("'{}'::uuid[]", "ids::uuid[]")
    )
    told = f"SELECT email_key, {lists} AS list_ids, {tags} AS tag_ids FROM done"  # noqa: S608  # ours
    mirrornews.keep_taken_off(job.connection, told, [], at)
