"""What taking a set-up live would change: a table of cases, and that doing it leaves nothing to do."""

from dataclasses import replace

import pytest

from mapping.promotion import (
    ADDED,
    CANNOT,
    CHANGED,
    SAME,
    AccountList,
    CustomField,
    FieldSetting,
    ListSetting,
    SetUp,
    difference,
    digest,
    left_alone,
    said_field,
    said_list,
)

PLAN = CustomField("there-1", "Plan", "string")
EMAIL = FieldSetting("Email", "standard", "email")
FIRST = FieldSetting("First", "standard", "first_name")
CUSTOM = FieldSetting("Plan", "custom", "here-1", "Plan", "string")
NEW = FieldSetting("Plan", "new", "", "Plan", "string")
IN_LIVE = FieldSetting("Plan", "custom", "there-1", "Plan", "string")
UNMAPPED = FieldSetting("Notes")


def one_field(test, *live, custom=(), most=300):
    (change,) = difference(
        SetUp((test,)), SetUp(tuple(live), custom_fields=tuple(custom)), most_fields=most
    ).fields
    return change


@pytest.mark.parametrize(
    ("test", "live", "custom", "verdict", "after"),
    [
        (EMAIL, [], [], ADDED, EMAIL),
        (EMAIL, [EMAIL], [], SAME, EMAIL),
        (EMAIL, [FieldSetting("Email", "ignored")], [], CHANGED, EMAIL),
        (EMAIL, [FieldSetting("Email")], [], CHANGED, EMAIL),
        (FieldSetting("Email", "ignored"), [EMAIL], [], CHANGED, FieldSetting("Email", "ignored")),
        (FieldSetting("Lists", "lists"), [], [], ADDED, FieldSetting("Lists", "lists")),
        (CUSTOM, [], [], ADDED, NEW),
        (CUSTOM, [], [PLAN], ADDED, IN_LIVE),
        (CUSTOM, [IN_LIVE], [PLAN], SAME, IN_LIVE),
        (CUSTOM, [NEW], [], SAME, NEW),
        (CUSTOM, [NEW], [PLAN], CHANGED, IN_LIVE),
        (NEW, [], [], ADDED, NEW),
        (NEW, [], [PLAN], ADDED, IN_LIVE),
        (NEW, [replace(NEW, type="number")], [], CHANGED, NEW),
        (replace(CUSTOM, label="PLAN"), [NEW], [], SAME, replace(NEW, label="PLAN")),
        (replace(CUSTOM, label="PLAN"), [], [PLAN], ADDED, IN_LIVE),
        (UNMAPPED, [], [], ADDED, UNMAPPED),
        (UNMAPPED, [UNMAPPED], [], SAME, UNMAPPED),
        # What test only declares leaves live's choice as it is.
        (FieldSetting("Email"), [EMAIL], [], SAME, EMAIL),
        (CUSTOM, [replace(IN_LIVE, target="gone", label="", type="")], [PLAN], CHANGED, IN_LIVE),
    ],
)
def test_a_field(test, live, custom, verdict, after):
    change = one_field(test, *live, custom=custom)
    assert (change.verdict, change.after, change.reason) == (verdict, after, "")


@pytest.mark.parametrize(
    ("test", "live", "custom", "reason"),
    [
        (CUSTOM, [], [replace(PLAN, type="number")], "holds number, the one in test text"),
        (replace(CUSTOM, label="", type=""), [], [], "is gone"),
        (replace(CUSTOM, type="single_select"), [], [], "cannot make a custom field of this kind"),
        (FieldSetting("Fax", "standard", "fax"), [], [], "not one any more"),
        (EMAIL, [FieldSetting("Address", "standard", "email")], [], "“Address” fills this already"),
        (CUSTOM, [replace(IN_LIVE, name="Tier")], [PLAN], "“Tier” fills this already"),
        (NEW, [replace(NEW, name="Tier", label="plan")], [], "“Tier” fills this already"),
    ],
)
def test_what_cannot_be_taken_says_why(test, live, custom, reason):
    change = one_field(test, *live, custom=custom)
    assert change.verdict == CANNOT
    assert reason in change.reason


def test_a_select_that_live_has_already_can_be_taken():
    kind = replace(PLAN, type="single_select")
    assert one_field(replace(CUSTOM, type="single_select"), custom=[kind]).verdict == ADDED


def test_two_fields_may_change_places():
    test = SetUp((replace(EMAIL, name="A"), replace(FIRST, name="B")))
    live = SetUp((replace(FIRST, name="A"), replace(EMAIL, name="B")))
    assert difference(test, live, most_fields=300).counts == {ADDED: 0, CHANGED: 2, SAME: 0, CANNOT: 0}


