"""Nothing that a caller sends makes the simulator stumble: the provider's own refusals, never a 500."""

from typing import Any

import pytest

from connections.simulator.messages import Request
from connections.simulator.routes import ROUTES
from connections.simulator.switch_table import TABLE
from tests.simulator.rig import Caller, Rig

UUID = "0" * 8 + "-0000-4000-8000-" + "0" * 12
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"x"',
    b'{"name":"x",}',
    b'{"a":NaN}',
    b"\xff\xfe",
    b'{"name":"\\ud800"}',
    b"[" * 100_000,
    b'{"email_address":[],"import_data":7,"list_ids":{},"source":"x","contact_ids":null,"label":[]}',
    b'{"name":{"a":1},"type":5,"create_source":[],"fields":{"a":1},"tag_ids":"x","custom_field_ids":[7]}',
    b'{"email_address":{"address":7},"create_source":"Account","update_source":"Account","list_ids":[[]]}',
]


def send(caller: Caller, method: str, path: str, body: bytes, kind: str, query: str = "") -> Any:
    headers = {"authorization": caller.headers["Authorization"], "content-type": kind}
    return caller.rig.simulator.handle(Request(method, "/v3" + path, query, headers, body))


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies(rig: Rig, harbor: Caller, body: bytes) -> None:
    known = harbor.get("/contacts", limit=1)["contacts"][0]["contact_id"]
    for route in ROUTES:
        if route.method in ("POST", "PUT", "PATCH"):
            path = route.template
            for name, value in (("{contact_id}", known), ("{list_id}", harbor.list_id())):
                path = path.replace(name, value)
            path = path.replace("{tag_id}", UUID).replace("{custom_field_id}", UUID)
            answer = send(harbor, route.method, path, body, "application/json; charset=utf-8")
            # An export without any wish takes everybody, an event needs no body, a partial update may be empty.
            needs_none = answer.status < 300 and route.template.endswith(
                ("exports", "/events/default", "/account/summary", "/workflows")
            )
            assert 400 <= answer.status < 500 or needs_none, (route.template, answer.body)
    assert rig.simulator.defects == 0


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_content_types(rig: Rig, acme: Caller, kind: str) -> None:
    for path in (
        "/contacts",
        "/contact_lists",
        "/activities/contacts_json_import",
        "/activities/contacts_file_import",
    ):
        answer = send(acme, "POST", path, b"{}", kind)
        assert answer.status == 415 and answer.body.startswith(b"[")


CRLF = "\r\n"
PART = 'Content-Disposition: form-data; name="{}"'
FILE = PART.format("file") + '; filename="a.csv"'
MULTIPARTS = [
    "",
    "--B",
    "--B\r\n",
    f"--B\r\n{FILE}\r\n\r\nemail\r\na@example.org",
    f"--B\r\n{FILE}\r\n\r\nemail\r\n--B",
    f"--B\r\n{FILE}\r\n\r\nemail\r\n--B\r\n{PART.format('list_ids')}\r\n\r\n",
    "--B\r\nContent-Type: text/csv\r\n\r\nemail\r\n--B--\r\n",
    f"--B\r\n{PART.format('list_ids')}\r\n\r\n{UUID}\r\n--B--\r\n",
    f"--C\r\n{FILE}\r\n\r\nemail\r\n--C--\r\n",
    f'--B\r\n{FILE}\r\n\r\nemail\r\n"a\r\n--B\r\n{PART.format("list_ids")}\r\n\r\nx,y,,\r\n--B--\r\n',
    f"--B\r\n{FILE}\r\n\r\nemail\x00\r\n--B--\r\n",
]


@pytest.mark.parametrize("body", MULTIPARTS, ids=range(len(MULTIPARTS)))
def test_multiparts(rig: Rig, acme: Caller, body: str) -> None:
    answer = send(
        acme, "POST", "/activities/contacts_file_import", body.encode(), "multipart/form-data; boundary=B"
    )
    assert answer.status == 400 and answer.body.startswith(b"[") and rig.simulator.defects == 0


def test_odd_csv_never_breaks_the_job(rig: Rig, acme: Caller) -> None:
    for text in (
        "email,email\na@example.org,b@example.org\n",
        "email\n\n\n",
        'email\n"a\nb',
        "email\n,,,,\nx\n",
        "email\r\r\n\x00",
    ):
        answer = acme.upload(text)
        if answer.status_code == 201:
            assert acme.finished(answer.json())["state"] == "completed"
    assert rig.simulator.defects == 0


QUERIES = [
    "limit",
    "limit=%ff",
    "limit=" + "9" * 5000,
    "cursor=",
    "cursor=%00",
    "status=,",
    "lists=,",
    "email=%ff%fe",
]
QUERIES += [
    "include=,,",
    "updated_after=",
    "updated_after=0000-00-00",
    "updated_after=9999-99-99T99:99:99Z",
    "&&&==",
    "name=" + "x" * 9999,
]
QUERIES += [
    "updated_after=0001-01-01T00:00:00%2B23:59",
    "created_before=9999-12-31T23:59:59-23:59",
    "tags=%ud800",
]


