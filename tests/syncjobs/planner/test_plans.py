"""Plans: each does exactly what is wanted, by rules written down elsewhere, and is never dearer than a simple way."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.planner import EVERY_LIST, SCRATCH, Kind, Limits, People, Wanted, plan
from tests.benchmarks.simple import STRATEGIES
from tests.long import LONG
from tests.syncjobs.planner.following import problems

LISTS, TAGS = "abcdef", "xyz"
ROWS = [(0, 0, True), (44, 86, True), (250, 589, True), (424, 1_108, False)]


def people(key, count, joins="", row=0, **more):
    csv, json, csv_can = ROWS[row]
    sets = {name: frozenset(value) for name, value in more.items() if isinstance(value, str)}
    return People(
        key,
        count,
        frozenset(joins),
        csv_bytes=csv * count,
        json_bytes=json * count,
        largest_row=json,
        address_bytes=31 * count,
        csv_can=csv_can,
        **(more | sets),
    )


def wanted(*groups, scratch=True, closed="", limits=None):
    return Wanted(groups, limits or Limits(), scratch, frozenset(closed))


def kinds(found):
    return [step.kind for step in found.steps]


SOME_LISTS = st.frozensets(st.sampled_from(LISTS))
SOME_TAGS = st.frozensets(st.sampled_from(TAGS))


@st.composite
def groups(draw, key):
    joins, leaves = draw(SOME_LISTS), draw(st.one_of(st.just(frozenset()), SOME_LISTS))
    on, off = draw(SOME_TAGS), draw(st.one_of(st.just(frozenset()), SOME_TAGS))
    special = draw(
        st.sampled_from(["", "", "", "", "deletes", "opts_out", "clears", "signed_up", "unlistable"])
    )
    most = 20 if special else 10 ** draw(st.integers(0, 6))
    one = people(
        key,
        draw(st.integers(1, most)),
        joins,
        draw(st.integers(0, 3)),
        leaves=leaves - joins,
        tags_on=on - off,
        tags_off=off,
        on=draw(SOME_LISTS) - joins,
        with_ids=draw(st.booleans()),
        listable=special != "unlistable",
    )
    return replace(one, **{special: True}) if special not in ("", "unlistable") else one


@st.composite
def jobs(draw):
    some = [draw(groups(f"g{n}")) for n in range(draw(st.integers(1, 7)))]
    return wanted(*some, scratch=draw(st.booleans()), closed=draw(SOME_LISTS))


@settings(max_examples=2_000 if LONG else 60, deadline=None)
@given(jobs())
def test_a_plan_does_what_is_wanted_and_no_simple_way_is_cheaper(job):
    found = plan(job)
    assert problems(found, job) == []
    prices = {name: cost(job) for name, cost in STRATEGIES.items()}
    assert {name: price for name, price in prices.items() if price is not None and price < found.calls} == {}


@settings(max_examples=1_000 if LONG else 60, deadline=None)
@given(jobs(), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_so_it_does_where_every_limit_binds(job, rows, lists, ids, tags):
    few = tuple(replace(one, **scaled(one)) for one in job.people)
    limits = Limits(2_400, 100, rows, rows + 1, lists, ids, tags, 1)
    assert (
        problems(plan(replace(job, people=few, limits=limits)), replace(job, people=few, limits=limits)) == []
    )


def scaled(one):
    """The group with at most six people."""
    count = min(one.count, 6)
    sizes = ("csv_bytes", "json_bytes", "address_bytes")
    return {"count": count} | {name: getattr(one, name) // one.count * count for name in sizes}


# 100,000 people with ten custom fields: 15,957 rows of 250 bytes a call.
COSTS = [
    ("one list", [people("g", 100_000, "a", 2)], 7),
    ("and a tag, by a scratch list filled with it", [people("g", 100_000, "a", 2, tags_on="x")], 10),
    ("ids known, few", [people("g", 400, "a", 2, tags_on="xyz", with_ids=True)], 2),
    ("five in common", [people("g", 10, "abcde", 2)], 1),
    ("values alone ride onto a list they are on", [people("g", 10_000, row=2, on="a")], 1),
    ("values alone, on no list", [people("g", 10_000, row=2)], 3),
    ("two lists, memberships in one call", [people("g", 30_000, "ab")], 1),
    ("2,000 to delete, ids unknown", [people("g", 2_000, deletes=True)], 4),
    ("1,000 to delete, ids known", [people("g", 1_000, deletes=True, with_ids=True)], 2),
    ("a person, everything at once", [people("g", 1, "a", 2, leaves="b", tags_on="x", with_ids=True)], 1),
]


@pytest.mark.parametrize(("what", "some", "calls"), COSTS)
def test_what_it_costs(what, some, calls):
    found = plan(wanted(*some))
    assert (found.calls, problems(found, wanted(*some))) == (calls, [])


def test_a_closed_list_saves_the_scratch_list():
    job = wanted(people("g", 100_000, "a", 2, tags_on="x"), closed="a")
    found = plan(job)
    assert (found.calls, found.uses_scratch, problems(found, job)) == (8, False, [])


def test_everyone_on_a_closed_list_joins_others_without_an_import():
    job = wanted(people("g", 200_000, "bc", on="a"), closed="a")
    assert kinds(plan(job)) == [Kind.ADD_LISTS] and problems(plan(job), job) == []


def test_a_closed_list_stands_beside_the_scratch_list_only_when_everyone_is_on_it():
    some = [
        people("g", 4, "a", 2, leaves="b", with_ids=True),
        people("h", 6, "a", 2, leaves="bc"),
        people("i", 8, row=2, leaves="bc"),
    ]
    job = wanted(*some, closed="a")
    assert problems(plan(job), job) == []


def test_lists_with_a_few_over_share_an_import():
    # Eight lists of 44,000 each: 2 calls a list, or one for those who want many lists and one a list.
    some = [
        people(f"g{n}", 2_000, [name for at, name in enumerate("abcdefgh") if n >> at & 1])
        for n in range(256)
    ]
    some = [replace(one, count=344, address_bytes=344 * 31) for one in some]
    job = wanted(*some)
    assert sum(one.count for one in some if "a" in one.joins) == 44_032
    assert plan(job).calls <= 12 and problems(plan(job), job) == []


def test_imports_that_are_made_anyway_fill_the_scratch_list():
    some = [people(name, 10_000, joins, tags_on="x") for name, joins in (("g", "a"), ("h", "b"), ("i", "ab"))]
    found = plan(wanted(*some))
    assert problems(found, wanted(*some)) == []
    # Two imports; the list made, used and deleted.
    assert found.calls == 5


def test_whole_rows_and_addresses_share_calls_evenly():
    # The last of six calls with whole rows alone would not have room for all addresses.
    whole = replace(people("v", 37_500, "ab", 2), csv_can=False)
    job = wanted(whole, people("p", 36_700, "ab"))
    found = plan(job)
    assert found.calls == 6 and problems(found, job) == []
    assert set(kinds(found)) == {Kind.IMPORT_JSON}


def test_calls_that_are_made_anyway_spare_full_ones():
    # Five calls carry all: three for those who leave, one for those with the tag, one for the others.
    row = {"csv_bytes": 320, "json_bytes": 799, "largest_row": 799, "csv_can": False}
    some = [
        people("l", 12_884, leaves="a"),
        people("lt", 5_233, leaves="a", tags_on="x"),
        people("t", 1_208, tags_on="x"),
        people("v", 804),
    ]
    sized = [
        {name: n * one.count if name.endswith("bytes") else n for name, n in row.items()} for one in some
    ]
    job = wanted(*[replace(one, **sizes) for one, sizes in zip(some, sized, strict=True)])
    found = plan(job)
    assert found.calls == 9 and problems(found, job) == []


def test_a_mark_rides_with_others_whose_people_together_are_its_own():
    some = [people(marks, 9_000, tags_on=marks) for marks in ("xz", "yz", "xyz")]
    found = plan(wanted(*some))
    # Made, filled and tagged, emptied, filled and tagged, deleted.
    assert found.calls == 7 and problems(found, wanted(*some)) == []


def test_a_list_whose_people_all_travel_for_others_needs_no_import():
    some = [people(joins, 1_000, joins) for joins in ("abcdef", "e", "abf", "abc", "d", "b")]
    assert plan(wanted(*some)).calls == 5 and problems(plan(wanted(*some)), wanted(*some)) == []


def test_all_that_the_people_of_a_closed_list_want_is_one_call():
    job = wanted(
        people("g", 10, "a", tags_on="xy"),
        people("u", 3, tags_on="y", listable=False, with_ids=True),
        scratch=False,
        closed="a",
    )
    found = plan(job)
    assert sorted(kinds(found)) == [Kind.IMPORT_CSV, Kind.TAG_ON, Kind.TAG_ON] and problems(found, job) == []


def test_who_leaves_a_list_travels_onto_it_before():
    job = wanted(
        people("g", 300, row=2, on="a", leaves="a"), people("h", 300, on="a", leaves="a", with_ids=True)
    )
    found = plan(replace(job, people=(replace(job.people[0], with_ids=True), job.people[1])))
    assert kinds(found) == [Kind.IMPORT_CSV, Kind.REMOVE_LISTS]
    assert found.steps[1].after == (0,)


def test_without_leave_there_is_no_scratch_list_and_the_dearer_way_is_taken():
    job = wanted(people("g", 20_000, "a", tags_on="x", with_ids=True), scratch=False)
    assert not plan(job).uses_scratch
    assert plan(job).calls == 1 + 40
    assert plan(replace(job, scratch_allowed=True)).calls == 4


def test_wide_accounts_stay_cheap():
    # 100,000 people in 200 kinds, 20 lists of which each kind has two, 10 tags of which each has one.
    some = [
        people(f"g{n}", 500, row=2, joins=[f"l{n % 20}", f"l{n // 10 % 20}"], tags_on=[f"t{n % 10}"])
        for n in range(200)
    ]
    job = wanted(*[replace(one, tags_on=frozenset(one.tags_on)) for one in some])
    found = plan(job)
    assert problems(found, job) == []
    assert found.calls <= 60


def test_who_just_signed_up_is_never_in_an_import():
    job = wanted(people("new", 30, "a", 2, signed_up=True), people("old", 3_000, "a", 2))
    found = plan(job)
    assert [step.calls for step in found.steps if step.kind is Kind.SIGN_UP] == [30]
    assert found.calls == 31 and problems(found, job) == []


def test_values_are_cleared_one_by_one_and_carry_the_rest():
    job = wanted(people("g", 12, "ab", 2, tags_on="x", clears=True))
    assert kinds(plan(job)) == [Kind.READ_MERGE_WRITE] and plan(job).calls == 24


def test_nobody_who_unsubscribed_or_will_is_put_on_a_list():
    gone = people("gone", 10, "a", tags_on="x", listable=False, with_ids=True)
    going = people("going", 10, "a", opts_out=True, with_ids=True)
    found = plan(wanted(gone, going))
    assert {(one.key, one.what, one.reason) for one in found.refused} == {
        ("gone", "joins", "opted_out"),
        ("going", "joins", "opts_out"),
    }
    assert all(not step.lists for step in found.steps)


def test_more_opt_outs_than_are_kept_back_leave_all_lists_first():
    job = wanted(people("out", 1_200, opts_out=True, with_ids=True))
    assert kinds(plan(job, opt_outs_now=1_200)) == [Kind.OPT_OUT]
    found = plan(job, opt_outs_now=200, lists_there=70)
    assert kinds(found) == [Kind.REMOVE_LISTS, Kind.OPT_OUT]
    assert found.steps[0].lists == (EVERY_LIST,) and found.steps[0].calls == 3 * 2
    assert problems(found, job) == []


def test_one_scratch_list_at_a_time_is_filled_when_it_is_empty_and_used_when_it_is_full():
    some = [people("x", 9_000, "a", tags_on="x"), people("y", 9_000, "b", tags_on="y")]
    found = plan(wanted(*some))
    created = kinds(found).index(Kind.CREATE_SCRATCH)
    for at, step in enumerate(found.steps):
        if SCRATCH in step.sources or SCRATCH in step.lists:
            assert created in before(found, at)
        if SCRATCH in step.sources:
            fills = [n for n in range(at) if SCRATCH in found.steps[n].lists]
            assert set(fills) <= before(found, at)
    assert kinds(found)[-1] is Kind.DELETE_SCRATCH


def before(found, at):
    """Steps that must be over before one, at any remove."""
    names = set(found.steps[at].after)
    return names.union(*(before(found, one) for one in names))
