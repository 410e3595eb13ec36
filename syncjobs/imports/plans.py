"""What an import will do, fixed when it starts: which column goes where, which lists, on what permission.

The plan is kept in the job's `options`, so that later changes of the mapping do not touch a running import:

    upload_id    the file
    columns      [{position, name, kind, target, label, type}] as chosen
    everyone     [{list_id} or {new}] lists that every row joins
    lists        [{app_list, list_id | new | ignored}]
    everyone_tags, tags   the same of tags: {tag_id} or {new}, and {app_tag, tag_id | new | ignored}
    quote        what it will cost, as it was said before the start (see `quoting`)
    basis        {kind, statement, by, at}: on what permission these people are sent, in the words recorded
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from connections import facts
from connections.models import Connection, User
from mapping import basis, fields
from mapping.fields import Place
from mapping.models import ListMapping, RemoteField, TagMapping
from mapping.translation import Plan
from syncjobs import queue
from syncjobs.imports import columns, quoting, scratch, uploads
from syncjobs.imports.choices import Choices
from syncjobs.models import SyncJob, Upload
from syncjobs.queue import GaveUp

STATEMENT = "These people know us and may be e-mailed: they gave us their address (implicit permission)."


class NotReady(Exception):
    """The import cannot start; the text says what is missing."""


def start(
    connection: Connection,
    upload: Upload,
    *,
    everyone: list[dict[str, str]],
    everyone_tags: list[dict[str, str]] | None = None,
    user: User | None,
    idempotency_key: str = "",
) -> SyncJob:
    """The import's job, once for each file and start. Inside the scope.

    Raises:
        NotReady: no column holds e-mail addresses, or a row could end on no list.
    """
    chosen = columns.of_file(connection, upload)
    _require_ready(connection, chosen, everyone)
    recorded = basis.of(connection)
    has_list_column = _has_list_column(chosen)
    named, tags = (uploads.named(upload, _positions(chosen, kind)) for kind in ("lists", "tags"))
    options = {
        "upload_id": str(upload.pk),
        "file_name": upload.file_name,
        "columns": chosen,
        "everyone": everyone,
        "lists": _lists(connection, named) if has_list_column else [],
        "everyone_tags": everyone_tags or [],
        "quote": quoting.kept(
            quoting.quote(
                connection,
                upload,
                chosen,
                Choices(everyone, everyone_tags or [], scratch=scratch.is_allowed(connection)),
            )
        ),
        "tags": _tags(connection, tags) if tags else [],
        "basis": {
            "kind": recorded.kind if recorded is not None else "",
            "statement": recorded.statement if recorded is not None else STATEMENT,
            "by": user.email if user else "",
            "at": datetime.now(UTC).isoformat(),
        },
    }
    key = idempotency_key or str(upload.pk)
    return queue.enqueue(connection, "import", key, stage="preparing", options=options, started_by=user)


def _require_ready(
    connection: Connection, chosen: list[dict[str, Any]], everyone: list[dict[str, str]]
) -> None:
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
    if not everyone and not _has_list_column(chosen):
        raise NotReady("Choose at least one list: Constant Contact takes an import only onto a list.")


def _has_list_column(chosen: list[dict[str, Any]]) -> bool:
    return any(one["kind"] == "lists" for one in chosen)


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


def _positions(chosen: list[dict[str, Any]], kind: str) -> list[int]:
    return [one["position"] for one in chosen if one["kind"] == kind]


def _tags(connection: Connection, named: list[str]) -> list[dict[str, Any]]:
    """The tag map, but without new tags that this file does not name."""
    wanted = {name.casefold() for name in named}
    rows = TagMapping.objects.filter(connection=connection).order_by("updated_at")
    return [
        {
            "app_tag": row.app_tag,
            "tag_id": str(row.tag_id) if row.tag_id else "",
            "new": row.new_name,
            "ignored": row.ignored,
        }
        for row in rows
        if row.tag_id or row.ignored or row.app_tag.casefold() in wanted
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
            one["place"] = asdict(standard(one["target"]))
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


def columns_sent(job: SyncJob) -> list[str]:
    """The import's columns besides the address, in the order of the file."""
    return [place.column for place in places(job).values() if place.column != "email"]


def kinds(job: SyncJob) -> dict[str, str]:
    """How the values of each import column are read."""
    return {place.column: place.kind for place in places(job).values()}


def translation(job: SyncJob) -> Plan:
    """The plan by which rows are translated."""
    chosen = job.options["columns"]
    return Plan(
        places=places(job),
        list_columns=_positions(chosen, "lists"),
        lists={one["app_list"].casefold(): one["list_id"] or None for one in job.options["lists"]},
        everyone=frozenset(one["list_id"] for one in job.options["everyone"]),
        tag_columns=_positions(chosen, "tags"),
        tags={one["app_tag"].casefold(): one["tag_id"] or None for one in job.options.get("tags", [])},
        everyone_tags=frozenset(one["tag_id"] for one in job.options.get("everyone_tags", [])),
    )


def standard(column: str) -> Place:
    """A standard field's place, with the longest address that is sent now."""
    place = fields.STANDARD[column]
    if column == "email":
        return Place(place.column, place.label, place.kind, longest_address())
    return place


def longest_address() -> int:
    """The longest address that is sent: by the setting, and by what is known of the provider."""
    return min(settings.ENV.IMPORT_EMAIL_LENGTH, int(facts.number("import_email_length")))


def upload_of(job: SyncJob) -> Upload:
    """The job's file. Inside the scope."""
    return Upload.objects.get(pk=UUID(job.options["upload_id"]))
