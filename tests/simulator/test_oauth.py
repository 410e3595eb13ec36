"""The authorization server: every way in, and every refusal."""

import base64
import hashlib
import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.simulator.rig import Rig

AUTHORIZE = "/oauth2/default/v1/authorize"
TOKEN = "/oauth2/default/v1/token"
REDIRECT = "http://localhost/callback"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def asked(rig: Rig, **changes: str | None) -> dict[str, str]:
    wish = {
        "client_id": rig.app()["client_id"],
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "contact_data account_read offline_access",
        "state": "s t&te",
        **changes,
    }
    return {name: value for name, value in wish.items() if value is not None}


def decide(rig: Rig, decision: str = "allow", choice: int = 0, **changes: str | None) -> dict[str, str]:
    """Goes through the page as a browser does: its own hidden fields, its own radios."""
    page = rig.http.get(AUTHORIZE, params=asked(rig, **changes))
    assert page.status_code == 200
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    users = re.findall(r'type="radio" name="user" value="([^"]+)"', page.text)
    form = {name: unescape(value) for name, value in hidden}
    answer = rig.http.post(AUTHORIZE, data={**form, "user": users[choice], "decision": decision})
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith(REDIRECT + "?")
    return dict(parse_qsl(urlsplit(location).query))


def exchange(rig: Rig, code: str, **changes: Any) -> httpx.Response:
    app = rig.app()
    rig.wait(2)
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **changes}
    return rig.http.post(TOKEN, data=data, auth=(app["client_id"], app["client_secret"]))


def refresh(rig: Rig, token: str) -> httpx.Response:
    app = rig.app()
    rig.wait(2)
    data = {"grant_type": "refresh_token", "refresh_token": token}
    return rig.http.post(TOKEN, data=data, auth=(app["client_id"], app["client_secret"]))


def call(rig: Rig, token: str) -> int:
    return rig.http.get("/v3/contacts/counts", headers={"Authorization": f"Bearer {token}"}).status_code


