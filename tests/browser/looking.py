"""How a page is examined: by axe for WCAG 2.2 AA, for sideways scrolling, and for the words every page must have."""

import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import axe_playwright_python  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Page

from tests.long import LONG

SHOTS = os.environ.get("PATCHBAY_SHOTS", "")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
Looks = list[tuple[dict[str, int], str]]
# The two that differ most; all four on demand.
OPPOSITE: Looks = [(WIDE, "light"), (NARROW, "dark")]
ALL: Looks = [(view, scheme) for view in (WIDE, NARROW) for scheme in ("light", "dark")]
LOOKS = ALL if LONG else OPPOSITE
EVERYTHING = json.dumps({"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
# Wide and dark differs from wide and light in colours alone.
COLOURS = json.dumps({"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]})
# The short form measures colours, which takes three quarters of the time, on two of each kind of part: a part is of the
# kind of another where both stand in the same place and are made of the same elements, classes and attributes.
IN_SHORT = f"""async () => {{
    const word = one => one.tagName + '.' + one.getAttribute('class') + ' ' + one.getAttributeNames().join();
    const seen = new Map();
    const mark = (one, above) => {{
        delete one.dataset.alike;
        const place = above + '/' + word(one);
        const kind = place + '/' + [...one.querySelectorAll('*')].map(word).join();
        seen.set(kind, (seen.get(kind) || 0) + 1);
        if (seen.get(kind) > 2) one.dataset.alike = '';
        else for (const inner of one.children) mark(inner, place);
    }};
    mark(document.body, '');
    const all = {{...{EVERYTHING}, rules: {{'color-contrast': {{enabled: false}}}}}};
    const colours = {{runOnly: ['color-contrast'], resultTypes: ['violations']}};
    return [
        ...(await axe.run(document, all)).violations,
        ...(await axe.run({{exclude: [['[data-alike]']]}}, colours)).violations,
    ];
}}"""


def examine(page: Page, name: str, looks: Looks = LOOKS) -> list[str]:
    """Everything wrong with the page that is open; in the short form by one of the looks, which depends on its name."""
    if not LONG:
        looks = [looks[zlib.crc32(name.encode()) % len(looks)]]
    page.wait_for_load_state()
    problems = [f"{name}: {problem}" for problem in _frame(page)]
    page.evaluate(AXE)
    for view, scheme in looks:
        page.set_viewport_size(view)  # type: ignore[arg-type]  # a size
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of two words
        where = f"{name} ({view['width']} px, {scheme})"
        problems += [f"{where}: {violation}" for violation in _violations(page, scheme)]
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if too_wide > 0:
            problems.append(f"{where}: scrolls sideways by {too_wide} px")
    _keep_pictures(page, name)
    return problems


def _keep_pictures(page: Page, name: str) -> None:
    """With PATCHBAY_SHOTS=folder, a picture of each look, for people."""
    plain = re.sub(r"[^\w, ]+", "-", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", name)).strip("-")
    for view, scheme in ALL if SHOTS else ():
        page.set_viewport_size(view)  # type: ignore[arg-type]  # a size
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        page.screenshot(path=Path(SHOTS) / f"{plain}-{view['width']}-{scheme}.png", full_page=True)


def _violations(page: Page, scheme: str) -> list[str]:
    options = COLOURS if scheme == "dark" and page.viewport_size == WIDE else EVERYTHING
    run = f"axe.run(document, {options}).then(found => found.violations)" if LONG else IN_SHORT
    found: list[dict[str, Any]] = page.evaluate(run)
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in found
        for node in violation["nodes"][:3]
    ]


def _frame(page: Page) -> list[str]:
    """One heading, a title that says where one is, help in its place, and the environment in words."""
    problems = []
    if page.locator("h1").count() != 1:
        problems.append(f"{page.locator('h1').count()} headings of the first level")
    if " · Patchbay" not in page.title():
        problems.append(f"the title is {page.title()!r}")
    if page.get_by_role("link", name="Help").count() < 1:
        problems.append("no way to help")
    if (
        page.locator(".workspace-name").count()
        and "environment" not in page.locator(".workspace-name").inner_text()
    ):
        problems.append("the environment is not named")
    return problems
