"""A million contacts in one account, and thousands of calls a second: measured on a server of its own.

Long, so only with PATCHBAY_LONG=1; the figures are printed. The short form below walks a smaller account.
"""

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.long import LONG

ROOT = Path(__file__).parents[2]
# A page more than a million in pages of 500, so that the 2,000th is a whole one.
CONTACTS = 1_001_000 if LONG else 21_000
PAGE = 2_000 if LONG else 40
ROWS = 40_000 if LONG else 4_000
TURNS = 50 if LONG else 15
CLIENTS, SECONDS = (4, 6.0) if LONG else (2, 0.5)


class Server:
    """The simulator as a process, with limits off."""

    def __init__(self, *options: str) -> None:
        begun = time.monotonic()
        command = [sys.executable, "-m", "connections.simulator", "--port", "0", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.seconds, self.start_cpu = time.monotonic() - begun, self.cpu()
        self.address = line.rsplit(" ", 1)[-1].strip()
        self.http = httpx.Client(base_url=self.address, timeout=120)
        app = self.http.get("/_sim/apps").json()[0]
        self.http.put(f"/_sim/apps/{app['client_id']}", json={"per_second": 0, "per_day": 0})
        grant = self.http.post("/_sim/token", json={"account": "Northside Clinic"}).json()
        self.token = grant["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def cpu(self) -> float:
        """The processor seconds so far. Beside other work the wall clock says little of what one process needs."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def most_memory(self) -> float:
        """The most memory so far, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found.group(1)) / 1024

    def finished(self, activity: dict[str, Any]) -> dict[str, Any]:
        while True:
            shown: dict[str, Any] = self.http.get(f"/v3/activities/{activity['activity_id']}").json()
            if shown["state"] == "completed":
                return shown
            time.sleep(0.05)

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server("--contacts", str(CONTACTS), "--activity-seconds", "0")
    yield made
    made.close()


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", file=sys.stderr)


def test_starts_in_time_and_memory(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    say(
        capsys,
        f"{CONTACTS:,} contacts: ready after {server.seconds:.1f} s, {server.start_cpu:.1f} s of processor time,"
        f" with {server.most_memory():.0f} MiB",
    )
    assert server.http.get("/v3/contacts/counts").json()["total"] >= CONTACTS
    assert server.start_cpu < 60
    assert server.most_memory() < 1536


def test_pages_take_constant_time(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    paths, seen = ["/v3/contacts?limit=500"], 0
    while True:
        body = server.http.get(paths[-1]).json()
        seen += len(body["contacts"])
        following = (body.get("_links") or {}).get("next")
        if not following:
            break
        paths.append(following["href"])
    assert seen == server.http.get("/v3/contacts/counts").json()["total"]
    # In turns: what other work of the machine does to the caches is on both sides.
    far = paths[PAGE - 1]
    assert len(server.http.get(far).json()["contacts"]) == 500
    spent = {paths[0]: 0.0, far: 0.0}
    for path in (paths[0], far) * 4:
        used = server.cpu()
        for _ in range(TURNS):
            server.http.get(path)
        spent[path] += server.cpu() - used
    first, last = (seconds * 1000 / 4 / TURNS for seconds in spent.values())
    say(
        capsys,
        f"page 1: {first:.1f} ms, page {PAGE:,} of {len(paths):,}: {last:.1f} ms of the server's processor time",
    )
    assert last < 2 * first


def test_import_and_export(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    made = server.http.post("/v3/contact_lists", json={"name": "Imported"}).json()["list_id"]
    lines = ["email,first_name,last_name"]
    lines += [f"row.{number}@example.net,First,Last {number}" for number in range(ROWS - 1)]
    file = ("people.csv", io.BytesIO("\n".join(lines).encode()), "text/csv")
    begun, used = time.monotonic(), server.cpu()
    answer = server.http.post(
        "/v3/activities/contacts_file_import", files={"file": file}, data={"list_ids": made}
    )
    assert answer.status_code == 201, answer.text
    done = server.finished(answer.json())
    imported, import_cpu = time.monotonic() - begun, server.cpu() - used
    assert done["status"]["person_count"] == ROWS - 1
    begun, used = time.monotonic(), server.cpu()
    order = server.http.post("/v3/activities/contact_exports", json={"list_ids": [made]}).json()
    text = server.http.get(server.finished(order)["_links"]["results"]["href"]).text
    exported, export_cpu = time.monotonic() - begun, server.cpu() - used
    assert len(text.splitlines()) == ROWS
    say(
        capsys,
        f"{ROWS:,} rows: import {imported:.1f} s, export {exported:.1f} s, of the server's processor time"
        f" {import_cpu:.1f} s and {export_cpu:.1f} s, {server.most_memory():.0f} MiB",
    )
    assert import_cpu < 10 and export_cpu < 10
    assert server.most_memory() < 1536


def hammer(host: str, port: int, token: str, seconds: float) -> int:
    """Sends one small GET after another over one connection; the number of 200s."""
    request = (
        f"GET /v3/contact_tags?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    good = 0
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(request)
            answer = connection.recv(65_536)
            # One write for an answer: head and body come together.
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}")
            good += 1
    return good


def test_thousands_of_calls_a_second(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    before = server.cpu()
    with get_context("spawn").Pool(CLIENTS) as pool:
        begun = time.monotonic()
        good = sum(pool.starmap(hammer, [(host, int(port), server.token, SECONDS)] * CLIENTS))
        wall = time.monotonic() - begun
    used = server.cpu() - before
    say(
        capsys,
        f"{good:,} answers of 200 in {wall:.1f} s from {CLIENTS} clients: {good / wall:,.0f} a second; "
        f"{good / used:,.0f} a second of the server's own processor time",
    )
    assert good / used >= 2000


def test_the_journal_has_every_call(server: Server) -> None:
    entries = json.loads(server.http.get("/_sim/journal?after=0").content)
    numbers = [entry["seq"] for entry in entries]
    assert numbers == list(range(1, len(numbers) + 1)) and entries[0]["effect"]["contacts"] == CONTACTS
