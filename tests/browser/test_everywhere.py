"""Every address of the list of addresses, in a browser: examined, by keyboard alone, without JavaScript, by each role.

What is added to the list is looked at from that day on. In the short form a part of the list, spread by its names, so
that the parts of two runs are the same; all of it on demand.
"""

import zlib
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.middleware import FOR_PROGRAMS
from connections import roles
from tests.browser.conftest import NewVisitor, built
from tests.browser.looking import NARROW, WIDE, examine
from tests.browser.visitor import Visitor
from tests.harness import Patchbay
from tests.house.routes import JOB, Route, routes
from tests.house.test_role_matrix import ENDPOINTS, TABLE
from tests.long import LONG

pytestmark = pytest.mark.slow
# Answers for programs, and files. What a form alone is sent to says so when it is opened.
NO_PAGES = {
    "healthz",
    "readyz",
    "llms.txt",
    f"{JOB}rows.csv",
    "accounts/2fa/webauthn/login/",
    "accounts/2fa/recovery-codes/download/",
}
PARTS = 6
WANTED = range(PARTS if LONG else 1)
# Everything that the Tab key has to reach; of the radio buttons of one name it reaches one. From then on it is written
# down what gets the focus.
STOPS = """() => {
    window.reached = [];
    document.addEventListener('focusin', ({target: one}) => {
        const style = getComputedStyle(one);
        const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
        window.reached.push([one.dataset.stop || '', seen, one.outerHTML.slice(0, 120)]);
    });
    const found = new Set();
    const named = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    for (const one of document.querySelectorAll(named)) {
        const area = one.getBoundingClientRect();
        const shown = one.checkVisibility({visibilityProperty: true}) && area.width > 0 && area.height > 0;
        if (!shown || one.matches(':disabled') || one.tabIndex < 0) continue;
        one.dataset.stop = one.type === 'radio' ? 'radio ' + one.name : one.tagName + ' ' + found.size;
        found.add(one.dataset.stop);
    }
    return [...found];
}"""
# A button outside any form does nothing without a script, unless the browser itself knows what it opens.
DEAD = """() => [...document.querySelectorAll('button')].filter(
    one => one.checkVisibility() && !one.form && !one.hasAttribute('popovertarget') && !one.hasAttribute('commandfor')
).map(one => one.outerHTML.slice(0, 120))"""


def part_of(these: list[Route], part: int, parts: int = PARTS) -> list[Route]:
    """The pages among them that belong to a part."""
    return [
        one
        for one in these
        if one.pattern not in NO_PAGES
        and not f"/{one.pattern}".startswith(FOR_PROGRAMS)
        and zlib.crc32(one.pattern.encode()) % parts == part
    ]


@pytest.fixture(scope="module")
def everywhere(stack: Patchbay) -> dict[str, Any]:
    """Made once, in the running Patchbay."""
    return built(stack, "everywhere")


def by_keyboard(page: Page, name: str) -> list[str]:
    """Tab reaches all that can be used, and what has the focus can be seen."""
    stops, problems = set(page.evaluate(STOPS)), []
    reached: set[str] = set()
    # A date has a stop for each of its parts.
    for _ in range(len(stops) + 4 * page.locator("input[type=date]").count() + 3):
        page.keyboard.press("Tab")
    for stop, is_seen, what in page.evaluate("window.reached"):
        if stop and not is_seen and stop not in reached:
            problems.append(f"{name}: the focus cannot be seen on {what}")
        reached.add(stop)
    return [*problems, *(f"{name}: Tab does not reach {stop}" for stop in stops - reached)]


def open_page(visitor: Visitor, address: str) -> int:
    """Open it; the status of what came."""
    answer = visitor.page.goto(visitor.origin + address)
    assert answer is not None and answer.status < 500, address
    return answer.status


def tour(these: list[Route], ids: dict[str, Any], visitor: Visitor, plain: Visitor) -> list[str]:
    """What is wrong with the pages at these addresses, with JavaScript and without."""
    problems: list[str] = []
    seen: set[str] = set()
    for route in these:
        address = route.address(ids)
        open_page(visitor, address)
        if visitor.path in seen:
            continue
        seen.add(visitor.path)
        # What a page fetches once it is there takes the place of what the Tab key would reach.
        visitor.page.wait_for_function("!document.querySelector('[hx-trigger=load]')")
        visitor.page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a size
        problems += by_keyboard(visitor.page, address)
        problems += examine(visitor.page, address)
        heading = visitor.page.locator("h1").inner_text()
        open_page(plain, address)
        if plain.page.locator("h1").inner_text() != heading:
            problems.append(f"{address}: without JavaScript it is another page")
        problems += [
            f"{address}: without JavaScript this does nothing: {dead}" for dead in plain.page.evaluate(DEAD)
        ]
    assert seen
    return problems


@pytest.mark.parametrize("part", WANTED)
def test_what_is_open_to_all(new_visitor: NewVisitor, everywhere: dict[str, Any], part: int) -> None:
    visitor, plain = new_visitor(), new_visitor(java_script_enabled=False, viewport=NARROW)
    problems = tour(part_of(routes("public"), part), everywhere["ids"], visitor, plain)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("part", WANTED)
def test_what_is_open_to_its_people(new_visitor: NewVisitor, everywhere: dict[str, Any], part: int) -> None:
    visitor, plain = new_visitor(), new_visitor(java_script_enabled=False, viewport=NARROW)
    for one in (visitor, plain):
        one.come_as(everywhere["people"]["owner"])
    problems = tour(part_of(routes("workspace", "signed-in"), part), everywhere["ids"], visitor, plain)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("role", roles.ROLES if LONG else ["marketer"])
def test_a_role_opens_what_it_may_and_is_told_who_may_the_rest(
    visitor: Visitor, everywhere: dict[str, Any], role: str
) -> None:
    """The table is that of tests/house/test_role_matrix.py, which also sends every form."""
    visitor.come_as(everywhere["people"][role])
    for route in part_of(routes("workspace"), 0, 1 if LONG else 3):
        action, address = TABLE[route.pattern][0], route.address(everywhere["ids"])
        if action is None:
            continue
        status = open_page(visitor, address)
        if roles.may(role, action):
            # The page of a link that came to nothing is a 400 by itself.
            assert status in ({400} if "<slug:outcome>" in route.pattern else {200}), (address, status)
        else:
            assert status == 403, (address, status)
            expect(visitor.page.locator("main")).to_contain_text(roles.who_may(action))
    ids = {**everywhere["ids"], "account_id": everywhere["ids"]["connection_id"]}
    for route in routes("api"):
        assert route.pattern in ENDPOINTS
        answered = visitor.context.request.get(visitor.origin + route.address(ids))
        assert answered.status == 401, "a person's sign-in opens no endpoint"
