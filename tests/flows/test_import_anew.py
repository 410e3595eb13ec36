"""A second plan in one job: after a long wait the account is looked at anew, and what was not sent is planned anew."""

import time
from datetime import UTC, datetime

import pytest

from connections import facts
from connections.models import QuotaPool
from mapping.models import MirrorState
from syncjobs import queue, runner
from syncjobs.imports import giving_up, guarding, planning, scratch, sending
from syncjobs.models import Batch, ImportRow, JobStep, ScratchList, SyncJob
from tests.flows.importing import MAPPED, Person, contacts, csv_file, run_until
from tests.flows.mirrors import mirrored
from tests.flows.test_bulk import Sender, people
from tests.flows.test_import_tags import tags_of
from tests.flows.test_import_troubles import at_provider, begin, mapped, three

IMPORT = "/v3/activities/contacts_file_import"
LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def person(world, simulator):
    found = Person(world)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


@pytest.fixture
def program(world, person):
    return Sender(world, person)


def step_until(person, job_id, is_there, seconds=40):
    """Step by step until something holds of the job's calls, as (kind, state, row_count) in order."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with person.scope.transaction():
            calls = Batch.objects.filter(job_id=job_id).order_by("number")
            if is_there(list(calls.values_list("kind", "state", "row_count"))):
                return
        claim = queue.claim_next("test-worker")
        if claim is None:
            time.sleep(0.05)
        else:
            runner.run_step(claim)
    raise AssertionError("it never came to that")


def wait_long(job_id):
    """No call leaves for longer than a look at the account, or at some of its people, is good for."""
    pools = QuotaPool.objects.using("operator")
    pools.update(closed_until="2099-01-01T00:00:00Z")
    runner.run_due("test-worker", for_seconds=1)
    pools.update(closed_until=None)
    jobs = SyncJob.objects.using("operator").filter(pk=job_id)
    job = jobs.get()
    options = job.options | {"compared_at": LONG_AGO}
    cursor = {name: LONG_AGO if name == "guarded_at" else value for name, value in job.cursor.items()}
    jobs.update(options=options, cursor=cursor, not_before="2026-01-01T00:00:00Z")


def test_a_second_plan_begins_with_an_empty_temporary_list(program, person, simulator, settings_of):
    """People who stand on the list of a plan that was given up are neither deleted nor tagged by the next one."""
    program.write(people(2_105, lists=["News"]), create_missing=True)
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    # A deletion shows late, so that the second plan has it once more; and who is deleted by mistake stays so.
    simulator.ask("/_sim/switches", {"delete_lag_seconds": 60, "import_revives_deleted": "no"}, "PUT")
    settings_of(IMPORT_BATCH_ROWS=2_000)
    vip = program.tag("VIP")
    deletes = [{"email": f"person{n}@people.example", "action": "delete"} for n in range(3)]
    tagged = [{"email": f"person{n}@people.example", "tags": [vip]} for n in range(5, 2_105)]
    job = program.start([*deletes, *tagged])
    # So far they are deleted, and of those to be tagged most are on the list.
    step_until(person, job["id"], lambda calls: ("import_csv", "accepted", 2_000) in calls)
    with person.scope.transaction():
        kinds = set(Batch.objects.filter(job_id=job["id"], state="finished").values_list("kind", flat=True))
    assert "delete_contacts" in kinds
    wait_long(job["id"])
    ended = program.end(job)
    assert ended["state"] == "done", ended
    there = contacts(simulator)
    assert {name for name, one in there.items() if "deleted_at" in one} == {one["email"] for one in deletes}
    found = {name for name, tags in tags_of(simulator).items() if tags}
    assert found == {one["email"] for one in tagged}
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert "Patchbay" not in str(simulator.get("/v3/contact_lists?limit=500"))
    with person.scope.transaction():
        assert len({one.list_id for one in ScratchList.objects.all()}) == 2
        assert not ScratchList.objects.filter(removed_at=None).exists()


def edit(simulator, person, **values):
    """Somebody changes a contact at the provider."""
    body = {"update_source": "Account", "email_address": {"address": person["email_address"]["address"]}}
    at_provider(simulator, "PUT", "/v3/contacts/" + person["contact_id"], {**person, **body, **values})


def delete(simulator, person):
    at_provider(simulator, "DELETE", "/v3/contacts/" + person["contact_id"])


def stages_of(person, job_id):
    with person.scope.transaction():
        return list(JobStep.objects.filter(job_id=job_id).order_by("id").values_list("stage", flat=True))


def test_tags_by_ids_go_on_where_they_were(program, person, simulator):
    """However long they wait: nobody is brought back by a tag, so that no second look begins from the first person."""
    simulator.ask("/_sim/switches", {"export_contact_id": "present"}, "PUT")
    news, vip = program.list("News"), program.tag("VIP")
    for n in range(3):
        program.contact(f"person{n}", list_memberships=[news])
    job = program.start([{"email": f"person{n}@people.example", "tags": [vip]} for n in range(3)])
    run_until(person, job["id"], "sending")
    wait_long(job["id"])
    assert program.end(job)["counts"]["updated"] == 3
    assert stages_of(person, job["id"]).count("planning") == 1
    assert all(tags == {"VIP"} for tags in tags_of(simulator).values())


def test_what_calls_by_ids_have_done_is_not_planned_again(program, person, simulator):
    simulator.ask("/_sim/switches", {"export_contact_id": "present", "export_tags": "present"}, "PUT")
    news, old, vip, gone = program.list("News"), program.list("Old"), program.tag("VIP"), program.tag("Gone")
    for n in range(3):
        program.contact(f"person{n}", list_memberships=[news, old], taggings=[gone])
    wish = {"tags": {"add": [vip], "remove": [gone]}, "lists": {"remove": [old]}}
    job = program.start([{"email": f"person{n}@people.example", **wish} for n in range(3)])
    run_until(person, job["id"], "checking")
    with person.scope.transaction():
        row = SyncJob.objects.get(pk=job["id"])
        giving_up.give_up_unsent(row)
        assert not planning.wanted(row, planning.groups(row)).people
    known = mirrored(person)["person1@people.example"]
    assert ([str(one) for one in known.tag_ids], [str(one) for one in known.list_ids]) == ([vip], [news])
    assert program.end(job)["counts"]["updated"] == 3
    known = mirrored(person)["person1@people.example"]
    assert ([str(one) for one in known.tag_ids], [str(one) for one in known.list_ids]) == ([vip], [news])


@pytest.mark.parametrize("edited", ["before", "behind"])
def test_a_call_of_the_first_plan_that_fails_behind_the_second_is_guarded(
    person, simulator, settings_of, edited
):
    """Its people may have been changed before the second look at the account, too."""

    def meanwhile():
        simulator.ask("/_sim/clock", {"advance_seconds": 5})
        edit(simulator, there["b0@people.example"], first_name="Newer")
        delete(simulator, there["b1@people.example"])

    rows = [*three(), *[[f"c{n}@people.example", "Ada", "Two", "gold", "A"] for n in range(3)]]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    settings_of(IMPORT_BATCH_ROWS=3)
    changed = [[row[0], "Ours", *row[2:]] for row in rows]
    there = contacts(simulator)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, changed, mapped(simulator))
    step_until(person, job_id, lambda calls: [state for _, state, _ in calls] == ["accepted", "planned"])
    if edited == "before":
        meanwhile()
        MirrorState.objects.using("operator").update(read_at=LONG_AGO)
    jobs = SyncJob.objects.using("operator").filter(pk=job_id)
    looked_at = jobs.get().options["compared_at"]
    wait_long(job_id)
    run_until(person, job_id, "counting")
    # The wait was made up; the look was a short while ago.
    given_up = [[looked_at, last] for _, last in jobs.get().options["given_up"]]
    jobs.update(options=jobs.get().options | {"given_up": given_up})
    run_until(person, job_id, "sending")
    # Now the second plan stands, and it has not turned out yet that the first call failed.
    if edited == "behind":
        meanwhile()
    job = person.finish(job_id)
    found = contacts(simulator)
    assert found["b0@people.example"]["first_name"] == "Newer"
    assert "deleted_at" in found["b1@people.example"]
    assert [found[f"{name}@people.example"]["first_name"] for name in ("b2", "c0", "c1", "c2")] == [
        "Ours"
    ] * 4
    assert (job.state, job.updated, job.skipped) == ("done", 4, 2)
    assert {row["reason"] for row in person.rows(job, "skipped")} == {"newer_there", "deleted_there"}


def test_the_tail_of_a_cut_call_outlives_the_first_plan(person, simulator, settings_of, monkeypatch):
    monkeypatch.setattr(sending, "MOST_UNDER_WAY", 1)
    facts.keep("import_cap_bytes", "4194304", "found out by hand", datetime.now(UTC))
    settings_of(IMPORT_BATCH_ROWS=1_600)
    header = ["Email", *(f"Field {n}" for n in range(10))]
    choices = {"Email": ("standard:email",)} | {name: ("new", name, "string") for name in header[1:]}
    rows = [[f"p{n}@people.example", *["x" * 255] * 10] for n in range(1_650)]
    answer = person.columns(person.upload(csv_file(rows, header))["Location"], choices)
    answer = person.start(answer["Location"], everyone="new", new_name="Everyone")
    job_id = answer["Location"].rstrip("/").rpartition("/")[2]
    step_until(
        person, job_id, lambda calls: [state for _, state, _ in calls] == ["finished", "planned", "planned"]
    )
    wait_long(job_id)
    job = person.finish(job_id)
    assert (job.state, job.created, job.rejected) == ("done", 1_650, 0)
    there = contacts(simulator)
    assert len(there) == 1_650
    assert {len(one["custom_fields"]) for one in there.values()} == {10}


def test_a_verdict_of_the_guard_grows_old(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    there = contacts(simulator)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, three("Ours"), mapped(simulator))
    run_until(person, job_id, "guarding")
    run_until(person, job_id, "sending")
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    edit(simulator, there["b0@people.example"], first_name="Newer")
    delete(simulator, there["b1@people.example"])
    pools, jobs = QuotaPool.objects.using("operator"), SyncJob.objects.using("operator").filter(pk=job_id)
    pools.update(closed_until="2099-01-01T00:00:00Z")
    runner.run_due("test-worker", for_seconds=1)
    pools.update(closed_until=None)
    jobs.update(cursor=jobs.get().cursor | {"guarded_at": LONG_AGO}, not_before="2026-01-01T00:00:00Z")
    job = person.finish(job_id)
    found = contacts(simulator)
    assert (job.state, job.updated, job.skipped) == ("done", 1, 2)
    assert found["b0@people.example"]["first_name"] == "Newer"
    assert "deleted_at" in found["b1@people.example"]


def test_a_look_of_the_guard_whose_link_has_died_begins_again(person, simulator):
    person.run(csv_file(three()), MAPPED, lists=["A"])
    there = contacts(simulator)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, three("Ours"), mapped(simulator))
    run_until(person, job_id, "guarding")
    delete(simulator, there["b1@people.example"])
    jobs = SyncJob.objects.using("operator").filter(pk=job_id)
    jobs.update(cursor=jobs.get().cursor | {"href": "/v3/contacts?cursor=dead"})
    job = person.finish(job_id)
    assert (job.state, job.updated, job.skipped) == ("done", 2, 1), job.explanation


@pytest.mark.parametrize("stage", ["sending", "guarding"])
def test_a_retry_of_a_call_that_goes_again_looks_first(person, simulator, stage):
    """A retry forgets when the account was looked at; what is guarded by that needs a new look."""
    person.run(csv_file(three()), MAPPED, lists=["A"])
    there = contacts(simulator)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, three("Ours"), mapped(simulator))
    run_until(person, job_id, "guarding")
    if stage == "sending":
        run_until(person, job_id, "sending")
        simulator.ask("/_sim/faults", {"match": IMPORT, "status": 400, "times": 1})
    else:
        simulator.ask("/_sim/faults", {"match": "/v3/contacts$", "status": 400, "times": 1})
    assert person.finish(job_id).state == "failed"
    delete(simulator, there["b1@people.example"])
    person.client.post(f"/w/{person.scope.tenant_id}/test/jobs/{job_id}/retry/")
    job = person.finish(job_id)
    assert (job.state, job.updated, job.skipped) == ("done", 2, 1), job.explanation
    assert "deleted_at" in contacts(simulator)["b1@people.example"]
    with person.scope.transaction():
        assert not ImportRow.objects.filter(job=job, outcome="").exists()


def test_two_jobs_that_look_what_became_of_their_calls_take_turns(person, simulator):
    """The one that began to look first is not read over; neither sends anything a second time."""
    person.run(csv_file(three()), MAPPED, lists=["A"])
    simulator.ask("/_sim/switches", {"import_email_length": 50}, "PUT")
    jobs, started = SyncJob.objects.using("operator"), []
    for name, stage in (("b", "exporting_there"), ("c", "exporting")):
        rows = [[f"{name}{n}@people.example", "Ours", "Two", "gold", "A"] for n in range(3)]
        rows.append([name * 50 + "@people.example", "Ada", "One", "gold", "A"])
        started.append(begin(person, rows, mapped(simulator)))
        run_until(person, started[-1], stage)
        if name == "c":
            runner.run_step(queue.claim_next("test-worker"))
        assert jobs.get(pk=started[-1]).cursor["verified"]
        # As if a worker had its next step in hand.
        jobs.filter(pk=started[-1]).update(state="running", lease_until="2099-01-01T00:00:00Z")
    jobs.filter(pk__in=started).update(lease_until="2026-01-01T00:00:00Z")
    ended = [person.finish(job_id) for job_id in started]
    assert [(job.state, job.updated + job.created, job.rejected) for job in ended] == [("done", 3, 1)] * 2
    assert len([call for call in simulator.calls() if call["path"] == IMPORT]) == 3


def test_a_guard_among_many_of_our_own_reads_an_export(person, simulator, settings_of, monkeypatch):
    """What our own calls changed is not walked through; what it tells of others is the same, and so is the mirror."""
    monkeypatch.setattr(guarding, "MOST_WALKED", 2)
    rows = [*three(), *[[f"c{n}@people.example", "Ada", "Two", "gold", "A"] for n in range(3)]]
    person.run(csv_file(rows), MAPPED, lists=["A"])
    there = contacts(simulator)
    settings_of(IMPORT_BATCH_ROWS=3, IMPORT_STEP_ROWS=4)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, [[row[0], "Ours", *row[2:]] for row in rows], mapped(simulator))
    run_until(person, job_id, "processing")
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    edit(simulator, there["b0@people.example"], first_name="Newer")
    delete(simulator, there["b1@people.example"])
    job = person.finish(job_id)
    assert (job.state, job.updated, job.skipped) == ("done", 4, 2)
    found = contacts(simulator)
    assert found["b0@people.example"]["first_name"] == "Newer"
    assert "deleted_at" in found["b1@people.example"]
    assert [found[f"{name}@people.example"]["first_name"] for name in ("b2", "c0", "c1", "c2")] == [
        "Ours"
    ] * 4
    assert stages_of(person, job_id).count("downloading") >= 1
    with person.scope.transaction():
        assert MirrorState.objects.get().reader is None


def test_a_retry_lets_go_of_a_reading_that_was_for_the_guard(person, simulator, monkeypatch):
    """Else nobody else could read the account until the job's end."""
    person.run(csv_file(three()), MAPPED, lists=["A"])
    monkeypatch.setattr(guarding, "MOST_WALKED", 0)
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": 1})
    job_id = begin(person, three("Ours"), mapped(simulator))
    run_until(person, job_id, "downloading")
    SyncJob.objects.using("operator").filter(pk=job_id).update(state="failed")
    with person.scope.transaction():
        assert runner.retry(SyncJob.objects.get(pk=job_id))
    run_until(person, job_id, "comparing")
    with person.scope.transaction():
        assert MirrorState.objects.get().reader is None
    assert person.finish(job_id).state == "done"


