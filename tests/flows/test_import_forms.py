"""The two forms of an import, CSV and JSON: they leave the same contact behind, and neither lets a blank erase."""

from datetime import UTC, datetime

import pytest

from connections import facts, gateway
from syncjobs.imports import rendering
from syncjobs.models import Batch
from tests.flows.importing import MAPPED, Person, contacts, csv_file
from tests.flows.test_bulk import Sender
from tests.flows.test_import_troubles import mapped

VALUES = {
    "first_name": "Zoë, the first",
    "last_name": 'O"Hara',
    "job_title": "Baker",
    "company_name": "Acme",
    "phone": "555 0100",
    "street": "1 Main Street",
    "city": "Waltham",
    "state": "MA",
    "zip": "02451",
    "country": "US",
    "birthday_month": "2",
    "birthday_day": "28",
    "anniversary": "2018-05-06",
    "cf:plan": "gold; silver",
}
# What belongs to one contact alone.
OWN = {"contact_id", "email_address", "created_at", "updated_at"}


def without_own(value):
    if isinstance(value, list):
        return [without_own(one) for one in value]
    if isinstance(value, dict):
        return {
            key: without_own(one) for key, one in value.items() if key not in OWN and not key.endswith("_id")
        }
    return value


def test_csv_and_json_leave_the_same_contact(world, simulator):
    person = Person(world)
    client = gateway.open_client(person.connection, "bulk")
    client.custom_fields.create("Plan", "string")
    list_id = client.lists.create("Both").list_id
    columns = list(VALUES)
    content = rendering.write_lines([["email", *columns], ["csv@people.example", *VALUES.values()]])
    client.activities.import_csv("both.csv", content, [list_id])
    element = rendering.json_row("json@people.example", VALUES)
    client.activities.import_json(rendering.array([element]), [list_id])
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    included = "custom_fields,list_memberships,phone_numbers,street_addresses"
    page = simulator.get(f"/v3/contacts?limit=500&include={included}")
    there = {one["email_address"]["address"]: without_own(one) for one in page["contacts"]}
    assert there["csv@people.example"] == there["json@people.example"]
    assert there["csv@people.example"]["first_name"] == VALUES["first_name"]


FULL = [[f"p{n}@people.example", f"Ada {n}", "One", "gold", "A"] for n in range(4)]


@pytest.mark.parametrize(
    ("there", "settled", "form"),
    [
        ("ignored", "", "import_json"),
        ("cleared", "", "import_json"),
        ("cleared", "cleared", "import_json"),
        ("ignored", "ignored", "import_csv"),
    ],
)
def test_a_blank_cell_changes_nothing(world, simulator, there, settled, form):
    """Whatever the provider does with one: until that is known, only rows without blanks go as a file."""
    person = Person(world)
    simulator.ask("/_sim/switches", {"import_blank_values": there}, "PUT")
    if settled:
        facts.keep("import_blank_values", settled, "a file of our own", datetime.now(UTC))
    first = person.run(csv_file(FULL), MAPPED, lists=["A"])
    rows = [
        [FULL[0][0], "Bea", "", "", "A"],
        [FULL[1][0], "", "Two", "silver", "A"],
        [FULL[2][0], "Cem", "Two", "silver", "A"],
        [FULL[3][0], "Dee", "Two", "silver", "A"],
    ]
    job = person.run(csv_file(rows), mapped(simulator), lists=["A"])
    assert (job.state, job.updated) == ("done", 4)
    found = [contacts(simulator)[row[0]] for row in rows]
    assert [(one["first_name"], one["last_name"], one["custom_fields"][0]["value"]) for one in found] == [
        ("Bea", "One", "gold"),
        ("Ada 1", "Two", "silver"),
        ("Cem", "Two", "silver"),
        ("Dee", "Two", "silver"),
    ]
    with person.scope.transaction():
        kinds = dict(Batch.objects.values_list("job_id", "kind"))
    assert kinds == {first.pk: "import_csv", job.pk: form}


def test_filling_blanks_erases_nothing_where_blanks_would(world, simulator):
    person = Person(world)
    simulator.ask("/_sim/switches", {"import_blank_values": "cleared"}, "PUT")
    program = Sender(world, person)
    news = program.list("News")
    ids = [
        program.contact(name, list_memberships=[news], **values)["contact_id"]
        for name, values in (("ann", {"first_name": "Ann"}), ("bob", {"last_name": "Ross"}))
    ]
    wish = {"first_name": "Theirs", "last_name": "Quill"}
    rows = [{"email": f"{name}@people.example", **wish} for name in ("ann", "bob")]
    job = program.write(rows, mode="fill_blanks")
    assert job["counts"]["updated"] == 2
    found = [program.read(contact_id) for contact_id in ids]
    assert [(one["first_name"], one["last_name"]) for one in found] == [("Ann", "Quill"), ("Theirs", "Ross")]
