"""The walk: one workspace's people and programs against every address of another's."""

import uuid
from itertools import product

import pytest
from django.test import Client

from tests.house.furnish import Two
from tests.house.routes import FOR_EVERY_ROLE, Route, routes
from tests.house.visits import (
    METHODS,
    WAYS,
    assert_nothing_of,
    body,
    fingerprint,
    leads_to_sign_in,
    seen_rows,
    send,
    without_chance,
)
from tests.long import LONG

# --- Strangers and nobody ------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_another_workspace_is_not_there(two: Two, stranger: Client, anonymous: Client, route: Route) -> None:
    before = fingerprint()
    for method, hypertext in WAYS:
        refused = send(stranger, method, route.address(two.ours), headers=hypertext)
        assert refused.status_code in {404, 405}, method
        assert_nothing_of("alpha-marker", refused)
        assert_nothing_of("Alpha Software", refused)
        nobody = send(anonymous, method, route.address(two.ours), headers=hypertext)
        assert leads_to_sign_in(nobody) or nobody.status_code == 405, method
        assert_nothing_of("alpha-marker", nobody)
    assert fingerprint() == before


@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_reading_and_sending_are_both_looked_at(
    two: Two, stranger: Client, anonymous: Client, route: Route
) -> None:
    """An address may refuse one of the two by method, never both: then nothing would have been shown above."""
    statuses = {send(stranger, method, route.address(two.ours)).status_code for method in ("get", "post")}
    assert 404 in statuses
    assert any(
        leads_to_sign_in(send(anonymous, method, route.address(two.ours))) for method in ("get", "post")
    )


@pytest.mark.parametrize(
    "route",
    [route for route in routes("workspace") if route.names_an_object],
    ids=lambda route: route.pattern,
)
def test_anothers_object_is_not_in_my_workspace(two: Two, stranger: Client, route: Route) -> None:
    """The stranger's own workspace with ids of the other's: each id alone, and all of them."""
    own = [name for name in route.parameters if name.endswith("_id") and name != "workspace_id"]
    before = fingerprint()
    for method, taken in product(METHODS, [own, *([name] for name in own)]):
        ids = {**two.theirs, **{name: two.ours[name] for name in taken}}
        refused = send(stranger, method, route.address(ids))
        assert refused.status_code in {404, 405}, (method, taken)
        assert_nothing_of("alpha-marker", refused)
    assert fingerprint() == before


@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_what_is_anothers_looks_like_what_is_not(two: Two, stranger: Client, route: Route) -> None:
    """The same answer to the last byte, so that nobody can find out which ids exist."""
    nothing = {name: uuid.uuid4() for name in two.ours}
    for method in ("get", "post"):
        foreign, made_up = (send(stranger, method, route.address(ids)) for ids in (two.ours, nothing))
        assert (foreign.status_code, without_chance(foreign)) == (
            made_up.status_code,
            without_chance(made_up),
        )


NAMES = ["workspace_id", "connection_id", "upload_id", "job_id", "app_id", "row"]


@pytest.mark.parametrize("turn", range(len(NAMES) if LONG else 2))
def test_an_id_in_the_query_is_looked_at_too(two: Two, stranger: Client, turn: int) -> None:
    """Each address with two of the ids in turn; with every one in the long form."""
    with two.scope.transaction():
        before = seen_rows()
    for number, route in enumerate(routes("workspace")):
        value = two.ours[NAMES[(number + turn) % len(NAMES)]]
        query = "&".join(f"{name}={value}" for name in ("reconnect", "attempt", "row", "next_cursor"))
        for method in ("get", "post"):
            answer = send(stranger, method, f"{route.address(two.theirs)}?{query}")
            assert answer.status_code < 500, (route.pattern, body(answer)[-2_000:])
            assert_nothing_of("alpha-marker", answer)
    with two.scope.transaction():
        assert seen_rows() == before


def test_an_environment_that_is_none_is_not_there(two: Two, owner: Client) -> None:
    for route in routes("workspace"):
        for environment in ("prod", "TEST", "test2"):
            address = route.address(two.ours).replace("/test/", f"/{environment}/", 1)
            assert {send(owner, method, address).status_code for method in ("get", "post")} <= {404, 405}


