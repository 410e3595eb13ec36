"""The first run in a browser, whole: sign up, connect, import 10,000 rows; the page and the provider agree."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import thousands
from tests.browser.thousands import GOOD, ROWS, Thousands
from tests.browser.visitor import Visitor, contacts
from tests.harness import Patchbay

pytestmark = pytest.mark.slow
ACCOUNT = "Acme Bakery"
IMPORT_PATH = "/v3/activities/contacts_file_import"


def test_ten_thousand_rows(visitor: Visitor, stack: Patchbay, tmp_path: Path) -> None:
    """Everything that a newcomer does, and then the same file again, and then one with 100 changes."""
    sample = thousands.make()
    before = contacts(stack, ACCOUNT)
    _sign_up_and_connect(visitor)
    account_page = visitor.page.url

    counts = _import(visitor, _file(tmp_path, "people.csv", sample.content), is_first=True)
    assert counts == _expected(created=GOOD, rejected=ROWS - GOOD)
    _rejected_rows_are_listed(visitor, sample)
    _the_provider_has_them(stack, sample, {str(one["contact_id"]) for one in before})

    written = len(_writes(stack))
    visitor.go(account_page)
    counts = _import(visitor, _file(tmp_path, "people.csv", sample.content))
    assert counts == _expected(unchanged=GOOD, rejected=ROWS - GOOD)
    assert len(_writes(stack)) == written, "the same file again wrote something"

    visitor.go(account_page)
    counts = _import(visitor, _file(tmp_path, "changed.csv", thousands.changed(sample, 100)))
    assert counts == _expected(updated=100, unchanged=GOOD - 100)
    assert Counter(value["value"] for value in _values(stack, "Plan"))["changed"] == 100


def _sign_up_and_connect(visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.click("Connect an account", "link")
    assert f"as {visitor.email}" in visitor.text()
    visitor.connect(ACCOUNT)
    visitor.heading(ACCOUNT)
    said = visitor.text()
    assert "Connected to Acme Bakery" in said
    assert "owner@acmebakery.example" in said
    assert "account owner" in said


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _import(visitor: Visitor, file: Path, *, is_first: bool = False) -> dict[str, int]:
    """From the account's page to the end of the job; the counts on its page, which add up."""
    visitor.upload(file)
    visitor.heading("Match the columns")
    if is_first:
        for column, kind in (("Plan", "Text"), ("Orders", "Number"), ("Member since", "Date")):
            visitor.choose(column, "A new custom field")
            row = visitor.page.locator(".cable-row", has_text=column).filter(
                has=visitor.page.get_by_text("not saved yet")
            )
            row.get_by_label("Kind of the new field").select_option(label=kind)
            row.get_by_text("not saved yet").wait_for()
    visitor.click("Save and go on to lists")
    visitor.heading("Lists, tags and permission")
    if is_first:
        price = visitor.page.locator("#quote")
        asked = price.inner_text()
        tag = visitor.page.get_by_label("A tag that everyone in the file gets")
        tag.select_option(label="A new tag")
        expect(price).not_to_have_text(asked)
        tag.select_option(value="")
        expect(price).to_have_text(asked)
        visitor.page.get_by_label("Contact list for Everyone").select_option(label="General Interest")
        visitor.page.get_by_label("Who these people are").select_option(value="customers")
        visitor.page.get_by_label("Why they may be e-mailed").fill("They buy from us.")
    visitor.page.get_by_role("checkbox").check()
    visitor.page.get_by_role("button", name="Import about").click()
    said = visitor.wait_for_end()
    counts = visitor.counts()
    total = counts.pop("rows in all")
    assert sum(counts.values()) == total
    word = "Done with rejects" if counts["Rejected"] else "Done"
    there = total - counts["Rejected"]
    assert said.startswith(word), said
    assert f"{there:,} of {total:,} rows are at Constant Contact" in said
    return counts


