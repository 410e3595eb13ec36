"""The proxy's door: nothing but the provider's own path, no header that is not the caller's to send."""

import gc
import weakref

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.constantcontact import errors, paths
from connections.constantcontact.client import build_http
from tests.constantcontact.stage import UNAUTHORIZED, Chunks, Stage, answer
from tests.constantcontact.test_pages import ATTACKS


def test_an_answer_comes_through_as_it_is():
    stage = Stage(
        httpx.Response(418, content=b"\x00odd \xff", headers={"x-odd": "yes", "content-type": "x/y"})
    )
    response = stage.client.raw(
        "PUT",
        "/v3/contacts/c1",
        params=[("include", "notes"), ("include", "taggings"), ("email", "a+b@example.org")],
        headers={"Content-Type": "application/json", "X-Mine": "1"},
        content=b'{"odd" : 1}',
    )
    assert (response.status_code, response.content) == (418, b"\x00odd \xff")
    assert response.headers["x-odd"] == "yes"
    (sent,) = stage.wire.requests
    assert (sent.method, sent.content) == ("PUT", b'{"odd" : 1}')
    assert sent.url.raw_path == b"/v3/contacts/c1?include=notes&include=taggings&email=a%2Bb%40example.org"
    assert sent.headers["x-mine"] == "1"
    assert sent.headers["authorization"] == "Bearer token-1"


@pytest.mark.parametrize("path", [*ATTACKS, "/v3/contacts?limit=5", "/v3/contacts/"])
def test_a_path_off_the_provider_is_not_sent(path):
    stage = Stage(answer(200, {}))
    with pytest.raises(paths.UnsafePath):
        stage.client.raw("GET", path)
    assert stage.wire.requests == []


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"/v3/[\x20-\x7e]{0,30}", fullmatch=True))
def test_whatever_the_path_only_the_host_below_v3_is_reached(path):
    stage = Stage(answer(200, {}))
    try:
        stage.client.raw("GET", path)
    except paths.UnsafePath:
        assert stage.wire.requests == []
        return
    (sent,) = stage.wire.requests
    assert sent.url.host == "api.example.test"
    assert sent.url.raw_path.decode() == path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "HEAD", "get", "GET /x", ""])
def test_other_methods_are_not_sent(method):
    with pytest.raises(paths.UnsafePath):
        Stage(answer(200)).client.raw(method, "/v3/contacts")


DROPPED = {
    "Host": "evil.test",
    "Authorization": "Bearer theirs",
    "Cookie": "a=b",
    "Proxy-Authorization": "x",
    "X-Api-Key": "k",
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Anything": "x",
    "Forwarded": "for=x",
    "X-HTTP-Method-Override": "DELETE",
    "Connection": "keep-alive, X-Hop",
    "X-Hop": "1",
    "TE": "trailers",
    "Transfer-Encoding": "chunked",
    "Content-Length": "999",
    "Upgrade": "h2c",
    "Expect": "100-continue",
    "Accept-Encoding": "br",
    "Sec-Fetch-Site": "none",
}


def test_headers_that_are_not_the_callers_are_dropped():
    stage = Stage(answer(200, {}))
    stage.client.raw("POST", "/v3/contacts", headers=DROPPED | {"Accept-Language": "de"}, content=b"{}")
    (sent,) = stage.wire.requests
    assert sent.headers["host"] == "api.example.test"
    assert sent.headers["authorization"] == "Bearer token-1"
    assert sent.headers["content-length"] == "2"
    assert sent.headers["accept-encoding"] == "gzip"
    assert sent.headers["accept-language"] == "de"
    ours = {"host", "authorization", "content-length", "accept-encoding", "connection"}
    assert not {name.lower() for name in DROPPED} - ours & set(sent.headers)
    assert sent.headers["connection"] == "keep-alive"


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A\r\nX-B", "1"),
        ("X A", "1"),
        ("", "1"),
        ("X-A", "\x00"),
        ("X-A", "\u2028"),
    ],
)
def test_a_header_that_could_break_the_framing_is_not_sent(header):
    stage = Stage(answer(200))
    with pytest.raises(paths.UnsafePath):
        stage.client.raw("GET", "/v3/contacts", headers=dict([header]))
    assert stage.wire.requests == []


