"""The records: what an account holds, and who may come in.

Plain records without rules. `to_json` and `from_json` are exact inverses: effects and dumps are made of them.
Times are milliseconds since 1970.
"""

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar

from .messages import Json

R = TypeVar("R")


@dataclass(slots=True)
class Contact:
    """A person in one account. `seq` is the position in the account's walk and never changes."""

    contact_id: str
    seq: int
    created: int
    updated: int
    create_source: str = "Account"
    update_source: str = "Account"
    deleted: int | None = None
    address: str | None = None
    permission: str = "not_set"
    email_created: int | None = None
    email_updated: int | None = None
    opt_in_source: str | None = None
    opt_in: int | None = None
    opt_out_source: str | None = None
    opt_out: int | None = None
    opt_out_reason: str | None = None
    confirm_status: str = "off"
    resubscribe_sent: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    birthday_month: int | None = None
    birthday_day: int | None = None
    anniversary: str | None = None
    lists: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    # The sub-resources stand as they go over the wire, with times as numbers.
    custom_fields: tuple[Json, ...] = ()
    phones: tuple[Json, ...] = ()
    addresses: tuple[Json, ...] = ()
    notes: tuple[Json, ...] = ()
    sms: Json | None = None

    @property
    def unsubscribed(self) -> bool:
        return self.permission == "unsubscribed"

    def changed(self, **changes: Any) -> "Contact":
        """A new state of this contact; several times quicker than `dataclasses.replace`."""
        new = Contact(*_contact_values(self))
        for name, value in changes.items():
            setattr(new, name, value)
        return new


_contact_values = attrgetter(*(item.name for item in fields(Contact)))


@dataclass(slots=True)
class ContactList:
    """A contact list; `deleted` once its deletion has run."""

    list_id: str
    name: str
    created: int
    updated: int
    description: str = ""
    favorite: bool = False
    deleted: int | None = None


@dataclass(slots=True)
class Tag:
    """A tag."""

    tag_id: str
    name: str
    created: int
    updated: int
    source: str = "Contact"


@dataclass(slots=True)
class CustomField:
    """A custom field of one of the nine types; `choices` as they go over the wire, with times as numbers."""

    field_id: str
    label: str
    name: str
    type: str
    created: int
    updated: int
    version: int = 2
    metadata: Json = field(default_factory=dict)
    choices: tuple[Json, ...] = ()


@dataclass(slots=True)
class Activity:
    """A bulk job: what was asked (`order`), when it starts and ends, and what came of it."""

    activity_id: str
    kind: str
    created: int
    start_at: int
    complete_at: int
    order: Json
    # completed, or what a test ordered: failed, cancelled, timed_out.
    outcome: str = "completed"
    file_name: str | None = None
    done: bool = False
    counters: dict[str, int] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    results: str | None = None


@dataclass(slots=True)
class User:
    """Someone who may sign in to an account and give a grant."""

    user_id: str
    login: str
    role: str


@dataclass(slots=True)
class App:
    """A registered application. `flow` is code, pkce or device, `refresh_tokens` rotating or long_lived."""

    client_id: str
    client_secret: str
    name: str = "Test application"
    redirect_uris: tuple[str, ...] = ()
    flow: str = "code"
    refresh_tokens: str = "rotating"
    active: bool = True
    # 0 takes the limit away.
    per_second: int = 4
    per_day: int = 10_000


@dataclass(slots=True)
class Code:
    """An authorization code waiting for its exchange."""

    client_id: str
    account_id: str
    user_id: str
    scope: str
    redirect_uri: str
    expires: int
    challenge: str | None = None
    used: bool = False
    grant_id: str | None = None


@dataclass(slots=True)
class Grant:
    """A person's permission for an app; `refresh` is the fingerprint of the one living refresh token."""

    grant_id: str
    client_id: str
    account_id: str
    user_id: str
    scope: str
    opened: int
    refresh: str | None = None
    refreshed: int = 0
    previous: str | None = None
    dead: bool = False


@dataclass(slots=True)
class AccessToken:
    """An access token that was handed out."""

    token_id: str
    grant_id: str
    issued: int
    expires: int
    scope: str
    dead: bool = False


_NAMES: dict[type, tuple[str, ...]] = {}


def names_of(kind: type) -> tuple[str, ...]:
    """The fields of a record type in order."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(item.name for item in fields(kind))
    return _NAMES[kind]


def to_json(record: Any) -> Json:
    """A record as JSON."""
    return {name: getattr(record, name) for name in names_of(type(record))}


def from_json(kind: type[R], value: Json) -> R:
    """A record from its JSON; arrays become tuples again."""
    return kind(**{key: tuple(item) if isinstance(item, list) else item for key, item in value.items()})
