"""The role matrix: every page of a workspace and every endpoint, by each role, against a table.

What an action allows stands in `connections.roles`; which action a page asks for stands here, for looking (GET) and for
sending (POST) apart, so that neither can change unseen. An address that is not in the table fails. Whatever is
sent is rolled back.
"""

import json
import uuid
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

from connections import roles
from connections.models import Environment, Membership, User
from connections.programs import keys
from tests.flows.test_team import asked_again
from tests.house.furnish import Two
from tests.house.routes import ACCOUNT, BODIES, JOB, PLACE, SETTINGS, TEAM, TOKEN, WEBHOOK, Route, routes
from tests.house.visits import FORM, body, quiet

API = ("api", "unified sent", "api unified", "api 1-to-1")
ROLES = tuple(Membership.Role.values)
# Address: the action that looking asks for, and the one that sending asks for; None: there is no such method.
TABLE: dict[str, tuple[str | None, str | None]] = {
    PLACE: ("view", None),
    f"{PLACE}accounts/": ("view", None),
    f"{PLACE}accounts/connect/": ("connect", "connect"),
    f"{PLACE}accounts/connect/<slug:outcome>/": ("view", None),
    f"{PLACE}automations/": ("view", None),
    f"{PLACE}application/": ("bring an application", "bring an application"),
    f"{PLACE}mapping/": ("view", None),
    f"{PLACE}mapping/from-test/": ("view", "take the set-up live"),
    ACCOUNT: ("view", None),
    f"{ACCOUNT}pause/": (None, "connect"),
    f"{ACCOUNT}remove/": ("connect", "connect"),
    f"{ACCOUNT}mapping/": ("view", "map"),
    f"{ACCOUNT}mapping/fields/": (None, "map"),
    f"{ACCOUNT}mapping/refresh/": (None, "map"),
    f"{ACCOUNT}consent/": ("view", "decide on consent"),
    f"{ACCOUNT}import/": ("import", "import"),
    f"{ACCOUNT}import/<uuid:upload_id>/columns/": ("import", "import"),
    f"{ACCOUNT}import/<uuid:upload_id>/start/": ("import", "import"),
    f"{PLACE}jobs/": ("view", None),
    JOB: ("view", None),
    f"{JOB}stop/": (None, "run"),
    f"{JOB}retry/": (None, "run"),
    f"{JOB}rows/": ("view", None),
    f"{JOB}rows.csv": ("view", None),
    f"{PLACE}developers/": ("view", None),
    f"{PLACE}developers/limits/": ("view", None),
    f"{PLACE}developers/calls/": ("view", None),
    f"{PLACE}developers/calls/<uuid:call_id>/": ("view", None),
    f"{PLACE}developers/returns/": ("manage API tokens", "manage API tokens"),
    f"{PLACE}developers/webhooks/": ("view", None),
    WEBHOOK: ("view", None),
    f"{WEBHOOK}deliveries/<uuid:delivery_id>/replay/": (None, "manage API tokens"),
    f"{PLACE}developers/tokens/new/": ("manage API tokens", "manage API tokens"),
    TOKEN: ("view", None),
    f"{TOKEN}revoke/": ("manage API tokens", "manage API tokens"),
    f"{TOKEN}rotate/": ("manage API tokens", "manage API tokens"),
    SETTINGS: ("view", "change the workspace"),
    f"{SETTINGS}roles/": ("view", None),
    f"{SETTINGS}audit/": ("see the audit", None),
    f"{SETTINGS}audit.csv": (None, "see the audit"),
    f"{SETTINGS}audit.jsonl": (None, "see the audit"),
    TEAM: ("view", "manage people"),
    f"{TEAM}leave/": ("view", "view"),
    f"{TEAM}invitations/<uuid:invitation_id>/": ("manage people", None),
    f"{TEAM}invitations/<uuid:invitation_id>/resend/": (None, "manage people"),
    f"{TEAM}invitations/<uuid:invitation_id>/revoke/": ("manage people", "manage people"),
    f"{TEAM}<uuid:member_id>/": ("manage people", "manage people"),
    f"{TEAM}<uuid:member_id>/remove/": ("manage people", "manage people"),
    f"{TEAM}<uuid:member_id>/ownership/": ("transfer ownership", "transfer ownership"),
}
# Endpoint of the API: the scope that a token needs, empty where any good token will do.
ENDPOINTS: dict[str, str] = {
    "api/ping": "",
    "api/integrated-account": "accounts:read",
    "api/integrated-account/<uuidstr:account_id>": "accounts:read",
    "api/integrated-account/<uuidstr:account_id>/consent-basis": "accounts:read",
    "api/integrated-account/<uuidstr:account_id>/credentials": "accounts:write",
    "api/integrated-account/me": "accounts:read",
    "api/integrated-account/refresh-credentials": "accounts:write",
    "api/api-token": "tokens:read",
    "api/integration/<integration>/capabilities": "accounts:read",
    "api/integrated-account/<uuidstr:account_id>/capabilities": "accounts:read",
    "api/integrated-account/<uuidstr:account_id>/tools": "accounts:read",
    "api/jobs": "jobs:read",
    "api/quota": "jobs:read",
    "api/jobs/<uuidstr:job_id>": "jobs:read",
    "api/webhook": "webhooks:read",
    "api/webhook/test": "webhooks:write",
    "api/webhook/<uuidstr:webhook_id>": "webhooks:read",
    "api/webhook/<uuidstr:webhook_id>/rotate-secret": "webhooks:write",
    "api/webhook/<uuidstr:webhook_id>/deliveries": "webhooks:read",
    "api/webhook/<uuidstr:webhook_id>/deliveries/replay": "webhooks:write",
    "api/webhook/<uuidstr:webhook_id>/deliveries/<uuidstr:delivery_id>/replay": "webhooks:write",
    "api/jobs/<uuidstr:job_id>/cancel": "jobs:write",
    "api/integrated-account/<uuidstr:account_id>/mirror": "jobs:write",
    "api/jobs/<uuidstr:job_id>/retry": "jobs:write",
    "api/jobs/<uuidstr:job_id>/rows": "jobs:read",
    "api/unified/<model>/<unified_resource>/meta/<method>": "accounts:read",
    "api/unified/meta/<model>/<integration>": "accounts:read",
    "api/unified/marketing-automation/contacts": "contacts:read",
    "api/unified/marketing-automation/contacts/bulk": "contacts:write",
    "api/unified/marketing-automation/contacts/upsert": "contacts:write",
    "api/unified/marketing-automation/contacts/<contact_id>": "contacts:read",
    "api/unified/marketing-automation/lists": "contacts:read",
    "api/unified/marketing-automation/lists/<list_id>": "contacts:read",
    "api/unified/marketing-automation/tags": "contacts:read",
    "api/unified/marketing-automation/tags/<tag_id>": "contacts:read",
    "api/unified/user-directory/users": "users:read",
    "api/unified/user-directory/users/<user_id>": "users:read",
    "api/unified/user-directory/roles": "users:read",
    "api/unified/user-directory/roles/<role_id>": "users:read",
    "api/custom/v3/<path:rest>": "proxy",
    "api/custom/<path:rest>": "proxy",
    "api/log": "logs:read",
    "api/proxy/<resource>": "proxy",
    "api/proxy/<resource>/<item>": "proxy",
    "v3/<path:rest>": "proxy",
}


