"""Contacts: how many, and page by page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypedDict, Unpack

import httpx

from connections.constantcontact import pages, paths, reading
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Contact, Counts

# All that a contact can bring along; a page holds 500 contacts with or without them.
EVERYTHING: Final = (
    "custom_fields",
    "list_memberships",
    "phone_numbers",
    "street_addresses",
    "taggings",
    "notes",
)


class Filters(TypedDict, total=False):
    """Which contacts; all that are given must hold.

    `status` is one or more of the provider's words, comma-joined; without it everything not deleted. The
    updated window looks at the contact's own time, which an opt-out does not move: ask for opt-outs by their
    own window.
    """

    status: str
    email: str
    lists: Sequence[str]
    tags: Sequence[str]
    updated_after: datetime
    updated_before: datetime
    created_after: datetime
    created_before: datetime
    optout_after: datetime
    optout_before: datetime


class Contacts:
    """`/contacts`; reading needs contacts:read."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def counts(self) -> Counts:
        """How many contacts there are, by permission."""
        return reading.read(self._http.get("/v3/contacts/counts"), Counts.parse)

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def get(self, contact_id: str, *, include: Sequence[str] = ()) -> Contact:
        """One contact, deleted ones too; NotFound when there is none."""
        href = pages.href(f"/v3/contacts/{paths.segment(contact_id)}", include=tuple(include))
        return reading.read(self._http.get(href), Contact.parse)

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def page(
        self,
        *,
        limit: int = 500,
        include: Sequence[str] = (),
        include_count: bool = False,
        href: str | None = None,
        **filters: Unpack[Filters],
    ) -> Page[Contact]:
        """One page: the first of these filters, or the one behind `href`, which holds all the rest itself."""
        href = href or first_href(limit=limit, include=include, include_count=include_count, **filters)
        response = self._http.get(paths.checked_href(href))
        return pages.read_page(response, "contacts", Contact.parse, total_key="contacts_count")

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def pages(
        self,
        *,
        limit: int = 500,
        include: Sequence[str] = (),
        include_count: bool = False,
        start: str | None = None,
        **filters: Unpack[Filters],
    ) -> Iterator[Page[Contact]]:
        """Page by page, from the first or from a kept link."""
        first = start or first_href(limit=limit, include=include, include_count=include_count, **filters)
        return pages.walk(lambda href: self.page(href=href), first)


def first_href(*, limit: int, include: Sequence[str], include_count: bool, **filters: Unpack[Filters]) -> str:
    """The path of the first page of a walk."""
    given = {name: _filter_text(value) for name, value in filters.items()}
    return pages.href(
        "/v3/contacts", limit=limit, include=tuple(include), include_count=include_count or None, **given
    )


def _filter_text(value: object) -> object:
    if isinstance(value, datetime):
        return provider_time(value)
    return value if isinstance(value, str) else tuple(value) if isinstance(value, Sequence) else value


def provider_time(moment: datetime) -> str:
    """A time as the provider wants it: UTC, milliseconds, Z."""
    if moment.tzinfo is None:
        raise ValueError("A time without its zone cannot be sent.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
