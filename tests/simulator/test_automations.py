"""The account's own automations: which mail would go out for what, as a table."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.rig import HARBOR, Caller, Rig

EMAIL = "new@example.org"
Act = Callable[[Rig, Caller], object]


def mails(rig: Rig, kind: str | None = None) -> list[dict[str, Any]]:
    entries = [entry for entry in rig.journal() if entry["host"] == "mail"]
    assert all(entry["effect"]["do"] == "would_mail" and entry["method"] == "SEND" for entry in entries)
    return [entry["effect"] for entry in entries if kind in (None, entry["effect"]["kind"])]


def posted(source: str, permission: str = "explicit") -> Act:
    return lambda rig, acme: acme.create(
        EMAIL, permission, create_source=source, list_memberships=[acme.list_id()]
    )


def signed_up(rig: Rig, acme: Caller) -> None:
    body = {"email_address": EMAIL, "list_memberships": [acme.list_id()]}
    assert acme.call("POST", "/contacts/sign_up_form", json=body).status_code in (200, 201)


def imported(rig: Rig, acme: Caller) -> None:
    acme.imported(f"email\n{EMAIL}\n")


def joined_later(rig: Rig, acme: Caller) -> None:
    key = acme.create(EMAIL, create_source="Contact")["contact_id"]
    body = {"update_source": "Account", "list_memberships": [acme.list_id()]}
    acme.put(f"/contacts/{key}", body)


def joined_by_job(rig: Rig, acme: Caller) -> None:
    source = {"contact_ids": [acme.create(EMAIL)["contact_id"]]}
    order = {"source": source, "list_ids": [acme.list_id()]}
    acme.finished(acme.post("/activities/add_list_memberships", order))


def unsubscribed(rig: Rig, acme: Caller) -> None:
    acme.create(EMAIL, "unsubscribed", list_memberships=[acme.list_id()])


def waiting(rig: Rig, acme: Caller) -> None:
    rig.control("PUT", "/accounts/Acme Bakery", {"confirmed_opt_in": True})
    signed_up(rig, acme)


def confirmed(rig: Rig, acme: Caller) -> None:
    waiting(rig, acme)
    rig.control("POST", "/confirm", {"email": EMAIL})


def twice(rig: Rig, acme: Caller) -> None:
    signed_up(rig, acme)
    body = {"update_source": "Account", "list_memberships": []}
    acme.put(f"/contacts/{acme.contact(EMAIL)['contact_id']}", body)
    signed_up(rig, acme)


TABLE: list[tuple[Act, int, int]] = [
    # what happens, welcomes, paths
    (posted("Contact"), 1, 1),
    (posted("Account"), 0, 1),
    (posted("Contact", "pending_confirmation"), 0, 0),
    (signed_up, 1, 1),
    (imported, 0, 1),
    (joined_later, 0, 1),
    (joined_by_job, 0, 1),
    (unsubscribed, 0, 0),
    (waiting, 0, 0),
    (confirmed, 1, 1),
    (twice, 1, 1),
]


@pytest.mark.parametrize(("act", "welcomes", "paths"), TABLE, ids=range(len(TABLE)))
def test_mails(rig: Rig, acme: Caller, act: Act, welcomes: int, paths: int) -> None:
    for kind in ("welcome", "path"):
        rig.control("POST", "/automations", {"kind": kind, "on": "General Interest"})
    act(rig, acme)
    assert (len(mails(rig, "welcome")), len(mails(rig, "path"))) == (welcomes, paths)
    assert all(mail["address"] == EMAIL for mail in mails(rig))


def test_dates_come_round(rig: Rig, acme: Caller) -> None:
    for on in ("birthday", "anniversary"):
        rig.control("POST", "/automations", {"kind": "date", "on": on})
    acme.create(EMAIL, birthday_month=3, birthday_day=5, anniversary="2020-03-06")
    acme.create("gone@example.org", "unsubscribed", birthday_month=3, birthday_day=5)
    rig.wait(2 * 86_400)
    assert mails(rig) == []
    rig.wait(3 * 86_400)
    assert [mail["address"] for mail in mails(rig, "date")] == [EMAIL, EMAIL]
    rig.control("POST", "/clock", {"advance_seconds": -5 * 86_400})
    rig.control("POST", "/clock", {"advance_seconds": 5 * 86_400})
    assert len(mails(rig, "date")) == 2
    rig.wait(365 * 86_400)
    # A year later, and the seeded account's people have had theirs too.
    assert len([mail for mail in mails(rig) if mail["address"] == EMAIL]) == 4 < len(mails(rig))


def test_switching_one_off_and_bad_wishes(rig: Rig, acme: Caller) -> None:
    made = rig.control("POST", "/automations", {"kind": "path", "on": acme.list_id()})
    rig.control("POST", "/automations", {"automation_id": made["automation_id"], "active": False})
    signed_up(rig, acme)
    assert mails(rig) == []
    assert len(rig.control("GET", "/automations")) == 2
    for wish in ({}, {"kind": "path", "on": "No list"}, {"kind": "song"}, {"automation_id": "x"}):
        assert rig.http.post("/_sim/automations", json=wish).status_code == 400


def test_the_lively_account_has_some(rig: Rig, harbor: Caller) -> None:
    news = harbor.list_id("Newsletter")
    harbor.post("/contacts/sign_up_form", {"email_address": EMAIL, "list_memberships": [news]})
    assert [mail["kind"] for mail in mails(rig)] == ["welcome"]
    assert HARBOR in {item["name"] for item in rig.control("GET", "/state")["accounts"]}
