"""Grants under faults: killed, unanswered and refused renewals by many processes; none is lost by us.

A grant is lost by us if its end could have been avoided by whoever held its tokens. One that ends because the
provider used up its refresh token, gave the next in an answer that never arrived, and knows no grace, is not: nobody
has a token for it any more. So there are four arms: all faults, where the provider has a grace; all faults that lose no
pair, where it has none; those that do, where it has none; and, as a control, the second with a lock that expires. With
PATCHBAY_LONG the first has 10,000 renewals.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections as databases

from config import demo
from connections import facts, health, tenancy, tokens, vault
from connections.models import Connection, ConnectionToken, QuotaPool
from tests.connections.test_tokens import mint, renewals
from tests.faults import wire
from tests.faults.refreshers import Killed, Process, Refreshers
from tests.faults.wire import Wire
from tests.harness import open_folder
from tests.long import LONG

pytestmark = [pytest.mark.timeout(3600 if LONG else 240)]
PROCESSES = 8
EVERYTHING = {
    "pass": 70,
    "slow": 1,
    "throttled": 4,
    "error_before": 3,
    "error_after": 3,
    "lost_before": 3,
    "lost_after": 4,
    "cut": 2,
    "garbage": 2,
    "too_slow": 1,
    "kill_before": 2,
    "kill_during": 3,
    "kill_after": 2,
}
NO_PAIR_LOST = {"pass": 35, "slow": 50, "throttled": 5, "error_before": 3, "lost_before": 4, "kill_before": 3}


@dataclass
class Place:
    """A simulator behind a wire, connections of one account, and processes that use them."""

    simulator: Any
    wire: Wire
    rows: list[Connection]
    killed: int = 0
    stuck: list[str] = field(default_factory=list)
    living: dict[int, Process] = field(default_factory=dict)

    def spoil(self, seconds: float) -> None:
        """Let every access token end in so many seconds, and any pause be over."""
        ConnectionToken.objects.using("operator").update(
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds), retry_at=None
        )

    def versions(self) -> dict[Any, int]:
        return dict(ConnectionToken.objects.using("operator").values_list("connection_id", "version"))

    def lost(self) -> set[Any]:
        rows = Connection.objects.using("operator").exclude(status="active")
        return set(rows.values_list("pk", flat=True))

    def refusals(self) -> int:
        """How often the provider called a refresh token invalid."""
        return sum(entry["status"] == 400 for entry in renewals(self.simulator))

    def order(self, row: Connection) -> dict[str, Any]:
        """Whom it is about, and what a process must know of this place."""
        whom = [str(row.tenant_id), str(row.environment_id), str(row.pk)]
        return {"connection": whom, "settings": {"SIMULATOR_URL": self.wire.url}}

    def round(self, refreshers: Refreshers, way: str, *, twice: bool = False, once: bool = False) -> None:
        """Each connection used by some process until it has a new pair (or `once`); a killed one is replaced."""
        before = self.versions()
        orders: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for number, row in enumerate(self.rows):
            for _ in range(2 if twice or number % 5 == 0 else 1):
                orders.put(row)

        def lane() -> None:
            process = self._fork(refreshers)
            with contextlib.suppress(queue.Empty):
                while True:
                    row = orders.get_nowait()
                    process = self._use(refreshers, process, way, row, before[row.pk], once=once)
            self.living.pop(process.pid, None)
            process.close()

        lanes = [threading.Thread(target=lane) for _ in range(PROCESSES)]
        for one in lanes:
            one.start()
        for one in lanes:
            one.join()

    def _fork(self, refreshers: Refreshers) -> Process:
        process = refreshers.fork()
        self.living[process.pid] = process
        return process

    def _use(
        self, refreshers: Refreshers, process: Process, way: str, row: Connection, before: int, *, once: bool
    ) -> Process:
        """Until the pair is a new one, or somebody must reconnect."""
        order = {"way": way, **self.order(row)}
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                answer = process.ask(order)
            except Killed:
                self.killed += 1
                self.living.pop(process.pid, None)
                process.close()
                process = self._fork(refreshers)
                continue
            if once or answer["version"] > before or answer["error"] == "InvalidGrant":
                return process
            # The pause after a plain refusal is not waited out here; one that keeps a doubt apart is.
            ConnectionToken.objects.using("operator").filter(pk=row.pk, asks=0).update(retry_at=None)
            databases["operator"].close()  # this thread's; the pool has few
            time.sleep(0.1)
        self.stuck.append(f"{row.pk}: {answer}")
        return process


@pytest.fixture
def place(world, simulator, settings_of) -> Iterator[Any]:
    """Makes places of so many connections; the processes are told the wire's address, and nothing of its faults."""
    from django.core.management import call_command

    with Wire(simulator.url) as wired:
        settings_of(SIMULATOR_URL=wired.url)
        call_command("ensure_defaults", simulator_url=wired.url, verbosity=0)
        QuotaPool.objects.update(token_calls_per_second=1000, calls_per_second=1000, calls_per_day=10_000_000)

        def make(many: int, **switches: Any) -> Place:
            simulator.ask("/_sim/switches", {"token_calls_per_second": 0, **switches}, "PUT")
            first = demo.link(world.scope())
            rows = [first, *_more(simulator, first, many - 1)]
            made = Place(simulator, wired, rows)
            wired.pids = lambda: list(made.living)
            return made

        yield make


