"""Receivers that are slow, fail or are many: whoever they belong to, others' events and jobs go out meanwhile."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from connections.models import Environment
from connections.programs import keys
from syncjobs import queue, webhooksending
from syncjobs.models import JobStep, Webhook, WebhookDelivery
from tests.flows.programs import Program
from tests.flows.workers import Workers
from tests.receiver import Receiver


class Hours:
    """A clock that stands still until it is turned; it is ahead, so that all that is written is due."""

    def __init__(self):
        self.now = datetime.now(UTC) + timedelta(minutes=10)

    def __call__(self):
        return self.now


def listening(program, url, *event_types):
    wish = {"target_url": url, "event_types": event_types or ["api_token:created"]}
    answer = program.ask("POST", "/api/webhook", wish)
    assert answer.status_code == 200, answer.content
    return answer.json()["result"]


def happen(scope, times=1):
    """Something that the endpoints of this workspace hear of."""
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        for number in range(times):
            keys.create(environment, f"made {number}", scopes=[keys.EVERYTHING])


def until(is_so, seconds):
    """Wait until something is so; fails if it never is."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")


@pytest.fixture
def both(world, settings_of):
    """Our program with its slow receiver, and another workspace's with a quick one."""
    ours = Program(world, world.connection())
    theirs = Program(world, world.connection(world.stranger), world.stranger)
    with Receiver() as slow, Receiver() as quick:
        slow.how = "slowly"
        settings_of(EGRESS_ALLOW=f"{slow.place},{quick.place}")
        yield ours, slow, theirs, quick


@pytest.mark.parametrize("processes", [2, 1])
def test_slow_receivers_of_one_workspace_hold_up_nobody(world, both, settings_of, processes):
    ours, slow, theirs, quick = both
    settings_of(EGRESS_SECONDS=3, WEBHOOK_SLOW_SECONDS=3)  # slow, and never so slow that it rests
    slow.pace = 1.5
    for _ in range(20):
        listening(ours, slow.url)
    listening(theirs, quick.url)
    happen(world.scope(), 3)
    with Workers(processes):
        until(lambda: len(slow.received) >= 2, 20)
        happen(world.scope(world.stranger))
        account = world.connection(world.stranger, name="another")
        with world.scope(world.stranger).transaction():
            job = queue.enqueue(account, "mirror", "beside", stage="counting", options={})
        until(lambda: quick.received, 10)
        until(lambda: JobStep.objects.using("operator").filter(job=job.pk).exists(), 15)
    assert len(slow.received) < 40, "the slow ones were still at it: 60 wait"


def test_workspaces_take_turns_and_have_one_on_the_wire_while_others_wait(world, both):
    ours, slow, theirs, quick = both
    for _ in range(3):
        listening(ours, slow.url)
    listening(theirs, quick.url)
    happen(world.scope(), 3)
    happen(world.scope(world.stranger), 3)
    clock = Hours()
    mine, yours = world.scope().tenant_id, world.scope(world.stranger).tenant_id
    on_the_wire = [webhooksending._next(clock.now) for _ in range(4)]
    assert [one.tenant_id for one in on_the_wire[:2]] in ([mine, yours], [yours, mine])
    assert sorted(map(str, (one.tenant_id for one in on_the_wire))) == sorted(
        map(str, [mine, mine, yours, yours])
    )
    assert len({one.webhook_id for one in on_the_wire if one.tenant_id == mine}) == 2


def test_one_workspace_alone_may_have_several_on_the_wire(world, both):
    ours, slow, _, _ = both
    listening(ours, slow.url)
    happen(world.scope(), 3)
    clock = Hours()
    assert all(webhooksending._next(clock.now) for _ in range(3))


def test_who_answers_slowly_rests_and_who_answers_well_does_not(world, both, settings_of):
    ours, slow, _, _ = both
    settings_of(WEBHOOK_SLOW_SECONDS=0.3)
    slow.pace = 0.4
    listening(ours, slow.url)
    clock, rests = Hours(), []
    for pace in (0.4, 0.4, 0.0):
        slow.pace = pace
        happen(world.scope(), 2 if pace else 4)
        before = len(slow.received)
        webhooksending.send_due(clock=clock)
        with world.scope().transaction():
            endpoint = Webhook.objects.get()
        rests.append((endpoint.rests_until - clock.now).total_seconds() if endpoint.rests_until else 0.0)
        assert (len(slow.received) - before == 1) is bool(pace), "what was slow is not asked again at once"
        clock.now += timedelta(seconds=rests[-1], milliseconds=1)
    assert all(9 * 0.4 <= rest < 60 for rest in rests[:2]), "in proportion, and no longer the second time"
    assert rests[2] == 0
    with world.scope().transaction():
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_who_refuses_for_ever_rests_and_who_stumbles_does_not(world, both):
    ours, _, _, quick = both
    listening(ours, quick.url)
    clock, rests = Hours(), []
    for _ in range(8):
        happen(world.scope())
        quick.answers = [500]
        webhooksending.send_due(clock=clock)
        with world.scope().transaction():
            endpoint = Webhook.objects.get()
            WebhookDelivery.objects.filter(state="queued").delete()
        rests.append(endpoint.rests_until and (endpoint.rests_until - clock.now).total_seconds())
        clock.now += timedelta(seconds=(rests[-1] or 0) + 1)
    assert rests == [None, None, None, None, 60, 120, 240, 480]
    happen(world.scope())
    assert webhooksending.send_due(clock=clock) == 1
    with world.scope().transaction():
        assert (Webhook.objects.get().refusals, Webhook.objects.get().rests_until) == (0, None)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"silences": 2}, "because your server gave no answer in time."),
        ({"refusals": 6}, "because your server refused 6 times in a row."),
        ({}, "because your server took long to answer."),
    ],
)
def test_the_page_of_an_endpoint_that_rests_says_why(world, both, facts, said):
    ours, slow, _, _ = both
    made, scope = listening(ours, slow.url), world.scope()
    address = reverse("webhook", args=[scope.tenant_id, scope.environment, made["id"]])
    client = world.client(world.member)
    assert "because your server" not in client.get(address).content.decode()
    with scope.transaction():
        Webhook.objects.update(rests_until=datetime.now(UTC) + timedelta(minutes=9), **facts)
    assert said in " ".join(client.get(address).content.decode().split())


def test_tests_that_wait_are_few(world, both):
    ours, _, _, quick = both
    made, other = listening(ours, quick.url), listening(ours, quick.url)
    for _ in range(5):
        assert ours.ask("POST", "/api/webhook/test", {"id": made["id"]}).status_code == 200
    answer = ours.ask("POST", "/api/webhook/test", {"id": made["id"]})
    assert answer.status_code == 409
    assert answer.json()["details"]["reason"] == "too_many_tests"
    assert "5 tests" in answer.json()["message"]
    assert ours.ask("POST", "/api/webhook/test", {"id": other["id"]}).status_code == 200
    assert webhooksending.send_due() == 6
    assert ours.ask("POST", "/api/webhook/test", {"id": made["id"]}).status_code == 200
