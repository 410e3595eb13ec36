"""The first stages: create what is missing at Constant Contact, then read the file into rows.

A row that cannot be sent gets its outcome here, with the reason; an address that comes again further down is
skipped in favour of its last line, as the provider itself would decide.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection as database

from connections import gateway, staging
from mapping import catalog
from mapping.models import FieldMapping, ListMapping, TagMapping
from mapping.translation import Plan, translate
from mapping.values import BadValue, email_key
from syncjobs.imports import outcomes, plans, rendering, uploads
from syncjobs.imports.readers import Position, Record, records
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim

COLUMNS = (
    "tenant_id",
    "environment_id",
    "job_id",
    "line",
    "email_key",
    "email",
    "values",
    "list_set",
    "tag_set",
    "on_set",
    "travels",
    "csv_bytes",
    "expected",
    "outcome",
    "reason",
    "detail",
)
# values, lists, tags, known lists, travels, bytes and expected outcome of a row that is not sent
NOTHING = ("{}", "", "", "", False, 0, "")


def prepare(claim: Claim) -> None:
    """One missing custom field, list or tag a step: at most one call that changes something."""
    options = claim.job.options
    column = next((one for one in options["columns"] if one["kind"] == "new"), None)
    target = next((one for one in [*options["everyone"], *options["lists"]] if one.get("new")), None)
    tags = [*options.get("everyone_tags", []), *options.get("tags", [])]
    tag = next((one for one in tags if one.get("new")), None)
    if column is not None:
        _create_field(claim, column)
    elif tag is not None:
        _create_tag(claim, tag["new"])
    elif target is not None:
        _create_list(claim, target["new"])
    else:
        with claim.transaction() as job:
            plans.freeze(job)
            first = uploads.facts(plans.upload_of(job)).first
            claim.advance("reading", options=job.options, cursor={"offset": first.offset, "line": first.line})


def _create_field(claim: Claim, column: dict[str, Any]) -> None:
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    made = catalog.create_field(claim.job.connection, client, column["label"], column["type"])
    with claim.transaction() as job:
        column.update(kind="custom", target=str(made.custom_field_id))
        _settle_mapping(job, column["name"], str(made.custom_field_id))
        claim.advance("preparing", options=job.options, note=f"custom field “{made.label}”")


def _settle_mapping(job: SyncJob, name: str, custom_field_id: str) -> None:
    """The saved map points to the field that now exists; two app fields never share one."""
    mappings = FieldMapping.objects.filter(connection=job.connection)
    mappings.filter(target=custom_field_id).exclude(app_field__name=name[:200]).delete()
    mappings.filter(app_field__name=name[:200]).update(
        kind="custom", target=custom_field_id, new_label="", new_type=""
    )


def _create_list(claim: Claim, name: str) -> None:
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    made, is_new = catalog.create_list(claim.job.connection, client, name)
    with claim.transaction() as job:
        if is_new:
            # Nobody is on it but whom this import puts there, so that its members are known.
            job.options["made_lists"] = [*job.options.get("made_lists", []), str(made.list_id)]
        for one in [*job.options["everyone"], *job.options["lists"]]:
            if one.get("new") == name:
                one.update(new="", list_id=str(made.list_id))
        ListMapping.objects.filter(connection=job.connection, new_name=name).update(
            list_id=made.list_id, new_name=""
        )
        claim.advance("preparing", options=job.options, note=f"list “{made.name}”")


def _create_tag(claim: Claim, name: str) -> None:
    client = gateway.open_client(claim.job.connection, "bulk", job_id=claim.job.pk)
    made = catalog.create_tag(claim.job.connection, client, name)
    with claim.transaction() as job:
        for one in [*job.options.get("everyone_tags", []), *job.options.get("tags", [])]:
            if one.get("new") == name:
                one.update(new="", tag_id=str(made.tag_id))
        TagMapping.objects.filter(connection=job.connection, new_name=name).update(
            tag_id=made.tag_id, new_name=""
        )
        claim.advance("preparing", options=job.options, note=f"tag “{made.name}”")


def read(claim: Claim) -> None:
    """Some thousand rows a step, kept together with how far the reading came."""
    with claim.transaction() as job:
        upload = plans.upload_of(job)
        facts = uploads.facts(upload)
        start = Position(job.cursor["offset"], job.cursor["line"])
        found = records(uploads.chunks_from(upload), facts.layout, start, uploads.limits())
        batch = list(islice(found, settings.ENV.IMPORT_STEP_ROWS))
        plan = plans.translation(job)
        # A step that died after its commit was counted; one that died before left nothing, so no row comes twice.
        accepted = staging.insert("syncjobs_importrow", COLUMNS, _rows(job, plan, batch))
        total = job.accepted + accepted
        if len(batch) < settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("matching", accepted=total, cursor={})
        else:
            end = batch[-1].next
            claim.advance("reading", accepted=total, cursor={"offset": end.offset, "line": end.line})


def _rows(job: SyncJob, plan: Plan, batch: list[Record]) -> Iterator[tuple[Any, ...]]:
    head = (job.tenant_id, job.environment_id, job.pk)
    columns, lines = plans.columns_sent(job), rendering.Lines()
    for record in batch:
        if record.problem is not None or record.values is None:
            code, text = (
                (record.problem.code, record.problem.message) if record.problem else ("unreadable", "")
            )
            yield (*head, record.line, "", "", *NOTHING, "rejected", code, text[:300])
            continue
        try:
            row = translate(plan, record.values)
        except BadValue as problem:
            yield (
                *head,
                record.line,
                "",
                _address(plan, record.values),
                *NOTHING,
                "rejected",
                problem.reason,
                str(problem)[:300],
            )
            continue
        values = json.dumps(row.values, ensure_ascii=False)
        yield (
            *head,
            record.line,
            email_key(row.email),
            row.email,
            values,
            ",".join(row.list_ids),
            ",".join(row.tag_ids),
            "",
            True,
            lines.size([row.email, *(row.values.get(name, "") for name in columns)]),
            # Unless the account turns out to have somebody of this address already.
            "created",
            "",
            "",
            "",
        )


def _address(plan: Plan, values: list[str]) -> str:
    """What stands in the address column of a rejected row, for the list of rejects."""
    position = next((position for position, place in plan.places.items() if place.column == "email"), None)
    text = values[position].strip() if position is not None else ""
    return "".join(character for character in text if character.isprintable())[:320]


def match(claim: Claim) -> None:
    """An address that stands in several lines is sent once, as its last line says; the others say so.

    An opt-out goes before whatever else is wanted of the same person.
    """
    with claim.transaction() as job, database.cursor() as cursor:
        # Found first and updated by line: a join of this table with itself is quadratic while it has no statistics.
        cursor.execute(
            """
            SELECT line, counts FROM (
                SELECT line, coalesce(
                    max(line) FILTER (WHERE action = 'unsubscribe') OVER (PARTITION BY email_key),
                    max(line) OVER (PARTITION BY email_key)
                ) AS counts FROM syncjobs_importrow WHERE job_id = %s AND outcome = ''
            ) AS found WHERE line <> counts
            """,
            [job.pk],
        )
        others = cursor.fetchall()
        cursor.execute(
            """
            UPDATE syncjobs_importrow AS row SET outcome = 'skipped', reason = 'duplicate',
                detail = 'the same address comes again in line ' || other.counts || ', which is the one that counts'
            FROM unnest(%s::bigint[], %s::bigint[]) AS other (line, counts)
            WHERE row.job_id = %s AND row.line = other.line
            """,
            [[line for line, _ in others], [counts for _, counts in others], job.pk],
        )
        left = ImportRow.objects.filter(job=job, outcome="").exists()
        claim.advance("counting" if left else "finishing", cursor={}, **outcomes.counted(job))
