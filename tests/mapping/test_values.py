"""Values as the provider takes them, as tables."""

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from mapping import values
from mapping.consent import may_import
from mapping.fields import STANDARD, Place, names_lists, suggested_standard
from mapping.translation import Plan, translate
from mapping.values import BadValue, clean

NUMBER, DATE, FLAG = (Place("cf:x", "X", kind, 255) for kind in ("number", "date", "boolean"))
SELECT = Place("cf:x", "X", "single_select", 255, ("Red", "Green"))
MANY = Place("cf:x", "X", "multi_select", 255, ("Red", "Green"))


@pytest.mark.parametrize(
    ("value", "place", "sent"),
    [
        ("  Ada ", STANDARD["first_name"], "Ada"),
        ("", STANDARD["first_name"], ""),
        ("Ada@Example.COM", STANDARD["email"], "Ada@example.com"),
        ("a@b.test", STANDARD["email"], "a@b.test"),
        ("zoë@example.com", STANDARD["first_name"], "zoë@example.com"),
        *(
            (number, STANDARD["phone"], number)
            for number in (
                "+1 555 0100",
                "(555) 123-4567",
                "(781) 555-0100 x12",
                "(030) 1234567",
                "781–555–0100",
            )
        ),
        *(
            (number, STANDARD["phone"], number)
            for number in ("112", "tel. 781/555/0100", "1-800-FLOWERS 1", "٠١٢٣")
        ),
        ("12.50", NUMBER, "12.50"),
        ("1,234.5", NUMBER, "1234.5"),
        ("2026-2-5", DATE, "2026-02-05"),
        ("11/23/2026", DATE, "2026-11-23"),
        ("Yes", FLAG, "true"),
        ("0", FLAG, "false"),
        ("red", SELECT, "Red"),
        ("red; GREEN", MANY, "Red; Green"),
        ("2", STANDARD["birthday_month"], "2"),
    ],
)
def test_taken(value, place, sent):
    assert clean(value, place) == sent


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        ("nonsense", STANDARD["email"], "invalid_email"),
        ("a@b@c.example", STANDARD["email"], "invalid_email"),
        ("a" * 80 + "@example.com", STANDARD["email"], "email_too_long"),
        ("x" * 51, STANDARD["first_name"], "too_long"),
        ("a\x01b", STANDARD["first_name"], "control_character"),
        ("call me", STANDARD["phone"], "not_a_phone"),
        ("room 12", STANDARD["phone"], "not_a_phone"),
        ("555 0100\n555 0101", STANDARD["phone"], "not_a_phone"),
        ("5" * 26, STANDARD["phone"], "too_long"),
        ("twelve", NUMBER, "not_a_number"),
        ("NaN", NUMBER, "not_a_number"),
        ("1,23", NUMBER, "not_a_number"),
        ("1e5", NUMBER, "not_a_number"),
        ("2026-02-30", DATE, "not_a_date"),
        ("23/11/2026", DATE, "not_a_date"),
        ("tomorrow", DATE, "not_a_date"),
        ("perhaps", FLAG, "not_yes_or_no"),
        ("blue", SELECT, "not_a_choice"),
        ("13", STANDARD["birthday_month"], "bad_birthday"),
        ("1" * 5000, STANDARD["birthday_month"], "bad_birthday"),
        ("²", STANDARD["birthday_day"], "bad_birthday"),
    ],
)
def test_refused(value, place, reason):
    with pytest.raises(BadValue) as problem:
        clean(value, place)
    assert problem.value.reason == reason


PLAN = Plan(
    {0: STANDARD["email"], 1: STANDARD["birthday_month"], 2: STANDARD["birthday_day"]},
    list_columns=(3,),
    lists={"news": "id-news", "off": None},
    everyone=frozenset({"id-all"}),
)


def test_a_row_in_the_providers_terms():
    row = translate(PLAN, ["a@b.example", "2", "5", "News; off"])
    assert (row.email, row.values) == ("a@b.example", {"birthday_month": "2", "birthday_day": "5"})
    assert row.list_ids == ("id-all", "id-news")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["", "", "", ""], "missing_email"),
        (["a@b.example", "2", "", ""], "bad_birthday"),
        (["a@b.example", "", "", "Elsewhere"], "unknown_list"),
    ],
)
def test_a_row_that_cannot_be_sent(row, reason):
    with pytest.raises(BadValue) as problem:
        translate(PLAN, row)
    assert problem.value.reason == reason


def test_a_row_on_no_list():
    plan = Plan({0: STANDARD["email"]}, list_columns=(1,), lists={"off": None})
    with pytest.raises(BadValue, match="names no list"):
        translate(plan, ["a@b.example", "off"])


@pytest.mark.parametrize(
    ("standing", "send"), [("absent", True), ("active", True), ("unsubscribed", False), ("deleted", False)]
)
def test_consent(standing, send):
    assert may_import(standing).send is send


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("E-Mail", "email"),
        ("First name", "first_name"),
        ("SURNAME", "last_name"),
        ("Postal code", "zip"),
        ("Status", ""),
        ("State", "state"),
    ],
)
def test_suggestions_are_only_plain_matches(name, column):
    assert suggested_standard(name) == column


def test_a_column_of_lists_is_recognised():
    assert names_lists("Mailing lists")
    assert not names_lists("Wish list price")


@given(st.from_regex(values._PLAIN, fullmatch=True))
def test_of_a_plain_address_the_library_has_nothing_to_say(address):
    if values.is_plain_address(address):
        found = validate_email(
            address, check_deliverability=False, test_environment=True, allow_quoted_local=False
        )
        assert (found.ascii_email, found.normalized) == (address, address)
