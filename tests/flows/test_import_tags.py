"""Tags of an import, over HTTP: named by the file, chosen for everyone, created, taken from there, or left out."""

import pytest
from django.urls import reverse

from mapping.models import RemoteTag, TagMapping
from tests.flows.importing import Person, contacts, csv_file

COLUMNS = ["Email", "First name", "Tags"]
CHOICES = {"Email": ("standard:email",), "First name": ("standard:first_name",), "Tags": ("tags",)}


@pytest.fixture
def person(world, simulator):
    return Person(world)


def tags_of(simulator):
    names = {one["tag_id"]: one["name"] for one in simulator.get("/v3/contact_tags?limit=500")["tags"]}
    found, path = {}, "/v3/contacts?limit=500&include=taggings"
    while path:
        page = simulator.get(path)
        for one in page["contacts"]:
            found[one["email_address"]["address"]] = {names[tag] for tag in one.get("taggings", [])}
        path = page.get("_links", {}).get("next", {}).get("href")
    return found


def run(person, rows, **answers):
    address = person.columns(person.upload(csv_file(rows, COLUMNS))["Location"], CHOICES)["Location"]
    data = {"everyone": "new", "new_name": "Everyone", "permission": "on", **answers}
    answer = person.client.post(address, data)
    assert answer.status_code == 302, answer.content.decode()
    return person.finish(answer["Location"].rstrip("/").rpartition("/")[2])


def test_everyone_has_the_tags_that_their_line_names(person, simulator):
    rows = [[f"p{n}@people.example", "Ada", "vip;trial" if n % 2 else "trial"] for n in range(12)]
    rows += [["none@people.example", "Ben", ""], ["left@people.example", "Cleo", "old"]]
    job = run(
        person,
        rows,
        tag_0="new",
        tag_name_0="Trial",
        tag_1="new",
        tag_name_1="VIP",
        tag_2="ignored",
        everyone_tag="new",
        new_tag="From the app",
    )
    assert (job.state, job.created) == ("done", 14)
    found = tags_of(simulator)
    assert found["p1@people.example"] == {"VIP", "Trial", "From the app"}
    assert found["p2@people.example"] == {"Trial", "From the app"}
    assert found["left@people.example"] == found["none@people.example"] == {"From the app"}


def test_a_tag_that_nobody_mapped_is_a_reject_and_one_there_is_suggested(person, simulator):
    from connections.models import Connection
    from mapping import catalog, editing
    from mapping.editing import TagChoice

    first = run(person, [["a@people.example", "Ada", "gold"]], tag_0="new", tag_name_0="Gold")
    assert first.state == "done"
    with person.scope.transaction():
        connection = Connection.objects.select_related("provider_app__pool").get()
        TagMapping.objects.all().delete()
        RemoteTag.objects.all().delete()
    catalog.refresh_tags(connection)
    answer = person.columns(
        person.upload(csv_file([["b@people.example", "Ben", "gold"]], COLUMNS))["Location"], CHOICES
    )
    with person.scope.transaction():
        gold = RemoteTag.objects.get(name="Gold")
        page = person.client.get(answer["Location"]).content.decode()
        assert f'<option value="{gold.tag_id}" selected>' in page
        editing.save_tags(connection, [TagChoice("silver", "ignored")])
    page = person.client.get(reverse("mapping", args=person.account)).content.decode()
    assert "Tag for silver" in page
    assert contacts(simulator).keys() == {"a@people.example"}
