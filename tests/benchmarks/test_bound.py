"""The bound never lies above the true optimum, nor above any plain way of doing a job; and it is no idle one."""

from dataclasses import replace
from math import ceil

import pytest

from syncjobs.planner import plan
from syncjobs.planner.wanted import Limits, People, Wanted
from tests.benchmarks.bound import bound
from tests.benchmarks.brute import optimum
from tests.benchmarks.jobs import large_job, tiny_job
from tests.long import LONG

TINY = 1_000 if LONG else 30
LARGE = 2_000 if LONG else 60
A, B, TAG = frozenset({"a"}), frozenset({"b"}), frozenset({"t"})


def job(*people: People, scratch: bool = False, closed: frozenset[str] = frozenset()) -> Wanted:
    return Wanted(people, Limits(), scratch, closed)


def valued(count: int, row: int, **wanted) -> People:
    return People(
        "v", count, csv_bytes=count * row, json_bytes=count * row * 2, largest_row=row * 2,
        address_bytes=31 * count, **wanted,
    )  # what belongs together stands on one line  # fmt: skip


def plain(count: int, key: str = "p", **wanted) -> People:
    return People(key, count, address_bytes=31 * count, **wanted)


def nested(levels: int) -> Wanted:
    held = [frozenset(f"list{number}" for number in range(level + 1)) for level in range(levels)]
    return job(*(plain(100, f"g{level}", joins=names) for level, names in enumerate(held)))


HAND_COMPUTED = {
    "100,000 rows of 250 bytes fill 6.3 bodies": (job(valued(100_000, 250, joins=A)), 7),
    "a million of them, onto five lists": (job(valued(10**6, 250, joins=frozenset("abcde"))), 63),
    "rows, not bytes, bind short rows": (job(valued(100_000, 31, joins=A)), 3),
    "two lists of different people": (job(plain(9, joins=A), plain(9, "q", joins=B)), 2),
    "values and a second list for half of them": (
        job(valued(99, 250, joins=A), valued(99, 250, joins=A | B)),
        2,
    ),
    "twenty lists, each within the one before": (nested(20), 20),
    "opting out takes 1 with an id, else 2": (
        job(plain(10, opts_out=True, with_ids=True), plain(5, "q", opts_out=True)),
        20,
    ),
    "clearing takes 2, signing up 1": (job(valued(3, 99, clears=True), valued(4, 99, signed_up=True)), 10),
    "one person, everything: a PUT": (job(valued(1, 99, joins=A, leaves=B, tags_on=TAG, with_ids=True)), 1),
    "a tag by ids, 500 a call": (job(plain(20_000, tags_on=TAG, with_ids=True)), 40),
    "a tag without ids and without leave for a list": (job(plain(100, tags_on=TAG)), 101),
    "a tag by a scratch list: made, filled, used, deleted": (
        job(plain(20_000, tags_on=TAG), scratch=True),
        4,
    ),
    "the same for 100,000: three imports": (job(plain(100_000, tags_on=TAG), scratch=True), 6),
    "a tag for all of a list that holds nobody else": (job(plain(20_000, tags_on=TAG, on=A), closed=A), 1),
    "deleting by a scratch list": (job(plain(20_000, deletes=True), scratch=True), 4),
    "a value of people on no list: made, filled, deleted": (job(valued(9_000, 250), scratch=True), 3),
    "tags of different people: the list emptied between": (
        job(plain(20_000, tags_on=TAG), plain(20_000, "q", tags_on=frozenset({"u"})), scratch=True),
        7,
    ),
    "leaving by ids and, who may not enter a list, too": (
        job(plain(600, leaves=A, with_ids=True), plain(300, "q", leaves=A, with_ids=True, listable=False)),
        2,
    ),
}


@pytest.mark.parametrize("case", HAND_COMPUTED.values(), ids=HAND_COMPUTED)
def test_hand_computed(case: tuple[Wanted, int]):
    wanted, calls = case
    assert bound(wanted) == calls


def test_somebody_who_may_enter_no_list_is_written_singly_with_all_they_want():
    others = valued(19, 45, joins=A, tags_on=TAG)
    known = plain(1, "q", leaves=A, tags_on=TAG, listable=False, with_ids=True)
    # Made, filled, used, deleted; and one PUT, or a look-up and a PUT.
    assert bound(job(others, known, scratch=True)) <= 5
    assert bound(job(others, replace(known, with_ids=False), scratch=True)) <= 6


