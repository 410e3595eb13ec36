"""Senseless addresses, queries, headers and bodies at the 1-to-1 routes: nothing leaves the provider's host and /v3/.

They are handed over as a web server would hand them, but without its own checks: any sign may stand anywhere. The
provider is a socket that writes down what arrives; a second socket, which everything names, must hear nothing.
"""

import json
import random
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.test import Client

from connections.models import ProviderApp, ProviderCall, QuotaPool
from connections.simulator.messages import Response, json_response
from tests.contract.twins import Port
from tests.long import LONG

REQUESTS = 10_000 if LONG else 300
BASES = ("/api/custom/v3/", "/api/custom/", "/api/proxy/", "/v3/", "/api/custom/v3", "/api/custom/v3//")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "G\r\nET")
GOOD = (
    "contacts",
    "contact_lists",
    "contact_tags",
    "emails",
    "activities",
    "account",
    "summary",
    "counts",
    "v3",
)
ODD = (
    *("..", ".", "...", "%2e%2e", "%2E.", ".%2e", "..;", "..\\", "\\..\\", "%5c..", "%252e%252e", "\u2025"),
    *(
        "",
        "/",
        "//",
        "%2f",
        "%2F..%2f",
        "%00",
        "\x00",
        "\r\n",
        "%0d%0a",
        "\n",
        "\t",
        " ",
        "+",
        "%",
        "%zz",
        "~",
    ),
    *(
        "?",
        "#",
        "@",
        ":",
        ";",
        "*",
        "{id}",
        "$",
        "&",
        "=",
        "\u00e9",
        "\uff0e\uff0e",
        "\u2215",
        "\U0001f98a",
        "'",
    ),
    *(
        "@EVIL",
        "//EVIL/",
        "http://EVIL/",
        "http:/EVIL",
        "EVIL",
        "x@EVIL/",
        "\\\\EVIL\\x",
        "%40EVIL",
        ":80@EVIL",
    ),
    *(
        "_sim",
        "oauth2",
        "../../_sim/state",
        "..%2f..%2f_sim%2freset",
        "\r\nHost: EVIL\r\n",
        " HTTP/1.1\r\nHost: EVIL",
    ),
)
HEADERS = (
    *("Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Original-Url", "X-Rewrite-Url"),
    *(
        "X-Http-Method-Override",
        "Forwarded",
        "Via",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "Te",
        "Expect",
    ),
    *(
        "Cookie",
        "Proxy-Authorization",
        "Proxy-Connection",
        "X-Api-Key",
        "Origin",
        "Referer",
        "Accept",
        "Range",
    ),
    *("Content-Encoding", "Http2-Settings", "X-Odd", "Max-Forwards", "Accept-Encoding", "Content-Type"),
)
NEVER_SENT = {
    *("cookie", "x-api-key", "proxy-authorization", "forwarded", "via", "x-original-url", "x-rewrite-url"),
    *("x-http-method-override", "te", "upgrade", "expect", "origin", "referer", "http2-settings"),
}


class Provider:
    """Writes down what arrives, and answers something plausible."""

    def __init__(self):
        self.heard = []

    def handle(self, request):
        self.heard.append(request)
        if request.method == "DELETE":
            return Response(204, b"", [])
        if len(self.heard) % 5 == 0:
            return Response(200, b"a,b\n", [("Content-Type", "text/csv")])
        links = {"next": {"href": "http://EVIL/v3/contacts?cursor=1"}}
        return json_response(200, {"contacts": [{"contact_id": "1"}], "_links": links})


