"""A second plan in one job: after a long wait the account is looked at anew, and what was not sent is planned anew."""

import time

import pytest

from connections.models import QuotaPool
from syncjobs import queue, runner
from syncjobs.imports import scratch
from syncjobs.models import Batch, ScratchList, SyncJob
from tests.flows.importing import Person, contacts
from tests.flows.test_bulk import Sender, people
from tests.flows.test_import_tags import tags_of

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
    """No call leaves for longer than a look at the account is good for."""
    pools = QuotaPool.objects.using("operator")
    pools.update(closed_until="2099-01-01T00:00:00Z")
    runner.run_due("test-worker", for_seconds=1)
    pools.update(closed_until=None)
    jobs = SyncJob.objects.using("operator").filter(pk=job_id)
    options = jobs.get().options | {"compared_at": LONG_AGO}
    jobs.update(options=options, not_before="2026-01-01T00:00:00Z")


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