def test_a_removal_empties_the_scratch_list_for_who_comes_next():
    first = valued(534, 146, leaves=A, tags_on=frozenset({"t", "u"}))
    then = [
        replace(one, tags_on=frozenset({"t", "v", "w"}))
        for one in (replace(valued(1_956, 146), key="x"), plain(1_955))
    ]
    # Made; filled, tagged twice at once, left and empty; filled and tagged; deleted.
    assert bound(job(first, *then, scratch=True)) <= 7


def test_a_call_by_ids_for_some_has_room_for_others():
    some = [plain(2, "q", tags_on=TAG, listable=False, with_ids=True), plain(2, tags_on=TAG)]
    # Two look-ups and one call.
    assert bound(job(*some, scratch=True)) <= 3


def test_whole_rows_that_go_onto_different_lists_are_different_calls():
    some = [valued(162, 400, on=A), replace(valued(203, 400, joins=A | B), key="w")]
    more = replace(valued(71, 400, on=A, joins=B | {"c"}), key="x")
    assert bound(job(*some, more)) == 3


def test_marks_of_different_people_need_emptyings_between():
    groups = [plain(900, f"g{tag}", tags_on=frozenset({"t", tag})) for tag in "abc"]
    # The list made and deleted; three fillings, three tags of some and one of all; two emptyings at least.
    assert bound(job(*groups, scratch=True)) >= 10


@pytest.mark.parametrize("seed", [145, 525, 545, 584, 1705, 2150, 3017, 9629])
def test_never_above_a_plan(seed):
    wanted = large_job(seed)
    assert bound(wanted) <= plan(wanted).calls


def test_never_above_the_optimum_and_mostly_there():
    pairs = [(bound(wanted), optimum(wanted)) for wanted in map(tiny_job, range(TINY))]
    assert all(least <= best for least, best in pairs)
    ratios = [least / best if best else 1.0 for least, best in pairs]
    mean = sum(ratios) / len(ratios)
    print(f"{TINY} tiny jobs: bound / optimum {mean:.4f} on average, {min(ratios):.3f} at the least")
    assert mean >= 0.9


def test_never_above_plain_ways():
    for seed in range(LARGE):
        wanted = large_job(seed)
        assert bound(wanted) <= min(one_by_one(wanted), group_by_group(wanted)), seed


def one_by_one(wanted: Wanted) -> int:
    """Everybody written singly; deletes by ids."""
    singly = sum(one.count * single(one) for one in wanted.people if not one.deletes)
    return singly + sum(deleting(one) for one in wanted.people if one.deletes)


def single(one: People) -> int:
    write = 1 if one.with_ids else 2
    if one.signed_up:
        return 1 + (write if one.leaves or one.tags_on or one.tags_off else 0)
    return 2 if one.clears else write


def deleting(one: People) -> int:
    return (0 if one.with_ids else one.count) + ceil(one.count / 500)


def group_by_group(wanted: Wanted) -> int:
    """Each group by imports and ids of its own."""
    return sum(alone(one) for one in wanted.people)


def alone(one: People) -> int:
    if one.deletes:
        return deleting(one)
    lists = one.joins | one.on
    if one.opts_out or one.clears or one.signed_up or (one.csv_bytes and not (lists and one.listable)):
        return one.count * single(one)
    limits = Limits()
    room = limits.body_bytes - limits.overhead - one.largest_row
    form = one.csv_bytes if one.csv_can else one.json_bytes
    calls = max(ceil(form / room), ceil(one.count / limits.csv_rows)) if one.joins or form else 0
    kinds = [kind for kind in (one.leaves, one.tags_on, one.tags_off) if kind]
    if kinds and not one.with_ids:
        calls += one.count
    return calls + len(kinds) * ceil(one.count / limits.contact_ids)


def test_leave_for_a_scratch_list_never_raises_it():
    for seed in range(LARGE):
        wanted = tiny_job(seed)
        without, allowed = (bound(replace(wanted, scratch_allowed=leave)) for leave in (False, True))
        assert allowed <= without


def test_jobs_follow_from_their_seed():
    assert large_job(7) == large_job(7) != large_job(8)
    assert tiny_job(7) == tiny_job(7) != tiny_job(8)


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (job(plain(2, tags_on=TAG), scratch=True), 3),  # two look-ups and a tagging
        (job(plain(6, tags_on=TAG), scratch=True), 4),
        (job(valued(2, 99, joins=A), plain(2, "q", joins=B, with_ids=True)), 2),
        (job(plain(3, joins=A, leaves=B, with_ids=True)), 2),
        (job(plain(3, on=A, tags_on=TAG), plain(1, "q", joins=A, tags_on=TAG), closed=A), 2),
    ],
)
def test_brute_force_by_hand(wanted: Wanted, calls: int):
    assert optimum(wanted) == calls
