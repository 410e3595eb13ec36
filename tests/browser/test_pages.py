"""Every page in every state: axe finds nothing, nothing scrolls sideways, and each says where one is.

Wide and narrow, light and dark; WCAG 2.0 to 2.2, A and AA. The states are rows (see `scenes`), or come by real use.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.browser.conftest import NewVisitor, built
from tests.browser.looking import LOOKS, NARROW, OPPOSITE, examine
from tests.browser.visitor import Visitor
from tests.harness import Patchbay
from tests.long import LONG

pytestmark = pytest.mark.slow
OPEN_TO_ALL = {
    "sign in": "/accounts/login/",
    "sign up": "/accounts/signup/",
    "reset the password": "/accounts/password/reset/",
    "reset mail sent": "/accounts/password/reset/done/",
    "a dead reset link": "/accounts/password/reset/key/1-dead/",
    "help": "/help/",
    "nothing is here": "/nowhere/",
    "an attempt of nobody": "/connect/ended/state_unknown/",
}
OWN = {
    "sign out": "/accounts/logout/",
    "e-mail addresses": "/accounts/email/",
    "change the password": "/accounts/password/change/",
    "help, signed in": "/help/",
}


@pytest.fixture(scope="module")
def scenes(stack: Patchbay) -> dict[str, Any]:
    """Made once, in the running Patchbay."""
    return built(stack, "scenes")


def _tour(visitor: Visitor, addresses: dict[str, str]) -> None:
    problems = []
    for name, path in addresses.items():
        visitor.go(path)
        alike = name.startswith("ended,") and not name.endswith("wrong_account")
        problems += examine(visitor.page, name, OPPOSITE if alike else LOOKS)
    assert not problems, "\n".join(problems)


def test_without_signing_in(visitor: Visitor) -> None:
    """What anybody sees."""
    _tour(visitor, OPEN_TO_ALL)


@pytest.mark.parametrize("part", ["account", "job", "ended", "rest"])
def test_of_an_owner(visitor: Visitor, scenes: dict[str, Any], part: str) -> None:
    """All that a workspace can show."""
    named = {"account": ("account", "accounts"), "job": ("job", "jobs"), "ended": ("ended",)}
    others = {word for words in named.values() for word in words}
    found = {
        name: path
        for name, path in {**scenes["owner"], **OWN}.items()
        if (name.partition(",")[0] in named[part] if part in named else name.partition(",")[0] not in others)
    }
    assert len(found) > 5
    if not LONG:  # the ends of a link are one page: the two with facts of the attempt, and every fifth
        words, every = list(found), 5 if part == "ended" else 2
        found = {name: found[name] for name in words if "?" in found[name] or words.index(name) % every == 0}
    visitor.come_as(scenes["people"]["owner"])
    _tour(visitor, found)


def test_a_job_in_every_state_says_so(visitor: Visitor, scenes: dict[str, Any]) -> None:
    """In the words of the glossary; the scenes are what their names say."""
    visitor.come_as(scenes["people"]["owner"])
    for name, path in scenes["owner"].items():
        if name.startswith("job, "):
            visitor.go(path)
            word = (
                "Running"
                if name in {"job, reading", "job, sending"}
                else name.removeprefix("job, ").capitalize()
            )
            assert visitor.page.locator("#job-sentence .status").inner_text() == word, name


def test_of_a_viewer(visitor: Visitor, scenes: dict[str, Any]) -> None:
    """What one who may not change anything sees, and the choice of a workspace."""
    visitor.come_as(scenes["people"]["member"])
    owner = scenes["owner"]
    _tour(
        visitor,
        {
            "workspaces": "/",
            "you may not do this": owner["upload"],
            "accounts, read only": owner["accounts, many"],
            "mapping, read only": owner["mapping"],
            "job, read only": owner["job, failed part-way"],
        },
    )


def test_of_who_just_came(visitor: Visitor, scenes: dict[str, Any]) -> None:
    """A workspace with nothing in it."""
    visitor.come_as(scenes["people"]["stranger"])
    _tour(visitor, scenes["stranger"])


def test_forms_that_need_another_answer(visitor: Visitor, scenes: dict[str, Any]) -> None:
    """Each form refused: said at its top, with the focus, at its field, and in the tab's title."""
    page, owner = visitor.page, scenes["owner"]
    problems = []

    def refused(name: str, button: str) -> None:
        page.get_by_role("button", name=button).first.click()  # passkeys sign in by one more
        page.wait_for_selector(".error-summary")
        if not page.title().startswith("Error:") or page.title().count("Error:") > 1:
            problems.append(f"{name}: the title is {page.title()!r}")
        if page.locator(".error-summary").count() > 1:
            problems.append(f"{name}: what is wrong is said in several places")
        if not page.evaluate("document.activeElement.matches('.error-summary')"):
            problems.append(f"{name}: the focus is on {visitor.focused()}")
        problems.extend(examine(page, name))

    visitor.go("/accounts/login/")
    page.get_by_label("E-mail address").fill("nobody@people.example")
    page.get_by_label("Password").fill("something else")
    refused("sign in, wrong password", "Sign in")
    visitor.go("/accounts/signup/")
    page.get_by_label("Name of your workspace").fill("---")
    page.get_by_label("Password").fill("short")
    refused("sign up, all wrong", "Create workspace")
    visitor.come_as(scenes["people"]["owner"])
    visitor.go(owner["upload"])
    refused("upload, no file", "Upload and match columns")
    header = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Email,First name\r\n"}
    page.get_by_label("CSV file").set_input_files(header)  # type: ignore[arg-type]  # a file
    refused("upload, header only", "Upload and match columns")
    visitor.go(owner["columns"])
    visitor.choose("Notes", "E-mail address")
    page.get_by_text("not saved yet").wait_for()
    refused("columns, one place twice", "Save and go on to lists")
    visitor.go(owner["lists and permission"])
    refused("lists, nothing chosen", "Import about")
    visitor.go(owner["account, with jobs"] + "consent/")
    page.get_by_label("Why they may be e-mailed").fill("")
    refused("basis, nothing said", "Record this basis")
    visitor.go(owner["mapping"])
    refused("mapping, a broken row", "Save the mapping")
    empty = page.locator("#lists ~ ul input[type=text]:visible").first
    empty.fill("")
    refused("mapping, a broken row and a list without a name", "Save the mapping")
    visitor.choose("Loyalty tier", "Not sent")
    empty.fill("")
    refused("mapping, a list without a name", "Save the mapping")
    assert not problems, "\n".join(problems)


