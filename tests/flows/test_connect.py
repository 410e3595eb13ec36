"""Walk 1, over HTTP against the simulator: connect, and the twelve ways a callback can be attacked or go wrong."""

import re
import threading
from html import unescape
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import psycopg
import pytest
from django.conf import settings
from django.urls import reverse

from connections import tokens, vault
from connections.models import Connection, ConnectionToken, LinkState, ProviderApp, ProviderCall, QuotaPool
from tests import plugin


class StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


def consent(authorize_url, decision="allow", account="Acme Bakery", role="Account owner"):
    """What a person does at the provider; answers the address they are sent back to."""
    browser = build_opener(StayHere)
    with browser.open(authorize_url, timeout=10) as answer:
        page = answer.read().decode()
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    block = re.search(rf"<legend>{account}</legend>(.*?)</fieldset>", page, re.S).group(1)
    user = re.search(rf'value="([^"]+)"[^>]*>\s*<span>{role}', block).group(1)
    data = urlencode(
        {**{k: unescape(v) for k, v in fields.items()}, "user": user, "decision": decision}
    ).encode()
    with pytest.raises(HTTPError) as redirect:
        browser.open(Request(authorize_url.partition("?")[0], data=data), timeout=10)
    return redirect.value.headers["Location"]


def start(client, scope, reconnect=None):
    """Press the button; answers the provider's address."""
    url = reverse("connect", args=[scope.tenant_id, scope.environment]) + (
        f"?reconnect={reconnect}" if reconnect else ""
    )
    answer = client.post(url)
    assert answer.status_code == 303
    return answer["Location"]


