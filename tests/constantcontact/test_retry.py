"""The retry table, line by line: how often each signal lets a call be sent, and how long it waits."""

import httpx
import pytest

from connections.constantcontact import errors
from connections.constantcontact.retry import TABLE, RetryPolicy
from connections.constantcontact.signals import Signal
from tests.constantcontact.stage import QUEUE_FULL, QUOTA_EXCEEDED, THROTTLED, Ledger, Stage, answer

PATIENT = RetryPolicy(deadline_seconds=10_000)
GARBAGE = httpx.Response(200, content=b'{"contacts": [', headers={"content-type": "application/json"})
HTML = httpx.Response(200, content=b"<html>Sorry</html>", headers={"content-type": "text/html"})

SIGNALS = {
    "connect error": httpx.ConnectError("refused"),
    "connect timeout": httpx.ConnectTimeout("slow"),
    "pool timeout": httpx.PoolTimeout("busy"),
    "read timeout": httpx.ReadTimeout("silent"),
    "write timeout": httpx.WriteTimeout("stuck"),
    "write error": httpx.WriteError("reset"),
    "read error": httpx.ReadError("reset"),
    "cut answer": httpx.RemoteProtocolError("cut"),
    "throttled": answer(429, THROTTLED),
    "quota exceeded": answer(429, QUOTA_EXCEEDED),
    "queue full": answer(429, QUEUE_FULL),
    "400": answer(400, [{"error_key": "contacts.api.validation.error"}]),
    "401": answer(401, {"error_key": "unauthorized"}),
    "403": answer(403, {"error_key": "access_denied"}),
    "404": answer(404, []),
    "409": answer(409, []),
    "500": answer(500, []),
    "502": httpx.Response(502, content=b"<html>"),
    "503": answer(503),
    "truncated JSON": GARBAGE,
    "HTML for JSON": HTML,
    "good": answer(200, {"fine": True}),
}
# signal -> how often a GET, then a POST, PUT or DELETE is sent altogether
SENDINGS = {
    "connect error": (4, 4),
    "connect timeout": (4, 4),
    "pool timeout": (4, 4),
    "read timeout": (3, 1),
    "write timeout": (3, 1),
    "write error": (3, 1),
    "read error": (3, 1),
    "cut answer": (3, 1),
    "throttled": (6, 6),
    "quota exceeded": (1, 1),
    "queue full": (1, 1),
    "400": (1, 1),
    "401": (2, 2),  # the one repeat is the authentication's, with a fresher token
    "403": (1, 1),
    "404": (1, 1),
    "409": (1, 1),
    "500": (6, 1),
    "502": (6, 1),
    "503": (6, 1),
    "truncated JSON": (3, 1),
    "HTML for JSON": (3, 1),
    "good": (1, 1),
}


def test_the_table_has_a_rule_for_every_signal_and_kind_of_method():
    assert set(TABLE) == {(signal, safe) for signal in Signal for safe in (True, False)}
    assert set(SENDINGS) == set(SIGNALS)


def failure_of(stage, method):
    try:
        stage.client.raw(method, "/v3/contacts", content=None if method == "GET" else b"{}")
    except errors.ProviderError as error:
        return error
    return None


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", SIGNALS)
def test_how_often_a_call_is_sent(name, method):
    stage = Stage(SIGNALS[name], retry=PATIENT)
    error = failure_of(stage, method)
    unsent = name in ("connect error", "connect timeout", "pool timeout")
    assert isinstance(error, errors.Unreachable) == unsent
    if error is not None:
        assert error.may_have_happened == (method != "GET" and not unsent)
    assert len(stage.wire.requests) == SENDINGS[name][method != "GET"]
    assert len(stage.ledger.permits) == len(stage.records) == len(stage.wire.requests)


def test_throttled_waits_at_least_a_second_each_time_and_then_goes_on():
    stage = Stage(answer(429, THROTTLED), answer(429, THROTTLED), answer(201, {"list_id": "l", "name": "n"}))
    assert stage.client.lists.create("n").name == "n"
    assert len(stage.clock.naps) == 2
    assert all(1.0 <= nap <= 8.0 for nap in stage.clock.naps)
    assert [record.attempt for record in stage.records] == [1, 2, 3]


def test_waits_grow_but_stay_below_their_limit():
    most = RetryPolicy(jitter=lambda low, high: high)
    least = RetryPolicy(jitter=lambda low, high: low)
    waited, grown = 0.0, []
    for failed in range(1, 6):
        waited = most.wait(Signal.SERVER_FAULT, safe=True, failed=failed, waited=waited)
        grown.append(waited)
        assert least.wait(Signal.SERVER_FAULT, safe=True, failed=failed, waited=waited) == 0.5
    assert grown == [1.5, 4.5, 10.0, 10.0, 10.0]
    assert most.wait(Signal.SERVER_FAULT, safe=True, failed=6, waited=10.0) is None


def test_nothing_is_begun_that_could_not_end_before_the_deadline():
    stage = Stage(answer(503), retry=RetryPolicy(deadline_seconds=12, jitter=lambda low, high: 4.0))
    with pytest.raises(errors.ServerFault):
        stage.client.contacts.counts()
    # 0 s, 4 s; a third would begin at 8 s and have less than its 5 s of room.
    assert len(stage.wire.requests) == 2
    assert stage.clock.naps == [4.0]


def test_a_slow_attempt_leaves_no_time_for_another():
    def slow(request):
        stage.clock.time += 41
        raise httpx.ReadTimeout("silent")

    stage = Stage(slow)
    with pytest.raises(errors.OutcomeUnknown):
        stage.client.contacts.counts()
    assert len(stage.wire.requests) == 1


def test_each_attempt_has_no_more_time_than_is_left():
    seen = []

    def failing(request):
        seen.append(request.extensions["timeout"]["read"])
        stage.clock.time += 20
        return httpx.Response(503)

    stage = Stage(failing, retry=RetryPolicy(jitter=lambda low, high: 1.0))
    with pytest.raises(errors.ServerFault):
        stage.client.contacts.counts()
    assert seen == [30.0, 24.0]


def test_different_failures_are_counted_apart():
    failures = [answer(429, THROTTLED), answer(503), httpx.ReadTimeout("x"), httpx.ConnectError("x")]
    stage = Stage(*failures, answer(200, {"lists": []}), retry=PATIENT)
    assert stage.client.lists.all() == []
    assert len(stage.wire.requests) == 5


def test_our_own_refusal_is_not_retried_and_sends_nothing():
    refusal = errors.QuotaRefused("the day's share is used up", retry_after_seconds=30)
    stage = Stage(answer(200, {}), ledger=Ledger(refusal))
    with pytest.raises(errors.QuotaRefused) as caught:
        stage.client.contacts.counts()
    assert caught.value.retry_after_seconds == 30
    assert stage.wire.requests == stage.records == []


def test_an_exception_from_elsewhere_is_not_swallowed():
    stage = Stage(KeyError("a bug"))
    with pytest.raises(KeyError):
        stage.client.contacts.counts()
    assert stage.ledger.delivered == [[True]]
    assert stage.records[0].outcome is Signal.INTERRUPTED
