"""Whose turn it is: the promises of fair sharing, over histories that hypothesis and adversaries make up."""

import copy
import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.quota import fairshare
from connections.quota.fairshare import CLASSES, FLOORS, Allowance, Scheduler
from connections.quota.waiting import Ticket
from tests.benchmarks.virtual import Network, Pace, Pool, refusals
from tests.long import LONG


class Crowd:
    """A scheduler with tickets that number themselves."""

    def __init__(self, weights=None, seconds=1.0):
        self.scheduler = Scheduler()
        self.seconds = seconds  # between two arrivals
        self.number = 0
        for tenant, weight in (weights or {}).items():
            self.scheduler.weigh(tenant, weight)

    def enter(self, tenant, call_class="bulk", job="", connection=""):
        self.number += 1
        ticket = Ticket(self.number, call_class, tenant, job, connection)
        self.scheduler.enter(ticket, self.number * self.seconds)
        return self.number

    def serve(self, count, again=True):
        """So many turns; whoever was served asks again at once."""
        for _ in range(count):
            ticket = self.scheduler.take()
            if ticket is None:
                return
            if again:
                self.enter(ticket.tenant, ticket.call_class, ticket.job, ticket.connection)
            yield ticket


def jain(values):
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))


@settings(max_examples=60 if LONG else 15, deadline=None)
@given(
    st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(1, 10), min_size=2, max_size=9)
)
def test_services_by_weight_differ_by_a_call_at_most(weights):
    """T3, over every stretch in which all wait."""
    crowd = Crowd(weights)
    for tenant in weights:
        crowd.enter(tenant)
    history = [ticket.tenant for ticket in crowd.serve(150)]
    for begin in range(0, 150, 37):
        counts = Counter()
        for tenant in history[begin:]:
            counts[tenant] += 1
            for one, other in ((a, b) for a in weights for b in weights if a < b):
                lag = abs(counts[one] / weights[one] - counts[other] / weights[other])
                assert lag <= 1 / weights[one] + 1 / weights[other] + 1e-9


@pytest.mark.parametrize("tenants", [2, 7, 100])
def test_equal_weights_take_turns_in_a_fixed_order(tenants):
    crowd = Crowd()
    names = [f"{number:03}" for number in range(tenants)]
    for name in names:
        crowd.enter(name)
    assert [ticket.tenant for ticket in crowd.serve(3 * tenants)] == names * 3


@settings(max_examples=60 if LONG else 15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 40)), min_size=2, max_size=8))
def test_a_tenant_waits_for_its_weight_only(tenants):
    """T4: however long the queues of others are, ceil(W/w) turns and its own first one."""
    crowd = Crowd({str(number): weight for number, (weight, _) in enumerate(tenants)})
    for number, (_, depth) in enumerate(tenants):
        for _ in range(depth):
            crowd.enter(str(number))
    total = sum(weight for weight, _ in tenants)
    last = {str(number): -1 for number in range(len(tenants))}
    for turn, ticket in enumerate(crowd.serve(200)):
        own = tenants[int(ticket.tenant)][0]
        # Two of SFQ's bound: the stretch may begin just behind the others' batch.
        assert turn - last[ticket.tenant] <= math.ceil(total / own) + len(tenants)
        last[ticket.tenant] = turn


@settings(max_examples=60 if LONG else 15, deadline=None)
@given(st.sets(st.sampled_from(CLASSES), min_size=2))
def test_every_class_gets_its_floor(ranks):
    """T8: a rank that waits is served its share, whatever stands above it."""
    crowd = Crowd()
    for rank in ranks:
        crowd.enter("" if rank == "interactive" else "a", rank)
        crowd.scheduler.allow("", Allowance(1e9, 0.0))
    counts = Counter(ticket.call_class for ticket in crowd.serve(500))
    for rank in ranks:
        assert counts[rank] >= FLOORS.get(rank, 0) * 5 - len(ranks)


def test_the_classes_come_in_their_order():
    crowd = Crowd()
    for name in reversed(CLASSES):
        crowd.enter("a", name)
    assert [ticket.call_class for ticket in crowd.serve(6, again=False)] == list(CLASSES)