@pytest.mark.parametrize("query", QUERIES)
def test_queries(rig: Rig, harbor: Caller, query: str) -> None:
    for route in ROUTES:
        if route.method == "GET":
            path = route.template.split("{")[0] + ("x" if "{" in route.template else "")
            assert send(harbor, "GET", path, b"", "", query).status < 500
    assert rig.simulator.defects == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 403),
        ("GET", "/v3", 403),
        ("GET", "/v3/", 403),
        ("GET", "/v3/nothing", 403),
        ("PATCH", "/v3/contacts", 403),
        ("GET", "/v4/contacts", 403),
        ("GET", "/oauth2/default/v1/nothing", 404),
        ("GET", "/.well-known/openid-configuration", 404),
        ("GET", "/.well-known/oauth-authorization-server", 404),
        ("GET", "/_sim/nothing", 404),
        ("POST", "/v3/../_sim/reset", 403),
        ("GET", "/v3/contacts//", 403),
    ],
)
def test_unknown_paths(rig: Rig, method: str, path: str, status: int) -> None:
    answer = rig.simulator.handle(Request(method, path))
    assert answer.status == status and answer.body.startswith(b"{")


def test_unknown_properties_and_parameters(rig: Rig, acme: Caller) -> None:
    acme.get("/contacts", colour="red")
    acme.post("/contact_lists", {"name": "a", "colour": "red"})
    rig.switch(unknown_query_parameter="refused", unknown_body_property="refused")
    assert acme.call("GET", "/contacts", params={"colour": "red"}).status_code == 400
    acme.post("/contact_lists", {"name": "b", "colour": "red"}, expect=400)


# --- the control side --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/token", {"account": "nobody"}),
        ("POST", "/token", {"role": "king"}),
        ("POST", "/token", {"scope": "everything"}),
        ("POST", "/token", {"client_id": 5}),
        ("POST", "/apps", {"flow": "implicit"}),
        ("POST", "/apps", {"colour": "red"}),
        ("PUT", "/apps/x", {"client_id": "y"}),
        ("PUT", "/switches", {"nothing": "yes"}),
        ("PUT", "/switches", {"limiter": "none"}),
        ("PUT", "/switches", {"bucket_capacity": True}),
        ("POST", "/clock", {"set": "noon"}),
        ("POST", "/clock", {"set": "9999-01-01"}),
        ("POST", "/clock", {"advance_seconds": "1"}),
        ("POST", "/clock", {"advance_seconds": 1e300}),
        ("POST", "/clock", {"freeze": 1}),
        ("POST", "/faults", {"match": "("}),
        ("POST", "/faults", {"match": "x"}),
        ("POST", "/faults", {"status": 99}),
        ("POST", "/faults", {"status": 500, "times": 0}),
        ("POST", "/faults", {"activity": "lost"}),
        ("POST", "/unsubscribe", {"email": "nobody@example.org"}),
        ("POST", "/confirm", {}),
        ("POST", "/tokens", {}),
        ("POST", "/quota", {"used_today": -1}),
        ("GET", "/journal?after=x", None),
        ("PUT", "/accounts/x", {}),
        ("POST", "/reset", []),
    ],
)
def test_control_refuses_plainly(rig: Rig, method: str, path: str, body: object) -> None:
    answer = rig.http.request(method, f"/_sim{path}", json=body)
    assert answer.status_code == 400 and answer.json()["message"]


def test_every_switch_turns_both_ways_and_says_why(rig: Rig) -> None:
    listed = {item["name"]: item for item in rig.control("GET", "/switches")}
    assert len(listed) == len(TABLE)
    for switch in TABLE:
        assert len(switch.answers) > 1 and switch.why
        assert listed[switch.name]["answer"] == listed[switch.name]["default"] == switch.answers[0]
        for answer in switch.answers:
            assert rig.control("PUT", "/switches", {switch.name: answer})[switch.name] == answer


def test_every_switch_is_read_somewhere() -> None:
    from pathlib import Path

    import connections.simulator

    folder = Path(connections.simulator.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "switch_table.py")
    assert [
        switch.name
        for switch in TABLE
        if f'"{switch.name}"' not in source and f":{switch.name}" not in source
    ] == []


def test_faults(rig: Rig, acme: Caller) -> None:
    rig.control(
        "POST", "/faults", {"match": "/contact_lists$", "method": "GET", "status": 503, "times": 2, "skip": 1}
    )
    assert [acme.call("GET", "/contact_lists").status_code for _ in range(4)] == [200, 503, 503, 200]
    rig.control("POST", "/faults", {"match": "/contact_lists$", "drop_response": True})
    with pytest.raises(ConnectionError):
        acme.call("POST", "/contact_lists", json={"name": "Done anyway"})
    assert len(acme.get("/contact_lists")["lists"]) == 2
    rig.control("POST", "/faults", {"match": "/contact_lists$", "stall": 0})
    with pytest.raises(TimeoutError):
        acme.call("POST", "/contact_lists", json={"name": "Done as well"})
    assert len(acme.get("/contact_lists")["lists"]) == 3
    rig.control("POST", "/faults", {"html": True})
    assert "<html" in acme.call("GET", "/contact_lists").text
    rig.control("POST", "/faults", {"garbage": True})
    with pytest.raises(ValueError, match=r"codec|Expecting|JSON"):
        acme.call("GET", "/contact_lists").json()
    rig.control("POST", "/faults", {"status": 500, "times": None})
    rig.http.delete("/_sim/faults")
    assert acme.call("GET", "/contact_lists").status_code == 200
