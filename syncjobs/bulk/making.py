"""Lists, tags and custom fields that a program's rows name and the account lacks: made one a step, then named."""

from typing import Any, Final

from django.db import connection as database

from connections import gateway
from mapping import catalog, fields
from syncjobs.bulk import judging
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

_NAME: Final = {
    "list": """
        UPDATE syncjobs_importrow SET list_set = replace(list_set, %(old)s, %(new)s),
            leave_set = replace(leave_set, %(old)s, %(new)s)
        WHERE job_id = %(job)s AND (list_set LIKE %(like)s OR leave_set LIKE %(like)s)
    """,
    "tag": """
        UPDATE syncjobs_importrow SET tag_set = replace(tag_set, %(old)s, %(new)s),
            untag_set = replace(untag_set, %(old)s, %(new)s)
        WHERE job_id = %(job)s AND (tag_set LIKE %(like)s OR untag_set LIKE %(like)s)
    """,
    "custom_field": """
        UPDATE syncjobs_importrow
        SET values = (values - %(old)s::text) || jsonb_build_object(%(new)s::text, values -> %(old)s)
        WHERE job_id = %(job)s AND values ? %(old)s
    """,
}


def make(claim: Claim) -> None:
    """At most one call that changes something. What is there after all is taken as it is, and nothing is made twice."""
    with claim.transaction() as job:
        one = next(iter(judging.missing(job)), None)
        if one is None:
            claim.advance("deciding", cursor={})
            return
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    is_new = False
    if one["kind"] == "list":
        made, is_new = catalog.create_list(claim.job.connection, client, one["name"])
        new = id_ = str(made.list_id)
    elif one["kind"] == "tag":
        new = id_ = str(catalog.create_tag(claim.job.connection, client, one["name"]).tag_id)
    else:
        field = catalog.create_field(claim.job.connection, client, one["name"], one["type"])
        new, id_ = fields.custom_column(field.name), str(field.custom_field_id)
    with claim.transaction() as job:
        _name(job, one, new)
        options = {**job.options, "made": [*job.options["made"], {**one, "id": id_}]}
        if is_new:
            # Nobody is on it but whom this job puts there, so that its members are known.
            options["made_lists"] = [*options.get("made_lists", []), new]
        claim.advance("making", options=options, note=f"{one['kind']} “{one['name']}”")


def _name(job: SyncJob, one: dict[str, str], new: str) -> None:
    """Put what was made in its stand-in's place: in the rows, and in the job's columns. Inside the scope."""
    old = one["stand_in"]
    with database.cursor() as cursor:
        cursor.execute(_NAME[one["kind"]], {"old": old, "new": new, "job": job.pk, "like": f"%{old}%"})
    if one["kind"] == "custom_field":
        columns: list[dict[str, Any]] = job.options["columns"]
        for column in columns:
            if column["place"]["column"] == old:
                column["place"]["column"] = column["name"] = column["target"] = new