READ_TIMES = "() => [...document.querySelectorAll('main time')].map(one => [one.dateTime, one.innerText])"


def _times(visitor: Visitor, zone: str, name: str) -> None:
    """Every time of the page is told by this zone's clock, which is named; another than UTC holds UTC as well."""
    read = visitor.page.evaluate(READ_TIMES)
    assert read
    for moment, words in read:
        at = datetime.fromisoformat(moment)
        there = at.astimezone(ZoneInfo(zone))
        expected = f"{there.day} {there:%b %Y, %H:%M} {name}"
        assert " ".join(words.split()) == (
            expected if name == "UTC" else f"{expected} ({at:%Y-%m-%d %H:%M} UTC)"
        )


def test_times_are_the_readers_own(new_visitor: NewVisitor, scenes: dict[str, Any]) -> None:
    """By the browser's clock, in what is swapped in too; in UTC, and saying so, where there is no script."""
    zone = "Asia/Kolkata"
    visitor, plain = new_visitor(timezone_id=zone), new_visitor(timezone_id=zone, java_script_enabled=False)
    for one in (visitor, plain):
        one.come_as(scenes["people"]["owner"])
        one.go(scenes["owner"]["accounts, many"])
    _times(visitor, zone, "GMT+5:30")
    _times(plain, "UTC", "UTC")
    visitor.page.get_by_label("Health").select_option(value="working")
    visitor.page.locator("#results").get_by_text("1 account: working").wait_for()
    _times(visitor, zone, "GMT+5:30")


def test_the_pre_screen_fits(new_visitor: NewVisitor, scenes: dict[str, Any]) -> None:
    """In a pop-up of 360 by 560 nobody has to scroll to the button."""
    visitor = new_visitor(viewport={"width": NARROW["width"], "height": 560})
    visitor.come_as(scenes["people"]["owner"])
    visitor.go(scenes["owner"]["pre-screen"])
    button = visitor.page.get_by_role("button", name="Continue to Constant Contact").bounding_box()
    assert button is not None and button["y"] + button["height"] <= 560
