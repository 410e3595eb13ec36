"""What a plan costs in words: calls, share, time; and until when opt-outs take."""

from datetime import date

from syncjobs.planner import Cargo, Kind, Plan, Step, Terms, quote

TERMS = Terms(10_000, 4.0, 10.0, date(2026, 5, 4), opt_out_calls=100, opt_out_calls_a_day=200)


def opting_out(count, look_ups=0):
    cargo = (Cargo("out", 0, count, whole=True),)
    first = [Step(Kind.LOOK_UP, look_ups, cargo)] if look_ups else []
    return Plan((*first, Step(Kind.OPT_OUT, count, cargo)))


def test_calls_polls_share_and_time():
    fill = Step(Kind.IMPORT_CSV, 7, lists=("a",))
    tag = Step(Kind.TAG_ON, 1, tags=("x",), sources=("a",), after=(0,))
    found = quote(Plan((fill, tag)), TERMS)
    assert (found.calls, found.polls, found.day_percent) == (8, 4, 0.12)
    # Twelve calls at four a second, and two rounds of the provider's work.
    assert found.seconds == 23.0
    assert found.text == "8 calls, 0.12 % of a day, about 23 s"


def test_opt_outs_that_fit_are_made_today():
    assert quote(opting_out(100), TERMS).opt_outs_until is None


def test_opt_outs_beyond_the_reserve_say_until_when():
    # 101 calls are left over, 200 a day.
    assert quote(opting_out(101), TERMS).opt_outs_until == date(2026, 5, 5)
    assert quote(opting_out(501), TERMS).opt_outs_until == date(2026, 5, 7)
    assert quote(opting_out(300, look_ups=300), TERMS).opt_outs_until == date(2026, 5, 7)
    assert "the last person is unsubscribed on 7 May 2026" in quote(opting_out(501), TERMS).text


def test_a_plan_of_nothing_costs_nothing():
    assert quote(Plan(()), TERMS).text == "0 calls, 0.00 % of a day, about 1 s"
