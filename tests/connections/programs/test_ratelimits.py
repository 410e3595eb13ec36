"""What a program is told of its limits: exact, its own, and never what others use."""

import re
import time

import pytest
from django.test import Client

from connections.calllog import CallFor
from connections.constantcontact.errors import QuotaRefused
from connections.models import AccountCalls, ApiKey, Connection, QuotaDay, QuotaPool
from connections.quota import permits


@pytest.fixture
def account(world):
    found = world.connection()
    QuotaPool.objects.using("operator").update(calls_per_second=1000, calls_per_day=120)
    return found


def ask(world, path="/api/ping", user=None, token=None):
    client = Client(HTTP_HOST="patchbay.localhost", HTTP_AUTHORIZATION=f"Bearer {token or world.token(user)}")
    return client.get(path)


def told(answer):
    return {name: int(answer[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset")}


def policy(answer):
    found = re.findall(r'(\d+);w=(\d+);name="(\w+)"', answer["ratelimit-policy"])
    return {name: (int(limit), int(window)) for limit, window, name in found}


def spend(world, account, user=None):
    scope = world.scope(user)
    call_for = CallFor(scope.tenant_id, scope.environment_id, "interactive", account and account.pk)
    permits.admit(QuotaPool.objects.get().pk, call_for, wait_seconds=2).close(delivered=True)


def test_exactly_what_remains_of_a_token_is_answered(world, account, settings_of):
    settings_of(API_TOKEN_CALLS_PER_WINDOW=5)
    token = world.token()
    first = ask(world, token=token)
    if told(first)["reset"] < 6:  # not over the end of the window
        time.sleep(told(first)["reset"] + 1)
        first = ask(world, token=token)
    left = told(first)["remaining"]
    assert (told(first)["limit"], left) == (5, 4)
    assert [ask(world, token=token).status_code for _ in range(left)] == [200] * left
    refused = ask(world, token=token)
    assert refused.status_code == 429
    assert told(refused)["remaining"] == 0
    assert 0 < int(refused["Retry-After"]) == told(refused)["reset"] <= 10
    assert refused.json()["details"]["retry_after_seconds"] == told(refused)["reset"]
    assert ask(world, token=world.token()).status_code == 200, "another token has its own"
    ApiKey.objects.using("operator").update(window_start="2026-01-01T00:00:00Z")
    assert ask(world, token=token).status_code == 200


def test_exactly_what_remains_of_the_workspaces_share_is_granted(world, account):
    QuotaDay.objects.all().delete()
    answer = ask(world, "/api/integrated-account")
    assert told(answer)["limit"] < 120, "what is kept for unsubscribes is nobody's share"
    assert policy(answer)["workspace"] == (told(answer)["limit"], 86_400)
    assert set(policy(answer)) == {"token", "workspace"}
    for _ in range(told(answer)["remaining"]):
        spend(world, account)
    with pytest.raises(QuotaRefused, match=r"share_used|quota_exceeded") as refused:
        spend(world, account)
    after = told(ask(world, "/api/integrated-account"))
    assert after["remaining"] == 0
    assert abs(after["reset"] - refused.value.retry_after_seconds) < 10


def test_exactly_what_remains_of_an_account_is_granted(world, account, settings_of):
    settings_of(ACCOUNT_CALLS_PER_DAY=7)
    spend(world, account)
    answer = ask(world, f"/api/integrated-account/{account.pk}")
    assert policy(answer)["account"] == (7, 86_400)
    assert (told(answer)["limit"], told(answer)["remaining"]) == (7, 6)
    for _ in range(6):
        spend(world, account)
    with pytest.raises(QuotaRefused, match="account_used"):
        spend(world, account)


def test_what_others_use_is_not_told(world, account):
    QuotaPool.objects.using("operator").update(calls_per_day=1000)
    spend(world, None, world.stranger)
    ask(world, user=world.stranger)
    before = told(ask(world))
    for _ in range(20):
        spend(world, None, world.stranger)
    assert told(ask(world))["remaining"] == before["remaining"]
    theirs = told(ask(world, user=world.stranger))
    assert theirs["limit"] == before["limit"]
    assert theirs["remaining"] == before["remaining"] - 21


def test_nobody_is_told_anything_without_a_good_token(world, account):
    assert "ratelimit-limit" not in ask(world, token="pb_test_wrong_wrong")
    assert Connection.objects.count() == 0


def test_only_a_good_token_counts_a_call_about_an_account(world, account):
    """The account is read and counted with the token that names it: a wrong one must cost its owner nothing."""
    token = world.token()
    address = f"/api/unified/marketing-automation/lists?integrated_account_id={account.pk}"
    AccountCalls.objects.using("operator").all().delete()
    assert ask(world, address, token=token[:-1] + ("A" if token[-1] != "A" else "B")).status_code == 401
    assert ask(world, address, user=world.stranger).status_code == 404
    assert not AccountCalls.objects.using("operator").exists()
    ask(world, address, token=token)
    ask(world, address, token=token)
    assert AccountCalls.objects.using("operator").get().window_calls in {1, 2}  # 1: over the end of a window