def test_a_refusal_refuses_what_depends_on_it():
    """A cannot leave first_name, since Z has e-mail; so B cannot come to first_name."""
    test = SetUp((replace(EMAIL, name="A"), replace(FIRST, name="B")))
    live = SetUp((replace(FIRST, name="A"), replace(EMAIL, name="Z")))
    found = difference(test, live, most_fields=300)
    assert [(one.verdict, one.reason[:12]) for one in found.fields] == [
        (CANNOT, "In live, “Z”"),
        (CANNOT, "In live, “A”"),
    ]


def test_who_has_the_place_keeps_it_whatever_the_order():
    test = SetUp((NEW, replace(CUSTOM, name="Tier")))
    live = SetUp((replace(IN_LIVE, name="Tier"),), custom_fields=(PLAN,))
    found = difference(test, live, most_fields=300)
    assert [(one.after.name, one.verdict) for one in found.fields] == [("Plan", CANNOT), ("Tier", SAME)]


def test_there_is_room_for_so_many_fields():
    test = SetUp((EMAIL, FIRST, UNMAPPED))
    found = difference(test, SetUp((FieldSetting("Own"),)), most_fields=3)
    assert [one.verdict for one in found.fields] == [ADDED, ADDED, CANNOT]
    assert "at most 3" in found.fields[2].reason


NEWS = ListSetting("news", "there", "here-9", "News")


@pytest.mark.parametrize(
    ("test", "live", "there", "verdict", "after"),
    [
        (NEWS, [], [], ADDED, ListSetting("news", "new", "", "News")),
        (NEWS, [], [AccountList("l1", "NEWS")], ADDED, ListSetting("news", "there", "l1", "NEWS")),
        (
            NEWS,
            [ListSetting("News", "there", "l1", "News")],
            [AccountList("l1", "News")],
            SAME,
            replace(NEWS, target="l1"),
        ),
        (
            NEWS,
            [ListSetting("news", "there", "l2", "Other")],
            [AccountList("l1", "News")],
            CHANGED,
            replace(NEWS, target="l1"),
        ),
        (
            NEWS,
            [ListSetting("news", "new", "", "news")],
            [],
            SAME,
            ListSetting("news", "new", "", "News"),
        ),
        (ListSetting("x", "ignored"), [], [], ADDED, ListSetting("x", "ignored")),
        (ListSetting("x", "ignored"), [ListSetting("x", "ignored")], [], SAME, ListSetting("x", "ignored")),
        (replace(NEWS, label=""), [], [], CANNOT, replace(NEWS, label="")),
    ],
)
def test_a_list(test, live, there, verdict, after):
    (change,) = difference(
        SetUp(lists=(test,)), SetUp(lists=tuple(live), account_lists=tuple(there)), most_fields=300
    ).lists
    assert (change.verdict, change.after) == (verdict, after)
    assert bool(change.reason) == (verdict == CANNOT)


def test_what_live_has_besides_is_left_alone():
    live = SetUp((EMAIL, FieldSetting("Own", "ignored")), (ListSetting("own", "ignored"),))
    assert left_alone(SetUp((EMAIL,)), live) == ["Own", "own"]
    assert difference(SetUp((EMAIL,)), live, most_fields=300).size == 0


def test_the_fingerprint_follows_both_sides():
    sides = (SetUp((EMAIL,)), SetUp((FIRST,)))
    changed = [
        digest(*sides),
        digest(sides[1], sides[0]),
        digest(sides[0], SetUp((FIRST,), custom_fields=(PLAN,))),
        digest(SetUp((EMAIL, UNMAPPED)), sides[1]),
    ]
    assert len(set(changed)) == 4
    assert digest(*sides) == changed[0]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (None, "Not there"),
        (EMAIL, "E-mail address"),
        (IN_LIVE, "Plan, custom field (text)"),
        (NEW, "Plan, new custom field (text)"),
        (replace(CUSTOM, label=""), "A custom field that is gone"),
        (FieldSetting("Lists", "lists"), "Names the lists a person is on"),
        (FieldSetting("X", "ignored"), "Not sent"),
        (UNMAPPED, "Not mapped yet"),
    ],
)
def test_a_field_in_words(setting, words):
    assert said_field(setting) == words


def test_a_list_in_words():
    settings = (
        None,
        NEWS,
        ListSetting("a", "new", "", "B"),
        ListSetting("a", "ignored"),
        replace(NEWS, label=""),
    )
    assert [said_list(one) for one in settings] == [
        "Not there",
        "News",
        "B, new list",
        "No list",
        "A list that is gone",
    ]
