"""The stage for the client's tests: a scripted wire, a ledger that counts, a clock that only we move."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx

from connections.constantcontact.auth import BearerAuth
from connections.constantcontact.client import Client, build_http
from connections.constantcontact.redaction import Secret
from connections.constantcontact.transport import CallRecord, RetryPolicy, stack

BASE = "https://api.example.test"

UNAUTHORIZED = {"error_key": "unauthorized", "error_message": "Unauthorized"}
THROTTLED = {"error_key": "throttled", "error_message": "Too Many Requests"}
QUOTA_EXCEEDED = {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
QUEUE_FULL = {"error_message": "The user account exceeded the maximum of 1,000 queued activities"}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += seconds


class Wire(httpx.BaseTransport):
    """Answers from a script, keeping what it was asked; the last answer repeats."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        )
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        # A fresh response each time, with its body still to be read, as from a real wire.
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Chunks([answer.content]))


class Chunks(httpx.SyncByteStream):
    """A body in pieces that may break off; knows whether it was closed."""

    def __init__(self, pieces: Iterable[bytes], breaks: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.breaks = breaks
        self.closed = 0

    def __iter__(self):
        yield from self.pieces
        if self.breaks is not None:
            raise self.breaks

    def close(self) -> None:
        self.closed += 1


@dataclass
class Permit:
    closed: list[bool] = field(default_factory=list)

    def close(self, delivered: bool) -> None:
        self.closed.append(delivered)


class Ledger:
    """Gives a permit to everybody, or runs into `refusal`; keeps them all."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.permits: list[Permit] = []
        self.refusal = refusal

    def admit(self, request: httpx.Request) -> Permit:
        if self.refusal is not None:
            raise self.refusal
        self.permits.append(Permit())
        return self.permits[-1]

    @property
    def delivered(self) -> list[list[bool]]:
        return [permit.closed for permit in self.permits]


class Stage:
    """A client on a scripted wire, everything around it in reach."""

    def __init__(self, *script: Answer, wire: httpx.BaseTransport | None = None, **stacking) -> None:
        self.wire = wire if wire is not None else Wire(*script)
        self.ledger = stacking.pop("ledger", None) or Ledger()
        self.clock = Clock()
        self.records: list[CallRecord] = []
        self.tokens_asked: list[str | None] = []
        self.tokens: list[str | Exception] = ["token-1", "token-2"]
        stacking.setdefault("record", self.records.append)
        stacking.setdefault("retry", RetryPolicy())
        self.base = stacking.pop("base", BASE)
        self.http = build_http(
            self.base,
            stack(
                self.wire, admit=self.ledger.admit, sleep=self.clock.sleep, monotonic=self.clock, **stacking
            ),
            BearerAuth(self.token),
        )
        self.client = Client(self.http)

    def token(self, stale: str | None) -> Secret:
        self.tokens_asked.append(stale)
        token = self.tokens[0] if stale is None else self.tokens[1]
        if isinstance(token, Exception):
            raise token
        return Secret(token)


def answer(status: int, document: object = None, **headers: str) -> httpx.Response:
    if document is None:
        return httpx.Response(status, headers=headers)
    return httpx.Response(status, json=document, headers=headers)
