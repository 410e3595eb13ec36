"""The same first run without JavaScript, and with the keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import PASSWORD, Visitor, contacts
from tests.harness import Patchbay

pytestmark = pytest.mark.slow
ROWS = 12
FOCUSED = "element => element === document.activeElement"


def _file(folder: Path, name: str) -> Path:
    """A dozen people, and one whose address is none."""
    lines = [f"Email,First name,Colour of {name}", f"nobody at {name}.example,Nobody,none"]
    lines += [f"person{number}@{name}.example,Person {number},blue" for number in range(ROWS)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines))
    return path


def _has_arrived(stack: Patchbay, account: str, name: str) -> None:
    came = [
        one
        for one in contacts(stack, account)
        if one["email_address"]["address"].endswith(f"@{name}.example")
    ]
    assert len(came) == ROWS
    assert {one["email_address"]["permission_to_send"] for one in came} == {"implicit"}
    assert all(one["first_name"].startswith("Person") and len(one["list_memberships"]) == 1 for one in came)


def test_without_javascript(new_visitor: NewVisitor, stack: Patchbay, tmp_path: Path) -> None:
    """Plain forms and reloads do everything."""
    visitor = new_visitor(java_script_enabled=False)
    visitor.sign_up()
    visitor.click("Connect an account", "link")
    visitor.connect("Acme Bakery", role="Account manager")
    visitor.heading("Acme Bakery")
    visitor.upload(_file(tmp_path, "plain"))
    visitor.choose("Colour of plain", "A new custom field")
    visitor.click("Save and go on to lists")
    visitor.page.get_by_label("A list that everyone in the file joins").select_option(label="A new list")
    visitor.page.get_by_label("Name of the new list").fill("Plain readers")
    visitor.page.get_by_label("Who these people are").select_option(value="members")
    visitor.page.get_by_label("Why they may be e-mailed").fill("Members of the club.")
    visitor.page.get_by_role("checkbox").check()
    visitor.page.get_by_role("button", name="Import about").click()
    said = visitor.wait_for_end()
    assert said.startswith("Done with rejects"), said
    assert visitor.counts()["Created"] == ROWS
    _has_arrived(stack, "Acme Bakery", "plain")


class Hands:
    """A person who has a keyboard and no pointer."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.keyboard = visitor.page.keyboard

    def reach(self, wanted: Locator, most: int = 60) -> None:
        """Press Tab until it has the focus; what has it must be seen."""
        wanted.wait_for()
        for _ in range(most):
            self.keyboard.press("Tab")
            if wanted.evaluate(FOCUSED):
                outline = "element => getComputedStyle(element).outlineStyle !== 'none'"
                assert wanted.evaluate(outline), "the focus cannot be seen"
                return
        raise AssertionError(f"Tab does not lead to {wanted}")

    def press(self, words: str, role: str = "button", key: str = "Enter") -> None:
        """Use a button or a link."""
        self.reach(self.page.get_by_role(role, name=words).first)  # type: ignore[arg-type]  # one of ARIA's roles
        self.keyboard.press(key)

    def write(self, label: str, text: str) -> None:
        """Fill a field."""
        self.reach(self.page.get_by_label(label))
        self.keyboard.type(text)

    def pick(self, label: str, words: str) -> None:
        """Choose in a select by typing the beginning of its words; nothing may take the focus away."""
        field = self.page.get_by_label(label)
        self.reach(field)
        self.keyboard.type(words)
        assert field.locator("option:checked").inner_text().startswith(words)


def test_with_the_keyboard_alone(visitor: Visitor, stack: Patchbay, tmp_path: Path) -> None:
    """Tab, Enter, Space and letters reach everything, and no swap throws the focus away."""
    hands = Hands(visitor)
    # Heard from the start: Chromium opens no chooser for a key that comes before the listener has reached it.
    visitor.page.on("filechooser", lambda chooser: None)
    visitor.email = "keyboard@people.example"
    visitor.go("/accounts/signup/")
    hands.write("E-mail address", visitor.email)
    hands.write("Name of your workspace", "Green Door Software")
    hands.write("Password", PASSWORD)
    hands.keyboard.press("Enter")
    hands.press("Open the message", "link")
    hands.reach(visitor.page.locator("#message-text a[href*='/confirm-email/']"))
    hands.keyboard.press("Enter")
    hands.press("Yes, confirm it")
    visitor.page.wait_for_url("**/w/*/test/")
    hands.press("Accounts", "link")
    hands.press("Connect an account", "link")
    hands.press("Continue to Constant Contact")
    hands.press("Allow")
    visitor.heading("Acme Bakery")
    hands.press("Import people", "link")
    hands.reach(visitor.page.get_by_label("CSV file"))
    with visitor.page.expect_file_chooser() as chooser:
        hands.keyboard.press("Space")
    chooser.value.set_files(_file(tmp_path, "keys"))
    hands.press("Upload and match columns")

    hands.pick("Constant Contact field for Colour of keys", "A new")
    visitor.page.get_by_text("not saved yet").wait_for()
    field = visitor.page.get_by_label("Constant Contact field for Colour of keys")
    assert field.evaluate(FOCUSED), f"a swap moved the focus to {visitor.focused()}"
    hands.press("Save and go on to lists")
    hands.pick("A list that everyone in the file joins", "General")
    hands.pick("Who these people are", "Customers")
    hands.reach(visitor.page.get_by_label("Why they may be e-mailed"))
    hands.keyboard.type("They buy from us.")
    hands.reach(visitor.page.get_by_role("checkbox"))
    hands.keyboard.press("Space")
    hands.press("Import about")

    steps = visitor.page.locator("#job-steps-summary")
    hands.reach(steps)
    hands.keyboard.press("Enter")
    said = visitor.wait_for_end()
    assert visitor.counts()["Created"] == ROWS, visitor.text()
    assert steps.evaluate(FOCUSED), f"polling moved the focus to {visitor.focused()}"
    assert visitor.page.locator("#job-steps").evaluate("details => details.open"), (
        "polling closed what was open"
    )
    assert said.startswith("Done with rejects"), said
    _has_arrived(stack, "Acme Bakery", "keys")
