"""A contact gets another address by a call of ours: nobody has the old one, and our copy knows it at once."""

import pytest

from mapping.models import ConsentBasis, MirrorState
from tests.flows.bulk import Sender, people
from tests.flows.importing import Person, contacts
from tests.flows.mirrors import mirrored, read
from tests.flows.test_unified_writes import CONTACTS


@pytest.fixture
def program(world, simulator):
    return Sender(world, Person(world))


def total(program):
    with program.person.scope.transaction():
        return MirrorState.objects.get().total


@pytest.mark.parametrize("ids", ["present", "absent"])
@pytest.mark.parametrize("has_basis", [True, False])
def test_the_old_address_is_a_new_persons(program, simulator, has_basis, ids):
    simulator.ask("/_sim/switches", {"export_contact_id": ids}, "PUT")
    news = program.list("News")
    ann = program.contact("ann", first_name="Ann", list_memberships=[news])["contact_id"]
    out = program.contact("out", first_name="Out", list_memberships=[news])["contact_id"]
    assert read(program.person).state == "done"
    for contact_id, name in ((ann, "anna"), (out, "outer")):
        answer = program.ask("PATCH", f"{CONTACTS}/{contact_id}", {"email": f"{name}@people.example"})
        assert answer.status_code == 200, answer.content
    with program.person.scope.transaction():
        if not has_basis:
            ConsentBasis.objects.all().delete()
    assert set(mirrored(program.person)) == {"anna@people.example", "outer@people.example"}
    rows = [{"email": "ann@people.example", "first_name": "Ann", "lists": [{"id": news}]}]
    found = program.rows(program.write(rows))[1]
    wanted = ("created", None) if has_basis else ("rejected", "consent_basis_missing")
    assert (found["outcome"], found["reason"]) == wanted
    assert ("ann@people.example" in contacts(simulator)) == has_basis


def test_an_opt_out_that_the_copy_knows_of_stays_at_the_address(program, simulator):
    news = program.list("News")
    ann = program.contact("ann", list_memberships=[news])["contact_id"]
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "ann@people.example"})
    assert read(program.person).state == "done"
    form = {"email_address": "ann@people.example", "list_memberships": [news]}
    program.provider("POST", "contacts/sign_up_form", form)
    answer = program.ask("PATCH", f"{CONTACTS}/{ann}", {"email": "anna@people.example"})
    assert answer.status_code == 200, answer.content
    assert mirrored(program.person)["ann@people.example"].standing == "unsubscribed"


def test_who_comes_between_two_readings_is_counted(program):
    """Else a look at the whole account would seem to cost fewer calls than it does."""
    assert read(program.person).state == "done"
    assert total(program) == 0
    news = program.list("News")
    assert program.write(people(3, lists=[{"id": news}]))["counts"]["created"] == 3
    made = program.ask("POST", CONTACTS, {"email": "ann@people.example", "lists": [{"id": news}]})
    assert made.status_code == 200, made.content
    for body in ({"first_name": "Ann"}, {"email": "anna@people.example"}):
        answer = program.ask("PATCH", f"{CONTACTS}/{made.json()['result']['id']}", body)
        assert answer.status_code == 200
    assert program.write(people(4, lists=[{"id": news}]))["counts"]["created"] == 1
    assert total(program) == 5
    assert read(program.person).state == "done"
    assert total(program) == 5