@pytest.fixture(scope="module")
def people(two: Two) -> dict[str, Client]:
    """One person for each role, signed in just now."""
    found = {}
    for role in ROLES:
        user = User.objects.create_user(f"{role}-matrix@people.test", "correct horse 9 staple")
        with two.scope.transaction():
            Membership.objects.create(tenant_id=two.scope.tenant_id, user=user, role=role)
        found[role] = asked_again(quiet(two.world.client(user)))
    return found


def test_every_address_is_in_the_table() -> None:
    assert {route.pattern for route in routes("workspace")} == set(TABLE)
    assert {route.pattern for route in routes(*API, "api sent")} == set(ENDPOINTS)


def test_every_action_is_asked_for_somewhere() -> None:
    asked = {action for actions in TABLE.values() for action in actions if action}
    assert asked == set(roles.ACTIONS) == set(roles.SENTENCES)
    assert set(roles.ROLES) == set(ROLES)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_a_page_is_open_to_the_roles_of_its_action(
    two: Two, people: dict[str, Client], route: Route, method: str
) -> None:
    action, address = TABLE[route.pattern][method == "post"], route.address(two.ours)
    for role, client in people.items():
        with transaction.atomic():
            answer = getattr(client, method)(address, FORM if method == "post" else None)
            text = body(answer)
            transaction.set_rollback(True)
        if action is None:
            assert answer.status_code == 405, role
            assert answer["Allow"]
            assert method == "post" or "Nothing to see at this address" in text
        elif roles.may(role, action):
            assert answer.status_code in {200, 302, 303, 400, 404, 409, 422}, (role, text[-2_000:])
            assert "/accounts/reauthenticate/" not in answer.headers.get("Location", ""), role
            assert method == "post" or answer.status_code != 404, role
            assert not offered_in_vain(text, address, role), role
        else:
            assert answer.status_code == 403, role
            assert roles.who_may(action) in text, role


