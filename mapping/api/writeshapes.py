"""What programs send to write a contact, and how an upsert ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from ninja import Schema
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from connections.api.contract import Envelope
from connections.constantcontact import shapes
from mapping.api.answering import asked_of
from mapping.api.shapes import Contact
from mapping.unified import contacts

# What a contact has when it is read and nobody writes: sending it back does no harm, and changes nothing.
READ_ONLY = frozenset({"id", "name", "status", "created_at", "updated_at", "custom_fields_meta"})
_COMPARED = ("name", "status", "created_at", "updated_at")


@dataclass(frozen=True)
class Unwritten:
    """What of a body nobody writes: names that mean nothing here, and values that a contact is read with.

    `strict`: the program wants to know instead of having it ignored.
    """

    unknown: tuple[str, ...] = ()
    told: Mapping[str, object] = field(default_factory=dict)
    strict: bool = False

    @property
    def unsubscribes(self) -> bool:
        """Whether the status says that the person gets no mail."""
        return self.told.get("status") == "unsubscribed"

    def differing(self, there: shapes.Contact | None, name: str) -> list[str]:
        """Which values are not so of the person as read, or of somebody new of this name."""
        so: dict[str, object] = {"name": name, "status": "active"}
        if there is not None:
            so = contacts.shown(there, contacts.Names({}, {}))
        return sorted(one for one in _COMPARED if one in self.told and self.told[one] != so.get(one))


def _null_is(usual: str) -> BeforeValidator:
    """A type that is read as null, since the provider names none, is sent back so: it means the usual one."""
    return BeforeValidator(lambda given: usual if given is None else given)


class WrittenPhone(Schema):
    """A phone number."""

    phone: str
    type: Annotated[Literal["home", "work", "mobile", "other"], _null_is("other")] = "other"


class WrittenAddress(Schema):
    """A street address."""

    street_1: str | None = None
    street_2: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: str | None = None
    type: Annotated[Literal["home", "work", "other"], _null_is("home")] = "home"


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
    _whole: dict[str, Any] | None = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _as_it_is(cls, given: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """With `truto_body_passthrough` a body is the provider's own document, of which only the person is read."""
        document = getattr(given, "_obj", given)
        request = (info.context or {}).get("request")
        if request is None or not isinstance(document, dict) or not asked_of(request).passes_body:
            return handler(given)
        address = document.get("email_address")
        email = address.get("address") if isinstance(address, dict) else None
        read = {"id": document.get("contact_id"), "email": email}
        found = handler({name: value for name, value in read.items() if value is not None})
        found._whole = document
        return found

    @property
    def whole(self) -> dict[str, Any] | None:
        """The provider's own document, where that was sent."""
        return self._whole


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
