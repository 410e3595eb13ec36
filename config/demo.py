"""The demo: a workspace with an owner, a token, an account linked through the real consent page, and 5,000 people.

Plays the person: it starts a link as a page would, consents at the simulator's own page over HTTP, and hands the
answer to the callback's function. The people are made here, the same every time, and belong to nobody.
"""

import random
import secrets
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener
from uuid import UUID

from allauth.account.models import EmailAddress

from connections import tenancy
from connections.constantcontact.redaction import Secret
from connections.links import linking
from connections.links.linking import Answer
from connections.models import Connection, Environment, Membership, Tenant, User
from connections.people import accounts
from connections.programs import keys
from connections.scoping import Scope
from mapping import basis, editing
from mapping.editing import FieldChoice, ListChoice
from syncjobs.imports import plans, uploads
from syncjobs.models import SyncJob

EMAIL = "owner@demo.patchbay.test"
WORKSPACE = "Demo workspace"
PEOPLE = 5_000
BASIS = "They are customers of the demo's made-up businesses."
COLUMNS = ("Email", "First name", "Last name", "Company", "Plan", "Member since", "Lists")


class DemoTrouble(Exception):
    """The demo cannot be made; the text says why."""


def person() -> tuple[User, str]:
    """The demo's owner with a new password: nobody knows the old one but who saw it printed."""
    password = secrets.token_urlsafe(12)
    user = User.objects.filter(email=EMAIL).first() or User(
        email=EMAIL, name="Demo owner", is_staff=True, is_superuser=True
    )
    user.set_password(password)
    user.save()
    # Nobody can open a message to this address, so it is confirmed from the start.
    EmailAddress.objects.update_or_create(
        user=user, email=EMAIL, defaults={"verified": True, "primary": True}
    )
    return user, password


def scope_of(user: User) -> Scope:
    """The demo workspace's test environment, made where it is missing."""
    found = tenancy.find("find_memberships", user.pk)
    tenant_id = found[0][0] if found else accounts.open_workspace(user, WORKSPACE).pk
    with tenancy.acting_for(tenant_id):
        environment = Environment.objects.get(kind=Environment.Kind.TEST)
        tenant = Tenant.objects.get(pk=tenant_id)
    return Scope(tenant_id, environment.pk, environment.kind, tenant.name, Membership.Role.OWNER, user)


def new_token(scope: Scope) -> Secret:
    """An API token for this run; the one of the run before is taken back."""
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        keys.revoke_named("First run")
        _, token = keys.create(environment, "First run", scopes=[keys.EVERYTHING], user=scope.user)
    return token


def link(scope: Scope) -> Connection:
    """The linked account; linked now if it is not yet.

    Raises:
        DemoTrouble: the link did not come about.
    """
    with scope.transaction():
        known = Connection.objects.filter(status=Connection.Status.ACTIVE).first()
    if known is not None:
        return known
    started = linking.start(scope, customer_ref="demo")
    state, code, error = _consent(started.authorize_url)
    app_id = _app_id(started.authorize_url)
    ended = linking.complete(app_id, Answer(state, code, error), started.browser_nonce.reveal())
    if ended.outcome != "connected" or ended.connection_id is None:
        raise DemoTrouble(f"the demo account could not be linked: {ended.outcome}")
    with scope.transaction():
        connection = Connection.objects.get(pk=ended.connection_id)
        basis.record(scope, connection, "customers", BASIS)
        return connection


def _app_id(authorize_url: str) -> UUID:
    redirect = parse_qs(urlsplit(authorize_url).query)["redirect_uri"][0]
    return UUID(urlsplit(redirect).path.rstrip("/").rpartition("/")[2])


class _Form(HTMLParser):
    """The consent page's form: its hidden fields and its first choice."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect inputs; of radios and options the first counts."""
        found = {name: value or "" for name, value in attrs}
        if tag == "input" and found.get("name"):
            self.fields.setdefault(found["name"], found.get("value", ""))
        elif tag == "select":
            self.select = found.get("name", "")
        elif tag == "option" and self.select:
            self.fields.setdefault(self.select, found.get("value", ""))


