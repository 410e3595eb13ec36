"""The mirror over HTTP against the simulator: filled by few calls, kept current, and true about who left."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from mapping import mirror
from mapping.models import ExportChunk, MirrorContact, MirrorKey, MirrorState
from syncjobs import queue, runner
from syncjobs.mirroring import exporting, starting
from syncjobs.models import JobStep, SyncJob
from tests.flows.importing import MAPPED, Person, contacts, csv_file, run_until
from tests.flows.mirrors import age, at_provider, create, finish, linked, mirrored, paths, read
from tests.flows.programs import Program


@pytest.fixture
def person(world, simulator):
    found = Person(world)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


@pytest.fixture
def people(simulator):
    """An account with people of every standing, before it is linked."""
    news = at_provider(simulator, "POST", "/v3/contact_lists", {"name": "News; weekly"})["list_id"]
    plan = at_provider(simulator, "POST", "/v3/contact_custom_fields", {"label": "Plan", "type": "string"})
    made = {}
    for name in ("ana", "bo", "cem", "dee"):
        made[name] = create(
            simulator,
            f"{name.capitalize()}@people.example",
            first_name=name,
            list_memberships=[news],
            custom_fields=[{"custom_field_id": plan["custom_field_id"], "value": f"plan, of \n{name}"}],
        )
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "Bo@people.example"})
    at_provider(simulator, "DELETE", f"/v3/contacts/{made['cem']['contact_id']}")
    return {"list": news, "plan": f"cf:{plan['name']}", **made}


def test_an_account_is_read_in_few_calls_when_it_is_linked(people, person, simulator):
    before = len(simulator.calls())
    job = linked(person)
    assert (job.state, job.explanation) == ("done", "3 people are in the account.")
    calls = paths(simulator, before)
    assert calls[0] == "GET /contacts/counts" and calls[1] == "POST /activities/contact_exports"
    assert calls[-2].startswith("GET /contact_exports") and calls[-1] == "GET /contacts"
    assert len(calls) <= 6
    found = mirrored(person)
    assert {key: one.standing for key, one in found.items()} == {
        "ana@people.example": "active",
        "bo@people.example": "unsubscribed",
        "cem@people.example": "deleted",
        "dee@people.example": "active",
    }
    ana = found["ana@people.example"]
    assert ana.values == {"first_name": "ana", people["plan"]: "plan, of \nana"}
    assert [str(one) for one in ana.list_ids] == [people["list"]]
    assert ana.tag_ids is None and ana.contact_id is None
    with person.scope.transaction():
        state = MirrorState.objects.get()
        assert (state.total, state.readings, state.reader) == (3, 1, None)
        assert {"first_name", "last_name", people["plan"]} <= set(state.columns)
        assert not ExportChunk.objects.exists() and not MirrorKey.objects.exists()


def test_ids_and_tags_are_taken_where_the_file_has_them(people, simulator, world):
    tag = at_provider(simulator, "POST", "/v3/contact_tags", {"name": "vip"})["tag_id"]
    create(simulator, "eve@people.example", taggings=[tag])
    simulator.ask("/_sim/switches", {"export_contact_id": "present", "export_tags": "present"}, "PUT")
    person = Person(world)
    linked(person)
    found = mirrored(person)
    assert str(found["ana@people.example"].contact_id) == people["ana"]["contact_id"]
    assert [str(one) for one in found["eve@people.example"].tag_ids] == [tag]
    assert found["ana@people.example"].tag_ids == []


def test_an_empty_account_takes_one_call(person, simulator):
    before = len(simulator.calls())
    assert linked(person).state == "done"
    assert paths(simulator, before) == ["GET /contacts/counts"]


def test_a_young_mirror_is_not_read_again(people, person, simulator):
    linked(person)
    before = len(simulator.calls())
    with person.scope.transaction():
        job = starting.request(person.connection)
    assert finish(person, job.pk).state == "done"
    assert paths(simulator, before) == []


def test_a_reading_writes_only_what_differs(people, person, simulator):
    linked(person)
    first = mirrored(person)
    read(person)
    again = mirrored(person)
    assert {key: one.changed_at for key, one in again.items() if one.standing != "deleted"} == {
        key: one.changed_at for key, one in first.items() if one.standing != "deleted"
    }
    body = {
        "first_name": "Anna",
        "update_source": "Account",
        "email_address": {"address": "Ana@people.example"},
    }
    at_provider(simulator, "PUT", f"/v3/contacts/{people['ana']['contact_id']}", body)
    read(person)
    changed = {key for key, one in mirrored(person).items() if one.changed_at != again[key].changed_at} - {
        "cem@people.example"
    }
    assert changed == {"ana@people.example"}
    ana = mirrored(person)["ana@people.example"]
    assert ana.values["first_name"] == "Anna"
    assert ana.values_hash != again["ana@people.example"].values_hash


def test_who_left_and_who_came_back(people, person, simulator):
    linked(person)
    # Under another address the old one is nobody's; deleted and brought back again; gone for good.
    at_provider(
        simulator,
        "PUT",
        f"/v3/contacts/{people['ana']['contact_id']}",
        {"update_source": "Account", "email_address": {"address": "anna@people.example"}},
    )
    at_provider(
        simulator,
        "PUT",
        f"/v3/contacts/{people['cem']['contact_id']}",
        {
            "update_source": "Account",
            "email_address": {"address": "cem@people.example"},
            "list_memberships": [people["list"]],
        },
    )
    at_provider(simulator, "DELETE", f"/v3/contacts/{people['dee']['contact_id']}")
    read(person)
    standing = {key.partition("@")[0]: one.standing for key, one in mirrored(person).items()}
    assert standing == {
        "ana": "vanished",
        "anna": "active",
        "bo": "unsubscribed",
        "cem": "active",
        "dee": "deleted",
    }
    read(person)
    assert "ana@people.example" not in mirrored(person), "a vanished address is forgotten by the next reading"


def test_a_tombstone_stays_while_an_export_still_has_the_person(people, person, simulator):
    """Some exports may hold the deleted: nobody may look alive in between."""
    linked(person)
    simulator.ask("/_sim/switches", {"export_includes_removed": "yes"}, "PUT")
    age(person)
    with person.scope.transaction():
        job = starting.request(person.connection)
    seen = set()
    for _ in range(200):
        if (claim := queue.claim_next("test-worker")) is None:
            with person.scope.transaction():
                if SyncJob.objects.get(pk=job.pk).state == "done":
                    break
            continue
        runner.run_step(claim)
        seen.add(mirrored(person)["cem@people.example"].standing)
    assert seen == {"deleted"}


def test_a_tombstone_that_is_newer_than_the_export_stays(people, person, world, simulator):
    """A program deletes somebody while the account is read; at the provider that shows only later."""
    linked(person)
    simulator.ask("/_sim/switches", {"delete_lag_seconds": 60}, "PUT")
    age(person)
    with person.scope.transaction():
        job = starting.request(person.connection)
    run_until(person, job.pk, "reading_export")
    time.sleep(1.1)  # times of the provider's have whole seconds
    path = f"/api/unified/marketing-automation/contacts/{people['dee']['contact_id']}"
    assert Program(world, person.connection).ask("DELETE", path).status_code == 200
    assert mirrored(person)["dee@people.example"].standing == "deleted"
    assert finish(person, job.pk).state == "done"
    assert mirrored(person)["dee@people.example"].standing == "deleted"


def test_the_file_is_read_by_steps_that_go_on_where_they_stopped(people, person, simulator, monkeypatch):
    monkeypatch.setattr(settings.ENV, "IMPORT_STEP_ROWS", 1)
    monkeypatch.setattr(exporting, "CHUNK_BYTES", 50)
    job = linked(person)
    assert job.state == "done"
    with person.scope.transaction():
        assert JobStep.objects.filter(job=job, stage="reading_export").count() == 4
    found = mirrored(person)
    assert len(found) == 4
    assert found["ana@people.example"].values[people["plan"]] == "plan, of \nana"


@pytest.mark.parametrize(
    "fault", [{"cut_body": 40}, {"status": 404, "body": []}, {"drop_response": True}, {"html": True}]
)
def test_a_download_that_goes_wrong_is_made_again(people, person, simulator, fault):
    simulator.ask("/_sim/faults", {"match": "^/v3/contact_exports/", "times": 1, **fault})
    job = linked(person)
    assert job.state == "done"
    assert {one.standing for one in mirrored(person).values()} == {"active", "unsubscribed", "deleted"}
    with person.scope.transaction():
        assert MirrorState.objects.get().total == 3


def test_a_download_ends_where_another_job_has_become_the_reader(people, person, simulator, monkeypatch):
    """Pieces of two files are never mixed: the first reader keeps nothing more, and begins again."""
    monkeypatch.setattr(exporting, "CHUNK_BYTES", 50)
    other, keep_chunk = uuid.uuid4(), mirror.keep_chunk
    with person.scope.transaction():
        job = SyncJob.objects.get(kind="mirror")
    run_until(person, job.pk, "downloading")

    def taken_over(connection, offset, content):
        following = keep_chunk(connection, offset, content)
        monkeypatch.setattr(mirror, "keep_chunk", keep_chunk)
        mirror.begin(connection, other)
        return following

    monkeypatch.setattr(mirror, "keep_chunk", taken_over)
    runner.run_step(queue.claim_next("test-worker"))
    with person.scope.transaction():
        assert SyncJob.objects.get(pk=job.pk).stage == "counting"
        assert mirror.is_reader(person.connection, other)
        assert not ExportChunk.objects.exists()
    assert finish(person, job.pk).state == "done"
    assert len(mirrored(person)) == 4


def test_a_walk_whose_link_died_begins_again(people, person, simulator, monkeypatch):
    for number in range(3):
        made = create(simulator, f"gone{number}@people.example")
        at_provider(simulator, "DELETE", f"/v3/contacts/{made['contact_id']}")
    from connections.constantcontact.resources import contacts as resource

    few = resource.first_href
    monkeypatch.setattr(resource, "first_href", lambda **more: few(**more | {"limit": 1}))
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/contacts$", "method": "GET", "skip": 2, "times": 1, "status": 400, "body": []},
    )
    assert linked(person).state == "done"
    deleted = {key for key, one in mirrored(person).items() if one.standing == "deleted"}
    assert deleted == {"cem@people.example", *(f"gone{number}@people.example" for number in range(3))}


def test_pages_that_go_in_a_circle_end_in_words(people, person, simulator):
    page = {"contacts": [], "_links": {"next": {"href": "/v3/contacts?cursor=cm91bmQ%3D"}}}
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/contacts$", "method": "GET", "times": None, "status": 200, "body": page},
    )
    with person.scope.transaction():
        job = SyncJob.objects.get(kind="mirror")
    page = f"/w/{person.scope.tenant_id}/test/jobs/{job.pk}/"
    waits = " ".join(person.client.get(page).content.decode().split())
    assert "Reading of the account" in waits and "Stop the reading" in waits
    assert "mport of" not in waits and "the import" not in waits, "nothing is imported"
    job = finish(person, job.pk)
    assert (job.state, job.reason) == ("failed", "provider_unavailable")
    assert "Retry the reading" in person.client.get(page).content.decode()
    assert len(simulator.calls()) < 60


def test_one_job_reads_for_all(people, person, simulator):
    """An import that starts while the account is being read waits for it, and exports nothing itself."""
    with person.scope.transaction():
        reading = SyncJob.objects.get(kind="mirror")
    while True:
        claim = queue.claim_next("test-worker")
        if claim is not None:
            runner.run_step(claim)
            with person.scope.transaction():
                if SyncJob.objects.get(pk=reading.pk).stage == "exporting_there":
                    break
    choices = MAPPED | {"Plan": ("ignored",)}
    job = person.run(csv_file([["new@people.example", "New", "One", "gold", "A"]]), choices, lists=["A"])
    assert (job.state, job.created) == ("done", 1)
    assert paths(simulator).count("POST /activities/contact_exports") == 1
    assert finish(person, reading.pk).state == "done"


def test_who_waits_for_a_reading_looks_seldom_and_is_woken_at_its_end(people, person):
    """However long it takes: each look of a job is a claim, a transaction and a row."""
    with person.scope.transaction():
        reading = SyncJob.objects.get(kind="mirror")
    run_until(person, reading.pk, "exporting_there")
    with person.scope.transaction():
        waiting = queue.enqueue(person.connection, "bulk", "key", stage="counting", options={})
        SyncJob.objects.filter(pk=waiting.pk).update(not_before=datetime.now(UTC) - timedelta(hours=1))
    claim = queue.claim_next("test-worker")
    assert claim.job.pk == waiting.pk
    runner.run_step(claim)
    with person.scope.transaction():
        waiting.refresh_from_db()
    assert (waiting.state, waiting.stage) == ("waiting", "counting")
    assert waiting.not_before > datetime.now(UTC) + timedelta(seconds=10)
    run_until(person, reading.pk, "finishing")
    with person.scope.transaction():
        waiting.refresh_from_db()
        assert JobStep.objects.filter(job=waiting).count() == 1
    assert waiting.not_before <= datetime.now(UTC), "the end of the reading woke it"


def test_what_an_import_wrote_is_known_without_reading(person, simulator):
    linked(person)
    rows = [[f"p{n}@people.example", "Ada", f"Nr {n}", "gold" if n % 2 else "", "A"] for n in range(20)]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    held = mirrored(person)
    there = contacts(simulator)
    assert set(held) == set(there)
    lists = {one["list_id"]: one["name"] for one in simulator.get("/v3/contact_lists?limit=500")["lists"]}
    for key, one in held.items():
        assert (one.standing, one.permission) == ("active", "implicit")
        assert one.values["last_name"] == there[key]["last_name"]
        assert [lists[str(list_id)] for list_id in one.list_ids] == ["A"]
    before = len(simulator.calls())
    choices = MAPPED | {
        "Plan": (f"custom:{there['p1@people.example']['custom_fields'][0]['custom_field_id']}",)
    }
    job = person.run(csv_file(rows), choices, lists=["A"])
    assert job.outcome_counts["unchanged"] == 20
    assert set(paths(simulator, before)) <= {"GET /contacts", "POST /contact_lists", "GET /contact_lists"}
    read(person)
    after = mirrored(person)
    assert {key: (one.values, one.list_ids, one.standing) for key, one in after.items()} == {
        key: (one.values, one.list_ids, one.standing) for key, one in held.items()
    }, "the account says the same as what was noted"


def test_an_old_mirror_is_read_again_before_an_import_compares(person, simulator):
    linked(person)
    rows = [["p1@people.example", "Ada", "One", "gold", "A"]]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    there = contacts(simulator)["p1@people.example"]
    body = {
        "first_name": "Theirs",
        "update_source": "Account",
        "email_address": {"address": "p1@people.example"},
    }
    at_provider(simulator, "PUT", f"/v3/contacts/{there['contact_id']}", body)
    age(person)
    before = len(simulator.calls())
    choices = MAPPED | {"Plan": (f"custom:{there['custom_fields'][0]['custom_field_id']}",)}
    job = person.run(csv_file(rows), choices, lists=["A"])
    assert job.outcome_counts["updated"] == 1
    assert paths(simulator, before).count("POST /activities/contact_exports") == 1


def test_who_left_a_moment_ago_is_asked_for_although_the_mirror_is_young(people, person, simulator):
    linked(person)
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": "Ana@people.example"})
    at_provider(simulator, "DELETE", f"/v3/contacts/{people['dee']['contact_id']}")
    before = len(simulator.calls())
    rows = [[f"{name}@people.example", "Changed", "X", "", "A"] for name in ("ana", "dee", "new")]
    job = person.run(csv_file(rows), MAPPED | {"Plan": ("ignored",)}, lists=["A"])
    assert job.outcome_counts == {"created": 1, "updated": 0, "unchanged": 0, "skipped": 2, "rejected": 0}
    assert {row["reason"] for row in person.rows(job, "skipped")} == {"opted_out", "deleted_there"}
    assert "POST /activities/contact_exports" not in paths(simulator, before)
    assert "deleted_at" in contacts(simulator)["Dee@people.example"]


def test_addresses_are_found_by_an_index_under_row_security(person):
    from datetime import UTC, datetime

    from django.db import connection as database

    linked(person)
    with person.scope.transaction():
        mirror.state(person.connection)
        from mapping.known import Known

        people = [Known(f"p{n:05}@people.example", "active", {"first_name": "A"}) for n in range(5_000)]
        mirror.keep(person.connection, people, datetime.now(UTC))
        with database.cursor() as cursor:
            # Whether the policy lets the index be used is asked, not what statistics of a new table make of it.
            cursor.execute("SET LOCAL enable_seqscan = off")
            for sql, arguments in (
                (
                    "SELECT * FROM mapping_mirrorcontact WHERE connection_id = %s AND email_key = ANY(%s)",
                    [person.connection.pk, [one.email_key for one in people[:50]]],
                ),
                (
                    "SELECT email_key FROM mapping_mirrorcontact WHERE connection_id = %s AND email_key > %s "
                    "ORDER BY email_key LIMIT 100",
                    [person.connection.pk, "p00010@people.example"],
                ),
            ):
                cursor.execute(f"EXPLAIN {sql}", arguments)
                plan = "\n".join(line for (line,) in cursor.fetchall())
                condition = next((line for line in plan.splitlines() if "Index Cond" in line), "")
                assert "mirrorcontact_once" in plan and "email_key" in condition, plan
        assert MirrorContact.objects.count() == 5_000