def test_the_live_environment_does_not_show_what_is_in_test(two: Two, owner: Client) -> None:
    for route in routes("workspace"):
        if route.of_the_workspace:
            continue
        address = route.address(two.ours).replace("/test/", "/live/", 1)
        answer = send(owner, "get", address)
        assert answer.status_code < 500
        assert_nothing_of("alpha-marker", answer)
        if route.names_an_object:
            assert answer.status_code in {404, 405}


def test_a_viewer_changes_nothing(two: Two, member: Client) -> None:
    before = fingerprint(refusals_apart=True)
    for route in routes("workspace"):
        answer = send(member, "post", route.address(two.ours))
        # A form that every role may use is not confirmed here, and so refused as such.
        refused = {422} if route.pattern in FOR_EVERY_ROLE else {403, 405}
        assert answer.status_code in refused, route.pattern
    assert fingerprint(refusals_apart=True) == before


# --- Programs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strangers_token(two: Two) -> str:
    """What a program of the stranger's has."""
    return f"Bearer {two.world.token(two.world.stranger)}"


@pytest.fixture(scope="module")
def owners_token(two: Two) -> str:
    """What a program of the owner's has."""
    return str(two.world.token())


@pytest.mark.parametrize("route", routes("api", "api sent"), ids=lambda route: route.pattern)
def test_a_program_sees_its_own_environment_only(
    two: Two, anonymous: Client, strangers_token: str, route: Route
) -> None:
    ids = {**two.ours, "account_id": two.ours["connection_id"]}
    before = fingerprint()
    for method in METHODS:
        answer = send(anonymous, method, route.address(ids), headers={"Authorization": strangers_token})
        # 400: a body is looked at before the object is.
        refused = {404, 405} | ({400} if method in {"post", "put", "patch"} else set())
        expected = refused if route.names_an_object else {200, 405} | refused - {404}
        assert answer.status_code in expected, method
        assert_nothing_of("alpha-marker", answer)
        assert_nothing_of("Alpha Software", answer)
    assert fingerprint() == before


@pytest.mark.parametrize(
    "route", routes("unified sent", "api unified", "api 1-to-1"), ids=lambda route: route.pattern
)
def test_a_program_reaches_nobody_elses_linked_account(
    two: Two, anonymous: Client, strangers_token: str, route: Route
) -> None:
    headers = {
        "Authorization": strangers_token,
        "X-Integrated-Account-Id": str(two.ours["connection_id"]),
    }
    before = fingerprint()
    for method in METHODS:
        answer = send(anonymous, method, route.address(two.ours), headers=headers)
        # 400: a body is looked at before the account is.
        refused = {404, 405} | ({400} if method in {"post", "patch"} else set())
        assert answer.status_code in refused, method
        assert_nothing_of("alpha-marker", answer)
    assert fingerprint() == before


@pytest.mark.parametrize(
    "route",
    routes("api", "api sent", "api own", "api unified", "unified sent", "api 1-to-1"),
    ids=lambda route: route.pattern,
)
def test_a_program_without_a_good_token_gets_401(
    two: Two, owner: Client, owners_token: str, route: Route
) -> None:
    ids = {**two.ours, "account_id": two.ours["connection_id"]}
    spoilt = [
        None,
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {owners_token[:-1]}",
        f"Bearer {owners_token}x",
        f"Basic {owners_token}",
        "Bearer pb_test_\x00",
    ]
    before = fingerprint()
    for method, value in product(METHODS, spoilt):  # a signed-in browser's cookie is no token either
        answer = send(
            owner, method, route.address(ids), headers={} if value is None else {"Authorization": value}
        )
        assert answer.status_code in {401, 405}, (method, value)
        assert_nothing_of("alpha-marker", answer)
    assert fingerprint() == before


def test_a_page_takes_no_token(two: Two, anonymous: Client, owners_token: str) -> None:
    token = {"Authorization": f"Bearer {owners_token}"}
    for route in routes("workspace"):
        answer = send(anonymous, "get", route.address(two.ours), headers=token)
        assert leads_to_sign_in(answer) or answer.status_code == 405
