"""P9 for real: processes that wait for turns in PostgreSQL and call the stand-in over HTTP, which counts by itself.

480 calls in each mode are shared out over every limiter of the stand-in and 1 to 16 processes, with late arrivals and
slow answers by turns. Ours: not one refusal, and 0.97 of what the mode allows, measured over all settings of a mode.
"""

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]
LIMITERS = ("sliding", "fixed", "bucket")
PROCESSES = (1, 2, 4, 8, 16)
# Seconds that a call may arrive late, and that its answer takes.
ROADS = ((0.0, 0.02), (0.02, 0.05), (0.05, 0.3), (0.1, 0.1))
CALLS = 480
TARGET = 0.97
WAKE_MS = 50  # what the paced mode allows for our own delay, on a machine that has other things to do


def real_figures(short: bool) -> Iterator[dict[str, Any]]:
    """Both modes; then the peer: processes that keep to four a second by themselves."""
    from tests import plugin

    plugin.set_up()
    simulator, origin = _simulator()
    workers: list[Worker] = []
    try:
        processes = (2, 4) if short else PROCESSES
        limiters = LIMITERS[:1] if short else LIMITERS
        each = 8 if short else CALLS // (len(LIMITERS) * len(PROCESSES))
        stage = Stage(origin)
        workers += [Worker() for _ in range(max(processes))]
        for worker in workers:
            worker.answer()  # it has loaded everything
        for mode in ("anchored", "paced"):
            yield stage.run(mode, list(product(limiters, processes)), each, workers)
        yield stage.alone(workers[: 4 if not short else 2], each)
    finally:
        for worker in workers:
            worker.stop()
        simulator.terminate()
        simulator.wait(10)
        plugin.pytest_unconfigure(None)  # type: ignore[arg-type]  # looks at no configuration


def _simulator() -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "connections.simulator", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


class Worker:
    """One process that makes calls on command."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.limiter_real"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )

    def ask(self, order: dict[str, Any]) -> None:
        """Give it something to do."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What it has done."""
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(20)


