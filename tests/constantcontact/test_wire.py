"""What the log says of an attempt, and how much of an answer is ever held."""

import gzip
import json
from datetime import UTC, datetime

import httpx
import pytest

from connections.constantcontact import errors
from connections.constantcontact.retry import RetryPolicy
from tests.constantcontact.stage import QUEUE_FULL, QUOTA_EXCEEDED, THROTTLED, Chunks, Stage, answer


def test_a_record_holds_counts_and_names_and_no_values():
    stage = Stage(answer(200, {"contacts": []}))
    stage.client.contacts.page(email="ana+x@example.org", status="all", lists=["l1", "l2"])
    (record,) = stage.records
    assert record.method == "GET"
    assert record.path == "/v3/contacts?email&limit&lists&status"
    assert record.host == "api.example.test"
    assert (record.status, record.error_key, record.outcome, record.attempt) == (200, None, "answered", 1)
    assert (record.request_bytes, record.response_bytes) == (0, len(answer(200, {"contacts": []}).content))
    assert abs((datetime.now(UTC) - record.sent_at).total_seconds()) < 60
    assert "ana" not in repr(record)


@pytest.mark.parametrize(
    ("script", "status", "key", "outcome"),
    [
        (answer(429, THROTTLED), 429, "throttled", "throttled"),
        (answer(429, QUOTA_EXCEEDED), 429, "quota_exceeded", "quota_exceeded"),
        (answer(429, QUEUE_FULL), 429, None, "queue_full"),
        (answer(409, [{"error_key": "contacts.api.conflict"}]), 409, "contacts.api.conflict", "refused"),
        (answer(503), 503, None, "server_fault"),
        (httpx.Response(201, content=b'{"list'), 201, None, "garbled"),
        (httpx.ReadTimeout("x"), None, None, "no_answer"),
        (httpx.ConnectError("x"), None, None, "not_sent"),
    ],
)
def test_a_record_says_how_the_attempt_ended(script, status, key, outcome):
    stage = Stage(script, retry=RetryPolicy(deadline_seconds=0))
    with pytest.raises(errors.ProviderError):
        stage.client.activities.export()
    record = stage.records[0]
    assert (record.status, record.error_key, record.outcome) == (status, key, outcome)
    assert record.request_bytes > 0


def test_the_duration_includes_the_body():
    def slow(request):
        def pieces():
            stage.clock.time += 2.5
            yield b"[]"

        return httpx.Response(200, content=pieces())

    stage = Stage(slow)
    assert stage.client.account.privileges() == ()
    assert stage.records[0].duration_ms == 2500


def long_body(piece):
    def answer_at_length(request):
        def pieces():
            for _ in range(1_000):
                yield piece

        return httpx.Response(200, content=pieces())

    return answer_at_length


def test_a_body_longer_than_the_limit_is_not_held():
    stage = Stage(long_body(b"x" * 1000), max_body_bytes=10_000)
    with pytest.raises(errors.WrongShape, match="longer than 10000 bytes"):
        stage.client.contacts.counts()
    assert len(stage.records) == 1
    assert stage.records[0].outcome == "too_large"
    assert stage.ledger.delivered == [[True]]


def test_a_packed_body_is_measured_unpacked():
    packed = gzip.compress(b"0" * 50_000_000)
    pieces = [packed[start : start + 4096] for start in range(0, len(packed), 4096)]

    def bomb(request):
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Chunks(pieces))

    stage = Stage(bomb, max_body_bytes=1_000_000)
    with pytest.raises(errors.WrongShape):
        stage.client.contacts.counts()


def test_a_packed_body_arrives_unpacked_with_headers_that_fit():
    body = json.dumps({"lists": []}).encode()

    def packed(request):
        return httpx.Response(
            200,
            headers={"content-encoding": "gzip", "content-type": "application/json"},
            stream=Chunks([gzip.compress(body)]),
        )

    response = Stage(packed).http.get("/v3/contact_lists")
    assert response.content == body
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == str(len(body))


def test_packed_rubbish_is_no_answer():
    def rubbish(request):
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Chunks([b"not gzip at all"]))

    with pytest.raises(errors.OutcomeUnknown):
        Stage(rubbish).client.activities.export()


def test_a_dripping_body_ends_at_the_deadline():
    def dripping(request):
        def pieces():
            for _ in range(500):
                stage.clock.time += 1
                yield b" "

        return httpx.Response(200, content=pieces())

    stage = Stage(dripping)
    with pytest.raises(errors.OutcomeUnknown):
        stage.client.contacts.counts()
    assert 45 <= stage.clock.time - 1_000 < 50
