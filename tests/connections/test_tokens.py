"""One renewal for everybody, stored before it is used; only a dead grant asks for a person."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connections, transaction

from config import demo
from connections import facts, gateway, health, lifetimes, refreshing, tenancy, tokens, vault
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ConnectionToken, ProviderApp, QuotaPool
from tests import plugin
from tests.connections.test_vault import ring

TOKEN = "/oauth2/.*/token"


@pytest.fixture
def linked(world, simulator):
    return demo.link(world.scope())


@pytest.fixture
def quick(simulator, monkeypatch):
    """No waiting for turns at the token endpoint, and short pauses."""
    simulator.ask("/_sim/switches", {"token_calls_per_second": 0}, "PUT")
    QuotaPool.objects.update(token_calls_per_second=1000)
    monkeypatch.setattr(lifetimes, "SETTLE", timedelta(seconds=0.2))


def change(connection, **columns):
    ConnectionToken.objects.using("operator").filter(connection_id=connection.pk).update(**columns)


def expire(connection, seconds=-1):
    """Let the access token end in so many seconds, and any pause be over."""
    change(connection, expires_at=datetime.now(UTC) + timedelta(seconds=seconds), retry_at=None)


def row_of(connection):
    return ConnectionToken.objects.using("operator").get(connection_id=connection.pk)


def fresh_row(connection):
    return health.with_token(Connection.objects.using("operator")).get(pk=connection.pk)


def renewals(simulator):
    """Token calls after the first, which exchanged the code."""
    found = [
        entry
        for entry in simulator.journal()
        if entry["path"].endswith("/token") and entry["host"] == "oauth"
    ]
    return found[1:]


def call(connection, call_class="control"):
    return gateway.open_client(connection, call_class).contacts.counts().total


def fault(simulator, times=1, **wish):
    simulator.ask("/_sim/faults", {"match": TOKEN, "times": times, **wish})


# --- One for all ---------------------------------------------------------------------------------------------


def test_many_threads_at_expiry_make_one_token_call(linked, simulator):
    expire(linked)
    failures = []

    def ask():
        try:
            call(linked)
        except Exception as error:  # whatever it is, it is the test's result
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(renewals(simulator)) == 1


def test_while_one_renews_the_others_use_the_old_token(linked, simulator, quick):
    expire(linked, 300)
    fault(simulator, delay_seconds=2)
    renewing = threading.Thread(target=lambda: (call(linked), connections.close_all()))
    renewing.start()
    while not renewals(simulator):
        time.sleep(0.02)
    began = time.monotonic()
    assert call(linked) == 0
    assert time.monotonic() - began < 1.5
    assert row_of(linked).version == 1
    renewing.join(20)
    assert (row_of(linked).version, len(renewals(simulator))) == (2, 1)


def test_a_401_refreshes_once_and_the_call_succeeds(linked, simulator):
    simulator.ask("/_sim/tokens", {"action": "expire"})
    assert call(linked, "interactive") == 0
    assert len(renewals(simulator)) == 1


def test_the_rotated_pair_is_stored(linked, simulator, quick):
    before = row_of(linked)
    for _ in range(2):
        expire(linked)
        call(linked)
    after = row_of(linked)
    assert after.version == before.version + 2
    assert after.refresh_sealed != before.refresh_sealed


def test_nothing_is_asked_for_a_row_that_has_moved(linked, simulator, quick):
    """The loser's look is old: it sends nothing, and uses the winner's token."""
    expire(linked)
    seen = row_of(linked)
    call(linked)
    renewal = gateway._renewal(gateway._app_of(linked), demo_call_for(linked))
    assert refreshing.ask(linked, seen, renewal, is_refused=False).failure is None
    assert len(renewals(simulator)) == 1


def demo_call_for(connection):
    from connections.calllog import CallFor

    return CallFor(connection.tenant_id, connection.environment_id, "control", connection.pk)


def test_no_grant_is_renewed_inside_a_transaction(linked, simulator):
    expire(linked)
    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction.atomic():
        call(linked)
    assert renewals(simulator) == []


# --- A dead grant --------------------------------------------------------------------------------------------


def test_a_dead_grant_needs_a_person_and_is_not_asked_for_again(linked, simulator, quick):
    simulator.ask("/_sim/tokens", {"action": "revoke"})
    expire(linked)
    for _ in range(3):
        with pytest.raises(errors.InvalidGrant):
            call(linked)
    row = fresh_row(linked)
    assert (row.status, health.grant_of(row).state) == ("needs_reauth", "needs_reconnect")
    assert row.last_error == tokens.NEEDS_RECONNECT
    assert len(renewals(simulator)) == 1
    assert row.token.due_at is None


def test_its_access_token_is_used_to_its_end(linked, simulator, quick):
    """`refused_only`: a used-up refresh token ends nothing but itself."""
    simulator.ask("/_sim/switches", {"refresh_reuse": "refused_only"}, "PUT")
    change(linked, refresh_sealed=vault.seal(Secret("unknown"), tokens.place(row_of(linked), "refresh")))
    expire(linked, 300)
    for _ in range(2):
        assert call(linked) == 0
    assert fresh_row(linked).status == "needs_reauth"
    assert len(renewals(simulator)) == 1
    expire(linked)
    with pytest.raises(errors.InvalidGrant):
        call(linked)
    assert len(renewals(simulator)) == 1


def test_who_reconnects_while_the_old_grant_is_refused_stays_connected(linked, simulator, quick):
    """The refusal is of a grant that is not the row's any more."""
    simulator.ask("/_sim/tokens", {"action": "revoke"})
    expire(linked)
    fault(simulator, delay_seconds=1.5)
    failures = []

    def ask():
        try:
            call(linked)
        except Exception as error:
            failures.append(error)
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    while not renewals(simulator):
        time.sleep(0.02)
    grant = mint(simulator)
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        Connection.objects.select_for_update().get(pk=linked.pk)
        tokens.store(linked, grant, datetime.now(UTC))
    asking.join(20)
    assert failures == []
    assert fresh_row(linked).status == "active"
    assert call(linked) == 0


