"""The quota among processes, tenants and classes: by real threads on real rows."""

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.db import connections as databases

from connections import facts
from connections.calllog import CallFor
from connections.constantcontact.errors import QuotaRefused
from connections.models import (
    Connection,
    QuotaDay,
    QuotaHour,
    QuotaPool,
    QuotaShare,
    QuotaSlot,
    QuotaUse,
    Ticket,
)
from connections.programs import ratelimits
from connections.quota import answers, permits, pools, tickets, usage

HOUR = timedelta(hours=1)


@pytest.fixture
def pool(world):
    world.connection()
    return QuotaPool.objects.using("operator").get()


def caller(world, call_class="bulk", user=None, **other):
    scope = world.scope(user)
    return CallFor(scope.tenant_id, scope.environment_id, call_class, **other)


def limit(pool, **values):
    QuotaPool.objects.using("operator").filter(pk=pool.pk).update(**values)


def refusal(pool, call_for=None, wait=0.0):
    with pytest.raises(QuotaRefused) as refused:
        permits.admit(pool.pk, call_for, wait_seconds=wait)
    return refused.value


def spend(pool, call_for=None, count=1, **other):
    for _ in range(count):
        permits.admit(pool.pk, call_for, wait_seconds=3, **other).close(delivered=True)


def sql(statement, *values):
    with databases["operator"].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def test_a_waiting_person_goes_before_bulk_work_of_other_processes(world, pool):
    limit(pool, calls_per_second=1)
    held = permits.admit(pool.pk, wait_seconds=1)
    order, threads = [], []

    def ask(name, call_for):
        permit = permits.admit(pool.pk, call_for, wait_seconds=20)
        order.append(name)
        permit.close(delivered=False)
        connections.close_all()

    for name, call_for in [
        ("bulk 1", caller(world)),
        ("bulk 2", caller(world, user=world.stranger)),
        ("person", caller(world, "interactive")),
        ("opt-out", caller(world, "consent")),
    ]:
        threads.append(threading.Thread(target=ask, args=(name, call_for)))
        threads[-1].start()
    until = time.monotonic() + 10
    while Ticket.objects.using("operator").filter(starts_at=None).count() < 4 and time.monotonic() < until:
        time.sleep(0.05)
    held.close(delivered=True)
    for thread in threads:
        thread.join()
    assert order[:2] == ["opt-out", "person"]
    assert set(order[2:]) == {"bulk 1", "bulk 2"}


def test_a_dead_process_holds_up_nobody(world, pool):
    """Its waiting ticket is passed over, and a turn that it never took is given back."""
    place = {"pool": pool, "purpose": "api", "call_class": "consent"}
    gone = datetime.now(UTC) - timedelta(seconds=10)
    Ticket.objects.using("operator").create(**place, entered_at=gone, seen_at=gone)
    lost = Ticket.objects.using("operator").create(
        **place, entered_at=gone, seen_at=gone, starts_at=gone, charged_at=gone
    )
    QuotaDay.objects.create(pool=pool, day=gone.date(), used=1)
    QuotaSlot.objects.create(pool=pool, purpose="api", number=1, free_at=gone + HOUR, ticket=lost.pk)
    permits.admit(pool.pk, wait_seconds=1)
    assert QuotaDay.objects.get(day=gone.date()).used == 1
    assert Ticket.objects.using("operator").count() == 1


def test_a_process_that_stood_still_takes_a_new_ticket(world, pool):
    limit(pool, calls_per_second=1)
    held = permits.admit(pool.pk, wait_seconds=1)
    got = []
    thread = threading.Thread(target=lambda: got.append(permits.admit(pool.pk, wait_seconds=10)))
    thread.start()
    while not Ticket.objects.using("operator").filter(taken_at=None).exists():
        time.sleep(0.02)
    Ticket.objects.using("operator").filter(taken_at=None).delete()
    held.close(delivered=True)
    thread.join()
    assert len(got) == 1


