"""The people of the tests: an owner and a member of one workspace, a stranger with another; and what they can have.

Everything is made through the product's own functions, as the application's role.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


@dataclass
class Simulator:
    """A running simulator: the ground truth of what reached the provider since `since`."""

    url: str
    since: int = 0
    # The application that looks at an account; Patchbay's own, whose limit it shares then, unless there is another.
    looks_by: str = ""

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """One of its control calls."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, method=method or ("POST" if data else "GET"))
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def journal(self) -> list[dict[str, Any]]:
        """Every request it saw."""
        return self.ask(f"/_sim/journal?after={self.since}")

    def calls(self) -> list[dict[str, Any]]:
        """The provider calls among them."""
        return [entry for entry in self.journal() if entry["path"].startswith("/v3/")]

    def token(self, account: str | None = None) -> str:
        """An access token of its own, to look at an account as the provider's own user would."""
        wish = {"account": account, "client_id": self.looks_by}
        return self.ask("/_sim/token", {name: value for name, value in wish.items() if value})["access_token"]

    def get(self, path: str, account: str | None = None) -> Any:
        """A provider call with such a token, outside the product."""
        request = Request(self.url + path, headers={"Authorization": f"Bearer {self.token(account)}"})
        for _ in range(30):
            try:
                with urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except HTTPError as refusal:
                if refusal.code != 429:
                    raise
                time.sleep(0.3)
        raise AssertionError("the simulator refused every try")


def confirm(person: Any) -> None:
    """The person's address, as if its link had been followed."""
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)


@dataclass
class World:
    """Who is there."""

    owner: Any
    member: Any
    stranger: Any
    tenant: Any
    foreign: Any

    @classmethod
    def make(cls) -> "World":
        """Two workspaces, three people."""
        from connections import tenancy
        from connections.models import Membership, User
        from connections.people import accounts

        people = [User.objects.create_user(f"{name}@people.test") for name in ("owner", "member", "stranger")]
        for person in people:
            confirm(person)
        tenant = accounts.open_workspace(people[0], "Alpha Software")
        foreign = accounts.open_workspace(people[2], "Omega Software")
        with tenancy.acting_for(tenant.pk):
            Membership.objects.create(tenant=tenant, user=people[1], role=Membership.Role.VIEWER)
        return cls(*people, tenant, foreign)

    def scope(self, user: Any = None, kind: str = "test") -> Any:
        """The scope of a person in their first workspace."""
        from connections import tenancy
        from connections.models import Environment, Membership
        from connections.scoping import Scope

        person = user or self.owner
        tenant = self.foreign if person == self.stranger else self.tenant
        with tenancy.acting_for(tenant.pk):
            environment = Environment.objects.get(kind=kind)
            role = Membership.objects.get(user=person).role
        return Scope(tenant.pk, environment.pk, kind, tenant.name, role, person)

    def client(self, user: Any) -> Any:
        """A signed-in browser without JavaScript."""
        from django.conf import settings
        from django.test import Client

        client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
        client.force_login(user)
        return client

    def token(self, user: Any = None, kind: str = "test") -> str:
        """An API token of one of a person's environments."""
        from connections.models import Environment
        from connections.programs import keys

        scope = self.scope(user, kind)
        with scope.transaction():
            environment = Environment.objects.get(pk=scope.environment_id)
            _, token = keys.create(environment, "test", scopes=[keys.EVERYTHING])
        return token.reveal()

    def connection(
        self, user: Any = None, name: str = "Acme Bakery", status: str = "active", kind: str = "test"
    ) -> Any:
        """A linked account's rows, without any provider behind them."""
        from datetime import UTC, datetime, timedelta

        from connections import tokens
        from connections.constantcontact.redaction import Secret
        from connections.constantcontact.shapes import TokenGrant
        from connections.models import Connection, ProviderApp, QuotaPool

        app = ProviderApp.objects.using("operator").filter(tenant=None, kind=kind).first()
        if app is None:
            pool = QuotaPool.objects.using("operator").create(name="pool")
            app = ProviderApp.objects.using("operator").create(
                kind=kind,
                pool=pool,
                name="Simulator",
                client_id=f"{kind}-client",
                authorize_url="http://provider.localhost:1/authorize",
                token_url="http://provider.localhost:1/token",
                api_url="http://provider.localhost:1",
            )
        scope = self.scope(user, kind)
        now = datetime.now(UTC)
        with scope.transaction():
            connection = Connection.objects.create(
                tenant_id=scope.tenant_id,
                environment_id=scope.environment_id,
                provider_app_id=app.pk,
                account_id=name.lower().replace(" ", "-"),
                account_name=name,
                account_email=f"owner@{name.split(maxsplit=1)[0].lower()}.example",
                account_role="Account owner",
                status=status,
                linked_at=now,
            )
            grant = TokenGrant(Secret("access-canary"), Secret("refresh-canary"), 86400, None)
            tokens.store(connection, grant, now - timedelta(seconds=1))
        return connection