def test_the_whole_way(rig: Rig) -> None:
    back = decide(rig, choice=3)
    assert back["state"] == "s t&te"
    body = exchange(rig, back["code"]).json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 86_400
    assert body["scope"] == "contact_data account_read offline_access"
    assert 900 < len(body["access_token"]) < 1_200 and len(body["refresh_token"]) <= 50
    who = rig.http.get("/v3/account/summary", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert who.json()["organization_name"] == "Harbor Books"


def test_the_token_verifies_with_the_published_keys(rig: Rig) -> None:
    token = exchange(rig, decide(rig)["code"]).json()["access_token"]
    head, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    keys = rig.http.get("/oauth2/default/v1/keys").json()["keys"]
    key = next(key for key in keys if key["kid"] == json.loads(head)["kid"])
    number = {name: int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in ("n", "e")}
    public = rsa.RSAPublicNumbers(number["e"], number["n"]).public_key()
    public.verify(signature, token.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = json.loads(payload)
    assert claims["iss"] == "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8"
    assert claims["aud"] == "https://api.cc.email/v3" and claims["cid"] == rig.app()["client_id"]
    assert claims["exp"] - claims["iat"] == 86_400
    assert {"sub", "uid", "scp", "ver", "jti", "auth_time", "platform_user_id"} <= set(claims)


def test_no_refresh_token_without_offline_access(rig: Rig) -> None:
    assert "refresh_token" not in exchange(rig, decide(rig, scope="contact_data")["code"]).json()


def test_denying(rig: Rig) -> None:
    back = decide(rig, "deny")
    assert back["error"] == "access_denied" and back["error_description"] and back["state"] == "s t&te"


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": REDIRECT + "/"}, {"redirect_uri": None}]
)
def test_no_redirect_to_strangers(rig: Rig, changes: dict[str, str | None]) -> None:
    for method in ("GET", "POST"):
        answer = rig.http.request(method, AUTHORIZE, params=asked(rig, **changes))
        assert answer.status_code == 400 and answer.headers["content-type"].startswith("text/html")
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"state": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "contact_data all_data"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_refusals_that_go_back(rig: Rig, changes: dict[str, str | None], error: str) -> None:
    answer = rig.http.get(AUTHORIZE, params=asked(rig, **changes))
    assert answer.status_code == 302 and f"error={error}" in answer.headers["location"]


def test_a_deactivated_app_gets_no_page(rig: Rig) -> None:
    rig.app(active=False)
    assert rig.http.get(AUTHORIZE, params=asked(rig)).status_code == 400


def test_a_code_lives_five_minutes(rig: Rig) -> None:
    code = decide(rig)["code"]
    rig.wait(301)
    assert exchange(rig, code).json()["error"] == "invalid_grant"


def test_a_code_works_once_and_a_second_use_ends_the_grant(rig: Rig) -> None:
    code = decide(rig)["code"]
    body = exchange(rig, code).json()
    assert call(rig, body["access_token"]) == 200
    assert exchange(rig, code).status_code == 400
    assert call(rig, body["access_token"]) == 401


@pytest.mark.parametrize(
    ("data", "auth", "status", "error"),
    [
        ({"grant_type": "password"}, True, 400, "unsupported_grant_type"),
        ({}, True, 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, True, 400, "invalid_grant"),
        ({"grant_type": "authorization_code"}, True, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, True, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, True, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, False, 401, "invalid_client"),
    ],
)
def test_token_refusals(rig: Rig, data: dict[str, str], auth: bool, status: int, error: str) -> None:
    app = rig.app()
    pair = (app["client_id"], app["client_secret"] if auth else "wrong")
    answer = rig.http.post(TOKEN, data=data, auth=pair)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_description"} and answer.json()["error"] == error


def test_a_wrong_redirect_at_the_exchange(rig: Rig) -> None:
    answer = exchange(rig, decide(rig)["code"], redirect_uri="http://localhost/other")
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


def test_a_broken_basic_header_and_an_unknown_client(rig: Rig) -> None:
    for header in ("Basic ???", "Basic " + base64.b64encode(b"nobody:x").decode(), "Basic " + "/w=="):
        assert (
            rig.http.post(TOKEN, data={"grant_type": "x"}, headers={"Authorization": header}).status_code
            == 401
        )
    assert rig.http.post(TOKEN, data={"grant_type": "x"}).status_code == 401
    assert rig.http.post(TOKEN, json={"grant_type": "x"}).status_code == 400


def test_the_secret_may_stand_in_the_body_and_all_in_the_query(rig: Rig) -> None:
    app = rig.app()
    data = {
        "grant_type": "authorization_code",
        "code": decide(rig)["code"],
        "redirect_uri": REDIRECT,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
    }
    assert rig.http.post(TOKEN, params=data).status_code == 200


def test_one_token_call_a_second(rig: Rig) -> None:
    app = rig.app()
    auth = (app["client_id"], app["client_secret"])
    answers = [rig.http.post(TOKEN, data={"grant_type": "x"}, auth=auth).status_code for _ in range(3)]
    assert answers == [400, 429, 429]
    rig.wait(1)
    assert rig.http.post(TOKEN, data={"grant_type": "x"}, auth=auth).status_code == 400
    assert "errorCode" in rig.http.post(TOKEN, data={"grant_type": "x"}, auth=auth).json()


# --- refreshing --------------------------------------------------------------------------------------------


def test_rotating(rig: Rig) -> None:
    first = exchange(rig, decide(rig)["code"]).json()
    second = refresh(rig, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert call(rig, first["access_token"]) == call(rig, second["access_token"]) == 200
    again = refresh(rig, first["refresh_token"])
    assert again.status_code == 400
    assert again.json() == {
        "error": "invalid_grant",
        "error_description": "The refresh token is invalid or expired.",
    }
    assert refresh(rig, second["refresh_token"]).status_code == 400
    assert call(rig, second["access_token"]) == 401


def test_rotating_without_the_death_of_the_grant(rig: Rig) -> None:
    rig.switch(refresh_reuse="refused_only")
    first = exchange(rig, decide(rig)["code"]).json()
    second = refresh(rig, first["refresh_token"]).json()
    assert refresh(rig, first["refresh_token"]).status_code == 400
    assert refresh(rig, second["refresh_token"]).status_code == 200


def test_a_grace_period(rig: Rig) -> None:
    rig.switch(refresh_grace_seconds=30)
    first = exchange(rig, decide(rig)["code"]).json()
    refresh(rig, first["refresh_token"])
    assert refresh(rig, first["refresh_token"]).status_code == 200


def test_old_access_tokens_may_die_at_a_refresh(rig: Rig) -> None:
    rig.switch(old_access_token_after_refresh="dead")
    first = exchange(rig, decide(rig)["code"]).json()
    second = refresh(rig, first["refresh_token"]).json()
    assert (call(rig, first["access_token"]), call(rig, second["access_token"])) == (401, 200)


def test_long_lived(rig: Rig) -> None:
    rig.app(refresh_tokens="long_lived")
    first = exchange(rig, decide(rig)["code"]).json()
    for _ in range(3):
        rig.wait(170 * 86_400)
        assert refresh(rig, first["refresh_token"]).json()["refresh_token"] == first["refresh_token"]
    rig.wait(181 * 86_400)
    assert refresh(rig, first["refresh_token"]).status_code == 400


def test_another_app_cannot_use_the_token(rig: Rig) -> None:
    first = exchange(rig, decide(rig)["code"]).json()
    other = rig.control("POST", "/apps", {"redirect_uris": [REDIRECT]})
    data = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    answer = rig.http.post(TOKEN, data=data, auth=(other["client_id"], other["client_secret"]))
    assert answer.json()["error"] == "invalid_grant"
    assert refresh(rig, first["refresh_token"]).status_code == 200


def test_revoking(rig: Rig) -> None:
    app = rig.app()
    auth = (app["client_id"], app["client_secret"])
    body = exchange(rig, decide(rig)["code"]).json()
    for token in (body["refresh_token"], "unknown"):
        rig.wait(2)
        answer = rig.http.post("/oauth2/default/v1/revoke", data={"token": token}, auth=auth)
        assert answer.status_code == 200 and answer.content == b""
    assert call(rig, body["access_token"]) == 401
    assert refresh(rig, body["refresh_token"]).status_code == 400


def test_revoking_one_token_only(rig: Rig) -> None:
    rig.switch(revoke_ends="token")
    app = rig.app()
    body = exchange(rig, decide(rig)["code"]).json()
    rig.wait(2)
    data = {"token": body["access_token"]}
    rig.http.post("/oauth2/default/v1/revoke", data=data, auth=(app["client_id"], app["client_secret"]))
    assert call(rig, body["access_token"]) == 401
    assert refresh(rig, body["refresh_token"]).status_code == 200


# --- PKCE --------------------------------------------------------------------------------------------------


def test_pkce(rig: Rig) -> None:
    app = rig.app(flow="pkce")
    answer = rig.http.get(AUTHORIZE, params=asked(rig))
    assert "error=invalid_request" in answer.headers["location"]
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    data = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "client_id": app["client_id"]}
    for verifier, status in (("w" * 50, 400), (VERIFIER, 200)):
        rig.wait(2)
        code = decide(rig, **pkce)["code"]
        answer = rig.http.post(TOKEN, data={**data, "code": code, "code_verifier": verifier})
        assert answer.status_code == status
    rig.wait(2)
    refreshed = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    assert rig.http.post(TOKEN, data={**refreshed, "client_id": app["client_id"]}).status_code == 200
    rig.wait(2)
    assert rig.http.post(TOKEN, data=data, auth=(app["client_id"], app["client_secret"])).status_code == 401


def test_pkce_on_a_code_app_when_accepted(rig: Rig) -> None:
    rig.switch(pkce_on_code_app="accepted")
    code = decide(rig, code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    assert exchange(rig, code, code_verifier=VERIFIER).status_code == 200


# --- tokens at the API -------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c", "Bearer ~~~"])
def test_bad_tokens_answer_401_as_captured(rig: Rig, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = rig.http.get("/v3/contacts/counts", headers=headers)
    assert answer.status_code == 401
    assert answer.content == b'{"error_key":"unauthorized","error_message":"Unauthorized"}'
    assert len(answer.content) == 59
    assert answer.headers["www-authenticate"] == "Bearer realm=api.cc.email"


def test_every_answer_has_the_time_of_the_provider(rig: Rig) -> None:
    """Refusals too, on both hosts, and by the simulator's own clock."""
    rig.control("POST", "/clock", {"set": "2027-01-02T03:04:05Z"})
    rig.wait(1)
    token = rig.control("POST", "/token", {})["access_token"]
    answers = [
        rig.http.get("/v3/contacts/counts"),
        rig.http.get("/v3/contacts/counts", headers={"Authorization": f"Bearer {token}"}),
        rig.http.post(TOKEN, data={"grant_type": "x"}),
        rig.http.get(AUTHORIZE),
    ]
    assert [answer.status_code for answer in answers] == [401, 200, 401, 400]
    assert {tuple(answer.headers.get_list("date")) for answer in answers} == {
        ("Sat, 02 Jan 2027 03:04:06 GMT",)
    }


def test_a_changed_or_expired_token(rig: Rig) -> None:
    body = exchange(rig, decide(rig)["code"]).json()
    head, payload, signature = body["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "exp": 2**40}).encode()).decode().rstrip("=")
    assert call(rig, f"{head}.{forged}.{signature}") == 401
    rig.wait(86_401)
    assert call(rig, body["access_token"]) == 401


def test_expiring_and_revoking_by_control(rig: Rig) -> None:
    body = exchange(rig, decide(rig)["code"]).json()
    rig.control("POST", "/tokens", {"action": "expire"})
    assert call(rig, body["access_token"]) == 401
    body = refresh(rig, body["refresh_token"]).json()
    assert call(rig, body["access_token"]) == 200
    rig.control("POST", "/tokens", {"action": "revoke", "account": "Acme Bakery"})
    assert call(rig, body["access_token"]) == 401
    assert refresh(rig, body["refresh_token"]).status_code == 400


def test_missing_authorization_may_be_a_flat_403(rig: Rig) -> None:
    rig.switch(missing_authorization="forbidden")
    answer = rig.http.get("/v3/contacts/counts")
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
