"""Faults in mid-import: workers killed and stopped, the broker emptied, answers lost. It ends complete all the same.

Truth is the simulator's journal. With PATCHBAY_LONG the lease is the default one and the file has 10,000 people.
"""

import hashlib
import os
import signal
import time

import psycopg
import pytest
import redis

from tests.faults.conftest import Stack
from tests.faults.watching import IMPORT_PATH, WITHIN, Watched
from tests.harness import until
from tests.long import LONG, LONG_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
STOPPED_SECONDS = 40.0 if LONG else 7.0  # longer than the lease


def slow_down(watched: Watched, method: str, path: str, *, skip: int = 0, seconds: float = 6.0) -> None:
    """Let the simulator do the work of a call, and keep its answer back."""
    wish = {"match": f"^{path}$", "method": method, "skip": skip, "delay_seconds": seconds}
    watched.patchbay.simulator.ask("/_sim/faults", wish)


def arrived(watched: Watched, method: str, path: str) -> int:
    """How many such calls the simulator has seen since the import's start."""
    entries = watched.patchbay.simulator.ask(f"/_sim/journal?after={watched.journal_before}")
    return sum((entry["method"], entry["path"]) == (method, path) for entry in entries)


def worker_of(watched: Watched) -> int:
    """The process that has the import's step in hand."""
    return int(watched.job["worker"].rpartition(":")[2])


def test_a_worker_killed_while_it_reads_sends_and_waits(stack: Stack) -> None:
    worker = stack.patchbay.program("worker")
    killed = stack.release("killed")
    killed.until_stage("reading")
    os.killpg(worker, signal.SIGKILL)
    slow_down(killed, "POST", IMPORT_PATH, skip=1)

    until(lambda: arrived(killed, "POST", IMPORT_PATH) == 2, 60, "the second batch on its way")
    stack.patchbay.kill_group("worker")  # it was taken there, and nobody here knows

    if LONG:
        killed.until_stage("processing")
        looks = arrived(killed, "GET", "/v3/activities")  # those for the lost answer
        slow_down(killed, "GET", "/v3/activities")
        until(lambda: arrived(killed, "GET", "/v3/activities") > looks, 60, "a look at the activities")
        stack.patchbay.kill_group("worker")

    assert killed.wait() < WITHIN
    killed.assert_complete()
    lost = [step["stage"] for step in killed.steps if step["outcome"] == "lost"]
    assert lost == ["reading", "sending", *(["processing"] if LONG else [])]
    assert [batch["sendings"] for batch in killed.batches] == [1] * len(killed.batches)


def test_a_broker_that_forgets_everything(stack: Stack) -> None:
    flushed = stack.release("flushed")
    with redis.Redis.from_url(stack.patchbay.environment["BROKER_URL"]) as broker:
        for stage in ("reading", "sending", "processing"):
            flushed.until_stage(stage)
            assert broker.flushall()

        assert flushed.wait() < WITHIN

    flushed.assert_complete()
    assert {step["outcome"] for step in flushed.steps} == {"done"}


@LONG_ONLY
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(stack: Stack) -> None:
    unanswered = stack.release("unanswered")
    post = {"match": f"^{IMPORT_PATH}$", "method": "POST", "skip": 1, "drop_response": True}
    simulator = stack.patchbay.simulator
    simulator.ask("/_sim/faults", post)  # the second batch is taken
    simulator.ask("/_sim/faults", {**post, "status": 500})  # the third is not

    assert unanswered.wait() < WITHIN

    unanswered.assert_complete()
    batches = unanswered.batches
    assert [batch["sendings"] for batch in batches] == [1, 1, 2, *[1] * (len(batches) - 3)]
    assert [batch["looked"] for batch in batches][:2] == [0, 1]
    entries = unanswered.imports()
    assert [entry["effect"] is None for entry in entries] == [
        False,
        False,
        True,
        *[False] * (len(batches) - 2),
    ]
    again = entries[3]["effect"]["activity"]
    assert again["file_name"] == batches[2]["file_name"]
    assert hashlib.sha256(again["order"]["text"].encode()).hexdigest() == batches[2]["sha256"]


@LONG_ONLY
def test_a_worker_stopped_while_a_batch_is_on_its_way(stack: Stack) -> None:
    stopped = stack.release("stopped")
    slow_down(stopped, "POST", IMPORT_PATH, skip=1, seconds=3)
    until(lambda: arrived(stopped, "POST", IMPORT_PATH) == 2, 60, "the second batch on its way")
    worker, began = worker_of(stopped), time.monotonic()
    os.kill(worker, signal.SIGSTOP)
    try:
        fence = stopped.job["fence"]
        until(lambda: stopped.job["fence"] > fence, 60, "another worker")
        time.sleep(max(0.0, STOPPED_SECONDS - (time.monotonic() - began)))
    finally:
        os.kill(worker, signal.SIGCONT)

    assert stopped.wait() < WITHIN
    time.sleep(1)  # what the first worker would still do wrong, it does now
    stopped.assert_complete()
    assert [
        (step["stage"], step["worker"].rpartition(":")[2])
        for step in stopped.steps
        if step["outcome"] == "lost"
    ] == [("sending", str(worker))]
    assert [batch["sendings"] for batch in stopped.batches] == [1] * len(stopped.batches)


@LONG_ONLY
def test_a_worker_stopped_with_a_job_in_hand_holds_up_no_other(stack: Stack) -> None:
    """Stopped inside its transaction it keeps the row's lock: the others must not queue up behind that."""
    held = stack.release("held")
    worker = stop_inside_a_transaction(held)
    try:
        lease = float(stack.patchbay.settings.get("JOB_LEASE_SECONDS", "30"))
        time.sleep(lease + 2)  # now it looks as if it were due
        beside = stack.release("beside")

        assert beside.wait() < WITHIN
    finally:
        os.kill(worker, signal.SIGCONT)

    assert held.wait() < WITHIN
    held.contacts_before, beside.contacts_before = beside.contacts_before, held.contacts_before
    assert held.job["state"] == beside.job["state"] == "done"


def stop_inside_a_transaction(watched: Watched) -> int:
    """SIGSTOP the import's worker at a moment at which it has the job's row locked."""
    while True:
        job = watched.until_stage("reading", "comparing", "batching")
        worker = int(job["worker"].rpartition(":")[2] or 0)
        if not worker:
            continue
        os.kill(worker, signal.SIGSTOP)
        try:
            watched.sql("SELECT 1 FROM syncjobs_syncjob WHERE id = %s FOR UPDATE NOWAIT", watched.job_id)
        except psycopg.errors.LockNotAvailable:
            return worker
        os.kill(worker, signal.SIGCONT)
