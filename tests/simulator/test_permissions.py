"""The state machine of permission_to_send, over the API, as a table."""

from typing import Any

import pytest

from connections.simulator.clock import show_time
from tests.simulator.rig import Caller, Rig

EMAIL = "pat@example.org"


def by_contact(rig: Rig, acme: Caller) -> None:
    acme.create(EMAIL)
    rig.control("POST", "/unsubscribe", {"account": "Acme Bakery", "email": EMAIL, "reason": "Enough"})


def by_account(rig: Rig, acme: Caller) -> None:
    put(acme, acme.create(EMAIL)["contact_id"], "unsubscribed", "Account")


def implicit(rig: Rig, acme: Caller) -> None:
    acme.create(EMAIL)


def explicit(rig: Rig, acme: Caller) -> None:
    acme.create(EMAIL, "explicit")


def gone_by_contact(rig: Rig, acme: Caller) -> None:
    by_contact(rig, acme)
    acme.delete(f"/contacts/{acme.contact(EMAIL)['contact_id']}")


def put(acme: Caller, contact_id: str, permission: str | None, source: str, **more: Any) -> Any:
    email: dict[str, Any] = {"address": EMAIL}
    if permission:
        email["permission_to_send"] = permission
    return acme.call(
        "PUT", f"/contacts/{contact_id}", json={"email_address": email, "update_source": source, **more}
    )


PUTS: list[tuple[Any, str | None, str, bool, int, str]] = [
    # start, wanted, source, adds a list, status, permission afterwards
    (implicit, None, "Account", True, 200, "implicit"),
    (implicit, "explicit", "Contact", False, 200, "explicit"),
    (implicit, "unsubscribed", "Account", False, 200, "unsubscribed"),
    (implicit, "unsubscribed", "Contact", False, 200, "unsubscribed"),
    (implicit, "pending_confirmation", "Contact", False, 200, "pending_confirmation"),
    (explicit, "implicit", "Account", False, 200, "implicit"),
    (by_account, None, "Account", False, 200, "unsubscribed"),
    (by_account, None, "Account", True, 200, "implicit"),
    (by_account, "implicit", "Account", True, 200, "implicit"),
    (by_account, "explicit", "Account", False, 200, "explicit"),
    (by_account, "explicit", "Contact", False, 200, "explicit"),
    (by_contact, None, "Account", False, 200, "unsubscribed"),
    (by_contact, "unsubscribed", "Account", True, 200, "unsubscribed"),
    (by_contact, None, "Account", True, 400, "unsubscribed"),
    (by_contact, "implicit", "Account", False, 400, "unsubscribed"),
    (by_contact, "explicit", "Account", True, 400, "unsubscribed"),
    (by_contact, "explicit", "Contact", False, 200, "explicit"),
    (by_contact, "implicit", "Contact", True, 200, "explicit"),
    (gone_by_contact, None, "Account", False, 200, "unsubscribed"),
    (gone_by_contact, None, "Account", True, 200, "unsubscribed"),
    (gone_by_contact, "implicit", "Account", True, 400, "unsubscribed"),
]


@pytest.mark.parametrize(("start", "wanted", "source", "adds", "status", "after"), PUTS)
def test_put(
    rig: Rig, acme: Caller, start: Any, wanted: str | None, source: str, adds: bool, status: int, after: str
) -> None:
    start(rig, acme)
    more = {"list_memberships": [acme.list_id()]} if adds else {}
    answer = put(acme, acme.contact(EMAIL)["contact_id"], wanted, source, **more)
    assert answer.status_code == status, answer.text
    contact = acme.contact(EMAIL)
    assert contact["email_address"]["permission_to_send"] == after
    if after == "unsubscribed":
        assert contact["list_memberships"] == []
        assert contact["email_address"]["opt_out_source"] in ("Account", "Contact")
    else:
        assert "opt_out_source" not in contact["email_address"]


def test_a_refused_re_add_may_be_ignored_instead(rig: Rig, acme: Caller) -> None:
    rig.switch(put_account_re_adds_opted_out="ignored")
    by_contact(rig, acme)
    contact = put(
        acme, acme.contact(EMAIL)["contact_id"], "implicit", "Account", list_memberships=[acme.list_id()]
    )
    assert contact.status_code == 200
    assert contact.json()["email_address"]["permission_to_send"] == "unsubscribed"
    assert contact.json()["list_memberships"] == []