def come_back(client, address, **changes):
    """Follow the provider's redirect, perhaps tampered with."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    query = {name: value for name, value in query.items() if value is not None}
    return client.get(f"{parts.path}?{urlencode(query)}")


def connections_of(scope):
    with scope.transaction():
        return list(Connection.objects.all())


def test_connect_names_the_account_and_its_owner(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    page = client.get(reverse("connect", args=[scope.tenant_id, "test"]))
    assert f"form-action 'self' {simulator.url}" in page["Content-Security-Policy"]
    answer = come_back(client, consent(start(client, scope)))
    assert answer.status_code == 303
    assert "code=" not in answer["Location"]
    assert answer["Cross-Origin-Opener-Policy"] == "unsafe-none"
    page = client.get(answer["Location"])
    text = page.content.decode()
    assert "Connected to Acme Bakery" in text
    assert "owner@acmebakery.example" in text
    (row,) = connections_of(scope)
    assert (row.status, row.account_role) == ("active", "Account owner")
    again = client.get(reverse("connect", args=[scope.tenant_id, "test"])).content.decode()
    assert (
        "connected already" in again
        and reverse("connection", args=[scope.tenant_id, "test", row.pk]) in again
    )
    assert [call["path"] for call in simulator.calls()] == [
        "/v3/account/summary",
        "/v3/account/user/privileges",
        "/v3/contact_lists",
        "/v3/contact_custom_fields",
    ]
    with scope.transaction():
        kept = ConnectionToken.objects.get(connection=row)
        assert kept.access_sealed.startswith("v1.")
        # The whole token: a few letters of it turn up in sealed text by chance.
        assert (
            vault.open_sealed(kept.access_sealed, tokens.place(kept, "access")).reveal()
            not in kept.access_sealed
        )
        calls = ProviderCall.objects.filter(connection_id=row.pk)
        assert calls.filter(purpose="api").count() == 4
        assert calls.filter(purpose="token").count() == 1


def test_denial_says_so_and_changes_nothing(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    answer = come_back(client, consent(start(client, scope), "deny"))
    page = client.get(answer["Location"])
    assert page.status_code == 400
    assert "You chose not to connect" in page.content.decode()
    assert connections_of(scope) == []
    assert simulator.calls() == []


def test_an_account_is_renewed_in_place(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    come_back(client, consent(start(client, scope)))
    (first,) = connections_of(scope)
    come_back(client, consent(start(client, scope), role="Account manager"))
    (second,) = connections_of(scope)
    assert (second.pk, second.account_role) == (first.pk, "Account manager")


def test_reconnecting_with_another_account_is_refused_and_names_both(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    come_back(client, consent(start(client, scope)))
    (row,) = connections_of(scope)
    answer = come_back(client, consent(start(client, scope, row.pk), account="Harbor Books"))
    text = client.get(answer["Location"]).content.decode()
    assert "That is another Constant Contact account" in text
    assert "Acme Bakery" in text
    assert "Harbor Books" in text
    (after,) = connections_of(scope)
    assert (after.pk, after.account_id, after.status) == (row.pk, row.account_id, "active")
    # The grant of the other account was given up; the old link still works.
    assert any(entry["path"].endswith("/revoke") for entry in simulator.journal())


def test_a_campaign_creator_cannot_connect(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    answer = come_back(client, consent(start(client, scope), role="Campaign creator"))
    assert "An owner or manager must connect this account" in client.get(answer["Location"]).content.decode()
    assert connections_of(scope) == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ({"state": None}, "does not belong here"),
        ({"state": "0" * 43}, "does not belong here"),
        ({"state": "\ud800 nobody's"}, "does not belong here"),
        ({"code": None}, "did not give permission"),
        ({"code": "made-up"}, "permission had run out"),
        ({"error": "server_error", "code": None}, "did not give permission"),
    ],
)
def test_a_tampered_callback_links_nothing(world, simulator, attack, said):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    changes = {
        name: value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None
        for name, value in attack.items()
    }
    answer = come_back(client, address, **changes)
    assert answer.status_code == 303
    page = client.get(answer["Location"])
    assert page.status_code == 400
    assert said in page.content.decode()
    assert connections_of(scope) == []


def test_a_nul_in_the_state_is_refused_before_anything(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    assert come_back(client, consent(start(client, scope)), state="\x00").status_code == 400
    assert connections_of(scope) == []


def test_another_browser_cannot_finish_a_link(world, simulator):
    """The attack of login by cross-site request: my account, your browser."""
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    victim = world.client(world.stranger)
    page = victim.get(come_back(victim, address)["Location"])
    assert "does not belong here" in page.content.decode()
    assert connections_of(scope) == []
    assert connections_of(world.scope(world.stranger)) == []
    # The attempt is not used up: who started it can still finish it.
    assert "connected=1" in come_back(client, address)["Location"]


def test_a_used_state_and_an_expired_one(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    nonce = client.cookies[settings.LINK_COOKIE_NAME].value
    come_back(client, address)
    client.cookies[settings.LINK_COOKIE_NAME] = nonce
    page = client.get(come_back(client, address)["Location"])
    assert "was used already" in page.content.decode()
    late = consent(start(client, scope))
    LinkState.objects.using("operator").filter(consumed_at=None).update(expires_at="2020-01-01T00:00:00Z")
    page = client.get(come_back(client, late)["Location"])
    assert "ran out of time" in page.content.decode()
    assert len(connections_of(scope)) == 1


def test_a_state_works_only_at_its_own_application(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    app = ProviderApp.objects.using("operator").get(kind="test")
    other = ProviderApp.objects.using("operator").create(
        kind="test",
        pool_id=app.pool_id,
        tenant_id=world.tenant.pk,
        name="other",
        client_id="other",
        authorize_url="x",
        token_url="x",
        api_url="x",
    )
    moved = address.replace(str(app.pk), str(other.pk))
    assert "does not belong here" in client.get(come_back(client, moved)["Location"]).content.decode()
    assert connections_of(scope) == []


def test_racing_callbacks_exchange_the_code_once(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    answers = []

    def race():
        racer = world.client(world.owner)
        racer.cookies[settings.LINK_COOKIE_NAME] = client.cookies[settings.LINK_COOKIE_NAME].value
        answers.append(come_back(racer, address)["Location"])
        from django.db import connections

        connections.close_all()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 6
    assert sum("connected=1" in answer for answer in answers) == 1
    exchanges = [
        entry
        for entry in simulator.journal()
        if entry["path"].endswith("/token") and entry["method"] == "POST"
    ]
    assert len([entry for entry in exchanges if entry["host"] == "oauth"]) == 1


def test_the_host_header_decides_nothing(world, simulator):
    scope = world.scope()
    client = world.client(world.owner)
    answer = client.post(reverse("connect", args=[scope.tenant_id, "test"]), HTTP_HOST="evil.example")
    assert answer.status_code == 400
    url = start(client, scope)
    assert parse_qs(urlsplit(url).query)["redirect_uri"][0].startswith(settings.PUBLIC_URL)


def test_the_provider_down_in_mid_link(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    simulator.ask("/_sim/faults", {"match": "/v3/contact_custom_fields", "status": 400, "times": None})
    page = client.get(come_back(client, address)["Location"])
    assert "is not answering" in page.content.decode()
    (row,) = connections_of(scope)
    assert row.status == "post_install_error"
    simulator.ask("/_sim/faults", method="DELETE")
    assert "connected=1" in come_back(client, consent(start(client, scope, row.pk)))["Location"]
    assert [one.status for one in connections_of(scope)] == ["active"]


def take_the_token_endpoint(seconds):
    """Somebody else's calls have its place for so long."""
    with psycopg.connect(plugin.superuser_url()) as superuser:
        superuser.execute(
            "INSERT INTO connections_quotaslot (pool_id, purpose, number, free_at) "
            "SELECT id, 'token', 1, clock_timestamp() + make_interval(secs => %s) FROM connections_quotapool "
            "ON CONFLICT (pool_id, purpose, number) DO UPDATE SET free_at = excluded.free_at",
            [seconds],
        )


