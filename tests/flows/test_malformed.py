"""Malformed calls at every operation of the API: refused with a reason that says what to mend, never a fault of ours.

What no program would send by design: bodies that are no JSON or no object, odd values wherever a good body holds
one, odd queries, ids, keys and tokens. With PATCHBAY_LONG more than 10,000 of them.
"""

import json
import random
import re
import sys
import time
from collections import Counter
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client

from config.api import api
from tests.flows.programs import bytes_of
from tests.flows.test_api_fuzz import facts, person, token_from_elsewhere  # noqa: F401  # a fixture
from tests.long import LONG
from tests.receiver import Receiver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 300)]
SHARE = 1.0 if LONG else 0.08  # of the odd bodies, values and queries that are tried
AS_IT_COMES = "/api/custom/v3/"
NOBODY = "00000000-0000-4000-8000-000000000000"


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


NO_OBJECTS = (b"null", b"true", b"1", b"1.5", b'"text"', b"[]", b"[[]]", b"[null]")
BODIES = (
    *(
        b"",
        b" ",
        b"{",
        b"nul",
        b"{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"[Infinity]",
        b"\x00",
        b"<a/>",
    ),
    *(
        b'{"a":1e999}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":2}',
        b'"\\ud800"',
        b'{"a":"\\ud800"}',
        b'{"\\u0000":1}',
    ),
    *(b"[" * 100_000, b"[" * 900 + b"]" * 900, nested(300), nested(990), nested(5000), b"1" * 5000),
    *(b'{"a":' + b"9" * 5000 + b"}", '{"é":1}'.encode("utf-16"), '{"é":1}'.encode("latin-1")),
    *(b'{"a":"\xed\xa0\x80"}', b'{"__proto__":{}}', b'{"a":"' + b"x" * 200_000 + b'"}', b"\x1f\x8b\x08"),
    b"{" + b",".join(b'"k%d":1' % number for number in range(5000)) + b"}",
    *(b"a=1&b=2", b"--x\r\n\r\n", b'{"a":1}{"b":2}', b'{"a":1}\n{"b":2}\n', b'{"methodConfig":1}'),
    *(b'{"methodConfig":{"path":"../x"}}', b'{"methodConfig":' + b"[" * 3000),
)
TYPES = (
    *("text/plain", "", "application/json; charset=utf-16", "application/json; charset=nonsense", "a/b;c"),
    *("multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=\xe9"),
    *("application/x-www-form-urlencoded", "application/x-ndjson", "text/csv", 'application/json; charset="'),
)
VALUES = (
    *(None, True, False, -1, 0, 1, 2**31, 2**63, 2**64, 10**400, 1.5, 1e308, "", " ", "\x00", "\ud800"),
    *("x" * 100_000, [], {}, [[]], [None], [{}], {"a": None}, {"": ""}, {"\x00": 1}, list(range(3000))),
    *(json.loads(nested(60)), json.loads(nested(400)), "²", "٣", "\u202e", "1e400", "9999-12-31T23:59:59Z"),
    *("0000-00-00", "2024-02-30", "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00"),
    *(
        "{" + NOBODY + "}",
        "urn:uuid:" + NOBODY,
        NOBODY,
        "' OR 1=1 --",
        "<script>",
        "../..",
        "{{args.x}}",
        "%s",
    ),
    *("\r\nX: y", "https://[::1", "http://a:99999/", "https://\u2025/", "a@b", "a" * 300 + "@example.com"),
    *("é@exämple.com", "\U0001f98a" * 100, "İ", "ﬀ", "\x7f", "\x85", "\u2028"),
)
NAMES = (
    *("integrated_account_id", "limit", "next_cursor", "prev_cursor", "tenant_id", "status", "kind", "state"),
    *("outcome", "email", "created_at", "updated_at[gt]", "tags[id]", "id[in]", "truto_response_format"),
    *(
        "truto_key_by",
        "truto_exclude_fields[]",
        "remote_query[a]",
        "remote_query",
        "truto_super_query",
        "strict",
    ),
    *(
        "log_type",
        "type",
        "methods",
        "resource",
        "format",
        "[]",
        "a[b][c][d]",
        "limit[]",
        "log_type_filter[a]",
    ),
    *("created_at[lt]", "name", "phones[phone]", "include", "truto_body_passthrough", "truto_skip_api_call"),
)
TEXTS = (
    *("", "%00", "%ff", "%ED%A0%80", "9" * 400, "-1", "0", "1", "1e5", "%C2%B2", "x" * 5000, "a%20b", "true"),
    *("[]", "{}", "null", "NaN", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00%2B14:00", "2024-02-30", NOBODY),
    *("9999-12-31T23:59:59-14:00", "raw", "debug", "stream", "%0d%0aX:y", "eyJhIjoxfQ==", "a]b[", "..", "%"),
)
QUERIES = (
    *("&" * 5000, "a" * 20_000, "=" * 300, "a[" * 2000 + "=1", "limit=5;limit=6", "%zz=%zz", "\xff\xfe=\xe9"),
    *("&".join(f"a{number}=1" for number in range(3000)), "a[b]=1&a=2", "a=2&a[b]=1", "a[]=1&a[b]=2"),
)
PARTS = (
    *(
        NOBODY,
        "x",
        "x" * 3000,
        "\x00",
        "\ud800",
        "..",
        ".",
        "%2e%2e",
        "a/b",
        "a b",
        "é",
        "²",
        "-1",
        "9" * 400,
    ),
    *("\r\n", "?", "#", "0" * 32, NOBODY.upper(), "{" + NOBODY + "}", "", "{{args.x}}", "\U0001f98a"),
)
KEYS = ("", " ", "x" * 201, "\xe9", "a b", "\t", "\x00")
TOKENS = (
    "",
    "Bearer",
    "Bearer ",
    "Basic x",
    "bearer \xe9",
    "Bearer \x00",
    "Bearer pb_",
    "Bearer " + "x" * 9000,
)
ACCOUNTS = ("", "x", NOBODY, "\xe9", "\x00", "9" * 5000)


def places(value, above=()):
    """Every place in a body, the whole of it first."""
    yield above
    parts = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for name, part in parts:
        yield from places(part, (*above, name))


def put(value, place, new):
    """The body with another value there."""
    if not place:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = put(changed[place[0]], place[1:], new)
    return changed


class Caller:
    """Sends malformed calls and notes what was answered, with everything that is no clear refusal."""

    def __init__(self, known):
        self.known, self.dice = known, random.Random(20_261)
        self.client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0], raise_request_exception=False)
        self.statuses, self.unclear, self.slowest = Counter(), [], 0.0

    def some(self, values):
        """A share of them, at least one."""
        return self.dice.sample(values, max(1, round(len(values) * SHARE)))

    def call(self, name, path, body=b"", kind="application/json", **environ):
        began = time.monotonic()
        sent = {
            "PATH_INFO": path.encode("utf-8", "surrogatepass").decode("latin-1"),
            "HTTP_AUTHORIZATION": f"Bearer {self.known['token']}",
            "HTTP_X_INTEGRATED_ACCOUNT_ID": self.known["accounts"].get(name, self.known["account"]),
        }
        answer = self.client.generic(name.split()[0], "/", body, content_type=kind, **sent | environ)
        content = bytes_of(answer)
        answer.close()
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        is_handed_on = path.startswith(AS_IT_COMES) and answer.status_code < 500
        if answer.status_code >= 400 and not is_handed_on and not is_clear(answer, content):
            shown = {one: value[:80] for one, value in environ.items()}
            self.unclear.append((name, answer.status_code, path[:80], body[:120], shown, content[:200]))
        return answer.status_code

    def own(self, name):
        """For one operation: what stands in its address, and a good body where it takes one."""
        good = self.known["goods"].get(name, [{}])[0]
        ids = {**self.known["ids"], **self.known["own"].get(name, {})}
        return {**{part: found[0] for part, found in ids.items()}, **good.get("path", {})}, good.get("body")


