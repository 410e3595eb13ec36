"""Every attempt takes one permit and gives it back exactly once, however it ends."""

from contextlib import suppress

import httpx
import pytest

from connections.constantcontact import errors
from connections.constantcontact.retry import RetryPolicy
from tests.constantcontact.stage import THROTTLED, Chunks, Ledger, Stage, answer

PATIENT = RetryPolicy(deadline_seconds=10_000)
CSV = {"content-type": "text/csv"}
EXPORT = "/v3/contact_exports/e1"


def streaming(pieces, breaks=None):
    body = Chunks(pieces, breaks)
    return body, lambda request: httpx.Response(200, headers=CSV, stream=body)


@pytest.mark.parametrize(
    ("script", "delivered"),
    [
        ([answer(200, {"lists": []})], [True]),
        ([answer(404, [])], [True]),
        ([answer(429, THROTTLED), answer(200, {"lists": []})], [True, True]),
        ([httpx.ConnectError("refused"), answer(200, {"lists": []})], [False, True]),
        ([httpx.ConnectTimeout("slow")], [False] * 4),
        ([httpx.PoolTimeout("busy")], [False] * 4),
        ([httpx.WriteError("some bytes may have left")], [True] * 3),
        ([httpx.ReadTimeout("silent")], [True] * 3),
        ([answer(401, {}), answer(200, {"lists": []})], [True, True]),
        ([KeyError("a bug")], [True]),
        ([lambda request: httpx.Response(200, stream=Chunks([b"{"], httpx.ReadError("x")))], [True] * 3),
    ],
)
def test_one_permit_an_attempt_closed_once(script, delivered):
    stage = Stage(*script, retry=PATIENT)
    with suppress(errors.ProviderError, KeyError):
        stage.client.lists.all()
    assert stage.ledger.delivered == [[was] for was in delivered]


def test_an_interruption_gives_the_permit_back():
    def interrupted(request):
        raise KeyboardInterrupt

    stage = Stage(interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.client.contacts.counts()
    assert stage.ledger.delivered == [[True]]
    assert [record.outcome for record in stage.records] == ["interrupted"]


def test_a_download_keeps_its_permit_until_it_is_read():
    body, wire = streaming([b"a,b\n", b"1,2\n"])
    stage = Stage(wire)
    with stage.client.activities.download(EXPORT) as chunks:
        assert stage.ledger.delivered == [[]]
        assert stage.records == []
        assert b"".join(chunks) == b"a,b\n1,2\n"
    assert stage.ledger.delivered == [[True]]
    assert body.closed
    assert [(record.outcome, record.response_bytes) for record in stage.records] == [("answered", 8)]


def test_a_download_that_is_left_early_gives_its_permit_back():
    body, wire = streaming([b"a,b\n"] * 100)
    stage = Stage(wire)
    with stage.client.activities.download(EXPORT) as chunks:
        next(chunks)
    assert stage.ledger.delivered == [[True]]
    assert body.closed


def test_a_download_whose_reader_fails_gives_its_permit_back():
    body, wire = streaming([b"a,b\n"] * 100)
    stage = Stage(wire)
    with pytest.raises(ZeroDivisionError), stage.client.activities.download(EXPORT) as chunks:
        next(len(chunk) // 0 for chunk in chunks)
    assert stage.ledger.delivered == [[True]]
    assert body.closed


def test_a_download_that_breaks_off_is_an_unknown_outcome():
    _, wire = streaming([b"a,b\n"], httpx.RemoteProtocolError("peer closed"))
    stage = Stage(wire)
    with pytest.raises(errors.OutcomeUnknown), stage.client.activities.download(EXPORT) as chunks:
        list(chunks)
    assert stage.ledger.delivered == [[True]]
    assert [record.outcome for record in stage.records] == ["no_answer"]


def test_a_download_that_is_not_ready_is_not_found():
    stage = Stage(answer(404, [{"error_key": "x.not_found"}]))
    with pytest.raises(errors.NotFound), stage.client.activities.download(EXPORT):
        pass
    assert stage.ledger.delivered == [[True]]


def test_a_download_is_retried_before_its_first_byte_only():
    _, wire = streaming([b"a\n"])
    stage = Stage(answer(503), answer(429, THROTTLED), wire)
    with stage.client.activities.download(EXPORT) as chunks:
        assert b"".join(chunks) == b"a\n"
    assert stage.ledger.delivered == [[True]] * 3


def test_a_download_is_bounded_and_is_not_a_page():
    _, wire = streaming([b"x" * 600] * 2)
    stage = Stage(wire)
    with (
        pytest.raises(errors.WrongShape),
        stage.client.activities.download(EXPORT, max_bytes=1_000) as chunks,
    ):
        list(chunks)
    stage = Stage(httpx.Response(200, html="<html>"))
    with pytest.raises(errors.WrongShape), stage.client.activities.download(EXPORT):
        pass
    assert stage.ledger.delivered == [[True]]


def test_a_ledger_or_log_that_fails_does_not_lose_the_answer(caplog):
    def broken(*_):
        raise RuntimeError("database is away")

    class Away(Ledger):
        def admit(self, request):
            permit = super().admit(request)
            permit.close = broken
            return permit

    stage = Stage(answer(201, {"list_id": "l1", "name": "n"}), record=broken, ledger=Away())
    assert stage.client.lists.create("n").list_id == "l1"
    assert "could not be recorded" in caplog.text
    assert "could not be closed" in caplog.text


def test_closing_a_client_leaves_the_shared_wire_open():
    class Shared(httpx.MockTransport):
        closed = False

        def close(self):
            self.closed = True

    wire = Shared(lambda request: answer(200, {"lists": []}))
    with Stage(wire=wire).http:
        pass
    assert not wire.closed
    assert Stage(wire=wire).client.lists.all() == []
