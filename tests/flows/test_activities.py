"""Activities of an account: one listing for all its jobs, what ends them, and that nothing is waited for for ever."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from connections import gateway
from connections.constantcontact.shapes import Activity
from syncjobs import activities, polling, queue
from syncjobs.models import AccountLooks, SyncJob, WatchedActivity
from tests.flows.importing import Person
from tests.flows.mirrors import linked, paths

LISTING = "GET /activities"


@pytest.fixture
def person(world, simulator):
    found = Person(world)
    linked(found)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


class Waiting:
    """A job of the account that waits for an activity of its own, claimed like any other."""

    def __init__(self, person, name):
        self.person = person
        with person.scope.transaction():
            self.job = queue.enqueue(person.connection, "mirror", name, stage="exporting_there", options={})
        self.activity = None

    def begin(self, rows=10):
        """Start an export and watch it."""
        client = gateway.open_client(self.person.connection, "bulk")
        self.activity = client.activities.export()
        with self.person.scope.transaction():
            activities.watch(self.job, self.activity, "export", rows)
        return self

    def claim(self):
        SyncJob.objects.using("operator").exclude(pk=self.job.pk).update(not_before="2100-01-01T00:00:00Z")
        SyncJob.objects.using("operator").filter(pk=self.job.pk).update(
            not_before="2026-01-01T00:00:00Z", state="queued"
        )
        return queue.claim_next("test-worker")

    def look(self):
        claim = self.claim()
        looked = activities.look(claim)
        with claim.transaction():
            claim.advance("exporting_there", cursor={}, after_seconds=300)
        return looked

    @property
    def outcome(self):
        with self.person.scope.transaction():
            return WatchedActivity.objects.get(activity_id=self.activity.activity_id).outcome


def change(waiting, **values):
    with waiting.person.scope.transaction():
        WatchedActivity.objects.filter(activity_id=waiting.activity.activity_id).update(**values)


def due(person):
    with person.scope.transaction():
        AccountLooks.objects.update(next_look_at="2026-01-01T00:00:00Z")


def until_over(waiting):
    for _ in range(40):
        if waiting.outcome:
            return waiting.outcome
        due(waiting.person)
        waiting.look()
    raise AssertionError("never over")


def test_one_listing_serves_every_job_of_the_account(person, simulator):
    jobs = [Waiting(person, f"job {number}").begin() for number in range(5)]
    before = len(simulator.calls())
    until_over(jobs[-1])  # begun last, and as large as the others
    looks = len(simulator.calls()) - before
    assert paths(simulator, before) == [LISTING] * looks
    assert {one.outcome for one in jobs} == {"completed"}
    for one in jobs[:-1]:
        assert one.look() is False, "it finds in a row what another job has heard"
    assert len(simulator.calls()) == before + looks
    with person.scope.transaction():
        found = activities.ended(jobs[3].job)[jobs[3].activity.activity_id]
        assert found.results_href.startswith("/v3/contact_exports/")


def test_a_look_that_is_not_due_costs_nothing(person, simulator):
    one = Waiting(person, "one").begin(rows=10_000_000)
    before = len(simulator.calls())
    assert one.look() is False
    assert len(simulator.calls()) == before
    with person.scope.transaction():
        assert activities.seconds_to_look(one.job) > 10


def test_while_one_job_looks_the_others_do_not(person, simulator):
    one, two = Waiting(person, "one").begin(), Waiting(person, "two").begin()
    due(person)
    claim = one.claim()
    with claim.transaction() as job:
        assert activities._due(job), "it is this one's turn"
    before = len(simulator.calls())
    assert two.look() is False
    assert len(simulator.calls()) == before


def test_who_waits_is_rung_when_somebody_else_hears_that_it_is_over(person, simulator):
    one, two = Waiting(person, "one").begin(), Waiting(person, "two").begin()
    SyncJob.objects.using("operator").filter(pk=two.job.pk).update(state="waiting", reason="")
    claim = one.claim()
    assert SyncJob.objects.using("operator").get(pk=two.job.pk).not_before.year == 2100
    for _ in range(40):
        due(person)
        activities.look(claim)
        if two.outcome:
            break
    assert SyncJob.objects.using("operator").get(pk=two.job.pk).not_before <= datetime.now(UTC)


def test_what_stands_still_is_given_up(person, simulator):
    """Initialized for ever, or at work for ever: after its patience it is over, and nobody asks again."""
    one = Waiting(person, "one").begin()
    old = datetime.now(UTC) - timedelta(seconds=polling.patience(0.3) + 1)
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/activities$", "method": "GET", "times": None, "status": 200, "body": listing(one)},
    )
    change(one, since=old)
    due(person)
    assert one.look() is True
    assert one.outcome == "stuck"
    before = len(simulator.calls())
    assert one.look() is False
    assert len(simulator.calls()) == before
    with person.scope.transaction():
        assert AccountLooks.objects.get().next_look_at is None


def listing(one, state="initialized"):
    return {
        "activities": [
            {
                "activity_id": one.activity.activity_id,
                "state": state,
                "percent_done": 40,
                "activity_errors": [],
            }
        ]
    }


def test_a_look_notices_failure_and_learns_nothing_from_it(person, simulator):
    simulator.ask("/_sim/faults", {"match": "/activities/contact_exports", "activity": "failed", "times": 1})
    one = Waiting(person, "one").begin()
    with person.scope.transaction():
        before = AccountLooks.objects.get().paces.get("export")
    assert until_over(one) == "failed"
    with person.scope.transaction():
        assert AccountLooks.objects.get().paces.get("export") == before


def test_the_pace_is_learned_by_account_and_kind(person, simulator):
    one = Waiting(person, "one").begin()
    until_over(one)
    with person.scope.transaction():
        paces = AccountLooks.objects.get().paces
    assert set(paces) == {"export"}
    learned = polling.Pace.of(paces["export"], 99.0)
    assert learned.predict(10) < 5


def test_one_that_is_not_listed_any_more_is_asked_for_once_and_then_over(person, simulator):
    one = Waiting(person, "one").begin()
    gone = Activity.parse({"activity_id": str(uuid.uuid4()), "state": "initialized"})
    change(one, activity_id=gone.activity_id, since=datetime.now(UTC) - timedelta(minutes=5))
    one.activity = gone
    before = len(simulator.calls())
    for _ in range(2):
        due(person)
        one.look()
    assert one.outcome == "vanished"
    assert [call["path"] for call in simulator.calls()[before:]] == [
        "/v3/activities",
        "/v3/activities",
        f"/v3/activities/{gone.activity_id}",
    ]
    assert one.look() is False


def test_one_that_a_listing_only_forgot_goes_on(person, simulator):
    one = Waiting(person, "one").begin()
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/activities$", "method": "GET", "times": 2, "status": 200, "body": {"activities": []}},
    )
    change(one, since=datetime.now(UTC) - timedelta(minutes=5))
    until_over(one)
    assert one.outcome == "completed"


def test_a_young_one_that_is_not_listed_yet_is_only_waited_for(person, simulator):
    one = Waiting(person, "one").begin()
    simulator.ask(
        "/_sim/faults",
        {"match": "^/v3/activities$", "method": "GET", "times": 3, "status": 200, "body": {"activities": []}},
    )
    before = len(simulator.calls())
    for _ in range(3):
        due(person)
        one.look()
    assert one.outcome == ""
    assert [call["path"] for call in simulator.calls()[before:]] == ["/v3/activities"] * 3


def test_progress_that_goes_back_and_forth_is_no_end(person, simulator):
    one = Waiting(person, "one").begin()
    for percent, state in (
        (90, "processing"),
        (10, "processing"),
        (50, "initialized"),
        (100, "something_new"),
    ):
        body = listing(one, state)
        body["activities"][0]["percent_done"] = percent
        simulator.ask(
            "/_sim/faults",
            {"match": "^/v3/activities$", "method": "GET", "times": 1, "status": 200, "body": body},
        )
        due(person)
        one.look()
        assert one.outcome == ""
    assert until_over(one) == "completed"


def test_counters_are_kept_with_what_the_provider_noted(person, simulator):
    one = Waiting(person, "one").begin()
    until_over(one)
    with person.scope.transaction():
        found = WatchedActivity.objects.get(activity_id=one.activity.activity_id)
    assert found.counters == {"items_total": 0, "items_completed": 0}
    assert (found.state, found.messages) == ("completed", [])
    assert found.completed_at is not None
