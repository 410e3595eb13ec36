"""Bulk activities: import, export, and how far they are.

Every POST here starts a job each time it is sent. An import is found again by its file's name, so name the
file after the intent behind it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import httpx

from connections.constantcontact import errors, pages, paths, reading, redaction, signals
from connections.constantcontact.multipart import multipart_overhead, render_multipart
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Activity

__all__ = ["Activities", "multipart_overhead", "render_multipart"]

State = Literal["processing", "completed", "cancelled", "failed", "timed_out"]

# The provider cuts a longer body without a word. Whether it means 4,000,000 or 4,194,304 bytes no source
# settles.
IMPORT_BODY_LIMIT: Final = 4_000_000
LARGEST_EXPORT_BYTES: Final = 4 * 1024**3


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
        if len(form.body) > body_limit:
            raise ValueError(
                f"The import is {len(form.body)} bytes long; beyond {body_limit} it would be cut."
            )
        response = self._http.post(
            "/v3/activities/contacts_file_import",
            content=form.body,
            headers={"Content-Type": form.content_type},
        )
        return reading.read(response, Activity.parse)

    # https://developer.constantcontact.com/api_guide/export_contacts.html
    def export(
        self,
        *,
        fields: Iterable[str] | None = None,
        status: Iterable[str] | str | None = None,
        list_ids: Iterable[str] | None = None,
    ) -> Activity:
        """Starts an export, of everything unless told otherwise; it will be at `results_href`."""
        body: dict[str, object] = {}
        if fields is not None:
            body["fields"] = list(fields)
        if status is not None:
            body["status"] = status if isinstance(status, str) else ",".join(status)
        if list_ids is not None:
            body["list_ids"] = list(list_ids)
        return reading.read(self._http.post("/v3/activities/contact_exports", json=body), Activity.parse)

    # https://v3.developer.constantcontact.com/api_guide/import_contacts.html
    def page(
        self, limit: int = 500, state: State | None = None, *, href: str | None = None
    ) -> Page[Activity]:
        """Activities of the last 10 days, all kinds: one call covers everything an account has running."""
        href = href or pages.href("/v3/activities", limit=limit, state=state)
        return pages.read_page(self._http.get(paths.checked_href(href)), "activities", Activity.parse)

    # https://v3.developer.constantcontact.com/api_guide/import_contacts.html
    def pages(
        self, *, limit: int = 500, state: State | None = None, start: str | None = None
    ) -> Iterator[Page[Activity]]:
        """Page by page, from the first or from a kept link."""
        first = start or pages.href("/v3/activities", limit=limit, state=state)
        return pages.walk(lambda href: self.page(href=href), first)

    # https://v3.developer.constantcontact.com/api_guide/import_contacts.html
    def get(self, activity_id: str) -> Activity:
        """One activity; NotFound when it is unknown or too old."""
        return reading.read(self._http.get(f"/v3/activities/{paths.segment(activity_id)}"), Activity.parse)

    # https://developer.constantcontact.com/api_guide/export_contacts.html
    @contextmanager
    def download(self, href: str, *, max_bytes: int = LARGEST_EXPORT_BYTES) -> Iterator[Iterator[bytes]]:
        """The bytes of an export as they arrive: `with client.activities.download(href) as chunks`.

        Use nothing of the file before the last chunk has come: a cut one ends in OutcomeUnknown. NotFound
        while the export is not finished.
        """
        request = self._http.build_request(
            "GET", paths.checked_href(href), headers={"Accept": "text/csv"}, extensions=dict(signals.STREAM)
        )
        response = self._http.send(request, stream=True)
        try:
            if not response.is_success:
                response.read()
                raise errors.from_response(response)
            if response.headers.get("content-type", "").startswith(("text/html", "application/json")):
                raise reading.wrong_shape(response, "not a CSV file")
            yield _bounded(response, max_bytes)
        finally:
            response.close()


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
