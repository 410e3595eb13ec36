"""The call limits in their three shapes, with a clock that the test holds."""

import pytest

from tests.simulator.rig import HARBOR, Caller, Rig

THROTTLED = {"error_key": "throttled", "error_message": "Too Many Requests"}
EXCEEDED = {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}


@pytest.fixture
def rig() -> Rig:
    return Rig(unlimited=False)


def statuses(caller: Caller, *waits_ms: int) -> list[int]:
    found = []
    for wait in waits_ms:
        caller.rig.time += wait
        found.append(caller.call("GET", "/account/user/privileges").status_code)
    return found


SLIDING = [
    # Each number is the wait in milliseconds before the call.
    ((0, 0, 0, 0, 0), [200] * 4 + [429]),
    ((0, 0, 0, 0, 999, 1), [200] * 4 + [429, 200]),
    ((0, 300, 300, 300, 99, 1), [200] * 4 + [429, 200]),
    ((0, 250, 250, 250, 250, 250, 250, 250), [200] * 8),
]
FIXED = [
    ((0, 0, 0, 0, 0), [200] * 4 + [429]),
    # Four at the end of one second and four at the start of the next: twice the rate, and allowed.
    ((900, 0, 0, 0, 100, 0, 0, 0, 0), [200] * 8 + [429]),
    ((0, 0, 0, 0, 999, 1), [200] * 4 + [429, 200]),
]
BUCKET = [
    ((0, 0, 0, 0, 0), [200] * 4 + [429]),
    ((0, 0, 0, 0, 249, 1, 0), [200] * 4 + [429, 200, 429]),
    ((0, 250, 250, 250, 250, 250), [200] * 6),
]
BUCKET_OF_ONE = [
    ((0, 0, 250, 249, 1), [200, 429, 200, 429, 200]),
    ((0, 260, 260, 260, 260, 260), [200] * 6),
]
TABLE = [
    *(("sliding", 4, *row) for row in SLIDING),
    *(("fixed", 4, *row) for row in FIXED),
    *(("bucket", 4, *row) for row in BUCKET),
    *(("bucket", 1, *row) for row in BUCKET_OF_ONE),
]


@pytest.mark.parametrize(("mode", "capacity", "waits", "expected"), TABLE)
def test_per_second(rig: Rig, mode: str, capacity: int, waits: tuple[int, ...], expected: list[int]) -> None:
    rig.switch(limiter=mode, bucket_capacity=capacity)
    assert statuses(rig.sign_in(), *waits) == expected


def test_the_key_counts_and_not_the_account(rig: Rig) -> None:
    one, two = rig.sign_in(), rig.sign_in(HARBOR)
    assert statuses(one, 0, 0) + statuses(two, 0, 0, 0) == [200, 200, 200, 200, 429]
    app = rig.control("POST", "/apps", {})
    assert statuses(rig.sign_in(client_id=app["client_id"]), 0) == [200]


def test_bodies_are_single_objects_without_hints(rig: Rig) -> None:
    caller = rig.sign_in()
    statuses(caller, 0, 0, 0, 0)
    answer = caller.call("GET", "/contact_lists")
    assert answer.json() == THROTTLED
    assert not [name for name in answer.headers if "retry" in name.lower() or "rate" in name.lower()]
    rig.wait(2)
    rig.control("POST", "/quota", {"used_today": 10_000})
    assert caller.call("GET", "/contact_lists").json() == EXCEEDED


def test_the_day_ends_at_midnight_utc(rig: Rig) -> None:
    rig.control("POST", "/clock", {"set": "2026-03-02T23:59:50Z"})
    caller = rig.sign_in()
    rig.control("POST", "/quota", {"used_today": 9_999})
    assert statuses(caller, 0, 1000, 1000) == [200, 429, 429]
    assert statuses(caller, 8_000) == [200]


@pytest.mark.parametrize(
    ("switch", "answer", "used"),
    [
        ("rejected_calls_count", "no", 4),
        ("rejected_calls_count", "yes", 6),
    ],
)
def test_rejected_calls(rig: Rig, switch: str, answer: str, used: int) -> None:
    rig.switch(**{switch: answer})
    statuses(rig.sign_in(), 0, 0, 0, 0, 0, 0)
    assert rig.control("GET", "/state")["apps"][0]["calls_today"] == used


@pytest.mark.parametrize(("answer", "used"), [("yes", 2), ("no", 1)])
def test_failed_calls(rig: Rig, answer: str, used: int) -> None:
    rig.switch(failed_calls_count=answer)
    caller = rig.sign_in()
    caller.call("GET", "/contacts/7")
    caller.call("GET", "/contact_lists")
    assert rig.control("GET", "/state")["apps"][0]["calls_today"] == used


@pytest.mark.parametrize(("answer", "used"), [("no", 0), ("yes", 1)])
def test_token_calls(rig: Rig, answer: str, used: int) -> None:
    rig.switch(token_calls_count=answer)
    app = rig.app()
    rig.http.post(
        "/oauth2/default/v1/token", data={"grant_type": "x"}, auth=(app["client_id"], app["client_secret"])
    )
    assert rig.control("GET", "/state")["apps"][0]["calls_today"] == used


def test_limits_by_app(rig: Rig) -> None:
    rig.app(per_second=10, per_day=12)
    caller = rig.sign_in()
    assert statuses(caller, *([0] * 11)) == [200] * 10 + [429]
    assert statuses(caller, 1000, 0, 0) == [200, 200, 429]


def test_401_costs_nothing(rig: Rig) -> None:
    for _ in range(6):
        assert rig.http.get("/v3/contact_lists", headers={"Authorization": "Bearer x"}).status_code == 401
    assert rig.control("GET", "/state")["apps"][0]["calls_today"] == 0
