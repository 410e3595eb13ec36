"""Who is said to have written a contact last is no evidence of who opted in."""

from datetime import UTC, datetime

import pytest

from mapping.models import ConsentEntry
from tests.flows.bulk import Sender
from tests.flows.importing import Person
from tests.flows.test_unified_writes import CONTACTS, PROOF


@pytest.fixture
def program(world, simulator):
    return Sender(world, Person(world))


EXPLICIT = {"permission_to_send": "explicit", "evidence": PROOF}


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_write_in_the_persons_name_is_not_the_persons_opt_in(program, is_moved):
    news = program.list("News")
    ann = program.contact("ann", list_memberships=[news])["contact_id"]
    if is_moved:
        # To the basis alone, from more: a change of the permission, too.
        assert program.ask("PATCH", f"{CONTACTS}/{ann}", {"consent": EXPLICIT}).status_code == 200
    wish = {"email": "anna@people.example"} if is_moved else {"consent": EXPLICIT}
    answer = program.ask(
        "PATCH", f"{CONTACTS}/{ann}", {**wish, "update_source": "Contact", "first_name": "Ann"}
    )
    assert answer.status_code == 200, answer.content
    found = program.read(ann)
    address = found["email_address"]
    assert address["permission_to_send"] == ("implicit" if is_moved else "explicit")
    assert address["opt_in_source"] == "Account"
    assert found["first_name"] == "Ann"
    with program.person.scope.transaction():
        assert ConsentEntry.objects.order_by("at").last().opt_in_source == "Account"


def test_a_first_address_is_not_the_persons_opt_in_either(program):
    news = program.list("News")
    body = {"first_name": "Ann", "create_source": "Account", "list_memberships": [news]}
    ann = program.provider("POST", "contacts", body)["contact_id"]
    wish = {"email": "ann@people.example", "update_source": "Contact"}
    answer = program.ask("PATCH", f"{CONTACTS}/{ann}", wish)
    assert answer.status_code == 200, answer.content
    assert program.read(ann)["email_address"]["opt_in_source"] == "Account"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_document_of_the_providers_own_claims_no_opt_in(program, is_new):
    news = program.list("News")
    email = {"address": "ann@people.example", "permission_to_send": "implicit", "opt_in_source": "Contact"}
    body = {"email_address": email, "list_memberships": [news]}
    path, way = CONTACTS, "?truto_body_passthrough=true"
    if is_new:
        answer = program.ask("POST", f"{path}{way}", {**body, "create_source": "Account"})
    else:
        ann = program.contact("ann", list_memberships=[news])["contact_id"]
        answer = program.ask("PATCH", f"{path}/{ann}{way}", {**body, "update_source": "Account"})
    assert answer.status_code == 200, answer.content
    (found,) = program.provider("GET", "contacts?email=ann@people.example&status=all")["contacts"]
    assert (found["email_address"]["permission_to_send"], found["email_address"]["opt_in_source"]) == (
        "implicit",
        "Account",
    )


def test_an_opt_in_of_another_address_asks_nobody_who_left(program, simulator):
    """The evidence is about the new address; whoever unsubscribed at the old one is not written to for it."""
    news = program.list("News")
    ann = program.contact("ann", list_memberships=[news])["contact_id"]
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "ann@people.example"})
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    proof = {**PROOF, "at": datetime.now(UTC).isoformat()}
    consent = {**EXPLICIT, "evidence": proof}
    wish = {"email": "anna@people.example", "consent": consent, "lists": {"add": [news]}}
    before = len(simulator.calls())
    ended = program.ask("PATCH", f"{CONTACTS}/{ann}", wish)
    assert ended.status_code == 409, ended.content
    assert not [one for one in simulator.calls()[before:] if "resubscribe" in one["path"]]
    with program.person.scope.transaction():
        entry = ConsentEntry.objects.order_by("at").last()
    assert (entry.outcome, entry.reason, entry.call) == ("skipped", "opted_out", "")
