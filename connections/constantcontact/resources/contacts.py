"""Contacts: how many, page by page, and writing one of them.

A PUT and a sign-up can make somebody mailable again; who may be written how is decided above.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import httpx

from connections.constantcontact import errors, pages, paths, reading, redaction, signs
from connections.constantcontact.pages import Extra, Page
from connections.constantcontact.shapes import Contact, ContactSent, Counts, SignedUp, SignUpSent
from connections.constantcontact.shapes.choosing import MOST_LISTS, bounded
from connections.constantcontact.shapes.writing import Source


class Filters(TypedDict, total=False):
    """Which contacts; all that are given must hold.

    `status` is one or more of the provider's words, comma-joined; without it everything not deleted. The
    updated window looks at the contact's own time, which an opt-out does not move: ask for opt-outs by their
    own window. `segment_id` goes with no other filter; the provider may have to work it out first (NotReady).
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
    segment_id: int


class Contacts:
    """`/contacts`; reading needs contacts:read, writing contacts:write."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def counts(self, *, new_subscriber: bool = False) -> Counts:
        """How many contacts there are, by permission; the new ones only when asked for."""
        href = pages.href("/v3/contacts/counts", include="new_subscriber" if new_subscriber else None)
        return reading.read(self._http.get(href), Counts.parse)

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def get(self, contact_id: str, *, include: Sequence[str] = (), extra: Extra = ()) -> Contact:
        """One contact, deleted ones too; NotFound when there is none."""
        href = pages.href(f"/v3/contacts/{paths.segment(contact_id)}", include=tuple(include))
        return reading.read(self._http.get(pages.with_query(href, extra)), Contact.parse)

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def find(self, email: str, *, include: Sequence[str] = ()) -> Contact | None:
        """The contact with this address, whatever its standing: unsubscribed and deleted ones too."""
        found = self.page(limit=50, include=include, email=email, status="all").items
        return next((one for one in found if _address_of(one) == email.lower()), None)

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
        if response.status_code == httpx.codes.ACCEPTED:
            path = redaction.path_of(response.request.url)
            raise errors.NotReady("the segment is being worked out", status=202, method="GET", path=path)
        return pages.read_page(response, "contacts", Contact.parse, total_key="contacts_count")

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def pages(
        self,
        *,
        limit: int = 500,
        include: Sequence[str] = (),
        include_count: bool = False,
        start: str | None = None,
        extra: Extra = (),
        **filters: Unpack[Filters],
    ) -> Iterator[Page[Contact]]:
        """Page by page, from the first or from a kept link; `extra` goes to the provider as it is."""
        first = start or first_href(limit=limit, include=include, include_count=include_count, **filters)
        return pages.walk(lambda href: self.page(href=href), pages.with_query(first, extra))

    # https://developer.constantcontact.com/api_guide/contacts_create.html
    def create(self, contact: ContactSent, *, create_source: Source = "Account") -> Contact:
        """A new contact; Conflict, with its `contact_id`, when the address is taken, also by a deleted one."""
        body = {**contact, "create_source": create_source}
        return reading.read(self._sent("POST", "/v3/contacts", body), Contact.parse)

    # https://developer.constantcontact.com/api_guide/contacts_overview.html
    def update(self, contact_id: str, contact: ContactSent, *, update_source: Source = "Account") -> Contact:
        """The whole contact anew: start from `writing.whole` of a fresh reading, else values are lost.

        Brings a deleted contact back.
        """
        address = f"/v3/contacts/{paths.segment(contact_id)}"
        response = self._sent("PUT", address, {**contact, "update_source": update_source})
        return reading.read(response, Contact.parse)

    # https://developer.constantcontact.com/api_guide/contacts_delete.html
    def delete(self, contact_id: str) -> None:
        """Off all lists and no longer counted; the address stays taken. NotFound may mean: deleted before."""
        reading.accept(self._http.delete(f"/v3/contacts/{paths.segment(contact_id)}"))

    # https://developer.constantcontact.com/api_guide/contacts_create_or_update.html
    def sign_up_form(self, person: SignUpSent) -> SignedUp:
        """The person's own opt-in, never ours: makes the contact explicit, brings a deleted one back.

        Adds lists and values and removes none. Conflict when another sign-up of this person is under way.
        """
        bounded("list_memberships", person["list_memberships"], MOST_LISTS)
        return reading.read(self._sent("POST", "/v3/contacts/sign_up_form", person), SignedUp.parse)

    # https://developer.constantcontact.com/api_guide/contacts_re-subscribe.html
    def resubscribe(self, contact_id: str, list_ids: Sequence[str]) -> None:
        """Sends an unsubscribed contact the one confirmation mail of its life; Conflict when it has had it."""
        body = {"list_ids": bounded("list_ids", list_ids, MOST_LISTS)}
        address = f"/v3/contacts/resubscribe/{paths.segment(contact_id)}"
        reading.accept(self._http.put(address, json=body))

    def _sent(self, method: str, address: str, document: object) -> httpx.Response:
        """A contact as it was read may hold what UTF-8 has no bytes for."""
        content, headers = signs.body_of(document), {"Content-Type": "application/json"}
        return self._http.request(method, address, content=content, headers=headers)


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


def _address_of(contact: Contact) -> str:
    return contact.email_address.address.lower() if contact.email_address else ""
