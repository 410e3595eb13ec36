"""The help in the product, as it looks and by keyboard; it needs no script."""

import pytest

from config.docs import PAGES
from tests.browser.conftest import NewVisitor
from tests.browser.looking import examine
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow


def test_every_page_of_help_looks_right(visitor: Visitor) -> None:
    problems = []
    for slug in ("", *(page.slug for page in PAGES)):
        visitor.go(f"/docs/{slug}/" if slug else "/docs/")
        problems += examine(visitor.page, slug or "index")
    assert not problems, "\n".join(problems)


def test_help_is_read_from_end_to_end_without_script(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(java_script_enabled=False)
    page = visitor.page
    visitor.go("/docs/")
    page.get_by_role("link", name=PAGES[0].title, exact=True).click()
    for following in PAGES[1:]:
        page.get_by_role("link", name="Next", exact=True).click()
        page.get_by_role("heading", level=1, name=following.title).wait_for()


def test_the_redirect_uri_can_be_copied(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    visitor.go("/docs/go-live/")
    sample = page.locator(".code", has=page.locator("#redirect-uri"))
    sample.get_by_role("button").click()
    sample.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#redirect-uri").inner_text()
