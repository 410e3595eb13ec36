"""The request log: each call leaves one row without a person's data; programs and people find it again."""

import json
import shlex
import subprocess
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings
from django.urls import reverse

from connections.models import ApiCall
from syncjobs import retention
from tests.flows.importing import Person
from tests.flows.programs import Program, bytes_of


@pytest.fixture
def person(world, simulator):
    return Person(world)


@pytest.fixture
def program(world, person):
    return Program(world, person.connection)


def call(program, method, path, body=None, **headers):
    answer = program.ask(method, path, body, **headers)
    content = bytes_of(answer)
    answer.close()
    return answer, content


def log(program, query="", status=200):
    answer, content = call(program, "GET", f"/api/log{query}")
    assert answer.status_code == status, content
    return json.loads(content)


def test_each_call_is_one_row_without_people(program, person):
    new = {"email_address": {"address": "ada@people.example"}, "create_source": "Account"}
    made, _ = call(program, "POST", "/api/custom/v3/contacts", new)
    call(program, "GET", "/v3/contacts?email=ada@people.example&limit=5&status=all")
    call(program, "GET", "/api/proxy/nothing")
    call(program, "GET", "/api/ping")
    rows = log(program)["result"]
    assert [(row["method"], row["path"], row["status"]) for row in reversed(rows)] == [
        ("POST", "/api/custom/v3/contacts", 201),
        ("GET", "/v3/contacts", 200),
        ("GET", "/api/proxy/nothing", 404),
        ("GET", "/api/ping", 200),
    ]
    first, second, third, ping = reversed(rows)
    assert first["request_id"] == made["X-Request-Id"]
    assert first["request_bytes"] == len(json.dumps(new))
    assert second["response_bytes"] > 100
    assert second["query"] == "email=[masked]&limit=5&status=all"
    assert "people.example" not in json.dumps(rows)
    assert third["reason"] == "not_found"
    assert first["integrated_account_id"] == str(person.connection.pk)
    assert (first["log_type"], ping["log_type"]) == ("unified_proxy_api", "api")
    command = shlex.split(first["curl"].replace("\\\n", " "))
    assert command[:3] == ["curl", "-X", "POST"]
    assert command[3].endswith("/api/custom/v3/contacts")
    assert "Authorization: Bearer $PATCHBAY_TOKEN" in command


@pytest.mark.parametrize(
    "path", ["/v3/'$(touch${IFS}owned)'", "/v3/x`id`;id", '/v3/"|id&', "/v3/a b?c#d", "/v3/\\'$HOME"]
)
def test_a_call_made_again_runs_nothing_else(program, path):
    call(program, "GET", quote(path))
    call(program, "A|$(id)`", "/api/ping")
    rows = log(program)["result"]
    shown = [row["curl"] for row in rows]
    for command in shown:
        words = shlex.split(command.replace("\\\n", " "))
        assert words[:2] == ["curl", "-X"]
        assert [word for word in words if "$" in word] in (
            ["Authorization: Bearer $PATCHBAY_TOKEN"],
            ["A|$(id)`", "Authorization: Bearer $PATCHBAY_TOKEN"],
        )
    # What a shell makes of it, word by word.
    told = subprocess.run(
        ["sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}\n{shown[-1]}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATCHBAY_TOKEN": "t"},
    ).stdout.splitlines()
    assert told[:5] == ["-X", "GET", f"{settings.PUBLIC_URL}{quote(path)}", "-H", "Authorization: Bearer t"]


def test_calls_are_found_again(program, person):
    found = [
        call(program, "GET", f"/api/proxy/{name}") for name in ("contact_tags", "nothing", "contact_lists")
    ]
    call(program, "GET", "/api/ping")
    assert len(log(program, "?status=404")["result"]) == 1
    assert len(log(program, "?log_type_filter[status]=4xx")["result"]) == 1
    assert len(log(program, "?path=contact_")["result"]) == 2
    assert len(log(program, f"?request_id={found[0][0]['X-Request-Id']}")["result"]) == 1
    assert (
        len(
            log(program, f"?integrated_account_id={person.connection.pk}&log_type=unified_proxy_api")[
                "result"
            ]
        )
        == 2
    )
    assert log(program, "?log_type=webhook")["result"] == []
    seen, cursor = [], ""
    while cursor is not None:
        page = log(program, f"?limit=2&path=proxy&next_cursor={cursor}" if cursor else "?limit=2&path=proxy")
        seen += [row["id"] for row in page["result"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 3
    window = "?created_at[gt]=2026-01-01T00:00:00Z&created_at[lt]=2026-03-01T00:00:00Z"
    assert log(program, window, 400)["details"]["failures"][0]["field"] == "created_at[gt]"
    assert log(program, "?created_at[lt]=2754-12-26T21:22:53%2B21:52")["result"] == []
    assert log(program, "?created_at[lt]=0001-01-02T00:00:00Z")["result"] == []
    assert log(program, "?created_at[lt]=0001-01-01T00:00:00%2B21:52", 400)["details"]["failures"]
    for wrong in (
        "?status=abc",
        "?limit=101",
        "?next_cursor=x",
        "?log_type=none",
        "?log_type_filter[status]=x",
    ):
        assert log(program, wrong, 400)["details"]["failures"], wrong


def test_a_page_shows_and_searches_them(world, program, person):
    call(program, "GET", "/api/proxy/contact_tags")
    call(program, "GET", "/api/proxy/nothing")
    address = reverse("calls", args=[person.scope.tenant_id, "test"])
    page = person.client.get(address).content.decode()
    assert "/api/proxy/contact_tags" in page
    assert "/api/proxy/nothing" in page
    narrow = person.client.get(address, {"status": "404"}).content.decode()
    assert "/api/proxy/contact_tags" not in narrow
    assert "/api/proxy/nothing" in narrow
    part = person.client.get(address, {"path": "tags"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "/api/proxy/contact_tags" in part
    wrong = person.client.get(address, {"status": "abc", "connection": "x"})
    assert wrong.status_code == 422
    assert "Give a status such as 404" in wrong.content.decode()
    with person.scope.transaction():
        row = ApiCall.objects.get(path="/api/proxy/nothing")
    one = person.client.get(reverse("call", args=[person.scope.tenant_id, "test", row.pk])).content.decode()
    assert "$PATCHBAY_TOKEN" in one
    assert row.request_id in one
    assert "errors/#not_found" in one


def test_rows_are_let_go(program, person):
    call(program, "GET", "/api/ping")
    with person.scope.transaction():
        at = ApiCall.objects.get().called_at
    retention.tidy(at + timedelta(days=30))
    with person.scope.transaction():
        assert ApiCall.objects.exists()
    retention.tidy(at + timedelta(days=32))
    with person.scope.transaction():
        assert not ApiCall.objects.exists()
