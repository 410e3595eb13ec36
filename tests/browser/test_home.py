"""Home, accounts, mapping, automations and jobs in every state: examined, by keyboard, and without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor, built
from tests.browser.looking import NARROW, examine
from tests.browser.visitor import Visitor
from tests.harness import Patchbay
from tests.long import LONG

pytestmark = pytest.mark.slow
BUSY = {
    "home": "/",
    "accounts": "/accounts/",
    "accounts, second page": "/accounts/?q=a",
    "accounts, searched": "/accounts/?q=account+7",
    "accounts, filtered": "/accounts/?health=late",
    "accounts, no match": "/accounts/?q=nobody&health=stopped",
    "mapping": "/mapping/",
    "mapping, no match": "/mapping/?q=nobody",
    "automations": "/automations/",
    "jobs": "/jobs/",
    "jobs, filtered": "/jobs/?since=24h&outcome=created",
    "jobs, none fits": "/jobs/?account=00000000-0000-0000-0000-000000000000",
}
# The same pages with other rows on them.
MORE_OF_THE_SAME = {
    "accounts, second page",
    "accounts, searched",
    "accounts, filtered",
    "mapping, no match",
    "jobs, filtered",
}
SECTIONS = ("/", "/accounts/", "/mapping/", "/automations/")


@pytest.fixture(scope="module")
def homes(stack: Patchbay) -> dict[str, Any]:
    """Made once, in the running Patchbay."""
    return built(stack, "homes")


def _tour(visitor: Visitor, addresses: dict[str, str]) -> None:
    problems = []
    for name, path in addresses.items():
        visitor.go(path)
        problems += examine(visitor.page, name)
    assert not problems, "\n".join(problems)


# A viewer's pages are the owner's with less on them.
@pytest.mark.parametrize("who", ["owner", "member"] if LONG else ["owner"])
def test_a_busy_workspace(visitor: Visitor, homes: dict[str, Any], who: str) -> None:
    visitor.come_as(homes["people"][who])
    wanted = [name for name in BUSY if LONG or name not in MORE_OF_THE_SAME]
    _tour(visitor, {f"{name}, {who}": homes["busy"] + BUSY[name] for name in wanted})


def test_an_empty_workspace(visitor: Visitor, homes: dict[str, Any]) -> None:
    visitor.come_as(homes["people"]["stranger"])
    places = [(kind, path) for kind in ("test", "live") for path in SECTIONS]
    _tour(visitor, {f"empty {kind}{path}": f"{homes['empty']}/{kind}{path}" for kind, path in places})


def test_the_first_steps_done(visitor: Visitor, homes: dict[str, Any]) -> None:
    """One line, that can be opened again."""
    visitor.come_as(homes["people"]["finisher"])
    visitor.go(f"{homes['finished']}/live/")
    steps = visitor.page.get_by_role("list", name="Steps to the first contact")
    expect(steps).to_be_hidden()
    visitor.page.get_by_text("All 4 steps are done").click()
    expect(steps.get_by_role("listitem")).to_have_count(4)
    problems = examine(visitor.page, "home, all done")
    assert not problems, "\n".join(problems)


def test_the_list_follows_the_typing(visitor: Visitor, homes: dict[str, Any]) -> None:
    """Results, count and address change; the focus stays in the field, and the back button goes back."""
    visitor.come_as(homes["people"]["owner"])
    visitor.go(f"{homes['busy']}/accounts/")
    page = visitor.page
    page.get_by_label("Find an account").press_sequentially("Account 00007", delay=5)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#live-polite")).to_contain_text("1 account with “Account 00007”")
    assert visitor.focused() == "input#find"
    assert "q=Account%2000007" in page.url
    page.get_by_label("Health").focus()
    page.get_by_label("Health").select_option(value="late")
    expect(page.get_by_role("heading", name="No account fits")).to_be_visible()
    assert visitor.focused() == "select#choice"
    page.go_back()
    expect(page.locator("h1")).to_have_text("Accounts")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_home_moves_and_rests(visitor: Visitor, homes: dict[str, Any]) -> None:
    """It asks again by itself, keeps what is open and focused, and rests when nobody has been there for long."""
    visitor.come_as(homes["people"]["stranger"])
    page = visitor.page
    page.clock.install()
    visitor.go(f"{homes['empty']}/test/")
    page.locator("#steps-summary").focus()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.clock.run_for(31_000)
    expect(page.locator("#overview")).to_be_visible()
    page.wait_for_function("document.activeElement.id === 'steps-summary'")
    page.clock.fast_forward(31 * 60_000)
    page.clock.run_for(31_000)
    expect(page.get_by_text("Updates are resting")).to_be_visible()
    page.keyboard.press("Shift")
    expect(page.get_by_text("Updates are resting")).to_be_hidden()


def test_with_the_keyboard_alone(visitor: Visitor, homes: dict[str, Any]) -> None:
    """The menu, the switch and the pager are reached by Tab and used by Enter."""
    visitor.come_as(homes["people"]["owner"])
    visitor.go(f"{homes['busy']}/")
    page = visitor.page

    def press(name: str) -> None:
        wanted = page.get_by_role("link", name=name, exact=True).first.element_handle()
        for _ in range(300):
            page.keyboard.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab does not lead to {name}")

    press("Accounts")
    visitor.heading("Accounts")
    press("Next")
    page.wait_for_url(re.compile("after="))
    press("Switch to live")
    page.wait_for_url(re.compile("/live/accounts/"))
    visitor.heading("Accounts")


def test_the_menu_of_a_telephone_and_without_javascript(
    new_visitor: NewVisitor, homes: dict[str, Any]
) -> None:
    visitor = new_visitor(viewport=NARROW, java_script_enabled=False)
    visitor.come_as(homes["people"]["owner"])
    visitor.go(f"{homes['busy']}/")
    visitor.click("Menu")
    visitor.click("Accounts", "link")
    visitor.heading("Accounts")
    visitor.page.get_by_label("Find an account").fill("customer-7")
    visitor.click("Search")
    expect(visitor.page.locator("tbody tr")).to_have_count(1)
    visitor.page.get_by_label("Health").select_option(value="stopped")
    visitor.click("Search")
    visitor.click("Remove the filter “Stopped”", "link")
    expect(visitor.page.locator("tbody tr")).to_have_count(1)
    visitor.click("Menu")
    visitor.click("Automations", "link")
    visitor.click("All jobs", "link")
    visitor.page.get_by_label("State").select_option(value="needs-somebody")
    visitor.click("Show")
    expect(visitor.page.locator("#jobs-count")).to_contain_text("needs somebody")
    visitor.click("Next", "link")
    visitor.heading("Jobs")