class Stage:
    """The pool, the stand-in and its journal."""

    def __init__(self, origin: str, *, wake_ms: int = WAKE_MS, spread: int = 1) -> None:
        from connections.models import QuotaPool

        self.origin = origin
        # What the paced mode allows for, as a multiple of how much later than another a call can arrive.
        self.wake_ms, self.spread = wake_ms, spread
        # What goes wrong besides in each setting.
        self.faults: list[dict[str, Any]] = []
        self.pool = QuotaPool.objects.create(name="benchmark", calls_per_day=1_000_000)
        (app,) = (self.ask("/_sim/apps") or [{}])[:1]
        self.ask(f"/_sim/apps/{app['client_id']}", {"per_second": 4, "per_day": 0}, "PUT")
        self.token = self.ask("/_sim/token", {})["access_token"]

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """One control call."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.origin + path, data, {"Content-Type": "application/json"})
        request.method = method or ("POST" if data else "GET")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def run(
        self, mode: str, settings: list[tuple[str, int]], each: int, workers: list[Worker]
    ) -> dict[str, Any]:
        """One mode through all its settings."""
        taken = allowed = 0.0
        worst = 1.0
        calls = refused = 0
        roads = cycle(ROADS)
        for limiter, processes in settings:
            # One process makes one call after the other: with slow answers it could not use every turn.
            late, answer = next(roads) if processes > 1 else ROADS[1]
            found = self._setting(mode, limiter, workers[:processes], each, late, answer)
            calls += found["calls"]
            refused += found["refused"]
            taken += found["seconds"]
            allowed += found["theory"]
            worst = min(worst, found["theory"] / found["seconds"])
        return {
            "id": "P9-real",
            "arm": "ours",
            "mode": mode,
            "settings": len(settings),
            "calls": calls,
            "refused": refused,
            "seconds": round(taken, 2),
            "use_of_bound": round(allowed / taken, 4),
            "worst_use": round(worst, 3),
            "load_average": round(os.getloadavg()[0], 1),
            "holds": refused == 0 and allowed / taken >= TARGET,
        }

    def _setting(
        self, mode: str, limiter: str, workers: list[Worker], each: int, late: float, answer: float
    ) -> dict[str, Any]:
        from connections.models import QuotaPool

        jitter = (round(late * 1000) + self.wake_ms) * self.spread
        QuotaPool.objects.filter(pk=self.pool.pk).update(pacing=mode, jitter_ms=jitter)
        self.ask("/_sim/switches", {"limiter": limiter}, "PUT")
        self.ask("/_sim/faults", None, "DELETE")
        for wish in (*self.faults, {"times": None, "delay_seconds": answer}):
            self.ask("/_sim/faults", {"match": "^/v3/", **wish})
        since = self.ask("/_sim/state")["journal_seq"]
        time.sleep(1.2)  # all places are free, as the theory begins
        for number, worker in enumerate(workers):
            share = each // len(workers) + (number < each % len(workers))
            worker.ask(self._order(share, late, pool=str(self.pool.pk)))
        answers = [worker.answer() for worker in workers]
        journal = [one for one in self.ask(f"/_sim/journal?after={since}") if one["path"].startswith("/v3/")]
        sent = sorted(at for one in answers for at in one["sent"])
        trips = [seconds for one in answers for seconds in one["trips"]]
        trip = sum(trips) / len(trips)
        free = 4 if mode == "anchored" else 1  # calls that leave before any must be waited for
        turn = (1.0 + trip) / 4 if mode == "anchored" else (1.0 + jitter / 1000) / 4
        return {
            "calls": len(journal),
            "refused": sum(one["status"] == 429 for one in journal),
            "seconds": sent[-1] - sent[0],
            "theory": (len(sent) - free) * turn,
        }

    def _order(self, calls: int, late: float, **other: Any) -> dict[str, Any]:
        return {"calls": calls, "late": late, "url": self.origin, "token": self.token, **other}

    def alone(self, workers: list[Worker], each: int) -> dict[str, Any]:
        """The peer: each process keeps to four a second, and knows of no other."""
        self.ask("/_sim/switches", {"limiter": "sliding"}, "PUT")
        self.ask("/_sim/faults", None, "DELETE")
        time.sleep(1.1)
        since = self.ask("/_sim/state")["journal_seq"]
        for worker in workers:
            worker.ask(self._order(each, 0.0))
        for worker in workers:
            worker.answer()
        journal = [one for one in self.ask(f"/_sim/journal?after={since}") if one["path"].startswith("/v3/")]
        refused = sum(one["status"] == 429 for one in journal)
        return {
            "id": "P9-real",
            "arm": "four a second in each process",
            "processes": len(workers),
            "calls": len(journal),
            "refused": refused,
            "refused_share": round(refused / len(journal), 3),
            "holds": None,
        }


def work() -> None:
    """A worker's life: an order a line, an answer a line, until there is none."""
    import django

    django.setup()
    import httpx

    from connections.quota import permits

    with httpx.Client(timeout=10) as client:
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            sent, trips = [], []
            chance = random.Random(os.getpid())
            for _ in range(order["calls"]):
                permit = None
                if "pool" in order:
                    permit = permits.admit(UUID(order["pool"]), wait_seconds=60)
                else:
                    time.sleep(0.25)
                began = time.monotonic()
                time.sleep(chance.uniform(0, order["late"]) if order["late"] else 0)
                headers = {"Authorization": f"Bearer {order['token']}"}
                client.get(order["url"] + "/v3/account/summary", headers=headers)
                if permit is not None:
                    trips.append(time.monotonic() - began)
                    permit.close(delivered=True)
                sent.append(began)
            print(json.dumps({"sent": sent, "trips": trips}), flush=True)


if __name__ == "__main__":
    work()