def test_what_is_kept_for_others_is_refused_to_bulk_work_and_kept_waiting(world, pool):
    limit(pool, calls_per_day=1000)
    # Five are never planned for; the two that are left are kept for consent even in the day's last hour.
    QuotaDay.objects.create(pool=pool, day=datetime.now(UTC).date(), used=993)
    refused = refusal(pool, caller(world))
    assert refused.reason == "share_used"
    assert refused.retry_after_seconds <= 300
    spend(pool, caller(world, "consent"))
    assert Ticket.objects.using("operator").count() == 0


def test_consent_is_served_to_the_last_call_of_the_day(world, pool):
    limit(pool, calls_per_day=100, calls_per_second=200)
    QuotaDay.objects.create(pool=pool, day=datetime.now(UTC).date(), used=97)
    spend(pool, caller(world, "consent"), 3)
    refused = refusal(pool, caller(world, "consent"))
    assert refused.reason == "quota_exceeded"
    assert 0 < refused.retry_after_seconds <= 86_400


def test_after_midnight_one_call_tries_and_opens_the_pool(world, pool):
    permits.close_for_today(pool.pk)
    assert refusal(pool).reason == "quota_exceeded"
    limit(pool, closed_until=datetime.now(UTC) - timedelta(seconds=1), foreign_calls=0)
    probe = permits.admit(pool.pk, wait_seconds=1)
    assert refusal(pool, wait=0.4).reason == "throttled"
    permits.heard(pool.pk, caller(world), "answered")
    probe.close(delivered=True)
    spend(pool)
    assert QuotaPool.objects.get(pk=pool.pk).closed_until is None


def test_a_refused_probe_closes_again_and_says_nothing_of_the_new_day(world, pool, monkeypatch):
    monkeypatch.setattr(answers, "EARLY_SECONDS", 0)
    limit(pool, closed_until=datetime.now(UTC) - timedelta(seconds=1))
    probe = permits.admit(pool.pk, wait_seconds=1)
    permits.heard(pool.pk, caller(world), "quota_exceeded")
    probe.close(delivered=True)
    after = QuotaPool.objects.get(pk=pool.pk)
    assert after.foreign_calls == 0
    assert timedelta(0) < after.closed_until - datetime.now(UTC) <= HOUR
    assert refusal(pool).reason == "quota_exceeded"


def test_just_after_midnight_a_refusal_is_about_the_day_before(world, pool, monkeypatch):
    """By our clock the day has begun, by theirs not yet: neither the day nor the next ones are given up."""
    monkeypatch.setattr(answers, "EARLY_SECONDS", 86_400)
    limit(pool, calls_per_day=1_000_000)
    for _ in range(2):
        limit(pool, closed_until=None)
        permits.heard(pool.pk, caller(world), "quota_exceeded")
        after = QuotaPool.objects.get(pk=pool.pk)
        assert after.foreign_calls == 0
        assert timedelta(0) < after.closed_until - datetime.now(UTC) <= timedelta(seconds=30)
        assert refusal(pool).reason == "quota_exceeded"
    limit(pool, closed_until=datetime.now(UTC) - timedelta(seconds=1))
    permits.admit(pool.pk, wait_seconds=1).close(delivered=True)


def test_what_cannot_be_spent_yet_is_told_by_pace_and_limit(world, pool, monkeypatch):
    monkeypatch.setattr(answers, "EARLY_SECONDS", 86_400)
    limit(pool, calls_per_day=10, calls_per_second=1000)  # spent within 10 milliseconds of the day
    permits.heard(pool.pk, caller(world), "quota_exceeded")
    assert QuotaPool.objects.get(pk=pool.pk).foreign_calls == 10


def test_a_probe_that_never_left_leaves_the_next_to_try(world, pool):
    limit(pool, closed_until=datetime.now(UTC) - timedelta(seconds=1))
    permits.admit(pool.pk, wait_seconds=1).close(delivered=False)
    permits.admit(pool.pk, wait_seconds=1)


