"""Groups of imports: everyone ends on exactly their lists, by no more calls than either simple way."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs import planner

LISTS = st.sampled_from("abcdefgh")
PEOPLE = st.dictionaries(
    st.frozensets(LISTS, min_size=1).map(lambda s: tuple(sorted(s))), st.integers(1, 90_000), max_size=30
)


def calls(groups, people, rows, addresses):
    return sum(
        -(-sum(people[m] for m in group.members) // (rows if group.whole_rows else addresses))
        for group in groups
    )


@settings(max_examples=150, deadline=None)
@given(PEOPLE, st.integers(5_000, 39_999))
def test_everyone_is_sent_whole_once_and_reaches_exactly_their_lists(people, rows):
    groups = planner.plan(people, rows_per_call=rows, addresses_per_call=39_999)
    whole, joined = Counter(), {}
    for group in groups:
        for member in group.members:
            whole[member] += group.whole_rows
            joined.setdefault(member, set()).update(group.list_ids)
    assert all(whole[member] == 1 for member in people)
    assert all(joined[member] == set(member) for member in people)
    # Whoever travels by address only was sent whole before.
    kinds = [group.whole_rows for group in groups]
    assert kinds == sorted(kinds, reverse=True)
    together = sum(-(-count // rows) for count in people.values())
    assert calls(groups, people, rows, 39_999) <= together


def test_few_sets_travel_together_and_many_do_not():
    few = planner.plan({("a",): 100, ("a", "b"): 50}, rows_per_call=20_000, addresses_per_call=39_999)
    assert len(few) == 2
    many = {tuple(c for bit, c in enumerate("abcdefgh") if n >> bit & 1): 10 for n in range(1, 256)}
    assert len(planner.plan(many, rows_per_call=20_000, addresses_per_call=39_999)) <= 16
