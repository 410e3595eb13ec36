"""Every address is classified, and the walk: one workspace's people and programs against another's rows."""

import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from tests.house.furnish import Two, tenant_models
from tests.house.routes import KINDS, OPERATORS, Route, patterns, routes

pytestmark = pytest.mark.xdist_group("two")
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
# What a form of ours could carry; the stranger sends it to the other's addresses.
FORM = {
    "customer_ref": "stolen",
    "name": "stolen",
    "encoding": "auto",
    "outcome": "rejected",
    "choice": "ignored",
    "permission": "on",
    "confirm": "on",
    "everyone": "new",
}
# Written by nobody's intent: sign-ins, and the minute a token was last used.
FINGERPRINT = """
    SELECT string_agg(md5(lines), '' ORDER BY lines) FROM (
        SELECT (to_jsonb(one) - 'last_used_at' - 'last_login')::text AS lines FROM "{}" one) found
"""


@pytest.fixture(scope="module")
def stranger(two: Two) -> Client:
    """Signed in, owner of a workspace of their own."""
    return quiet(two.world.client(two.world.stranger))


@pytest.fixture(scope="module")
def owner(two: Two) -> Client:
    """Signed in, and at home."""
    client = quiet(two.world.client(two.world.owner))
    client.get("/accounts/email/")  # allauth notes a person's own address at their first visit
    return client


@pytest.fixture(scope="module")
def member(two: Two) -> Client:
    """Signed in, and at home as a viewer."""
    return quiet(two.world.client(two.world.member))


@pytest.fixture
def anonymous() -> Client:
    """Nobody."""
    return quiet(Client(HTTP_HOST=settings.ALLOWED_HOSTS[0]))


def quiet(client: Client) -> Client:
    """A fault is an answer to look at, not an exception."""
    client.raise_request_exception = False
    return client


def send(client: Client, method: str, address: str, **more: Any) -> Any:
    """One request, with a form where the method takes one."""
    data = FORM if method == "post" else None
    return getattr(client, method)(address, data, **more)


def body(response: Any) -> str:
    """What came back, whole, headers included."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{dict(response.headers)}\n{content.decode(errors='replace')}"


def without_chance(response: Any) -> str:
    """What came back, without the request's own number and the form tokens."""
    text = body(response).replace(response.headers.get("X-Request-Id", "-"), "")
    return re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="\w+"', "", text)


def fingerprint() -> dict[str, Any]:
    """Every row of every table, sessions apart, as the operators see them."""
    with connections["operator"].cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN "
            "('django_session', 'django_migrations')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT " + ", ".join(f"({FINGERPRINT.format(table)})" for table in tables))
        return dict(zip(tables, cursor.fetchone(), strict=True))


def seen_rows() -> list[Any]:
    """Every row of the context that is open."""
    found = []
    for table in sorted(model._meta.db_table for model in tenant_models()):
        with connections["default"].cursor() as cursor:
            cursor.execute(FINGERPRINT.format(table))
            found.append((table, cursor.fetchone()))
    return found


def leads_to_sign_in(response: Any) -> bool:
    """A redirect to the sign-in page."""
    return response.status_code == 302 and response.headers["Location"].startswith(
        ("/accounts/login/", "/admin/login/")
    )


def assert_nothing_of(marker: str, response: Any) -> None:
    """No text of the other's rows came back."""
    assert marker not in body(response)


# --- The table -----------------------------------------------------------------------------------------------


def test_every_address_has_a_kind() -> None:
    found = {one for one in patterns() if not one.startswith(OPERATORS)}
    assert found - set(KINDS) == set(), "classify these in tests/house/routes.py"
    assert set(KINDS) - found == set(), "these are gone"


def test_what_names_a_workspace_is_classified_so() -> None:
    for route in routes("public", "signed-in", "api", "operator", "api root"):
        assert "workspace_id" not in route.parameters