def test_a_temporary_list_that_its_plan_could_not_remove_is_swept(program, person, simulator):
    program.write(people(1_200, lists=["News"]), create_missing=True)
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    vip = program.tag("VIP")
    simulator.ask("/_sim/faults", {"match": "/v3/activities/list_delete", "activity": "failed", "times": 3})
    tagged = [{"email": f"person{n}@people.example", "tags": [vip]} for n in range(1_100)]
    assert program.write(tagged)["state"] == "done"
    assert "Patchbay" in str(simulator.get("/v3/contact_lists?limit=500"))
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert "Patchbay" not in str(simulator.get("/v3/contact_lists?limit=500"))


def test_a_retry_does_not_go_by_a_temporary_list_that_was_removed_meanwhile(program, person, simulator):
    program.write(people(1_200, lists=["News"]), create_missing=True)
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    vip = program.tag("VIP")
    simulator.ask(
        "/_sim/faults", {"match": "/v3/activities/contacts_taggings_add", "status": 400, "times": None}
    )
    tagged = [{"email": f"person{n}@people.example", "tags": [vip]} for n in range(1_100)]
    job = program.write(tagged)
    assert job["state"] == "failed", job
    with person.scope.transaction():
        assert ScratchList.objects.filter(removed_at=None).exists()
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    simulator.ask("/_sim/faults", method="DELETE")
    with person.scope.transaction():
        assert runner.retry(SyncJob.objects.get(pk=job["id"]))
    ended = program.end(job)
    assert ended["state"] == "done", ended
    assert {name for name, tags in tags_of(simulator).items() if tags} == {one["email"] for one in tagged}
