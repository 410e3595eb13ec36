"""The same promises against real sockets: a server that cuts, stalls, resets or is not there."""

import socket
import struct
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from connections.constantcontact import errors
from connections.constantcontact.auth import BearerAuth
from connections.constantcontact.client import Client, build_http, new_wire
from connections.constantcontact.redaction import Secret
from connections.constantcontact.retry import RetryPolicy
from connections.constantcontact.transport import stack
from tests.constantcontact.stage import Ledger

QUICK = httpx.Timeout(0.25)
IMPATIENT = RetryPolicy(deadline_seconds=4, room_seconds=0.1, jitter=lambda low, high: 0.01)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
COUNTS = b'{"total":1,"explicit":1,"implicit":0,"pending":0,"unsubscribed":0}'


@contextmanager
def server(behave):
    """A server of one thread; `behave(connection, number)` answers the request that has just been read."""
    listener = socket.create_server(("127.0.0.1", 0))
    served: list[bytes] = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    served.append(read_request(connection))
                    behave(connection, len(served))
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(3)


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def linked(base, *, retry=IMPATIENT, timeout=QUICK):
    ledger, records = Ledger(), []
    with new_wire() as wire:
        transport = stack(wire, admit=ledger.admit, record=records.append, retry=retry)
        http = build_http(base, transport, BearerAuth(lambda stale: Secret("token-1")), timeout)
        yield Client(http), ledger, records


def send(body, head=HEAD):
    def behave(connection, number):
        connection.sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return behave


def cut(connection, number):
    connection.sendall(HEAD + b"Content-Length: 500\r\n\r\n" + COUNTS)


def cut_chunk(connection, number):
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + COUNTS[:16])


def reset(connection, number):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(connection, number):
    time.sleep(0.4)


def hang_up(connection, number):
    pass


def test_a_real_answer_is_read():
    with server(send(COUNTS)) as (base, served), linked(base) as (client, ledger, records):
        assert client.contacts.counts().total == 1
    assert b"Authorization: Bearer token-1" in served[0]
    assert b"User-Agent: Patchbay" in served[0]
    assert ledger.delivered == [[True]]
    assert (records[0].status, records[0].response_bytes) == (200, len(COUNTS))


@pytest.mark.parametrize("behave", [cut, cut_chunk, reset, hang_up, stall])
def test_a_call_that_changes_something_is_sent_once_and_its_outcome_is_unknown(behave):
    with server(behave) as (base, served), linked(base) as (client, ledger, records):
        with pytest.raises(errors.OutcomeUnknown) as caught:
            client.lists.create("News")
        assert caught.value.may_have_happened
        assert len(served) == 1
        assert ledger.delivered == [[True]]
        assert [record.outcome for record in records] == ["no_answer"]


@pytest.mark.parametrize("behave", [cut, cut_chunk, reset, hang_up])
def test_a_call_that_reads_is_sent_again(behave):
    def first_badly(connection, number):
        (behave if number == 1 else send(COUNTS))(connection, number)

    with server(first_badly) as (base, served), linked(base) as (client, ledger, records):
        assert client.contacts.counts().total == 1
        assert len(served) == 2
        assert ledger.delivered == [[True], [True]]


def test_nobody_listening_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with linked(f"http://127.0.0.1:{port}") as (client, ledger, records):
        with pytest.raises(errors.Unreachable) as caught:
            client.lists.create("News")
        assert not caught.value.may_have_happened
        assert ledger.delivered == [[False]] * 4
        assert [record.outcome for record in records] == ["not_sent"] * 4


def test_a_body_that_drips_ends_at_the_deadline():
    def drip(connection, number):
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.02)

    policy = RetryPolicy(deadline_seconds=0.4, room_seconds=0.1)
    with server(drip) as (base, _), linked(base, retry=policy) as (client, ledger, _):
        started = time.monotonic()
        with pytest.raises(errors.OutcomeUnknown):
            client.lists.create("News")
        assert time.monotonic() - started < 1.0
        assert ledger.delivered == [[True]]


def test_a_download_is_streamed_and_a_cut_one_is_noticed():
    rows = b"Email address\r\n" + b"a@example.org\r\n" * 20_000
    csv = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n"
    with (
        server(send(rows, csv)) as (base, _),
        linked(base) as (client, ledger, _),
        client.activities.download("/v3/contact_exports/e1") as chunks,
    ):
        assert ledger.delivered == [[]]
        assert b"".join(chunks) == rows

    def cut_csv(connection, number):
        connection.sendall(csv + f"Content-Length: {len(rows)}\r\n\r\n".encode() + rows[:1000])

    with server(cut_csv) as (base, _), linked(base) as (client, ledger, _):
        with (
            pytest.raises(errors.OutcomeUnknown),
            client.activities.download("/v3/contact_exports/e1") as chunks,
        ):
            list(chunks)
        assert ledger.delivered == [[True]]


def test_an_idle_connection_closed_by_the_server_does_no_harm():
    with server(send(COUNTS)) as (base, served), linked(base) as (client, _, _):
        assert [client.contacts.counts().total for _ in range(3)] == [1, 1, 1]
        assert len(served) >= 3
