"""Webhooks, over HTTP: set up by a program, sent to a real receiver, signed, in order, tried again, once per event."""

import base64
import html
import io
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from django.core.management import call_command
from django.db import transaction
from pydantic import SecretStr

from connections import rotation, tokens
from connections.models import AuditEvent, Connection, ConnectionToken, Environment
from connections.programs import keys
from syncjobs import queue, runner, tasks, webhookevents, webhooksending
from syncjobs.models import SyncJob, Webhook, WebhookDelivery
from tests.flows.importing import MAPPED, Person, csv_file
from tests.flows.programs import Program
from tests.receiver import Receiver

ALL = sorted(webhookevents.EVENTS)


class Hours:
    """A clock that stands still until it is turned; it is ahead, so that all that is written is due."""

    def __init__(self):
        self.now = datetime.now(UTC) + timedelta(minutes=10)

    def __call__(self):
        return self.now

    def turn(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Hours()


@pytest.fixture
def receiver(settings_of):
    with Receiver() as found:
        settings_of(EGRESS_ALLOW=found.place)
        yield found


@pytest.fixture
def account(world):
    return world.connection()


@pytest.fixture
def program(world, account):
    return Program(world, account)


def create(program, url, *event_types, **more):
    answer = program.ask(
        "POST", "/api/webhook", {"target_url": url, "event_types": event_types or ALL, **more}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["result"]


def deliveries(scope):
    with scope.transaction():
        return list(WebhookDelivery.objects.order_by("pk"))


def make_token(scope, name="made"):
    with scope.transaction():
        return keys.create(Environment.objects.get(pk=scope.environment_id), name, scopes=[keys.EVERYTHING])[
            0
        ]


def hmac_of(key, data):
    signature = HMAC(key, SHA256())
    signature.update(data)
    return signature


def signed_by(secret, one, now=None):
    """Verifies both kinds of signatures; how many of the standard ones are by this secret."""
    found = 0
    kind, value = one.headers["x-truto-signature"].split(",")
    assert kind == "format=sha256"
    by_text = hmac_of(secret.encode(), one.body).finalize().hex()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    for signature in one.headers["webhook-signature"].split(" "):
        version, text = signature.split(",")
        assert version == "v1"
        try:
            hmac_of(key, content).verify(base64.b64decode(text))
        except InvalidSignature:
            continue
        found += 1
    return value == f"v={by_text}", found


# --- Set up -----------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_made_read_changed_and_deleted(world, program, receiver):
    made = create(program, receiver.url, "sync_job_run:completed", "api_token:created")
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    assert made["event_types"] == ["sync_job_run:completed", "api_token:created"]
    seen = program.ask("GET", f"/api/webhook/{made['id']}").json()["result"]
    assert seen == {name: value for name, value in made.items() if name != "secret"}
    listed = program.ask("GET", "/api/webhook").json()
    assert listed["result"] == [seen]
    assert listed["result_count"] == 1
    changed = program.ask("PATCH", f"/api/webhook/{made['id']}", {"is_active": False}).json()["result"]
    assert changed["is_active"] is False
    assert changed["event_types"] == made["event_types"]
    gone = program.ask("DELETE", f"/api/webhook/{made['id']}")
    assert gone.json()["result"] == {"id": made["id"]}
    assert program.ask("GET", f"/api/webhook/{made['id']}").status_code == 404
    with world.scope().transaction():
        acts = list(AuditEvent.objects.filter(action__startswith="webhook").values_list("action", flat=True))
        assert sorted(acts) == ["webhook_changed", "webhook_created", "webhook_deleted"]
        assert made["secret"] not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_the_secret_is_kept_sealed_and_never_shown_again(world, program, receiver):
    made = create(program, receiver.url)
    with world.scope().transaction():
        row = Webhook.objects.get()
    assert made["secret"] not in str(vars(row))
    for path in ("/api/webhook", f"/api/webhook/{made['id']}"):
        assert b"secret" not in program.ask("GET", path).content.replace(b"previous_secret_ends_at", b"")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"event_types": ["record:invented"]}, "event_types", "record:invented"),
        ({"event_types": []}, "event_types", "one event or more"),
        ({"event_types": "all"}, "body.event_types", "list"),
        ({"target_url": "http://example.com/"}, "target_url", "https://"),
        ({"target_url": "https://localhost/"}, "target_url", "in full"),
        ({"target_url": "https://169.254.169.254/"}, "target_url", "private"),
        ({"target_url": "https://example.com:22/"}, "target_url", "port"),
        ({"target_url": None}, "body.target_url", "string"),
        ({"is_active": "perhaps"}, "body.is_active", "bool"),
    ],
)
def test_what_is_not_accepted_is_named(program, changes, field, words):
    good = {"target_url": "https://hooks.example.com/", "event_types": ["api_token:created"]}
    answer = program.ask("POST", "/api/webhook", {**good, **changes})
    assert answer.status_code == 400
    (failure,) = answer.json()["details"]["failures"]
    assert failure["field"] == field
    assert words in failure["message"]
    if field == "event_types":
        assert all(name in failure["message"] for name in ALL)
    made = create(program, good["target_url"])
    before = program.ask("GET", f"/api/webhook/{made['id']}").json()
    assert program.ask("PATCH", f"/api/webhook/{made['id']}", changes).status_code == 400
    assert program.ask("GET", f"/api/webhook/{made['id']}").json() == before


