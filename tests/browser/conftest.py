"""One whole Patchbay and one Chromium for all browser tests; every visitor is checked for complaints at the end."""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visitor import Visitor, browsing, built, chromium
from tests.harness import Patchbay
from tests.prepared import open_place

__all__ = ["NewVisitor", "built"]
NewVisitor = Callable[..., Visitor]


@pytest.fixture(scope="package")
def stack() -> Iterator[Patchbay]:
    """Everything up, without the demo; the simulator does bulk jobs at once.

    At a name, not at 127.0.0.1: browsers give no passkey to an address of numbers.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        open_place(PUBLIC_URL=f"http://localhost:{port}") as place,
        Patchbay(place.data, "--no-demo", settings=place.settings, port=port) as patchbay,
    ):
        patchbay.simulator.ask("/_sim/clock", {"activity_seconds": 0.3})
        yield patchbay
        assert patchbay.is_running(), patchbay.output
        assert patchbay.stop() == 0


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, which ends with the last browser test: Playwright's event loop would be in the way of others here."""
    if chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No Chromium is installed, and in CI the browser tests may not be left out.")
        pytest.skip(
            "NO BROWSER: install Chromium (Debian: apt-get install chromium) to run the browser tests."
        )
    with browsing() as found:
        yield found


@pytest.fixture
def new_visitor(stack: Patchbay, browser: Browser) -> Iterator[NewVisitor]:
    """Makes people with a browser; options are those of a browser context."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options}
        )
        made.append(Visitor(stack, context))
        return made[-1]

    yield make
    complaints = [complaint for visitor in made for complaint in visitor.complaints]
    for visitor in made:
        visitor.context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    """A person at a desk, with JavaScript."""
    return new_visitor()
