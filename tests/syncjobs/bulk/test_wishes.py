"""What a row wants: understood, or refused with its field and reason."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.bulk import wishes
from syncjobs.bulk.wishes import BadRow
from tests.long import LONG

ID = "8c077f20-1586-11e4-bcb3-00163e56be7c"


def test_a_whole_contact_is_understood():
    wish = wishes.read(
        {
            "id": "ignored",
            "email": " ann@people.example ",
            "first_name": "Ann",
            "last_name": None,
            "phones": [{"phone": "555 1000"}, {"phone": "555 2000", "type": "work"}],
            "addresses": [{"street_1": "1 Main St", "street_2": "Box 7", "postal_code": "02451"}],
            "custom_fields": {
                "Plan": "team",
                "Seats": 3,
                "Paid": True,
                "Colours": ["red", "blue"],
                "None": None,
            },
            "lists": [ID.upper(), {"id": ID}, {"name": "News"}, "Old"],
            "tags": {"add": ["VIP"], "remove": [{"id": ID}]},
            "remote_data": {"job_title": "Baker", "birthday_month": 3},
            "consent": {"permission_to_send": "implicit"},
        }
    )
    assert wish.email == "ann@people.example"
    assert wish.kept() == {
        "values": {
            "first_name": "Ann",
            "phone": "555 1000",
            "work_phone": "555 2000",
            "street": "1 Main St, Box 7",
            "zip": "02451",
            "job_title": "Baker",
            "birthday_month": "3",
        },
        "custom": {"Plan": "team", "Seats": "3", "Paid": "true", "Colours": "red; blue"},
        "join": [f"id:{ID}", "name:News", "name:Old"],
        "tag": ["name:VIP"],
        "untag": [f"id:{ID}"],
    }


def test_set_says_what_there_is_to_be():
    wish = wishes.read({"email": "a@b.example", "lists": {"set": ["News"]}, "tags": {"set": []}})
    assert wish.kept() == {"join": ["name:News"], "set_lists": True, "set_tags": True}


def test_whoever_leaves_wants_nothing_else():
    wish = wishes.read({"email": "a@b.example", "action": "delete", "lists": ["News"], "first_name": "A"})
    assert (wish.action, wish.kept()) == ("delete", {})


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        ("text", "", "not_a_contact"),
        ({}, "email", "missing_email"),
        ({"email": "  "}, "email", "missing_email"),
        ({"email": ["a"]}, "email", "not_a_value"),
        ({"email": "a\x00b"}, "email", "control_character"),
        ({"email": "\ud800"}, "email", "control_character"),
        ({"email": "a" * 321}, "email", "email_too_long"),
        ({"action": "drop"}, "action", "unknown_action"),
        ({"nickname": "A"}, "nickname", "unknown_field"),
        ({"first_name": {}}, "first_name", "not_a_value"),
        ({"phones": "555"}, "phones", "not_a_list"),
        ({"phones": [5]}, "phones.0", "not_an_object"),
        ({"phones": [{"phone": "1", "type": "fax"}]}, "phones.0.type", "unknown_type"),
        ({"phones": [{"phone": "1"}, {"phone": "2", "type": "other"}]}, "phones.1", "same_type"),
        ({"addresses": [{"city": "A"}, {"city": "B", "type": "home"}]}, "addresses.1", "same_type"),
        ({"custom_fields": []}, "custom_fields", "not_an_object"),
        ({"custom_fields": {"": "x"}}, "custom_fields", "unnamed_field"),
        ({"custom_fields": {str(one): "x" for one in range(26)}}, "custom_fields", "too_many_fields"),
        ({"lists": "News"}, "lists", "not_a_list"),
        ({"lists": {"put": []}}, "lists", "not_a_list"),
        ({"lists": {"add": "News"}}, "lists.add", "not_a_list"),
        ({"lists": [7]}, "lists.0", "not_a_name"),
        ({"lists": [{"id": "7"}]}, "lists.0", "bad_id"),
        ({"lists": {"set": [], "add": ["A"]}}, "lists", "set_and_more"),
        ({"lists": {"add": ["A"], "remove": ["A"]}}, "lists", "add_and_remove"),
        ({"tags": [str(one) for one in range(51)]}, "tags", "too_many_tags"),
        (
            {"consent": {"permission_to_send": "explicit"}},
            "consent.evidence.source",
            "consent_evidence_missing",
        ),
        (
            {"consent": {"evidence": {"source": "a", "at": "soon", "text": "b"}}},
            "consent.evidence.at",
            "not_a_time",
        ),
        (
            {"consent": {"evidence": {"source": "a", "at": "2999-01-01", "text": "b"}}},
            "consent.evidence.at",
            "not_a_time",
        ),
        ({"consent": {"opt_in_source": "Contact"}}, "consent.evidence.source", "consent_evidence_missing"),
        ({"consent": {"permission_to_send": "unsubscribed"}}, "consent.permission_to_send", "use_action"),
        ({"remote_data": {"notes": "x"}}, "remote_data.notes", "unknown_field"),
    ],
)
def test_what_cannot_be_meant_is_named(row, place, reason):
    whole = {"email": "a@b.example", **row} if isinstance(row, dict) and row else row
    with pytest.raises(BadRow) as refused:
        wishes.read(whole)
    assert (refused.value.place, refused.value.reason) == (place, reason)


TEXTS = st.text(alphabet="aZ7 -;@ß\x00\ud800\n", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*wishes.READERS, "email", "action", "id", "nickname"])


@settings(max_examples=500 if LONG else 40, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_json_is_a_wish_or_a_bad_row(row):
    with suppress(BadRow):
        kept = json.dumps(wishes.read({"email": "a@b.example", **row}).kept())
        assert "\\u0000" not in kept and "\\ud800" not in kept