def test_names_of_the_contract_that_are_never_sent_are_taken_and_named(world, program, receiver):
    never = ["record:created", "integrated_account:validation_error", "environment_integration:installed"]
    wish = {"target_url": receiver.url, "event_types": ["api_token:created", *never]}
    answer = program.ask("POST", "/api/webhook", wish).json()
    assert answer["meta"]["ignored_event_types"] == never
    assert answer["result"]["event_types"] == ["api_token:created", *never]
    path = f"/api/webhook/{answer['result']['id']}"
    assert program.ask("GET", path).json()["meta"]["ignored_event_types"] == never
    make_token(world.scope())
    assert webhooksending.send_due() == 1
    changed = program.ask("PATCH", path, {"event_types": never}).json()
    assert changed["meta"]["ignored_event_types"] == never
    plain = program.ask("PATCH", path, {"event_types": ["api_token:created"]}).json()
    assert "ignored_event_types" not in plain["meta"]
    refused = program.ask("PATCH", path, {"event_types": [*never, "environment_integration:Not One"]})
    assert refused.status_code == 400
    assert program.ask("POST", "/compat/webhook", wish).json()["event_types"] == wish["event_types"]


@pytest.mark.parametrize("body", ["{", "[]", "null", '"x"', "\x00", '{"target_url": 1}'])
def test_a_body_that_is_none_has_the_one_shape_of_an_error(program, body):
    for path in ("/api/webhook", "/api/webhook/test"):
        answer = program.ask("POST", path, body)
        assert answer.status_code == 400
        assert answer.json()["statusCode"] == 400
        assert answer.json()["details"]["reason"] == "invalid_request"


def test_there_are_so_many_and_no_more(program):
    for _ in range(20):
        create(program, "https://hooks.example.com/")
    answer = program.ask(
        "POST", "/api/webhook", {"target_url": "https://hooks.example.com/", "event_types": ALL}
    )
    assert answer.status_code == 409
    assert answer.json()["details"]["reason"] == "too_many_webhooks"


def test_anothers_endpoint_is_not_there(world, program, receiver):
    made = create(program, receiver.url)
    stranger = Program(world, world.connection(world.stranger), world.stranger)
    path = f"/api/webhook/{made['id']}"
    assert stranger.ask("GET", "/api/webhook").json()["result"] == []
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"is_active": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate-secret", {}),
        ("POST", "/api/webhook/test", {"id": made["id"]}),
    ):
        assert stranger.ask(method, where, body).status_code == 404
    assert program.ask("GET", path).json()["result"]["is_active"] is True
    assert deliveries(world.scope()) == []


def test_reading_alone_sets_nothing_up(world, account, receiver):
    scope = world.scope()
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, reader = keys.create(environment, "reader", scopes=["webhooks:read"])
    program = Program(world, account)
    program.headers["Authorization"] = f"Bearer {reader.reveal()}"
    assert program.ask("GET", "/api/webhook").status_code == 200
    answer = program.ask("POST", "/api/webhook", {"target_url": receiver.url, "event_types": ALL})
    assert answer.status_code == 403
    assert answer.json()["details"]["missing_scopes"] == ["webhooks:write"]


