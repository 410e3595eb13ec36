"""People with a browser: sign-up by the outbox's link, each second factor, sessions, and a form sent too late."""

import re
from datetime import UTC, datetime

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewVisitor
from tests.browser.looking import LOOKS, NARROW
from tests.browser.looking import examine as examined
from tests.browser.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.slow
ME = "/me/"


def examine(page: Page, name: str) -> list[str]:
    """Everything wrong with the page, which is then left wide and light."""
    problems = examined(page, name)
    page.set_viewport_size(LOOKS[0][0])  # type: ignore[arg-type]  # a size
    page.emulate_media(color_scheme="light")
    return problems


def code_now(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, int(datetime.now(UTC).timestamp()) // 30))


def sign_out(visitor: Visitor) -> None:
    visitor.go("/accounts/logout/")
    visitor.page.locator("main").get_by_role("button", name="Sign out").click()
    visitor.heading("Sign in")


def give_password(visitor: Visitor, email: str) -> None:
    """The first step of a sign-in."""
    visitor.go("/accounts/login/")
    visitor.page.get_by_label("E-mail address").fill(email)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.click("Sign in")


def add_app(visitor: Visitor) -> tuple[str, list[str]]:
    """Add an authenticator app; answers its key and the recovery codes."""
    visitor.go(ME)
    visitor.click("Add a second factor", "link")
    visitor.click("Add an app", "link")
    assert visitor.page.locator("img.qr").evaluate("one => one.complete && one.naturalWidth > 0"), (
        "no picture"
    )
    secret = visitor.page.locator("#totp-secret").inner_text()
    visitor.page.get_by_label("Code").fill(code_now(secret))
    visitor.click("Add the app")
    visitor.heading("Recovery codes")
    return secret, re.findall(r"\d{8}", visitor.page.locator("#codes").inner_text())


# --- Sign-up ----------------------------------------------------------------------------------------------------


def test_sign_up_through_the_outbox(visitor: Visitor) -> None:
    visitor.email = "somebody-new@people.example"
    visitor.go("/accounts/signup/")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.page.get_by_label("Name of your workspace").fill("Green Door Software")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.click("Create workspace")
    visitor.heading("Confirm your address")
    problems = []
    # The page itself finds the message; nobody has to look for it.
    visitor.page.get_by_role("link", name="Open the message").wait_for()
    problems += examine(visitor.page, "sign-up, waiting for the message")
    visitor.click("Open the message", "link")
    link = visitor.page.locator("#message-text a[href*='/confirm-email/']").get_attribute("href")
    assert link
    visitor.go(link)
    problems += examine(visitor.page, "is the address yours")
    visitor.click("Yes, confirm it")
    visitor.page.wait_for_url("**/w/*/test/")
    visitor.go(link)
    visitor.heading("This address is confirmed")
    problems += examine(visitor.page, "a used link")
    assert not problems, "\n".join(problems)


def test_sign_up_without_javascript(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(java_script_enabled=False, viewport=NARROW)
    visitor.sign_up("Narrow Software")
    visitor.go(ME)
    assert "Narrow Software" in visitor.text()


# --- Second factor ----------------------------------------------------------------------------------------------


def test_an_app_and_a_recovery_code(visitor: Visitor, new_visitor: NewVisitor) -> None:
    visitor.arrive()
    secret, codes = add_app(visitor)
    assert len(codes) == 10
    sign_out(visitor)
    give_password(visitor, visitor.email)
    visitor.heading("Second step")
    visitor.page.get_by_label("Code").fill("000000")
    visitor.click("Go on")
    expect(visitor.page.locator(".error-summary")).to_contain_text("That code is not right")
    problems = examine(visitor.page, "a wrong code")
    visitor.page.get_by_label("Code").fill(code_now(secret))
    visitor.click("Go on")
    visitor.page.wait_for_url("**/w/*/test/")

    # Without JavaScript, by the keyboard alone, with a recovery code.
    other = new_visitor(java_script_enabled=False)
    give_password(other, visitor.email)
    other.heading("Second step")
    other.page.get_by_label("Code").focus()
    other.page.keyboard.type(codes[0])
    other.page.keyboard.press("Enter")
    other.page.wait_for_url("**/w/*/test/")
    other.go(ME)
    assert "9 recovery codes left" in other.text()
    assert not problems, "\n".join(problems)


@pytest.fixture
def holder(visitor: Visitor) -> Visitor:
    """Somebody whose device holds passkeys."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    return visitor


def test_a_passkey(holder: Visitor) -> None:
    holder.arrive()
    holder.go("/accounts/2fa/")
    holder.click("Add a passkey", "link")
    problems = examine(holder.page, "add a passkey")
    holder.page.get_by_label("Name").fill("Work laptop")
    holder.click("Add the passkey")
    holder.heading("Recovery codes")
    problems += examine(holder.page, "recovery codes")

    holder.go("/accounts/2fa/webauthn/add/")
    holder.click("Add the passkey")
    expect(holder.page.get_by_role("alert").filter(has_text="has a passkey for your account")).to_be_visible()

    sign_out(holder)
    problems += examine(holder.page, "sign in, with passkeys")
    give_password(holder, holder.email)
    holder.heading("Second step")
    problems += examine(holder.page, "second step, with a passkey")
    holder.click("Use a passkey")
    holder.page.wait_for_url("**/w/*/test/")

    sign_out(holder)
    holder.click("Sign in with a passkey")
    holder.page.wait_for_url("**/w/*/test/")

    holder.go("/accounts/2fa/webauthn/")
    assert "Work laptop" in holder.text() and "Signs in alone" in holder.text()
    problems += examine(holder.page, "passkeys")
    holder.click("Rename Work laptop", "link")
    problems += examine(holder.page, "rename a passkey")
    holder.page.get_by_label("Name").fill("Old laptop")
    holder.click("Save the name")
    holder.click("Remove Old laptop", "link")
    problems += examine(holder.page, "remove a passkey")
    holder.click("Remove the passkey")
    holder.heading("Passkeys")
    assert "You have none yet" in holder.text()
    assert not problems, "\n".join(problems)


# --- Sessions ---------------------------------------------------------------------------------------------------


def test_a_session_ended_from_the_list_ends_in_the_other_browser(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    visitor.arrive()
    other = new_visitor()
    other.sign_in(visitor.email)
    other.go(ME)
    visitor.go("/accounts/sessions/")
    problems = examine(visitor.page, "sessions")
    visitor.page.get_by_role("button", name=re.compile("^End Chrom")).click()
    expect(visitor.page.get_by_text("has ended")).to_be_visible()
    other.go(ME)
    other.heading("Sign in")
    visitor.go(ME)
    visitor.heading("Your account")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_a_form_outlives_its_session(new_visitor: NewVisitor, javascript: bool) -> None:
    visitor = new_visitor(java_script_enabled=javascript)
    visitor.arrive()
    visitor.go(f"{visitor.place}/settings/")
    visitor.page.get_by_label("Name").fill("Blue Door Renamed")
    visitor.context.clear_cookies(name="session")
    visitor.click("Rename")
    visitor.heading("Sign in")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.click("Sign in")
    visitor.heading("Your form is still here")
    assert "Blue Door Renamed" in visitor.text()
    problems = examine(visitor.page, "a kept form") if javascript else []
    visitor.page.get_by_role("button", name="Send it now").focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".workspace-name")).to_contain_text("Blue Door Renamed")
    assert not problems, "\n".join(problems)


# --- Every page, every state ------------------------------------------------------------------------------------


def test_every_page_of_ones_account(visitor: Visitor) -> None:
    visitor.arrive()
    problems: list[str] = []

    def look(name: str, path: str) -> None:
        visitor.go(path)
        problems.extend(examine(visitor.page, name))

    def refused() -> None:
        """The answer to what was sent is there: a click does not wait for it."""
        expect(visitor.page.locator(".error-summary")).to_be_visible()

    look("your account", ME)
    look("second factor, none", "/accounts/2fa/")
    look("add an app", "/accounts/2fa/totp/activate/")
    visitor.page.get_by_label("Code").fill("1")
    visitor.click("Add the app")
    refused()
    problems += examine(visitor.page, "add an app, wrong code")
    add_app(visitor)
    look("recovery codes", "/accounts/2fa/recovery-codes/")
    look("new recovery codes", "/accounts/2fa/recovery-codes/generate/")
    look("remove the app", "/accounts/2fa/totp/deactivate/")
    look("second factor", "/accounts/2fa/")
    look("confirm it is you", "/accounts/reauthenticate/?next=/me/")
    visitor.page.get_by_label("Password").fill("wrong horse 9 staple")
    visitor.click("Go on")
    refused()
    problems += examine(visitor.page, "confirm it is you, wrong password")
    look("confirm it is you, by code", "/accounts/2fa/reauthenticate/?next=/me/")
    look("change the password", "/accounts/password/change/")
    visitor.click("Save new password")
    refused()
    problems += examine(visitor.page, "change the password, empty")
    look("change the address", "/accounts/email/")
    visitor.page.get_by_label("E-mail address").fill("moved@people.example")
    visitor.click("Change address")
    visitor.page.get_by_text("waits for its confirmation").first.wait_for()
    problems += examine(visitor.page, "an address that waits")
    look("your account, with a factor", ME)
    visitor.page.get_by_label("Your name").fill("a" * 200)
    look("a form that is not kept any more", "/me/kept/00000000-0000-0000-0000-000000000000/")
    assert not problems, "\n".join(problems)


def test_too_many_tries(visitor: Visitor) -> None:
    visitor.go("/accounts/login/")
    token = visitor.page.locator("main input[name=csrfmiddlewaretoken]").first.input_value()
    form = {"login": "guessed@people.example", "password": "wrong horse 9 staple"}
    for _ in range(10):
        visitor.context.request.post(
            f"{visitor.origin}/accounts/login/",
            form={**form, "csrfmiddlewaretoken": token},
            headers={"Origin": visitor.origin},
        )
    visitor.page.get_by_label("E-mail address").fill(form["login"])
    visitor.page.get_by_label("Password").fill(form["password"])
    visitor.click("Sign in")
    expect(visitor.page.locator(".error-summary")).to_contain_text("You can try again in")
    assert not examine(visitor.page, "sign-in closed for a while")
