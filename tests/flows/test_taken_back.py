"""What was decided and then not sent: the consent ledger says afterwards that it did not happen."""

from django.db import connection, connections
from django.urls import reverse

from mapping import consentledger
from mapping.models import ConsentEntry
from syncjobs import runner
from syncjobs.models import Batch, SyncJob
from tests.flows.bulk import Sender, people
from tests.flows.importing import MAPPED, contacts, csv_file, run_until
from tests.flows.mirrors import age, create
from tests.flows.test_import_anew import IMPORT, step_until, wait_long
from tests.flows.test_import_troubles import begin, mapped, three

ALL = [f"b{n}@people.example" for n in range(3)]


def story(person):
    """What the ledger says of each address, in order; an entry that undoes one that is not there fails."""
    with person.scope.transaction():
        rows = list(ConsentEntry.objects.order_by("at", "id"))
    ids, found = {row.pk for row in rows}, {}
    for row in sorted(rows, key=lambda row: (row.at, row.undoes is not None)):
        assert row.undoes is None or row.undoes in ids
        found.setdefault(row.email, []).append(row.outcome if row.undoes is None else f"undone: {row.reason}")
    return found


def standing(person, addresses=ALL):
    """Whether an entry stands behind each of these addresses, as who reads a contact is told."""
    with person.scope.transaction():
        told = consentledger.latest(person.connection, [(None, one) for one in addresses])
    return [one is not None for one in told]


def stop(person, job_id):
    person.client.post(reverse("stop-job", args=[*person.account[:2], job_id]))
    with person.scope.transaction():
        assert SyncJob.objects.get(pk=job_id).state == "stopped"


def test_an_import_that_is_stopped_before_it_sends_created_nobody(person):
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "sending")
    assert standing(person) == [True] * 3
    stop(person, job_id)
    assert standing(person) == [False] * 3
    assert story(person) == {one: ["sent", "undone: not_sent"] for one in ALL}


def test_only_who_was_not_sent_is_taken_back(person, simulator, settings_of):
    settings_of(IMPORT_BATCH_ROWS=1)  # of a file; an array has one more
    job_id = begin(person, three(), MAPPED)
    step_until(person, job_id, lambda calls: [state for _, state, _ in calls] == ["accepted", "planned"])
    stop(person, job_id)
    simulator.ask("/_sim/clock", {"advance_seconds": 5})
    assert set(contacts(simulator)) == set(ALL[:2])
    assert standing(person) == [True, True, False]


def test_what_may_have_arrived_stays_as_decided(person, simulator):
    """The answer was lost, and nobody has looked for it yet."""
    simulator.ask("/_sim/faults", {"match": IMPORT, "drop_response": True, "times": 1})
    job_id = begin(person, three(), MAPPED)
    step_until(person, job_id, lambda calls: [state for _, state, _ in calls] == ["sent"])
    stop(person, job_id)
    assert standing(person) == [True] * 3


def test_a_refused_call_is_taken_back_and_decided_anew_by_a_retry(person, simulator):
    simulator.ask("/_sim/faults", {"match": IMPORT, "status": 400, "times": 2})
    job_id = begin(person, three(), MAPPED)
    for turn in range(3):
        state = person.finish(job_id).state
        assert state == ("failed" if turn < 2 else "done")
        told = ["sent", "undone: not_sent"] * min(turn + 1, 2) + ["sent"] * (turn == 2)
        assert story(person) == dict.fromkeys(ALL, told)
        assert standing(person) == [state == "done"] * 3
        person.client.post(reverse("retry-job", args=[*person.account[:2], job_id]))


def test_a_retry_behind_a_call_that_went_out_decides_nothing_twice(person, simulator):
    job_id = begin(person, three(), MAPPED)
    run_until(person, job_id, "processing")
    with person.scope.transaction():
        job = SyncJob.objects.get(pk=job_id)
        runner.KINDS["import"].explain_unfinished(job, "as a step that failed says")
        SyncJob.objects.filter(pk=job_id).update(state="failed")
        assert runner.retry(SyncJob.objects.get(pk=job_id))
    assert person.finish(job_id).created == 3
    assert story(person) == {one: ["sent"] for one in ALL}


def test_who_is_not_taken_by_the_provider_is_taken_back(person, simulator):
    simulator.ask("/_sim/switches", {"import_email_length": 50}, "PUT")
    long = "p" * 50 + "@people.example"
    job = person.run(csv_file([*three(), [long, "Ada", "One", "gold", "A"]]), MAPPED, lists=["A"])
    assert (job.created, job.rejected) == (3, 1)
    assert standing(person, [*ALL, long]) == [True] * 3 + [False]
    assert story(person)[long] == ["sent", "undone: not_taken"]


def test_a_call_that_came_to_nothing_is_taken_back(person, simulator):
    simulator.ask("/_sim/faults", {"match": IMPORT, "activity": "failed", "times": None})
    job = person.run(csv_file(three()), MAPPED, lists=["A"])
    there = set(contacts(simulator))
    assert (job.state, job.rejected) == ("done", 3)
    assert standing(person) == [one in there for one in ALL]


def test_who_turns_out_to_be_there_was_not_created_by_us(person, simulator):
    """A second look finds somebody whom the account's owner has made meanwhile, and somebody who is deleted there."""
    person.run(csv_file([["a@people.example", "A", "B", "gold", "A"]]), MAPPED, lists=["A"])
    job_id = begin(person, three(), mapped(simulator))
    run_until(person, job_id, "sending")
    create(simulator, ALL[1], first_name="Old")
    create(simulator, ALL[2])
    simulator.ask("/_sim/unsubscribe", {"account": "Acme Bakery", "email": ALL[2]})
    wait_long(job_id)
    age(person)
    run_until(person, job_id, "deciding")
    assert standing(person) == [True, False, False]
    job = person.finish(job_id)
    assert job.outcome_counts == {"created": 1, "updated": 1, "unchanged": 0, "skipped": 1, "rejected": 0}
    assert standing(person) == [True, False, False]
    assert story(person)[ALL[0]] == ["sent"]
    assert story(person)[ALL[1]] == story(person)[ALL[2]] == ["sent", "undone: not_sent"]


def test_a_bulk_write_that_is_cancelled_is_taken_back(world, person, simulator):
    program = Sender(world, person)
    news = program.list("News")
    job = program.start(people(3, "b", lists=[{"id": news}]))
    run_until(person, job["id"], "sending")
    assert standing(person) == [True] * 3
    assert program.ask("POST", f"/api/jobs/{job['id']}/cancel").status_code == 200
    assert standing(person) == [False] * 3
    with person.scope.transaction():
        assert not Batch.objects.exclude(state="planned").exists()
    assert program.write(people(3, "b", lists=[{"id": news}]))["counts"]["created"] == 3
    assert standing(person) == [True] * 3


def test_taking_back_reads_each_entry_and_not_the_ledger_for_each(person):
    many = 3_000  # so many that a search of the index is cheaper, and is known to be
    rows = [[f"c{n}@people.example", "Ada", "One", "gold", "A"] for n in range(many)]
    job_id = begin(person, rows, MAPPED)
    run_until(person, job_id, "sending")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE mapping_consententry")
    with person.scope.transaction(), connection.cursor() as cursor:
        assert runner.stop(SyncJob.objects.get(pk=job_id))
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables "
            "WHERE relname = 'mapping_consententry'"
        )
        (read,) = cursor.fetchone()
        assert ConsentEntry.objects.exclude(undoes=None).count() == many
    assert many <= read <= 5 * many
