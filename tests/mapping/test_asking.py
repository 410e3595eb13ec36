"""What a program's query means, and a custom field's text as its type reads."""

import json

import pytest

from mapping.unified import asking
from mapping.unified.asking import Refused
from mapping.unified.contacts import FieldName, filters, typed


def asked(query):
    return asking.read([tuple(pair.split("=", 1)) for pair in query.split("&")])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("limit=3", "truto_ignore_limit=true"),
        ("truto_response_format=normalized", "truto_ignore_remote_data=false"),
    ],
)
def test_the_order_of_parameters_means_nothing(one, other):
    forth, back = asked(f"{one}&{other}"), asked(f"{other}&{one}")
    assert (forth.limit, forth.with_remote_data) == (back.limit, back.with_remote_data)
    assert forth.limit == asking.MOST or not forth.with_remote_data


@pytest.mark.parametrize("limit", ["9" * 4301, "0" * 4301, "١", "1.0", "-1", ""])
def test_a_limit_that_is_none_is_refused_however_long(limit):
    with pytest.raises(Refused):
        asked(f"limit={limit}")


@pytest.mark.parametrize(
    ("query", "left", "ignored"),
    [
        ("email[]=a@b.example&email[]=c@d.example", {}, ["email[]"]),
        ("email=a@b.example&email[eq]=c@d.example", {}, ["email"]),
        ("updated_at[gt]=2026-01-01&updated_at[gt]=2026-02-01", {}, ["updated_at[gt]"]),
        ("lists[id]=a&lists[id][in]=b,c", {"lists": ("a",)}, ["lists[id][in]"]),
        ("lists[id][]=a&lists[id][]=b", {"lists": ("a", "b")}, []),
        ("status=active&status[]=unsubscribed", {"status": "active,unsubscribed"}, []),
    ],
)
def test_no_value_of_a_filter_is_dropped_in_silence(query, left, ignored):
    found = asked(query)
    assert filters(found) == left
    assert found.ignored == ignored
    if ignored:
        with pytest.raises(Refused):
            filters(asked(f"{query}&strict=true"))


def test_what_is_for_the_provider_keeps_its_pairs_and_its_order():
    found = asked("remote_query[b]=1&remote_query[a]=2&remote_query[b][]=3")
    assert found.remote_query == (("b", "1"), ("a", "2"), ("b", "3"))
    found.withhold_query()
    assert found.ignored == ["remote_query[b]", "remote_query[a]"]
    with pytest.raises(Refused):
        asked("remote_query[b]=1&strict=true").withhold_query()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("12.5", 12.5),
        ("12.50", 12.5),
        *((text, text) for text in ("12345678901234567890", "0.12345678901234567891", "nan", "inf", "1e5")),
        *((text, text) for text in ("1_000", "007", "+5", " 5", "-0", "9" * 5000, "٣", "1,000", "")),
    ],
)
def test_a_number_is_one_only_where_nothing_of_it_is_lost(text, value):
    found = typed(text, FieldName("visits", "Visits", "number", {}))
    assert (found, type(found)) == (value, type(value))
    json.dumps(found, allow_nan=False)
