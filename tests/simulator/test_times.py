"""Two clocks of a contact: which act moves its own `updated_at`, and which its e-mail address's, as a table."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.rig import Caller, Rig

EMAIL = "pat@example.org"
Act = Callable[[Rig, Caller, str], object]


def put(**more: Any) -> Act:
    def act(rig: Rig, acme: Caller, key: str) -> None:
        body = {"update_source": "Account", "first_name": "Pat", **more}
        acme.put(f"/contacts/{key}", body)

    return act


def with_email(**more: Any) -> Act:
    return put(email_address={"address": EMAIL, **more})


def unsubscribed(rig: Rig, acme: Caller, key: str) -> None:
    rig.control("POST", "/unsubscribe", {"email": EMAIL})


def deleted(rig: Rig, acme: Caller, key: str) -> None:
    acme.delete(f"/contacts/{key}")


def signed_up(rig: Rig, acme: Caller, key: str) -> None:
    form = {"email_address": EMAIL, "list_memberships": [acme.list_id()]}
    acme.post("/contacts/sign_up_form", form, expect=200)


def listed(rig: Rig, acme: Caller, key: str) -> None:
    order = {"source": {"contact_ids": [key]}, "list_ids": [acme.list_id()]}
    acme.finished(acme.post("/activities/add_list_memberships", order))


def tagged(rig: Rig, acme: Caller, key: str) -> None:
    tag = acme.post("/contact_tags", {"name": "T"})["tag_id"]
    order = {"source": {"contact_ids": [key]}, "tag_ids": [tag]}
    acme.finished(acme.post("/activities/contacts_taggings_add", order))


def imported(row: str) -> Act:
    def act(rig: Rig, acme: Caller, key: str) -> None:
        assert acme.imported(f"email,first_name\n{EMAIL},{row}\n")["status"]["person_count"] == 1

    return act


def asked_again(rig: Rig, acme: Caller, key: str) -> None:
    """A confirmation mail goes out, and is followed."""
    acme.put(f"/contacts/resubscribe/{key}", {"list_ids": [acme.list_id()]})
    rig.control("POST", "/confirm", {"email": EMAIL})


def read(rig: Rig, acme: Caller, key: str) -> None:
    acme.get(f"/contacts/{key}", include="list_memberships")


TABLE: list[tuple[Act, str, bool, bool]] = [
    # the act, the permission before, whether the contact's time moves, whether the address's does
    (read, "implicit", False, False),
    (put(last_name="Doe"), "implicit", True, False),
    (with_email(), "implicit", True, False),
    (put(email_address={"address": "other@example.org"}), "implicit", True, True),
    (with_email(permission_to_send="explicit"), "implicit", True, True),
    (with_email(permission_to_send="unsubscribed"), "implicit", False, True),
    (with_email(permission_to_send="unsubscribed", opt_out_reason="Enough"), "unsubscribed", True, True),
    (put(last_name="Doe", email_address={"address": EMAIL, "permission_to_send": "unsubscribed"}),
     "implicit", True, True),
    (unsubscribed, "implicit", False, True),
    (asked_again, "unsubscribed", False, True),
    (signed_up, "implicit", True, True),
    (signed_up, "explicit", True, False),
    (deleted, "implicit", True, False),
    (listed, "implicit", True, False),
    (tagged, "implicit", True, False),
    (imported("New"), "implicit", True, False),
    (imported("Pat"), "implicit", True, False),
]  # what belongs together stands on one line  # fmt: skip


@pytest.mark.parametrize(("act", "before", "own", "address"), TABLE, ids=range(len(TABLE)))
def test_what_moves(rig: Rig, acme: Caller, act: Act, before: str, own: bool, address: bool) -> None:
    made = acme.create(EMAIL, before, first_name="Pat")
    rig.wait(60)
    act(rig, acme, made["contact_id"])
    now = acme.get(f"/contacts/{made['contact_id']}")
    moved = now["updated_at"] != made["updated_at"]
    address_moved = now["email_address"]["updated_at"] != made["email_address"]["updated_at"]
    assert (moved, address_moved) == (own, address)
    assert now["created_at"] == made["created_at"]


@pytest.mark.parametrize(("act", "by_update", "by_opt_out"), [
    (put(last_name="Doe"), True, False),
    (unsubscribed, False, True),
    (with_email(permission_to_send="unsubscribed"), False, True),
])  # what belongs together stands on one line  # fmt: skip
def test_which_window_finds_it(rig: Rig, acme: Caller, act: Act, by_update: bool, by_opt_out: bool) -> None:
    """An opt-out is not found by `updated_after`, nor another change by `optout_after`."""
    key = acme.create(EMAIL, first_name="Pat")["contact_id"]
    rig.wait(60)
    since = acme.create("mark@example.org")["created_at"]
    acme.delete(f"/contacts/{acme.contact('mark@example.org')['contact_id']}")
    rig.wait(60)
    act(rig, acme, key)
    found = [
        [item["contact_id"] for item in acme.get("/contacts", status=states, **{window: since})["contacts"]]
        for window, states in (
            ("updated_after", "active,unsubscribed"),
            ("optout_after", "all"),
        )
    ]
    assert [key in ids for ids in found] == [by_update, by_opt_out]