class Chance:
    """One senseless request after the other, the same every time."""

    def __init__(self, evil):
        self.evil = evil.removeprefix("http://")
        self.dice = random.Random(33)

    def text(self, most=4):
        parts = [
            self.dice.choice(GOOD if self.dice.random() < 0.55 else ODD)
            for _ in range(self.dice.randint(1, most))
        ]
        if self.dice.random() < 0.1:
            parts.append("".join(chr(self.dice.randint(0, 0x2FF)) for _ in range(self.dice.randint(1, 12))))
        if self.dice.random() < 0.01:
            parts.append("x" * 9000)
        return self.dice.choice(("/", "/", "")).join(parts).replace("EVIL", self.evil)

    def header(self):
        return self.dice.choice(HEADERS), self.dice.choice(
            (
                self.text(2),
                self.evil,
                f"http://{self.evil}/",
                "chunked",
                "close, Authorization",
                "a\r\nHost: " + self.evil,
            )
        )

    def body(self):
        kind = self.dice.random()
        if kind < 0.5:
            return b""
        if kind < 0.8:
            config = {"path": self.text(), "verb": self.dice.choice(METHODS), "query": {"a": self.text(1)}}
            wanted = {
                name: config[name] for name in self.dice.sample(sorted(config), self.dice.randint(1, 3))
            }
            return json.dumps({"methodConfig": wanted, "name": self.text()}).encode()
        return self.text().encode("utf-8", "surrogatepass")


def as_wsgi(text):
    """A text as a WSGI server hands it over: its bytes, each as one sign."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@pytest.fixture
def place(world, settings_of):
    with Port() as provider, Port() as evil:
        provider.simulator, evil.simulator = Provider(), Provider()
        settings_of(
            SIMULATOR_URL=provider.url,
            API_TOKEN_CALLS_PER_WINDOW=10**6,
            ACCOUNT_CALLS_PER_WINDOW=10**6,
            ACCOUNT_CALLS_PER_DAY=10**6,
        )
        pool = QuotaPool.objects.using("operator").create(
            name="fuzz", calls_per_second=1000, calls_per_day=10**7
        )
        places = dict.fromkeys(("authorize_url", "token_url", "api_url"), provider.url)
        ProviderApp.objects.using("operator").create(
            kind="test", pool=pool, name="a", client_id="a", **places
        )
        yield provider, evil, world.connection()


def test_nothing_leaves_its_place(world, place, capsys):
    provider, evil, connection = place
    chance, token = Chance(evil.url), world.token()
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0], raise_request_exception=False)
    statuses = Counter()
    for _ in range(REQUESTS):
        path = chance.dice.choice(BASES) + chance.text()
        environ = {
            "PATH_INFO": as_wsgi(path),
            "QUERY_STRING": as_wsgi(chance.text(3)) if chance.dice.random() < 0.4 else "",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "HTTP_X_INTEGRATED_ACCOUNT_ID": str(connection.pk),
        }
        for name, value in (chance.header() for _ in range(chance.dice.randint(0, 3))):
            environ["HTTP_" + name.upper().replace("-", "_")] = as_wsgi(value)
        if chance.dice.random() < 0.9:
            environ["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        body = chance.body()
        answer = client.generic(
            chance.dice.choice(METHODS[:5] if chance.dice.random() < 0.9 else METHODS),
            "/",
            body,
            content_type="application/json" if body else "",
            **environ,
        )
        if answer.streaming:
            b"".join(answer.streaming_content)
        answer.close()
        assert answer.status_code < 500, (environ, body, answer)
        assert token not in str(answer.headers)
        statuses[answer.status_code] += 1
    heard = provider.simulator.heard
    for request in heard:
        assert request.path.startswith("/v3/"), request
        assert not {"", ".", ".."} & set(request.path.split("/")[1:]), request
        assert request.headers["host"] == provider.url.removeprefix("http://"), request
        assert request.headers["authorization"] == "Bearer access-canary"
        assert not NEVER_SENT & set(request.headers), request
        assert not [name for name in request.headers if name.startswith(("x-forwarded", "proxy-"))], request
        assert b"methodConfig" not in request.body or request.path.startswith("/v3/"), request
    assert evil.accepted == 0
    with world.scope().transaction():
        calls = ProviderCall.objects.values_list("host", "status")
        assert {host for host, _ in calls} == {provider.url}
        # Nothing arrived that could not be read as one request.
        assert len(calls) == len(heard)
    with capsys.disabled():
        print(
            f"\n{REQUESTS} senseless calls: {len(heard)} reached the provider, all below /v3/ of the one host; the "
            f"other socket heard {evil.accepted}; statuses {dict(sorted(statuses.items()))}",
            file=sys.stderr,
        )
    assert len(heard) > REQUESTS / 50