class Ways(HTMLParser):
    """What a page leads to: (address, whether it is sent there); a form that names no address goes to its own page."""

    def __init__(self, page: str, own: str) -> None:
        super().__init__()
        self.own, self.found = own, set[tuple[str, bool]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "a" and has.get("href"):
            self.found.add((str(has["href"]), False))
        elif tag == "form":
            self.found.add((has.get("action") or self.own, has.get("method") == "post"))
        elif has.get("formaction"):
            self.found.add((str(has["formaction"]), True))


def offered_in_vain(page: str, own: str, role: str) -> list[str]:
    """Links and forms of a page that lead to what the role may not do."""
    found = []
    for address, is_sent in Ways(page, own).found:
        try:
            pattern = resolve(urlsplit(address).path or own).route
        except Resolver404:
            continue
        action = TABLE.get(pattern, (None, None))[is_sent]
        if action and not roles.may(role, action):
            found.append(f"{'POST' if is_sent else 'GET'} {pattern}")
    return found


@pytest.fixture(scope="module")
def tokens(two: Two) -> dict[str, dict[str, str]]:
    """By scope, the headers of a program whose token has that one alone."""
    found = {}
    with two.scope.transaction():
        environment = Environment.objects.get(pk=two.scope.environment_id)
        for scope in (*keys.SCOPES, keys.EVERYTHING):
            _, token = keys.create(environment, f"matrix {scope}", scopes=[scope])
            found[scope] = {"Authorization": f"Bearer {token.reveal()}"}
    return found


@pytest.mark.parametrize("route", routes(*API), ids=lambda route: route.pattern)
def test_an_endpoint_is_open_to_the_tokens_with_its_scope(
    two: Two,
    people: dict[str, Client],
    tokens: dict[str, dict[str, str]],
    anonymous: Client,
    route: Route,
) -> None:
    address = route.address({**two.ours, "account_id": two.ours["connection_id"]})
    needed = ENDPOINTS[route.pattern]
    for scope, headers in tokens.items():
        if route.kind == "unified sent":
            answer = anonymous.post(
                address, BODIES[route.pattern], content_type="application/json", headers=headers
            )
        else:
            answer = anonymous.get(address, headers=headers)
        is_open = scope in {needed, keys.EVERYTHING} or not needed
        # Where a linked account must be named, none is here: 400 is said by who has let the token in.
        assert answer.status_code == ((200 if route.kind == "api" else 400) if is_open else 403), scope
    # A person's sign-in opens no endpoint, whatever the role.
    ways = ("post" if route.kind == "unified sent" else "get", address)
    assert {client.generic(*ways).status_code for client in people.values()} == {401}


@pytest.mark.parametrize("route", routes("api sent"), ids=lambda route: route.pattern)
def test_an_act_is_open_to_the_tokens_with_its_scope(
    two: Two, tokens: dict[str, dict[str, str]], anonymous: Client, route: Route
) -> None:
    nothing = {**dict.fromkeys(two.ours, uuid.uuid4()), "account_id": uuid.uuid4()}
    address, needed = route.address(nothing), ENDPOINTS[route.pattern]
    method = "PATCH" if route.pattern.endswith("/credentials") else "POST"
    for scope, headers in tokens.items():
        body = json.dumps({"id": str(uuid.uuid4())})
        answer = anonymous.generic(method, address, body, content_type="application/json", headers=headers)
        # What it would be done to is not there: 404 is said by who has let the token in.
        assert answer.status_code == (404 if scope in {needed, keys.EVERYTHING} else 403), scope
