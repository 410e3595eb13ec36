"""What is granted, who is linked and what they may do."""

from dataclasses import dataclass, field
from typing import Final, Self

from connections.constantcontact import reading
from connections.constantcontact.reading import Document, Misshapen
from connections.constantcontact.redaction import Secret

# Used when a grant comes without its lifetime: refusing it would throw a rotated refresh token away.
ASSUMED_LIFETIME_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What the token endpoint grants; `scope` is None when the answer leaves it out (granted as asked)."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int
    scope: str | None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset((self.scope or "").split())

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "the grant")
        if (reading.optional_text(document, "token_type") or "Bearer").lower() != "bearer":
            raise Misshapen("token_type is not Bearer")
        refresh_token = reading.optional_text(document, "refresh_token")
        scope = document.get("scope")
        return cls(
            access_token=Secret(reading.text(document, "access_token")),
            refresh_token=Secret(refresh_token) if refresh_token else None,
            expires_in=_lifetime(document.get("expires_in")),
            scope=scope if isinstance(scope, str) else None,
        )


def _lifetime(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return ASSUMED_LIFETIME_SECONDS


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """Who is linked; `encoded_account_id` is the account's stable key."""

    encoded_account_id: str
    encoded_partner_id: str | None
    organization_name: str | None
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    contact_email: str | None = field(repr=False)
    contact_phone: str | None = field(repr=False)
    country_code: str | None
    state_code: str | None
    time_zone_id: str | None
    website: str | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "the account")
        return cls(
            encoded_account_id=reading.text(document, "encoded_account_id"),
            encoded_partner_id=reading.optional_text(document, "encoded_partner_id"),
            organization_name=reading.optional_text(document, "organization_name"),
            first_name=reading.optional_text(document, "first_name"),
            last_name=reading.optional_text(document, "last_name"),
            contact_email=reading.optional_text(document, "contact_email"),
            contact_phone=reading.optional_text(document, "contact_phone"),
            country_code=reading.optional_text(document, "country_code"),
            state_code=reading.optional_text(document, "state_code"),
            time_zone_id=reading.optional_text(document, "time_zone_id"),
            website=reading.optional_text(document, "website"),
            document=document,
        )


@dataclass(frozen=True, slots=True)
class Privilege:
    """Something the linked user may do, such as `contacts:write`."""

    privilege_id: int | None
    name: str

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a privilege")
        return cls(reading.optional_whole(document, "privilege_id"), reading.text(document, "privilege_name"))


@dataclass(frozen=True, slots=True)
class AccountEmail:
    """One of the account's own addresses, from which it sends."""

    email_id: int | None
    address: str = field(repr=False)
    confirm_status: str | None
    roles: tuple[str, ...]
    pending_roles: tuple[str, ...]
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "an address of the account")
        return cls(
            email_id=reading.optional_whole(document, "email_id"),
            address=reading.text(document, "email_address"),
            confirm_status=reading.optional_text(document, "confirm_status"),
            roles=reading.texts(document, "roles") or (),
            pending_roles=reading.texts(document, "pending_roles") or (),
            document=document,
        )


@dataclass(frozen=True, slots=True)
class PhysicalAddress:
    """The address at the foot of every mail; a state has a code in the US and Canada, else a name."""

    lines: tuple[str, ...]
    city: str
    state: str | None
    postal_code: str | None
    country_code: str
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "the physical address")
        lines = [reading.optional_text(document, f"address_line{number}") for number in (1, 2, 3)]
        state_code = reading.optional_text(document, "state_code")
        return cls(
            lines=tuple(line for line in lines if line),
            city=reading.text(document, "city"),
            state=state_code or reading.optional_text(document, "state_name"),
            postal_code=reading.optional_text(document, "postal_code"),
            country_code=reading.text(document, "country_code"),
            document=document,
        )


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """One of a partner's customers."""

    encoded_account_id: str
    organization_name: str | None
    site_owner_name: str | None = field(repr=False)
    subscriber_count: int | None
    billing_status: str | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "an account")
        return cls(
            encoded_account_id=reading.text(document, "encoded_account_id"),
            organization_name=reading.optional_text(document, "organization_name"),
            site_owner_name=reading.optional_text(document, "site_owner_name"),
            subscriber_count=reading.optional_whole(document, "subscriber_count"),
            billing_status=reading.optional_text(document, "billing_status"),
            document=document,
        )
