"""When an account is looked at: the pace that is learned, the looks that follow from it, and the end of patience."""

import json
from itertools import pairwise

import pytest

from syncjobs import polling
from syncjobs.polling import Pace, Running, next_look
from tests.benchmarks import polling as benchmark


def learned(observations, least=2.0):
    pace = Pace.guess(least)
    for rows, seconds in observations:
        pace = pace.learned(rows, seconds)
    return pace


def test_a_guess_before_anything_was_seen():
    assert Pace.guess(2.0).predict(0) == pytest.approx(2.0)
    assert Pace.guess(2.0).predict(10_000) == pytest.approx(4.0)


@pytest.mark.parametrize("for_thousand", [0.0, 0.1, 3.0])
def test_a_guess_goes_by_what_was_found_out(for_thousand):
    pace = Pace.guess(2.0, for_thousand)
    for rows in (0, 1_000, 40_000):
        assert pace.predict(rows) == pytest.approx(2.0 + for_thousand * rows / 1000)


def test_fixed_part_and_rows_are_told_apart():
    pace = learned([(rows, 8 + 1.2 * rows / 1000) for rows in (500, 39_000, 12_000, 1_000, 25_000) * 12])
    assert pace.predict(0) == pytest.approx(8, rel=0.05)
    assert pace.predict(30_000) == pytest.approx(44, rel=0.05)


def test_one_size_alone_tells_its_own_time():
    pace = learned([(1_000, 60.0)] * 20)
    assert pace.predict(1_000) == pytest.approx(60, rel=0.1)


def test_the_newest_counts_most():
    pace = learned([(1_000, 10.0)] * 60 + [(1_000, 40.0)] * 60)
    assert pace.predict(1_000) == pytest.approx(40, rel=0.1)


def test_one_that_stood_still_for_a_day_is_not_the_rule():
    pace = learned([(1_000, 10.0)] * 30)
    assert pace.learned(1_000, 86_400.0).predict(1_000) < 30


def test_it_never_predicts_nothing():
    pace = learned([(40_000, 5.0), (10, 90.0)] * 20)
    assert all(pace.predict(rows) > 0 for rows in (0, 1, 1_000, 40_000, 10**7))


def test_it_is_kept_as_json():
    pace = learned([(1_000, 10.0), (5_000, 20.0)])
    assert Pace.of(json.loads(json.dumps(pace.to_json())), 9.0) == pace
    assert Pace.of(None, 2.0) == Pace.guess(2.0)


def test_first_when_it_is_likely_done_then_ever_later():
    one, last, gaps = Running(1_000.0, 60.0), 1_000.0, []
    for _ in range(6):
        following = next_look([one], last)
        gaps.append(following - last)
        last = following
    assert gaps[0] == pytest.approx(66)
    assert gaps[1] == pytest.approx(33)
    assert all(later > earlier for earlier, later in pairwise(gaps[1:]))


def test_one_listing_serves_many_and_is_not_asked_for_by_each():
    """A hundred under way are not looked at a hundred times as often as one."""
    many = [Running(1_000.0 + number, 60.0) for number in range(100)]
    assert next_look(many, 1_099.0) - 1_099.0 >= 2.0 * 60 / 100 - 0.01
    assert next_look(many, 1_099.0) < next_look(many[-1:], 1_099.0)


def test_the_earliest_decides():
    slow, quick = Running(1_000.0, 3_000.0), Running(1_000.0, 20.0)
    assert next_look([slow, quick], 1_000.0) <= max(1_022.0, 1_000.0 + 1_510)
    assert next_look([slow, quick], 1_000.0) < next_look([slow], 1_000.0)


@pytest.mark.parametrize("predicted", [0.05, 1.0, 60.0, 10_000.0])
def test_looks_have_an_end_and_a_number(predicted):
    """One that never ends is looked at some dozens of times, and then given up."""
    one, last, looks = Running(0.0, predicted), 0.0, 0
    while last < polling.patience(predicted):
        following = next_look([one], last)
        assert polling.SHORTEST_GAP <= following - last <= polling.LONGEST_GAP
        last, looks = following, looks + 1
    assert looks <= 40


def test_patience_is_hours_never_days():
    assert polling.patience(1.0) == 3600
    assert polling.patience(600.0) == 12_000
    assert polling.patience(10**6) == 6 * 3600


def test_the_benchmark_holds_in_its_short_form():
    lines = list(benchmark.figures(short=True))
    judged = [line for line in lines if line["holds"] is not None]
    assert len(judged) == len(benchmark.AT_ONCE) + 2
    assert [line for line in judged if not line["holds"]] == []
    # The other arms are no straw men: each is better at one of the two, and far dearer at the other.
    arms = {(line["arm"], line["sigma"]): line for line in lines if line["at_once"] == "all"}
    ours = arms["ours", 0.3]
    assert arms["every 10 s", 0.3]["polls_per_finished"] > 5 * ours["polls_per_finished"]
    assert arms["every 60 s", 0.3]["lag_of_runtime"] > 2 * ours["lag_of_runtime"]
