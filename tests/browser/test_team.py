"""Team and tokens in a browser: invitations accepted and refused, ownership moved, the last owner kept."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor
from tests.browser.looking import LOOKS, OPPOSITE, WIDE, examine
from tests.browser.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.slow


class Looks:
    """Collects what is wrong with the pages that a walk passes."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def at(self, visitor: Visitor, name: str) -> None:
        """Examine the page that is open, and go on at a desk's width."""
        self.problems += examine(visitor.page, name, LOOKS or OPPOSITE)
        visitor.page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a size

    def check(self) -> None:
        """Nothing was wrong anywhere."""
        assert not self.problems, "\n".join(self.problems)


@pytest.fixture
def looks() -> Looks:
    """One for each walk."""
    return Looks()


def invite(owner: Visitor, email: str, role: str = "Admin") -> str:
    """Fill in the form on the team's page; the path of the link, as the outbox has it."""
    owner.go(f"{owner.place}/settings/team/")
    owner.page.get_by_label("E-mail address").fill(email)
    owner.page.get_by_role("radio", name=re.compile(f"^{role}:")).check()
    owner.click("Send the invitation")
    expect(owner.page.get_by_text(f"The invitation to {email} is on its way.")).to_be_visible()
    place = owner.place
    row = owner.page.get_by_role("row").filter(has_text=email)
    row.get_by_role("link", name="Read it").click()
    link = owner.page.locator("#message-text a[href*='/invitations/']").inner_text()
    owner.go(f"{place}/settings/team/")
    return link


def sign_up_by(visitor: Visitor, link: str, email: str) -> None:
    """From the message's link to the workspace."""
    visitor.email = email
    visitor.go(link)
    visitor.click("Create your account", "link")
    assert visitor.page.get_by_label("E-mail address").input_value() == email
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.click("Create account")
    visitor.page.wait_for_url("**/w/*/test/")


def prove(visitor: Visitor) -> None:
    """Say again who one is, where a sensitive act asks for it."""
    if visitor.path.startswith("/accounts/"):
        visitor.page.get_by_label("Password").fill(PASSWORD)
        visitor.click("Go on")


def test_an_invitation_is_accepted(new_visitor: NewVisitor, looks: Looks) -> None:
    """By somebody new, without JavaScript; the token leaves the address bar at once; a second use is refused."""
    owner, ada = new_visitor(), new_visitor(java_script_enabled=False)
    owner.arrive()
    email = owner.email.replace("person", "ada")
    link = invite(owner, email)
    looks.at(owner, "team, an open invitation")
    ada.go(link)
    assert ada.path == "/invitations/open/"
    ada.heading("Join Blue Door Software")
    sign_up_by(ada, link, email)
    assert ada.path == f"{owner.place}/"
    ada.go(f"{ada.place}/settings/team/")
    assert email in ada.text()
    late = new_visitor()
    late.go(link)
    late.heading("This invitation was used already")
    looks.at(late, "a used invitation")
    looks.check()


def test_an_invitation_is_refused(new_visitor: NewVisitor, looks: Looks) -> None:
    """Somebody else is sent away, the invited person says no, and a revoked link says so."""
    owner, other = new_visitor(), new_visitor()
    owner.arrive()
    other.arrive("Green Gate Software")
    eve = owner.email.replace("person", "eve")
    link = invite(owner, eve)
    other.go(link)
    other.heading("This invitation is for somebody else")
    looks.at(other, "an invitation of somebody else")
    assert eve not in other.text()
    mine = invite(owner, other.email, "Marketer")
    other.go(mine)
    other.heading("Join Blue Door Software")
    looks.at(other, "an invitation to answer")
    other.click("Decline")
    expect(other.page.get_by_text("You have declined the invitation to Blue Door Software.")).to_be_visible()
    other.go(mine)
    other.heading("This invitation was declined")
    nobody = new_visitor()
    nobody.go(link)
    nobody.heading("Join Blue Door Software")
    looks.at(nobody, "an invitation, signed out")
    nobody.click("Create your account", "link")
    nobody.heading("Create your account")
    assert "Blue Door Software" in nobody.text()
    looks.at(nobody, "sign up by an invitation")
    owner.page.get_by_role("link", name=f"Revoke the invitation to {eve}").click()
    looks.at(owner, "revoke an invitation")
    owner.click(f"Revoke the invitation to {eve}")
    nobody.go(link)
    nobody.heading("This invitation was taken back")
    looks.check()


