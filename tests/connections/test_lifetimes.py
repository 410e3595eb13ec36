"""When a grant is renewed and tried again: tables, and what must hold for any connection and any failure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections import lifetimes
from connections.lifetimes import Trouble

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)
GRACE = timedelta(seconds=30)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# ends in, retry in, asks, asked ago, grace: may ask in
NOT_BEFORE = [
    (3600, None, 0, None, 30, 0),  # nothing in the way
    (3600, 40, 0, None, 30, 40),  # a pause
    (3600, -40, 0, None, 30, 0),  # a pause that is over
    (3600, 3, 1, 0, 30, 3),  # an answer was just lost: the second try, soon
    (3600, None, 1, 24, 30, 0),  # still within the grace
    (3600, 3, 1, 24, 30, 3540),  # it would come too late: the last minute of the access token
    (3600, None, 1, 26, 30, 3540),
    (3600, 3, 1, 0, 0, 3540),  # no grace: a second try could only end the grant
    (3600, 3, 2, 4, 30, 3),  # the second was not answered either, and may never have left
    (3600, 3, 4, 24, 30, 3540),
    (3600, 3600, 2, 4, 30, 3600),
    (30, None, 2, 400, 30, 0),  # its last minute
    (-5, None, 2, 400, 30, 0),  # nothing is left to lose
    (-5, 8, 2, 400, 30, 8),
]


@pytest.mark.parametrize(("ends", "retry", "asks", "asked", "grace", "may"), NOT_BEFORE)
def test_the_first_moment_to_ask(ends, retry, asks, asked, grace, may):
    trouble = Trouble(
        at(ends), None if retry is None else at(retry), asks, None if asked is None else at(-asked)
    )
    assert lifetimes.not_before(trouble, NOW, timedelta(seconds=grace)) == at(may)


@pytest.mark.parametrize(
    ("ends", "failures", "seconds"),
    [
        (7200, 1, 30),
        (7200, 2, 60),
        (7200, 7, 1800),
        (7200, 10**6, 1800),
        (100, 7, 100),  # never beyond the end of the access token
        (1, 1, 3),
        (-1, 1, 2),
        (-1, 2, 4),
        (-1, 99, 300),
    ],
)
def test_pauses_grow(ends, failures, seconds):
    assert lifetimes.pause(Trouble(at(ends)), failures, NOW, GRACE) == at(seconds)


def test_a_lost_answer_is_asked_for_again_soon_and_then_less_soon():
    lost = Trouble(at(3600), None, 1, at(-10))
    assert lifetimes.pause(lost, 1, NOW, GRACE) == NOW + lifetimes.SETTLE
    again = Trouble(at(3600), None, 2, at(-10))
    assert lifetimes.pause(again, 2, NOW, GRACE) == NOW + 2 * lifetimes.SETTLE
    late = Trouble(at(3600), None, 3, at(-15))
    assert lifetimes.pause(late, 3, NOW, GRACE) == at(120), "four times the pause would end after the grace"


seconds = st.integers(-200_000, 200_000)


@given(
    ends=seconds,
    retry=st.none() | seconds,
    asks=st.integers(0, 5),
    asked=st.integers(0, 200),
    grace=st.integers(0, 60),
)
def test_after_the_grace_no_try_comes_while_there_is_something_to_lose(ends, retry, asks, asked, grace):
    trouble = Trouble(at(ends), None if retry is None else at(retry), asks, at(-asked) if asks else None)
    moment = lifetimes.not_before(trouble, NOW, timedelta(seconds=grace))
    assert moment >= NOW
    assert retry is None or moment >= at(retry)
    if asks and moment < at(ends) - lifetimes.LAST_MINUTE:
        assert moment <= at(-asked) + timedelta(seconds=grace) - lifetimes.ROOM


@given(key=st.uuids(), life=st.integers(60, 10**6))
def test_early_is_from_half_to_nine_tenths(key, life):
    moment = lifetimes.renew_at(key, NOW, at(life))
    assert at(life * 0.5) <= moment <= at(life * 0.9)
    kept = lifetimes.keep_alive_at(key, NOW, timedelta(days=150))
    assert timedelta(days=120) <= kept - NOW <= timedelta(days=150)
    assert lifetimes.renew_at(UUID(int=key.int), NOW, at(life)) == moment


def test_ten_thousand_connections_are_spread_evenly():
    """Per hour of a day, none has more than 1.5 times its share: 24 h x 0.4 for 10,000."""
    hours = [0] * 24
    for _ in range(10_000):
        hours[int((lifetimes.renew_at(uuid4(), NOW, at(86_400)) - NOW).total_seconds() // 3600)] += 1
    busiest = max(hours)
    print(f"10,000 renewals: {sum(bool(n) for n in hours)} hours, busiest {busiest}, mean {10_000 / 9.6:.0f}")
    assert busiest < 1.5 * 10_000 / 9.6
