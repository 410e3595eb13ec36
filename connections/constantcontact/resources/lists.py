"""Contact lists: at most 1,000 an account, names unique."""

from collections.abc import Iterator, Mapping
from typing import Literal

import httpx

from connections.constantcontact import pages, paths, reading
from connections.constantcontact.pages import Extra, Page
from connections.constantcontact.shapes import Activity, ContactList

Membership = Literal["all", "active"]


class Lists:
    """`/contact_lists`; reading needs contacts:lists:read, writing contacts:lists:write."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def page(self, href: str) -> Page[ContactList]:
        """One page by its link."""
        response = self._http.get(paths.checked_href(href))
        return pages.read_page(response, "lists", ContactList.parse, total_key="lists_count")

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def pages(
        self,
        *,
        limit: int = 500,
        status: str | None = None,
        name: str | None = None,
        include_count: bool = False,
        include_membership_count: Membership | None = None,
        start: str | None = None,
        extra: Extra = (),
    ) -> Iterator[Page[ContactList]]:
        """Page by page, from the first or from a kept link; `name` is the whole exact name, `extra` goes as it is."""
        first = start or pages.href(
            "/v3/contact_lists",
            limit=limit,
            status=status,
            name=name,
            include_count=include_count or None,
            include_membership_count=include_membership_count,
        )
        return pages.walk(self.page, pages.with_query(first, extra))

    def all(self, *, include_membership_count: Membership | None = None) -> list[ContactList]:
        """Every list that is not deleted: one or two calls."""
        found = self.pages(include_membership_count=include_membership_count)
        return [item for page in found for item in page.items]

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def get(self, list_id: str, *, extra: Extra = ()) -> ContactList:
        """One list; NotFound when there is none."""
        return reading.read(self._http.get(pages.with_query(_address(list_id), extra)), ContactList.parse)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def create(
        self, name: str, *, description: str | None = None, favorite: bool = False, extra: Extra = ()
    ) -> ContactList:
        """A new list; Conflict when the name is taken."""
        body: dict[str, object] = {"name": name, "favorite": favorite}
        if description:
            body["description"] = description
        return self.sent(body, extra=extra)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def update(
        self, list_id: str, name: str, *, description: str, favorite: bool, extra: Extra = ()
    ) -> ContactList:
        """Replaces name, description and favourite mark; all three, since what is left out may be lost."""
        body = {"name": name, "description": description, "favorite": favorite}
        return self.sent(body, list_id, extra=extra)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def sent(self, document: Mapping[str, object], list_id: str = "", *, extra: Extra = ()) -> ContactList:
        """A document as it is: a new list, or in place of one."""
        method, place = ("PUT", _address(list_id)) if list_id else ("POST", "/v3/contact_lists")
        address = pages.with_query(place, extra)
        return reading.read(self._http.request(method, address, json=document), ContactList.parse)

    # https://v3.developer.constantcontact.com/api_guide/lists_overview.html
    def delete(self, list_id: str) -> Activity:
        """Starts deleting a list; its contacts stay in the account."""
        return reading.read(self._http.delete(_address(list_id)), Activity.parse)


def _address(list_id: str) -> str:
    return f"/v3/contact_lists/{paths.segment(list_id)}"
