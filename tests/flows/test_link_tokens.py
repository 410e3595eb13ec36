"""Walk 1 by a link token, over HTTP against the simulator: a customer without a login of ours connects an account."""

import html
import json
import re
import shlex
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from connections.models import Connection, ConnectionToken, Environment, LinkToken
from connections.programs import keys
from tests.flows.programs import Caller, unhurried
from tests.flows.test_connect import come_back, connections_of, consent

RETURN = "https://vendor.example/done"


@pytest.fixture
def caller(world, simulator):
    unhurried(simulator)
    return Caller(world)


def browser():
    return Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])


def link(caller, **wish):
    answer = caller.ask("POST", "/api/link-token", {"tenant_id": "cust-1", **wish})
    assert answer.status_code == 200, answer.content
    return answer.json()["result"]


def pre_screen(client, text):
    taken = client.get(f"/connect-account?link_token={text}")
    assert taken.status_code == 303, taken.content
    assert text not in taken["Location"]
    return client.get(taken["Location"])


def go_on(client, row=None):
    """Press the button; answers the provider's address."""
    row = row or LinkToken.objects.using("operator").order_by("-created_at")[0]
    answer = client.post("/connect-account", {"link": str(row.pk)})
    assert answer.status_code == 303, answer.content
    return answer["Location"]


def text_of(answer):
    return " ".join(answer.content.decode().split())


def allow_return(scope, *addresses):
    with scope.transaction():
        Environment.objects.filter(pk=scope.environment_id).update(return_addresses=list(addresses))


