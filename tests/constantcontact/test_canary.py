"""Nine kinds of secret, every way a call can end: none is seen in a log, an error, a record or a repr."""

import logging
import traceback

import httpx
import pytest

from connections.constantcontact import errors, meanings, oauth
from connections.constantcontact.redaction import Secret
from tests.constantcontact.stage import THROTTLED, UNAUTHORIZED, Chunks, Stage, answer

ACCESS, FRESHER = "cAnArY-access-token-77aa01", "cAnArY-access-token-77aa02"
REFRESH, CODE, VERIFIER = "cAnArY-refresh-77aa03", "cAnArY-authcode-77aa04", "cAnArY-verifier-77aa05"
CLIENT_SECRET, CURSOR = "cAnArY-clientsecret-77aa06", "cAnArYcursor77aa07"
EMAIL = "canary-person@example.org"
APP = oauth.AppCredentials(
    "app-1",
    Secret(CLIENT_SECRET),
    "https://a.test/authorize",
    "https://a.test/token",
    "https://a.test/revoke",
    False,
)
PKCE_APP = oauth.AppCredentials(
    "app-2", Secret(CLIENT_SECRET), "https://a.test/authorize", "https://a.test/token", None, True
)

# What a careless provider might echo.
ECHO = (
    f"bad token {ACCESS}, Bearer {FRESHER}, {REFRESH} {CODE} {VERIFIER} {CLIENT_SECRET} "
    f"for {EMAIL} at {CURSOR}"
)
SCRIPTS = {
    "400": answer(400, [{"error_key": "x.y", "error_message": ECHO}]),
    "key": answer(400, [{"error_key": ACCESS, "error_message": "x"}]),
    "401": answer(401, UNAUTHORIZED | {"error_message": ECHO}),
    "429": answer(429, THROTTLED | {"error_message": ECHO}),
    "500": answer(500, {"error_message": ECHO}),
    "okta": answer(400, {"error": "invalid_grant", "error_description": ECHO}),
    "okta code": answer(400, {"error": REFRESH, "error_description": ECHO}),
    "timeout": httpx.ReadTimeout(ECHO),
    "refused": httpx.ConnectError(ECHO),
    "garbled": httpx.Response(200, content=ECHO.encode()),
    "wrong": answer(200, {"message": ECHO, "access_token": 7, "refresh_token": REFRESH}),
    "cut": lambda request: httpx.Response(200, stream=Chunks([ECHO.encode()], httpx.ReadError(ECHO))),
}
CALLS = {
    "page": lambda stage: stage.client.contacts.page(email=EMAIL, status="all"),
    "next": lambda stage: stage.client.contacts.page(href=f"/v3/contacts?cursor={CURSOR}"),
    "create": lambda stage: stage.client.lists.create(EMAIL),
    "import": lambda stage: stage.client.activities.import_csv("pb-1.csv", EMAIL.encode(), ["l1"]),
    "download": lambda stage: downloaded(stage.client.activities),
    "exchange": lambda stage: oauth.exchange_code(stage.http, APP, Secret(CODE), "https://v.test/cb"),
    "pkce": lambda stage: oauth.exchange_code(
        stage.http, PKCE_APP, CODE, "https://v.test/cb", Secret(VERIFIER)
    ),
    "refresh": lambda stage: oauth.refresh(stage.http, APP, Secret(REFRESH)),
    "revoke": lambda stage: oauth.revoke(stage.http, APP, Secret(REFRESH)),
    "raw": lambda stage: raise_for(
        stage.client.raw("GET", f"/v3/contacts/{ACCESS}", params={"email": EMAIL})
    ),
}


def downloaded(activities):
    with activities.download("/v3/contact_exports/e1") as chunks:
        return sum(map(len, chunks))


def raise_for(response):
    if response.is_error:
        raise meanings.from_response(response)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("call", CALLS)
def test_no_secret_is_seen_however_a_call_ends(call, script, caplog):
    caplog.set_level(logging.DEBUG)
    stage = Stage(SCRIPTS[script])
    stage.tokens = [ACCESS, FRESHER]
    seen = []
    try:
        seen.append(repr(CALLS[call](stage)))
    except errors.ProviderError as error:
        seen += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
        chained = error
        while chained := chained.__cause__ or chained.__context__:
            seen.append(repr(chained))
    seen += [repr(record) for record in stage.records]
    seen += [record.getMessage() for record in caplog.records]
    seen += [repr(APP), str(stage.http.auth), repr(stage.client)]
    text = "\n".join(seen)
    for secret in (ACCESS, FRESHER, REFRESH, CODE, VERIFIER, CLIENT_SECRET, CURSOR, EMAIL):
        assert secret not in text
    assert "canary" not in text.lower().replace("test_canary", "")


def test_the_httpx_line_with_the_whole_address_is_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    Stage(answer(200, {"contacts": []})).client.contacts.page(email=EMAIL)
    assert "canary" not in caplog.text