def mint(simulator, **of):
    body = simulator.ask("/_sim/token", {"scope": "account_read contact_data offline_access", **of})
    return TokenGrant(
        Secret(body["access_token"]), Secret(body["refresh_token"]), body["expires_in"], body["scope"]
    )


# --- Anything else -------------------------------------------------------------------------------------------


def test_while_the_endpoint_is_down_the_old_token_is_used(linked, simulator, quick):
    expire(linked, 300)  # inside the time to refresh ahead, but alive
    fault(simulator, None, status=429)
    for _ in range(3):
        assert call(linked) == 0
    row = fresh_row(linked)
    assert (row.status, health.grant_of(row).state) == ("active", "late")
    assert health.of(row).word == "Late"
    assert len(renewals(simulator)) == 1, "a pause lies between the tries"
    assert row.token.failed_at is not None
    expire(linked)
    with pytest.raises(errors.TokenUnavailable) as late:
        call(linked, "interactive")
    assert late.value.retry_after_seconds is not None
    simulator.ask("/_sim/faults", method="DELETE")
    expire(linked)
    assert call(linked) == 0
    assert (row_of(linked).failures, row_of(linked).failure) == (0, "")
    assert health.grant_of(fresh_row(linked)).state == "healthy"


def test_pauses_between_tries_grow(linked, simulator, quick):
    fault(simulator, None, status=429)
    pauses = []
    for _ in range(4):
        expire(linked, 500)
        began = datetime.now(UTC)
        call(linked)
        pauses.append(round((row_of(linked).retry_at - began).total_seconds() / 30))
    assert pauses == [1, 2, 4, 8]