@pytest.mark.parametrize("route", routes("workspace", "api"), ids=lambda route: route.pattern)
def test_the_rightful_get_an_answer(two: Two, owner: Client, route: Route) -> None:
    """Without this, a 404 for the others would prove nothing."""
    answers = [ask_rightful(two, owner, route, method) for method in ("get", "post")]
    served = [answer for answer in answers if answer.status_code not in {404, 405}]
    assert served, [answer.status_code for answer in answers]
    assert not [answer for answer in answers if answer.status_code >= 500], [
        body(answer)[-2_000:] for answer in answers
    ]


def ask_rightful(two: Two, owner: Client, route: Route, method: str) -> Any:
    ids = {**two.ours, "account_id": two.ours["connection_id"]}
    token = {"Authorization": f"Bearer {two.world.token()}"} if route.kind == "api" else None
    # The last form of a walk is not sent: it would begin a job or stop one, and the others look at the same rows.
    client = owner if method == "get" or route.kind == "api" else quiet(two.world.client(two.world.member))
    return send(client, method, route.address(ids), headers=token)


def test_a_page_shows_what_is_its_own(two: Two, owner: Client) -> None:
    for route in routes("workspace"):
        if route.pattern.endswith(
            ("accounts/", "<uuid:connection_id>/", "columns/", "<uuid:job_id>/", "rows/", "rows.csv")
        ):
            assert "alpha-marker" in body(send(owner, "get", route.address(two.ours))), route.pattern


# --- Reading changes nothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("route", routes("workspace", "signed-in", "public"), ids=lambda route: route.pattern)
def test_looking_changes_nothing(two: Two, owner: Client, route: Route) -> None:
    before = fingerprint()
    for method in ("get", "head", "options"):
        assert send(owner, method, route.address(two.ours)).status_code < 500
        assert send(owner, method, route.address(two.ours), headers={"HX-Request": "true"}).status_code < 500
    assert fingerprint() == before


# --- Strangers and nobody ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", routes("workspace"), ids=lambda route: route.pattern)
def test_another_workspace_is_not_there(
    two: Two, stranger: Client, anonymous: Client, route: Route, method: str
) -> None:
    before = fingerprint()
    for hypertext in ({}, {"HX-Request": "true"}):
        refused = send(stranger, method, route.address(two.ours), headers=hypertext)
        assert refused.status_code in {404, 405}
        assert_nothing_of("alpha-marker", refused)
        assert_nothing_of("Alpha Software", refused)
        nobody = send(anonymous, method, route.address(two.ours), headers=hypertext)
        assert leads_to_sign_in(nobody) or nobody.status_code == 405
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


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "route",
    [route for route in routes("workspace") if route.names_an_object],
    ids=lambda route: route.pattern,
)
def test_anothers_object_is_not_in_my_workspace(
    two: Two, stranger: Client, route: Route, method: str
) -> None:
    """The stranger's own workspace with ids of the other's: each id alone, and all of them."""
    own = [name for name in route.parameters if name.endswith("_id") and name != "workspace_id"]
    before = fingerprint()
    for taken in [own, *([name] for name in own)]:
        ids = {**two.theirs, **{name: two.ours[name] for name in taken}}
        refused = send(stranger, method, route.address(ids))
        assert refused.status_code in {404, 405}, taken
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


@pytest.mark.parametrize("name", ["workspace_id", "connection_id", "upload_id", "job_id", "app_id", "row"])
def test_an_id_in_the_query_is_looked_at_too(two: Two, stranger: Client, name: str) -> None:
    query = "&".join(
        f"{parameter}={two.ours[name]}" for parameter in ("reconnect", "attempt", "row", "next_cursor")
    )
    with two.scope.transaction():
        before = seen_rows()
    for route in routes("workspace"):
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
        address = route.address(two.ours).replace("/test/", "/live/", 1)
        answer = send(owner, "get", address)
        assert answer.status_code < 500
        assert_nothing_of("alpha-marker", answer)
        if route.names_an_object:
            assert answer.status_code in {404, 405}


def test_a_viewer_changes_nothing(two: Two, member: Client) -> None:
    before = fingerprint()
    for route in routes("workspace"):
        answer = send(member, "post", route.address(two.ours))
        assert answer.status_code in {403, 405}, route.pattern
    assert fingerprint() == before


