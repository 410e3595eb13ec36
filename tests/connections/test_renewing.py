"""The sweep: early and spread for what is in use, rare for what is idle, one at a time, and never before a caller."""

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import connections

from config import demo
from connections import gateway, health, renewing, tenancy, tokens, vault
from connections.models import Connection, ConnectionToken, ProviderApp, QuotaPool
from tests.connections.test_tokens import call, change, fault, fresh_row, mint, quick, renewals, row_of
from tests.connections.test_vault import ring
from tests.long import LONG

__all__ = ["quick"]  # a fixture
CROWD = 10_000 if LONG else 1_000


@pytest.fixture
def linked(world, simulator):
    return demo.link(world.scope())


def others(linked, simulator, many):
    """More connections of the same account and application, each with a grant of its own."""
    made = []
    for number in range(many):
        grant = mint(simulator)
        with tenancy.acting_for(linked.tenant_id, linked.environment_id):
            row = Connection.objects.create(
                tenant_id=linked.tenant_id,
                environment_id=linked.environment_id,
                provider_app_id=linked.provider_app_id,
                account_id=linked.account_id,
                account_name=f"Account {number}",
                customer_ref=f"other-{number}",
                status="active",
            )
            tokens.store(row, grant, datetime.now(UTC))
        made.append(row)
    return made


def due(connection, seconds=-1, **columns):
    change(connection, due_at=datetime.now(UTC) + timedelta(seconds=seconds), **columns)


def test_what_is_used_is_renewed_at_half_to_nine_tenths_of_its_life(linked, simulator):
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        tokens.store(linked, mint(simulator), datetime.now(UTC))
    row = row_of(linked)
    assert row.wanted_at is None
    assert timedelta(days=119) < row.due_at - row.refreshed_at < timedelta(days=150)
    call(linked)
    row = row_of(linked)
    life = row.expires_at - row.refreshed_at
    assert row.wanted_at is not None
    assert 0.5 <= (row.due_at - row.refreshed_at) / life <= 0.9
    assert renewing.run_due() == 0


def test_what_is_due_is_renewed_and_then_idle_until_it_is_used_again(linked, simulator, quick):
    call(linked)
    due(linked)
    assert renewing.run_due() == 1
    row = row_of(linked)
    assert (row.version, row.wanted_at) == (2, None)
    assert row.due_at - row.refreshed_at > timedelta(days=119)
    assert renewing.run_due() == 0
    assert len(renewals(simulator)) == 1


def test_an_idle_grant_outlives_a_year(linked, simulator, quick):
    """180 days without use would end it; the simulator's clock goes 150 days at a time."""
    for _ in range(3):
        simulator.ask("/_sim/clock", {"advance_seconds": 150 * 86_400})
        due(linked, expires_at=datetime.now(UTC) - timedelta(days=149))
        assert renewing.run_due() == 1
    assert call(linked) == 0
    assert row_of(linked).version == 4


def test_lost_answers_come_first_then_what_still_works(linked, simulator, quick):
    first, second, third = others(linked, simulator, 3)
    now = datetime.now(UTC)
    due(first, -30, expires_at=now - timedelta(hours=1))
    due(second, -20)
    due(third, -10, asks=1, asked_at=now - timedelta(seconds=5))
    found = [ids[2] for ids in tenancy.find("find_due_tokens", 10)]
    assert found == [third.pk, second.pk, first.pk]
    Connection.objects.using("operator").filter(pk=second.pk).update(status="needs_reauth")
    assert [ids[2] for ids in tenancy.find("find_due_tokens", 1)] == [third.pk]


