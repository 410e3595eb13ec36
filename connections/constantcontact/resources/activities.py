"""Bulk activities: import, export, changes of many contacts at once, and how far they are.

Every POST here starts a job each time it is sent. A CSV import is found again by its file's name, so name the
file after the intent behind it; the others only by when they were made and what they count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import httpx

from connections.constantcontact import errors, meanings, pages, paths, reading, redaction, signals
from connections.constantcontact.multipart import (
    json_overhead,
    multipart_overhead,
    render_json,
    render_multipart,
)
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Activity, Chosen
from connections.constantcontact.shapes.choosing import MOST_LISTS, MOST_TAGS, bounded

__all__ = ["Activities", "json_overhead", "multipart_overhead", "render_json", "render_multipart"]

State = Literal["processing", "completed", "cancelled", "failed", "timed_out"]

# The provider cuts a longer body without a word. Whether it means 4,000,000 or 4,194,304 bytes no source
# settles.
IMPORT_BODY_LIMIT: Final = 4_000_000
LARGEST_EXPORT_BYTES: Final = 4 * 1024**3
# What one call may name, where it is not a choice of contacts.
MOST_TAGS_DELETED: Final = 500
MOST_LISTS_DELETED: Final = 100
MOST_FIELDS_DELETED: Final = 100
MOST_EXCLUDED: Final = 500
MOST_EXCLUDED_OF_EXPORT: Final = 50


class Activities:
    """`/activities`; all of it needs the privilege contacts:write, reading too."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://v3.developer.constantcontact.com/api_guide/import_contacts.html
    def import_csv(
        self, file_name: str, content: bytes, list_ids: Sequence[str], *, body_limit: int = IMPORT_BODY_LIMIT
    ) -> Activity:
        """Adds the file's contacts to 1 to 50 lists; the whole request body must fit into `body_limit`."""
        form = render_multipart(file_name, content, list_ids)
        return self._import("contacts_file_import", form.body, form.content_type, body_limit)

    # https://v3.developer.constantcontact.com/api_guide/import_contacts.html
    def import_json(
        self, rows_json: bytes, list_ids: Sequence[str], *, body_limit: int = IMPORT_BODY_LIMIT
    ) -> Activity:
        """Adds the array's contacts to 1 to 50 lists; the whole request body must fit into `body_limit`.

        For what CSV has no column for. Carries no name: a lost answer is harder to find again.
        """
        body = render_json(rows_json, list_ids)
        return self._import("contacts_json_import", body, "application/json", body_limit)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def add_list_memberships(
        self, source: Chosen, list_ids: Sequence[str], *, exclude: Sequence[str] = ()
    ) -> Activity:
        """Puts contacts on up to 50 lists; deleted ones come back, unsubscribed ones stay off.

        `exclude` is up to 500 contact ids, and goes only with a source of lists or of all active contacts.
        """
        target = bounded("list_ids", list_ids, MOST_LISTS)
        return self._change("add_list_memberships", {"list_ids": target}, source, exclude)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def remove_list_memberships(
        self, source: Chosen, list_ids: Sequence[str], *, exclude: Sequence[str] = ()
    ) -> Activity:
        """Takes contacts off up to 50 lists; not by segment."""
        target = bounded("list_ids", list_ids, MOST_LISTS)
        return self._change("remove_list_memberships", {"list_ids": target}, source, exclude)

    # https://developer.constantcontact.com/api_guide/add_tagging_activity.html
    def contacts_taggings_add(
        self, source: Chosen, tag_ids: Sequence[str], *, exclude: Sequence[str] = ()
    ) -> Activity:
        """Tags contacts with up to 50 tags; not by segment."""
        target = bounded("tag_ids", tag_ids, MOST_TAGS)
        return self._change("contacts_taggings_add", {"tag_ids": target}, source, exclude)

    # https://developer.constantcontact.com/api_guide/remove_tagging_activity.html
    def contacts_taggings_remove(
        self, source: Chosen, tag_ids: Sequence[str], *, exclude: Sequence[str] = ()
    ) -> Activity:
        """Takes up to 50 tags off contacts; not by segment."""
        target = bounded("tag_ids", tag_ids, MOST_TAGS)
        return self._change("contacts_taggings_remove", {"tag_ids": target}, source, exclude)

    # https://developer.constantcontact.com/api_guide/contacts_delete.html
    def contact_delete(self, source: Chosen) -> Activity:
        """Deletes contacts, named by id or by list."""
        body = source.body()
        if not body.keys() <= {"contact_ids", "list_ids"}:
            raise ValueError("Contacts are deleted by id or by list.")
        return self._post("contact_delete", body)

    # https://developer.constantcontact.com/api_guide/tags_delete.html
    def tags_delete(self, tag_ids: Sequence[str]) -> Activity:
        """Deletes up to 500 tags."""
        return self._post("contacts_tags_delete", {"tag_ids": bounded("tag_ids", tag_ids, MOST_TAGS_DELETED)})

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def list_delete(self, list_ids: Sequence[str]) -> Activity:
        """Deletes up to 100 lists; their contacts stay."""
        return self._post("list_delete", {"list_ids": bounded("list_ids", list_ids, MOST_LISTS_DELETED)})

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def custom_fields_delete(self, custom_field_ids: Sequence[str]) -> Activity:
        """Deletes up to 100 custom fields with their values."""
        ids = bounded("custom_field_ids", custom_field_ids, MOST_FIELDS_DELETED)
        return self._post("custom_fields_delete", {"custom_field_ids": ids})

    # https://developer.constantcontact.com/api_guide/export_contacts.html
    def export(
        self,
        source: Chosen | None = None,
        *,
        fields: Iterable[str] | None = None,
        status: Literal["active", "unsubscribed", "removed"] | None = None,
        exclude: Sequence[str] = (),
    ) -> Activity:
        """Starts an export, of everything unless told otherwise; it will be at `results_href`.

        `status` goes with a source of contacts or lists, `exclude` (50 ids) with lists or without a source.
        """
        body: dict[str, object] = {} if source is None else source.body()
        if fields is not None:
            body["fields"] = list(fields)
        if status is not None:
            body["status"] = status
        if exclude:
            body["exclude"] = {"contact_ids": bounded("exclude", exclude, MOST_EXCLUDED_OF_EXPORT)}
        return self._post("contact_exports", body)

    # https://developer.constantcontact.com/api_guide/activity_status.html
    def page(
        self, limit: int = 500, state: State | None = None, *, href: str | None = None
    ) -> Page[Activity]:
        """Activities of the last 10 days, all kinds: one call covers everything an account has running."""
        href = href or pages.href("/v3/activities", limit=limit, state=state)
        return pages.read_page(self._http.get(paths.checked_href(href)), "activities", Activity.parse)

    # https://developer.constantcontact.com/api_guide/activity_status.html
    def pages(
        self, *, limit: int = 500, state: State | None = None, start: str | None = None
    ) -> Iterator[Page[Activity]]:
        """Page by page, from the first or from a kept link."""
        first = start or pages.href("/v3/activities", limit=limit, state=state)
        return pages.walk(lambda href: self.page(href=href), first)

    # https://developer.constantcontact.com/api_guide/activity_status.html
    def get(self, activity_id: str) -> Activity:
        """One activity; NotFound when it is unknown or too old."""
        return reading.read(self._http.get(f"/v3/activities/{paths.segment(activity_id)}"), Activity.parse)

    # https://developer.constantcontact.com/api_guide/export_contacts.html
    @contextmanager
    def download(self, href: str, *, max_bytes: int = LARGEST_EXPORT_BYTES) -> Iterator[Iterator[bytes]]:
        """The bytes of an export as they arrive: `with client.activities.download(href) as chunks`.

        Use nothing of the file before the last chunk has come: a cut one ends in OutcomeUnknown. NotFound
        or NotReady while the export is not finished.
        """
        request = self._http.build_request(
            "GET", paths.checked_href(href), headers={"Accept": "text/csv"}, extensions=dict(signals.STREAM)
        )
        response = self._http.send(request, stream=True)
        try:
            if not response.is_success:
                response.read()
                raise meanings.from_response(response)
            if response.status_code == httpx.codes.ACCEPTED:
                raise errors.NotReady(
                    "the export is not finished",
                    status=202,
                    method="GET",
                    path=redaction.path_of(request.url),
                )
            if response.headers.get("content-type", "").startswith(("text/html", "application/json")):
                raise reading.wrong_shape(response, "not a CSV file")
            yield _bounded(response, max_bytes)
        finally:
            response.close()

    def _import(self, kind: str, body: bytes, content_type: str, body_limit: int) -> Activity:
        if len(body) > body_limit:
            raise ValueError(f"The import is {len(body)} bytes long; beyond {body_limit} it would be cut.")
        response = self._http.post(
            f"/v3/activities/{kind}", content=body, headers={"Content-Type": content_type}
        )
        return reading.read(response, Activity.parse)

    def _change(
        self, kind: str, target: Mapping[str, object], source: Chosen, exclude: Sequence[str]
    ) -> Activity:
        body: dict[str, object] = {"source": source.body(), **target}
        if exclude:
            body["exclude"] = {"contact_ids": bounded("exclude", exclude, MOST_EXCLUDED)}
        return self._post(kind, body)

    def _post(self, kind: str, body: Mapping[str, object]) -> Activity:
        return reading.read(self._http.post(f"/v3/activities/{kind}", json=body), Activity.parse)


def _bounded(response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    size, fault = 0, ""
    try:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise reading.wrong_shape(response, f"the file is longer than {max_bytes} bytes")
            yield chunk
    except httpx.RequestError as broken:
        fault = f"{type(broken).__name__}: {broken}"
    if fault:
        path = redaction.path_of(response.request.url)
        raise errors.OutcomeUnknown(fault, method="GET", path=path, status=response.status_code)