def test_the_providers_rules_for_browsers_and_hops_are_dropped():
    theirs = {
        "Set-Cookie": "session=1",
        "Strict-Transport-Security": "max-age=1",
        "WWW-Authenticate": "Bearer realm=x",
        "Access-Control-Allow-Origin": "*",
        "Connection": "close, X-Hop",
        "X-Hop": "1",
        "Keep-Alive": "timeout=5",
        "Alt-Svc": "h3",
        "Content-Security-Policy": "default-src *",
    }
    stage = Stage(answer(401, UNAUTHORIZED, **theirs, **{"X-Amzn-RequestId": "r1"}))
    response = stage.client.raw("GET", "/v3/contacts")
    assert response.status_code == 401
    assert not {name.lower() for name in theirs} & set(response.headers)
    assert response.headers["x-amzn-requestid"] == "r1"


def test_a_redirect_is_handed_on_and_not_followed():
    stage = Stage(answer(302, location="https://evil.test/"))
    assert stage.client.raw("GET", "/v3/contacts").status_code == 302
    assert len(stage.wire.requests) == 1


def test_no_cookie_travels_from_one_account_to_another():
    stage = Stage(answer(200, {}, **{"Set-Cookie": "who=acme; Path=/"}))
    stage.client.raw("GET", "/v3/contacts")
    stage.client.raw("GET", "/v3/contacts")
    assert not [request for request in stage.wire.requests if "cookie" in request.headers]


def test_a_streamed_answer_is_passed_on_unread():
    body = Chunks([b"one", b"two"])
    stage = Stage(lambda request: httpx.Response(200, stream=body, headers={"content-type": "text/csv"}))
    response = stage.client.raw("GET", "/v3/contact_exports/e1", stream=True)
    assert stage.ledger.delivered == [[]]
    assert list(response.iter_raw()) == [b"one", b"two"]
    response.close()
    assert stage.ledger.delivered == [[True]]
    assert body.closed
    assert stage.wire.requests[0].headers["accept-encoding"] == "identity"


def test_a_call_that_was_not_answered_is_a_named_error():
    with pytest.raises(errors.OutcomeUnknown) as caught:
        Stage(httpx.ReadTimeout("x")).client.raw("POST", "/v3/contacts", content=b"{}")
    assert caught.value.may_have_happened


@pytest.mark.parametrize(
    "base", ["https://api.example.test", "https://api.example.test/v3", "https://api.example.test/v3/"]
)
def test_a_base_address_may_end_in_v3(base):
    seen = []
    http = build_http(base, httpx.MockTransport(lambda request: seen.append(request) or answer(200, {})))
    http.get("/v3/contacts")
    assert str(seen[0].url) == "https://api.example.test/v3/contacts"
    assert seen[0].headers["user-agent"] == "Patchbay"


def test_nothing_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://evil.test:1")
    monkeypatch.setenv("NETRC", "/dev/null")
    http = build_http("https://api.example.test", httpx.MockTransport(lambda request: answer(200, {})))
    assert http.get("/v3/x").status_code == 200
    assert not http._mounts


def test_a_client_and_what_it_sent_go_when_nobody_holds_them():
    """A job makes one a step, with bodies of megabytes: none may wait for a sweep of the memory."""
    stage = Stage(answer(200, {}), answer(200, {}))
    stage.client.raw("POST", "/v3/contacts", content=b"x" * 1_000)
    gone = weakref.ref(stage.client)
    gc.disable()
    try:
        told = stage.client.last_call()
        stage.client = None
        assert gone() is None
    finally:
        gc.enable()
    assert told["requestUrl"].endswith("/v3/contacts")
