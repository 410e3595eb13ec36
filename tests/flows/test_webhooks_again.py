"""What did not arrive: listed by state, sent again one by one or by a range, under the same id; on pages too."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from connections.models import AuditEvent, Environment, Message
from connections.programs import keys
from syncjobs import egress, webhookreplay, webhooksending
from syncjobs.models import Webhook, WebhookDelivery
from tests.flows.programs import Program
from tests.flows.test_webhooks_slow import happen
from tests.receiver import Receiver


@pytest.fixture
def receiver(settings_of):
    with Receiver() as found:
        settings_of(EGRESS_ALLOW=found.place, WEBHOOK_PAUSES="1")
        yield found


@pytest.fixture
def program(world):
    return Program(world, world.connection())


@pytest.fixture
def dead(world, program, receiver):
    """An endpoint at which three events failed for good; and one that arrived."""
    wish = {"target_url": receiver.url, "event_types": ["api_token:created"]}
    made = program.ask("POST", "/api/webhook", wish).json()["result"]
    receiver.answers = [200] + [503] * 6
    for number in range(4):
        with world.scope().transaction():
            environment = Environment.objects.get(pk=world.scope().environment_id)
            keys.create(environment, f"made {number}", scopes=[keys.EVERYTHING])
    for minutes in (0, 5, 120, 240):
        later = datetime.now(UTC) + timedelta(minutes=minutes)
        webhooksending.send_due(clock=lambda now=later: now)
    with world.scope().transaction():
        assert (
            sorted(WebhookDelivery.objects.values_list("state", flat=True)) == ["delivered"] + ["failed"] * 3
        )
    receiver.received.clear()
    return made


def listed(program, webhook, query=""):
    answer = program.ask("GET", f"/api/webhook/{webhook['id']}/deliveries{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_what_failed_is_listed_with_its_reason(program, dead):
    body = listed(program, dead, "?state=failed")
    assert body["result_count"] == len(body["result"]) == 3
    one = body["result"][0]
    assert set(one) == {
        "id",
        "webhook_id",
        "event_type",
        "state",
        "attempts",
        "last_status",
        "last_error",
        "next_attempt_at",
        "created_at",
        "ended_at",
    }
    assert (one["state"], one["attempts"], one["last_status"]) == ("failed", 2, 503)
    assert "503" in one["last_error"]
    assert one["next_attempt_at"] is None
    assert [row["created_at"] for row in body["result"]] == sorted(
        (row["created_at"] for row in body["result"]), reverse=True
    )
    assert listed(program, dead)["result_count"] == 4
    assert listed(program, dead, "?state=queued")["result"] == []


def test_pages_of_deliveries_meet_and_do_not_overlap(program, dead):
    found, cursor = [], ""
    for _ in range(9):
        body = listed(program, dead, f"?limit=2{cursor}")
        found += [one["id"] for one in body["result"]]
        if body["next_cursor"] is None:
            break
        assert body["result"]
        cursor = f"&next_cursor={body['next_cursor']}"
    assert len(found) == len(set(found)) == 4
    answer = program.ask("GET", f"/api/webhook/{dead['id']}/deliveries?next_cursor={uuid4()}")
    assert answer.status_code == 400
    assert answer.json()["details"]["failures"][0]["field"] == "next_cursor"


def test_one_goes_again_under_its_id(world, program, receiver, dead):
    one = listed(program, dead, "?state=failed")["result"][0]
    path = f"/api/webhook/{dead['id']}/deliveries/{one['id']}/replay"
    again = program.ask("POST", path).json()["result"]
    assert (again["id"], again["state"], again["attempts"]) == (one["id"], "queued", 0)
    answer = program.ask("POST", path)
    assert answer.status_code == 409
    assert answer.json()["details"]["reason"] == "delivery_under_way"
    assert webhooksending.send_due() == 1, "at once, though the endpoint had been resting"
    (heard,) = receiver.received
    assert heard.event["id"] == heard.headers["webhook-id"] == one["id"]
    assert heard.event["created_at"].startswith(one["created_at"].removesuffix("Z"))
    assert program.ask("POST", path).status_code == 200, "what arrived may be sent again, too"
    with world.scope().transaction():
        acts = AuditEvent.objects.filter(action="webhook_replayed")
        assert [act.detail["new"]["deliveries"] for act in acts] == [1, 1]


def test_a_range_goes_again_and_says_how_many(program, receiver, dead, monkeypatch):
    failed = listed(program, dead, "?state=failed")["result"]
    path = f"/api/webhook/{dead['id']}/deliveries/replay"
    assert program.ask("POST", path, {"until": failed[-1]["created_at"]}).json()["result"]["replayed"] == 0
    monkeypatch.setattr(webhookreplay, "MOST", 1)
    first = program.ask("POST", path, {"since": failed[1]["created_at"]}).json()["result"]
    assert first == {
        "webhook_id": dead["id"],
        "replayed": 1,
        "left": 1,
        "last_created_at": failed[1]["created_at"],
    }
    monkeypatch.setattr(webhookreplay, "MOST", 1_000)
    rest = program.ask("POST", path, {}).json()["result"]
    assert (rest["replayed"], rest["left"]) == (2, 0)
    assert webhooksending.send_due() == 3
    assert [one.event["id"] for one in receiver.received] != []
    assert {one.event["id"] for one in receiver.received} == {one["id"] for one in failed}
    assert program.ask("POST", path, {"state": "delivered"}).json()["result"]["replayed"] == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"since": "yesterday"}, "body.since"),
        ({"state": "queued"}, "body.state"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until"),
    ],
)
def test_a_range_that_cannot_be_meant_is_named(program, dead, body, field):
    answer = program.ask("POST", f"/api/webhook/{dead['id']}/deliveries/replay", body)
    assert answer.status_code == 400
    assert answer.json()["details"]["failures"][0]["field"] == field


def test_where_nobody_listens_nothing_goes_again(program, dead):
    program.ask("PATCH", f"/api/webhook/{dead['id']}", {"is_active": False})
    one = listed(program, dead, "?state=failed")["result"][0]
    for path in (f"deliveries/{one['id']}/replay", "deliveries/replay"):
        answer = program.ask("POST", f"/api/webhook/{dead['id']}/{path}")
        assert answer.status_code == 400
        assert "is_active" in answer.json()["details"]["failures"][0]["message"]


def test_anothers_deliveries_are_not_there_and_reading_sends_nothing(world, program, dead):
    one = listed(program, dead, "?state=failed")["result"][0]
    stranger = Program(world, world.connection(world.stranger), world.stranger)
    with world.scope().transaction():
        _, reader = keys.create(
            Environment.objects.get(pk=world.scope().environment_id), "reader", scopes=["webhooks:read"]
        )
    base = f"/api/webhook/{dead['id']}/deliveries"
    assert stranger.ask("GET", base).status_code == 404
    for path in (f"{base}/{one['id']}/replay", f"{base}/replay"):
        assert stranger.ask("POST", path, {}).status_code == 404
        program.headers["Authorization"] = f"Bearer {reader.reveal()}"
        refused = program.ask("POST", path, {})
        assert refused.json()["details"]["missing_scopes"] == ["webhooks:write"]
    assert listed(program, dead, "?state=failed")["result_count"] == 3


def test_the_contracts_shape_of_the_list(program, dead):
    body = program.ask("GET", f"/compat/webhook/{dead['id']}/deliveries?limit=2").json()
    assert set(body) == {"result", "next_cursor", "limit"}
    assert body["limit"] == 2


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_a_person_sends_again_what_failed(world, receiver, dead):
    scope, client = world.scope(), world.client(world.owner)
    base = f"/w/{scope.tenant_id}/test/developers"
    assert f"{base}/webhooks/" in client.get(f"{base}/").content.decode()
    page = client.get(f"{base}/webhooks/").content.decode()
    assert f"{base}/webhooks/{dead['id']}/" in page
    assert receiver.place in page
    assert "of=patchbay" not in page, "the path of such an address is often a key"
    own = client.get(f"{base}/webhooks/{dead['id']}/").content.decode()
    assert own.count("Send again") == 3
    assert "The answer was 503" in own
    with scope.transaction():
        one = WebhookDelivery.objects.filter(state="failed").latest("pk")
    path = f"{base}/webhooks/{dead['id']}/deliveries/{one.event_id}/replay/"
    assert path in own
    said = client.post(path, follow=True).content.decode()
    assert "goes again" in said
    assert said.count("Send again") == 2
    assert webhooksending.send_due() == 1
    assert [heard.event["id"] for heard in receiver.received] == [str(one.event_id)]
    with scope.transaction():
        act = AuditEvent.objects.get(action="webhook_replayed")
    assert act.detail["about"] == receiver.place


def test_a_viewer_sees_what_failed_and_sends_nothing(world, dead):
    scope, viewer = world.scope(), world.client(world.member)
    page = viewer.get(f"/w/{scope.tenant_id}/test/developers/webhooks/{dead['id']}/").content.decode()
    assert "The answer was 503" in page
    assert "<form" not in page.partition("<main")[2] or "Send again" not in page
    with scope.transaction():
        one = WebhookDelivery.objects.filter(state="failed").latest("pk")
    path = f"/w/{scope.tenant_id}/test/developers/webhooks/{dead['id']}/deliveries/{one.event_id}/replay/"
    assert viewer.post(path).status_code == 403


def test_a_webhook_that_is_off_sends_nothing_again(world, program, dead):
    program.ask("PATCH", f"/api/webhook/{dead['id']}", {"is_active": False})
    scope, client = world.scope(), world.client(world.owner)
    with scope.transaction():
        one = WebhookDelivery.objects.filter(state="failed").latest("pk")
    page = f"/w/{scope.tenant_id}/test/developers/webhooks/{dead['id']}/"
    assert "Send again" not in client.get(page).content.decode()
    said = client.post(f"{page}deliveries/{one.event_id}/replay/", follow=True).content.decode()
    assert "is not active" in said
    with scope.transaction():
        assert not Webhook.objects.get().is_active
        assert not WebhookDelivery.objects.filter(state="queued").exists()


def test_an_address_that_is_gone_is_switched_off_at_once_and_people_are_told(world, program, receiver):
    wish = {"target_url": receiver.url, "event_types": ["api_token:created"]}
    made = program.ask("POST", "/api/webhook", wish).json()["result"]
    receiver.answers = [410]
    happen(world.scope(), 2)
    later = datetime.now(UTC) + timedelta(minutes=1)
    webhooksending.send_due(clock=lambda: later)
    webhooksending.send_due(clock=lambda: later + timedelta(days=1))
    assert len(receiver.received) == 1, "nothing more is sent there"
    shown = program.ask("GET", f"/api/webhook/{made['id']}").json()["result"]
    assert (shown["is_active"], shown["off_reason"]) == (False, "gone")
    told = Message.objects.using("operator").filter(kind="webhook_off")
    assert [one.to for one in told] == [world.owner.email], "who may only look has nothing to mend here"
    scope = world.scope()
    page = world.client(world.member).get(
        reverse("webhook", args=[scope.tenant_id, scope.environment, made["id"]])
    )
    assert "Switched off" in page.content.decode() and "answered 410" in page.content.decode()
    assert "2 events, held until it is active again" in page.content.decode()
    with world.scope().transaction():
        (act,) = AuditEvent.objects.filter(action="webhook_switched_off")
        assert act.detail["about"] == receiver.place
    receiver.answers = []
    again = program.ask("PATCH", f"/api/webhook/{made['id']}", {"is_active": True}).json()["result"]
    assert (again["is_active"], again["off_reason"]) == (True, None)
    webhooksending.send_due(clock=lambda: later + timedelta(days=1))
    assert len(receiver.received) == 3, "what waited goes"


@pytest.mark.parametrize("does", ["moves", "is deleted"])
def test_what_an_address_answers_says_nothing_of_the_one_that_follows(
    world, program, receiver, does, monkeypatch
):
    """An endpoint may be changed or deleted while something is on its way to it."""
    wish = {"target_url": receiver.url, "event_types": ["api_token:created"]}
    made = program.ask("POST", "/api/webhook", wish).json()["result"]
    happen(world.scope(), 2)
    post = egress.post

    def meanwhile(url, body, headers):
        if not receiver.received:
            status = post(url, body, headers)
            method, body = (
                ("PATCH", {"target_url": receiver.url + "&new=1"}) if does == "moves" else ("DELETE", None)
            )
            assert program.ask(method, f"/api/webhook/{made['id']}", body).status_code == 200
            return status
        return post(url, body, headers)

    monkeypatch.setattr(egress, "post", meanwhile)
    receiver.answers = [410]
    later = datetime.now(UTC) + timedelta(minutes=1)
    webhooksending.send_due(clock=lambda: later)
    webhooksending.send_due(clock=lambda: later + timedelta(hours=1))
    assert [one.path.endswith("new=1") for one in receiver.received] == [False, True, True][
        : 3 if does == "moves" else 1
    ]
    if does == "moves":
        assert program.ask("GET", f"/api/webhook/{made['id']}").json()["result"]["is_active"]


def test_days_without_a_success_switch_it_off_and_one_success_counts_anew(
    world, program, receiver, settings_of
):
    settings_of(
        EGRESS_ALLOW=receiver.place, WEBHOOK_OFF_DAYS=5, WEBHOOK_PAUSES="86400,86400,86400,86400,86400"
    )
    wish = {"target_url": receiver.url, "event_types": ["api_token:created"]}
    made = program.ask("POST", "/api/webhook", wish).json()["result"]
    began = datetime.now(UTC) + timedelta(minutes=1)

    def is_active_after(days, status):
        receiver.answers = [status] * 20
        happen(world.scope())
        moment = began + timedelta(days=days)
        webhooksending.send_due(clock=lambda: moment)
        return program.ask("GET", f"/api/webhook/{made['id']}").json()["result"]["is_active"]

    # On the fourth day one arrives; from then on five days are needed anew.
    for days, status in ((0, 500), (1.5, 503), (3, 500), (4.5, 200), (6, 500), (8, 500)):
        assert is_active_after(days, status)
    assert not is_active_after(12, 500)
    assert Message.objects.using("operator").filter(kind="webhook_off").count() == 1
