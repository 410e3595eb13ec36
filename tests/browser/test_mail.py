"""The outbox and what became of a message, in a browser: every state, by keyboard, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import LOOKS, examine
from tests.harness import until

pytestmark = pytest.mark.slow


def look(visitor, name):
    """Examine the page, which is then left wide and light."""
    problems = examine(visitor.page, name)
    visitor.page.set_viewport_size(LOOKS[0][0])
    visitor.page.emulate_media(color_scheme="light")
    return problems


def ask(visitor, address):
    visitor.go("/accounts/password/reset/")
    visitor.page.get_by_label(re.compile("E-mail address")).fill(address)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/password/reset/done/")


def shown(visitor, word):
    """Wait until the fate has this word."""
    expect(visitor.page.locator("#awaited .status")).to_have_text(word)


def state(stack, address, **columns):
    """Put the newest message to an address into a state that a mail server would bring about."""
    sets = ", ".join(f"{name} = %s" for name in columns)
    with stack.operator() as database:
        database.execute(
            f'UPDATE connections_message SET {sets} WHERE "to" = %s', [*columns.values(), address]
        )


def test_outbox_and_fate_in_every_state(stack, new_visitor):
    visitor, problems = new_visitor(), []
    with stack.operator() as database:
        database.execute("UPDATE connections_invitation SET message_id = NULL")
        database.execute("DELETE FROM connections_message")
    visitor.go("/outbox/")
    problems += look(visitor, "outbox-empty")
    visitor.go("/mail/awaited/")
    problems += look(visitor, "awaited-nothing")

    address = "somebody.with.a.rather.long.address@customer-success.example"
    ask(visitor, address)
    visitor.go("/mail/awaited/")
    shown(visitor, "In the outbox")
    problems += look(visitor, "awaited-kept")
    visitor.click("Open the message", "link")
    visitor.heading("No account with this address")
    problems += look(visitor, "outbox-message")
    visitor.page.get_by_text("The HTML part, as text").click()
    problems += look(visitor, "outbox-message-open")
    visitor.click("Outbox", "link")
    visitor.heading("Outbox")
    problems += look(visitor, "outbox")

    far = "2100-01-01T00:00:00Z"
    state(stack, address, state="queued", not_before=far)
    visitor.go("/mail/awaited/")
    shown(visitor, "On its way")
    problems += look(visitor, "awaited-queued")
    state(stack, address, reason="server", last_error="No answer", attempts=1)
    # The page looks again by itself, and stops where there is nothing more to wait for.
    shown(visitor, "Waiting")
    problems += look(visitor, "awaited-again")
    state(stack, address, state="failed", reason="refused")
    shown(visitor, "Not delivered")
    expect(visitor.page.locator("#awaited")).not_to_have_attribute("hx-trigger", re.compile("."))
    expect(visitor.page.locator("#live-polite")).to_contain_text("typing error")
    problems += look(visitor, "awaited-failed")
    state(stack, address, state="sent", reason="", sent_at="2026-01-01T00:00:00Z")
    visitor.go("/mail/awaited/")
    problems += look(visitor, "awaited-sent")
    assert not problems, "\n".join(problems)


def test_without_javascript_the_page_loads_itself_anew(stack, new_visitor):
    visitor = new_visitor(java_script_enabled=False)
    address = "plain@customer.example"
    ask(visitor, address)
    state(stack, address, state="queued", not_before="2100-01-01T00:00:00Z")
    visitor.go("/mail/awaited/")
    shown(visitor, "On its way")
    state(stack, address, state="sent", sent_at="2026-01-01T00:00:00Z")
    expect(visitor.page.locator("#awaited .status")).to_have_text("Sent", timeout=12_000)


def test_the_outbox_is_told_on_the_terminal(stack):
    until(lambda: f"{stack.ready['url']}/outbox/" in stack.output, 10, "the outbox's address")
