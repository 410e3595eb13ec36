"""What becomes of a link while an import runs: the work is kept, the reason is named, and it goes on from there."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from config import demo
from connections import tokens
from connections.models import Connection, ConnectionToken, QuotaPool
from syncjobs import queue, runner
from syncjobs.models import SyncJob
from tests.connections.test_tokens import mint
from tests.connections.test_vault import ring
from tests.flows.importing import MAPPED, Person, csv_file, run_until

ROWS = [[f"b{n}@people.example", "Ada", "Two", "gold", "A"] for n in range(3)]


@pytest.fixture
def person(world, simulator):
    simulator.ask("/_sim/switches", {"token_calls_per_second": 0}, "PUT")
    found = Person(world)
    QuotaPool.objects.update(token_calls_per_second=1000)
    yield found
    simulator.ask("/_sim/faults", method="DELETE")


@pytest.fixture
def job_id(person):
    """An import that has its rows compared and is about to send."""
    answer = person.columns(person.upload(csv_file(ROWS))["Location"], MAPPED)
    answer = person.start(answer["Location"], ["A"])
    found = answer["Location"].rstrip("/").rpartition("/")[2]
    run_until(person, found, "sending")
    return found


def step(person, job_id):
    """One step, now, whatever it waits for; the job's row."""
    row = SyncJob.objects.using("operator").filter(pk=job_id)
    row.update(not_before=datetime.now(UTC))
    claim = queue.claim_next("test-worker")
    runner.run_step(claim)
    return row.get()


def expire(seconds=-1):
    ConnectionToken.objects.using("operator").update(
        expires_at=datetime.now(UTC) + timedelta(seconds=seconds), retry_at=None
    )


def finish(person, job_id):
    SyncJob.objects.using("operator").filter(pk=job_id).update(not_before=datetime.now(UTC))
    return person.finish(job_id)


def page(person, name="connection", place=None):
    found = person.client.get(reverse(name, args=place or person.account)).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_without_its_key_an_import_waits_and_says_what_to_do(person, job_id, monkeypatch):
    with monkeypatch.context() as missing:
        ring(missing, "another")
        job = step(person, job_id)
    assert (job.state, job.reason, job.stage) == ("waiting", "key_missing", "sending")
    assert "SECRETS_KEYS" in job.explanation and "manage.py doctor" in job.explanation
    assert "SECRETS_KEYS" in page(person)
    assert finish(person, job_id).created == 3


def test_while_no_token_is_to_be_had_an_import_waits_however_long(person, job_id, simulator, settings_of):
    settings_of(JOB_STEP_ATTEMPTS=2, QUOTA_WAIT_SECONDS=0.2)
    simulator.ask("/_sim/faults", {"match": "/oauth2/.*/token", "status": 429, "times": None})
    for _ in range(4):
        expire()
        job = step(person, job_id)
        assert (job.state, job.reason) == ("waiting", "renewal_late")
    text = page(person)
    assert "Late" in text and "The present permission lasts until" in text
    answer = person.client.get(
        f"/api/integrated-account/{person.connection.pk}",
        headers={"Authorization": f"Bearer {person.world.token()}"},
    ).json()["result"]
    assert (answer["status"], answer["renewal"]["state"]) == ("active", "late")
    assert answer["renewal"]["until"]
    simulator.ask("/_sim/faults", method="DELETE")
    expire()
    assert finish(person, job_id).created == 3


def test_a_dead_grant_waits_for_a_person_and_goes_on_after(person, job_id, simulator):
    simulator.ask("/_sim/tokens", {"action": "revoke"})
    job = step(person, job_id)
    assert (job.state, job.reason) == ("attention", "needs_reauth")
    assert tokens.NEEDS_RECONNECT in page(person)
    demo.link(person.scope)
    job = SyncJob.objects.using("operator").get(pk=job_id)
    assert (job.state, job.stage) == ("queued", "sending")
    assert finish(person, job_id).created == 3


def test_a_lowered_role_is_named_and_reconnecting_goes_on(person, job_id, simulator):
    with person.scope.transaction():
        tokens.store(person.connection, mint(simulator, role="creator"), datetime.now(UTC))
    job = step(person, job_id)
    assert (job.state, job.reason) == ("attention", "privilege_lost")
    assert "campaign creator" in job.explanation and "contacts:write" in job.explanation
    text = page(person)
    assert "Needs you" in text and "campaign creator" in text and "Reconnect" in text
    home = page(person, "workspace-home", person.account[:2])
    assert home.count("campaign creator") == 1, "the account says it, not the import as well"
    Connection.objects.using("operator").update(status="needs_reauth")  # so that the demo links it anew
    demo.link(person.scope)
    assert "Working" in page(person)
    assert finish(person, job_id).created == 3


def test_what_was_mended_there_is_found_out_by_trying_again(person, job_id, simulator):
    with person.scope.transaction():
        good = ConnectionToken.objects.get()
        tokens.store(
            person.connection, mint(simulator, scope="account_read offline_access"), datetime.now(UTC)
        )
    assert step(person, job_id).reason == "scope_missing"
    with person.scope.transaction():
        good.save()
    person.client.post(reverse("retry-job", args=[*person.account[:2], job_id]))
    assert finish(person, job_id).created == 3
    assert "Working" in page(person)


def test_an_application_that_is_switched_off_and_on_again(person, job_id, simulator):
    client_id = simulator.ask("/_sim/apps")[0]["client_id"]
    simulator.ask(f"/_sim/apps/{client_id}", {"active": False}, "PUT")
    job = step(person, job_id)
    assert (job.state, job.reason) == ("waiting", "application_off")
    assert "Whoever runs Patchbay" in job.explanation
    simulator.ask(f"/_sim/apps/{client_id}", {"active": True}, "PUT")
    assert finish(person, job_id).created == 3


def test_an_account_that_is_deleted_while_its_import_runs(person, job_id):
    SyncJob.objects.using("operator").filter(pk=job_id).update(not_before=datetime.now(UTC))
    claim = queue.claim_next("test-worker")
    Connection.objects.using("operator").filter(pk=person.connection.pk).delete()
    runner.run_step(claim)
    assert not SyncJob.objects.using("operator").filter(pk=job_id).exists()
    assert runner.run_due("test-worker", for_seconds=1) == 0