# --- Programs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", routes("api"), ids=lambda route: route.pattern)
def test_a_program_sees_its_own_environment_only(
    two: Two, anonymous: Client, route: Route, method: str
) -> None:
    ids = {**two.ours, "account_id": two.ours["connection_id"]}
    token = {"Authorization": f"Bearer {two.world.token(two.world.stranger)}"}
    before = fingerprint()
    answer = send(anonymous, method, route.address(ids), headers=token)
    assert answer.status_code in ({404, 405} if route.names_an_object else {200, 405})
    assert_nothing_of("alpha-marker", answer)
    assert_nothing_of("Alpha Software", answer)
    assert fingerprint() == before


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", routes("api"), ids=lambda route: route.pattern)
def test_a_program_without_a_good_token_gets_401(two: Two, owner: Client, route: Route, method: str) -> None:
    ids = {**two.ours, "account_id": two.ours["connection_id"]}
    good = two.world.token()
    spoilt = [
        None,
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {good[:-1]}",
        f"Bearer {good}x",
        f"Basic {good}",
        "Bearer pb_test_\x00",
    ]
    before = fingerprint()
    for value in spoilt:  # a signed-in browser's cookie is no token either
        answer = send(
            owner, method, route.address(ids), headers={} if value is None else {"Authorization": value}
        )
        assert answer.status_code in {401, 405}, value
        assert_nothing_of("alpha-marker", answer)
    assert fingerprint() == before


def test_a_page_takes_no_token(two: Two, anonymous: Client) -> None:
    token = {"Authorization": f"Bearer {two.world.token()}"}
    for route in routes("workspace"):
        answer = send(anonymous, "get", route.address(two.ours), headers=token)
        assert leads_to_sign_in(answer) or answer.status_code == 405


# --- Operators, people, anybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "anonymous"])
def test_the_operators_site_is_closed_to_others(request: pytest.FixtureRequest, two: Two, who: str) -> None:
    client = request.getfixturevalue(who)
    ids = {**two.ours, "object_id": two.ours["connection_id"]}
    before = fingerprint()
    for route in routes("operator"):
        for method in ("get", "post"):
            answer = send(client, method, route.address(ids))
            assert answer.status_code in {302, 403, 404, 405}, route.pattern
            assert_nothing_of("alpha-marker", answer)
            assert_nothing_of("omega-marker", answer)
    assert fingerprint() == before


def test_nobody_is_led_to_sign_in(anonymous: Client) -> None:
    for route in routes("signed-in"):
        assert leads_to_sign_in(send(anonymous, "get", route.address({}))), route.pattern


@pytest.mark.parametrize("who", ["stranger", "anonymous"])
def test_what_is_open_shows_nothing_of_a_workspace(
    request: pytest.FixtureRequest, two: Two, who: str
) -> None:
    client = request.getfixturevalue(who)
    for route in routes("public", "signed-in", "api root"):
        if route.pattern == "accounts/logout/":
            continue  # it would end the session that the others use
        answer = send(client, "get", route.address(two.ours))
        assert answer.status_code < 500, route.pattern
        assert_nothing_of("alpha-marker", answer)
        assert_nothing_of("Alpha Software", answer)


# --- Nonsense ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["\x00", "²", "9" * 400, "-1", "'\"<script>", "\ud7ff\U0010ffff", "%00", ""]
)
def test_nonsense_is_no_fault_of_ours(two: Two, owner: Client, value: str) -> None:
    names = (
        "after",
        "reason",
        "row",
        "sample",
        "reconnect",
        "attempt",
        "state",
        "code",
        "error",
        "next",
        "connected",
    )
    answers = {}
    for route in routes("workspace", "public", "signed-in"):
        for outcome in (value, "rejected"):
            data = {**dict.fromkeys(names, value), "outcome": outcome}
            answers[route.pattern, outcome] = owner.get(route.address(two.ours), data)
    token = {"Authorization": f"Bearer {two.world.token()}"}
    for route in routes("api"):
        address = route.address({**two.ours, "account_id": two.ours["connection_id"]})
        for name in ("tenant_id", "next_cursor", "kind", "state"):
            answers[route.pattern, name] = owner.get(address, {name: value}, headers=token)
    assert not [where for where, answer in answers.items() if answer.status_code >= 500]
