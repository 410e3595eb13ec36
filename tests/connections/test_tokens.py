"""One refresh for everybody, stored before it is used; only a dead grant asks for a person."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from config import demo
from connections import gateway, tenancy, tokens
from connections.constantcontact import errors
from connections.models import Connection, ConnectionToken, ProviderApp


@pytest.fixture
def linked(world, simulator):
    return demo.link(world.scope())


def expire(connection, seconds=-1):
    ConnectionToken.objects.using("operator").update(
        expires_at=datetime.now(UTC) + timedelta(seconds=seconds)
    )


def refreshes(simulator):
    """Token calls after the first, which exchanged the code."""
    found = [
        entry
        for entry in simulator.journal()
        if entry["path"].endswith("/token") and entry["host"] == "oauth"
    ]
    return found[1:]


def test_many_threads_at_expiry_make_one_token_call(linked, simulator):
    expire(linked)
    failures = []

    def call():
        try:
            gateway.open_client(linked, "control").contacts.counts()
        except Exception as error:  # whatever it is, it is the test's result
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # Some may be refused for want of a turn at the token endpoint; none may burn the grant.
    assert all(isinstance(one, errors.QuotaRefused) for one in failures)
    assert len(refreshes(simulator)) == 1
    assert len(failures) < 8


def test_a_401_refreshes_once_and_the_call_succeeds(linked, simulator):
    simulator.ask("/_sim/tokens", {"action": "expire"})
    assert gateway.open_client(linked, "interactive").contacts.counts().total == 0
    assert len(refreshes(simulator)) == 1


def test_the_rotated_pair_is_stored(linked, simulator):
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        before = ConnectionToken.objects.get()
    for _ in range(2):
        expire(linked)
        simulator.ask("/_sim/clock", {"advance_seconds": 2})
        gateway.open_client(linked, "control").contacts.counts()
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        after = ConnectionToken.objects.get()
    assert after.version == before.version + 2
    assert after.refresh_sealed != before.refresh_sealed


def test_a_dead_grant_needs_a_person(linked, simulator):
    simulator.ask("/_sim/tokens", {"action": "revoke"})
    expire(linked)
    with pytest.raises(errors.InvalidGrant):
        gateway.open_client(linked, "control").contacts.counts()
    row = Connection.objects.using("operator").get(pk=linked.pk)
    assert row.status == "needs_reauth"
    assert "reconnect" in row.last_error


def test_while_the_endpoint_is_down_the_old_token_is_used(linked, simulator):
    expire(linked, 300)  # inside the time to refresh ahead, but alive
    simulator.ask("/_sim/faults", {"match": "/oauth2/.*/token", "status": 503, "times": None})
    assert gateway.open_client(linked, "control").contacts.counts().total == 0
    row = ConnectionToken.objects.using("operator").get(connection_id=linked.pk)
    assert row.failed_at is not None
    assert Connection.objects.using("operator").get(pk=linked.pk).status == "active"
    expire(linked)
    with pytest.raises(errors.TokenUnavailable):
        gateway.open_client(linked, "control").contacts.counts()
    simulator.ask("/_sim/faults", method="DELETE")
    simulator.ask("/_sim/clock", {"advance_seconds": 2})
    assert gateway.open_client(linked, "control").contacts.counts().total == 0


def test_no_sealed_text_opens_elsewhere(world, simulator, linked):
    from connections import vault

    row = ConnectionToken.objects.using("operator").get(connection_id=linked.pk)
    assert vault.open_sealed(row.access_sealed, tokens.place(row, "access"))
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(row.access_sealed, tokens.place(row, "refresh"))
    app = ProviderApp.objects.using("operator").get(kind="test")
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(app.client_secret_sealed, tokens.place(row, "access"))
