"""How often a call is sent again after a failed attempt: a table, and the layer that obeys it.

    not delivered (connect, DNS, TLS)   every method  3 times      nothing left, so the charge is given back
    answer lost or cut, safe method     2 times                    charged; what was read is thrown away
    answer lost or cut, other methods   never                      OutcomeUnknown: the caller finds out first
    200 that is not whole JSON          as a lost answer
    500, 503, 408, safe method          5 times                    charged; `breaker` rests the pool at half of 20
    500, 503, 408, other methods        never                      OutcomeUnknown
    429 throttled                       5 times, 1 s and more      refused before it was done
    409 simultaneous sign-up            3 times                    refused before it was done
    everything else                     never                      see `meanings`

Promises: a call that may have changed something is never sent again here (its caller finds out first); a PUT
is not either, for its body was made from a reading that may be old by now; all attempts and waits together end
by the policy's deadline, so that a job's step never outlives its lease. Longer waits, such as for a spent day
or a full queue, are the job's business. Each attempt takes its own permit and leaves its own record.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import httpx

from connections.constantcontact import errors, redaction, signals
from connections.constantcontact.faults import Fault, read_fault
from connections.constantcontact.signals import Signal


@dataclass(frozen=True, slots=True)
class Rule:
    """How often to try again after one signal, and between which seconds to wait."""

    again: int
    least_seconds: float = 0.0
    most_seconds: float = 0.0


NEVER: Final = Rule(0)
_NOT_SENT: Final = Rule(3, 0.25, 5.0)
_THROTTLED: Final = Rule(5, 1.0, 8.0)  # refused before it was done, so safe for every method

# (signal, is the method safe) -> rule; a test holds that every pair stands here.
TABLE: Final[Mapping[tuple[Signal, bool], Rule]] = {
    (Signal.NOT_SENT, True): _NOT_SENT,
    (Signal.NOT_SENT, False): _NOT_SENT,
    (Signal.SIMULTANEOUS, True): NEVER,
    (Signal.SIMULTANEOUS, False): Rule(3, 0.5, 4.0),
    (Signal.THROTTLED, True): _THROTTLED,
    (Signal.THROTTLED, False): _THROTTLED,
    (Signal.NO_ANSWER, True): Rule(2, 0.5, 5.0),
    (Signal.NO_ANSWER, False): NEVER,
    (Signal.GARBLED, True): Rule(2, 0.5, 5.0),
    (Signal.GARBLED, False): NEVER,
    (Signal.SERVER_FAULT, True): Rule(5, 0.5, 10.0),
    (Signal.SERVER_FAULT, False): NEVER,
    (Signal.ANSWERED, True): NEVER,
    (Signal.ANSWERED, False): NEVER,
    (Signal.REFUSED, True): NEVER,
    (Signal.REFUSED, False): NEVER,
    (Signal.QUOTA_EXCEEDED, True): NEVER,
    (Signal.QUOTA_EXCEEDED, False): NEVER,
    (Signal.QUEUE_FULL, True): NEVER,
    (Signal.QUEUE_FULL, False): NEVER,
    (Signal.TOO_LARGE, True): NEVER,
    (Signal.TOO_LARGE, False): NEVER,
    (Signal.INTERRUPTED, True): NEVER,
    (Signal.INTERRUPTED, False): NEVER,
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The table with its time limit; an attempt that could not be given `room_seconds` is not begun."""

    deadline_seconds: float = 45.0
    room_seconds: float = 5.0
    table: Mapping[tuple[Signal, bool], Rule] = field(default_factory=lambda: TABLE)
    jitter: Callable[[float, float], float] = random.SystemRandom().uniform

    def wait(self, signal: Signal, *, safe: bool, failed: int, waited: float) -> float | None:
        """Seconds to wait after this kind's `failed`-th failure (decorrelated jitter), or None to stop."""
        rule = self.table[signal, safe]
        if failed > rule.again:
            return None
        return min(rule.most_seconds, self.jitter(rule.least_seconds, max(rule.least_seconds, waited) * 3))


@dataclass(frozen=True, slots=True)
class _Attempt:
    signal: Signal
    response: httpx.Response | None
    fault: str


class RetryTransport(httpx.BaseTransport):
    """Repeats what the table says; hands answers up as they are, turns silence into a named error."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        policy: RetryPolicy,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._sleep = sleep
        self._monotonic = monotonic

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = self._monotonic() + self._policy.deadline_seconds
        timeouts = request.extensions.get("timeout", {})
        failures: Counter[Signal] = Counter()
        waited = 0.0
        for number in count(1):
            left = max(deadline - self._monotonic(), self._policy.room_seconds)
            request.extensions |= {
                "patchbay.attempt": number,
                "patchbay.deadline": deadline,
                "timeout": {
                    name: left if limit is None else min(limit, left) for name, limit in timeouts.items()
                },
            }
            attempt = self._try(request)
            failures[attempt.signal] += 1
            wait = self._policy.wait(
                attempt.signal, safe=signals.is_safe(request), failed=failures[attempt.signal], waited=waited
            )
            if wait is None or self._monotonic() + wait + self._policy.room_seconds > deadline:
                return _settle(request, attempt)
            self._sleep(wait)
            waited = wait
        raise AssertionError("unreachable")

    def _try(self, request: httpx.Request) -> _Attempt:
        try:
            response = self._inner.handle_request(request)
        except httpx.RequestError as fault:
            return _Attempt(signals.of_exception(fault), None, f"{type(fault).__name__}: {fault}")
        said = read_fault(response.content) if response.is_error else Fault(None, "")
        return _Attempt(signals.of_response(response, said), response, "")


def _settle(request: httpx.Request, attempt: _Attempt) -> httpx.Response:
    """The answer, or an error; raised outside any handler, so that no chained exception keeps the request."""
    if attempt.response is not None:
        return attempt.response
    kinds = {Signal.NOT_SENT: errors.Unreachable, Signal.TOO_LARGE: errors.WrongShape}
    kind = kinds.get(attempt.signal, errors.OutcomeUnknown)
    raise kind(attempt.fault, method=request.method, path=redaction.path_of(request.url))
