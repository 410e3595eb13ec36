"""Segments: saved searches, read only. Their contacts come by `contacts.pages(segment_id=...)`."""

from collections.abc import Iterator
from typing import Literal

import httpx

from connections.constantcontact import pages, paths, reading
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Segment


class Segments:
    """`/segments`; reading needs contacts:lists:read."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/segment_get_all.html
    def page(self, href: str) -> Page[Segment]:
        """One page by its link."""
        return pages.read_page(self._http.get(paths.checked_href(href)), "segments", Segment.parse)

    # https://developer.constantcontact.com/api_guide/segment_get_all.html
    def pages(
        self, *, limit: int = 1000, sort_by: Literal["name", "date"] = "date", start: str | None = None
    ) -> Iterator[Page[Segment]]:
        """Page by page, from the first or from a kept link."""
        return pages.walk(self.page, start or pages.href("/v3/segments", limit=limit, sort_by=sort_by))

    # https://developer.constantcontact.com/api_guide/segment_get.html
    def get(self, segment_id: int) -> Segment:
        """One segment with its criteria, a deleted one too; NotFound when there never was one."""
        return reading.read(self._http.get(f"/v3/segments/{segment_id:d}"), Segment.parse)