def test_ten_thousand_that_run_out_at_once_wait_in_their_rows(linked, simulator, settings_of, capsys):
    """No herd: one turn a second, a caller with work before the sweep, and the next are found in little time."""
    made = others(linked, simulator, 12)
    template = row_of(linked)
    now = datetime.now(UTC)
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        crowd = Connection.objects.bulk_create(
            Connection(
                tenant_id=linked.tenant_id,
                environment_id=linked.environment_id,
                provider_app_id=linked.provider_app_id,
                account_id=linked.account_id,
                customer_ref=f"crowd-{number}",
                status="active",
            )
            for number in range(CROWD)
        )
        ConnectionToken.objects.bulk_create(
            ConnectionToken(
                connection=row,
                tenant_id=row.tenant_id,
                environment_id=row.environment_id,
                access_sealed=template.access_sealed,
                refresh_sealed=template.refresh_sealed,
                expires_at=now - timedelta(hours=1),
                refreshed_at=now - timedelta(hours=25),
                due_at=now - timedelta(hours=1),
            )
            for row in crowd
        )
    for row in made:
        due(row, -7200, expires_at=now - timedelta(hours=2))
    change(linked, expires_at=now - timedelta(hours=2))  # the sweep would come to it last
    began = time.monotonic()
    found = tenancy.find("find_due_tokens", 10)
    seconds = time.monotonic() - began
    swept = []

    def sweep():
        ends = time.monotonic() + 60
        while sum(swept) < 3 and time.monotonic() < ends:
            swept.append(renewing.run_due(3.0))
        connections.close_all()

    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    while not renewals(simulator):
        time.sleep(0.05)
    settings_of(QUOTA_WAIT_SECONDS=30.0)
    call(linked)
    before_us = len(renewals(simulator))
    sweeping.join(90)
    at = sorted(entry["at"] for entry in renewals(simulator))
    gaps = [later - earlier for earlier, later in pairwise(at)]
    with capsys.disabled():
        print(
            f"\n{CROWD:,} due: found 10 in {seconds * 1000:.0f} ms; {len(at)} token calls, least gap {min(gaps)} ms; "
            f"a caller's was among the first {before_us}"
        )
    assert len(found) == 10
    assert min(gaps) >= 1000
    assert {entry["status"] for entry in renewals(simulator)} == {200}
    assert row_of(linked).version == 2
    assert before_us <= 4


def test_an_application_without_a_turn_holds_up_no_other(linked, simulator, quick):
    """Found by application, so that one with a long queue does not fill the list."""
    crowd = others(linked, simulator, 4)
    app = ProviderApp.objects.using("operator").get(kind="test")
    pool = QuotaPool.objects.create(name="other", token_calls_per_second=1)
    app.pk, app.pool_id, app.client_id, app.tenant_id = uuid4(), pool.pk, "other", linked.tenant_id
    app.client_secret_sealed = ""
    app.save(using="operator", force_insert=True)
    for row in crowd:
        due(row, -100)
        Connection.objects.using("operator").filter(pk=row.pk).update(provider_app=app)
    gateway.permits.admit(pool.pk, purpose="token", wait_seconds=1)
    due(linked)
    assert [ids[2] for ids in tenancy.find("find_due_tokens", 1)].count(linked.pk) == 1
    assert any(renewing.run_due(1.0) for _ in range(20))
    assert row_of(linked).version == 2
    assert {row_of(row).version for row in crowd} == {1}


def test_a_killed_renewal_is_taken_up_within_the_grace(linked, simulator, quick):
    """What its death leaves: an intent, and a call of which nobody knows whether it arrived."""
    simulator.ask("/_sim/switches", {"refresh_grace_seconds": 30}, "PUT")
    now = datetime.now(UTC)
    due(linked, asking=uuid4(), asks=1, asked_at=now - timedelta(seconds=4), retry_at=now)
    assert renewing.run_due() == 1
    assert (row_of(linked).asks, row_of(linked).asking, row_of(linked).version) == (0, None, 2)


def test_what_fails_is_put_off_and_stops_nobody(linked, simulator, quick, monkeypatch):
    other, third = others(linked, simulator, 2)
    simulator.ask("/_sim/tokens", {"action": "revoke", "account": linked.account_id})
    fine = mint(simulator)
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        tokens.store(third, fine, datetime.now(UTC))
    change(other, access_sealed=vault.seal(fine.access_token, tokens.place(row_of(linked), "access")))
    for number, row in enumerate((linked, other, third)):
        due(row, -10 + number)
    assert renewing.run_due() == 1
    assert fresh_row(linked).status == "needs_reauth"
    put_off = fresh_row(other)
    assert put_off.token.failure == "key_missing"
    assert put_off.token.due_at > datetime.now(UTC) + timedelta(minutes=4)
    assert health.of(put_off).word == "Late"
    with monkeypatch.context() as missing:
        ring(missing, "another")
        due(third)
        assert renewing.run_due() == 0
    due(third)
    assert renewing.run_due() == 1


def test_an_outage_of_the_endpoint_is_waited_out(linked, simulator, quick):
    call(linked)
    due(linked)
    fault(simulator, None, status=503)
    assert renewing.run_due(0.1) == 0
    assert len(renewals(simulator)) == 2, "at once a second time"
    due(linked, asked_at=datetime.now(UTC) - timedelta(seconds=60))
    assert renewing.run_due(0.1) == 0
    assert len(renewals(simulator)) == 2, "after the grace, not before the end of the access token"
    row = row_of(linked)
    assert row.due_at >= row.expires_at - timedelta(seconds=61)
    simulator.ask("/_sim/faults", method="DELETE")
    due(linked, expires_at=datetime.now(UTC) + timedelta(seconds=30), retry_at=None)
    assert renewing.run_due() == 1
