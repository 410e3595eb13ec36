"""Half of a pair of surrogates, or a NUL, in what an account holds: no database keeps either, and JSON can say both."""

import pytest
from django.urls import reverse

from mapping.models import RemoteField, RemoteList, RemoteTag
from syncjobs.models import SyncJob, WatchedActivity
from tests.flows.bulk import people
from tests.flows.importing import run_until
from tests.flows.mirrors import at_provider, mirrored, read
from tests.flows.test_unified_writes import CONTACTS

SIGNS = pytest.mark.parametrize(
    "sign", [chr(0), chr(0xD83D), chr(0xDC00)], ids=["nul", "first half", "second half"]
)


def answers(simulator, path, body, times=1, method="GET"):
    """The provider's next answers there."""
    fault = {"match": path, "method": method, "status": 200, "body": body, "times": times}
    simulator.ask("/_sim/faults", fault)


def spoilt(document, sign, *names):
    return {**document, **{name: f"a{sign}b{document.get(name) or ''}"[:50] for name in names}}


@SIGNS
def test_names_of_lists_tags_and_fields(program, person, simulator, sign):
    program.list("News")
    program.tag("VIP")
    at_provider(simulator, "POST", "/v3/contact_custom_fields", {"label": "Plan", "type": "string"})
    kinds = {"lists": ("name",), "tags": ("name",), "custom_fields": ("label", "name")}
    for kind, names in kinds.items():
        path = f"/v3/contact_{kind}"
        found = simulator.get(path)
        body = {**found, kind: [spoilt(one, sign, *names) for one in found[kind]]}
        answers(simulator, f"{path}$", body, times=None)
    answer = person.client.post(reverse("refresh-catalog", args=person.account))
    assert answer.status_code in (302, 303), answer.status_code
    assert program.ask("GET", "/api/unified/marketing-automation/lists").status_code == 200
    assert program.ask("GET", "/api/unified/marketing-automation/tags").status_code == 200
    job = program.write(people(2, lists=["a"], tags=["b"]), create_missing=True)
    assert job["state"] == "done", job
    with person.scope.transaction():
        assert RemoteList.objects.filter(name__startswith="a").exists()
        assert RemoteTag.objects.exists() and RemoteField.objects.filter(label__startswith="a").exists()


@SIGNS
def test_a_contact_with_such_a_value(program, person, simulator, sign):
    news = program.list("News")
    ann = program.contact("ann", first_name="Ann", last_name="Quill", list_memberships=[news])
    everything = program.read(ann["contact_id"])
    body = spoilt(everything, sign, "first_name", "company_name")
    path = f"/v3/contacts/{ann['contact_id']}"
    answers(simulator, f"{path}$", body)
    found = program.ask("GET", f"{CONTACTS}/{ann['contact_id']}")
    assert found.status_code == 200, found.content
    answers(simulator, f"{path}$", body)
    answer = program.ask("PATCH", f"{CONTACTS}/{ann['contact_id']}", {"last_name": "New"})
    assert answer.status_code < 500, answer.content
    answers(simulator, f"{path}$", body)
    answers(simulator, f"{path}$", spoilt(body, sign, "last_name"), method="PUT")
    answer = program.ask("PATCH", f"{CONTACTS}/{ann['contact_id']}", {"last_name": "New"})
    assert answer.status_code == 200, answer.content
    assert "ann@people.example" in mirrored(person)


@SIGNS
def test_an_address_with_such_a_sign_does_not_stop_the_reading(program, person, simulator, sign):
    news = program.list("News")
    ann = program.contact("ann", first_name="Ann", list_memberships=[news])
    email = {"address": f"a{sign}b@people.example", "permission_to_send": "unsubscribed"}
    page = {"contacts": [{**ann, "email_address": email, "deleted_at": "2026-01-01"}]}
    assert read(person).state == "done"
    answers(simulator, "^/v3/contacts$", page, times=None)
    assert program.write(people(1, lists=[{"id": news}]))["state"] == "done"
    simulator.ask("/_sim/faults", method="DELETE")
    answers(simulator, "^/v3/contacts$", page)
    assert read(person).state == "done"


def is_import(activity):
    return activity.get("status", {}).get("person_count") is not None


@SIGNS
def test_what_an_activity_says(person, simulator, program, sign):
    news = program.list("News")
    job = program.start(people(1, lists=[{"id": news}]))
    run_until(person, job["id"], "processing")
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    (found,) = [one for one in simulator.get("/v3/activities?limit=500")["activities"] if is_import(one)]
    body = {"activities": [{**found, "activity_errors": [f"a{sign}b"]}]}
    answers(simulator, "^/v3/activities$", body, times=None)
    assert program.end(job)["state"] == "done"
    with person.scope.transaction():
        assert WatchedActivity.objects.exclude(messages=[]).exists()
        assert "Constant Contact noted" in SyncJob.objects.get(pk=job["id"]).explanation
    page = person.client.get(reverse("job", args=[*person.account[:2], job["id"]]))
    assert page.status_code == 200


@SIGNS
def test_a_refusal_that_says_it(person, simulator, program, sign):
    news = program.list("News")
    fault = {"match": "/v3/activities/contacts_", "status": 400, "times": 1}
    body = [{"error_key": f"contacts.api{sign}", "error_message": f"a{sign}b is wrong"}]
    simulator.ask("/_sim/faults", {**fault, "body": body})
    assert program.write(people(1, lists=[{"id": news}]))["state"] == "failed"
    simulator.ask("/_sim/faults", {**fault, "match": "/v3/contacts$", "method": "POST", "body": body})
    answer = program.ask("POST", CONTACTS, {"email": "new@people.example", "lists": [news]})
    assert 400 <= answer.status_code < 500, answer.content
