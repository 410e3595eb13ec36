"""What one attempt amounts to: its signal, from the answer or from what went wrong instead of one."""

from typing import Final

import httpx

from connections.constantcontact import errors, meanings, reading
from connections.constantcontact.faults import Fault
from connections.constantcontact.outcomes import Signal

__all__ = ["STREAM", "Signal", "TooLarge", "is_safe", "is_streamed", "of_exception", "of_response"]


class TooLarge(httpx.RequestError):
    """The answer is longer than we are ready to hold."""


# Everything that httpx raises before the first byte of the request is written; WriteError is not among them.
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def of_exception(fault: BaseException) -> Signal:
    """The signal of an attempt that ended in an exception."""
    if isinstance(fault, TooLarge):
        return Signal.TOO_LARGE
    if isinstance(fault, _NOT_SENT):
        return Signal.NOT_SENT
    return Signal.NO_ANSWER if isinstance(fault, httpx.RequestError) else Signal.INTERRUPTED


def of_response(response: httpx.Response, fault: Fault) -> Signal:
    """The signal of an answered attempt; `response` has its request and, unless it streams, its body."""
    if not response.is_success:
        return meanings.of_answer(response, fault).signal
    if is_streamed(response.request) or not response.content or not _wants_json(response.request):
        return Signal.ANSWERED
    try:
        reading.parsed(response)
    except reading.Misshapen:
        return Signal.GARBLED
    return Signal.ANSWERED


def is_safe(request: httpx.Request) -> bool:
    """Whether sending it twice does no more than sending it once, whatever happened to the first."""
    return request.method in errors.SAFE_METHODS


STREAM: Final = {"patchbay.stream": True}


def is_streamed(request: httpx.Request) -> bool:
    """Whether the caller reads the body himself; set by `extensions=signals.STREAM`."""
    return bool(request.extensions.get("patchbay.stream"))


def _wants_json(request: httpx.Request) -> bool:
    return str(request.headers.get("accept", "")).startswith("application/json")