def is_clear(answer, content):
    """A refusal in the one shape, with a reason and words."""
    try:
        said = json.loads(content)
        return answer.status_code < 500 and bool(said["message"] and said["details"]["reason"])
    except (ValueError, KeyError, TypeError):
        return False


def address(pattern, parts):
    return re.sub(r"{(\w+)}", lambda name: str(parts[name[1]]), pattern)


@pytest.fixture
def caller(world, person, simulator, settings_of):  # noqa: F811  # the fixture
    most = dict.fromkeys(("API_TOKEN_CALLS_PER_WINDOW", "ACCOUNT_CALLS_PER_WINDOW", "WEBHOOKS_MOST"), 10**9)
    settings_of(**most)
    elsewhere = token_from_elsewhere(world)
    with Receiver() as receiver:
        settings_of(EGRESS_ALLOW=receiver.place)
        yield Caller(facts(person, simulator, "", receiver, elsewhere))


def operations():
    """(`METHOD /address`, the address, what its body is described as)."""
    for pattern, methods in api.get_openapi_schema()["paths"].items():
        for method, described in methods.items():
            yield f"{method.upper()} {pattern}", pattern, described.get("requestBody")


def test_a_body_that_is_no_object_is_refused(caller):
    """Fields that may all be left out make no object of a number, a text or nothing."""
    asked = 0
    for name, pattern, described in operations():
        if described is None:
            continue
        parts, _ = caller.own(name)
        asked += 1
        for body in NO_OBJECTS:
            status = caller.call(name, address(pattern, parts), body)
            assert status in {400, 422}, (name, body, status)
    assert not caller.unclear
    assert asked > 15