# --- Sent and signed --------------------------------------------------------------------------------------------------


def test_a_test_event_arrives_signed(program, receiver):
    made = create(program, receiver.url, "sync_job_run:completed")
    queued = program.ask("POST", "/api/webhook/test", {"id": made["id"]}).json()["result"]
    assert webhooksending.send_due() == 1
    (one,) = receiver.received
    assert (one.method, one.path) == ("POST", "/hooks?of=patchbay")
    assert one.headers["user-agent"] == "truto"
    assert one.headers["content-type"] == "application/json"
    assert one.headers["host"] == receiver.place
    assert set(one.event) == {
        "id",
        "event",
        "event_type",
        "payload",
        "environment_id",
        "webhook_id",
        "created_at",
    }
    assert one.event["event"] == one.event["event_type"] == "test"
    assert one.event["payload"] == {"foo": "bar"}
    assert one.event["id"] == one.headers["webhook-id"] == queued["id"]
    assert one.event["webhook_id"] == made["id"]
    assert datetime.fromisoformat(one.event["created_at"]).tzinfo is not None
    assert signed_by(made["secret"], one) == (True, 1)
    one.body += b" "
    assert signed_by(made["secret"], one) == (False, 0)


@pytest.mark.parametrize("code_id", ["verify-python", "verify-truto"])
def test_the_guides_own_program_verifies(program, receiver, code_id):
    page = program.client.get("/docs/webhooks/").content.decode()
    shown = html.unescape(re.search(rf'<code id="{code_id}">(.*?)</code>', page, re.S)[1])
    names = {}
    exec(shown, names)
    made = create(program, receiver.url)
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    webhooksending.send_due()
    (one,) = receiver.received

    def verified(body, secret=made["secret"]):
        try:
            return bool(names["verified"](secret, one.headers, body))
        except ValueError:
            return False

    assert verified(one.body)
    assert not verified(one.body + b" ")
    assert not verified(one.body, "whsec_" + base64.b64encode(b"x" * 32).decode())
    for name, words in webhookevents.EVENTS.items():
        assert name in page
        assert words in html.unescape(page)


def test_an_endpoint_that_is_not_active_is_not_tested(program, receiver):
    made = create(program, receiver.url, is_active=False)
    answer = program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    assert answer.status_code == 400
    assert "set is_active first" in answer.json()["details"]["failures"][0]["message"]


def test_both_secrets_sign_while_one_is_changed(program, receiver, clock):
    made = create(program, receiver.url)
    path = f"/api/webhook/{made['id']}"
    new = program.ask("POST", f"{path}/rotate-secret", {"overlap_hours": 3}).json()["result"]
    assert new["secret"] != made["secret"]
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    webhooksending.send_due(clock=clock)
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    clock.turn(hours=3, minutes=1)
    webhooksending.send_due(clock=clock)
    first, second = receiver.received
    assert signed_by(new["secret"], first) == (True, 1)
    assert signed_by(made["secret"], first) == (False, 1)
    assert signed_by(new["secret"], second) == (True, 1)
    assert signed_by(made["secret"], second) == (False, 0)
    at_once = program.ask("POST", f"{path}/rotate-secret", {"overlap_hours": 0}).json()["result"]
    assert at_once["previous_secret_ends_at"] is None
    assert program.ask("POST", f"{path}/rotate-secret", {"overlap_hours": 1_000}).status_code == 400
    assert program.ask("POST", f"{path}/rotate-secret").status_code == 200


def test_the_key_ring_is_turned_for_secrets_too(program, receiver, settings_of):
    from django.conf import settings

    made = create(program, receiver.url)
    old = settings.ENV.SECRETS_KEYS.get_secret_value()
    new = f"newer:{base64.b64encode(b'k' * 32).decode()}"
    settings_of(SECRETS_KEYS=SecretStr(f"{new},{old}"))
    assert rotation.rotate().resealed
    settings_of(SECRETS_KEYS=SecretStr(new))
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    webhooksending.send_due()
    assert signed_by(made["secret"], receiver.received[0]) == (True, 1)


def test_the_task_sends_what_is_due(program, receiver):
    made = create(program, receiver.url)
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    tasks.deliver()
    assert receiver.events == ["test"]


