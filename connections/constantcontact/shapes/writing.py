"""What is sent to write a contact: the provider's own names, which differ between its calls.

`whole` turns a contact that was read with everything into the body that writes it back unchanged: a PUT nulls
the core properties that it leaves out, and rewrites every sub-resource that it has.
"""

from typing import Any, Final, Literal, Required, TypedDict, cast

from connections.constantcontact.reading import Document
from connections.constantcontact.shapes.contact import Contact

Source = Literal["Account", "Contact"]  # who acted: the account's own people, or the contact itself
Permission = Literal["explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"]
Kind = Literal["home", "work", "mobile", "other"]

_PARTS: Final = ("custom_fields", "phone_numbers", "street_addresses", "notes")
_IDS: Final = ("list_memberships", "taggings")
# All that a contact brings along when it is asked for; a page holds 500 contacts with or without them.
EVERYTHING: Final = (*_PARTS, *_IDS)
# What the provider alone sets. Everything else that it shows goes back, also what is newer than this client; the SMS
# channel has another shape when it is written, and stays as it is when it is left out.
_ITS_OWN: Final = frozenset(
    {
        "contact_id",
        "phone_number_id",
        "street_address_id",
        "note_id",
        "created_at",
        "updated_at",
        "deleted_at",
        "create_source",
        "update_source",
        "opt_in_source",
        "opt_in_date",
        "opt_out_source",
        "opt_out_date",
        "opt_out_reason",
        "confirm_status",
        "sms_channel",
    }
)


class AddressSent(TypedDict, total=False):
    """An address with its permission; a reason belongs to an opt-out only, and only to a PUT."""

    address: Required[str]
    permission_to_send: Permission
    opt_out_reason: str


class ValueSent(TypedDict, total=False):
    """A custom field's value: a text, or choices of a select field."""

    custom_field_id: Required[str]
    value: str
    choice_ids: list[str]


class PhoneSent(TypedDict):
    """A phone number, at most 25 signs."""

    phone_number: str
    kind: Kind


class StreetSent(TypedDict, total=False):
    """A street address."""

    kind: Required[Kind]
    street: str
    city: str
    state: str
    postal_code: str
    country: str


class NoteSent(TypedDict):
    """A note, at most 2,000 signs."""

    content: str


class CoreSent(TypedDict, total=False):
    """The core properties, of which a PUT nulls those that it leaves out. The birthday's parts go together."""

    first_name: str
    last_name: str
    job_title: str
    company_name: str
    birthday_month: int
    birthday_day: int
    anniversary: str


class ContactSent(CoreSent, total=False):
    """A contact as POST and PUT take it; at most 25 values, 3 phones, 3 addresses, 50 lists, 50 tags."""

    email_address: AddressSent
    custom_fields: list[ValueSent]
    phone_numbers: list[PhoneSent]
    street_addresses: list[StreetSent]
    list_memberships: list[str]
    taggings: list[str]
    notes: list[NoteSent]


class SignUpSent(CoreSent, total=False):
    """The sign-up form: flat, one phone, one address; values and lists are added, never taken away."""

    email_address: Required[str]
    list_memberships: Required[list[str]]
    phone_number: str
    street_address: StreetSent
    custom_fields: list[ValueSent]


def whole(contact: Contact) -> ContactSent:
    """The body of a PUT that changes nothing; ValueError if the contact was not read with everything."""
    document = contact.document
    missing = [name for name in (*_PARTS, *_IDS) if name not in document]
    if missing:
        raise ValueError(f"The contact was read without {', '.join(missing)}; a PUT could take them away.")
    body = _sent_back(document)
    if contact.email_address is not None:
        body["email_address"] = _sent_back(document["email_address"])
    body |= {name: [_sent_back(part) for part in document[name]] for name in _PARTS}
    body |= {name: list(document[name]) for name in _IDS}
    return cast(ContactSent, body)


def without_unknown(body: ContactSent) -> ContactSent:
    """The body without what this client does not know by name, for a provider that takes no such thing back."""
    known = ContactSent.__required_keys__ | ContactSent.__optional_keys__
    return cast(ContactSent, {name: value for name, value in body.items() if name in known})


def _sent_back(document: Document) -> dict[str, Any]:  # Any: the provider's own JSON, sent back as it came
    return {name: value for name, value in document.items() if value is not None and name not in _ITS_OWN}