def test_a_full_queue_of_one_account_rests_that_account_alone(world, pool):
    one = Connection.objects.using("operator").get()
    call_for = caller(world, connection_id=one.pk)
    permits.heard(pool.pk, call_for, "queue_full")
    refused = refusal(pool, call_for)
    assert refused.reason == "activity_queue_full"
    assert 50 < refused.retry_after_seconds <= 60
    spend(pool, caller(world, connection_id=uuid.uuid4()))
    spend(pool, caller(world, "control", connection_id=one.pk))
    after = QuotaPool.objects.get(pk=pool.pk)
    assert (after.closed_until, after.slow_factor, after.foreign_calls) == (None, 1.0, 0)


def test_unexplained_throttling_slows_and_takes_from_the_day(world, pool):
    spend(pool, caller(world))
    before = usage.overview(pool.pk)
    permits.heard(pool.pk, caller(world), "throttled")
    permits.heard(pool.pk, caller(world), "throttled")  # under way at the same time: one refusal
    after = usage.overview(pool.pk)
    row = QuotaPool.objects.get(pk=pool.pk)
    assert row.slow_factor == pytest.approx(1.05)
    assert after.foreign > before.foreign == 0
    assert after.budget == before.budget - after.foreign


@pytest.mark.parametrize(("settled", "taken"), [("", 3), ("yes", 3), ("no", 0)])
def test_calls_to_the_token_endpoint_may_cost_the_day(world, pool, settled, taken):
    """Whether they do is open: until it is known that they do not, what is shared out is less by them."""
    if settled:
        facts.keep("token_calls_count", settled, "by hand", datetime.now(UTC))
    before = usage.overview(pool.pk)
    limit(pool, token_calls_per_second=100)
    spend(pool, caller(world), 3, purpose="token")
    limit(pool, state={})  # the plan of a later moment
    after = usage.overview(pool.pk)
    assert (after.used, after.foreign) == (0, 0)
    assert after.budget == before.budget - taken


def test_somebody_elses_use_is_allowed_for_today_and_believed_less_each_day(world, pool, monkeypatch):
    limit(pool, calls_per_day=10_000)
    monkeypatch.setattr(answers, "EARLY_SECONDS", 0)
    QuotaDay.objects.create(pool=pool, day=datetime.now(UTC).date(), used=9_000)
    permits.close_for_today(pool.pk)
    row = QuotaPool.objects.get(pk=pool.pk)
    assert row.foreign_calls == 1_000
    limit(pool, foreign_day=row.foreign_day - timedelta(days=2))
    assert usage.overview(pool.pk).foreign == 250


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=400)])
def test_a_clock_set_back_shuts_no_pool(world, pool, ahead):
    """What was written by a clock that ran ahead holds for seconds, not until the clock has caught up."""
    limit(pool, calls_per_second=1)
    spend(pool)
    QuotaSlot.objects.update(free_at=datetime.now(UTC) + ahead)
    spend(pool)
    limit(pool, pacing="paced", next_at=datetime.now(UTC) + ahead, slowed_at=datetime.now(UTC) + ahead)
    spend(pool)


def look(number, asker):
    with pools.ledger() as cursor:
        return permits.turnstile.look(cursor, asker, number, pools.MOST_AHEAD)[1]


def enter(cursor, asker):
    cursor.execute(*tickets.entering(asker))
    return cursor.fetchone()[0]


def waiting_tickets(pool, count):
    asker = tickets.Asker(pool.pk, "api", "interactive")
    with pools.ledger() as cursor:
        return asker, [enter(cursor, asker) for _ in range(count)]


def test_a_turn_given_out_ahead_of_its_moment_frees_no_other_place(world, pool):
    """Another process looks before the moment has come: no clock was set back, and a call under way keeps its place."""
    limit(pool, calls_per_second=2)
    slow = permits.admit(pool.pk, wait_seconds=3)
    spend(pool)
    asker, numbers = waiting_tickets(pool, 2)
    held = QuotaSlot.objects.get(ticket=slow.ticket).free_at
    QuotaSlot.objects.filter(ticket=None).update(free_at=datetime.now(UTC) + timedelta(seconds=0.14))
    assert look(numbers[0], asker).granted is not None
    assert look(numbers[1], asker).granted is None
    assert QuotaSlot.objects.get(ticket=slow.ticket).free_at == held


