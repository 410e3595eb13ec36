"""Linking: what the browser is sent to, what the token endpoint is asked, and what its answers mean."""

import base64
import dataclasses
import hashlib
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from connections.constantcontact import errors, oauth
from connections.constantcontact.client import build_http
from connections.constantcontact.redaction import Secret
from connections.constantcontact.retry import RetryPolicy
from connections.constantcontact.transport import stack
from tests.constantcontact.stage import Clock, Ledger, Wire, answer

AUTHZ = "https://authz.example.test/oauth2/default/v1"
CODE_APP = oauth.AppCredentials(
    client_id="1b5c1a0e-app",
    client_secret=Secret("s3cr3t-0123456789abcdef"),
    authorize_url=f"{AUTHZ}/authorize",
    token_url=f"{AUTHZ}/token",
    revoke_url=f"{AUTHZ}/revoke",
    pkce=False,
)
PKCE_APP = dataclasses.replace(CODE_APP, pkce=True)
REDIRECT = "https://vendor.test/connect/callback/pool-1"
SCOPES = ["contact_data", "account_read", "offline_access"]
GRANT = {
    "token_type": "Bearer",
    "expires_in": 86400,
    "access_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    "scope": "contact_data account_read offline_access",
    "refresh_token": "Kq83-rotating-refresh-token-0001",
}


class TokenHost:
    def __init__(self, *script, ledger=None):
        self.wire, self.ledger, self.clock = Wire(*script), ledger or Ledger(), Clock()
        transport = stack(
            self.wire,
            admit=self.ledger.admit,
            record=lambda record: None,
            retry=RetryPolicy(deadline_seconds=1_000),
            sleep=self.clock.sleep,
            monotonic=self.clock,
        )
        self.http = build_http("https://authz.example.test", transport)

    @property
    def sent(self):
        return self.wire.requests[-1]

    @property
    def form(self):
        return dict(parse_qsl(self.sent.content.decode(), strict_parsing=True))


def test_the_authorize_url_holds_what_the_guide_asks_for():
    url = oauth.authorize_url(CODE_APP, REDIRECT, "st4te", SCOPES, prompt_login=True)
    assert url.startswith(f"{AUTHZ}/authorize?")
    assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
        "client_id": ["1b5c1a0e-app"],
        "redirect_uri": [REDIRECT],
        "response_type": ["code"],
        "scope": ["contact_data account_read offline_access"],
        "state": ["st4te"],
        "prompt": ["login"],
    }
    assert "+" not in url
    assert "%2B" not in url