def test_a_link_waits_longer_for_its_turn_than_a_page_would(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    take_the_token_endpoint(settings.ENV.INTERACTIVE_WAIT_SECONDS + 0.5)
    assert "connected=1" in come_back(client, address)["Location"]
    (row,) = connections_of(scope)
    assert row.status == "active"


def test_no_turn_in_time_is_said_as_it_is(world, simulator, settings_of):
    scope, client = world.scope(), world.client(world.owner)
    settings_of(LINK_WAIT_SECONDS=0.2)
    address = consent(start(client, scope))
    take_the_token_endpoint(5)
    page = client.get(come_back(client, address)["Location"]).content.decode()
    assert "Too much is going on at the moment" in page
    assert "Try again in a minute" in page
    assert connections_of(scope) == []


def test_a_spent_day_is_said_as_it_is(world, simulator):
    scope, client = world.scope(), world.client(world.owner)
    address = consent(start(client, scope))
    QuotaPool.objects.using("operator").update(closed_until="2099-01-01T00:00:00Z")
    page = client.get(come_back(client, address)["Location"]).content.decode()
    assert "no more calls today" in page
    assert "after 00:00 UTC" in page
    assert connections_of(scope) == []


def test_live_without_an_application_says_what_is_missing(world, simulator):
    scope, client = world.scope(kind="live"), world.client(world.owner)
    page = client.get(reverse("connections", args=[scope.tenant_id, "live"]))
    assert "No live accounts yet" in page.content.decode()
    answer = client.post(reverse("connect", args=[scope.tenant_id, "live"]))
    assert "no_application" in answer["Location"]


def test_a_viewer_may_not_connect(world, simulator):
    scope = world.scope()
    answer = world.client(world.member).get(reverse("connect", args=[scope.tenant_id, "test"]))
    assert answer.status_code == 403
    assert "ask an owner, admin or marketer" in answer.content.decode()