def test_a_paced_turn_given_out_ahead_of_its_moment_keeps_the_next_one_away(world, pool):
    limit(pool, pacing="paced", calls_per_second=10, jitter_ms=0)
    asker, numbers = waiting_tickets(pool, 2)
    limit(pool, next_at=datetime.now(UTC) + timedelta(seconds=0.14))
    first = look(numbers[0], asker).granted
    look(numbers[1], asker)
    after = QuotaPool.objects.get(pk=pool.pk).next_at.timestamp()
    assert after >= first.starts_at + 0.1 - 0.001


@pytest.mark.parametrize("pacing", ["anchored", "paced"])
def test_a_turn_given_between_a_question_and_a_look_is_taken_at_once(world, pool, pacing):
    """The next turn is far: who slept until then would let its own go by."""
    limit(pool, pacing=pacing, calls_per_second=1, jitter_ms=0)
    asker, numbers = waiting_tickets(pool, 2)
    assert tickets.poll(asker, numbers[0]) is None
    assert look(numbers[1], asker).gave
    assert look(numbers[0], asker).opens_in == 0
    assert tickets.poll(asker, numbers[0]) is not None
    assert look(numbers[1], asker).opens_in > 0.5


def test_paced_turns_come_at_their_interval(world, pool):
    limit(pool, pacing="paced", calls_per_second=20, jitter_ms=20)
    began = time.monotonic()
    given = [permits.admit(pool.pk, wait_seconds=5) for _ in range(11)]
    took = time.monotonic() - began
    assert took >= 10 * 1.02 / 20 - 0.02  # no answer is waited for
    for permit in given:
        permit.close(delivered=True)
    assert QuotaSlot.objects.count() == 0


def test_whoever_gets_no_turn_in_time_is_told_when(world, pool):
    limit(pool, calls_per_second=1)
    spend(pool)
    refused = refusal(pool, caller(world, "interactive"), wait=0.2)
    assert refused.reason == "throttled"
    assert 0.3 < refused.retry_after_seconds < 1.0
    time.sleep(refused.retry_after_seconds)
    permits.admit(pool.pk, caller(world, "interactive"), wait_seconds=0.2)


def test_every_call_is_counted_by_tenant_account_class_and_hour(world, pool):
    one = Connection.objects.using("operator").get()
    spend(pool, caller(world, "bulk", connection_id=one.pk), 2)
    spend(pool, caller(world, "consent", connection_id=one.pk))
    spend(pool, caller(world, "poll", world.stranger))
    spend(pool, caller(world, "interactive"), purpose="token")
    permits.admit(pool.pk, caller(world, connection_id=one.pk), wait_seconds=1).close(delivered=False)
    assert permits.used_today(pool) == 4
    assert sorted(QuotaHour.objects.filter(used__gt=0).values_list("call_class", "used")) == [
        ("bulk", 2),
        ("consent", 1),
        ("poll", 1),
    ]
    with world.scope().transaction():
        mine = QuotaUse.objects.filter(used__gt=0).values_list(
            "call_class", "purpose", "used", "connection_id"
        )
        assert sorted(mine, key=str) == [
            ("bulk", "api", 2, one.pk),
            ("consent", "api", 1, one.pk),
            ("interactive", "token", 1, None),
        ]
        share = QuotaShare.objects.get()
        assert (share.persons, share.work) == (0, 2)  # unsubscribes are in nobody's way
    with world.scope(world.stranger).transaction():
        assert list(QuotaUse.objects.values_list("call_class", "used")) == [("poll", 1)]
    assert QuotaUse.objects.count() == QuotaShare.objects.count() == Ticket.objects.count() == 0


