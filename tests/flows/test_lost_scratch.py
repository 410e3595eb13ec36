"""A retry of calls that went onto a temporary list which was removed meanwhile: it ends, and nobody is lost."""

import pytest

from mapping.models import ConsentEntry
from syncjobs import runner
from syncjobs.imports import scratch
from syncjobs.models import Batch, ScratchList, SyncJob
from tests.flows.bulk import people
from tests.flows.importing import contacts
from tests.flows.test_import_anew import delete, edit, step_until
from tests.flows.test_import_tags import tags_of

IMPORT = "/v3/activities/contacts_.*_import"


def fail(person, simulator, job_id):
    """The job ends, and whatever list it made is swept."""
    with person.scope.transaction():
        job = SyncJob.objects.get(pk=job_id)
        runner.KINDS[job.kind].explain_unfinished(job, "as a step that failed says")
        SyncJob.objects.filter(pk=job_id).update(state="failed")
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    with person.scope.transaction():
        assert not ScratchList.objects.filter(removed_at=None).exists()
    assert "Patchbay" not in str(simulator.get("/v3/contact_lists?limit=500"))


@pytest.mark.parametrize("fault", [{"activity": "failed"}, {"status": 503}, {"drop_response": True}])
def test_people_of_a_call_onto_a_removed_list_are_not_lost(program, person, simulator, fault):
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    vip = program.tag("VIP")
    there = {n: program.contact(f"person{n}", first_name="Old") for n in (0, 1)}
    rows = people(40, tags=[vip])
    simulator.ask("/_sim/faults", {"match": IMPORT, "times": 1, **fault})
    job = program.start(rows)
    state = "accepted" if "activity" in fault else "sent"
    step_until(person, job["id"], lambda calls: state in [one for _, one, _ in calls])
    with person.scope.transaction():
        (sent,) = Batch.objects.filter(job_id=job["id"], state=state)
        assert [str(one.list_id) for one in ScratchList.objects.all()] == sent.list_ids
    fail(person, simulator, job["id"])
    edit(simulator, there[0], first_name="Newer")
    delete(simulator, there[1])
    for _ in range(3):
        with person.scope.transaction():
            assert runner.retry(SyncJob.objects.get(pk=job["id"]))
        ended = program.end(job)
        if ended["state"] != "failed":
            break
    assert ended["state"] == "done", ended
    found = contacts(simulator)
    wanted = {one["email"] for one in rows[2:]}
    assert wanted <= set(found)
    assert found["person0@people.example"]["first_name"] == "Newer"
    assert "deleted_at" in found["person1@people.example"]
    assert {found[one]["first_name"] for one in wanted} == {f"P{n}" for n in range(2, 40)}
    assert wanted <= {name for name, tags in tags_of(simulator).items() if tags}
    with person.scope.transaction():
        assert not ConsentEntry.objects.exclude(undoes=None).filter(email__in=wanted).exists()
    scratch.sweep()
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert "Patchbay" not in str(simulator.get("/v3/contact_lists?limit=500"))


def test_where_no_other_list_may_be_made_the_rows_say_so(program, person, simulator):
    with person.scope.transaction():
        scratch.allow(person.connection, True)
    simulator.ask("/_sim/faults", {"match": IMPORT, "times": 1, "activity": "failed"})
    job = program.start(people(20, tags=[program.tag("VIP")]))
    step_until(person, job["id"], lambda calls: "accepted" in [one for _, one, _ in calls])
    fail(person, simulator, job["id"])
    with person.scope.transaction():
        scratch.allow(person.connection, False)
        assert runner.retry(SyncJob.objects.get(pk=job["id"]))
    ended = program.end(job)
    there = contacts(simulator)
    assert ended["state"] == "done", ended
    taken = {one["email"] for one in program.rows(ended).values() if one["outcome"] in ("created", "updated")}
    assert taken <= set(there)