def _more(simulator: Any, like: Connection, many: int) -> list[Connection]:
    made = []
    for number in range(many):
        grant = mint(simulator)
        with tenancy.acting_for(like.tenant_id, like.environment_id):
            row = Connection.objects.create(
                tenant_id=like.tenant_id,
                environment_id=like.environment_id,
                provider_app_id=like.provider_app_id,
                account_id=like.account_id,
                customer_ref=f"other-{number}",
                status="active",
            )
            tokens.store(row, grant, datetime.now(UTC))
        made.append(row)
    return made


@pytest.fixture(scope="module")
def refreshers() -> Iterator[Refreshers]:
    with open_folder() as folder, Refreshers(folder) as made:
        yield made


def show(capsys: Any, title: str, place: Place, began: float, **facts: Any) -> None:
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    with capsys.disabled():
        print(f"\n{title}: {said}; killed {place.killed}, {time.monotonic() - began:.0f} s")
        print(f"  first tries {dict(place.wire.counts)}, further tries {place.wire.repeated}")


# --- One call for 64 threads in 8 processes ------------------------------------------------------------------


def test_sixty_four_threads_in_eight_processes_make_one_token_call(place, refreshers, capsys):
    """At the real pace of one token call a second."""
    here = place(1, token_calls_per_second=1)
    QuotaPool.objects.update(token_calls_per_second=1)
    order, rounds = {"threads": 8, **here.order(here.rows[0])}, 10 if LONG else 2
    order["settings"] |= {
        "JOB_LEASE_SECONDS": 200
    }  # 64 calls at once on a busy machine may each take a while
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(refreshers.one()) for _ in range(8)]
        for number in range(rounds):
            here.spoil(-1)
            for process in found:
                process.send({**order, "at": time.time() + 1.0})
            failures = [failure for process in found for failure in process.answer()]
            assert failures == []
            assert len(renewals(here.simulator)) == number + 1
            time.sleep(1.1)
    used = [entry for entry in here.simulator.calls() if entry["path"].endswith("/privileges")]
    with capsys.disabled():
        print(f"\n8 processes of 8 threads, {rounds} times: {len(renewals(here.simulator))} token calls")
    assert [entry["status"] for entry in used[-64 * rounds :]] == [200] * 64 * rounds


# --- Nothing is lost by us -----------------------------------------------------------------------------------