def test_the_contracts_shapes(program, receiver):
    wish = {"target_url": receiver.url, "event_types": ["api_token:created"], "is_active": True}
    made = program.ask("POST", "/compat/webhook", wish).json()
    assert {name: made[name] for name in wish} == wish
    assert made["secret"]
    listed = program.ask("GET", "/compat/webhook").json()
    assert [one["id"] for one in listed["result"]] == [made["id"]]
    assert listed["next_cursor"] is None
    changed = program.ask("PATCH", f"/compat/webhook/{made['id']}", {"is_active": False}).json()
    assert changed["is_active"] is False
    assert program.ask("DELETE", f"/compat/webhook/{made['id']}").json() == {"id": made["id"]}


def test_drain_sends_them_too(program, receiver):
    made = create(program, receiver.url)
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    said = io.StringIO()
    call_command("drain", seconds=20, patience=0, stdout=said)
    assert receiver.events == ["test"]
    assert "1 webhook deliveries arrived, 0 still waiting." in said.getvalue()


# --- Events -----------------------------------------------------------------------------------------------------------


def test_an_import_is_heard_of_from_the_link_to_its_end(world, simulator, receiver):
    scope = world.scope()
    program = Program(world, type("Nothing", (), {"pk": ""}))
    made = create(program, receiver.url)
    person = Person(world)
    job = person.run(csv_file([["ann@people.example", "Ann", "A", "", "A"]]), MAPPED, lists=["A"])
    assert job.state == "done"
    webhooksending.send_due()
    of_job = [one.event for one in receiver.received if one.event["payload"]["id"] == str(job.pk)]
    assert [one["event"] for one in of_job] == [
        "sync_job_run:created",
        "sync_job_run:started",
        "sync_job_run:completed",
        "batch_job:completed",
    ]
    last = of_job[-1]["payload"]
    assert last["counts"]["created"] == 1
    assert last["integrated_account_id"] == str(person.connection.pk)
    assert last["ended_at"]
    of_account = [one for one in receiver.received if one.event["event"].startswith("integrated_account:")]
    assert [one.event["event"] for one in of_account] == [
        "integrated_account:created",
        "integrated_account:active",
    ]
    assert [one.event["payload"]["status"] for one in of_account] == ["connecting", "active"]
    assert {one.event["payload"]["tenant_id"] for one in of_account} == {"demo"}
    read = program.ask("GET", f"/api/integrated-account/{person.connection.pk}").json()["result"]
    assert set(of_account[-1].event["payload"]) == set(read), "the same object as the API's"
    assert all(signed_by(made["secret"], one) == (True, 1) for one in receiver.received)
    ids = [one.event["id"] for one in receiver.received]
    assert len(ids) == len(set(ids))
    assert {one.state for one in deliveries(scope)} == {"delivered"}


def test_a_dead_grant_is_told_and_a_reconnect_is_updated_and_active(world, simulator, receiver):
    person = Person(world)
    create(Program(world, person.connection), receiver.url)
    with person.scope.transaction():
        row = ConnectionToken.objects.get()
    tokens._end(person.connection, row)
    webhooksending.send_due()
    assert receiver.events[-1] == "integrated_account:authentication_error"
    assert receiver.received[-1].event["payload"]["status"] == "needs_reauth"
    receiver.received.clear()
    again = Person(world)
    assert again.connection.pk == person.connection.pk
    webhooksending.send_due()
    told = [one for one in receiver.events if one.startswith("integrated_account:")]
    assert told == ["integrated_account:updated", "integrated_account:active"]


def test_an_account_that_is_resumed_works_again(world, account, program, receiver):
    create(program, receiver.url)
    for is_paused in (True, False):
        program.ask("PATCH", f"/api/integrated-account/{account.pk}", {"is_paused": is_paused})
    webhooksending.send_due()
    told = [one for one in receiver.events if one.startswith("integrated_account:")]
    updated, again = "integrated_account:updated", "integrated_account:reactivated"
    assert told == [updated, updated, again]
    assert receiver.received[-1].event["payload"]["is_paused"] is False


