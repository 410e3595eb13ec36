"""What a 403 means, told apart by the privileges endpoint and said to whoever can mend it."""

from datetime import UTC, datetime

import pytest

from config import demo
from connections import access, gateway, health, tenancy, tokens
from connections.constantcontact import errors
from connections.models import Connection
from tests.connections.test_tokens import fresh_row, mint

ALL = list(access.NEEDED)
SCOPES = ["account_read", "contact_data", "offline_access"]
JUDGED = [
    # privileges, granted scopes: reason, a person's matter, what the text names
    (None, SCOPES, "application_off", False, "Whoever runs Patchbay"),
    (["account:read"], SCOPES, "privilege_lost", True, "contacts:write"),
    (["account:read"], ["account_read"], "privilege_lost", True, "campaign creator"),
    ([], SCOPES, "privilege_lost", True, "Ana Ng, the owner of the account,"),
    (ALL, ["account_read"], "scope_missing", True, "contact_data"),
    (ALL, ["account_read", "contact_data"], "forbidden", True, "support"),
    (ALL, [], "forbidden", True, "Reconnect"),
]


@pytest.mark.parametrize(("names", "granted", "reason", "is_persons", "said"), JUDGED)
def test_the_judgement(names, granted, reason, is_persons, said):
    found = access.judge(names, granted, SCOPES, "Ana Ng")
    assert (found.reason, found.is_persons) == (reason, is_persons)
    assert said in found.text
    assert len(found.text) <= 300


@pytest.fixture
def linked(world, simulator):
    return demo.link(world.scope())


def give(linked, grant):
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        tokens.store(linked, grant, datetime.now(UTC))


def refused(linked):
    with pytest.raises(errors.Forbidden):
        gateway.open_client(linked, "control").contacts.counts()
    return access.explain(linked)


def test_a_lowered_role(linked, simulator):
    give(linked, mint(simulator, role="creator"))
    before = len(simulator.calls())
    found = refused(linked)
    assert [entry["path"] for entry in simulator.calls()[before:]][1:] == ["/v3/account/user/privileges"]
    assert found.reason == "privilege_lost"
    row = fresh_row(linked)
    assert (row.status, row.refusal, row.account_role) == ("active", "privilege_lost", "Campaign creator")
    assert health.of(row).word == "Needs you"
    assert "campaign creator" in health.of(row).sentence
    assert health.grant_of(row).state == "healthy", "the grant is not dead"
    with tenancy.acting_for(linked.tenant_id, linked.environment_id):
        access.forget(linked)
    assert health.of(fresh_row(linked)).word == "Working"


def test_a_missing_scope(linked, simulator):
    give(linked, mint(simulator, scope="account_read offline_access"))
    found = refused(linked)
    assert found.reason == "scope_missing"
    assert "contact_data" in health.of(fresh_row(linked)).sentence


def test_an_application_that_was_switched_off(linked, simulator):
    client_id = simulator.ask("/_sim/apps")[0]["client_id"]
    simulator.ask(f"/_sim/apps/{client_id}", {"active": False}, "PUT")
    found = refused(linked)
    assert (found.reason, found.is_persons) == ("application_off", False)
    row = fresh_row(linked)
    assert (row.status, row.refusal) == ("active", "")


def test_a_dead_grant_is_no_lost_privilege(linked, simulator):
    simulator.ask("/_sim/tokens", {"action": "revoke"})
    with pytest.raises(errors.InvalidGrant):
        access.explain(linked)
    assert Connection.objects.using("operator").get(pk=linked.pk).status == "needs_reauth"
