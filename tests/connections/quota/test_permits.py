"""The ledger, by real threads on a real database: never above the second or the day, charged before sent."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from connections.constantcontact.errors import QuotaRefused
from connections.models import QuotaDay, QuotaPool
from connections.quota import permits


@pytest.fixture
def pool(database):
    return QuotaPool.objects.create(name="pool", calls_per_second=4, calls_per_day=1000)


def test_never_more_than_four_in_any_second(pool):
    """Six threads ask as fast as they can; a call lasts a moment."""
    arrivals, lock, ends = [], threading.Lock(), time.monotonic() + 3.2

    def ask():
        while time.monotonic() < ends:
            try:
                permit = permits.admit(pool.pk, wait_seconds=5)
            except QuotaRefused:
                continue  # whoever is never quick enough is told so; that breaks no limit
            with lock:
                arrivals.append(time.monotonic())
            permit.close(delivered=True)
        connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        for one in [threads.submit(ask) for _ in range(6)]:
            one.result()
    arrivals.sort()
    assert len(arrivals) >= 12
    assert all(later - earlier > 1.0 for earlier, later in zip(arrivals, arrivals[4:], strict=False))
    assert QuotaDay.objects.get(pool=pool).used == len(arrivals)


def test_the_day_is_spent_exactly(pool):
    QuotaPool.objects.filter(pk=pool.pk).update(calls_per_second=50, calls_per_day=7)
    for _ in range(7):
        permits.admit(pool.pk, wait_seconds=1).close(delivered=True)
    with pytest.raises(QuotaRefused) as refused:
        permits.admit(pool.pk, wait_seconds=1)
    assert refused.value.reason == "quota_exceeded"
    assert 0 < refused.value.retry_after_seconds <= 86_400
    assert permits.used_today(pool) == 7


def test_only_what_never_left_is_refunded(pool):
    permits.admit(pool.pk, wait_seconds=1).close(delivered=False)
    assert permits.used_today(pool) == 0
    permit = permits.admit(pool.pk, wait_seconds=1)
    permit.close(delivered=True)
    permit.close(delivered=False)  # a second word changes nothing
    assert permits.used_today(pool) == 1


def test_a_call_that_never_ended_keeps_its_place(pool):
    for _ in range(4):
        permits.admit(pool.pk, wait_seconds=1)
    with pytest.raises(QuotaRefused) as refused:
        permits.admit(pool.pk, wait_seconds=0.3)
    assert refused.value.reason == "throttled"
    assert permits.used_today(pool) == 4


def test_the_token_endpoint_has_its_own_pace_and_no_share_of_the_day(pool):
    permits.admit(pool.pk, purpose="token", wait_seconds=1)
    with pytest.raises(QuotaRefused):
        permits.admit(pool.pk, purpose="token", wait_seconds=0.1)
    permits.admit(pool.pk, wait_seconds=1)
    assert permits.used_today(pool) == 1


def test_the_provider_says_the_day_is_spent(pool):
    permits.close_for_today(pool.pk)
    with pytest.raises(QuotaRefused) as refused:
        permits.admit(pool.pk, wait_seconds=1)
    assert refused.value.reason == "quota_exceeded"
    permits.open_again(pool.pk)
    permits.admit(pool.pk, wait_seconds=1)


def test_a_changed_limit_holds_from_the_next_call(pool):
    permits.admit(pool.pk, wait_seconds=1)
    QuotaPool.objects.filter(pk=pool.pk).update(calls_per_second=6)
    for _ in range(5):
        permits.admit(pool.pk, wait_seconds=0.2)
    QuotaPool.objects.filter(pk=pool.pk).update(calls_per_second=2)
    with pytest.raises(QuotaRefused):
        permits.admit(pool.pk, wait_seconds=0.2)


def test_no_provider_call_inside_a_transaction(pool):
    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction.atomic():
        permits.admit(pool.pk, wait_seconds=1)
