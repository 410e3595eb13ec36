"""Every address is classified; the rightful get an answer, looking changes nothing, nonsense is no fault of ours."""

from typing import Any

import pytest
from django.test import Client

from tests.house.furnish import Two
from tests.house.routes import KINDS, OPERATORS, Route, patterns, routes
from tests.house.visits import HYPERTEXT, assert_nothing_of, body, fingerprint, leads_to_sign_in, quiet, send
from tests.long import LONG

# --- The table -----------------------------------------------------------------------------------------------


def test_every_address_has_a_kind() -> None:
    found = {one for one in patterns() if not one.startswith(OPERATORS)}
    assert found - set(KINDS) == set(), "classify these in tests/house/routes.py"
    assert set(KINDS) - found == set(), "these are gone"


def test_what_names_a_workspace_is_classified_so() -> None:
    for route in routes("public", "signed-in", "api", "api sent", "api own", "operator", "api root"):
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
    before = fingerprint(refusals_apart=True)
    for method in ("get", "head", "options"):
        assert send(owner, method, route.address(two.ours)).status_code < 500
    assert send(owner, "get", route.address(two.ours), headers=HYPERTEXT).status_code < 500
    assert fingerprint(refusals_apart=True) == before


# --- Operators, people, anybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "anonymous"])
def test_the_operators_site_is_closed_to_others(request: pytest.FixtureRequest, two: Two, who: str) -> None:
    client = request.getfixturevalue(who)
    ids = {**two.ours, "object_id": two.ours["connection_id"]}
    before = fingerprint(refusals_apart=True)
    for route in routes("operator"):
        for method in ("get", "post"):
            answer = send(client, method, route.address(ids))
            assert answer.status_code in {302, 403, 404, 405}, route.pattern
            assert_nothing_of("alpha-marker", answer)
            assert_nothing_of("omega-marker", answer)
    assert fingerprint(refusals_apart=True) == before


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


NONSENSE = ["\x00", "9" * 400, "\ud7ff\U0010ffff", "²", "-1", "'\"<script>", "%00", ""]


@pytest.mark.parametrize("value", NONSENSE if LONG else NONSENSE[:3])
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
        # With a good outcome the rest of the nonsense comes further.
        for outcome in (value, "rejected") if LONG or value == NONSENSE[0] else ("rejected",):
            data = {**dict.fromkeys(names, value), "outcome": outcome}
            answers[route.pattern, outcome] = owner.get(route.address(two.ours), data)
    token = {"Authorization": f"Bearer {two.world.token()}"}
    for route in routes("api"):
        address = route.address({**two.ours, "account_id": two.ours["connection_id"]})
        for name in ("tenant_id", "next_cursor", "kind", "state"):
            answers[route.pattern, name] = owner.get(address, {name: value}, headers=token)
    for answer in answers.values():
        body(answer)  # to its end: a fault may come late in a download
    assert not [where for where, answer in answers.items() if answer.status_code >= 500]
