"""What programs send to write a contact, and how an upsert ends."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from connections.api.contract import Envelope
from mapping.api.shapes import Contact

# What a contact has when it is read and nobody writes: sending it back does no harm, and changes nothing.
READ_ONLY = frozenset({"id", "name", "status", "created_at", "updated_at", "custom_fields_meta"})


class WrittenPhone(Schema):
    """A phone number."""

    phone: str
    type: Literal["home", "work", "mobile", "other"] = "other"


class WrittenAddress(Schema):
    """A street address."""

    street_1: str | None = None
    street_2: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: str | None = None
    type: Literal["home", "work", "other"] = "home"


class WrittenRef(Schema):
    """A list or a tag by its id, or by its name."""

    id: str | None = None
    name: str | None = None


Refs = Annotated[list[str | WrittenRef], Field(max_length=200)]


class WrittenRefs(Schema):
    """What is to become of lists or tags: a whole new set, some more, some fewer."""

    model_config = ConfigDict(extra="forbid")

    set: Refs | None = None
    add: Refs = []
    remove: Refs = []


class WrittenEvidence(Schema):
    """Where, when and how somebody opted in: the text of what was agreed to, or the proof."""

    source: Annotated[str, Field(max_length=300)] | None = None
    at: datetime | None = None
    text: Annotated[str, Field(max_length=5000)] | None = None


class WrittenConsent(Schema):
    """Leave to write to somebody: `explicit` and a sign-up (`opt_in_source` Contact) need evidence."""

    permission_to_send: str | None = None
    opt_in_source: Literal["Account", "Contact"] | None = None
    opt_out_reason: Annotated[str, Field(max_length=255)] | None = None
    evidence: WrittenEvidence | None = None


class ChangedContact(Schema):
    """What is to change of a contact; what is not named stays, null makes blank."""

    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phones: list[WrittenPhone] | None = None
    addresses: list[WrittenAddress] | None = None
    lists: Refs | WrittenRefs | None = None
    tags: Refs | WrittenRefs | None = None
    custom_fields: dict[str, str | int | float | bool | list[str] | None] = {}
    consent: WrittenConsent | None = None
    update_source: Literal["Account", "Contact"] | None = None
    create_missing: bool = False
    remote_data: dict[str, Any] | None = None


class NewContact(ChangedContact):
    """A contact to make, or to find by its address."""

    email: str


class Upserted(Schema):
    """How it ended: created, updated, unchanged, or skipped with a reason; and the contact as it is now."""

    outcome: Literal["created", "updated", "unchanged", "skipped"]
    reason: str | None
    contact: Contact


class UpsertEnvelope(Envelope):
    """One upsert."""

    result: Upserted
