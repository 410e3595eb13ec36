"""Accounts that were linked elsewhere, taken over by their refresh tokens: through the API, and by a file."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from connections import rotation, tokens, vault
from connections.links import granting
from connections.models import AuditEvent, Connection, ConnectionToken, LinkState, ProviderApp
from syncjobs.models import WebhookDelivery
from syncjobs.webhookevents import ACCOUNT_EVENTS
from tests.flows.programs import Caller, unhurried
from tests.flows.test_connect import come_back, connections_of, consent, start

ACCOUNTS = "/api/integrated-account"
ALL = sorted(ACCOUNT_EVENTS.values())


@pytest.fixture
def elsewhere(world, simulator):
    """Refresh tokens of accounts that were linked through the same application at another place."""
    unhurried(simulator)

    def link(account="Acme Bakery", role="Account owner"):
        scope, client = world.scope(world.stranger), world.client(world.stranger)
        come_back(client, consent(start(client, scope), account=account, role=role))
        with scope.transaction():
            row = Connection.objects.get(account_name=account)
            kept = ConnectionToken.objects.get(connection=row)
            text = vault.open_sealed(kept.refresh_sealed, tokens.place(kept, "refresh")).reveal()
            row.delete()
        return text

    return link


@pytest.fixture
def caller(world, simulator):
    return Caller(world)


def bring(caller, token, **more):
    return caller.ask("POST", ACCOUNTS, {"tenant_id": "cust-1", "refresh_token": token, **more})


def outcome(answer):
    return answer.status_code, answer.json()["details"]["outcome"]


def renewals(simulator):
    found = [entry for entry in simulator.journal() if entry["path"].endswith("/token")]
    return len([entry for entry in found if entry["method"] == "POST"])


def test_an_account_is_taken_over_and_named(world, caller, elsewhere, simulator):
    token = elsewhere()
    before = renewals(simulator)
    answer = bring(caller, token, context={"from": "truto"}, region="eu")
    assert answer.status_code == 200, answer.content
    found = answer.json()["result"]
    assert (found["status"], found["tenant_id"], found["account_name"]) == ("active", "cust-1", "Acme Bakery")
    assert found["context"] == {"from": "truto"}
    assert answer.json()["meta"] == {"ignored_fields": ["region"]}
    assert renewals(simulator) == before + 1
    assert token not in answer.content.decode()
    named = {"X-Integrated-Account-Id": found["id"]}
    assert caller.ask("GET", "/api/unified/marketing-automation/contacts", **named).status_code == 200
    again = bring(caller, token)
    assert again.json()["result"]["id"] == found["id"], "what was taken is not taken twice"
    assert renewals(simulator) == before + 1
    (row,) = connections_of(world.scope())
    assert (row.account_role, bool(row.privileges)) == ("Account owner", True)
    assert connections_of(world.scope(kind="live")) == []


def test_a_refresh_token_that_does_not_work_is_refused(world, caller, elsewhere):
    for token in ("made-up", "x" * 4_000, "\u00e4"):
        assert outcome(bring(caller, token)) == (422, "refresh_refused")
    assert outcome(bring(caller, elsewhere(), client_id="nobody's")) == (422, "client_unknown")
    assert connections_of(world.scope()) == []
    assert bring(caller, " ").status_code == 400
    for wish in ({"tenant_id": ""}, {"integration": "hubspot"}, {"context": {"a": "\x00"}}):
        assert bring(caller, "made-up", **wish).status_code == 400


def test_who_may_not_work_with_contacts_is_refused_and_can_be_brought_again(
    world, caller, elsewhere, simulator
):
    token = elsewhere("Acme Bakery")
    simulator.ask("/_sim/faults", {"match": "/v3/account/user/privileges", "status": 403, "times": 1})
    assert outcome(bring(caller, token)) == (422, "insufficient_role")
    assert connections_of(world.scope()) == []
    assert not any(entry["path"].endswith("/revoke") for entry in simulator.journal())
    assert bring(caller, token).status_code == 200, "the pair that took its place was kept"


def test_nothing_is_lost_where_the_provider_fails_half_way(world, caller, elsewhere, simulator):
    token = elsewhere()
    before = renewals(simulator)
    simulator.ask("/_sim/faults", {"match": "/v3/account/summary", "status": 503, "times": None})
    refused = bring(caller, token)
    assert outcome(refused) == (503, "provider_unavailable")
    assert int(refused["Retry-After"]) > 0
    assert connections_of(world.scope()) == []
    with world.scope().transaction():
        state = LinkState.objects.get(outcome="provider_unavailable")
        assert state.grant_sealed.startswith("v1.")
        assert "access" not in state.grant_sealed
    assert rotation.rotate().stuck == []
    simulator.ask("/_sim/faults", method="DELETE")
    simulator.ask("/_sim/faults", {"match": "/v3/contact_custom_fields", "status": 400, "times": None})
    assert outcome(bring(caller, token)) == (503, "provider_unavailable")
    (row,) = connections_of(world.scope())
    assert row.status == "post_install_error"
    simulator.ask("/_sim/faults", method="DELETE")
    assert bring(caller, token).json()["result"]["id"] == str(row.pk)
    assert [one.status for one in connections_of(world.scope())] == ["active"]
    assert renewals(simulator) == before + 1
    with world.scope().transaction():
        assert set(LinkState.objects.values_list("grant_sealed", flat=True)) == {""}


def test_a_token_is_anothers_in_another_workspace(world, caller, elsewhere):
    """What one workspace has brought says nothing to another."""
    token = elsewhere()
    assert bring(caller, token).status_code == 200
    theirs = Caller(world, world.stranger)
    assert outcome(bring(theirs, token)) == (422, "refresh_refused")


def change(caller, account, body):
    return caller.ask("PATCH", f"{ACCOUNTS}/{account}/credentials", body)


def test_an_account_gets_a_new_grant_and_works_again(world, caller, elsewhere):
    first, second, other = elsewhere(), elsewhere(), elsewhere("Harbor Books")
    account = bring(caller, first, context={"plan": "gold"}).json()["result"]["id"]
    with world.scope().transaction():
        row = Connection.objects.get(pk=account)
        kept = ConnectionToken.objects.get(connection=row)
    hook = {"target_url": "https://hooks.vendor.com/patchbay", "event_types": ALL}
    assert caller.ask("POST", "/api/webhook", hook).status_code == 200
    tokens._end(row, kept)
    before = caller.ask("GET", f"{ACCOUNTS}/{account}").json()["result"]
    assert (before["status"], before["renewal"]["state"]) == ("needs_reauth", "needs_reconnect")
    assert outcome(change(caller, account, {"refresh_token": other})) == (422, "wrong_account")
    assert outcome(change(caller, account, {"refresh_token": "made-up"})) == (422, "refresh_refused")
    assert caller.ask("GET", f"{ACCOUNTS}/{account}").json()["result"]["status"] == "needs_reauth"
    theirs = {"oauth": {"token": {"access_token": "x", "refresh_token": second}}}
    for _ in range(2):  # the second time it is done already
        after = change(caller, account, theirs).json()["result"]
        assert (after["id"], after["status"], after["context"]) == (account, "active", {"plan": "gold"})
        assert after["tenant_id"] == "cust-1"
        assert (after["last_error"], after["renewal"]["state"]) == (None, "healthy")
    named = {"X-Integrated-Account-Id": account}
    assert caller.ask("GET", "/api/unified/marketing-automation/contacts", **named).status_code == 200
    with world.scope().transaction():
        told = [one.event_type for one in WebhookDelivery.objects.order_by("created_at", "id")]
        audited = AuditEvent.objects.filter(action="credentials_changed").count()
    assert [one.partition(":")[2] for one in told if one.startswith("integrated")] == [
        *("authentication_error", "updated", "active", "reactivated")
    ]
    assert audited == 1
    assert len(connections_of(world.scope())) == 1


def test_credentials_are_one_refresh_token_of_an_account_that_is_here(world, caller, elsewhere):
    account = bring(caller, elsewhere()).json()["result"]["id"]
    two = {"refresh_token": "a", "oauth": {"token": {"refresh_token": "b"}}}
    for body in ({}, two, {"refresh_token": " "}, {"oauth": {"token": {"access_token": "x"}}}):
        assert change(caller, account, body).status_code == 400, body
    assert change(Caller(world, world.stranger), account, {"refresh_token": "a"}).status_code == 404


def test_without_an_application_nothing_is_taken(world, simulator):
    assert outcome(bring(Caller(world, kind="live"), "x")) == (422, "no_application")


def take_file(world, path, environment="test"):
    out = io.StringIO()
    failure = ""
    try:
        call_command(
            "import_connections",
            str(path),
            workspace=str(world.tenant.pk),
            environment=environment,
            stdout=out,
        )
    except CommandError as error:
        failure = str(error)
    return list(csv.DictReader(io.StringIO(out.getvalue()))), failure


def test_a_file_says_what_became_of_every_row(world, elsewhere, tmp_path):
    first, second = elsewhere("Acme Bakery"), elsewhere("Harbor Books")
    app = ProviderApp.objects.using("operator").get(kind="test")
    path = tmp_path / "accounts.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["tenant_id", "refresh_token", "client_id", "context"])
        rows.writerow(["cust-1", first, app.client_id, json.dumps({"plan": "gold"})])
        rows.writerow(["cust-2", "made-up", "", ""])
        rows.writerow(["", second, "", ""])
        rows.writerow(["cust-4", first, "", ""])
        rows.writerow(["cust-5", second, "", "no JSON"])
        rows.writerow(["=cust-6", second, "", ""])
    found, failure = take_file(world, path)
    assert [row["outcome"] for row in found] == [
        "connected",
        "refresh_refused",
        "invalid",
        "invalid",
        "invalid",
        "connected",
    ]
    assert failure.startswith("4 of 6 rows")
    assert "line 2" in found[3]["what to do"]
    assert found[0]["account"] == "Acme Bakery"
    kept = {row.customer_ref: row for row in connections_of(world.scope())}
    assert set(kept) == {"cust-1", "=cust-6"}
    assert kept["cust-1"].context == {"plan": "gold"}
    assert str(kept["cust-1"].pk) == found[0]["integrated_account_id"]
    assert not [one for one in (first, second) if one in str(found) + failure]
    lines = tmp_path / "accounts.ndjson"
    good = json.dumps({"tenant_id": "cust-1", "refresh_token": first, "client_id": app.client_id})
    lines.write_text(f"{good}\n\n[1]\n{json.dumps({'tenant_id': 'x', 'token': 'y'})}\n")
    again, failure = take_file(world, lines)
    assert [row["outcome"] for row in again] == ["connected", "invalid", "invalid"]
    assert again[0]["integrated_account_id"] == str(kept["cust-1"].pk)
    assert [(row["line"], row["what to do"]) for row in again[1:]] == [
        ("3", "Line 3 is no object of JSON."),
        ("4", "Line 4 has token, which is no column."),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "The first line names the columns"),
        (b"", "The first line names the columns"),
        (b"tenant_id,refresh_token\n\xff,x\n", "not UTF-8"),
        (b'tenant_id,refresh_token\n"x"y,z\n', "no CSV"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_takes_nothing(world, simulator, tmp_path, content, said):
    path = tmp_path / "accounts.csv"
    if content is not None:
        path.write_bytes(content)
    found, failure = take_file(world, path)
    assert said in failure
    assert found == []
    assert connections_of(world.scope()) == []


def test_two_at_once_renew_once(world, caller, elsewhere, simulator, monkeypatch):
    """Whoever comes while another takes the same token waits for another time."""
    token = elsewhere()
    inner: list[tuple[int, str]] = []
    keep = granting.keep

    def keep_while_another_comes(*args):
        inner.append(outcome(bring(caller, token)))
        return keep(*args)

    monkeypatch.setattr(granting, "keep", keep_while_another_comes)
    before = renewals(simulator)
    assert bring(caller, token).status_code == 200
    assert inner == [(429, "no_turn")]
    assert renewals(simulator) == before + 1