def test_ownership_is_moved_and_the_last_owner_stays(new_visitor: NewVisitor, looks: Looks) -> None:
    """The owner cannot go, hands over to an admin, and then can; a wrong name changes nothing."""
    owner, ada = new_visitor(), new_visitor()
    owner.arrive()
    email = owner.email.replace("person", "heir")
    sign_up_by(ada, invite(owner, email), email)
    team = f"{owner.place}/settings/team/"
    owner.go(f"{team}leave/")
    looks.at(owner, "leave")
    expect(owner.page.get_by_text("This is the workspace's only owner")).to_be_visible()
    expect(owner.page.get_by_role("button", name="Leave Blue Door Software")).to_have_count(0)
    ada.go(team)
    ada.click(owner.email, "link")
    assert "Only an owner changes or removes an owner" in ada.text()
    looks.at(ada, "a member out of reach")
    owner.go(team)
    owner.click(email, "link")
    looks.at(owner, "a member")
    owner.click(f"Make {email} an owner", "link")
    prove(owner)
    owner.page.get_by_label("Admin: ownership moves").check()
    owner.page.get_by_label("Name of the workspace").fill("Something else")
    owner.click(f"Make {email} an owner")
    expect(owner.page.locator(".error-summary")).to_be_focused()
    looks.at(owner, "ownership, a wrong name")
    owner.page.get_by_label("Admin: ownership moves").check()
    owner.page.get_by_label("Name of the workspace").fill("Blue Door Software")
    owner.click(f"Make {email} an owner")
    expect(owner.page.get_by_text(f"{email} is an owner now. You are an admin.")).to_be_visible()
    ada.go(team)
    ada.click(owner.email, "link")
    ada.click(f"Remove {owner.email}", "link")
    looks.at(ada, "remove a member")
    ada.click(f"Remove {owner.email}")
    expect(ada.page.get_by_text(f"{owner.email} is not in this workspace any more.")).to_be_visible()
    owner.go("/")
    owner.heading("You are in no workspace")
    looks.at(owner, "no workspace")
    looks.check()


def test_settings_and_roles(new_visitor: NewVisitor, looks: Looks) -> None:
    """Renamed, refused, read; and as somebody who may change nothing."""
    owner, viewer = new_visitor(), new_visitor()
    owner.arrive()
    settings = f"{owner.place}/settings/"
    email = owner.email.replace("person", "viewer")
    sign_up_by(viewer, invite(owner, email, "Viewer"), email)
    owner.go(settings)
    looks.at(owner, "settings")
    owner.page.get_by_label("Name of the workspace").fill("---")
    owner.click("Rename")
    expect(owner.page.locator(".error-summary")).to_be_focused()
    looks.at(owner, "settings, a bad name")
    owner.page.get_by_label("Name of the workspace").fill("Red Door Software")
    owner.click("Rename")
    expect(owner.page.get_by_text("The workspace is called Red Door Software now.")).to_be_visible()
    owner.go(f"{settings}roles/")
    looks.at(owner, "roles")
    owner.go(f"{settings}team/")
    owner.click("Send the invitation")
    expect(owner.page.locator(".error-summary")).to_be_focused()
    looks.at(owner, "team, nothing filled in")
    owner.go("/workspaces/")
    looks.at(owner, "workspaces")
    owner.click("Open another workspace", "link")
    looks.at(owner, "open a workspace")
    viewer.go(settings)
    looks.at(viewer, "settings, as a viewer")
    viewer.go(f"{settings}team/")
    looks.at(viewer, "team, as a viewer")
    looks.check()


def test_a_token_from_its_form_to_its_end(new_visitor: NewVisitor, looks: Looks) -> None:
    """Created, copied once, called with, rotated and revoked."""
    owner = new_visitor()
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    owner.arrive()
    developers = f"{owner.place}/developers/"
    owner.go(developers)
    owner.heading("Developers")
    looks.at(owner, "developers, no token")
    owner.click("Create a token", "link")
    prove(owner)
    owner.heading("Create a test token")
    looks.at(owner, "create a token")
    owner.click("Create the token")
    expect(owner.page.locator(".error-summary")).to_be_focused()
    looks.at(owner, "create a token, nothing filled in")
    owner.page.get_by_label("Name", exact=True).fill("Billing service")
    owner.click("Create the token")
    owner.heading("Billing service")
    token = owner.page.locator("#token-text").inner_text()
    owner.page.locator("[data-copy=token-text]").click()
    expect(owner.page.locator("#live-polite")).to_have_text("Copied")
    assert owner.page.evaluate("navigator.clipboard.readText()") == token
    looks.at(owner, "a new token")
    owner.page.reload()
    assert token not in owner.page.content()
    answer = owner.context.request.get(
        f"{owner.origin}/api/ping", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["result"]["environment"] == "test"
    owner.page.reload()
    looks.at(owner, "a token, used")
    owner.click("Rotate", "link")
    looks.at(owner, "rotate a token")
    owner.click("Create the new token")
    assert owner.page.locator("#token-text").inner_text() != token
    owner.go(developers)
    looks.at(owner, "developers, tokens")
    owner.page.get_by_role("link", name="Billing service").first.click()
    owner.click("Revoke", "link")
    looks.at(owner, "revoke a token")
    owner.click("Revoke Billing service")
    expect(owner.page.get_by_text("“Billing service” is revoked.")).to_be_visible()
    owner.go(developers.replace("/test/", "/live/"))
    expect(owner.page.get_by_text("Live has no Constant Contact application yet")).to_be_visible()
    looks.at(owner, "developers, live without an application")
    looks.check()
