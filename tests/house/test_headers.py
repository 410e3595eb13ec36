"""Every answer carries the headers that keep a browser from doing what nobody meant, errors and files included."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from connections.models import User
from tests.house.furnish import Two
from tests.house.routes import Route, routes
from tests.house.visits import quiet, send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
POLICY = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'")


def lacking(answer: Any, *, is_file: bool = False) -> list[str]:
    """What is missing or other than it must be."""
    found = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    found += [part for part in POLICY if part not in policy]
    found += [word for word in ("unsafe-inline", "unsafe-eval", " *", "http:") if word in policy]
    if answer.headers.get("Cross-Origin-Opener-Policy") not in {"same-origin", "unsafe-none"}:
        found.append("Cross-Origin-Opener-Policy")
    if not is_file and "no-store" not in answer.headers.get("Cache-Control", ""):
        found.append("Cache-Control")
    if "X-Request-Id" not in answer.headers:
        found.append("X-Request-Id")
    return found


@pytest.fixture(scope="module")
def operator(two: Two) -> Client:
    """Who runs the deployment."""
    person = User.objects.create_user("headers-operator@people.test", is_staff=True, is_superuser=True)
    return quiet(two.world.client(person))


# The same for everybody, and kept for a while.
FILES = {"api/openapi.json"}
KINDS = ("workspace", "signed-in", "public", "api root", "operator")
PROGRAMS = ("api", "api sent", "api own", "api unified", "unified sent", "api 1-to-1")


@pytest.mark.parametrize("route", routes(*KINDS, *PROGRAMS), ids=lambda route: route.pattern)
def test_every_answer_carries_them(
    two: Two, owner: Client, stranger: Client, anonymous: Client, operator: Client, route: Route
) -> None:
    ids = {**two.ours, "account_id": two.ours["connection_id"], "object_id": two.ours["connection_id"]}
    token = {"Authorization": f"Bearer {two.world.token()}"} if route.kind in PROGRAMS else {}
    visits: list[tuple[Client, dict[str, str]]] = [(anonymous, {}), (stranger, {})]
    visits.append((operator if route.kind == "operator" else owner, token))
    missing = {}
    for number, (client, headers) in enumerate(visits):
        for method in ("get", "post", "delete", "head", "options"):
            if (client is not anonymous) and method == "post" and route.pattern == "accounts/logout/":
                continue
            answer = send(client, method, route.address(ids), headers=headers)
            if found := lacking(answer, is_file=route.pattern in FILES):
                missing[number, method, answer.status_code] = found
    assert not missing


def test_refusals_before_any_view_carry_them_too() -> None:
    client = quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]))
    answers = {
        "another host": client.get("/", headers={"Host": "evil.example"}),
        "another host of a program": client.get("/api/ping", headers={"Host": "evil.example"}),
        "no host": client.get("/", headers={"Host": "a b"}),
        "our other name": client.get("/", headers={"Host": "localhost"}),
        "a NUL": client.get("/docs/?x=%00"),
        "a NUL of a program": client.get("/api/ping?x=%00"),
        "nothing there": client.get("/nothing/there"),
        "no slash": client.get("/docs"),
        "a form from elsewhere": Client(enforce_csrf_checks=True, HTTP_HOST=settings.ALLOWED_HOSTS[0]).post(
            "/accounts/login/", {"login": "x"}
        ),
    }
    missing = {
        name: (answer.status_code, found) for name, answer in answers.items() if (found := lacking(answer))
    }
    assert not missing


def test_files_carry_them_too() -> None:
    client = quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]))
    missing = {}
    for path in (
        "/static/css/patchbay.css",
        "/static/img/mark.svg",
        "/static/nothing.css",
        "/static/../README.md",
    ):
        answer = client.get(path)
        if found := lacking(answer, is_file=True):
            missing[path, answer.status_code] = found
    assert not missing