def test_tokens_are_told_without_their_text(world, program, receiver):
    create(program, receiver.url, "api_token:created", "api_token:deleted")
    key = make_token(world.scope(), "Billing")
    with world.scope().transaction():
        keys.revoke(key)
        keys.revoke(key)
    webhooksending.send_due()
    created, deleted = (one.event for one in receiver.received)
    assert created["event"] == "api_token:created"
    assert created["payload"]["name"] == "Billing"
    assert "digest" not in str(created)
    assert deleted["event"] == "api_token:deleted"
    assert deleted["payload"] == {"id": str(key.pk)}


def test_an_account_that_goes_is_told_by_its_id_alone(world, account, program, receiver):
    create(program, receiver.url, "integrated_account:deleted")
    with world.scope().transaction():
        webhookevents.of_account(account, "deleted")
        Connection.objects.filter(pk=account.pk).delete()
    webhooksending.send_due()
    assert receiver.received[0].event["payload"] == {"id": str(account.pk)}


@pytest.mark.parametrize(("is_dry", "ends"), [(True, "dry_run_failed"), (False, "failed")])
def test_a_dry_run_is_told_as_one(world, account, program, receiver, is_dry, ends):
    create(program, receiver.url, *[one for one in ALL if one.startswith("batch")])
    with world.scope().transaction():
        queue.enqueue(account, "bulk", "a key", stage="reading", options={"dry_run": is_dry})
    claim = queue.claim_next("worker")
    with claim.transaction():
        claim.end("failed", reason="provider_refused", explanation="No.")
    webhooksending.send_due()
    assert receiver.events == [f"batch_job:{ends}"]
    assert receiver.received[0].event["payload"]["is_dry_run"] is is_dry


@pytest.mark.parametrize("how", ["stopped", "retried", "failed"])
def test_other_ends_of_a_job(world, account, program, receiver, how):
    create(program, receiver.url, *[one for one in ALL if one.startswith(("sync_job", "batch"))])
    scope = world.scope()
    with scope.transaction():
        job = queue.enqueue(account, "import", "a key", stage="reading", options={})
        assert queue.enqueue(account, "import", "a key", stage="reading", options={}).pk == job.pk
        if how == "stopped":
            runner.stop(job)
    if how == "failed":
        claim = queue.claim_next("worker")
        with claim.transaction():
            claim.end("failed", reason="provider_refused", explanation="No.")
    if how == "retried":
        claim = queue.claim_next("worker")
        with claim.transaction():
            claim.end("attention", reason="needs_reauth", explanation="Reconnect.")
        with scope.transaction():
            runner.retry(SyncJob.objects.get(pk=job.pk))
    webhooksending.send_due()
    first = "sync_job_run:created"
    started = "sync_job_run:started"
    assert (
        receiver.events
        == {
            "stopped": [first, "sync_job_run:updated"],
            "failed": [first, started, "sync_job_run:failed", "batch_job:failed"],
            "retried": [first, started, "sync_job_run:updated", "sync_job_run:updated"],
        }[how]
    )
    last = receiver.received[-1].event["payload"]
    assert last["state"] == {"stopped": "stopped", "failed": "failed", "retried": "queued"}[how]


def test_what_is_rolled_back_is_not_told(world, program, receiver):
    create(program, receiver.url)
    with world.scope().transaction():
        keys.create(Environment.objects.get(pk=world.scope().environment_id), "none", scopes=["proxy"])
        transaction.set_rollback(True)
    assert webhooksending.send_due() == 0
    assert receiver.received == []


def test_each_workspace_and_environment_hears_of_its_own(world, program, receiver):
    with Receiver() as theirs:
        settings_allow(receiver, theirs)
        create(program, receiver.url)
        stranger = Program(world, world.connection(world.stranger), world.stranger)
        create(stranger, theirs.url)
        mine = make_token(world.scope())
        their_own = make_token(world.scope(world.stranger))
        make_token(world.scope(kind="live"))
        webhooksending.send_due()
        ids = [[one.event["payload"]["id"] for one in where.received] for where in (receiver, theirs)]
    assert ids == [[str(mine.pk)], [str(their_own.pk)]]


def settings_allow(*receivers):
    from django.conf import settings

    settings.ENV.EGRESS_ALLOW = ",".join(one.place for one in receivers)


