"""A customer connects in a pop-up of the vendor's page, which hears of it from the page that they come back to."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow
# The vendor's two pages: one opens the link and keeps the window, the other is where the customer comes back to.
PAGES = {
    "/": """<button id="go">Connect</button><p id="heard">nothing yet</p><script>
        let opened;
        go.onclick = () => { opened = open(location.hash.slice(1), "connect", "popup,width=520,height=680"); };
        addEventListener("message", e => { heard.textContent = e.data; });
        window.isClosed = () => opened.closed;
    </script>""",
    "/done": "<script>opener.postMessage(new URLSearchParams(location.search).get('result'), '*');</script>",
}


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = PAGES.get(self.path.partition("?")[0], "").encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[str]:
    """The vendor's site, of another origin than Patchbay's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _link(owner: Visitor, back: str) -> str:
    """The address of a link, as the vendor's program gets it."""
    place = owner.place
    owner.go(f"{place}/developers/returns/")
    owner.page.locator("textarea").fill(back)
    owner.click("Save the addresses")
    owner.click("Create a token", "link")
    owner.page.locator("#id_name").fill("Shop")
    owner.page.get_by_label("Make links by which a customer connects an account").check()
    owner.click("Create the token")
    token = owner.page.locator("#token-text").inner_text()
    made = httpx.post(
        f"{owner.origin}/api/link-token",
        json={"tenant_id": "customer-7", "redirect_uri": back},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).raise_for_status()
    return str(made.json()["result"]["connect_url"])


def test_the_page_that_opened_it_hears_the_end(visitor: Visitor, vendor: str) -> None:
    visitor.arrive()
    address = _link(visitor, f"{vendor}/done")
    page = visitor.page
    page.goto(f"{vendor}/#{address}")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Connect").click()
    popup = opened.value
    popup.get_by_role("button", name="Continue to Constant Contact").wait_for()
    assert not page.evaluate("isClosed()"), "the customer still reads in it"
    visitor.page = popup
    visitor.click("Continue to Constant Contact")
    popup.get_by_role("group", name="Acme Bakery").get_by_label("Account owner").check()
    assert not page.evaluate("isClosed()")
    visitor.click("Allow")
    expect(page.locator("#heard")).to_have_text("success")
