"""Contacts in the unified API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from connections import tenancy
from connections.api.contract import account_of, needs, refused
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Contact
from connections.models import Connection
from mapping import catalog, consentledger, mirrornews
from mapping.api import mirrored
from mapping.api.answering import (
    MARKETING,
    WRITES,
    Listed,
    asked_of,
    asks,
    client_of,
    gone,
    listing,
    missing,
    one_of,
    page_of,
    without_query,
)
from mapping.api.shapes import ContactEnvelope, ContactsEnvelope, DeletedEnvelope
from mapping.api.writeshapes import ChangedContact, NewContact, UpsertEnvelope
from mapping.api.writing import Written, opened, skipped, taken
from mapping.contactends import Result, Taken
from mapping.models import RemoteField, RemoteTag
from mapping.unified import asking, contacts
from mapping.unified.contacts import FieldName, Names
from mapping.values import email_key

router = Router()
# Names that nobody knows are not looked up again for so long: what was deleted may be named for a while.
YOUNG: Final = timedelta(minutes=5)


@router.get(
    f"{MARKETING}/contacts",
    response=ContactsEnvelope,
    exclude_unset=True,
    summary="List contacts",
    openapi_extra=asks(
        ("email", "the whole address"),
        ("status", f"one of {', '.join((*contacts.ASKED, *contacts.UNKNOWN_HERE))}, or [in] several"),
        ("lists[id]", "the id of a list, or [in] several"),
        ("tags[id]", "the id of a tag, or [in] several"),
        ("created_at[gt]", "a time; [lt] as well"),
        ("updated_at[gt]", "a time; [lt] as well"),
        ("truto_super_query", "anything: answer from our own copy, without a call to Constant Contact"),
    ),
)
@needs("contacts:read")
def list_contacts(request: HttpRequest, integrated_account_id: UUID | None = None) -> Listed | HttpResponse:
    """Contacts page by page, live, or from our own copy of the account with `truto_super_query`.

    A filter that is not among the parameters is named in `meta.ignored_filters`, or refused with `strict=true`.
    """
    asked = asked_of(request)
    if asked.from_mirror:
        asked.withhold_query()
        return mirrored.listed(account_of(request, integrated_account_id), asked)
    account, client = client_of(request, integrated_account_id)
    start = asking.href_of(asked.cursor, "/v3/contacts") if asked.cursor else None
    wanted = contacts.filters(asked)
    if wanted is None:  # a status that no contact of the provider's ever has
        return page_of(asked, [])
    pages = client.contacts.pages(
        limit=asked.limit, include=contacts.INCLUDED, start=start, extra=asked.remote_query, **wanted
    )

    def shown(page: Page[Contact]) -> list[dict[str, object]]:
        told = _told(account, page.items)
        return [
            contacts.shown(one, told.names, entry)
            for one, entry in zip(page.items, told.entries, strict=True)
        ]

    return listing(asked, pages, shown, lambda page: page.next_href, client)


# Before the paths with an id, which would take its name for one.
@router.post(
    f"{MARKETING}/contacts/upsert",
    response=UpsertEnvelope,
    exclude_unset=True,
    summary="Create or change a contact by its address",
)
@needs("contacts:write")
def upsert_contact(
    request: HttpRequest, body: NewContact, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """The person with this address, made or changed; who must not be written is `skipped`, with the reason."""
    asked = without_query(request)
    with opened(request, body, integrated_account_id) as write:
        write.resolve()
        result = write.writer.upsert()
    answer = one_of(asked, _written(write, result), write.writer.client, **write.meta(result))
    # What is left out, or shown in another form, is of the contact alone.
    ended = {"outcome": result.outcome, "reason": result.reason or None, "contact": answer["result"]}
    return answer | {"result": ended}


@router.get(
    f"{MARKETING}/contacts/{{contact_id}}",
    response=ContactEnvelope,
    exclude_unset=True,
    summary="Get a contact",
)
@needs("contacts:read")
def get_contact(
    request: HttpRequest, contact_id: str, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """One contact, live; one who was deleted has the status `cleaned`."""
    account, client = client_of(request, integrated_account_id)
    asked = asked_of(request)
    found = client.contacts.get(contact_id, include=contacts.INCLUDED, extra=asked.remote_query)
    told = _told(account, [found])
    return one_of(asked, contacts.shown(found, told.names, told.entries[0]), client)


@router.post(
    f"{MARKETING}/contacts",
    response=ContactEnvelope,
    exclude_unset=True,
    summary="Create a contact",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def create_contact(
    request: HttpRequest, body: NewContact, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """A new person: `implicit` on the account's recorded basis, or with evidence as `consent` says.

    409 where somebody has the address: `contacts/upsert` takes the same body for new people and known ones.
    """
    asked = without_query(request)
    with opened(request, body, integrated_account_id) as write:
        write.writer.check_new()
        write.resolve()
        try:
            result = write.writer.create()
        except Taken as error:
            ended = write.writer.taken(error.contact_id)
            raise (skipped(ended) if ended else taken(error.contact_id)) from None
    if result.outcome == "skipped":
        raise skipped(result)
    return one_of(asked, _written(write, result), write.writer.client, **write.meta(result))


@router.patch(
    f"{MARKETING}/contacts/{{contact_id}}",
    response=ContactEnvelope,
    exclude_unset=True,
    summary="Change a contact",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_contact(
    request: HttpRequest, contact_id: str, body: ChangedContact, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """What is named of a contact; everything else stays as it is, whoever else writes at the same time."""
    if body.id is not None and body.id.lower() != contact_id.lower():
        raise refused(("id", "the id of the address, or nothing"))
    return _changed(request, contact_id, body, integrated_account_id)


@router.patch(
    f"{MARKETING}/contacts",
    response=ContactEnvelope,
    exclude_unset=True,
    summary="Change a contact by the id in the body",
    openapi_extra=WRITES,
)
@needs("contacts:write")
def change_contact_of_body(
    request: HttpRequest, body: ChangedContact, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """The same for a program that sends the id in the body."""
    if body.id is None:
        raise refused(("id", "the id of a contact, here or in the address"))
    return _changed(request, body.id, body, integrated_account_id)


def _changed(
    request: HttpRequest, contact_id: str, body: ChangedContact, named: UUID | None
) -> dict[str, Any]:
    asked = without_query(request)
    with opened(request, body, named) as write:
        try:
            wanted = str(UUID(contact_id))
        except ValueError:
            raise missing("contact") from None
        write.resolve()
        result = write.writer.update(wanted)
    if result.outcome == "skipped":
        raise skipped(result)
    return one_of(asked, _written(write, result), write.writer.client, **write.meta(result))


def _written(write: Written, result: Result) -> dict[str, object]:
    """The contact as it is now, with the entry of the consent ledger that stands behind it."""
    ledger_id = str(result.ledger_id) if result.ledger_id else None
    return contacts.shown(result.contact, _told(write.account, [result.contact]).names, ledger_id)


@router.delete(f"{MARKETING}/contacts/{{contact_id}}", response=DeletedEnvelope, summary="Delete a contact")
@needs("contacts:write")
def delete_contact(
    request: HttpRequest, contact_id: str, integrated_account_id: UUID | None = None
) -> dict[str, Any]:
    """Takes a contact off all lists and out of the counts; the provider keeps the address."""
    asked = without_query(request)
    account, client = client_of(request, integrated_account_id)
    # By the address imports know whom they may not bring back; the id alone would not tell it.
    address = client.contacts.get(contact_id).email_address
    client.contacts.delete(contact_id)
    if address is not None:
        with tenancy.acting_for(account.tenant_id, account.environment_id):
            mirrornews.keep_standing(account, [email_key(address.address)], "deleted", datetime.now(UTC))
    return gone(asked, contact_id)


@dataclass(frozen=True)
class _Told:
    """What is known of contacts: what their ids stand for and when that was read, and their entries of the ledger."""

    names: Names
    entries: list[str | None]
    tags_read: datetime | None
    fields_read: datetime | None


def _told(account: Connection, found: Sequence[Contact]) -> _Told:
    """What stands beside these contacts; tags and custom fields that are new to us are read. Inside no scope."""
    tags = {one for contact in found for one in contact.taggings or ()}
    fields = {value.custom_field_id for contact in found for value in contact.custom_fields or ()}
    told = _known(account, found)
    now = datetime.now(UTC)
    if not tags <= set(told.names.tags) and (told.tags_read is None or now - told.tags_read > YOUNG):
        catalog.refresh_tags(account)
        told = _known(account, found)
    if not fields <= set(told.names.fields) and (told.fields_read is None or now - told.fields_read > YOUNG):
        catalog.refresh(account)
        told = _known(account, found)
    return told


def _known(account: Connection, found: Sequence[Contact]) -> _Told:
    """The names as last read, and the ledger as it is."""
    people = [(one.contact_id, one.email_address.address if one.email_address else "") for one in found]
    with tenancy.acting_for(account.tenant_id, account.environment_id):
        fields = list(RemoteField.objects.filter(connection=account))
        tags = list(RemoteTag.objects.filter(connection=account))
        entries = consentledger.latest(account, people)
    names = Names(
        {
            str(row.custom_field_id): FieldName(row.name, row.label, row.type, row.choice_ids)
            for row in fields
        },
        {str(row.tag_id): row.name for row in tags},
    )
    return _Told(
        names,
        entries,
        max((row.read_at for row in tags), default=None),
        max((row.read_at for row in fields), default=None),
    )
