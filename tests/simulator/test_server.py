"""The real process on a real socket: starting, stopping, restarting, and what a connection can bear."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from connections.simulator.app import Simulator
from connections.simulator.server import Connection

ROOT = Path(__file__).parents[2]
Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    running = []

    def begin(*options: str) -> tuple["subprocess.Popen[str]", str]:
        command = [sys.executable, "-m", "connections.simulator", "--port", "0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Simulator ready at http://127.0.0.1:")
        return process, line.split()[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def port_of(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])


def read_some(connection: socket.socket, answers: int) -> bytes:
    data = b""
    connection.settimeout(5)
    while data.count(b"HTTP/1.1 ") < answers or not data.endswith(b"}"):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def test_keep_alive_pipelines_and_split_writes(start: Start) -> None:
    process, url = start()
    request = b"GET /_sim/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(port_of(url)) as connection:
        connection.sendall(request * 3)
        assert read_some(connection, 3).count(b"HTTP/1.1 404") == 3
        for sign in request:
            connection.sendall(bytes([sign]))
        assert read_some(connection, 1).startswith(b"HTTP/1.1 404")
        body = b'{"account":"Harbor Books"}'
        chunks = b"".join(b"1\r\n%c\r\n" % sign for sign in body) + b"0\r\n\r\n"
        connection.sendall(b"POST /_sim/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        assert b'"access_token"' in read_some(connection, 1)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (b"GET /v3/contacts?email=\xff\xfe HTTP/1.1\r\nAuthorization: Bearer \xff\r\n\r\n", 401),
        (b"GET /v3/contacts/%ED%A0%80 HTTP/1.1\r\n\r\n", 401),
    ],
)
def test_bad_requests(server: str, data: bytes, status: int) -> None:
    with socket.create_connection(port_of(server)) as connection:
        connection.sendall(data)
        assert read_some(connection, 1).startswith(b"HTTP/1.1 %d" % status)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    command = [sys.executable, "-m", "connections.simulator", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    assert process.wait(5) == 0


class Wire(asyncio.Transport):
    """Keeps each write to a real socket's end apart."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.writes: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return False


def test_an_answer_leaves_in_one_write_without_delay() -> None:
    simulator = Simulator()

    async def talk() -> tuple[list[bytes], int]:
        with socket.socket() as sock:
            wire = Wire(sock)
            connection = Connection(simulator.handle, set())
            connection.connection_made(wire)
            for path in (
                b"/v3/contacts",
                b"/_sim/journal",
                b"/oauth2/default/v1/keys",
                b"/_sim/state?full=1",
            ):
                connection.data_received(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            no_delay = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            connection.connection_lost(None)
            return wire.writes, no_delay

    writes, no_delay = asyncio.run(talk())
    assert [data[:13] for data in writes] == [b"HTTP/1.1 401 ", *[b"HTTP/1.1 200 "] * 3]
    assert all(data.partition(b"\r\n\r\n")[2] for data in writes) and len(writes[3]) > 100_000
    assert no_delay == 1


def test_faults_on_the_wire(server: str) -> None:
    with httpx.Client(base_url=server) as http:
        path = {"match": "^/oauth2"}
        http.post("/_sim/faults", json={**path, "drop_response": True})
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/oauth2/default/v1/keys")
        http.post("/_sim/faults", json={**path, "cut_body": 10})
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/oauth2/default/v1/keys")
        http.post("/_sim/faults", json={**path, "stall": 10})
        with pytest.raises(httpx.ReadTimeout):
            http.get("/oauth2/default/v1/keys", timeout=0.5)
        http.post("/_sim/faults", json={**path, "delay_seconds": 0.4})
        began = time.monotonic()
        assert http.get("/oauth2/default/v1/keys").status_code == 200
        assert time.monotonic() - began >= 0.4


def test_speed_of_small_reads(server: str) -> None:
    """Far below what an idle machine gives (several thousand), so that a busy one passes."""
    with httpx.Client(base_url=server) as http:
        token = http.post("/_sim/token", json={}).json()["access_token"]
        app = http.get("/_sim/apps").json()[0]["client_id"]
        http.put(f"/_sim/apps/{app}", json={"per_second": 0, "per_day": 0})
    request = f"GET /v3/contacts/counts HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    began = time.monotonic()
    with socket.create_connection(port_of(server)) as connection:
        for _ in range(10):
            connection.sendall(request * 50)
            assert read_some(connection, 50).count(b"HTTP/1.1 200") == 50
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told(start: Start, number: int) -> None:
    process, url = start()
    with socket.create_connection(port_of(url)):
        process.send_signal(number)
        assert process.wait(3) == 0


def test_a_taken_port(server: str) -> None:
    command = [sys.executable, "-m", "connections.simulator", "--port", server.rpartition(":")[2]]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=20, check=False)
    assert answer.returncode == 1 and answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1 and "cannot listen" in answer.stderr


def test_everything_survives_kill_9(start: Start, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal.jsonl")
    process, url = start("--journal", journal, "--activity-seconds", "0.2")
    with httpx.Client(base_url=url) as http:
        grant = http.post("/_sim/token", json={}).json()
        http.headers["Authorization"] = f"Bearer {grant['access_token']}"
        body = {"email_address": {"address": "a@example.org"}, "create_source": "Account"}
        assert http.post("/v3/contacts", json=body).status_code == 201
        app = http.get("/_sim/apps").json()[0]
        lists = http.get("/v3/contact_lists").json()["lists"]
        rows = {"import_data": [{"email": "b@example.org"}], "list_ids": [lists[0]["list_id"]]}
        activity = http.post("/v3/activities/contacts_json_import", json=rows).json()
    process.send_signal(signal.SIGKILL)
    process.wait()
    with open(journal, "ab") as file:
        file.write(b'{"seq":12,"at')
    _, url = start("--journal", journal)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {grant['access_token']}"}) as http:
        time.sleep(0.25)
        assert http.get(f"/v3/activities/{activity['activity_id']}").json()["state"] == "completed"
        assert http.get("/v3/contacts/counts").json()["total"] == 2
        data = {"grant_type": "refresh_token", "refresh_token": grant["refresh_token"]}
        auth = (app["client_id"], app["client_secret"])
        assert http.post("/oauth2/default/v1/token", data=data, auth=auth).status_code == 200
        entries = http.get("/_sim/journal").json()
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert os.stat(journal).st_mode & 0o777 == 0o600
    assert all(json.loads(line) for line in Path(journal).read_text().splitlines())
