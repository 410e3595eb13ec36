"""Connecting, and every way it can stop: the page says what happened, and nothing else has changed."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow


@pytest.fixture
def member(visitor: Visitor) -> Visitor:
    """Signed up, on the pre-screen."""
    visitor.arrive()
    visitor.click("Connect an account", "link")
    return visitor


def _callbacks(visitor: Visitor) -> list[str]:
    """The addresses the provider sends this browser back to, as it goes there."""
    found: list[str] = []
    visitor.page.on(
        "request", lambda request: found.append(request.url) if "/oauth/callback/" in request.url else None
    )
    return found


def _nothing_is_linked(visitor: Visitor, place: str = "") -> None:
    visitor.go(f"{place or visitor.place}/accounts/")
    assert "No account is linked yet" in visitor.text()


def test_deny(member: Visitor) -> None:
    """Who says no is told so, and may start again."""
    member.connect(decision="Deny")
    member.heading("You chose not to connect")
    assert "Nothing was changed" in member.text()
    member.click("Start again", "link")
    member.heading("Connect a Constant Contact account")
    member.page.go_back()
    _nothing_is_linked(member)


def test_a_used_callback(member: Visitor) -> None:
    """Coming back to it by history or by a copied address does not repeat it, and breaks nothing."""
    callbacks = _callbacks(member)
    member.connect("Northside Clinic")
    member.heading("Northside Clinic")
    member.go(callbacks[0])
    member.heading("This connection attempt was used already")
    member.click("To the accounts", "link")
    member.heading("Accounts")
    assert "Working" in member.page.get_by_role("row", name="Northside Clinic").inner_text()


def test_a_forged_state(member: Visitor) -> None:
    """A state that nobody started, and none at all."""
    callbacks = _callbacks(member)
    member.connect(decision="Deny")
    place = urlsplit(callbacks[0]).path
    for query in ("?code=abc&state=forged", "?code=abc", ""):
        member.go(place + query)
        member.heading("This connection attempt does not belong here")
        assert "Nothing was changed" in member.text()


def test_a_foreign_state(member: Visitor, new_visitor: NewVisitor) -> None:
    """What one person started, another's browser cannot finish; and the first still can."""
    member.click("Continue to Constant Contact")
    asked = parse_qs(urlsplit(member.page.url).query)
    other = new_visitor()
    other.arrive("Red Door Software")
    place = other.place
    other.go(f"{urlsplit(asked['redirect_uri'][0]).path}?code=abc&state={asked['state'][0]}")
    other.heading("This connection attempt does not belong here")
    _nothing_is_linked(other, place)
    member.consent("Acme Bakery")
    member.heading("Acme Bakery")


def test_another_account_than_the_one_to_reconnect(member: Visitor) -> None:
    """The page names both accounts; the old link stands."""
    member.connect("Harbor Books")
    account = member.path
    member.page.get_by_text("Reconnect this account").click()
    member.click("Reconnect Harbor Books", "link")
    member.heading("Reconnect Harbor Books")
    member.connect("Northside Clinic")
    member.heading("That is another Constant Contact account")
    facts = member.page.locator(".facts").inner_text().split("\n")
    assert facts == ["You are reconnecting", "Harbor Books", "You signed in to", "Northside Clinic"]
    member.go(account)
    member.heading("Harbor Books")
    assert "Connected and ready" in member.text()
    member.go(f"{member.place}/accounts/")
    assert "Northside Clinic" not in member.text()


def test_a_campaign_creator(member: Visitor) -> None:
    """Whose role is too small learns who can do it."""
    member.connect("Acme Bakery", role="Campaign creator")
    member.heading("An owner or manager must connect this account")
    said = member.text()
    assert "campaign creator" in said
    assert "The account was Acme Bakery" in said
    _nothing_is_linked(member)
