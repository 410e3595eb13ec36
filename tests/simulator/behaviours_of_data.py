"""Both answers of the switches on contacts, lists, tags and custom fields."""

from typing import Any

from connections.simulator.clock import show_time
from tests.simulator.behaviours import of
from tests.simulator.rig import Caller, Rig

# --- contacts -----------------------------------------------------------------------------------------------


@of(
    "conflict_message",
    {
        "validation_failed": "Validation failed: Email already exists for contact ID",
        "short": "Email already exists for contact ID",
        "without_id": "Validation failed: EmailAddress is not unique",
    },
)
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org")["contact_id"]
    body = {"email_address": {"address": "a@example.org"}, "create_source": "Account"}
    return acme.post("/contacts", body, expect=409)[0]["error_message"].replace(key, "ID")


@of("default_permission", {"implicit": "implicit", "not_set": "not_set"})
def _(rig: Rig) -> Any:
    body = {"email_address": {"address": "a@example.org"}, "create_source": "Account"}
    return rig.sign_in().post("/contacts", body)["email_address"]["permission_to_send"]


def _listed(acme: Caller, email: str = "a@example.org", **more: Any) -> dict[str, Any]:
    return acme.create(email, list_memberships=[acme.list_id()], **more)


@of("put_omitted_subresources", {"kept": 1, "nulled": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = _listed(acme)["contact_id"]
    body = {"update_source": "Account", "email_address": {"address": "a@example.org"}}
    return len(acme.put(f"/contacts/{key}", body)["list_memberships"])


@of("put_omitted_email", {"kept": 200, "refused": 400})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org")["contact_id"]
    return acme.call("PUT", f"/contacts/{key}", json={"update_source": "Account"}).status_code


@of("put_present_custom_fields", {"replaced": ["b"], "merged": ["a", "b"]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    fields = [
        acme.post("/contact_custom_fields", {"label": label, "type": "string"})["custom_field_id"]
        for label in "AB"
    ]
    values = [{"custom_field_id": key, "value": text} for key, text in zip(fields, "ab", strict=True)]
    key = acme.create("a@example.org", custom_fields=values[:1])["contact_id"]
    body = {"update_source": "Account", "custom_fields": values[1:]}
    return [item["value"] for item in acme.put(f"/contacts/{key}", body)["custom_fields"]]


@of("put_account_re_adds_opted_out", {"refused": 400, "ignored": 200})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org")["contact_id"]
    rig.control("POST", "/unsubscribe", {"email": "a@example.org"})
    body = {"update_source": "Account", "list_memberships": [acme.list_id()]}
    return acme.call("PUT", f"/contacts/{key}", json=body).status_code


@of("delete_again", {404: 404, 204: 204})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org")["contact_id"]
    acme.delete(f"/contacts/{key}")
    return acme.call("DELETE", f"/contacts/{key}").status_code


def _moved(rig: Rig, acme: Caller, key: str, before: str) -> bool:
    return bool(acme.get(f"/contacts/{key}")["updated_at"] != before)


@of("delete_moves_updated_at", {"yes": True, "no": False})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    made = acme.create("a@example.org")
    rig.wait(60)
    acme.delete(f"/contacts/{made['contact_id']}")
    return _moved(rig, acme, made["contact_id"], made["updated_at"])


@of("deleted_keeps_details", {"yes": 1, "no": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org", notes=[{"content": "Likes tea"}])["contact_id"]
    acme.delete(f"/contacts/{key}")
    return len(acme.get(f"/contacts/{key}", include="notes")["notes"])


@of("lists_move_updated_at", {"yes": True, "no": False})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    made = acme.create("a@example.org")
    rig.wait(60)
    source = {"contact_ids": [made["contact_id"]]}
    acme.finished(
        acme.post("/activities/add_list_memberships", {"source": source, "list_ids": [acme.list_id()]})
    )
    return _moved(rig, acme, made["contact_id"], made["updated_at"])


@of("tags_move_updated_at", {"yes": True, "no": False})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    made, tag = acme.create("a@example.org"), acme.post("/contact_tags", {"name": "T"})["tag_id"]
    rig.wait(60)
    source = {"contact_ids": [made["contact_id"]]}
    acme.finished(acme.post("/activities/contacts_taggings_add", {"source": source, "tag_ids": [tag]}))
    return _moved(rig, acme, made["contact_id"], made["updated_at"])


@of("unsubscribe_clears_lists", {"yes": 0, "no": 1})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    _listed(acme)
    rig.control("POST", "/unsubscribe", {"email": "a@example.org"})
    return len(acme.contact("a@example.org")["list_memberships"])


@of(
    "status_active", {"permission": ["a@example.org"], "not_unsubscribed": ["a@example.org", "b@example.org"]}
)
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.create("a@example.org")
    acme.create("b@example.org", "pending_confirmation")
    return [item["email_address"]["address"] for item in acme.get("/contacts", status="active")["contacts"]]


@of("window_bounds", {"inclusive": 1, "exclusive": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    at = acme.create("a@example.org")["updated_at"]
    return len(acme.get("/contacts", updated_after=at)["contacts"])


@of("index_lag_seconds", {0: 4, 60: 3, 120: 2, 180: 1})
def _(rig: Rig) -> Any:
    acme, begun = rig.sign_in(), show_time(rig.time)
    for name in "abc":
        acme.create(f"{name}@example.org")
        rig.wait(60)
    acme.create("d@example.org")
    return len(acme.get("/contacts", updated_after=begun)["contacts"])


@of("segment_first_answer", {202: [202, 200], 200: [200, 200]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    return [acme.call("GET", "/contacts", params={"segment_id": "1"}).status_code for _ in range(2)]


@of("sign_up_email_length", {50: 400, 80: 201})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    body = {"email_address": "x" * 50 + "@example.org", "list_memberships": [acme.list_id()]}
    return acme.call("POST", "/contacts/sign_up_form", json=body).status_code


# --- custom fields, tags ------------------------------------------------------------------------------------


@of("field_name_case", {"lower": "customer_id", "kept": "Customer_ID"})
def _(rig: Rig) -> Any:
    return rig.sign_in().post("/contact_custom_fields", {"label": "Customer ID", "type": "string"})["name"]


@of("typed_fields", {"accepted": 201, "refused": 400})
def _(rig: Rig) -> Any:
    body = {"label": "Size", "type": "number"}
    return rig.sign_in().call("POST", "/contact_custom_fields", json=body).status_code


@of("typed_values", {"checked": 400, "unchecked": 201})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.post("/contact_custom_fields", {"label": "Size", "type": "number"})["custom_field_id"]
    value = {"custom_field_id": key, "value": "many"}
    body = {"first_name": "A", "create_source": "Account", "custom_fields": [value]}
    return acme.call("POST", "/contacts", json=body).status_code


@of("contact_choice_ids", {"padded": ["000001"], "plain": ["1"]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    field = {"label": "Size", "type": "single_select", "choices": [{"choice_label": "Small"}]}
    key = acme.post("/contact_custom_fields", field)["custom_field_id"]
    made = acme.create("a@example.org", custom_fields=[{"custom_field_id": key, "choice_ids": ["1"]}])
    return made["custom_fields"][0]["choice_ids"]


@of("tags_read_privilege", {"contacts:read": 403, "contacts:lists:read": 200})
def _(rig: Rig) -> Any:
    return rig.sign_in(role="creator").call("GET", "/contact_tags").status_code


# --- points that were inferred ------------------------------------------------------------------------------


@of("lists_limit", {1000: 200, 500: 400})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("GET", "/contact_lists", params={"limit": 1000}).status_code


@of("list_put_omitted", {"reset": "", "kept": "Old"})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.post("/contact_lists", {"name": "A", "description": "Old"})["list_id"]
    return acme.put(f"/contact_lists/{key}", {"name": "A"})["description"]


@of("tag_delete_unknown", {404: 404, 406: 406})
def _(rig: Rig) -> Any:
    return rig.sign_in().call("DELETE", "/contact_tags/00000000-0000-4000-8000-000000000000").status_code


@of("activity_after_retention", {"not_found": 404, "found": 200})
def _(rig: Rig) -> Any:
    made = rig.sign_in().post("/activities/contact_exports", {})
    rig.wait(11 * 86_400)
    late = rig.sign_in()
    assert late.get("/activities")["activities"] == []
    return late.call("GET", f"/activities/{made['activity_id']}").status_code


@of("put_present_lists", {"replaced": 1, "merged": 2})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = _listed(acme)["contact_id"]
    other = acme.post("/contact_lists", {"name": "B"})["list_id"]
    body = {"update_source": "Account", "list_memberships": [other]}
    return len(acme.put(f"/contacts/{key}", body)["list_memberships"])


@of("edits_within_a_second", {"accepted": [200, 200, 200], "conflict": [409, 200, 409]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    key = acme.create("a@example.org")["contact_id"]

    def put() -> int:
        return acme.call("PUT", f"/contacts/{key}", json={"update_source": "Account"}).status_code

    first = put()
    rig.wait(1)
    second = put()
    form = {"email_address": "a@example.org", "list_memberships": [acme.list_id()]}
    return [first, second, acme.call("POST", "/contacts/sign_up_form", json=form).status_code]


@of("delete_lag_seconds", {0: [0, 0, 1], 60: [1, 0, 1]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.delete(f"/contacts/{acme.create('a@example.org')['contact_id']}")
    soon = len(acme.get("/contacts")["contacts"])
    rig.wait(61)
    return [soon, *(len(acme.get("/contacts", status=state)["contacts"]) for state in ("active", "deleted"))]


@of("sign_up_resubscribes", {"yes": "explicit", "no": "unsubscribed"})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.create("a@example.org", "unsubscribed")
    form = {"email_address": "a@example.org", "list_memberships": [acme.list_id()]}
    acme.post("/contacts/sign_up_form", form, expect=200)
    return acme.contact("a@example.org")["email_address"]["permission_to_send"]


@of("sign_up_unknown_list", {400: 400, 404: 404})
def _(rig: Rig) -> Any:
    form = {"email_address": "a@example.org", "list_memberships": ["00000000-0000-4000-8000-000000000000"]}
    return rig.sign_in().call("POST", "/contacts/sign_up_form", json=form).status_code
