"""Both answers of the switches on imports, exports and automations."""

from typing import Any

from tests.simulator.behaviours import of
from tests.simulator.rig import HARBOR, Caller, Rig

# --- automations --------------------------------------------------------------------------------------------


def _mails(rig: Rig) -> int:
    return sum(entry["host"] == "mail" for entry in rig.journal())


@of("import_starts_paths", {"yes": 1, "no": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    rig.control("POST", "/automations", {"kind": "path", "on": "General Interest"})
    acme.imported("email\na@example.org\n")
    return _mails(rig)


@of("tag_starts_automations", {"no": 0, "yes": 1})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    tag = acme.post("/contact_tags", {"name": "T"})["tag_id"]
    rig.control("POST", "/automations", {"kind": "tag", "on": "T"})
    acme.create("a@example.org", taggings=[tag])
    return _mails(rig)


@of("sign_up_counts_as", {"Contact": 1, "Account": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    rig.control("POST", "/automations", {"kind": "welcome", "on": "General Interest"})
    acme.post(
        "/contacts/sign_up_form", {"email_address": "a@example.org", "list_memberships": [acme.list_id()]}
    )
    return _mails(rig)


# --- imports ------------------------------------------------------------------------------------------------


def _bytes(size: int) -> bytes:
    """A CSV file of so many bytes with one row across the end, and no name to speak of."""
    text = b"email\n" + b"a@example.org\n"
    return text + b"\n" * (size - len(text)) + b"b@example.org\n"


@of("import_cap_bytes", {4_000_000: 1, 4_194_304: 2})
def _(rig: Rig) -> Any:
    rig.switch(import_cap_counts="file")
    return rig.sign_in().imported(_bytes(4_000_000))["status"]["person_count"]


@of("import_cap_counts", {"body": 1, "file": 2})
def _(rig: Rig) -> Any:
    """With the wrapping counted, the last row of a file just within the cap is cut off."""
    return rig.sign_in().imported(_bytes(4_000_000 - 14))["status"]["person_count"]


@of("import_email_length", {80: 1, 50: 0})
def _(rig: Rig) -> Any:
    return rig.sign_in().imported(f"email\n{'x' * 50}@example.org\n")["status"]["person_count"]


@of("import_unknown_field", {"ignored": 201, "refused": 400})
def _(rig: Rig) -> Any:
    return rig.sign_in().upload("email,cf:none\na@example.org,x\n").status_code


@of("import_blank_values", {"ignored": "A", "cleared": None})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.create("a@example.org", first_name="A")
    acme.imported("email,first_name\na@example.org,\n")
    return acme.contact("a@example.org").get("first_name")


@of("import_revives_deleted", {"yes": 1, "no": 0})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.delete(f"/contacts/{acme.create('a@example.org')['contact_id']}")
    return acme.imported("email\na@example.org\n")["status"]["person_count"]


@of("import_duplicates", {"last_row": None, "merged": "A"})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.imported("email,first_name\na@example.org,A\na@example.org,\n")
    return acme.contact("a@example.org").get("first_name")


@of("import_updates_unsubscribed", {"yes": "A", "no": None})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.create("a@example.org", "unsubscribed")
    assert acme.imported("email,first_name\na@example.org,A\n")["status"]["cannot_add_to_list_count"] == 1
    return acme.contact("a@example.org").get("first_name")


@of("import_file_name", {"echoed": "people.csv", "absent": None})
def _(rig: Rig) -> Any:
    return rig.sign_in().upload("email\na@example.org\n").json().get("source_file_name")


@of("tag_delete_errors", {"strings": str, "objects": dict})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    tag = acme.post("/contact_tags", {"name": "T"})["tag_id"]
    rig.control("POST", "/faults", {"match": "/contact_tags/", "activity": "failed"})
    done = acme.finished(acme.call("DELETE", f"/contact_tags/{tag}").json())
    return type(done["activity_errors"][0])


@of("import_choices", {"labels": [0, 1], "ids": [1, 0]})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    field = {"label": "Size", "type": "single_select", "choices": [{"choice_label": "Small"}]}
    acme.post("/contact_custom_fields", field)
    texts = (f"email,cf:size\na@example.org,{value}\n" for value in ("000001", "Small"))
    return [acme.imported(text)["status"]["person_count"] for text in texts]


@of(
    "import_error_texts",
    {
        "by_line": ["Line 3: Invalid email address"],
        "by_address": ["nobody: Invalid email address"],
        "counts_only": [],
    },
)
def _(rig: Rig) -> Any:
    done = rig.sign_in().imported("email\na@example.org\nnobody\n")
    assert done["status"]["correctable_count"] == 1
    return done["activity_errors"]


# --- exports ------------------------------------------------------------------------------------------------


def _exported(caller: Caller, **order: Any) -> list[str]:
    done = caller.finished(caller.post("/activities/contact_exports", order))
    text: str = caller.call("GET", done["_links"]["results"]["href"].removeprefix("/v3")).text
    return text.splitlines()


def _has_column(rig: Rig, name: str) -> bool:
    return name in _exported(rig.sign_in(HARBOR))[0].split(",")


@of("export_contact_id", {"absent": False, "present": True})
def _(rig: Rig) -> Any:
    return _has_column(rig, "Contact ID")


@of("export_tags", {"absent": False, "present": True})
def _(rig: Rig) -> Any:
    return _has_column(rig, "Tags")


@of("export_custom_fields", {"present": True, "absent": False})
def _(rig: Rig) -> Any:
    return _has_column(rig, "Customer ID")


@of("export_list_separator", {"; ": "A; B", ", ": '"A, B"', "|": "A|B"})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    lists = [acme.post("/contact_lists", {"name": name})["list_id"] for name in "AB"]
    acme.create("a@example.org", list_memberships=lists)
    return _exported(acme, fields=["email_lists"])[1]


@of("export_includes_removed", {"no": 1, "yes": 2})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    acme.delete(f"/contacts/{acme.create('a@example.org')['contact_id']}")
    return len(_exported(acme))


@of("export_before_completion", {404: 404, 202: 202})
def _(rig: Rig) -> Any:
    acme = rig.sign_in()
    order = acme.post("/activities/contact_exports", {})
    return acme.call("GET", order["_links"]["results"]["href"].removeprefix("/v3")).status_code


@of("export_link", {"contact_exports": [200, 403], "contacts_exports": [200, 200]})
def _(rig: Rig) -> Any:
    """The link as it was given, and the path of the sample."""
    acme = rig.sign_in()
    done = acme.finished(acme.post("/activities/contact_exports", {}))
    given = done["_links"]["results"]["href"].removeprefix("/v3")
    sample = f"/contacts_exports/{done['activity_id']}"
    return [acme.call("GET", path).status_code for path in (given, sample)]


@of("export_life_days", {10: [200, 200], 1: [200, 404]})
def _(rig: Rig) -> Any:
    acme, statuses = rig.sign_in(), []
    done = acme.finished(acme.post("/activities/contact_exports", {}))
    for days in (0.5, 1):
        rig.wait(days * 86_400)
        acme = rig.sign_in()
        statuses.append(acme.call("GET", done["_links"]["results"]["href"].removeprefix("/v3")).status_code)
    return statuses
