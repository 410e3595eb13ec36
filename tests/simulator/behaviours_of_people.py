"""Both answers of the switches on what a write does to a contact, and on how contacts are shown."""

from typing import Any

from tests.simulator.behaviours import of
from tests.simulator.rig import HARBOR, Caller, Rig

UUID = "00000000-0000-4000-8000-000000000000"
EMAIL = "a@example.org"


def _put(acme: Caller, key: str, **more: Any) -> dict[str, Any]:
    return acme.put(f"/contacts/{key}", {"update_source": "Account", **more})


@of("put_present_taggings", {"replaced": 1, "merged": 2})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    tags = [acme.post("/contact_tags", {"name": name})["tag_id"] for name in "AB"]
    key = acme.create(EMAIL, taggings=tags[:1])["contact_id"]
    return len(_put(acme, key, taggings=tags[1:])["taggings"])


@of("put_present_notes", {"replaced": ["new"], "merged": ["new", "old"]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create(EMAIL, notes=[{"content": "old"}])["contact_id"]
    return [note["content"] for note in _put(acme, key, notes=[{"content": "new"}])["notes"]]


@of("unknown_field_value", {"refused": 400, "ignored": 201})
def _(rig: Rig) -> Any:
    value = {"custom_field_id": UUID, "value": "x"}
    body = {"first_name": "A", "create_source": "Account", "custom_fields": [value]}
    return rig.sign_in().call("POST", "/contacts", json=body).status_code


@of("put_opt_out_source", {"update_source": "Contact", "Account": "Account"})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create(EMAIL)["contact_id"]
    email = {"address": EMAIL, "permission_to_send": "unsubscribed"}
    body = {"update_source": "Contact", "email_address": email}
    return acme.put(f"/contacts/{key}", body)["email_address"]["opt_out_source"]


def _moved(rig: Rig, acme: Caller, before: str) -> bool:
    return bool(acme.contact(EMAIL)["updated_at"] != before)


@of("imports_move_updated_at", {"yes": True, "no": False})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    before = acme.create(EMAIL)["updated_at"]
    rig.wait(60)
    acme.imported(f"email,first_name\n{EMAIL},Ana\n")
    assert acme.contact(EMAIL)["first_name"] == "Ana"
    return _moved(rig, acme, before)


@of("fields_move_updated_at", {"no": [False, False], "yes": [True, True]})
def _(rig: Rig) -> Any:
    """By the one call, and by the bulk job."""
    acme = rig.sign_in()
    keys = [
        acme.post("/contact_custom_fields", {"label": label, "type": "string"})["custom_field_id"]
        for label in "AB"
    ]
    values = [{"custom_field_id": key, "value": "v"} for key in keys]
    before = acme.create(EMAIL, custom_fields=values)["updated_at"]
    rig.wait(60)
    acme.delete(f"/contact_custom_fields/{keys[0]}")
    first, between = _moved(rig, acme, before), acme.contact(EMAIL)["updated_at"]
    rig.wait(60)
    acme.finished(acme.post("/activities/custom_fields_delete", {"custom_field_ids": keys[1:]}))
    assert acme.contact(EMAIL)["custom_fields"] == []
    return [first, _moved(rig, acme, between)]


@of("confirming_moves_updated_at", {"no": False, "yes": True})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    before = acme.create(EMAIL, "pending_confirmation")["updated_at"]
    rig.wait(60)
    rig.control("POST", "/confirm", {"email": EMAIL})
    assert acme.contact(EMAIL)["email_address"]["permission_to_send"] == "explicit"
    return _moved(rig, acme, before)


@of("contacts_order", {"oldest_first": "abcde", "newest_first": "edcba"})
def _(rig: Rig) -> Any:
    """Over pages, of everybody and of a list's members, with people who come in between."""
    acme = rig.sign_in()
    for name in "abcde":
        acme.create(f"{name}@example.org", list_memberships=[acme.list_id()])
    orders = [
        "".join(item["email_address"]["address"][0] for item in acme.pages("/contacts", "contacts", **query))
        for query in ({"limit": 2}, {"limit": 1, "lists": acme.list_id()}, {"limit": 5})
    ]
    assert len(set(orders)) == 1
    return orders[0]


@of(
    "new_subscriber_word",
    {"new_subscriber": ("new_subscriber", 400), "new_subscribers": ("new_subscribers", 400)},
)
def _(rig: Rig) -> Any:
    acme, words = rig.sign_in(HARBOR), ("new_subscriber", "new_subscribers")
    answers = [acme.call("GET", "/contacts/counts", params={"include": word}) for word in words]
    taken = next(answer for answer in answers if answer.status_code == 200).json()
    refused = next(answer.status_code for answer in answers if answer.status_code != 200)
    return next(word for word in words if word in taken), refused


@of(
    "create_source_shown",
    {"as_written": ("Contact", "Account"), "Landing Page": ("Landing Page", "Account")},
)
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.post("/contacts/sign_up_form", {"email_address": EMAIL, "list_memberships": [acme.list_id()]})
    return acme.contact(EMAIL)["create_source"], acme.create("b@example.org")["create_source"]


@of("sign_up_most_values", {25: [201, 400], 50: [201, 200]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    keys = [
        acme.post("/contact_custom_fields", {"label": f"F{number}", "type": "string"})["custom_field_id"]
        for number in range(50)
    ]
    form = {"email_address": EMAIL, "list_memberships": [acme.list_id()]}
    values = [{"custom_field_id": key, "value": "v"} for key in keys]
    return [
        acme.call("POST", "/contacts/sign_up_form", json={**form, "custom_fields": some}).status_code
        for some in (values[:25], values)
    ]