def test_always_somebody_if_anybody_may():
    """T6."""
    crowd = Crowd()
    assert crowd.scheduler.take() is None
    crowd.enter("a", "backfill")
    assert crowd.scheduler.take(["consent", "bulk"]) is None
    assert crowd.scheduler.take().call_class == "backfill"
    assert len(crowd.scheduler) == 0


def test_a_million_tickets_of_one_tenant_hold_up_nobody():
    crowd = Crowd()
    for _ in range(5_000):
        crowd.enter("greedy", job="huge")
    crowd.enter("small")
    assert "small" in {ticket.tenant for ticket in crowd.serve(2)}


def test_jobs_of_one_tenant_take_turns():
    crowd = Crowd()
    for _ in range(100):
        crowd.enter("a", job="huge")
    crowd.enter("a", job="little")
    crowd.enter("a", job="little")
    jobs = [ticket.job for ticket in crowd.serve(6, again=False)]
    assert jobs.count("little") == 2
    for _ in range(50):  # jobs that keep coming starve none that waits
        crowd.enter("a", job=f"new {crowd.number}")
    assert "huge" in [ticket.job for ticket in crowd.serve(60, again=False)]


@settings(max_examples=60 if LONG else 15, deadline=None)
@given(st.lists(st.sampled_from(["stay", "leave", "come"]), min_size=5, max_size=60))
def test_coming_and_going_earns_one_call_at_most(moves):
    """The adversary leaves its place and comes back whenever it likes; the honest one just waits."""
    crowd = Crowd()
    crowd.enter("honest")
    mine, served = crowd.enter("adversary"), Counter()
    for move in moves:
        if move == "leave" and mine:
            crowd.scheduler.withdraw(mine)
            mine = 0
        elif move == "come" and not mine:
            mine = crowd.enter("adversary")
        ticket = crowd.scheduler.take()
        served[ticket.tenant] += 1
        number = crowd.enter(ticket.tenant)
        if ticket.tenant == "adversary":
            mine = number
    assert served["adversary"] <= served["honest"] + 1


def test_who_was_away_is_owed_nothing():
    crowd = Crowd()
    crowd.enter("early")
    list(crowd.serve(50))
    crowd.enter("late")
    turns = [ticket.tenant for ticket in crowd.serve(20)]
    assert 9 <= turns.count("late") <= 11


def test_blocked_connections_stand_aside_and_come_back():
    crowd = Crowd()
    crowd.scheduler.block("stuck")
    first = crowd.enter("a", connection="stuck")
    crowd.enter("a", connection="well")
    crowd.enter("b", connection="well")
    crowd.scheduler.block("well")
    assert crowd.scheduler.take() is None
    crowd.scheduler.unblock("well")
    assert [ticket.tenant for ticket in crowd.serve(5, again=False)] == ["a", "b"]
    crowd.scheduler.unblock("stuck")
    assert crowd.scheduler.take().number == first
    crowd.scheduler.block("stuck")
    crowd.scheduler.withdraw(crowd.enter("a", connection="stuck"))
    crowd.scheduler.unblock("stuck")
    assert crowd.scheduler.take() is None


def test_who_has_used_its_share_is_passed_over_until_shares_are_new():
    crowd = Crowd()
    crowd.enter("a")
    crowd.enter("b")
    asked = []

    def may(rank, tenant):
        asked.append((rank, tenant))
        return tenant == "b"

    assert crowd.scheduler.take(may=may).tenant == "b"
    assert crowd.scheduler.take(may=may) is None
    assert asked == [("bulk", "a"), ("bulk", "b")], "who is passed over is not asked again"
    crowd.enter("b")
    crowd.scheduler.unbar()
    assert {ticket.tenant for ticket in crowd.serve(3)} == {"a", "b"}


def test_nobody_poses_as_a_waiting_person_for_long():
    """A thousand interactive calls at once: eight at once, one a second, the rest behind bulk work."""
    crowd = Crowd(seconds=0.0)
    for _ in range(1000):
        crowd.enter("poser", "interactive")
    crowd.enter("worker", "bulk")
    assert [ticket.call_class for ticket in crowd.serve(200)].count("bulk") >= 160


