"""Contacts, how many there are, and the answer to a sign-up."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from connections.constantcontact import reading
from connections.constantcontact.reading import Document, Misshapen


@dataclass(frozen=True, slots=True)
class Counts:
    """How many contacts an account has, by permission."""

    total: int
    explicit: int
    implicit: int
    pending: int
    unsubscribed: int
    new_subscriber: int | None

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "the counts")
        return cls(
            total=reading.whole(document, "total"),
            explicit=reading.whole(document, "explicit"),
            implicit=reading.whole(document, "implicit"),
            pending=reading.whole(document, "pending"),
            unsubscribed=reading.whole(document, "unsubscribed"),
            new_subscriber=reading.optional_whole(document, "new_subscriber"),
        )


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A contact's address with its permission; opting out moves this `updated_at`, not the contact's."""

    address: str = field(repr=False)
    permission_to_send: str | None
    opt_in_source: str | None
    opt_in_at: datetime | None
    opt_out_source: str | None
    opt_out_at: datetime | None
    opt_out_reason: str | None = field(repr=False)
    confirm_status: str | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "email_address")
        return cls(
            address=reading.text(document, "address"),
            permission_to_send=reading.optional_text(document, "permission_to_send"),
            opt_in_source=reading.optional_text(document, "opt_in_source"),
            opt_in_at=reading.moment(document, "opt_in_date"),
            opt_out_source=reading.optional_text(document, "opt_out_source"),
            opt_out_at=reading.moment(document, "opt_out_date"),
            opt_out_reason=reading.optional_text(document, "opt_out_reason"),
            confirm_status=reading.optional_text(document, "confirm_status"),
            updated_at=reading.moment(document, "updated_at"),
        )


@dataclass(frozen=True, slots=True)
class CustomFieldValue:
    """A contact's value for one custom field; values are always texts."""

    custom_field_id: str
    value: str | None = field(repr=False)
    choice_ids: tuple[str, ...] = field(repr=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a custom field's value")
        return cls(
            reading.text(document, "custom_field_id"),
            reading.optional_text(document, "value"),
            reading.texts(document, "choice_ids") or (),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact; the sub-resources are None unless the call included them. `document` has the rest."""

    contact_id: str
    email_address: EmailAddress | None
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    job_title: str | None = field(repr=False)
    company_name: str | None = field(repr=False)
    create_source: str | None
    update_source: str | None
    created_at: datetime | None
    updated_at: datetime | None
    deleted_at: date | None
    custom_fields: tuple[CustomFieldValue, ...] | None
    list_memberships: tuple[str, ...] | None
    taggings: tuple[str, ...] | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a contact")
        address, values = document.get("email_address"), document.get("custom_fields")
        return cls(
            contact_id=reading.text(document, "contact_id"),
            email_address=None if address is None else EmailAddress.parse(address),
            first_name=reading.optional_text(document, "first_name"),
            last_name=reading.optional_text(document, "last_name"),
            job_title=reading.optional_text(document, "job_title"),
            company_name=reading.optional_text(document, "company_name"),
            create_source=reading.optional_text(document, "create_source"),
            update_source=reading.optional_text(document, "update_source"),
            created_at=reading.moment(document, "created_at"),
            updated_at=reading.moment(document, "updated_at"),
            deleted_at=reading.day(document, "deleted_at"),
            custom_fields=None if values is None else _custom_field_values(values),
            list_memberships=reading.texts(document, "list_memberships"),
            taggings=reading.texts(document, "taggings"),
            document=document,
        )


def _custom_field_values(value: object) -> tuple[CustomFieldValue, ...]:
    return tuple(map(CustomFieldValue.parse, reading.elements(value, "custom_fields")))


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What became of a sign-up."""

    contact_id: str
    created: bool

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "the sign-up")
        action = reading.text(document, "action")
        if action not in ("created", "updated"):
            raise Misshapen("action is neither created nor updated")
        return cls(reading.text(document, "contact_id"), action == "created")