def test_who_does_not_listen_hears_nothing(world, program, receiver):
    create(program, receiver.url, "integrated_account:created")
    quiet = create(program, receiver.url, "api_token:created", is_active=False)
    make_token(world.scope())
    assert deliveries(world.scope()) == []
    program.ask("PATCH", f"/api/webhook/{quiet['id']}", {"is_active": True})
    late = make_token(world.scope())
    webhooksending.send_due()
    assert [one.event["payload"]["id"] for one in receiver.received] == [str(late.pk)]


def test_what_waits_for_an_endpoint_is_held_while_it_is_not_active(world, program, receiver):
    made = create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    program.ask("PATCH", f"/api/webhook/{made['id']}", {"is_active": False})
    assert webhooksending.send_due() == 0
    program.ask("PATCH", f"/api/webhook/{made['id']}", {"is_active": True})
    assert webhooksending.send_due() == 1


def test_two_endpoints_hear_of_one_event_under_one_id(world, program, receiver):
    for _ in range(2):
        create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    webhooksending.send_due()
    first, second = (one.event for one in receiver.received)
    assert first["id"] == second["id"]
    assert first["webhook_id"] != second["webhook_id"]


# --- Tried again ------------------------------------------------------------------------------------------------------


def test_it_is_tried_ten_times_over_three_days_and_then_not_any_more(world, program, receiver, clock):
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    began, tries = clock.now, []
    receiver.answers = [500, 404, 301, 503, 429, 400, 500, 502, 504, 500]
    for _ in range(20):
        webhooksending.send_due(clock=clock)
        (one,) = deliveries(world.scope())
        tries.append(clock.now - began)
        if one.state == "failed":
            break
        assert one.state == "queued"
        assert webhooksending.send_due(clock=clock) == 0, "not before its time"
        clock.now = one.not_before
    assert one.attempts == len(receiver.received) == 10
    assert one.last_status == 500
    assert "500" in one.last_error
    assert tries[-1] >= timedelta(days=3)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert len({one.body for one in receiver.received}) == 1
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    clock.turn(days=10)
    assert webhooksending.send_due(clock=clock) == 0


def test_it_arrives_once_the_receiver_is_well_again(world, program, receiver, clock):
    made = create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    receiver.answers = [500, 500]
    for _ in range(3):
        webhooksending.send_due(clock=clock)
        clock.turn(hours=1)
    (one,) = deliveries(world.scope())
    assert (one.state, one.attempts, one.last_status, one.last_error) == ("delivered", 3, 200, "")
    stamps = [int(one.headers["webhook-timestamp"]) for one in receiver.received]
    assert stamps == sorted(set(stamps)), "each try is signed anew, with its own time"
    assert all(signed_by(made["secret"], one) == (True, 1) for one in receiver.received)
    assert webhooksending.send_due(clock=clock) == 0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(program, receiver, status):
    made = create(program, receiver.url)
    receiver.answers = [status]
    program.ask("POST", "/api/webhook/test", {"id": made["id"]})
    assert webhooksending.send_due() == 1


def test_events_about_one_thing_wait_for_each_other_and_others_do_not(
    world, account, program, receiver, clock
):
    create(program, receiver.url, "sync_job_run:created", "sync_job_run:updated")
    receiver.answers = [500]
    with world.scope().transaction():
        first = queue.enqueue(account, "import", "first", stage="reading", options={})
        runner.stop(first)
        second = queue.enqueue(account, "import", "second", stage="reading", options={})
    webhooksending.send_due(clock=clock)
    heard = [(one.event["event"], one.event["payload"]["id"]) for one in receiver.received]
    assert heard == [("sync_job_run:created", str(first.pk)), ("sync_job_run:created", str(second.pk))]
    clock.turn(minutes=1)
    webhooksending.send_due(clock=clock)
    heard = [(one.event["event"], one.event["payload"]["id"]) for one in receiver.received[2:]]
    assert heard == [("sync_job_run:created", str(first.pk)), ("sync_job_run:updated", str(first.pk))]


