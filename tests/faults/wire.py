"""A wire with faults, between Patchbay and the simulator: it strikes each refresh token once, when it is first used.

Everything else passes. What was done to which token is kept, so that a test knows which answers nobody got.
"""

import asyncio
import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

# What is done, and whether the provider then has given a pair that never arrived.
NOT_DONE = ("throttled", "error before", "lost before", "kill before")
ANSWERED = ("pass", "slow", "kill after")
DONE_AND_LOST = ("error after", "lost after", "cut", "garbage", "too slow", "kill during")
# A call to the token endpoint is given up after ten.
SLOW_SECONDS, TOO_SLOW_SECONDS = 2.0, 12.0
REFUSALS = {"throttled": b"429 Too Many Requests", "error before": b"500 Internal Server Error"}
SERVER_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"


class Wire:
    """Listens on a port of its own; `url` is what Patchbay is told the simulator's address is."""

    def __init__(self, simulator_url: str, seed: int = 1) -> None:
        parts = urlsplit(simulator_url)
        self._upstream = (parts.hostname, parts.port)
        self._chance = random.Random(seed)
        self._kinds: list[str] = ["pass"]
        self._weights: list[int] = [1]
        self.struck: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.repeated = 0
        self.pids: Callable[[], Iterable[int]] = list
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def strike(self, **weights: int) -> None:
        """From now on, these faults in these proportions; underscores are blanks."""
        self._kinds, self._weights = (
            [name.replace("_", " ") for name in weights],
            list(weights.values()),
        )
        self.counts.clear()
        self.repeated = 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = None
        try:
            there = await asyncio.open_connection(*self._upstream)
            while True:
                head, body = await _message(reader)
                if not await self._one(head, body, (reader, writer), there):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            for one in (writer, there[1] if there else None):
                if one is not None:
                    with contextlib.suppress(OSError):
                        one.transport.abort()

    async def _one(
        self,
        head: bytes,
        body: bytes,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> bool:
        """One request; False ends the connection."""
        reader, writer = here
        kind = self._kind(head, body)
        if kind == "kill before":
            self._kill(writer)
        if kind in ("lost before", "kill before"):
            return False
        if kind in REFUSALS:
            writer.write(b"HTTP/1.1 " + REFUSALS[kind] + b"\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
            return True
        there[1].write(head + body)
        answer_head, answer_body = await _message(there[0])
        if kind == "kill during":
            self._kill(writer)
        if kind in ("lost after", "kill during"):
            return False
        if kind in ("slow", "too slow"):
            await asyncio.sleep(SLOW_SECONDS if kind == "slow" else TOO_SLOW_SECONDS)
        if kind == "too slow":
            return False
        if kind and reader.at_eof():  # a machine so busy that the asker has given up
            self.counts["unheard"] += 1
        writer.write(_spoilt(kind, answer_head, answer_body))
        await writer.drain()
        if kind == "kill after":
            await asyncio.sleep(self._chance.choice([0, 0.001, 0.003, 0.01]))
            self._kill(writer)
        return kind not in ("cut", "kill after")

    def _kind(self, head: bytes, body: bytes) -> str:
        if b"/token " not in head.split(b"\r\n", 1)[0] or not head.startswith(b"POST /oauth2/"):
            return ""
        token = parse_qs(body.decode()).get("refresh_token", [""])[0]
        if token in self.struck:
            self.repeated += 1
            return "pass"
        kind = self._chance.choices(self._kinds, self._weights)[0]
        self.struck[token] = kind
        self.counts[kind] += 1
        return kind

    def _kill(self, writer: asyncio.StreamWriter) -> None:
        """SIGKILL whoever is at the other end."""
        port = writer.get_extra_info("peername")[1]
        for pid in self.pids():
            if _has_port(pid, port):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return
        self.counts["nobody to kill"] += 1


def _spoilt(kind: str, head: bytes, body: bytes) -> bytes:
    if kind == "error after":
        return SERVER_ERROR
    if kind == "garbage":
        return b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"access_'
    return head + (body[: len(body) // 2] if kind == "cut" else body)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A request or an answer, whole: the simulator and our client give lengths."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head, await reader.readexactly(length)


def _has_port(pid: int, port: int) -> bool:
    """Whether a process holds the socket with this local port."""
    wanted = f":{port:04X}"
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        inodes = {fields[9] for line in lines if (fields := line.split())[1].endswith(wanted)}
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                name = os.readlink(entry)
                if name.startswith("socket:[") and name[8:-1] in inodes:
                    return True
    except OSError:
        pass
    return False