def test_a_wrong_client_secret_is_the_operators_matter(linked, simulator, quick):
    client_id = simulator.ask("/_sim/apps")[0]["client_id"]
    secret = simulator.ask("/_sim/apps")[0]["client_secret"]
    simulator.ask(f"/_sim/apps/{client_id}", {"client_secret": "made anew"}, "PUT")
    expire(linked)
    for _ in range(2):
        with pytest.raises(errors.InvalidClient):
            call(linked, "interactive")
    row = fresh_row(linked)
    assert row.status == "active"
    assert "Whoever runs Patchbay" in health.of(row).sentence
    simulator.ask(f"/_sim/apps/{client_id}", {"client_secret": secret}, "PUT")
    expire(linked)
    assert call(linked) == 0


def test_held_back_by_our_own_pace_the_old_token_is_used(linked, simulator, settings_of):
    settings_of(QUOTA_WAIT_SECONDS=0.1)
    gateway.permits.admit(gateway._app_of(linked).pool_id, purpose="token", wait_seconds=1)
    expire(linked, 300)
    assert call(linked) == 0
    expire(linked)
    with pytest.raises(errors.QuotaRefused):
        call(linked)
    assert (renewals(simulator), row_of(linked).failures) == ([], 0)


# --- Answers that are lost -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reuse", ["kills_grant", "refused_only"])
@pytest.mark.parametrize("old", ["valid", "dead"])
@pytest.mark.parametrize("alive_seconds", [300, -1])
def test_a_lost_answer_is_asked_for_once_more_within_the_grace(
    linked, simulator, quick, reuse, old, alive_seconds
):
    switches = {"refresh_grace_seconds": 30, "refresh_reuse": reuse, "old_access_token_after_refresh": old}
    simulator.ask("/_sim/switches", switches, "PUT")
    for lost in ({"drop_response": True}, {"cut_body": 40}, {"garbage": True}):
        expire(linked, alive_seconds)
        before = len(renewals(simulator))
        fault(simulator, **lost)
        assert call(linked) == 0
        assert len(renewals(simulator)) == before + 2
    row = row_of(linked)
    assert (row.asks, row.asking, row.failures) == (0, None, 0)


def test_where_there_is_no_grace_the_old_token_is_used_to_its_end(linked, simulator, quick):
    """Nobody can save this grant, and nobody may end it sooner than it must."""
    facts.keep("refresh_grace_seconds", "0", "by hand", datetime.now(UTC))
    expire(linked, 300)
    fault(simulator, drop_response=True)
    for _ in range(3):
        assert call(linked) == 0
        change(linked, retry_at=None)
    assert len(renewals(simulator)) == 1
    row = fresh_row(linked)
    assert health.grant_of(row).reason == "lost_answer"
    assert f"{row.token.expires_at:%Y-%m-%d %H:%M} UTC" in health.of(row).sentence
    expire(linked)
    with pytest.raises(errors.InvalidGrant):
        call(linked)
    assert fresh_row(linked).last_error == tokens.ANSWER_LOST


def test_a_call_that_never_arrived_costs_nothing(linked, simulator, quick):
    """The same doubt, the other truth: what was not renewed is renewed at the end."""
    facts.keep("refresh_grace_seconds", "0", "by hand", datetime.now(UTC))
    expire(linked, 300)
    fault(simulator, status=500)
    assert call(linked) == 0
    assert row_of(linked).asks == 1
    expire(linked, 50)
    assert call(linked) == 0
    assert (row_of(linked).version, row_of(linked).asks) == (2, 0)


def test_a_try_that_never_left_does_not_end_the_tries(linked, simulator, quick):
    """One rotation was lost, and one call died on its way: within the grace a third is right."""
    simulator.ask("/_sim/switches", {"refresh_grace_seconds": 30}, "PUT")
    expire(linked, 300)
    fault(simulator, drop_response=True)
    fault(simulator, status=500)
    assert call(linked) == 0
    assert row_of(linked).asks == 2
    time.sleep(0.5)
    assert call(linked) == 0
    assert (row_of(linked).version, row_of(linked).asks) == (2, 0)


