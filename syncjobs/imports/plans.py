"""What an import will do, fixed when it starts: which column goes where, which lists, on what permission.

The plan is kept in the job's `options`, so that later changes of the mapping do not touch a running import:

    upload_id    the file
    columns      [{position, name, kind, target, label, type}] as chosen
    everyone     [{list_id} or {new}] lists that every row joins
    lists        [{app_list, list_id | new | ignored}]
    basis        {statement, by, at}: on what permission these people are sent
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from connections.models import Connection, User
from mapping import fields
from mapping.fields import Place
from mapping.models import FieldMapping, ListMapping, RemoteField
from mapping.translation import Plan
from syncjobs import queue
from syncjobs.imports import uploads
from syncjobs.models import SyncJob, Upload
from syncjobs.queue import GaveUp

STATEMENT = (
    "These people know us and may be e-mailed: they gave us their address as customers, members or contacts "
    "(implicit permission)."
)


class NotReady(Exception):
    """The import cannot start; the text says what is missing."""


def columns(connection: Connection, upload: Upload) -> list[dict[str, Any]]:
    """The file's columns with their saved choice, in order. Inside the scope."""
    saved = {
        row.app_field.name: row
        for row in FieldMapping.objects.filter(connection=connection).select_related("app_field")
    }
    found = []
    for position, name in enumerate(uploads.facts(upload).header):
        row = saved.get(name[:200])
        found.append(
            {
                "position": position,
                "name": name,
                "kind": row.kind if row else "ignored",
                "target": row.target if row else "",
                "label": row.new_label if row else "",
                "type": row.new_type if row else "",
            }
        )
    return found


def start(
    connection: Connection,
    upload: Upload,
    *,
    everyone: list[dict[str, str]],
    user: User | None,
    idempotency_key: str = "",
) -> SyncJob:
    """The import's job, once for each file and start. Inside the scope.

    Raises:
        NotReady: no column holds e-mail addresses, or a row could end on no list.
    """
    chosen = columns(connection, upload)
    if not any(one["kind"] == "standard" and one["target"] == "email" for one in chosen):
        raise NotReady("Choose the column that holds the e-mail addresses.")
    if len([one for one in chosen if one["kind"] in {"custom", "new"}]) > fields.CUSTOM_PER_CONTACT:
        raise NotReady(
            f"Constant Contact takes at most {fields.CUSTOM_PER_CONTACT} custom fields a contact in an import."
        )
    remote = RemoteField.objects.filter(connection=connection).values_list("custom_field_id", flat=True)
    there = {str(custom_field_id) for custom_field_id in remote}
    gone = [one["name"] for one in chosen if one["kind"] == "custom" and one["target"] not in there]
    if gone:
        raise NotReady(
            f"The custom field that “{gone[0]}” filled is not there any more. Choose another for it."
        )
    has_list_column = any(one["kind"] == "lists" for one in chosen)
    if not everyone and not has_list_column:
        raise NotReady("Choose at least one list: Constant Contact takes an import only onto a list.")
    named = uploads.named_lists(upload, [one["position"] for one in chosen if one["kind"] == "lists"])
    options = {
        "upload_id": str(upload.pk),
        "file_name": upload.file_name,
        "columns": chosen,
        "everyone": everyone,
        "lists": _lists(connection, named) if has_list_column else [],
        "basis": {
            "statement": STATEMENT,
            "by": user.email if user else "",
            "at": datetime.now(UTC).isoformat(),
        },
    }
    key = idempotency_key or str(upload.pk)
    return queue.enqueue(connection, "import", key, stage="preparing", options=options, started_by=user)


def _lists(connection: Connection, named: list[str]) -> list[dict[str, Any]]:
    """The list map, but without new lists that this file does not name: they are nobody's to create now."""
    wanted = {name.casefold() for name in named}
    rows = ListMapping.objects.filter(connection=connection).order_by("updated_at")
    return [
        {
            "app_list": row.app_list,
            "list_id": str(row.list_id) if row.list_id else "",
            "new": row.new_name,
            "ignored": row.ignored,
        }
        for row in rows
        if row.list_id or row.ignored or row.app_list.casefold() in wanted
    ]


def freeze(job: SyncJob) -> None:
    """Fix where each column goes, now that all of it exists: later changes there are told, not followed blindly.

    Inside the scope; the caller keeps `options`.

    Raises:
        GaveUp: a custom field is not there any more.
    """
    remote = {str(row.custom_field_id): row for row in RemoteField.objects.filter(connection=job.connection)}
    for one in job.options["columns"]:
        if one["kind"] == "standard":
            one["place"] = asdict(_standard(one["target"]))
        elif one["kind"] == "custom":
            row = remote.get(one["target"])
            if row is None:
                raise GaveUp(
                    "field_gone", f"The custom field that “{one['name']}” filled is not there any more."
                )
            column = fields.custom_column(row.name)
            one["place"] = asdict(
                Place(column, row.label, row.type, fields.CUSTOM_LONGEST, tuple(row.choices))
            )


def places(job: SyncJob) -> dict[int, Place]:
    """Where each column goes, as it was fixed."""
    return {
        one["position"]: Place(**{**one["place"], "choices": tuple(one["place"]["choices"])})
        for one in job.options["columns"]
        if "place" in one
    }


def kinds(job: SyncJob) -> dict[str, str]:
    """How the values of each import column are read."""
    return {place.column: place.kind for place in places(job).values()}


def translation(job: SyncJob) -> Plan:
    """The plan by which rows are translated."""
    return Plan(
        places=places(job),
        list_columns=[one["position"] for one in job.options["columns"] if one["kind"] == "lists"],
        lists={one["app_list"].casefold(): one["list_id"] or None for one in job.options["lists"]},
        everyone=frozenset(one["list_id"] for one in job.options["everyone"]),
    )


def _standard(column: str) -> Place:
    place = fields.STANDARD[column]
    if column == "email":
        return Place(place.column, place.label, place.kind, settings.ENV.IMPORT_EMAIL_LENGTH)
    return place


def upload_of(job: SyncJob) -> Upload:
    """The job's file. Inside the scope."""
    return Upload.objects.get(pk=UUID(job.options["upload_id"]))