@pytest.mark.parametrize(
    ("start", "status", "after"),
    [
        (None, 201, "explicit"),
        (implicit, 200, "explicit"),
        (by_contact, 200, "explicit"),
        (gone_by_contact, 200, "explicit"),
    ],
)
def test_sign_up_form(rig: Rig, acme: Caller, start: Any, status: int, after: str) -> None:
    if start:
        start(rig, acme)
    body = {"email_address": EMAIL, "list_memberships": [acme.list_id()], "first_name": "Pat"}
    answer = acme.post("/contacts/sign_up_form", body, expect=status)
    assert set(answer) == {"contact_id", "action"}
    assert answer["action"] == ("created" if status == 201 else "updated")
    contact = acme.contact(EMAIL)
    assert contact["email_address"]["permission_to_send"] == after
    assert contact["email_address"]["opt_in_source"] == "Contact"
    assert "deleted_at" not in contact and contact["list_memberships"] == [acme.list_id()]


@pytest.mark.parametrize(
    ("start", "confirms", "after", "mail"),
    [
        # start, whether the account asks for confirmation, permission and confirm_status afterwards
        (None, False, "explicit", "off"),
        (None, True, "pending_confirmation", "pending"),
        (implicit, False, "explicit", "off"),
        (implicit, True, "explicit", "off"),
        (explicit, True, "explicit", "off"),
        (by_contact, True, "explicit", "off"),
        (gone_by_contact, True, "explicit", "off"),
    ],
)
def test_whom_the_account_asks_to_confirm(
    rig: Rig, acme: Caller, start: Any, confirms: bool, after: str, mail: str
) -> None:
    """Confirmed opt-in is for new people: those who are known already become explicit at once."""
    if start:
        start(rig, acme)
    rig.control("PUT", "/accounts/Acme Bakery", {"confirmed_opt_in": confirms})
    acme.call(
        "POST",
        "/contacts/sign_up_form",
        json={"email_address": EMAIL, "list_memberships": [acme.list_id()]},
    )
    email = acme.contact(EMAIL)["email_address"]
    assert (email["permission_to_send"], email["confirm_status"]) == (after, mail)


def test_confirmed_opt_in(rig: Rig, acme: Caller) -> None:
    account = acme.get("/account/summary")["encoded_account_id"]
    rig.control("PUT", f"/accounts/{account}", {"confirmed_opt_in": True})
    acme.post("/contacts/sign_up_form", {"email_address": EMAIL, "list_memberships": [acme.list_id()]})
    email = acme.contact(EMAIL)["email_address"]
    assert (email["permission_to_send"], email["confirm_status"]) == ("pending_confirmation", "pending")
    assert acme.get("/contacts/counts")["pending"] == 1
    rig.control("POST", "/confirm", {"account": "Acme Bakery", "email": EMAIL})
    email = acme.contact(EMAIL)["email_address"]
    assert (email["permission_to_send"], email["confirm_status"]) == ("explicit", "confirmed")


def test_resubscribing_by_mail_works_once(rig: Rig, acme: Caller) -> None:
    by_contact(rig, acme)
    contact_id = acme.contact(EMAIL)["contact_id"]
    body = {"list_ids": [acme.list_id()]}
    acme.put(f"/contacts/resubscribe/{contact_id}", body)
    assert acme.contact(EMAIL)["email_address"]["permission_to_send"] == "unsubscribed"
    acme.put(f"/contacts/resubscribe/{contact_id}", body, expect=409)
    rig.control("POST", "/confirm", {"account": "Acme Bakery", "email": EMAIL})
    assert acme.contact(EMAIL)["email_address"]["permission_to_send"] == "explicit"


def test_an_opt_out_moves_only_the_addresss_time(rig: Rig, acme: Caller) -> None:
    before = acme.create(EMAIL)
    rig.wait(100)
    put(acme, before["contact_id"], "unsubscribed", "Account")
    after = acme.contact(EMAIL)
    assert after["updated_at"] == before["updated_at"]
    assert after["email_address"]["updated_at"] > before["email_address"]["updated_at"]
    since = acme.rig.simulator.clock.now() // 1000 - 50
    stamp = show_time(since * 1000)
    assert acme.get("/contacts", updated_after=stamp, status="all")["contacts"] == []
    assert len(acme.get("/contacts", optout_after=stamp, status="all")["contacts"]) == 1


@pytest.mark.parametrize("start", [implicit, explicit, by_contact, by_account, gone_by_contact])
def test_an_import_never_changes_a_permission(rig: Rig, acme: Caller, start: Any) -> None:
    start(rig, acme)
    before = acme.contact(EMAIL)["email_address"]["permission_to_send"]
    status = acme.imported(f"email,first_name\n{EMAIL},Pat\n")["status"]
    assert acme.contact(EMAIL)["email_address"]["permission_to_send"] == before
    out = before == "unsubscribed"
    assert (status["person_count"], status["cannot_add_to_list_count"]) == ((0, 1) if out else (1, 0))
    assert acme.contact(EMAIL)["list_memberships"] == ([] if out else [acme.list_id()])
