"""Runs the checks beside each other, each as soon as what it needs is known.

Promises: no check runs longer than its limit for the command (a thread that hangs is left behind and dies with the
process), and none leaves a database connection open.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from typing import Final

from django.db import connections

from config.doctor.findings import Check, Fault, Look, Options, Result
from connections.constantcontact.redaction import scrub

SECONDS: Final = 10.0
log = logging.getLogger(__name__)


class Run:
    """One run over a list of checks."""

    def __init__(self, checks: Sequence[Check], options: Options, seconds: float = SECONDS) -> None:
        self._checks, self._options, self._seconds = checks, options, seconds
        self._facts: dict[str, object] = {}
        self._results: dict[str, Result] = {}
        self._waiting = {check.name: check for check in checks}
        self._running: dict[str, float] = {}
        self._done: queue.SimpleQueue[Result] = queue.SimpleQueue()

    def results(self) -> list[Result]:
        """Every check's result, in the order of the list."""
        while self._waiting or self._running:
            self._start_what_may()
            if self._running:
                self._take_one()
        return [self._results[check.name] for check in self._checks]

    def _start_what_may(self) -> None:
        for check in list(self._waiting.values()):
            if any(name not in self._results for name in (*check.needs, *check.after)):
                continue
            del self._waiting[check.name]
            broken = [name for name in check.needs if self._results[name].stops]
            if broken:
                self._results[check.name] = Result(check, left_out=f"it needs: {', '.join(broken)}")
                return self._start_what_may()  # others may stand on this one
            self._running[check.name] = time.monotonic() + self._seconds
            threading.Thread(target=self._work, args=(check,), daemon=True).start()
        return None

    def _work(self, check: Check) -> None:
        look, began = Look(self._options, self._facts), time.monotonic()
        try:
            check.run(look)
        except Exception as error:  # a check that breaks is a finding like any other
            log.debug("the check %s broke", check.name, exc_info=True)
            reason = scrub(f"{type(error).__name__}: {error}")
            look.fault(
                f"This could not be looked at: {reason}",
                "Mend what the message names; LOG_LEVEL=DEBUG shows where it happened.",
            )
        finally:
            connections.close_all()
        took = time.monotonic() - began
        self._done.put(Result(check, tuple(look.faults), tuple(look.notes), seconds=took))

    def _take_one(self) -> None:
        wait = max(0.0, min(self._running.values()) - time.monotonic())
        try:
            result = self._done.get(timeout=wait)
        except queue.Empty:
            self._give_up_the_late()
            return
        # One that was given up already may still come in.
        if self._running.pop(result.check.name, None) is not None:
            self._results[result.check.name] = result

    def _give_up_the_late(self) -> None:
        now = time.monotonic()
        for name in [name for name, ends in self._running.items() if ends <= now]:
            del self._running[name]
            check = next(check for check in self._checks if check.name == name)
            fault = Fault(
                f"No answer within {self._seconds:.0f} seconds.",
                "Find out what holds it up: the network on the way, or a server that is overloaded.",
            )
            self._results[name] = Result(check, (fault,), seconds=self._seconds)