def test_no_grant_is_lost_by_any_fault_where_there_is_a_grace(place, refreshers, capsys):
    """Killed before, during and after; unanswered; slow; 429; 500: each answer that was lost is asked for again."""
    many, rounds = (200, 50) if LONG else (24, 2)
    here, began = place(many, refresh_grace_seconds=30), time.monotonic()
    here.wire.strike(**EVERYTHING if LONG else {**EVERYTHING, "pass": 20, "slow": 0, "too_slow": 0})
    for number in range(rounds):
        here.spoil(300 if number % 2 else -1)
        here.round(refreshers, "ours")
        # The grace of this round's renewals is over: whoever stored the wrong pair loses its grant in the next.
        here.simulator.ask("/_sim/clock", {"advance_seconds": 60})
    struck = dict(here.wire.counts)
    here.wire.strike(**{"pass": 1})
    here.spoil(-1)
    here.round(refreshers, "ours")
    here.wire.counts.update(struck)
    done = sum(here.versions().values()) - many
    lost = here.lost()
    show(capsys, "Grace, all faults", here, began, renewals=done, refused=here.refusals(), lost=len(lost))
    assert here.stuck == []
    assert (lost, here.refusals()) == (set(), 0)
    assert set(here.versions().values()) == {rounds + 2}, "one pair for each time that one was wanted"
    assert here.killed >= (200 if LONG else 1)
    assert not ConnectionToken.objects.using("operator").exclude(asks=0, asking=None, failures=0).exists()


@pytest.mark.parametrize("way", ["ours", "a lock that expires"])
def test_where_there_is_no_grace_two_askers_would_end_the_grant(place, refreshers, capsys, way):
    """No pair is lost on its way here, so every lost grant is lost by who asked twice. The second way does."""
    many, rounds = (100, 10) if LONG else (8, 1)
    here, began = place(many), time.monotonic()
    here.wire.strike(**NO_PAIR_LOST)
    for _ in range(rounds):
        here.spoil(-1)
        here.round(refreshers, way, twice=True)
    done, lost = sum(here.versions().values()) - many, here.lost()
    show(capsys, f"No grace, {way}", here, began, renewals=done, refused=here.refusals(), lost=len(lost))
    assert here.stuck == []
    if way == "ours":
        unheard = here.wire.counts[
            "unheard"
        ]  # pairs that were lost after all, to a machine too busy to listen
        assert len(lost) == here.refusals() <= unheard
        assert done == many * rounds - len(lost)
    else:
        assert lost, "the control arm must be able to fail"


def test_where_there_is_no_grace_the_unanswered_are_lost_and_not_before_their_end(place, refreshers, capsys):
    """The provider has the only refresh token: the access token is used to its end, and people are told when."""
    many = 400 if LONG else 16
    here, began = place(many), time.monotonic()
    facts.keep("refresh_grace_seconds", "0", "by hand", datetime.now(UTC))
    here.wire.strike(**EVERYTHING | {"pass": 10, "slow": 0, "kill_after": 0, "too_slow": 0})
    whose = {_refresh_token(row): row.pk for row in here.rows}
    here.spoil(500)
    for _ in range(2):
        here.round(refreshers, "ours", once=True)
    assert here.lost() == set()
    waiting = list(health.with_token(Connection.objects.using("operator")).filter(token__asks__gt=0))
    assert all(row.token.asks == 1 for row in waiting), "nobody asks again before the end"
    assert {health.of(row).word for row in waiting} <= {"Late", "Working"}
    gone = {whose[token] for token, kind in here.wire.struck.items() if kind in wire.DONE_AND_LOST}
    assert gone
    assert gone <= {row.pk for row in waiting}
    here.wire.strike(**{"pass": 1})
    ConnectionToken.objects.using("operator").filter(asks__gt=0).update(
        expires_at=datetime.now(UTC), retry_at=None
    )
    here.round(refreshers, "ours", once=True)
    lost, counts = here.lost(), {"grants": many, "in_doubt": len(waiting), "unanswered": len(gone)}
    show(capsys, "No grace, pairs lost", here, began, **counts, lost=len(lost))
    assert lost == gone
    words = Connection.objects.using("operator").filter(pk__in=gone).values_list("last_error", flat=True)
    assert set(words) == {tokens.ANSWER_LOST}


def _refresh_token(row: Connection) -> str:
    found = ConnectionToken.objects.using("operator").get(connection_id=row.pk)
    return vault.open_sealed(found.refresh_sealed, tokens.place(found, "refresh")).reveal()
