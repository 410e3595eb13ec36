"""A person with a browser: what they do on our pages, and whether the browser had anything to complain about.

Promises: every error in the browser's console, every script error and every violation of the content security
policy is kept in `complaints`; the fixture that hands a visitor out fails the test where there is one.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.harness import Patchbay, until

PASSWORD = "correct horse 9 staple"
NUMBERS = count(1)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Where Chromium is, if it is installed; rather without windows, which takes less time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser, for as long as a module needs it: its event loop must not outlive it in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def built(stack: Patchbay, builder: str) -> dict[str, Any]:
    """What this module of builders makes in the running Patchbay, and where each scene stands."""
    done = stack.manage("shell", "-v0", "-c", f"from tests.browser.{builder} import build; build()")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# Who waits to arrive, by the Patchbay's address and the name of their workspace.
WAITING: dict[str, dict[str, list[dict[str, str]]]] = {}


class Visitor:
    """One person, in a browser context of their own."""

    def __init__(self, stack: Patchbay, context: BrowserContext) -> None:
        self.stack, self.context = stack, context
        self.origin = stack.ready["url"]
        self.email = ""
        self.complaints: list[str] = []
        context.set_default_timeout(15_000)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        self.page: Page = context.new_page()

    def _heard(self, message: ConsoleMessage) -> None:
        """Keep what is wrong. A page of ours whose own status is 4xx is meant so, and Chromium reports it."""
        place = message.location.get("url", "")
        is_page = message.text.startswith("Failed to load resource") and place == (
            message.page and message.page.url
        )
        if message.type in {"error", "warning"} and place.startswith(self.origin) and not is_page:
            self.complaints.append(f"{message.type}: {message.text} ({place})")

    # --- going about ---------------------------------------------------------------------------------------

    def go(self, path: str) -> None:
        """Open an address of ours."""
        self.page.goto(self.origin + path if path.startswith("/") else path)

    def click(self, name: str, role: str = "button") -> None:
        """Press a button, or follow a link, by its words."""
        self.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]  # one of ARIA's roles

    @property
    def path(self) -> str:
        """The path of the page that is open."""
        return urlsplit(self.page.url).path

    @property
    def place(self) -> str:
        """The beginning of every address in this person's workspace: /w/<workspace>/test."""
        return "/".join(self.path.split("/")[:4])

    def heading(self, text: str) -> None:
        """Wait until the page is the one with this heading."""
        expect(self.page.locator("h1")).to_have_text(text)

    def text(self) -> str:
        """All that can be read in the page's main part, on one line."""
        return " ".join(self.page.locator("main").inner_text().split())

    # --- the first run ---------------------------------------------------------------------------------------

    def sign_up(self, workspace: str = "Blue Door Software") -> None:
        """Create a workspace, confirm the address by the outbox's link, and go to its accounts."""
        self.email = f"person{next(NUMBERS)}@people.example"
        self.go("/accounts/signup/")
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Name of your workspace").fill(workspace)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.click("Create workspace")
        self.heading("Confirm your address")
        self.confirm_address()
        self.page.wait_for_url("**/w/*/test/")
        self.go(f"{self.place}/accounts/")
        self.heading("Accounts")

    def arrive(self, workspace: str = "Blue Door Software") -> None:
        """As somebody who has just signed up and looks at their accounts, where a test is not about signing up."""
        waiting = WAITING.get(self.origin, {})
        if not waiting.get(workspace):
            waiting = WAITING[self.origin] = built(self.stack, "newcomers")
        newcomer = waiting[workspace].pop()
        self.come_as(newcomer)
        self.go(f"{newcomer['place']}/accounts/")
        self.heading("Accounts")

    def confirm_address(self) -> None:
        """Follow the link of the message that this browser waits for, and say that the address is ours."""
        self.go("/mail/awaited/")
        self.click("Open the message", "link")
        self.page.locator("#message-text a[href*='/confirm-email/']").click()
        self.click("Yes, confirm it")

    def come_as(self, person: dict[str, str]) -> None:
        """As somebody who is signed in already, where a test is not about signing in (`newcomers.signed_in`)."""
        self.email = person["email"]
        self.context.add_cookies([{"name": "session", "value": person["cookie"], "url": self.origin}])

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in as somebody who is there already."""
        self.email = email
        self.go("/accounts/login/")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.click("Sign in")
        expect(self.page.get_by_text("Sign out")).to_be_attached()

    def connect(
        self, account: str = "Acme Bakery", role: str = "Account owner", decision: str = "Allow"
    ) -> None:
        """From the pre-screen through the provider's own page, and back."""
        self.click("Continue to Constant Contact")
        self.consent(account, role, decision)

    def consent(self, account: str, role: str = "Account owner", decision: str = "Allow") -> None:
        """The provider's own page: who one is there, and whether one allows it."""
        assert not self.page.url.startswith(self.origin), self.page.url
        self.page.get_by_role("group", name=account).get_by_label(role).check()
        self.click(decision)
        assert self.page.url.startswith(self.origin), self.page.url

    def upload(self, file: Path) -> None:
        """Hand a file in, from the account's page."""
        self.click("Import people", "link")
        self.page.get_by_label("CSV file").set_input_files(file)
        self.click("Upload and match columns")

    def choose(self, column: str, place: str) -> None:
        """Say where a column goes, and see its cable follow."""
        self.page.get_by_label(f"Constant Contact field for {column}").select_option(label=place)

    def wait_for_end(self, seconds: float = 150.0) -> str:
        """Stay on a job's page until it has ended; the sentence it ends with."""
        sentence = self.page.locator("#job-sentence")
        self.page.wait_for_selector("#job:not([hx-get])", timeout=seconds * 1000)
        return " ".join(sentence.inner_text().split())

    def counts(self) -> dict[str, int]:
        """The counter strip, by its words."""
        found = {}
        for counter in self.page.locator(".counters > li").all():
            value = counter.locator(".counter-value").inner_text()
            found[counter.locator(".counter-label").inner_text().strip()] = int(value.replace(",", ""))
        return found

    def focused(self) -> str:
        """What has the focus, as <tag#id>; `body` means that it is lost."""
        return str(
            self.page.evaluate(
                "document.activeElement.tagName.toLowerCase() + '#' + document.activeElement.id"
            )
        )


def contacts(
    stack: Patchbay, account: str, include: str = "custom_fields,list_memberships"
) -> list[dict[str, Any]]:
    """Every contact of an account, as its own user would read them from the provider."""
    found: list[dict[str, Any]] = []
    headers = {"Authorization": f"Bearer {stack.simulator.token(account)}"}
    with httpx.Client(base_url=stack.simulator.url, headers=headers, timeout=30) as client:
        href = f"/v3/contacts?status=all&limit=500&include={include}"
        while href:
            answer = until(partial(_unless_throttled, client, href), 20, "an answer that is no 429", 0.3)
            found += answer["contacts"]
            href = answer.get("_links", {}).get("next", {}).get("href", "")
    return found


def _unless_throttled(client: httpx.Client, href: str) -> dict[str, Any] | None:
    answer = client.get(href)
    if answer.status_code == 429:
        return None
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