def test_a_workspace_sees_its_own_and_the_operator_all(world, pool):
    limit(pool, calls_per_day=1000)
    one = Connection.objects.using("operator").get()
    spend(pool, caller(world, "bulk", connection_id=one.pk), 3)
    spend(pool, caller(world, "interactive", world.stranger), 2)
    found = usage.overview(pool.pk)
    assert (found.used, found.left, found.limit) == (5, found.budget - 5, 1000)
    assert {use.call_class: use.used for use in found.classes if use.used} == {"bulk": 3, "interactive": 2}
    assert found.reserved > 0
    assert [(use.name, use.used, use.work) for use in found.tenants] == [
        ("Alpha Software", 0, 3),
        ("Omega Software", 2, 0),
    ]
    mine = usage.own(world.scope(), pool.pk)
    assert (mine.used, mine.by_class, mine.by_account) == (0, {"bulk": 3}, {one.pk: 3})
    assert mine.left == mine.share > 0
    spend(pool, caller(world, "interactive", world.stranger), 4)
    assert usage.own(world.scope(), pool.pk).left == mine.left, "what others use is not to be seen"


def test_two_who_were_told_their_shares_get_exactly_those(world, pool):
    limit(pool, calls_per_day=60, calls_per_second=1000)
    for user in (world.owner, world.stranger):
        ratelimits.of_day(world.scope(user), pool.pk, None)
    left = [
        ratelimits.of_day(world.scope(user), pool.pk, None)[0].remaining
        for user in (world.owner, world.stranger)
    ]
    assert 0 < left[0] == left[1] < 30
    for user, count in zip((world.owner, world.stranger), left, strict=True):
        spend(pool, caller(world, "interactive", user), count)
    for user in (world.owner, world.stranger):
        assert refusal(pool, caller(world, "interactive", user)).reason in {"share_used", "quota_exceeded"}
    spend(pool, caller(world, "consent"))


def test_work_that_had_its_share_waits_and_persons_of_the_same_tenant_do_not(world, pool):
    limit(pool, calls_per_day=200, calls_per_second=1000)
    with pytest.raises(QuotaRefused, match="share_used") as refused:
        spend(pool, caller(world, "bulk"), 200)
    assert refused.value.retry_after_seconds <= 300
    spend(pool, caller(world, "interactive"), 3)
    assert QuotaHour.objects.get(call_class="bulk").refused == 0


def test_a_refused_person_is_kept_for_the_forecast(world, pool):
    limit(pool, calls_per_day=10)
    QuotaDay.objects.create(pool=pool, day=datetime.now(UTC).date(), used=10)
    assert refusal(pool, caller(world, "interactive")).reason == "quota_exceeded"
    assert QuotaHour.objects.get().refused == 1


def test_an_account_has_a_limit_of_its_own(world, pool, settings_of):
    settings_of(ACCOUNT_CALLS_PER_DAY=2)
    one = Connection.objects.using("operator").get()
    spend(pool, caller(world, "interactive", connection_id=one.pk), 2)
    assert refusal(pool, caller(world, "interactive", connection_id=one.pk)).reason == "account_used"
    spend(pool, caller(world, "consent", connection_id=one.pk))
    spend(pool, caller(world, "interactive", connection_id=uuid.uuid4()))


def test_weights_are_kept_from_turn_to_turn(world, pool):
    """Two that always wait, in a pool whose state is rows: the heavier one is served by its weight."""
    limit(pool, calls_per_second=100)
    spend(pool, caller(world))
    spend(pool, caller(world, user=world.stranger))
    heavy = world.scope().tenant_id
    QuotaShare.objects.using("operator").filter(tenant_id=heavy).update(weight=3)
    served = []
    for _ in range(16):
        numbers = {}
        with pools.ledger() as cursor:
            for user in (world.owner, world.stranger):
                asker = permits._asker(pool.pk, caller(world, "bulk", user=user), "api")
                number = enter(cursor, asker)
                numbers[number] = asker.tenant_id
            permits.turnstile.look(cursor, asker, number, 0.03)
        granted = Ticket.objects.using("operator").exclude(starts_at=None).get()
        served.append(granted.tenant_id)
        Ticket.objects.using("operator").all().delete()
        sql("UPDATE connections_quotaslot SET ticket = NULL, free_at = now() - interval '1 second'")
    assert 11 <= served.count(heavy) <= 13
