"""Planned calls as tables: bytes, what was cut, which activity a lost call became, who may go again."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.constantcontact.shapes import Activity
from mapping.known import Known
from mapping.models import MirrorContact
from syncjobs.imports import guarding, processing, reconciling, rendering
from syncjobs.models import Batch, ImportRow

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.lists(st.text(SIGNS, max_size=9), min_size=1, max_size=9)


@given(TEXTS)
def test_the_size_of_a_line_is_what_it_takes(values):
    lines = rendering.Lines()
    lines.add(values)
    content = lines.take()
    assert rendering.size_of(values) == len(content)
    read = next(csv.reader(io.StringIO(content.decode(), newline="")))
    assert read == values or values == [""]


@given(
    st.dictionaries(
        st.sampled_from(["first_name", "cf:plan", "city"]), st.text("abc ö,'", min_size=1, max_size=9)
    )
)
def test_json_takes_no_more_than_was_planned(values):
    columns = ["first_name", "cf:plan", "city"]
    line = rendering.size_of(["a@b.example", *(values.get(name, "") for name in columns)])
    element = rendering.json_row("a@b.example", values)
    assert len(element) + 1 <= line + rendering.json_more(["email", *columns])
    assert json.loads(element) == {"email": "a@b.example", **values}


@pytest.mark.parametrize(
    ("counters", "missing"),
    [
        ({"person": 10, "error": 0}, 0),
        ({"person": 7, "error": 1, "correctable": 1, "cannot_add_to_list": 1}, 0),
        ({"person": 6, "error": 1}, 3),
        ({"person": 6, "error": 1, "sent_again": 3}, 0),
        ({"person": None}, 10),
        ({"person": 12}, 0),
    ],
)
def test_who_was_cut_off(counters, missing):
    assert processing.missing_of(Batch(row_count=10, counters=counters)) == missing


def activity(key, *, minutes=0.0, name=None, results=None, **counters):
    at = (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    status = {f"{counter}_count": count for counter, count in counters.items()}
    return Activity.parse(
        {
            "activity_id": key,
            "state": "processing",
            "created_at": at,
            "source_file_name": name,
            "status": status,
            "_links": {"results": {"href": results}} if results else {},
        }
    )


def lost(kind, **facts):
    return Batch(kind=kind, sent_at=NOW, sendings=1, **facts)


@pytest.mark.parametrize(
    ("call", "listed", "found"),
    [
        # Where no name is ever told, time and size do.
        (
            lost("import_csv", row_count=5, file_name="pb-1.csv"),
            [activity("a", items_total=6, person=0)],
            "a",
        ),
        (
            lost("import_csv", row_count=5, file_name="pb-1.csv"),
            [activity("a", items_total=5, person=0), activity("b", minutes=-5, items_total=6, person=0)],
            None,
        ),
        (lost("import_json", row_count=5), [activity("a", items_total=5, person=0)], "a"),
        (
            lost("import_json", row_count=5),
            [activity("a", name="other.csv", items_total=5, person=0)],
            None,
        ),
        # A list's members may have become fewer; an import is no tagging.
        (lost("tag_on", row_count=100), [activity("a", items_total=95, items_completed=0)], "a"),
        (lost("tag_on", row_count=100), [activity("a", items_total=50, items_completed=0)], None),
        (lost("tag_on", row_count=100), [activity("a", items_total=100, person=0)], None),
        (lost("tag_on", row_count=100), [activity("a", items_total=100, list=1)], None),
        (
            lost("tag_on", row_count=100),
            [activity("a", results="/v3/contact_exports/a", items_total=100)],
            None,
        ),
        (lost("empty_scratch"), [activity("a", items_total=40, items_completed=0, list=1)], "a"),
        (lost("delete_scratch", list_ids=["x"]), [activity("a", list=1)], "a"),
    ],
)
def test_which_activity_a_lost_call_became(call, listed, found):
    one = reconciling.of_call(call, listed, echoed=None)
    assert (one.activity_id if one else None) == found


OURS = activity("ours", name="pb-1.csv", items_total=6, person=0)
NAMELESS = activity("nameless", items_total=6, person=0)
OTHERS = activity("others", name="pb-2.csv", items_total=6, person=0)


@pytest.mark.parametrize(
    ("echoed", "listed", "found"),
    [
        # A name tells, whatever else fits, and whatever is thought to be so.
        *((echoed, [OTHERS, NAMELESS, OURS], "ours") for echoed in (True, False, None)),
        *((echoed, [OTHERS], None) for echoed in (True, False, None)),
        # One without a name may be ours unless ours would have one.
        (True, [NAMELESS], None),
        (False, [OTHERS, NAMELESS], "nameless"),
        (None, [OTHERS, NAMELESS], "nameless"),
    ],
)
def test_which_activity_a_lost_file_became(echoed, listed, found):
    call = lost("import_csv", row_count=5, file_name="pb-1.csv")
    one = reconciling.of_call(call, listed, echoed=echoed)
    assert (one.activity_id if one else None) == found


@pytest.mark.parametrize(
    ("listed", "settled", "found"),
    [
        ([], None, None),
        ([], "echoed", True),
        ([], "absent", False),
        # What is ours shows it, even against what was once found.
        ([activity("a", name="pb-a.csv")], "absent", True),
        ([activity("a")], "echoed", False),
        # What others sent, by whatever way, shows nothing; nor does what came without a file.
        ([activity("x", name="x.csv"), activity("y"), activity("j")], None, None),
        ([activity("a", name="pb-a.csv"), activity("b")], None, None),
    ],
)
def test_whether_the_names_of_files_come_back(listed, settled, found):
    owned = {"a": "pb-a.csv", "b": "pb-b.csv", "j": ""}
    assert reconciling.names_come_back(listed, owned, settled) is found


def known(standing="active", **values):
    return Known("a@b.example", standing, values, frozenset())


WANTED = {"first_name": "Ada"}


@pytest.mark.parametrize(
    ("then", "now", "whole", "reason"),
    [
        # As it was when we looked: the row may go again.
        ({"first_name": "Old"}, known(first_name="Old"), True, None),
        # As we want it: our own call arrived after all.
        ({"first_name": "Old"}, known(first_name="Ada"), True, None),
        (None, known(first_name="Ada"), True, None),
        # Somebody changed it, or made it, since.
        ({"first_name": "Old"}, known(first_name="Newer"), True, "newer_there"),
        (None, known(first_name="Newer"), True, "newer_there"),
        # An address alone overwrites nothing.
        ({"first_name": "Old"}, known(first_name="Newer"), False, None),
        # Another field is no matter of ours.
        ({"first_name": "Old"}, known(first_name="Old", city="Elsewhere"), True, None),
        # Whoever left stays away, by whatever call.
        ({"first_name": "Old"}, known("unsubscribed", first_name="Old"), True, "opted_out"),
        ({"first_name": "Old"}, known("deleted", first_name="Old"), False, "deleted_there"),
    ],
)
def test_who_may_go_again(then, now, whole, reason):
    row = ImportRow(email_key="a@b.example", values=WANTED)
    before = None if then is None else MirrorContact(email_key="a@b.example", values=then)
    found = guarding.verdict(row, before, now, {}, whole=whole)
    assert (found[0] if found else None) == reason
