"""Somebody who had unsubscribed, was deleted and is brought back at the provider is unsubscribed, also in our copy."""

import pytest

from tests.flows.bulk import Sender
from tests.flows.importing import Person
from tests.flows.mirrors import mirrored, read


@pytest.fixture
def program(world, simulator):
    return Sender(world, Person(world))


@pytest.mark.parametrize("was_known", [True, False])
def test_who_comes_back_unsubscribed_is_not_sent(program, simulator, was_known):
    news = program.list("News")
    program.contact("bob", list_memberships=[news])
    ann = program.contact("ann", first_name="Ann", list_memberships=[news])
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "ann@people.example"})
    if was_known:
        assert read(program.person).state == "done"
    program.ask("DELETE", f"/v3/contacts/{ann['contact_id']}")
    assert read(program.person).state == "done"
    assert mirrored(program.person)["ann@people.example"].standing == "deleted"
    email = {"address": "ann@people.example"}
    body = {"email_address": email, "first_name": "Ann", "update_source": "Account"}
    back = program.provider("PUT", f"contacts/{ann['contact_id']}", body)
    assert back["email_address"]["permission_to_send"] == "unsubscribed"
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert read(program.person).state == "done"
    assert mirrored(program.person)["ann@people.example"].standing == "unsubscribed"
    row = {"email": "ann@people.example", "first_name": "New", "lists": [{"id": news}]}
    assert program.rows(program.write([row]))[1]["reason"] == "opted_out"