def test_an_allowance_refills_by_the_second_and_by_no_clock_set_back():
    allowance = Allowance()
    assert [allowance.take(100.0) for _ in range(9)] == [True] * 8 + [False]
    assert not allowance.take(40.0)
    assert not allowance.take(100.5)
    assert allowance.take(101.1)


@pytest.mark.parametrize("weight", [0, -1, 101])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match="1 to 100"):
        Scheduler().weigh("a", weight)


def test_a_new_weight_holds_from_the_next_turn():
    crowd = Crowd({"a": 1, "b": 1})
    crowd.enter("a")
    crowd.enter("b")
    list(crowd.serve(20))
    crowd.scheduler.weigh("a", 3)
    counts = Counter(ticket.tenant for ticket in crowd.serve(400))
    assert 298 <= counts["a"] <= 302


@settings(max_examples=60 if LONG else 15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(CLASSES), st.sampled_from("xyz")), max_size=60)
)
def test_rows_and_memory_choose_alike(tickets):
    """A scheduler that is built anew for each turn, as from rows, chooses as one that stays."""
    staying = Crowd(seconds=0.0)
    for tenant, call_class, job in tickets:
        staying.enter(tenant, call_class, job)
    waiting = [Ticket(n + 1, c, t, j) for n, (t, c, j) in enumerate(tickets)]
    memory, turns, allowances = None, {}, {}
    while (expected := staying.scheduler.take()) is not None:
        fresh = Scheduler(memory)
        for (rank, tenant), known in turns.items():
            fresh.recall(rank, tenant, copy.deepcopy(known))
        for tenant, allowance in allowances.items():
            fresh.allow(tenant, copy.deepcopy(allowance))
        ranks = {ticket.number: fresh.enter(ticket, 0.0) for ticket in waiting}
        chosen = fresh.take()
        assert chosen == expected
        rank = ranks[chosen.number]
        memory = fresh.memory()
        turns[rank, chosen.tenant] = fresh.turns(rank, chosen.tenant)
        if rank == "interactive":
            allowances.setdefault(chosen.tenant, Allowance()).take(0.0)
        waiting.remove(chosen)
    assert not waiting


def test_jain_holds_at_small_windows():
    crowd = Crowd()
    for number in range(50):
        crowd.enter(f"{number:02}")
    history = [ticket.tenant for ticket in crowd.serve(1000)]
    for begin in range(0, 400, 7):
        counts = Counter(history[begin : begin + 5 * 50 + 23])
        assert min(counts.values()) >= 5
        assert jain(list(counts.values())) >= 0.99
    assert fairshare.LARGEST_WEIGHT == 100


@pytest.mark.parametrize("seed", range(200 if LONG else 8))
def test_whatever_happens_in_a_day_the_second_and_the_order_hold(seed):
    """T1, T5 and T6 in virtual time: crowds of all weights and classes, in both modes."""
    chance = random.Random(seed)
    pace = Pace(chance.choice(["anchored", "paced"]), chance.choice([1, 4, 10]), jitter=0.055)
    pool = Pool(pace, Network(0.05, chance.choice([0.02, 0.3]), 0.005), chance=chance)
    tenants = [f"{number:03}" for number in range(chance.choice([2, 9, 60]))]
    for tenant in tenants:
        pool.scheduler.weigh(tenant, chance.randint(1, 10))
    asks = sorted(
        (
            chance.uniform(0, 40) if chance.random() < 0.7 else 20.0,
            chance.choice(CLASSES),
            chance.choice(tenants),
        )
        for _ in range(300)
    )
    arrivals = ((at, Ticket(number, name, tenant)) for number, (at, name, tenant) in enumerate(asks, start=1))
    served = list(pool.run(arrivals, 1e6))
    assert len({one.ticket.number for one in served}) == len(asks), "each exactly once, and none is lost"
    # The stand-in's bucket holds four at once, whatever its rate.
    for mode in ("sliding", "fixed", "bucket") if pace.per_second <= 4 else ("sliding", "fixed"):
        assert refusals([one.arrived_at for one in served], mode, pace.per_second) == 0
    # No turn stays unused while somebody waits.
    for before, after in itertools.pairwise(served):
        assert after.start_at <= max(
            after.asked_at, before.start_at + 2 * (1.4 if pace.mode == "anchored" else 1.1)
        )
