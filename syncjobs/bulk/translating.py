"""Wishes in the provider's terms: values cleaned for their fields, names become ids. A bad row ends here."""

import json
from typing import Any

from django.conf import settings
from django.db import connection as database

from mapping import values
from mapping.fields import Place
from mapping.values import BadValue, email_key
from syncjobs.bulk.wishes import BadRow
from syncjobs.imports import plans, rendering
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim


def translate(claim: Claim) -> None:
    """Some thousand rows a step."""
    with claim.transaction() as job:
        waiting = ImportRow.objects.filter(job=job, outcome="", line__gt=job.cursor["line"]).order_by("line")
        rows = list(waiting[: settings.ENV.IMPORT_STEP_ROWS])
        reader = _Reader(job)
        for row in rows:
            reader.read(row)
        _write(job, rows)
        if len(rows) < settings.ENV.IMPORT_STEP_ROWS:
            claim.advance("matching", cursor={})
        else:
            claim.advance("translating", cursor={"line": rows[-1].line})


class _Reader:
    """Reads rows by what the job's names were found to be. Inside the scope."""

    def __init__(self, job: SyncJob) -> None:
        self.options = job.options
        self.places = {place.column: place for place in plans.places(job).values()}
        self.columns = plans.columns_sent(job)
        self.lines = rendering.Lines()

    def read(self, row: ImportRow) -> None:
        """Make a row of its wish, or reject it with its field and reason."""
        try:
            self._read(row, row.wish or {})
        except BadRow as problem:
            row.outcome, row.reason = "rejected", problem.reason
            row.field, row.detail = problem.place[:100], str(problem)[:300]

    def _read(self, row: ImportRow, wish: dict[str, Any]) -> None:
        row.email = _clean(row.email, self.places["email"], "email")
        row.email_key = email_key(row.email)
        found = {
            column: _clean(text, self.places[column], _field_of(column))
            for column, text in wish.get("values", {}).items()
        }
        for name, text in wish.get("custom", {}).items():
            column = self.options["fields_named"][name.casefold()]
            if not column:
                raise BadRow(f"custom_fields.{name}", "unknown_custom_field", "there is no such custom field")
            found[column] = _clean(text, self.places[column], f"custom_fields.{name}")
        if ("birthday_month" in found) != ("birthday_day" in found):
            raise BadRow("birthday_day", "bad_birthday", "a birthday needs both month and day")
        row.values = found
        row.list_set = _ids(wish.get("join", []), self.options["lists_named"], "list")
        row.leave_set = _ids(wish.get("leave", []), self.options["lists_named"], "list")
        row.tag_set = _ids(wish.get("tag", []), self.options["tags_named"], "tag")
        row.untag_set = _ids(wish.get("untag", []), self.options["tags_named"], "tag")
        judged_again = ("set_lists", "set_tags", "consent")
        row.wish = {name: wish[name] for name in judged_again if wish.get(name)} or None
        row.csv_bytes = self.lines.size([row.email, *(found.get(name, "") for name in self.columns)])


def _clean(text: str, place: Place, field: str) -> str:
    try:
        return values.clean(text, place)
    except BadValue as problem:
        raise BadRow(field, problem.reason, str(problem)) from None


def _field_of(column: str) -> str:
    """Which field of a contact a column is."""
    if column.endswith("phone"):
        return "phones"
    is_address = column.rpartition("_")[2] in {"street", "city", "state", "zip", "country"}
    return "addresses" if is_address else column


def _ids(references: list[str], known: dict[str, str], kind: str) -> str:
    found = set()
    for one in references:
        if not known[one]:
            named = one.partition(":")[2][:60]
            raise BadRow(f"{kind}s", f"unknown_{kind}", f"there is no {kind} “{named}” in the account")
        found.add(known[one])
    return ",".join(sorted(found))


def _write(job: SyncJob, rows: list[ImportRow]) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE syncjobs_importrow AS row SET email_key = read.email_key, email = read.email,
                values = read.values::jsonb, wish = read.wish::jsonb, list_set = read.list_set,
                tag_set = read.tag_set, leave_set = read.leave_set, untag_set = read.untag_set,
                csv_bytes = read.csv_bytes, outcome = read.outcome, reason = read.reason, field = read.field,
                detail = read.detail
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                    %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS read (line, email_key, email, values, wish, list_set, tag_set, leave_set, untag_set, csv_bytes,
                    outcome, reason, field, detail)
            WHERE row.job_id = %s AND row.line = read.line
            """,
            [
                [row.line for row in rows],
                [row.email_key for row in rows],
                [row.email for row in rows],
                [json.dumps(row.values, ensure_ascii=False) for row in rows],
                [None if row.wish is None else json.dumps(row.wish) for row in rows],
                [row.list_set for row in rows],
                [row.tag_set for row in rows],
                [row.leave_set for row in rows],
                [row.untag_set for row in rows],
                [row.csv_bytes for row in rows],
                [row.outcome for row in rows],
                [row.reason for row in rows],
                [row.field for row in rows],
                [row.detail for row in rows],
                job.pk,
            ],
        )
