"""Two simulators of one seed and one held time: one is asked directly, before the other stands Patchbay.

Each listens on a port of its own; the simulator behind it is replaced for each operation, so that ids, tokens and
cursors, which follow from seed, time and the number of the request, agree.
"""

import asyncio
import threading
from typing import Any, Protocol, Self

import httpx

from connections.simulator.messages import Request, Response
from connections.simulator.server import Connection
from tests.contract.stage import Stage


class Handles(Protocol):
    """Whoever answers: a simulator, or what a test puts in its place."""

    def handle(self, request: Request) -> Response:
        """The answer."""


class Port:
    """Listens on 127.0.0.1 for whichever simulator is behind it, in a thread that ends with the block."""

    def __init__(self) -> None:
        self.simulator: Handles | None = None
        self.url = ""
        self.accepted = self.requests = 0
        self._open: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, verify=False)
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _handle(self, request: Request) -> Response:
        assert self.simulator is not None, "nobody is behind this port"
        self.requests += 1
        return self.simulator.handle(request)

    def _accept(self) -> Connection:
        self.accepted += 1
        return Connection(self._handle, self._open)

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        for one in list(self._open):
            one.close()


class Direct:
    """Somebody with a token who calls a port as the provider's own clients do."""

    def __init__(self, http: httpx.Client, headers: dict[str, str]) -> None:
        self.http, self.headers = http, headers

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.http.request(method, f"/v3{path}", headers=headers, **more)


def stages(ports: tuple[Port, Port], make: Any) -> tuple[Stage, Stage]:
    """A stage behind each port, both as they begin."""
    found = (make(), make())
    for port, stage in zip(ports, found, strict=True):
        port.simulator = stage.rig.simulator
    return found
