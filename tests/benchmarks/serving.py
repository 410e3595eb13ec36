"""P16 and P17: what the API adds to a call, and how near reading our own copy comes to the least that could be done.

P16  a GET of a page through the 1-to-1 route against the same GET made directly, one after the other, with an upstream
     that answers at once and one that takes 50 ms; then a body of 100 MB, while the web process's memory is watched.
P17  the unified list from the mirror against a view written by hand for it: the same rows, the same shape, its token
     looked up by one statement, and nothing else; besides, statements and provider calls of ours.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
PAGE = json.dumps(
    {
        "contacts": [
            {"contact_id": f"{number:032}", "first_name": "Pat", "note": "x" * 300} for number in range(50)
        ]
    }
).encode()
BIG, PIECE = 100 * 2**20, b"x" * 2**16
MOST_ADDED_MS, MOST_P99_MS, MOST_RATIO, MOST_MEMORY = 6.0, 20.0, 1.20, 8 * 2**20
LEAST_SHARE, MOST_STATEMENTS = 0.45, 4


class Upstream(BaseHTTPRequestHandler):
    """Stands where the provider would: a page, at once or after a while, and a body that is large."""

    protocol_version = "HTTP/1.1"
    wait = 0.0
    disable_nagle_algorithm = True  # head and body are two writes

    def do_GET(self) -> None:  # the library's name
        time.sleep(type(self).wait)
        is_big = "big" in self.path
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if is_big else "application/json")
        self.send_header("Content-Length", str(BIG if is_big else len(PAGE)))
        self.end_headers()
        if not is_big:
            self.wfile.write(PAGE)
            return
        for _ in range(BIG // len(PIECE)):
            self.wfile.write(PIECE)

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def web(simulator_url: str) -> Iterator[tuple[str, int]]:
    """The web server as `up` starts it, with one process: its address, and the number of that process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    wide = {"API_TOKEN_CALLS_PER_WINDOW": "1000000", "ACCOUNT_CALLS_PER_WINDOW": "1000000"}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--blocking-threads",
        "8",
        "--no-ws",
    ]
    environment = {
        **os.environ,
        **wide,
        "PUBLIC_URL": url,
        "SIMULATOR_URL": simulator_url,
        "LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/healthz").status_code == 200:
                        break
                time.sleep(0.1)
            from config.embedded.processes import descendants

            [worker] = descendants(process.pid)[:1]
            yield url, worker
        finally:
            process.terminate()
            process.wait(20)


def _account(url: str) -> Any:
    """A linked account of a fresh simulator, with limits that are never met."""
    from connections.models import QuotaPool
    from tests.benchmarks.linked import Account
    from tests.flows.importing import Person

    account = Account(url)
    person = Person(account.world)
    QuotaPool.objects.using("operator").update(calls_per_second=100_000, calls_per_day=100_000_000)
    return account, person


def _token(person: Any) -> str:
    from connections.models import Environment
    from connections.programs import keys

    with person.scope.transaction():
        environment = Environment.objects.get(pk=person.scope.environment_id)
        return keys.create(environment, "Benchmark", scopes=[keys.EVERYTHING])[1].reveal()


def _resident(pid: int) -> int:
    """The memory of a process now, in bytes."""
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) * 1024