class _StayHere(HTTPRedirectHandler):
    """A redirect is the answer, not something to follow."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Do not."""


def _consent(authorize_url: str) -> tuple[str, str, str]:
    """Allow, as the first user offered; answers (state, code, error) as they come back."""
    browser = build_opener(_StayHere)
    with browser.open(authorize_url, timeout=15) as page:
        form = _Form()
        form.feed(page.read().decode())
    action = authorize_url.partition("?")[0]
    data = urlencode({**form.fields, "decision": "allow"}).encode()
    try:
        with browser.open(Request(action, data=data), timeout=15) as answer:  # noqa: S310  # the simulator's address
            raise DemoTrouble(f"the consent page answered {answer.status} instead of sending back")
    except HTTPError as answer:
        query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    return query.get("state", [""])[0], query.get("code", [""])[0], query.get("error", [""])[0]


def people(count: int = PEOPLE) -> Iterator[list[str]]:
    """Made-up people, the same every time."""
    chance = random.Random(5000)  # noqa: S311  # sample data, not a secret
    first = (
        "Ada",
        "Ben",
        "Cleo",
        "Dara",
        "Eli",
        "Femi",
        "Gus",
        "Hana",
        "Ivo",
        "Jun",
        "Kai",
        "Lena",
        "Milo",
        "Nora",
        "Omar",
    )
    last = (
        "Abbott",
        "Bell",
        "Cruz",
        "Diaz",
        "Engel",
        "Fox",
        "Gray",
        "Hahn",
        "Ito",
        "Jones",
        "Klein",
        "Lopez",
        "Moore",
    )
    firms = ("", "Acorn Dental", "Blue Door Yoga", "Corner Books", "Daily Bread", "East Side Gym")
    for number in range(count):
        given, family = chance.choice(first), chance.choice(last)
        address = f"{given}.{family}.{number}@people.example".lower()
        joined = f"20{chance.randint(18, 25)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        lists = "Customers;News" if chance.random() < 0.4 else "Customers"
        yield [
            address,
            given,
            family,
            chance.choice(firms),
            chance.choice(["free", "team", "scale"]),
            joined,
            lists,
        ]


def sample_file() -> bytes:
    """The sample as CSV."""
    lines = [",".join(COLUMNS), *(",".join(row) for row in people())]
    return ("\r\n".join(lines) + "\r\n").encode()


def start_import(scope: Scope, connection: Connection) -> SyncJob:
    """The sample's import, with its mapping: once for the connection, however often it is asked for."""
    with scope.transaction():
        done = SyncJob.objects.filter(
            connection=connection, kind="import", idempotency_key="first-run"
        ).first()
        if done is not None:
            return done
        upload = uploads.store_stream(scope.user, connection, "sample.csv", [sample_file()], "auto")
        _map(connection)
        everyone: list[dict[str, str]] = []
        return plans.start(
            connection, upload, everyone=everyone, user=scope.user, idempotency_key="first-run"
        )


def _map(connection: Connection) -> None:
    fields = {row.name: row.pk for row in editing.declare(connection, COLUMNS)}
    chosen = {
        "Email": ("standard:email", ""),
        "First name": ("standard:first_name", ""),
        "Last name": ("standard:last_name", ""),
        "Company": ("standard:company_name", ""),
        "Plan": ("new", "string"),
        "Member since": ("new", "date"),
        "Lists": ("lists", ""),
    }
    editing.save_fields(
        connection,
        [
            FieldChoice(fields[name], choice, name, kind or "string")
            for name, (choice, kind) in chosen.items()
        ],
    )
    editing.save_lists(connection, [ListChoice(name, "new", name) for name in ("Customers", "News")])