def _expected(**counts: int) -> dict[str, int]:
    words = {
        "created": "Created",
        "updated": "Updated",
        "unchanged": "No change",
        "skipped": "Skipped",
        "rejected": "Rejected",
    }
    return {word: counts.get(name, 0) for name, word in words.items()}


def _rejected_rows_are_listed(visitor: Visitor, sample: Thousands) -> None:
    """On the job's page by reason, on the page of rows and in the download by line."""
    job_page = visitor.page.url
    rows = visitor.page.locator("section", has_text="Why rows were left out").locator("tbody tr")
    by_title = {
        row.get_by_role("rowheader").inner_text(): int(row.get_by_role("cell").nth(1).inner_text())
        for row in rows.all()
    }
    assert by_title == _by_title(sample)

    with visitor.page.expect_download() as download:
        visitor.click("Download the rejected rows (CSV)", "link")
    text = download.value.path().read_text("utf-8-sig")
    found = [(int(row["line"]), row["reason"]) for row in csv.DictReader(io.StringIO(text))]
    assert found == [(planted.line, planted.code) for planted in sample.bad]

    visitor.page.locator(".counters a", has_text="Rejected").click()
    visitor.heading("Rejected rows")
    shown = []
    for row in visitor.page.locator("tbody tr").all():
        cells = row.locator("th, td").all_inner_texts()
        assert cells[3].strip(" –"), f"line {cells[0]} has no words of its own"
        shown.append((int(cells[0].replace(",", "")), cells[2]))
    assert shown == [(planted.line, planted.title) for planted in sample.bad]
    visitor.go(job_page)


def _by_title(sample: Thousands) -> dict[str, int]:
    return dict(Counter(planted.title for planted in sample.bad))


def _the_provider_has_them(stack: Patchbay, sample: Thousands, before: set[str]) -> None:
    """Exactly these people came, each with the values, the lists and the permission that the file and the page say."""
    fields = {
        one["label"]: one["custom_field_id"]
        for one in _get(stack, "/v3/contact_custom_fields?limit=100")["custom_fields"]
    }
    types = {
        one["label"]: one["type"]
        for one in _get(stack, "/v3/contact_custom_fields?limit=100")["custom_fields"]
    }
    assert {name: types[name] for name in ("Plan", "Orders", "Member since")} == {
        "Plan": "string",
        "Orders": "number",
        "Member since": "date",
    }
    lists = {one["name"]: one["list_id"] for one in _get(stack, "/v3/contact_lists?limit=100")["lists"]}
    targets = {"Customers": lists["Customers"], "News": lists["News"], "Everyone": lists["General Interest"]}
    came = [one for one in contacts(stack, ACCOUNT) if one["contact_id"] not in before]
    assert len(came) == GOOD
    for contact in came:
        address = contact["email_address"]
        email, first, plan, orders, joined, names = sample.people[address["address"].lower()]
        assert address["permission_to_send"] == "implicit", email
        assert contact["first_name"] == first
        values = {value["custom_field_id"]: value["value"] for value in contact["custom_fields"]}
        assert values == {fields["Plan"]: plan, fields["Orders"]: orders, fields["Member since"]: joined}, (
            email
        )
        assert set(contact["list_memberships"]) == {targets[name] for name in names.split(";")}, email


def _values(stack: Patchbay, label: str) -> list[Any]:
    fields = {
        one["label"]: one["custom_field_id"]
        for one in _get(stack, "/v3/contact_custom_fields?limit=100")["custom_fields"]
    }
    every = contacts(stack, ACCOUNT, "custom_fields")
    return [
        value for one in every for value in one["custom_fields"] if value["custom_field_id"] == fields[label]
    ]


def _get(stack: Patchbay, path: str) -> Any:
    return stack.simulator.get(path, ACCOUNT)


def _writes(stack: Patchbay) -> list[dict[str, Any]]:
    """Calls that carried contacts to the provider."""
    return [call for call in stack.simulator.calls() if call["path"] == IMPORT_PATH]
