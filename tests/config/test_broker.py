"""Valkey from its wheel: who reaches it, and what survives."""

import socket
import stat
import time
from pathlib import Path

import pytest
import redis

from config.embedded import processes, valkey


def wait_until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def broker(tmp_path):
    broker = valkey.Broker(
        tmp_path / "valkey files", tmp_path / "valkey.log", "a-password", valkey.free_port()
    )
    broker.prepare()
    process = broker.spawn()
    assert wait_until(broker.is_ready), processes.last_lines(broker.log)
    yield broker, process
    process.kill()
    process.wait()


def test_the_broker_answers_on_loopback_only_and_wants_its_password(broker):
    broker, process = broker

    with socket.create_connection((valkey.HOST, broker.port)) as stranger:
        stranger.sendall(b"LLEN patchbay\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")
    assert not valkey.answers(broker.url.replace("a-password", "another"))
    bound = redis.Redis.from_url(broker.url).config_get("bind")
    assert bound == {"bind": "127.0.0.1"}
    with socket.socket() as elsewhere, pytest.raises(ConnectionRefusedError):
        elsewhere.connect(("127.0.0.2", broker.port))
    assert "a-password" not in Path(f"/proc/{process.pid}/cmdline").read_text()
    assert stat.S_IMODE((broker.folder / "valkey.conf").stat().st_mode) == 0o600


def test_what_the_broker_was_told_survives_kill_9(broker):
    broker, process = broker
    with redis.Redis.from_url(broker.url) as client:
        client.lpush("queue", "bell")
    time.sleep(1.2)  # the file is flushed every second
    process.kill()
    process.wait()

    again = broker.spawn()
    try:
        assert wait_until(broker.is_ready)
        assert redis.Redis.from_url(broker.url).lrange("queue", 0, -1) == [b"bell"]
    finally:
        again.kill()
        again.wait()


def test_a_port_is_kept_where_it_is_free():
    with socket.socket() as taken:
        taken.bind((valkey.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert valkey.free_port(port) != port
    assert valkey.free_port(port) == port
