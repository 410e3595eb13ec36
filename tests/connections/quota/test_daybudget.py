"""The day's budget: reserves, forecasts and sharing out, as tables and by hypothesis."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.quota import daybudget, pacing
from connections.quota.daybudget import Claim, Part, Plan, make_plan, reserves, water_level
from connections.quota.forecast import Forecast, forecast, wanted
from connections.quota.pools import ClockGap

NOON = 12 * 3600.0
DAY = 86_400.0


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0, 10_000),
    st.lists(st.tuples(st.integers(1, 10), st.floats(0, 5_000)), min_size=1, max_size=12),
)
def test_everybody_gets_the_least_of_demand_and_weighted_share(pot, demands):
    """T7, and nothing is given twice."""
    level = water_level(pot, [(weight, 0, demand) for weight, demand in demands])
    total = sum(weight for weight, _ in demands)
    given_out = [min(demand, weight * level) for weight, demand in demands]
    assert sum(given_out) <= pot + 1e-6 * (1 + pot)
    for (weight, demand), got in zip(demands, given_out, strict=True):
        assert got >= min(demand, weight * pot / total) - 1e-6 * (1 + pot)


def test_what_one_leaves_flows_to_the_others():
    endless = math.inf
    assert water_level(100, [(1, 0, 10), (1, 0, endless), (2, 0, endless)]) == 30
    assert water_level(100, [(1, 0, endless)]) == 100
    assert water_level(0, [(1, 0, endless)]) == 0
    assert water_level(50, []) == 50


def test_what_was_used_stands_and_the_rest_goes_to_who_has_less():
    assert water_level(100, [(1, 500, math.inf), (1, 20, math.inf), (1, 40, math.inf)]) == 80
    assert water_level(1000, [(1, 500, math.inf), (1, 0, math.inf)]) == 750
    assert water_level(10, [(1, 500, 500), (2, 0, math.inf)]) == 5


def test_a_forecast_follows_the_hour_of_the_week():
    week = 168
    now = 10 * week * 3600.0  # an hour's start, three hours before the end of a day of its own
    hour = int(now // 3600)
    calls = {hour + n - back * week: 10 * (n + 1) for n in range(24) for back in range(1, 6)}
    found = forecast(calls, hour - 8 * week, now)
    ahead = 24 - hour % 24
    assert found is not None
    # Five weeks alike and three before without: the near ones weigh most.
    assert (
        0.9 * sum(10 * (n + 1) for n in range(ahead)) < found.mean <= sum(10 * (n + 1) for n in range(ahead))
    )
    assert found.high(2) > found.mean


def test_the_first_week_goes_by_the_days_before_and_the_first_day_by_nothing():
    hour = 1000 * 24
    calls = {hour + n - 24: 5 for n in range(24)}
    assert forecast(calls, hour - 24, hour * 3600.0).mean == pytest.approx(120)
    assert forecast({}, hour, hour * 3600.0) is None
    half = forecast(calls, hour - 24, hour * 3600.0 + 1800)
    assert half.mean == pytest.approx(117.5)


def test_reserves_shrink_to_a_last_few_for_consent():
    first = reserves(10_000, 9_950, 0.0, {})
    assert (first["interactive"], first["poll"], first["consent"]) == (1500, 4500, 500)
    last = reserves(10_000, 400, DAY - 60, {})
    assert (last["interactive"], last["poll"]) == (
        10,
        3,
    )  # the last ten are for persons, whatever is expected
    assert last["consent"] == 20


def test_a_forecast_never_starves_bulk_work():
    huge = {name: Forecast(20_000, 0) for name in daybudget.AT_FIRST}
    kept = reserves(10_000, 9_950, 0.0, huge)
    assert sum(kept.values()) <= 8_950
    assert kept["consent"] == 5_000
    assert sum(reserves(10_000, 5_000, 0.0, huge, 1_000).values()) == pytest.approx(5_000, abs=3)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 300_000),
    st.floats(0, DAY - 1),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, 500), st.booleans()), min_size=1, max_size=20),
)
def test_no_plan_gives_out_more_than_there_is(limit, now, part, tenants):
    """T2: whatever the plan, spending by it ends at the budget; shares of persons never sum to more."""
    claims = [
        Claim(str(n), weight, Part(mine, wants=wants), Part(mine, wants=not wants))
        for n, (weight, mine, wants) in enumerate(tenants)
    ]
    used = min(limit, max(2 * sum(mine for _, mine, _ in tenants), int(part * limit)))
    plan = make_plan(now, limit, 0, used, ({}, 0), claims)
    left = max(0, plan.budget - used)
    wanted = [plan.share("interactive", one.weight) - one.persons.used for one in claims if one.persons.wants]
    assert sum(one for one in wanted if one > 0) <= left - plan.kept["consent"] + 1e-6
    assert sum(plan.kept.values()) <= left + 1
    spent = used
    while not plan.refusal("consent", spent, 0, 1):
        spent += max(1, (plan.budget - spent) // 2)
    assert spent <= max(plan.budget, used)


def test_each_class_stops_before_what_is_kept_for_those_above():
    plan = Plan(NOON, 1000, {"consent": 50, "interactive": 100, "control": 30, "poll": 20}, {})
    plan.levels = {"interactive": 1e9, "poll": 1e9, "bulk": 1e9}
    limits = {"consent": 1000, "interactive": 950, "control": 850, "poll": 820, "bulk": 800, "backfill": 800}
    for name, limit in limits.items():
        assert plan.refusal(name, limit - 1, 0, 1) == "", name
        assert plan.refusal(name, limit, 0, 1), name
    plan.spend("interactive")
    assert plan.refusal("bulk", 800, 0, 1) == ""


def test_a_share_holds_persons_and_work_but_not_consent():
    plan = Plan(NOON, 1000, {}, {"interactive": 30.7, "poll": 20.0, "bulk": 10.2})
    assert plan.share("interactive", 1) == 30
    assert plan.share("bulk", 2) == 21
    assert plan.refusal("bulk", 0, 11, 1) == "share_used"
    assert plan.refusal("interactive", 0, 29, 1) == ""
    assert plan.refusal("interactive", 0, 30, 1) == "share_used"
    assert plan.refusal("consent", 0, 10**6, 1) == plan.refusal("control", 0, 10**6, 1) == ""


def test_what_no_work_wants_is_for_persons_until_work_comes():
    person = Claim("a", 1, Part(wants=True))
    alone = make_plan(NOON, 10_000, 0, 0, ({}, 0), [person])
    assert alone.share("interactive", 1) == sum(alone.kept.values()) - sum(
        alone.kept[name] for name in ("consent", "control", "poll")
    )
    both = make_plan(NOON, 10_000, 0, 0, ({}, 0), [person, Claim("b", 1, Part(), Part(wants=True))])
    assert both.share("interactive", 1) == 750 < alone.share("interactive", 1)
    assert both.share("bulk", 1) > 5_000


def test_work_that_had_its_share_holds_up_no_person_of_the_same_tenant():
    busy = Claim("a", 1, Part(used=3, wants=True), Part(used=4_000, wants=True))
    had = {"bulk": {9: 4_000}}
    plan = make_plan(NOON, 10_000, 0, 9_000, (had, 12), [busy, Claim("b", 1, Part(), Part(wants=True))])
    assert plan.refusal("bulk", 9_000, 4_000, 1) == "share_used"
    assert plan.refusal("interactive", 9_000, 3, 1) == ""


def test_refused_persons_are_expected_again_but_no_hammering():
    assert wanted(10, 5, 10_000) == 15
    assert wanted(10, 1_000_000, 10_000) == 120


def test_foreign_use_shrinks_the_day():
    assert make_plan(NOON, 10_000, 0, 0, ({}, 0), []).budget == 9_950
    assert make_plan(NOON, 10_000, 3_000, 0, ({}, 0), []).budget == 6_950
    assert make_plan(NOON, 10_000, 20_000, 0, ({}, 0), []).budget == 0


@pytest.mark.parametrize(
    ("at", "clear"),
    [(0.0, 2.0), (1.9, 2.0), (2.0, 2.0), (DAY - 2.5, DAY - 2.5), (DAY - 2.0, DAY + 2), (DAY - 0.1, DAY + 2)],
)
def test_nothing_goes_while_both_sides_may_count_another_day(at, clear):
    assert pacing.clear_of_midnight(at) == pytest.approx(clear)


def test_throttled_slows_for_a_minute_and_wears_off():
    slow = pacing.Slowness().heard(1000.0)
    assert slow.at(1059.0) == pytest.approx(1.05)
    assert 1.0 < slow.at(1075.0) < 1.05
    assert slow.at(1200.0) == 1.0
    assert slow.at(900.0) == 1.0  # a clock set back
    for second in range(100):
        slow = slow.heard(1000.0 + second)
    assert slow.factor == pacing.SLOWEST


def test_the_gap_between_two_clocks_is_narrowed_and_learned_anew_when_one_is_set():
    gap = ClockGap(-1e12, 1e12).narrowed(1000.0, 10.0, 10.5)
    assert (gap.least, gap.most) == (989.5, 990.0)
    gap = gap.narrowed(1001.2, 11.3, 11.4)
    assert gap.least == pytest.approx(989.8)
    assert gap.most == pytest.approx(989.9)
    assert gap.narrowed(1002.0, 10.0, 13.0).most <= 990.0, "a slow answer tells nothing new"
    set_back = gap.narrowed(500.0, 14.0, 14.1)
    assert (set_back.least, set_back.most) == (pytest.approx(485.9), 486.0)