def test_the_command_in_the_help_makes_a_link(caller):
    page = html.unescape(browser().get("/docs/programs/").content.decode())
    command = re.search(r"curl [^<]*?/api/link-token [^<]*", page)[0]
    words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    body = json.loads(words[words.index("-d") + 1])
    assert "Content-Type: application/json" in words
    answer = caller.ask("POST", url.removeprefix(settings.PUBLIC_URL), body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["result"]["connect_url"].startswith(settings.PUBLIC_URL)


def test_a_customer_connects_without_a_login(world, caller, simulator):
    made = link(caller, context={"plan": {"name": "gold"}})
    client = browser()
    page = pre_screen(client, made["link_token"])
    assert page.status_code == 200
    assert f"form-action 'self' {simulator.url}" in page["Content-Security-Policy"]
    assert "Alpha Software" in text_of(page)
    assert "cust-1" in text_of(page)
    assert pre_screen(client, made["link_token"]).status_code == 200, "looking uses nothing up"
    back = come_back(client, consent(go_on(client)))
    assert back["Location"] == "/connect-account/ended"
    assert "Connected to Acme Bakery" in text_of(client.get(back["Location"]))
    (row,) = connections_of(world.scope())
    assert (row.status, row.customer_ref, row.linked_by) == ("active", "cust-1", None)
    assert row.context == {"plan": {"name": "gold"}}
    listed = caller.ask("GET", "/api/integrated-account?tenant_id=cust-1").json()["result"]
    assert [one["id"] for one in listed] == [str(row.pk)]
    assert connections_of(world.scope(world.stranger)) == []
    assert connections_of(world.scope(kind="live")) == []
    theirs, others = (link(caller, tenant_id=one)["link_token"] for one in ("cust-1", "cust-2"))
    assert "<strong>Acme Bakery</strong> is connected already" in text_of(pre_screen(browser(), theirs))
    assert "connected already" not in text_of(pre_screen(browser(), others))


def test_the_browser_goes_back_with_the_result(world, caller):
    allow_return(world.scope(), RETURN)
    made = link(caller, redirect_uri=f"{RETURN}?deal=7&result=forged")
    client = browser()
    assert "Not now" in text_of(pre_screen(client, made["link_token"]))
    back = come_back(client, consent(go_on(client)))
    (row,) = connections_of(world.scope())
    parts = urlsplit(back["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == RETURN
    assert dict(parse_qsl(parts.query)) == {
        "deal": "7",
        "result": "success",
        "integration": "constantcontact",
        "integrated_account_id": str(row.pk),
    }


def test_who_declines_may_try_again_in_the_same_browser(world, caller):
    allow_return(world.scope(), RETURN)
    made = link(caller, redirect_uri=RETURN)
    client = browser()
    pre_screen(client, made["link_token"])
    ended = client.get(come_back(client, consent(go_on(client), "deny"))["Location"])
    assert ended.status_code == 400
    assert "You chose not to connect" in text_of(ended)
    assert "Try again" in text_of(ended)
    assert "error_type=connection_error" in text_of(ended)
    assert client.get("/connect-account").status_code == 200
    assert "result=success" in come_back(client, consent(go_on(client)))["Location"]


def test_who_comes_back_in_another_browser_is_sent_to_where_they_began(world, caller):
    client = browser()
    pre_screen(client, link(caller)["link_token"])
    back = come_back(browser(), consent(go_on(client)))
    assert back["Location"] == "/connect/ended/state_unknown/"
    said = text_of(browser().get(back["Location"]))
    assert "If another product sent you here, go back to it" in said
    assert "To your workspace" not in said
    assert "To your workspace" in text_of(world.client(world.owner).get(back["Location"]))
    assert connections_of(world.scope()) == []


def test_a_link_is_used_once_and_by_one_browser(world, caller):
    made = link(caller)
    first, second = browser(), browser()
    pre_screen(first, made["link_token"])
    pre_screen(second, made["link_token"])
    address = consent(go_on(first))
    refused = second.post("/connect-account", {"link": str(LinkToken.objects.using("operator").get().pk)})
    assert refused.status_code == 400
    assert "This link was used already" in text_of(refused)
    assert "was used already" in text_of(second.get("/connect-account"))
    assert come_back(first, address)["Location"] == "/connect-account/ended"
    for client in (first, second, browser()):
        client.get(f"/connect-account?link_token={made['link_token']}")
        again = client.get("/connect-account")
        assert again.status_code == 400
        assert "This link was used already" in text_of(again)
    assert "does not belong" not in text_of(first.get("/connect-account/ended"))
    assert "This link is not valid" in text_of(second.get("/connect-account/ended")), (
        "another browser sees nothing"
    )
    assert len(connections_of(world.scope())) == 1


def test_of_two_consents_of_one_link_one_account_comes(world, caller, simulator):
    made = link(caller)
    client = browser()
    pre_screen(client, made["link_token"])
    one = consent(go_on(client))
    nonce = client.cookies[settings.LINK_COOKIE_NAME].value
    two = consent(go_on(client), account="Harbor Books")
    assert come_back(client, two)["Location"] == "/connect-account/ended"
    client.cookies[settings.LINK_COOKIE_NAME] = nonce
    come_back(client, one)
    assert [row.account_name for row in connections_of(world.scope())] == ["Harbor Books"]
    assert any(entry["path"].endswith("/revoke") for entry in simulator.journal())


def test_a_link_that_has_ended_or_is_none(caller):
    made = link(caller)
    LinkToken.objects.using("operator").update(expires_at="2020-01-01T00:00:00Z")
    assert "has run out of time" in text_of(pre_screen(browser(), made["link_token"]))
    for text in ("pb_test_link_x", "x", "%C3%A4", made["link_token"][:-1], "pb_" + "9" * 900):
        answer = browser().get(f"/connect-account?link_token={text}")
        assert answer.status_code == 400
        assert "This link is not valid" in text_of(answer)
    assert browser().get("/connect-account").status_code == 400
    assert browser().get("/connect-account/ended").status_code == 400
    other = browser().get(f"/connect-account?link_token={made['link_token']}&integration=hubspot")
    assert "nothing of that name" in text_of(other)


def test_what_is_shown_is_what_is_started(world, caller):
    """Two links opened in one browser: the form of the first starts nothing for the second."""
    first, second = link(caller), link(caller, tenant_id="cust-2")
    client = browser()
    pre_screen(client, first["link_token"])
    shown = LinkToken.objects.using("operator").get(customer_ref="cust-1")
    pre_screen(client, second["link_token"])
    answer = client.post("/connect-account", {"link": str(shown.pk)})
    assert answer.status_code == 200
    assert "cust-2" in text_of(answer)


def test_a_reconnect_keeps_the_context_and_takes_no_other_account(world, caller):
    made = link(caller, context={"a": {"b": 1, "c": 2}, "d": 3})
    client = browser()
    pre_screen(client, made["link_token"])
    come_back(client, consent(go_on(client)))
    (row,) = connections_of(world.scope())
    wish = {"integrated_account_id": str(row.pk), "tenant_id": None, "context": {"a": {"c": None, "x": 4}}}
    again = link(caller, **wish)
    pre_screen(client, again["link_token"])
    ended = client.get(come_back(client, consent(go_on(client), account="Harbor Books"))["Location"])
    assert "That is another Constant Contact account" in text_of(ended)
    come_back(client, consent(go_on(client)))
    (after,) = connections_of(world.scope())
    assert (after.pk, after.context) == (row.pk, {"a": {"b": 1, "x": 4}, "d": 3})
    forget = link(caller, **{**wish, "persist_previous_context": False, "context": {"new": True}})
    pre_screen(client, forget["link_token"])
    come_back(client, consent(go_on(client)))
    assert connections_of(world.scope())[0].context == {"new": True}


def test_lists_that_cannot_be_read_end_in_an_error_that_can_be_mended(world, caller, simulator):
    allow_return(world.scope(), RETURN)
    made = link(caller, redirect_uri=RETURN)
    client = browser()
    pre_screen(client, made["link_token"])
    address = consent(go_on(client))
    simulator.ask("/_sim/faults", {"match": "/v3/contact_custom_fields", "status": 400, "times": None})
    ended = client.get(come_back(client, address)["Location"])
    (row,) = connections_of(world.scope())
    assert row.status == "post_install_error"
    assert (
        f"error_type=post_install_error&amp;integration=constantcontact&amp;integrated_account_id={row.pk}"
        in text_of(ended)
    )
    simulator.ask("/_sim/faults", method="DELETE")
    assert "result=success" in come_back(client, consent(go_on(client)))["Location"]
    assert [one.status for one in connections_of(world.scope())] == ["active"]


WRONG = [
    ({"tenant_id": None}, "invalid_request", "tenant_id"),
    ({"tenant_id": " "}, "invalid_request", "body.tenant_id"),
    ({"integrated_account_id": "00000000-0000-4000-8000-000000000000"}, "invalid_request", "tenant_id"),
    (
        {"tenant_id": None, "integrated_account_id": "00000000-0000-4000-8000-000000000000"},
        "not_found",
        "integrated_account_id",
    ),
    ({"scopes": ["everything"]}, "invalid_request", "scopes"),
    ({"context": {"a": "\x00"}}, "invalid_request", "context.a"),
    ({"context": {"a": "x" * 70_000}}, "invalid_request", "context"),
    ({"expires_in": 5}, "invalid_request", "body.expires_in"),
    ({"expires_in": 604_801}, "invalid_request", "body.expires_in"),
    ({"redirect_uri": "https://evil.example/done"}, "redirect_not_allowed", "redirect_uri"),
    ({"redirect_uri": "https://vendor.example/other"}, "redirect_not_allowed", "redirect_uri"),
    (
        {"redirect_uri": "https://vendor.example@evil.example/done"},
        "redirect_not_allowed",
        "redirect_uri",
    ),
    ({"redirect_uri": "javascript:alert(1)"}, "redirect_not_allowed", "redirect_uri"),
    (
        {"redirect_uri": "https://vendor.example\\@evil.example/done"},
        "redirect_not_allowed",
        "redirect_uri",
    ),
]


def test_what_cannot_be_meant_is_named(world, caller):
    allow_return(world.scope(), RETURN)
    for wish, code, field in WRONG:
        body = caller.ask("POST", "/api/link-token", {"tenant_id": "cust-1", **wish}).json()
        assert body["details"]["reason"] == code, body
        assert [one["field"] for one in body["details"]["failures"]] == [field]
    assert LinkToken.objects.using("operator").count() == 0


def test_a_link_of_one_environment_reconnects_nothing_of_another(world, caller):
    theirs = world.connection(world.stranger)
    live = world.connection(kind="live")
    for row in (theirs, live):
        answer = caller.ask("POST", "/api/link-token", {"integrated_account_id": str(row.pk)})
        assert answer.status_code == 404
    answer = caller.ask("POST", "/api/link-token", {"tenant_id": "x", "region": "eu"})
    assert answer.json()["meta"] == {"ignored_fields": ["region"]}


def test_a_link_needs_its_own_word(world, simulator):
    scope = world.scope()
    with scope.transaction():
        environment = Environment.objects.get(pk=scope.environment_id)
        _, token = keys.create(environment, "reader", scopes=["accounts:read", "accounts:write"])
    answer = Caller(world, token=token.reveal()).ask("POST", "/api/link-token", {"tenant_id": "x"})
    assert answer.status_code == 403
    assert answer.json()["details"]["missing_scopes"] == ["link:write"]


def test_no_link_without_an_application(world, simulator):
    answer = Caller(world, kind="live").ask("POST", "/api/link-token", {"tenant_id": "x"})
    assert (answer.status_code, answer.json()["details"]["reason"]) == (409, "no_application")


def test_the_token_stands_nowhere(world, caller):
    made = link(caller)
    with world.scope().transaction():
        kept = LinkToken.objects.get()
        assert made["link_token"].encode() not in bytes(kept.digest)
        assert ConnectionToken.objects.count() == Connection.objects.count() == 0
    secret = made["link_token"].rpartition("_")[2]
    client = browser()
    page = pre_screen(client, made["link_token"])
    assert secret not in page.content.decode()
    assert secret not in go_on(client)


def test_the_return_addresses_are_set_by_who_makes_tokens(world, caller):
    client, page = world.client(world.owner), f"/w/{world.tenant.pk}/test/developers/returns/"
    assert (
        client.post(page, {"addresses": f"HTTPS://Vendor.example:443/done\n\n{RETURN}\n"}).status_code == 302
    )
    with world.scope().transaction():
        assert Environment.objects.get(kind="test").return_addresses == [RETURN]
        assert Environment.objects.get(kind="live").return_addresses == []
    assert link(caller, redirect_uri=f"{RETURN}?x=1")
    for bad in (
        "http://vendor.example/",
        "vendor.example",
        f"{RETURN}?x=1",
        f"{RETURN}#x",
        "javascript:1",
        "https://",
    ):
        refused = client.post(page, {"addresses": bad})
        assert refused.status_code == 422, bad
        assert bad in refused.content.decode()
    assert client.post(page, {"addresses": "http://localhost:3000/back"}).status_code == 302
    live = f"/w/{world.tenant.pk}/live/developers/returns/"
    assert client.post(live, {"addresses": "http://localhost:3000/back"}).status_code == 422
    assert world.client(world.member).get(page).status_code == 403
