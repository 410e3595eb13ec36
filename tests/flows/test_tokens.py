"""API tokens over HTTP: made, shown once, limited by scopes and by environment, rotated, revoked, expired."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config.api import api
from connections.models import ApiKey, Environment, Membership
from connections.programs import keys
from tests.flows.test_team import acts, asked_again, at, nobody, words
from tests.house.routes import routes

TOKEN = r"pb_(?:test|live)_[a-z0-9]{12}_[\w-]{43}"


def create(client, scope, **changes):
    data = {"name": "Billing", "kind": "restricted", "scopes": ["jobs:read"], "expiry": "90", **changes}
    return client.post(at("token-new", scope), data)


def shown(client, answer):
    """The token on the page after the form, as somebody would copy it."""
    page = client.get(answer["Location"]).content.decode()
    return re.search(TOKEN, page)[0]


def call(token, path="/api/ping"):
    return nobody().get(path, headers={"Authorization": f"Bearer {token}"})


def only_key(scope):
    with scope.transaction():
        return ApiKey.objects.get()


def make(scope, *scopes, **more):
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        return keys.create(environment, "made", scopes=scopes or [keys.EVERYTHING], **more)[1].reveal()


def test_the_pages_say_that_a_token_does_what_its_scopes_name(world):
    scope = world.scope()
    with scope.transaction():
        Membership.objects.filter(user=world.member).update(role="developer")
    client = asked_again(world.client(world.member))
    promise = "does whatever its scopes name, whoever made it"
    assert promise in words(client.get(at("token-new", scope)))
    assert promise in words(client.get(at("roles", scope)))
    assert "does whatever its scopes name" in words(client.get("/docs/roles/"))
    assert client.get(at("consent-basis", scope, world.connection().pk)).status_code == 200
    token = shown(client, create(client, scope, scopes=["consent:write", "partner"]))
    assert call(token).json()["result"]["scopes"] == ["consent:write", "partner"]


# --- Made, and shown once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["test", "live"])
def test_a_token_is_shown_once_and_works(world, kind):
    scope, client = world.scope(kind=kind), asked_again(world.client(world.owner))
    assert "No token yet" in words(client.get(at("developers", scope)))
    answer = create(client, scope)
    page = client.get(answer["Location"]).content.decode()
    token = re.search(TOKEN, page)[0]
    assert token.startswith(f"pb_{kind}_")
    assert "curl" in page
    again = client.get(answer["Location"]).content.decode()
    assert token not in again
    key = only_key(scope)
    assert f"{key.prefix}…{token[-4:]}" in again
    found = call(token).json()["result"]
    assert found == {
        "workspace": "Alpha Software",
        "environment": kind,
        "is_sandbox": kind == "test",
        "scopes": ["jobs:read"],
    }
    listed = words(client.get(at("developers", scope)))
    assert "Billing" in listed
    assert "See jobs, their counts and their rows" in listed
    assert token not in listed
    assert acts(scope)[-1] == "token_created"
    assert (key.created_by, key.scopes) == (world.owner, ["jobs:read"])
    assert timedelta(days=89) < key.expires_at - datetime.now(UTC) < timedelta(days=91)


def test_the_text_of_a_token_is_kept_nowhere(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    answer = create(client, scope)
    assert not re.search(TOKEN, json.dumps(dict(client.session)))
    secret = shown(client, answer).split("_", 3)[3]  # it may hold that sign itself
    with scope.transaction():
        row = ApiKey.objects.values().get()
    assert secret not in str(row)
    assert not re.search(TOKEN, json.dumps(dict(client.session)))


def test_creating_asks_again_who_one_is(world):
    world.owner.set_password("correct horse 9 staple")
    world.owner.save()
    scope, client = world.scope(), world.client(world.owner)
    answer = create(client, scope)
    assert (answer.status_code, "/developers/" in answer["Location"]) == (302, False)
    with scope.transaction():
        assert not ApiKey.objects.exists()
    assert create(asked_again(client), scope)["Location"].startswith(at("developers", scope))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give the token a name."),
        ({"name": "x" * 10_240}, "Use at most 80 signs; this has 10240."),
        ({"name": "---"}, "at least one letter or digit"),
        ({"scopes": []}, "Tick at least one, or choose everything."),
        ({"scopes": ["everything"]}, "is no scope of a token"),
        ({"kind": "root"}, "Select a valid choice"),
        ({"expiry": "99999"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said(world, changes, said):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    answer = create(client, scope, **changes)
    assert (answer.status_code, said in words(answer)) == (422, True), words(answer)


def test_restricted_is_the_choice_before_any_other(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    page = client.get(at("token-new", scope)).content.decode()
    assert re.search(r'value="restricted"[^>]*checked', page)


def test_who_may_not_is_told_who_may(world):
    scope, client = world.scope(), asked_again(world.client(world.member))
    assert create(client, scope).status_code == 403
    assert "ask an owner, admin or developer" in words(client.get(at("developers", scope)))


# --- Scopes and environments ----------------------------------------------------------------------------------------


def endpoints():
    """Every operation of the API as (path, view function)."""
    return [
        (path, operation.view_func)
        for router in api._get_bound_routers()  # with those that are added to others
        for path, view in router.path_operations.items()
        for operation in view.operations
    ]


def test_every_endpoint_says_what_it_needs():
    found = endpoints()
    assert len(found) > 4
    silent = [path for path, function in found if not hasattr(function, "needed_scopes")]
    assert not silent, f"declare with connections.api.contract.needs what a token needs for {silent}"
    used = {scope for _, function in found for scope in function.needed_scopes}
    # The scope of partner operations depends on what is called: `partnering.require` asks for it.
    assert used | {"partner"} == set(keys.SCOPES), "a scope that opens nothing, or the other way round"


@pytest.mark.parametrize(
    ("path", "needed"), [("/api/integrated-account", "accounts:read"), ("/api/jobs", "jobs:read")]
)
def test_a_token_does_what_its_scopes_name(world, path, needed):
    scope = world.scope()
    assert call(make(scope, needed), path).status_code == 200
    assert call(make(scope, keys.EVERYTHING), path).status_code == 200
    for other in set(keys.SCOPES) - {needed}:
        refused = call(make(scope, other), path)
        assert refused.status_code == 403
        assert needed in refused.json()["message"]
        assert refused.json()["details"]["missing_scopes"] == [needed]


def test_without_a_scope_nothing_is_made(world):
    for scopes in ([], ["accounts:destroy"], ["everything", "x"]):
        with pytest.raises(ValueError, match="no scopes"):
            make_with(world.scope(), scopes)


def make_with(scope, scopes):
    with scope.transaction():
        keys.create(Environment.objects.get(pk=scope.environment_id), "bad", scopes=scopes)


def test_a_test_token_never_opens_live_nor_the_other_way_round(world):
    """Over every endpoint: one environment's rows, and its objects by id, with the other's token."""
    scope, live = world.scope(), world.scope(kind="live")
    connection = world.connection(name="Marker Bakery")
    token, live_token = make(scope), make(live)
    for route in routes("api"):
        path = route.address(dict.fromkeys(("account_id", "job_id", "webhook_id"), connection.pk))
        answer = call(live_token, path)
        assert "Marker Bakery" not in answer.content.decode()
        assert answer.status_code == (404 if route.names_an_object else 200), path
    assert "Marker Bakery" in call(token, "/api/integrated-account").content.decode()
    for path in ("/api/ping", "/api/integrated-account", "/api/jobs"):
        for answer, is_test in ((call(token, path), True), (call(live_token, path), False)):
            found = answer.json()["result"]
            for one in found if isinstance(found, list) else [found]:
                assert one["is_sandbox"] is is_test


def test_a_token_of_the_other_environment_is_not_on_the_page(world):
    scope, live, client = world.scope(), world.scope(kind="live"), asked_again(world.client(world.owner))
    make(scope)
    key = only_key(scope)
    for name in ("token", "token-revoke", "token-rotate"):
        assert client.get(at(name, live, key.pk)).status_code == 404
    assert "No token yet" in words(client.get(at("developers", live)))
    assert "Live has no Constant Contact application yet" in words(client.get(at("developers", live)))


# --- Last use, rotation, revocation, expiry ---------------------------------------------------------------------------


def test_the_last_use_is_noted(world):
    scope, client = world.scope(), world.client(world.owner)
    token = make(scope)
    key = only_key(scope)
    assert "Never" in words(client.get(at("token", scope, key.pk)))
    assert call(token, "/api/jobs").status_code == 200
    key = only_key(scope)
    assert (key.last_used_from, key.last_used_for) == ("127.0.0.1", "GET /api/jobs")
    page = words(client.get(at("token-revoke", scope, key.pk)))
    assert "GET /api/jobs" in page
    assert "127.0.0.1" in page


def test_a_revoked_token_is_refused_at_once(world):
    scope, client = world.scope(), world.client(world.owner)
    token = make(scope)
    key = only_key(scope)
    assert "It was never used" in words(client.get(at("token-revoke", scope, key.pk)))
    assert call(token).status_code == 200
    assert client.post(at("token-revoke", scope, key.pk)).status_code == 302
    assert call(token).status_code == 401
    assert "Revoked" in words(client.get(at("token", scope, key.pk)))
    assert acts(scope)[-1] == "token_revoked"
    client.post(at("token-revoke", scope, key.pk))
    assert acts(scope).count("token_revoked") == 1


def test_rotation_overlaps(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    old = shown(client, create(client, scope, expiry=""))
    key = only_key(scope)
    new = shown(client, client.post(at("token-rotate", scope, key.pk), {"overlap": "7"}))
    assert {call(old).status_code, call(new).status_code} == {200}
    assert call(new).json()["result"]["scopes"] == ["jobs:read"]
    with scope.transaction():
        ends = ApiKey.objects.get(pk=key.pk).expires_at
        ApiKey.objects.filter(pk=key.pk).update(expires_at=datetime.now(UTC))
    assert timedelta(days=6) < ends - datetime.now(UTC) < timedelta(days=8)
    assert (call(old).status_code, call(new).status_code) == (401, 200)
    answer = client.post(at("token-rotate", scope, key.pk), {"overlap": "7"}, follow=True)
    assert "nothing to rotate" in words(answer)


def test_rotating_at_once_ends_the_old_one(world):
    scope, client = world.scope(), asked_again(world.client(world.owner))
    old = shown(client, create(client, scope))
    new = shown(client, client.post(at("token-rotate", scope, only_key(scope).pk), {"overlap": "0"}))
    assert (call(old).status_code, call(new).status_code) == (401, 200)


def test_an_expired_token_is_refused(world):
    scope = world.scope()
    token = make(scope, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert call(token).status_code == 401
    page = words(world.client(world.owner).get(at("token", scope, only_key(scope).pk)))
    assert "Expired" in page


def test_there_is_a_most_of_tokens(world, monkeypatch):
    from connections.views import developers

    monkeypatch.setattr(developers, "MOST_TOKENS", 1)
    scope, client = world.scope(), asked_again(world.client(world.owner))
    make(scope)
    assert "has 1 tokens, the most" in words(create(client, scope))


def test_the_api_says_who_is_asking_for_nothing_else(world):
    """A browser's cookie is no token."""
    assert isinstance(world.client(world.owner), Client)
    assert world.client(world.owner).get(reverse("api:ping")).status_code == 401