def test_malformed_calls_are_refused_with_a_reason(caller, capsys):
    for name, pattern, _ in sorted(operations()):
        parts, good = caller.own(name)
        path = address(pattern, parts)
        if name.split()[0] in ("POST", "PUT", "PATCH"):
            odd_bodies(caller, name, path, good)
        for query in [*caller.some(QUERIES), *(odd_query(caller) for _ in range(round(40 * SHARE) + 1))]:
            # What a DELETE deletes stays: its query is one that it cannot take.
            refused = f"{query}&limit=%00" if name.startswith("DELETE") else query
            caller.call(name, path, QUERY_STRING=refused)
        for part in re.findall(r"{(\w+)}", pattern):
            for value in caller.some(PARTS):
                caller.call(name, address(pattern, {**parts, part: value}))
        for header, values in (("HTTP_AUTHORIZATION", TOKENS), ("HTTP_X_INTEGRATED_ACCOUNT_ID", ACCOUNTS)):
            for value in caller.some(values):
                caller.call(name, path, b"[", QUERY_STRING="limit=%00", **{header: value})
                if not name.startswith("DELETE"):
                    caller.call(name, path, b"[", **{header: value})
    with capsys.disabled():
        print(
            f"\n{caller.statuses.total()} malformed calls: statuses {dict(sorted(caller.statuses.items()))}; "
            f"the slowest took {caller.slowest:.2f} s",
            file=sys.stderr,
        )
    assert not caller.unclear, "\n".join(map(str, caller.unclear[:20]))
    assert caller.statuses.total() >= (10_000 if LONG else 800)
    assert (
        sum(many for status, many in caller.statuses.items() if status >= 400) > caller.statuses.total() / 2
    )


def odd_bodies(caller, name, path, good):
    """No JSON, another type than it says, keys that are none, and odd values wherever a good body holds one."""
    for body in caller.some([*BODIES, *NO_OBJECTS]):
        caller.call(name, path, body)
    for kind in caller.some(TYPES):
        caller.call(name, path, caller.dice.choice(BODIES), kind)
    for key in caller.some(KEYS):
        caller.call(name, path, b"{}", HTTP_IDEMPOTENCY_KEY=key)
    for place in places(good) if good is not None else ():
        for value in caller.some(VALUES if LONG else VALUES[:30]):
            caller.call(name, path, json.dumps(put(good, place, value)).encode())


def odd_query(caller):
    dice = caller.dice
    pairs = [(dice.choice(NAMES), dice.choice(TEXTS)) for _ in range(dice.choice([1, 1, 2, 3]))]
    return "&".join(f"{quote(name, safe='[]')}={value}" for name, value in pairs)
