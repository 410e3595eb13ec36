"""Opt-outs and deletes of many contacts: what our own copy says of a person never keeps one from being sent."""

from datetime import UTC, datetime

import pytest

from syncjobs import runner
from syncjobs.imports import quoting
from syncjobs.models import SyncJob
from tests.flows.bulk import Sender
from tests.flows.importing import Person, run_until


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Sender(world, person)


def address(name):
    return f"{name}@people.example"


def leaving(*names, action="unsubscribe"):
    return [{"email": address(name), "action": action} for name in names]


def permission(program, name):
    found = program.provider("GET", f"contacts?email={address(name)}&status=all")["contacts"]
    return found[0]["email_address"]["permission_to_send"]


def joins(program, name, news):
    """By the account's own form."""
    form = {"email_address": address(name), "list_memberships": [news]}
    return program.provider("POST", "contacts/sign_up_form", form)["contact_id"]


def out(program, contact_id, name):
    body = {"address": address(name), "permission_to_send": "unsubscribed"}
    program.provider("PUT", f"contacts/{contact_id}", {"email_address": body, "update_source": "Account"})


def test_who_opted_in_in_bulk_can_be_unsubscribed_at_once(program):
    news = program.list("News")
    proof = {"source": "shop", "at": datetime.now(UTC).isoformat(), "text": "Yes, send me news"}
    consent = {"permission_to_send": "explicit", "evidence": proof}
    row = {"email": address("ann"), "consent": consent, "lists": [{"id": news}]}
    assert program.write([row])["counts"]["created"] == 1
    assert program.write([{**row, "first_name": "Ann"}])["counts"]["updated"] == 1
    job = program.write(leaving("ann"))
    assert program.rows(job)[1]["reason"] == "unsubscribed"
    assert permission(program, "ann") == "unsubscribed"


@pytest.mark.parametrize("more", [0, 3])
def test_an_opt_out_is_sent_whatever_our_copy_says(program, more):
    news = program.list("News")
    bob, gone = (program.contact(name, list_memberships=[news])["contact_id"] for name in ("bob", "gone"))
    out(program, bob, "bob")
    program.ask("DELETE", f"/v3/contacts/{gone}")
    assert program.write(leaving("nobody"))["counts"]["skipped"] == 1  # the account is read
    for name in ("bob", "gone", "new"):
        joins(program, name, news)
        others = [f"other{number}" for number in range(more)]
        job = program.write(leaving(name, *others))
        assert program.rows(job)[1]["reason"] == "unsubscribed", (name, program.rows(job))
        assert permission(program, name) == "unsubscribed"
        assert job["counts"]["skipped"] == more


@pytest.mark.parametrize("taken_up", [True, False])
def test_an_opt_out_is_of_the_address_and_not_of_who_had_it_before(program, simulator, taken_up):
    simulator.ask("/_sim/switches", {"export_contact_id": "present"}, "PUT")
    news = program.list("News")
    moved = program.contact("ann", list_memberships=[news])["contact_id"]
    assert program.write(leaving("nobody"))["counts"]["skipped"] == 1  # the account is read
    body = {"address": address("anna"), "permission_to_send": "implicit"}
    program.provider("PUT", f"contacts/{moved}", {"email_address": body, "update_source": "Account"})
    if taken_up:
        joins(program, "ann", news)
    row = program.rows(program.write(leaving("ann")))[1]
    assert row["reason"] == ("unsubscribed" if taken_up else "not_there")
    assert permission(program, "anna") == "implicit"
    assert not taken_up or permission(program, "ann") == "unsubscribed"


@pytest.mark.parametrize("more", [0, 3])
def test_a_delete_is_sent_whatever_our_copy_says(program, more):
    news = program.list("News")
    gone = program.contact("gone", list_memberships=[news])["contact_id"]
    program.ask("DELETE", f"/v3/contacts/{gone}")
    assert program.write(leaving("nobody", action="delete"))["counts"]["skipped"] == 1  # the account is read
    for name in ("gone", "new"):
        contact_id = joins(program, name, news)
        others = [f"other{number}" for number in range(more)]
        job = program.write(leaving(name, *others, action="delete"))
        assert program.rows(job)[1]["reason"] == "deleted", (name, program.rows(job))
        assert program.read(contact_id)["deleted_at"]
        assert job["counts"]["skipped"] == more
    again = program.write(leaving("gone", "new", action="delete"))
    assert [one["reason"] for one in program.rows(again).values()] == ["deleted_there"] * 2


def test_many_who_are_not_there_or_left_before_take_few_calls(program, simulator):
    news = program.list("News")
    ids = {
        name: program.contact(name, list_memberships=[news])["contact_id"] for name in ("ann", "bob", "cid")
    }
    out(program, ids["bob"], "bob")
    program.ask("DELETE", f"/v3/contacts/{ids['cid']}")
    rows = leaving(*ids, *(f"nobody{number}" for number in range(60)))
    dry = program.write(rows, dry_run=True)
    before = len(simulator.calls())
    job = program.write(rows)
    assert job["counts"] == dry["counts"]
    found = [(one["outcome"], one["reason"]) for one in program.rows(job).values()]
    assert found[:3] == [("updated", "unsubscribed"), ("unchanged", "same"), ("skipped", "deleted_there")]
    assert set(found[3:]) == {("skipped", "not_there")}
    assert len(simulator.calls()) - before <= 6
    assert job["provider_calls"]["spent"] <= dry["provider_calls"]["quoted"]


@pytest.mark.parametrize("failed", [False, True])
def test_a_walk_whose_link_has_died_begins_again(program, person, monkeypatch, failed):
    """A page's link may be kept over a night without calls; nor does a job that failed by one fail for ever."""
    monkeypatch.setattr(quoting, "PAGE", 2)
    news = program.list("News")
    there = [f"person{number}" for number in range(4)]
    for name in there:
        program.contact(name, list_memberships=[news])
    job = program.start(leaving(*there, *(f"nobody{number}" for number in range(20))))
    run_until(person, job["id"], "looking_up")
    with person.scope.transaction():
        row = SyncJob.objects.get(pk=job["id"])
        changes = {"state": "failed"} if failed else {}
        cursor = {"href": "/v3/contacts?cursor=dead", "walks": 3 if failed else 0}
        SyncJob.objects.filter(pk=row.pk).update(cursor=cursor, **changes)
        assert runner.retry(row) == failed
    counts = program.end(job)["counts"]
    assert (counts["updated"], counts["skipped"]) == (4, 20), counts
    assert {permission(program, name) for name in there} == {"unsubscribed"}