def _timed(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    took = time.perf_counter() - began
    assert answer.status_code == 200 and answer.content == PAGE, (answer.status_code, answer.text[:300])
    return took


def p16(short: bool) -> Iterator[dict[str, Any]]:
    """The 1-to-1 route: milliseconds added, the ratio at 50 ms, and memory while 100 MB pass."""
    from tests import plugin

    plugin.set_up()
    try:
        from connections.models import ProviderApp
        from tests.benchmarks.imports import simulator

        with simulator() as simulated, upstream() as there:
            _, person = _account(simulated)
            places = dict.fromkeys(("api_url", "authorize_url", "token_url", "revoke_url"), there)
            ProviderApp.objects.using("operator").filter(kind="test").update(**places)
            headers = {
                "Authorization": f"Bearer {_token(person)}",
                "X-Integrated-Account-Id": str(person.connection.pk),
            }
            with web(there) as (url, worker), httpx.Client(headers=headers, timeout=60) as client:
                yield from _calls(client, there, url, 40 if short else 400)
                yield _stream(client, url, worker)
    finally:
        plugin.take_down()


def _calls(client: httpx.Client, there: str, url: str, many: int) -> Iterator[dict[str, Any]]:
    for wait in (0.0, 0.05):
        Upstream.wait = wait
        pairs = []
        for _ in range(many + 10):  # turn about, so that both meet the same machine
            pairs.append(
                (_timed(client, f"{there}/v3/contacts"), _timed(client, f"{url}/api/custom/v3/contacts"))
            )
        direct, through = (sorted(one) for one in zip(*pairs[10:], strict=True))
        added = [1000 * (ours - theirs) for theirs, ours in pairs[10:]]
        ratio = statistics.median(through) / statistics.median(direct)
        p50, p99 = statistics.median(added), sorted(added)[int(0.99 * len(added))]
        holds = ratio <= MOST_RATIO if wait else p50 <= MOST_ADDED_MS and p99 <= MOST_P99_MS
        yield {
            "id": f"P16 upstream {round(1000 * wait)} ms",
            "arm": "ours",
            "holds": holds,
            "calls": len(added),
            "direct_p50_ms": round(1000 * statistics.median(direct), 2),
            "added_p50_ms": round(p50, 2),
            "added_p99_ms": round(p99, 2),
            "ratio": round(ratio, 3),
        }
    Upstream.wait = 0.0


def _stream(client: httpx.Client, url: str, worker: int) -> dict[str, Any]:
    """One large body, read piece by piece; the highest that the web process came to above where it stood."""
    before = highest = _resident(worker)
    got = altered = 0
    with client.stream("GET", f"{url}/api/custom/v3/big") as answer:
        for piece in answer.iter_raw(2**20):
            got += len(piece)
            altered += len(piece) - piece.count(b"x")
            highest = max(highest, _resident(worker))
    return {
        "id": "P16 100 MB",
        "arm": "ours",
        "holds": got == BIG and altered == 0 and highest - before <= MOST_MEMORY,
        "bytes": got,
        "altered": altered,
        "memory_mib": round((highest - before) / 2**20, 2),
    }


# --- P17 -----------------------------------------------------------------------------------------------------

_FILL = """
INSERT INTO mapping_mirrorcontact (tenant_id, environment_id, connection_id, email_key, contact_id, standing,
    permission, values, values_hash, list_ids, tag_ids, seen_at, changed_at)
SELECT %(tenant)s, %(environment)s, %(connection)s, 'person' || lpad(n::text, 8, '0') || '@people.example',
    gen_random_uuid(), 'active', 'implicit',
    jsonb_build_object('first_name', 'Pat', 'last_name', 'Person ' || n, 'cf:plan', 'gold', 'city', 'Boston'), '',
    ARRAY[%(list)s::uuid], ARRAY[]::uuid[], now(), now()
FROM generate_series(1, %(many)s) n
"""
_ROWS = (
    "SELECT contact_id, email_key, standing, permission, values, list_ids, tag_ids, seen_at FROM mapping_mirrorcontact "
    "WHERE connection_id = %s AND standing IN ('active', 'unsubscribed') ORDER BY email_key LIMIT 101"
)


def by_hand(request: Any, account: Any) -> Any:
    """The least that answers the same: one statement for the rows, one dictionary each, no filter, no cursor read."""
    from django.db import connection as database
    from django.http import HttpResponse

    from connections import tenancy

    with tenancy.acting_for(account.tenant_id, account.environment_id), database.cursor() as cursor:
        cursor.execute(_ROWS, [account.pk])
        rows = cursor.fetchall()
    result = []
    for contact_id, email, standing, permission, kept, lists, tags, seen_at in rows[:100]:
        values = kept if isinstance(kept, dict) else json.loads(kept)
        first, last = values.get("first_name"), values.get("last_name")
        result.append(
            {
                "id": str(contact_id),
                "first_name": first,
                "last_name": last,
                "name": f"{first} {last}",
                "email": email,
                "phones": [],
                "addresses": [{"city": values.get("city")}],
                "lists": [{"id": str(one)} for one in lists],
                "tags": [{"id": str(one)} for one in tags],
                "status": "active" if permission == "implicit" else standing,
                "updated_at": seen_at.isoformat(),
                "custom_fields": {"plan": values.get("cf:plan")},
            }
        )
    return HttpResponse(
        json.dumps({"result": result, "next_cursor": rows[99][1]}), content_type="application/json"
    )


def p17(short: bool) -> Iterator[dict[str, Any]]:
    """Both views in this process, behind the same door: pages a second, statements, provider calls."""
    from tests import plugin

    plugin.set_up()
    try:
        from tests.benchmarks.imports import simulator

        with simulator() as simulated:
            yield _pages(simulated, 20_000 if short else 1_000_000, 60 if short else 600)
    finally:
        plugin.take_down()


def _pages(simulated: str, many: int, rounds: int) -> dict[str, Any]:
    from django.db import connections
    from django.test import RequestFactory

    from connections.models import ProviderCall
    from mapping import mirror
    from mapping.api import mirrored
    from mapping.models import MirrorState
    from mapping.unified import asking

    account, person = _account(simulated)
    connection = person.connection
    with person.scope.transaction():
        state = mirror.state(connection)
        MirrorState.objects.filter(pk=state.pk).update(read_at=connection.linked_at, total=many)
    with connections["operator"].cursor() as cursor:
        here = {
            "tenant": connection.tenant_id,
            "environment": connection.environment_id,
            "connection": connection.pk,
        }
        cursor.execute(_FILL, {**here, "many": many, "list": str(connection.pk)})
        cursor.execute("ANALYZE mapping_mirrorcontact")
    before = ProviderCall.objects.using("operator").count()
    asked = [("limit", "100"), ("truto_super_query", "wnam")]
    request = RequestFactory().get("/")

    def ours() -> Any:
        return mirrored.listed(connection, asking.read(asked))

    def peer() -> Any:
        return by_hand(request, connection)

    assert len(json.loads(ours().content)["result"]) == len(json.loads(peer().content)["result"]) == 100
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, is_many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, is_many, context)

    with connections["default"].execute_wrapper(note):
        ours()
    took = {"ours": 0.0, "peer": 0.0}
    for _ in range(rounds):  # turn about, so that both meet the same machine
        for name, view in (("ours", ours), ("peer", peer)):
            began = time.perf_counter()
            view()
            took[name] += time.perf_counter() - began
    share = took["peer"] / took["ours"]
    calls = ProviderCall.objects.using("operator").count() - before
    return {
        "id": "P17",
        "arm": "ours",
        "holds": share >= LEAST_SHARE and len(statements) <= MOST_STATEMENTS and calls == 0,
        "contacts": many,
        "share_of_by_hand": round(share, 3),
        "ours_ms": round(1000 * took["ours"] / rounds, 2),
        "by_hand_ms": round(1000 * took["peer"] / rounds, 2),
        "statements": len(statements),
        "provider_calls": calls,
    }
