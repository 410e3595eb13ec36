"""What another site can make a browser send: no address takes it; and looking changes nothing for whoever may look."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from connections.models import User
from tests.flows.test_team import asked_again
from tests.house.furnish import Two
from tests.house.routes import Route, routes
from tests.house.visits import FORM, fingerprint, quiet, send

OTHER_SITE = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}
# A form of a sandboxed frame, and one of a browser that tells nothing.
WITHOUT = ({"Origin": "null"}, {})
PROGRAMS = ("api", "api sent", "api own", "api unified", "unified sent", "api 1-to-1")


@pytest.fixture(scope="module")
def operator(two: Two) -> Client:
    """Who runs the deployment."""
    person = User.objects.create_user("forgery@people.test", is_staff=True, is_superuser=True)
    return strict(two, person)


def strict(two: Two, person: Any) -> Client:
    """A browser that is signed in, and judged as a real one is."""
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0], enforce_csrf_checks=True)
    client.force_login(person)
    return asked_again(quiet(client))


def seen(route: Route, two: Two) -> str:
    ids = {"object_id": two.ours["connection_id"], "account_id": two.ours["connection_id"]}
    return route.address({**two.ours, **ids})


@pytest.mark.parametrize("kind", ["workspace", "signed-in", "public", "operator"])
def test_no_form_of_another_site_is_taken(two: Two, operator: Client, kind: str) -> None:
    client = operator if kind == "operator" else strict(two, two.world.owner)
    before, taken = fingerprint(refusals_apart=True), {}
    for route in routes(kind):
        for method in ("post", "put", "patch", "delete"):
            for headers in (OTHER_SITE, *WITHOUT):
                data = FORM if method == "post" else None
                answer = getattr(client, method)(seen(route, two), data, headers=headers)
                # A form without a token is shown again, for a button to send it; one of another site is not.
                is_kept = answer.status_code == 302 and "/me/kept/" in answer["Location"] and headers == {}
                if answer.status_code not in {403, 404, 405} and not is_kept:
                    taken[route.pattern, method, str(headers)] = answer.status_code
    assert not taken
    assert "_auth_user_id" in client.session, "nor does it sign anybody out"
    assert fingerprint(refusals_apart=True) == before


def test_an_operator_s_look_changes_nothing(two: Two, operator: Client) -> None:
    before = fingerprint(refusals_apart=True)
    for route in routes("operator"):
        if route.pattern == "admin/logout/":
            continue
        for method in ("get", "head", "options"):
            assert send(operator, method, seen(route, two)).status_code < 500, (route.pattern, method)
    assert fingerprint(refusals_apart=True) == before


def test_a_program_s_look_changes_nothing(two: Two, anonymous: Client) -> None:
    token = {"Authorization": f"Bearer {two.world.token()}"}
    before = fingerprint(refusals_apart=True)
    for route in routes(*PROGRAMS):
        for method in ("get", "head", "options"):
            answer = send(anonymous, method, seen(route, two), headers=token)
            assert answer.status_code < 500, (route.pattern, method)
    assert fingerprint(refusals_apart=True) == before