def test_a_receiver_that_hangs_is_asked_once_a_minute_and_holds_up_nobody(
    world, program, receiver, settings_of, clock
):
    with Receiver() as hanging:
        hanging.how = "never"
        settings_of(EGRESS_SECONDS=0.4)
        settings_allow(receiver, hanging)
        create(program, hanging.url, "api_token:created")
        create(program, receiver.url, "api_token:created")
        for _ in range(5):
            make_token(world.scope())
        clock.turn(seconds=1)
        assert webhooksending.send_due(clock=clock) == 5
        assert len(hanging.received) == 1
        clock.turn(minutes=2)
        hanging.how = "plainly"
        assert webhooksending.send_due(clock=clock) == 5
    assert {one.state for one in deliveries(world.scope())} == {"delivered"}


def test_who_stays_silent_rests_ever_longer(world, program, settings_of, clock):
    settings_of(EGRESS_ALLOW="127.0.0.1:1")
    made = create(program, "http://127.0.0.1:1/", "api_token:created")
    rests = []
    for _ in range(9):
        make_token(world.scope())
        webhooksending.send_due(clock=clock)
        with world.scope().transaction():
            rests.append((Webhook.objects.get().rests_until - clock.now).total_seconds())
        clock.turn(seconds=rests[-1] + 1)
    assert rests == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    with Receiver() as receiver:
        settings_of(EGRESS_ALLOW=receiver.place)
        program.ask("PATCH", f"/api/webhook/{made['id']}", {"target_url": receiver.url})
        assert webhooksending.send_due(clock=clock) >= 1
    with world.scope().transaction():
        assert Webhook.objects.get().silences == 0


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("elsewhere", "Redirects are not followed"),
        ("nonsense", "without an answer that can be read"),
        ("by drops", "No answer within"),
    ],
)
def test_who_answers_badly_is_tried_again(world, program, receiver, settings_of, how, words):
    settings_of(EGRESS_SECONDS=0.4)
    receiver.how, receiver.elsewhere = how, "http://127.0.0.1:1/private"
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    assert webhooksending.send_due() == 0
    (one,) = deliveries(world.scope())
    assert one.state == "queued"
    assert words in one.last_error
    assert "private" not in one.last_error


def test_an_answer_without_end_is_a_success_by_its_status(world, program, receiver):
    receiver.how = "hugely"
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    assert webhooksending.send_due() == 1


def test_an_address_that_is_not_allowed_any_more_gets_nothing(world, program, receiver, settings_of):
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    settings_of(EGRESS_ALLOW="")
    assert webhooksending.send_due() == 0
    (one,) = deliveries(world.scope())
    assert one.last_error == "The address must begin with https://."
    assert receiver.received == []


def test_several_senders_send_each_event_once(world, program, receiver):
    create(program, receiver.url, "api_token:created")
    for _ in range(12):
        make_token(world.scope())

    def send():
        from django.db import connection

        webhooksending.send_due()
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(receiver.received) == 12
    assert len({one.event["id"] for one in receiver.received}) == 12


def test_a_sender_that_died_is_followed_by_another(world, program, receiver, clock):
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    with world.scope().transaction():
        held = webhooksending._claim(Webhook.objects.get().pk, clock.now)
    assert webhooksending.send_due(clock=clock) == 0
    clock.turn(minutes=3)
    assert webhooksending.send_due(clock=clock) == 1
    with world.scope().transaction():
        # The first one's verdict comes too late, and changes nothing.
        webhooksending._settle(held, webhooksending.Outcome(500, "late"), clock.now)
    (one,) = deliveries(world.scope())
    assert (one.state, one.attempts) == ("delivered", 2)


def test_a_delivery_whose_every_sender_dies_ends(world, program, receiver, clock):
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    for _ in range(10):
        with world.scope().transaction():
            assert webhooksending._claim(Webhook.objects.get().pk, clock.now) is not None
        clock.turn(minutes=3)
    assert webhooksending.send_due(clock=clock) == 0
    (one,) = deliveries(world.scope())
    assert one.state == "failed"
    assert "again and again" in one.last_error
    assert receiver.received == []


def test_what_is_over_is_let_go_of_after_a_month(world, program, receiver, clock):
    create(program, receiver.url, "api_token:created")
    make_token(world.scope())
    webhooksending.send_due(clock=clock)
    webhooksending.tidy(clock.now + timedelta(days=29))
    assert len(deliveries(world.scope())) == 1
    webhooksending.tidy(clock.now + timedelta(days=31))
    assert deliveries(world.scope()) == []
