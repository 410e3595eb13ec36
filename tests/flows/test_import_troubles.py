"""What goes wrong at the provider while an import runs: nobody is brought back, nothing lost or misreported."""

import base64
import json
import os
import time
from urllib.request import Request, urlopen

import pytest
from django.urls import reverse
from pydantic import SecretStr

from connections.models import Connection
from mapping.models import AppField
from syncjobs import runner
from syncjobs.models import Batch, JobStep, SyncJob
from tests.flows.importing import MAPPED, Person, contacts, csv_file, run_until
from tests.flows.mirrors import age


@pytest.fixture
def person(world, simulator):
    found = Person(world)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


def at_provider(simulator, method, path, body=None):
    """A call of the account's own user, outside the product."""
    data = json.dumps(body).encode() if body is not None else None
    for _ in range(20):
        request = Request(f"{simulator.url}{path}", method=method, data=data)
        request.add_header("Authorization", f"Bearer {simulator.token()}")
        request.add_header("Content-Type", "application/json")
        try:
            with urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except OSError as error:
            if getattr(error, "code", 0) != 429:
                raise
            time.sleep(0.3)
    raise AssertionError("the provider refused every try")


def mapped(simulator):
    one = next(iter(contacts(simulator).values()))
    return MAPPED | {"Plan": (f"custom:{one['custom_fields'][0]['custom_field_id']}",)}


def begin(person, rows, choices, lists=("A",)):
    answer = person.columns(person.upload(csv_file(rows))["Location"], choices)
    answer = person.start(answer["Location"], list(lists))
    return answer["Location"].rstrip("/").rpartition("/")[2]


def three(first_name="Ada"):
    return [[f"b{n}@people.example", first_name, "Two", "gold", "A"] for n in range(3)]