def test_pkce_is_sent_exactly_where_the_application_uses_it():
    verifier = oauth.new_verifier()
    challenge = oauth.challenge(verifier)
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    assert base64.urlsafe_b64decode(challenge + "=") == digest
    assert 43 <= len(verifier.reveal()) <= 128
    assert verifier != oauth.new_verifier()
    # The example of RFC 7636, appendix B.
    assert (
        oauth.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    url = oauth.authorize_url(PKCE_APP, REDIRECT, "s", SCOPES, code_challenge=challenge)
    assert f"code_challenge={challenge}&code_challenge_method=S256" in url
    for refused in (
        lambda: oauth.authorize_url(PKCE_APP, REDIRECT, "s", SCOPES),
        lambda: oauth.authorize_url(PKCE_APP, REDIRECT, "s", SCOPES, code_challenge=""),
        lambda: oauth.authorize_url(CODE_APP, REDIRECT, "s", SCOPES, code_challenge=challenge),
        lambda: oauth.exchange_code(TokenHost(answer(200, GRANT)).http, PKCE_APP, "c", REDIRECT),
        lambda: oauth.exchange_code(TokenHost(answer(200, GRANT)).http, CODE_APP, "c", REDIRECT, verifier),
    ):
        with pytest.raises(ValueError, match="PKCE"):
            refused()


def test_a_code_is_exchanged_in_the_body_with_basic_authentication():
    host = TokenHost(answer(200, GRANT))
    grant = oauth.exchange_code(host.http, CODE_APP, Secret("c0de"), REDIRECT)
    assert host.sent.method == "POST"
    assert str(host.sent.url) == f"{AUTHZ}/token"
    assert host.form == {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": REDIRECT}
    basic = base64.b64encode(b"1b5c1a0e-app:s3cr3t-0123456789abcdef").decode()
    assert host.sent.headers["authorization"] == f"Basic {basic}"
    assert host.sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert host.sent.headers["accept"] == "application/json"
    assert grant.access_token.reveal() == GRANT["access_token"]
    assert grant.refresh_token.reveal() == GRANT["refresh_token"]
    assert (grant.expires_in, grant.scopes) == (86400, set(SCOPES))


def test_a_pkce_application_sends_its_verifier_and_no_secret():
    host = TokenHost(answer(200, GRANT))
    oauth.exchange_code(host.http, PKCE_APP, "c0de", REDIRECT, "v3rifier")
    assert host.form["client_id"] == "1b5c1a0e-app"
    assert host.form["code_verifier"] == "v3rifier"
    oauth.refresh(host.http, PKCE_APP, Secret("r1"))
    assert host.form == {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "1b5c1a0e-app"}
    for sent in host.wire.requests:
        assert "authorization" not in sent.headers
        assert b"s3cr3t" not in sent.content


def test_a_refresh_may_come_with_or_without_a_new_refresh_token():
    host = TokenHost(answer(200, GRANT))
    assert oauth.refresh(host.http, CODE_APP, Secret("r1")).refresh_token.reveal() == GRANT["refresh_token"]
    assert host.form == {"grant_type": "refresh_token", "refresh_token": "r1"}
    without = {key: value for key, value in GRANT.items() if key not in ("refresh_token", "scope")}
    grant = oauth.refresh(TokenHost(answer(200, without)).http, CODE_APP, Secret("r1"))
    assert (grant.refresh_token, grant.scope, grant.scopes) == (None, None, frozenset())


@pytest.mark.parametrize("lifetime", [None, 0, -5, "soon", True, {}])
def test_an_odd_lifetime_does_not_throw_the_pair_away(lifetime):
    grant = oauth.refresh(
        TokenHost(answer(200, GRANT | {"expires_in": lifetime})).http, CODE_APP, Secret("r")
    )
    assert grant.expires_in == 3600
    assert grant.refresh_token.reveal() == GRANT["refresh_token"]


INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "The refresh token is invalid or expired.",
}


@pytest.mark.parametrize(
    ("script", "kind", "reason", "sent", "calls"),
    [
        (answer(400, INVALID_GRANT), errors.InvalidGrant, "invalid_grant", False, 1),
        (answer(401, INVALID_GRANT), errors.InvalidGrant, "invalid_grant", False, 1),
        (answer(401, {"error": "invalid_client"}), errors.InvalidClient, "invalid_client", False, 1),
        (answer(400, {"error": "invalid_client"}), errors.TokenUnavailable, "invalid_client", False, 1),
        (
            answer(400, {"error": "unsupported_grant_type"}),
            errors.TokenUnavailable,
            "unsupported_grant_type",
            False,
            1,
        ),
        (answer(400), errors.TokenUnavailable, "refused", False, 1),
        (answer(403, INVALID_GRANT), errors.TokenUnavailable, "invalid_grant", False, 1),
        (answer(404, {}), errors.TokenUnavailable, "refused", False, 1),
        (answer(429, {"errorCode": "E0000047"}), errors.TokenUnavailable, "throttled", False, 6),
        (answer(500, INVALID_GRANT), errors.TokenUnavailable, "no_answer", True, 1),
        (answer(503), errors.TokenUnavailable, "no_answer", True, 1),
        (answer(302, location="https://x/"), errors.TokenUnavailable, "no_answer", True, 1),
        (httpx.Response(200, html="<html>"), errors.TokenUnavailable, "wrong_shape", True, 1),
        (httpx.Response(200, content=b'{"access_tok'), errors.TokenUnavailable, "wrong_shape", True, 1),
        (answer(200, []), errors.TokenUnavailable, "wrong_shape", True, 1),
        (answer(200, GRANT | {"access_token": ""}), errors.TokenUnavailable, "wrong_shape", True, 1),
        (answer(200, GRANT | {"refresh_token": 7}), errors.TokenUnavailable, "wrong_shape", True, 1),
        (answer(200, GRANT | {"token_type": "mac"}), errors.TokenUnavailable, "wrong_shape", True, 1),
        (httpx.ReadTimeout("x"), errors.TokenUnavailable, "no_answer", True, 1),
        (httpx.ConnectError("x"), errors.TokenUnavailable, "unreachable", False, 4),
    ],
)
def test_only_invalid_grant_means_that_the_grant_is_gone(script, kind, reason, sent, calls):
    host = TokenHost(script)
    with pytest.raises(errors.TokenError) as caught:
        oauth.refresh(host.http, CODE_APP, Secret("r1"))
    assert type(caught.value) is kind
    assert caught.value.reason == reason
    assert caught.value.may_have_happened is sent
    assert len(host.wire.requests) == calls
    assert caught.value.__context__ is None


def test_a_plain_client_without_the_layers_gives_the_same_errors():
    def broken(request):
        raise httpx.ConnectError("refused", request=request)

    http = build_http("https://authz.example.test", httpx.MockTransport(broken))
    with pytest.raises(errors.TokenUnavailable) as caught:
        oauth.refresh(http, CODE_APP, Secret("r1"))
    assert caught.value.reason == "unreachable"


def test_our_own_limit_for_the_token_endpoint_says_when_to_come_back():
    host = TokenHost(answer(200, GRANT), ledger=Ledger(errors.QuotaRefused("busy", retry_after_seconds=2.5)))
    with pytest.raises(errors.TokenUnavailable) as caught:
        oauth.refresh(host.http, CODE_APP, Secret("r1"))
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("held_back", 2.5)


def test_revoking():
    host = TokenHost(httpx.Response(200))
    assert oauth.revoke(host.http, CODE_APP, Secret("r1"))
    assert str(host.sent.url) == f"{AUTHZ}/revoke"
    assert host.form == {"token": "r1", "token_type_hint": "refresh_token"}
    assert not oauth.revoke(host.http, dataclasses.replace(CODE_APP, revoke_url=None), Secret("r1"))
    assert len(host.wire.requests) == 1
    with pytest.raises(errors.TokenUnavailable):
        oauth.revoke(TokenHost(answer(404)).http, CODE_APP, Secret("r1"))
