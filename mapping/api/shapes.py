"""The shapes of the unified API's answers and bodies."""

from typing import Any

from ninja import Schema

from connections.api.contract import Envelope


class Phone(Schema):
    """A phone number."""

    phone: str | None
    type: str | None


class Address(Schema):
    """A street address."""

    street_1: str | None
    street_2: str | None
    city: str | None
    state: str | None
    country: str | None
    postal_code: str | None
    type: str | None


class Ref(Schema):
    """An id, and the name where it is known."""

    id: str
    name: str | None = None


class ListRef(Schema):
    """A list by its id."""

    id: str


class FieldMeta(Schema):
    """Which custom field a value belongs to; without name where the field is newer than our last reading."""

    id: str
    name: str | None
    label: str | None
    type: str | None


class Consent(Schema):
    """Leave to write to somebody, as the provider has it."""

    permission_to_send: str | None
    opt_in_source: str | None
    opt_in_at: str | None
    opt_out_source: str | None
    opt_out_at: str | None
    opt_out_reason: str | None
    ledger_id: str | None = None


class Contact(Schema):
    """A person of a linked account."""

    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    email: str | None = None
    phones: list[Phone] = []
    addresses: list[Address] = []
    lists: list[ListRef] = []
    tags: list[Ref] = []
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    custom_fields: dict[str, str | int | float | bool | list[str] | None] = {}
    custom_fields_meta: list[FieldMeta] = []
    consent: Consent | None = None
    remote_data: dict[str, Any] | None = None


class ContactList(Schema):
    """A contact list."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    type: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    remote_data: dict[str, Any] | None = None


class Tag(Schema):
    """A tag."""

    id: str | None = None
    name: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    remote_data: dict[str, Any] | None = None


class Email(Schema):
    """An e-mail address of a user."""

    email: str
    type: str
    is_primary: bool


class User(Schema):
    """A user of a linked account, as far as the provider tells of them; what it does not tell is null."""

    id: str | None = None
    external_id: str | None = None
    identifiers: dict[str, Any] | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    title: str | None = None
    username: str | None = None
    emails: list[Email] = []
    phones: list[str] = []
    status: str | None = None
    is_email_verified: bool | None = None
    is_2fa_enabled: bool | None = None
    roles: list[Ref] = []
    created_at: str | None = None
    updated_at: str | None = None
    last_login_at: str | None = None
    remote_data: dict[str, Any] | None = None


class Role(Schema):
    """One of the provider's three roles."""

    id: str | None = None
    name: str | None = None
    label: str | None = None
    description: str | None = None
    type: str | None = None
    applicable_in: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    remote_data: dict[str, Any] | None = None


class Deleted(Schema):
    """What is gone, or on its way out."""

    id: str


class DeletedEnvelope(Envelope):
    """A deletion."""

    result: Deleted


class ContactEnvelope(Envelope):
    """One contact."""

    result: Contact


class ContactsEnvelope(Envelope):
    """A page of contacts; an object by one of their fields with `truto_key_by`."""

    result: list[Contact] | dict[str, Contact]


class ListEnvelope(Envelope):
    """One list."""

    result: ContactList


class ListsEnvelope(Envelope):
    """A page of lists."""

    result: list[ContactList] | dict[str, ContactList]


class TagEnvelope(Envelope):
    """One tag."""

    result: Tag


class TagsEnvelope(Envelope):
    """A page of tags."""

    result: list[Tag] | dict[str, Tag]


class UserEnvelope(Envelope):
    """One user."""

    result: User


class UsersEnvelope(Envelope):
    """The users that are known."""

    result: list[User] | dict[str, User]


class RoleEnvelope(Envelope):
    """One role."""

    result: Role


class RolesEnvelope(Envelope):
    """The three roles."""

    result: list[Role] | dict[str, Role]


class NewList(Schema):
    """A list to make."""

    name: str
    description: str | None = None


class ChangedList(Schema):
    """What is to change of a list; what is not named stays. The id is the address's, or stands here instead."""

    id: str | None = None
    name: str | None = None
    description: str | None = None


class Named(Schema):
    """A tag's name."""

    name: str


class ChangedTag(Named):
    """A tag's new name. The id is the address's, or stands here instead."""

    id: str | None = None
