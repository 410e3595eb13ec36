"""The two forms of an import, CSV and JSON, leave the same contact behind."""

from connections import gateway
from syncjobs.imports import rendering
from tests.flows.importing import Person

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
