"""Deleting and coming back, as a table: who comes back by which way, with which permission, and on which list."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.rig import Caller, Rig

EMAIL = "pat@example.org"
Way = Callable[[Caller, str], object]


def put(source: str) -> Way:
    def revive(acme: Caller, key: str) -> int:
        body = {"update_source": source, "list_memberships": [acme.list_id()]}
        return acme.call("PUT", f"/contacts/{key}", json=body).status_code

    return revive


def form(acme: Caller, key: str) -> None:
    acme.post(
        "/contacts/sign_up_form", {"email_address": EMAIL, "list_memberships": [acme.list_id()]}, expect=200
    )


def csv(acme: Caller, key: str) -> None:
    acme.imported(f"email\n{EMAIL}\n")


def json_rows(acme: Caller, key: str) -> None:
    order = {"import_data": [{"email": EMAIL}], "list_ids": [acme.list_id()]}
    acme.finished(acme.post("/activities/contacts_json_import", order))


def job(acme: Caller, key: str) -> None:
    order = {"source": {"contact_ids": [key]}, "list_ids": [acme.list_id()]}
    acme.finished(acme.post("/activities/add_list_memberships", order))


def post(acme: Caller, key: str) -> None:
    body = {"email_address": {"address": EMAIL}, "create_source": "Account"}
    assert key in acme.post("/contacts", body, expect=409)[0]["error_message"]


TABLE: list[tuple[Way, str, bool, str, int]] = [
    # the way, the permission before, whether the contact is back, the permission then, how many lists
    (put("Account"), "implicit", True, "implicit", 1),
    (put("Account"), "explicit", True, "explicit", 1),
    (put("Account"), "unsubscribed", True, "unsubscribed", 0),
    (put("Contact"), "implicit", False, "implicit", 0),
    (form, "implicit", True, "explicit", 1),
    (form, "unsubscribed", True, "explicit", 1),
    (csv, "implicit", True, "implicit", 1),
    (csv, "explicit", True, "explicit", 1),
    (json_rows, "implicit", True, "implicit", 1),
    (csv, "unsubscribed", True, "unsubscribed", 0),
    (json_rows, "unsubscribed", True, "unsubscribed", 0),
    (job, "implicit", True, "implicit", 1),
    (job, "unsubscribed", False, "unsubscribed", 0),
    (post, "implicit", False, "implicit", 0),
    (post, "unsubscribed", False, "unsubscribed", 0),
]


@pytest.mark.parametrize(("way", "before", "back", "after", "lists"), TABLE, ids=range(len(TABLE)))
def test_coming_back(
    rig: Rig, acme: Caller, way: Way, before: str, back: bool, after: str, lists: int
) -> None:
    made = acme.create(EMAIL, before, list_memberships=[acme.list_id()], first_name="Pat")
    key = made["contact_id"]
    acme.delete(f"/contacts/{key}")
    assert acme.contact(EMAIL)["list_memberships"] == []
    way(acme, key)
    contact: dict[str, Any] = acme.contact(EMAIL)
    assert contact["contact_id"] == key
    assert ("deleted_at" not in contact) is back
    assert contact["email_address"]["permission_to_send"] == after
    assert len(contact["list_memberships"]) == lists


MANY = 51
CAPS: list[tuple[str, str, Any, int]] = [
    # where, what, one of it by its number, how many there may be
    ("/contact_lists", "", lambda n: {"name": f"L{n}"}, 999),
    ("/contact_tags", "", lambda n: {"name": f"T{n}"}, 500),
    ("/contact_custom_fields", "", lambda n: {"label": f"F{n}", "type": "string"}, 100),
    ("/contacts", "notes", lambda n: {"content": f"Note {n}"}, 150),
    ("/contacts", "phone_numbers", lambda n: {"phone_number": f"555 {n}", "kind": "other"}, 3),
    ("/contacts", "street_addresses", lambda n: {"kind": "other", "city": f"Town {n}"}, 3),
]


@pytest.mark.parametrize(("path", "part", "one", "most"), CAPS, ids=range(len(CAPS)))
def test_caps(acme: Caller, path: str, part: str, one: Any, most: int) -> None:
    if part:
        body = {"first_name": "A", "create_source": "Account"}
        acme.post(path, {**body, part: [one(number) for number in range(most)]})
        acme.post(path, {**body, part: [one(number) for number in range(most + 1)]}, expect=400)
        return
    for number in range(most):
        acme.post(path, one(number))
    acme.post(path, one(most), expect=400)


@pytest.mark.parametrize(("part", "path", "name", "most"), [
    ("list_memberships", "/contact_lists", "list_id", 50),
    ("taggings", "/contact_tags", "tag_id", 50),
    ("custom_fields", "/contact_custom_fields", "custom_field_id", 25),
])  # what belongs together stands on one line  # fmt: skip
def test_caps_of_a_contact(acme: Caller, part: str, path: str, name: str, most: int) -> None:
    def new(number: int) -> Any:
        more = (
            {"label": f"N{number}", "type": "string"} if part == "custom_fields" else {"name": f"N{number}"}
        )
        key = acme.post(path, more)[name]
        return {"custom_field_id": key, "value": "v"} if part == "custom_fields" else key

    everything = [new(number) for number in range(most + 1)]
    key = acme.create(EMAIL, **{part: everything[:most]})["contact_id"]
    acme.put(f"/contacts/{key}", {"update_source": "Account", part: everything}, expect=400)
    if part == "list_memberships":
        late = {"email_address": EMAIL, "list_memberships": everything[most:]}
        acme.post("/contacts/sign_up_form", late, expect=400)
        order = {"source": {"contact_ids": [key]}, "list_ids": everything[most:]}
        done = acme.finished(acme.post("/activities/add_list_memberships", order))
        assert done["status"]["items_completed_count"] == 0 and done["activity_errors"]
