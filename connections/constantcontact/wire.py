"""The layer next to the wire: bounds every answer and writes one redacted record an attempt.

A body is read here, whole, before anybody above sees the answer, so that a cut or endless body is a failed
attempt like any other. Only a successful answer of a call that asked for a stream is handed on unread.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from connections.constantcontact import redaction, signals
from connections.constantcontact.faults import Fault, read_fault
from connections.constantcontact.signals import Signal

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_REFRAMED: Final = ("content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One attempt, safe to store: ids, counts, durations and reasons; no value, token or address."""

    method: str
    path: str
    base_url: str
    host: str
    status: int | None
    error_key: str | None
    outcome: Signal
    attempt: int
    request_bytes: int
    response_bytes: int
    duration_ms: int
    sent_at: datetime


class WatchedStream(httpx.SyncByteStream):
    """A body still being read; tells once when it ended, with the exception that ended it, if any."""

    def __init__(
        self, inner: httpx.SyncByteStream, ended: Callable[[BaseException | None, int], None]
    ) -> None:
        self._inner = inner
        self._ended: Callable[[BaseException | None, int], None] | None = ended
        self._bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                self._bytes += len(chunk)
                yield chunk
        except Exception as fault:
            self._end(fault)
            raise

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._end(None)

    def _end(self, fault: BaseException | None) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(fault, self._bytes)


class LogTransport(httpx.BaseTransport):
    """Reads, bounds and records; see the module."""

    def __init__(
        self,
        wire: httpx.BaseTransport,
        record: Callable[[CallRecord], None],
        *,
        monotonic: Callable[[], float],
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._wire = wire
        self._record = record
        self._monotonic = monotonic
        self._max_body_bytes = max_body_bytes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent_at, started = datetime.now(UTC), self._monotonic()

        def note(signal: Signal, status: int | None = None, key: str | None = None, size: int = 0) -> None:
            self._note(_record(request, signal, status, key, size, sent_at, self._monotonic() - started))

        try:
            response = self._wire.handle_request(request)
            response.request = request
            if signals.is_streamed(request) and response.is_success:
                return self._hand_on(response, note)
            whole, size = self._read_whole(response)
        except BaseException as fault:
            note(signals.of_exception(fault))
            raise
        said = read_fault(whole.content) if whole.is_error else Fault(None, "")
        note(signals.of_response(whole, said), whole.status_code, said.error_key, size)
        return whole

    def _hand_on(self, response: httpx.Response, note: Callable[..., None]) -> httpx.Response:
        status = response.status_code

        def ended(fault: BaseException | None, size: int) -> None:
            signal = Signal.ANSWERED if fault is None else signals.of_exception(fault)
            note(signal, status, size=size)

        # httpx's type says that a response may have an asynchronous stream; a BaseTransport's never has.
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = WatchedStream(response.stream, ended)
        return response

    def _read_whole(self, response: httpx.Response) -> tuple[httpx.Response, int]:
        """The same answer with its body decoded and in memory, and how many bytes came over the wire."""
        request = response.request
        deadline = request.extensions.get("patchbay.deadline", float("inf"))
        chunks, size = [], 0
        try:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._max_body_bytes:
                    raise signals.TooLarge(f"the answer is longer than {self._max_body_bytes} bytes")
                # The socket's own timeout restarts with every byte; a body that drips must end as well.
                if self._monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer took longer than the call may last")
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _REFRAMED]
        whole = httpx.Response(
            response.status_code,
            headers=headers,
            content=b"".join(chunks),
            request=request,
            extensions=response.extensions,
        )
        return whole, response.num_bytes_downloaded or size

    def _note(self, record: CallRecord) -> None:
        try:
            self._record(record)
        except Exception:
            # The provider's answer outranks our book-keeping: losing it would turn a done call into an
            # unknown one.
            log.exception("A provider call could not be recorded.")


def _record(
    request: httpx.Request,
    signal: Signal,
    status: int | None,
    key: str | None,
    size: int,
    sent_at: datetime,
    seconds: float,
) -> CallRecord:
    return CallRecord(
        method=request.method,
        path=redaction.path_of(request.url),
        base_url=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
        host=request.url.host,
        status=status,
        error_key=key,
        outcome=signal,
        attempt=int(request.extensions.get("patchbay.attempt", 1)),
        request_bytes=int(request.headers.get("content-length", 0)),
        response_bytes=size,
        duration_ms=round(seconds * 1000),
        sent_at=sent_at,
    )
