"""Tags: at most 500 an account, 50 a contact, names unique."""

from collections.abc import Iterator, Mapping

import httpx

from connections.constantcontact import pages, paths, reading
from connections.constantcontact.pages import Extra, Page
from connections.constantcontact.shapes import Activity, Tag


class Tags:
    """`/contact_tags`; writing needs contacts:write, reading contacts:read or, by the guide, contacts:lists:read."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://v3.developer.constantcontact.com/api_guide/tags_get.html
    def page(self, href: str) -> Page[Tag]:
        """One page by its link."""
        return pages.read_page(self._http.get(paths.checked_href(href)), "tags", Tag.parse)

    # https://v3.developer.constantcontact.com/api_guide/tags_get.html
    def pages(
        self,
        *,
        limit: int = 500,
        include_count: bool = False,
        start: str | None = None,
        extra: Extra = (),
    ) -> Iterator[Page[Tag]]:
        """Page by page, from the first or from a kept link; with the number of contacts of each if asked for.

        `extra` goes to the provider as it is.
        """
        first = start or pages.href("/v3/contact_tags", limit=limit, include_count=include_count or None)
        return pages.walk(self.page, pages.with_query(first, extra))

    def all(self) -> list[Tag]:
        """Every tag: one call."""
        return [item for page in self.pages() for item in page.items]

    # https://v3.developer.constantcontact.com/api_guide/tags_get_single.html
    def get(self, tag_id: str, *, include_count: bool = False, extra: Extra = ()) -> Tag:
        """One tag; NotFound when there is none."""
        href = pages.href(_address(tag_id), include_count=include_count or None)
        return reading.read(self._http.get(pages.with_query(href, extra)), Tag.parse)

    # https://v3.developer.constantcontact.com/api_guide/tags_create.html
    def create(self, name: str, *, extra: Extra = ()) -> Tag:
        """A new tag; Conflict when the name is taken."""
        return self.sent({"name": name, "tag_source": "Account"}, extra=extra)

    # https://v3.developer.constantcontact.com/api_guide/tags_update.html
    def update(self, tag_id: str, name: str, *, extra: Extra = ()) -> Tag:
        """Renames a tag; Conflict when the name is taken."""
        return self.sent({"name": name}, tag_id, extra=extra)

    # https://developer.constantcontact.com/api_guide/tags_update.html
    def sent(self, document: Mapping[str, object], tag_id: str = "", *, extra: Extra = ()) -> Tag:
        """A document as it is: a new tag, or in place of one."""
        method, place = ("PUT", _address(tag_id)) if tag_id else ("POST", "/v3/contact_tags")
        address = pages.with_query(place, extra)
        return reading.read(self._http.request(method, address, json=document), Tag.parse)

    # https://v3.developer.constantcontact.com/api_guide/tags_delete.html
    def delete(self, tag_id: str) -> Activity:
        """Starts deleting a tag and taking it off every contact."""
        return reading.read(self._http.delete(_address(tag_id)), Activity.parse)


def _address(tag_id: str) -> str:
    return f"/v3/contact_tags/{paths.segment(tag_id)}"
