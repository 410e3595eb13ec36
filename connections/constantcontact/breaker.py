"""A pool whose calls keep failing rests: half of the last twenty faulty, and for a while one call in thirty seconds.

Kept per process and pool. Whoever gives permits asks it first, so that a resting call is neither charged nor
sent; whoever keeps the records tells it how each attempt ended. Every promise holds without it; it saves calls
of the day, and a provider in trouble, from many jobs trying at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from connections.constantcontact import errors
from connections.constantcontact.outcomes import Signal

WINDOW: Final = 20
MOST_FAULTY: Final = 10
REST_SECONDS: Final = 30.0
# Faults of the provider or of the way to it; a refusal is an answer.
FAULTY: Final = frozenset({Signal.SERVER_FAULT, Signal.NO_ANSWER, Signal.NOT_SENT, Signal.GARBLED})


class Breaker:
    """The last attempts of one pool."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._faulty: deque[bool] = deque(maxlen=WINDOW)
        self._rests_until = 0.0

    def enter(self) -> None:
        """Leave to send. Raises Resting, with the seconds that are left; at the end of a rest one call goes."""
        with self._lock:
            left = self._rests_until - self._monotonic()
            if left > 0:
                raise errors.Resting("provider_unavailable", retry_after_seconds=left)
            if self._is_tripped():
                # This call asks how it is; the others rest on until its answer has come.
                self._rests_until = self._monotonic() + REST_SECONDS

    def note(self, outcome: Signal) -> None:
        """How an attempt ended; one good answer after a rest ends it."""
        faulty = outcome in FAULTY
        with self._lock:
            if self._is_tripped() and not faulty:
                self._faulty.clear()
                self._rests_until = 0.0
                return
            self._faulty.append(faulty)
            if self._is_tripped():
                self._rests_until = self._monotonic() + REST_SECONDS

    def _is_tripped(self) -> bool:
        return len(self._faulty) == WINDOW and sum(self._faulty) >= MOST_FAULTY