def test_who_was_deleted_before_a_retry_is_not_brought_back(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    choices, there = mapped(simulator), contacts(simulator)
    job_id = begin(person, three("B"), choices)
    simulator.ask("/_sim/faults", {"match": "/v3/activities/contacts_file_import", "status": 400, "times": 1})
    assert person.finish(job_id).state == "failed"
    at_provider(simulator, "DELETE", "/v3/contacts/" + there["b1@people.example"]["contact_id"])
    person.client.post(reverse("retry-job", args=[*person.account[:2], job_id]))
    job = person.finish(job_id)
    assert job.outcome_counts == {"created": 0, "updated": 2, "unchanged": 0, "skipped": 1, "rejected": 0}
    assert person.rows(job, "skipped")[0]["reason"] == "deleted_there"
    assert "deleted_at" in contacts(simulator)["b1@people.example"]


def test_who_left_during_a_long_wait_is_not_sent(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    choices, there = mapped(simulator), contacts(simulator)
    job_id = begin(person, three("B"), choices)
    run_until(person, job_id, "sending")
    at_provider(simulator, "DELETE", "/v3/contacts/" + there["b1@people.example"]["contact_id"])
    row = SyncJob.objects.using("operator").get(pk=job_id)
    options = row.options | {"compared_at": "2026-01-01T00:00:00+00:00"}
    SyncJob.objects.using("operator").filter(pk=job_id).update(options=options)
    job = person.finish(job_id)
    assert (job.updated, job.skipped) == (2, 1)
    assert "deleted_at" in contacts(simulator)["b1@people.example"]


def test_a_second_look_keeps_every_list(person, simulator):
    """People on several lists, planned as whole rows and addresses, judged again in mid-sending."""
    names = [f"L{n}" for n in range(6)]
    rows = [
        [
            f"p{n}@people.example",
            "A",
            "B",
            "",
            ";".join(name for bit, name in enumerate(names) if n >> bit & 1),
        ]
        for n in range(1, 64)
    ]
    job_id = begin(person, rows, MAPPED, sorted(names))
    run_until(person, job_id, "processing", stop_after_batches=4)
    row = SyncJob.objects.using("operator").get(pk=job_id)
    options = {name: value for name, value in row.options.items() if name != "compared_at"}
    SyncJob.objects.using("operator").filter(pk=job_id).update(options=options)
    job = person.finish(job_id)
    assert job.state == "done"
    lists = {one["list_id"]: one["name"] for one in simulator.get("/v3/contact_lists?limit=500")["lists"]}
    there = contacts(simulator)
    assert {row[0]: {lists[one] for one in there[row[0]]["list_memberships"]} for row in rows} == {
        row[0]: set(row[4].split(";")) for row in rows
    }


def test_a_row_that_the_provider_refuses_is_rejected_also_if_the_person_was_there(person, simulator):
    long = "p" * 50 + "@people.example"
    rows = [[long, "Ada", "One", "gold", "A"], ["b@people.example", "Ada", "Two", "gold", "A"]]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    choices = mapped(simulator)
    simulator.ask("/_sim/switches", {"import_email_length": 50}, "PUT")
    rows[0][2] = rows[1][2] = "Changed"
    job = person.run(csv_file(rows), choices, lists=["A"])
    assert job.outcome_counts == {"created": 0, "updated": 1, "unchanged": 0, "skipped": 0, "rejected": 1}
    assert person.rows(job, "rejected")[0]["Email"] == long
    assert contacts(simulator)[long]["last_name"] == "One"


def test_a_renamed_list_makes_nobody_a_reject(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    choices = mapped(simulator)
    found = at_provider(simulator, "GET", "/v3/contact_lists")["lists"]
    list_id = next(one["list_id"] for one in found if one["name"] == "A")
    at_provider(simulator, "PUT", f"/v3/contact_lists/{list_id}", {"name": "A renamed"})
    simulator.ask("/_sim/switches", {"import_email_length": 50}, "PUT")
    rows = [*three("B"), ["p" * 50 + "@people.example", "x", "y", "gold", "A"]]
    answer = person.columns(person.upload(csv_file(rows))["Location"], choices)
    answer = person.client.post(
        answer["Location"], {"everyone": "", "permission": "on", "list_0": list_id, "name_0": ""}
    )
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert (job.updated, job.rejected) == (3, 1)


def test_a_custom_field_that_vanished_is_told(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    choices = mapped(simulator)
    at_provider(simulator, "DELETE", "/v3/contact_custom_fields/" + choices["Plan"][0].partition(":")[2])
    job = person.run(csv_file([["c@people.example", "Ada", "Two", "gold", "A"]]), choices, lists=["A"])
    assert job.state == "done"
    assert "Constant Contact noted" in job.explanation
    assert "cf:plan" in job.explanation
    page = person.client.get(reverse("job", args=[*person.account[:2], job.pk])).content.decode()
    assert "Constant Contact noted" in page


def test_a_custom_field_known_to_be_gone_stops_the_start(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    choices = mapped(simulator)
    at_provider(simulator, "DELETE", "/v3/contact_custom_fields/" + choices["Plan"][0].partition(":")[2])
    answer = person.columns(person.upload(csv_file(three("B")))["Location"], choices)
    start = answer["Location"]
    person.client.post(reverse("refresh-catalog", args=person.account))
    answer = person.start(start, ["A"])
    assert answer.status_code == 422
    assert "is not there any more" in answer.content.decode()


def test_exports_that_fail_do_not_go_on_for_ever(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    age(person)
    choices = mapped(simulator)
    simulator.ask(
        "/_sim/faults", {"match": "/v3/activities/contact_exports", "activity": "failed", "times": None}
    )
    before = len(simulator.calls())
    job_id = begin(person, three("B"), choices)
    for _ in range(60):
        SyncJob.objects.using("operator").filter(pk=job_id, state="waiting").update(
            not_before="2026-01-01T00:00:00Z"
        )
        try:
            job = person.finish(job_id, seconds=1)
            break
        except AssertionError:
            continue
    assert (job.state, job.reason, job.skipped) == ("failed", "provider_unavailable", 3)
    assert len([call for call in simulator.calls()[before:] if call["path"].endswith("contact_exports")]) <= 4


def test_waiting_for_a_turn_is_not_a_sending(person, simulator):
    """Refusals by our own quota must not use up the tries of a batch whose answer is lost later."""
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "sending")
    from connections.models import QuotaPool

    pools = QuotaPool.objects.using("operator")
    for _ in range(3):
        pools.update(closed_until="2099-01-01T00:00:00Z")
        runner.run_due("test-worker", for_seconds=1)
        SyncJob.objects.using("operator").filter(pk=job_id).update(not_before="2026-01-01T00:00:00Z")
    pools.update(closed_until=None)
    assert Batch.objects.using("operator").get().sendings == 0
    simulator.ask("/_sim/faults", {"match": "/v3/activities/contacts_file_import", "status": 503, "times": 1})
    job = person.finish(job_id, seconds=60)
    assert (job.state, job.created) == ("done", 3)


def test_a_paused_account_leaves_no_intent(person, simulator):
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "sending")
    links = Connection.objects.using("operator")
    links.update(paused_at="2026-01-01T00:00:00Z")
    for _ in range(3):
        runner.run_due("test-worker", for_seconds=1)
        SyncJob.objects.using("operator").filter(pk=job_id).update(not_before="2026-01-01T00:00:00Z")
    batch = Batch.objects.using("operator").get()
    assert (batch.state, batch.sendings) == ("planned", 0)
    links.update(paused_at=None)
    job = person.finish(job_id)
    assert (job.state, job.created) == ("done", 3)
    with person.scope.transaction():
        assert not JobStep.objects.filter(job=job, stage__in=["reconciling", "guarding"]).exists()


def test_without_echoed_file_names_a_lost_answer_is_found_by_time_and_size(person, simulator):
    simulator.ask("/_sim/switches", {"import_file_name": "absent"}, "PUT")
    simulator.ask(
        "/_sim/faults", {"match": "/v3/activities/contacts_file_import", "drop_response": True, "times": 1}
    )
    job = person.run(csv_file(three()), MAPPED, lists=["A"])
    assert (job.state, job.created) == ("done", 3)
    sent = [call for call in simulator.calls() if call["path"].endswith("contacts_file_import")]
    assert len(sent) == 1


def test_an_import_of_somebody_elses_is_not_reported_as_ours(person, simulator):
    """As many came in at that moment by another hand, and no file's name tells: rows say what is there."""
    simulator.ask("/_sim/switches", {"import_file_name": "absent"}, "PUT")
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "sending")
    (first, *_) = simulator.get("/v3/contact_lists?limit=500")["lists"]
    others = [{"email": f"other{n}@people.example"} for n in range(4)]  # a file's header counts as a line
    wish = {"import_data": others, "list_ids": [first["list_id"]]}
    at_provider(simulator, "POST", "/v3/activities/contacts_json_import", wish)
    simulator.ask("/_sim/faults", {"match": "/v3/activities/contacts_file_import", "status": 503, "times": 1})
    job = person.finish(job_id, seconds=60)
    there = contacts(simulator)
    assert not [one for one in there if one.startswith("b")]
    assert (job.state, job.created, job.rejected) == ("done", 0, 3)
    assert {row["reason"] for row in person.rows(job, "rejected")} == {"not_taken"}


def test_who_is_edited_behind_an_import_that_only_time_and_size_tell(person, simulator):
    """The look at the account that proves it ours finds somebody's newer value: that row was taken all the same."""
    simulator.ask("/_sim/switches", {"import_file_name": "absent"}, "PUT")
    simulator.ask(
        "/_sim/faults", {"match": "/v3/activities/contacts_file_import", "drop_response": True, "times": 1}
    )
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "processing")
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    there = contacts(simulator)["b0@people.example"]
    edited = {"email_address": there["email_address"], "first_name": "Newer", "update_source": "Account"}
    at_provider(simulator, "PUT", "/v3/contacts/" + there["contact_id"], edited)
    job = person.finish(job_id)
    assert (job.state, job.created, job.rejected) == ("done", 3, 0)
    assert contacts(simulator)["b0@people.example"]["first_name"] == "Newer"
    assert [call["path"] for call in simulator.calls()].count("/v3/activities/contact_exports") == 1


def test_a_row_on_too_many_lists_is_one_reject(person, simulator):
    names = [f"L{n}" for n in range(51)]
    rows = [["b@people.example", "A", "B", "", ";".join(names)], ["c@people.example", "A", "B", "", "L0"]]
    job = person.run(csv_file(rows), MAPPED, lists=names)
    assert (job.state, job.created, job.rejected) == ("done", 1, 1)
    assert person.rows(job, "rejected")[0]["reason"] == "too_many_lists"


@pytest.mark.parametrize(("one", "two"), [("news", "News"), ("News", "news")])
def test_list_names_that_differ_in_case_are_one(person, simulator, one, two):
    person.run(csv_file([["a@b.example", "A", "B", "gold", one]]), MAPPED, lists=[one])
    answer = person.columns(
        person.upload(csv_file([["c@b.example", "A", "B", "gold", two]]))["Location"], mapped(simulator)
    )
    data = {"everyone": "", "permission": "on", "list_0": "new", "name_0": "Other"}
    answer = person.client.post(answer["Location"], data)
    person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    lists = {
        found["list_id"]: found["name"] for found in simulator.get("/v3/contact_lists?limit=500")["lists"]
    }
    assert [lists[one] for one in contacts(simulator)["c@b.example"]["list_memberships"]] == ["Other"]


def test_two_app_fields_that_want_one_new_field(person, simulator):
    answer = person.upload(csv_file([["a@b.example", "1"]], ["Email", "Tier"]))
    person.columns(answer["Location"], {"Email": ("standard:email",), "Tier": ("new", "Tier", "string")})
    answer = person.upload(csv_file([["a@b.example", "1"]], ["Email", "Level"]))
    with person.scope.transaction():
        keys = {row.name: row.pk.hex for row in AppField.objects.all()}
    data = {
        f"choice_{keys['Email']}": "standard:email",
        f"choice_{keys['Level']}": "new",
        f"label_{keys['Level']}": "Tier",
        f"type_{keys['Level']}": "string",
    }
    answer = person.client.post(answer["Location"], data)
    answer = person.start(answer["Location"], everyone="new", new_name="E")
    job = person.finish(answer["Location"].rstrip("/").rpartition("/")[2])
    assert (job.state, job.created) == ("done", 1)
    assert contacts(simulator)["a@b.example"]["custom_fields"][0]["value"] == "1"


def test_headers_alike_but_for_their_end_are_refused_in_words(person):
    header = ["Email", "A" * 200 + "x", "A" * 200 + "y"]
    answer = person.upload(csv_file([["a@b.example", "1", "2"]], header))
    assert answer.status_code == 422


def test_without_the_key_pages_say_so(person, settings_of):
    ring = "k9:" + base64.b64encode(os.urandom(32)).decode()
    settings_of(SECRETS_KEYS=SecretStr(ring))
    answer = person.client.post(reverse("connect", args=person.account[:2]))
    assert answer.status_code == 303
    answer = person.client.post(reverse("refresh-catalog", args=person.account), follow=True)
    assert "The key that sealed" in answer.content.decode()


def test_a_nul_in_a_cookie_is_refused(person):
    person.client.cookies["session"] = "aaaaaaaaaa\x00aaaa"
    assert person.client.get("/help/").status_code == 400