def test_two_lost_rotations_are_a_lost_grant(linked, simulator, quick):
    """Nobody has its tokens; the provider says so, and people are told why."""
    simulator.ask("/_sim/switches", {"refresh_grace_seconds": 30}, "PUT")
    expire(linked)
    fault(simulator, 2, drop_response=True)
    with pytest.raises(errors.TokenError):
        call(linked)
    expire(linked)
    with pytest.raises(errors.InvalidGrant):
        call(linked)
    assert fresh_row(linked).last_error == tokens.ANSWER_LOST


def test_a_refresh_token_that_lives_long_is_simply_tried_again(linked, simulator, quick):
    client_id = simulator.ask("/_sim/apps")[0]["client_id"]
    simulator.ask(f"/_sim/apps/{client_id}", {"refresh_tokens": "long_lived"}, "PUT")
    ProviderApp.objects.using("operator").update(refresh_tokens="long_lived")
    for _ in range(3):
        expire(linked, 300)
        fault(simulator, drop_response=True)
        assert call(linked) == 0
    assert (row_of(linked).asks, row_of(linked).failures) == (0, 3)
    expire(linked, 300)
    assert call(linked) == 0
    assert row_of(linked).version == 2


def test_a_database_that_goes_away_with_the_pair_in_hand_gets_it_when_it_is_back(linked, simulator, quick):
    expire(linked)
    fault(simulator, delay_seconds=1)
    done = []
    asking = threading.Thread(target=lambda: (done.append(call(linked)), connections.close_all()))
    asking.start()
    while not renewals(simulator):
        time.sleep(0.02)
    with psycopg.connect(plugin.superuser_url(), autocommit=True) as superuser:
        ended = superuser.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction' "
            "AND query LIKE '%connectiontoken%'"
        ).fetchone()[0]
    asking.join(30)
    assert ended >= 1
    assert done == [0]
    assert row_of(linked).version == 2
    assert len(renewals(simulator)) == 1
    expire(linked)
    assert call(linked) == 0, "what was stored is the grant"


# --- What is gone --------------------------------------------------------------------------------------------


def test_without_the_key_nothing_is_asked_and_nothing_is_lost(linked, simulator, quick, monkeypatch):
    expire(linked)
    with monkeypatch.context() as other:
        ring(other, "another")
        with pytest.raises(vault.CannotOpen, match="not in SECRETS_KEYS: put it back"):
            call(linked)
        assert renewals(simulator) == []
    assert call(linked) == 0


def test_without_the_applications_key_the_grant_is_in_no_doubt(linked, simulator, quick):
    app = ProviderApp.objects.using("operator").get(kind="test")
    ProviderApp.objects.using("operator").update(
        client_secret_sealed=app.client_secret_sealed.replace("v1.", "v1.gone-", 1)
    )
    linked._state.fields_cache.clear()  # the application is read anew
    expire(linked)
    with pytest.raises(vault.CannotOpen):
        call(linked)
    assert (row_of(linked).asks, row_of(linked).failure) == (0, "key_missing")
    assert "SECRETS_KEYS" in health.of(fresh_row(linked)).sentence
    ProviderApp.objects.using("operator").update(client_secret_sealed=app.client_secret_sealed)
    linked._state.fields_cache.clear()
    expire(linked)
    assert call(linked) == 0


def test_a_connection_that_is_deleted_while_it_is_renewed(linked, simulator, quick):
    expire(linked)
    fault(simulator, delay_seconds=1)
    failures = []

    def ask():
        try:
            call(linked)
        except Exception as error:
            failures.append(error)
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    while not renewals(simulator):
        time.sleep(0.02)
    Connection.objects.using("operator").filter(pk=linked.pk).delete()
    asking.join(20)
    assert not asking.is_alive()
    assert all(isinstance(one, errors.InvalidGrant) for one in failures)
    with pytest.raises(errors.InvalidGrant):
        call(linked)


def test_no_sealed_text_opens_elsewhere(world, simulator, linked):
    row = row_of(linked)
    assert vault.open_sealed(row.access_sealed, tokens.place(row, "access"))
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(row.access_sealed, tokens.place(row, "refresh"))
    app = ProviderApp.objects.using("operator").get(kind="test")
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(app.client_secret_sealed, tokens.place(row, "access"))
