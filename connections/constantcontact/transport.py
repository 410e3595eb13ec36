"""How a request leaves: Retry(Quota(Log(wire))), each layer an httpx transport that wraps the next.

Every attempt takes its own permit before it leaves and gives it back once, when its answer is read to the end
or has failed. The wire is shared by many stacks: no layer closes it, whoever made it does.
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

import httpx

from connections.constantcontact import signals
from connections.constantcontact.retry import RetryPolicy, RetryTransport
from connections.constantcontact.signals import Signal
from connections.constantcontact.wire import MAX_BODY_BYTES, CallRecord, LogTransport, WatchedStream

__all__ = ["CallRecord", "Permit", "QuotaTransport", "RetryPolicy", "Signal", "stack"]

log = logging.getLogger(__name__)


class Permit(Protocol):
    """Leave for one attempt."""

    def close(self, delivered: bool) -> None:
        """Called once; `delivered` is False only if not one byte of the request left."""


class QuotaTransport(httpx.BaseTransport):
    """Asks for a permit before each attempt; `admit` may wait, or raise QuotaRefused."""

    def __init__(self, inner: httpx.BaseTransport, admit: Callable[[httpx.Request], Permit]) -> None:
        self._inner = inner
        self._admit = admit

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        permit = self._admit(request)
        try:
            response = self._inner.handle_request(request)
        except BaseException as fault:
            _close(permit, delivered=signals.of_exception(fault) is not Signal.NOT_SENT)
            raise
        if isinstance(response.stream, WatchedStream):
            response.stream = WatchedStream(
                response.stream, lambda _fault, _size: _close(permit, delivered=True)
            )
        else:
            _close(permit, delivered=True)
        return response


def _close(permit: Permit, *, delivered: bool) -> None:
    try:
        permit.close(delivered)
    except Exception:
        # As with the log: a ledger that cannot be reached must not swallow an answer that is already here. An
        # open permit only holds its slot until the ledger's own time limit.
        log.exception("A permit could not be closed.")


def stack(
    wire: httpx.BaseTransport,
    *,
    admit: Callable[[httpx.Request], Permit],
    record: Callable[[CallRecord], None],
    retry: RetryPolicy,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> httpx.BaseTransport:
    """The whole way out."""
    logged = LogTransport(wire, record, monotonic=monotonic, max_body_bytes=max_body_bytes)
    return RetryTransport(QuotaTransport(logged, admit), retry, sleep=sleep, monotonic=monotonic)
