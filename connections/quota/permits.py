"""The quota: nothing is sent that was not charged first, to a pool that all its tenants share.

`admit` waits for a turn among everything that waits, in all processes, in the fair order of
`fairshare` and within the day's plan of `daybudget`; the limits are kept in PostgreSQL and
hold across processes and restarts. If the database does not answer, nothing is sent. Who gets no turn in time is
told when to ask again; work is kept, never dropped.
"""

import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from connections.calllog import CallFor
from connections.constantcontact.errors import QuotaRefused
from connections.constantcontact.signals import Signal
from connections.models import QuotaDay, QuotaPool
from connections.quota import answers, pools, tickets, turnstile
from connections.quota.tickets import Asker, Granted, Standing
from connections.quota.turnstile import Look

log = logging.getLogger(__name__)

# How long a waiting process sleeps at most before it says that it is still there.
HEARTBEAT_SECONDS: Final = 0.5
# A turn is given out so long before its moment as it takes this process to wake, look and be ready: measured.
LEAST_AHEAD: Final = 0.05
LEAST_SLEEP: Final = 0.002
THROTTLED: Final = "throttled"
_USUAL_ANSWER_SECONDS: Final = 0.2
# What calls of this process have taken lately, by pool: how long a turn lasts is told from it.
_answer_seconds: dict[UUID, float] = {}
_readiness: list[float] = [LEAST_AHEAD / 2]  # what waking and looking have taken lately
# Pools for which this process has a call out whose answer opens them again.
_probing: set[UUID] = set()
# How the caller of the running request stands since its last call.
_standing: ContextVar[Standing | None] = ContextVar("standing", default=None)
_ANSWERS: Final = frozenset(
    {Signal.ANSWERED, Signal.REFUSED, Signal.SERVER_FAULT, Signal.GARBLED, Signal.QUEUE_FULL}
)


def last_standing() -> Standing | None:
    """How the caller stands since the last call that was charged in this context; None: to be looked up."""
    return _standing.get()


def forget_standing() -> None:
    """Another caller's request begins."""
    _standing.set(None)


@dataclass(frozen=True)
class Permit:
    """One charged call; `close` gives its place back."""

    asker: Asker
    ticket: int
    granted: Granted
    began: float

    def close(self, delivered: bool) -> None:
        """The call has ended. Refunds the charge only if no byte left."""
        if not delivered:
            _standing.set(None)
            tickets.leave(self.ticket)
            return
        ended = time.monotonic()
        tickets.finish(self.asker, self.ticket, self.granted.clock + ended, self.granted.rest)
        known = _answer_seconds.get(self.asker.pool_id, _USUAL_ANSWER_SECONDS)
        _answer_seconds[self.asker.pool_id] = known + 0.1 * (ended - self.began - known)


def admit(
    pool_id: UUID,
    call_for: CallFor | None = None,
    *,
    purpose: str = "api",
    wait_seconds: float,
) -> Permit:
    """Charge one call and take a place, waiting for a turn at most `wait_seconds`.

    Args:
        pool_id: the pool of the application.
        call_for: on whose behalf, and in which class; without it the call is the deployment's own, interactive.
        purpose: `api`, or `token` for the token endpoint (own pace, not part of the day).
        wait_seconds: how long the caller can wait for a turn.

    Raises:
        QuotaRefused: reason `quota_exceeded` (the day is spent), `share_used` (what is left of it is kept for others
            for now) or `throttled` (no turn in time), with the seconds after which to ask again.
        RuntimeError: a transaction is open; no provider call may be made inside one.
    """
    if purpose == "api" and connection.in_atomic_block:
        raise RuntimeError("No provider call inside a database transaction: leave the scope first.")
    asker = _asker(pool_id, call_for, purpose)
    return _Wait(asker, time.monotonic() + wait_seconds).run()


def _asker(pool_id: UUID, call_for: CallFor | None, purpose: str) -> Asker:
    if call_for is None:
        return Asker(pool_id, purpose, "interactive")
    return Asker(
        pool_id,
        purpose,
        call_for.call_class,
        call_for.tenant_id,
        call_for.environment_id,
        call_for.connection_id,
        call_for.job_id,
    )


@dataclass
class _Wait:
    """One call's waiting for its turn."""

    asker: Asker
    deadline: float
    number: int = 0
    woken_at: float = 0.0  # when the last sleep was to end

    def run(self) -> Permit:
        """Wait, and answer the permit. Raises QuotaRefused as `admit`."""
        try:
            while True:
                found = self._look()
                granted = found.granted
                if granted is None:
                    if found.refused:
                        number, self.number = self.number, 0
                        tickets.refuse(self.asker, number)
                        raise QuotaRefused(found.refused, retry_after_seconds=found.opens_in)
                    self._sleep(0.0 if found.gave else found.opens_in)
                    granted = self._poll()
                    if granted is None and time.monotonic() >= self.deadline:
                        raise self._too_late()
                if granted is not None and self._keeps(granted):
                    if granted.is_probe:
                        _probing.add(self.asker.pool_id)
                    _standing.set(granted.standing)
                    return Permit(self.asker, self.number, granted, time.monotonic())
        except BaseException:
            self._leave()
            raise

    def _look(self) -> Look:
        with pools.ledger() as ledger:
            self.number, found = turnstile.look(ledger, self.asker, self.number, ahead())
            return found

    def _poll(self) -> Granted | None:
        """The turn that another process may have given to our ticket meanwhile."""
        try:
            return tickets.poll(self.asker, self.number)
        except LookupError:  # this process stood still for so long that its ticket was given up
            self.number = 0
            return None

    def _sleep(self, opens_in: float) -> None:
        now = time.monotonic()
        seconds = min(opens_in - ahead(), HEARTBEAT_SECONDS, self.deadline - now)
        if seconds > 0:
            self.woken_at = now + max(seconds, LEAST_SLEEP)
            time.sleep(max(seconds, LEAST_SLEEP))

    def _keeps(self, granted: Granted) -> bool:
        """Wait for the moment of the turn; False if it went by and a new one must be waited for."""
        if self.woken_at:
            took = time.monotonic() - self.woken_at
            # Rises at once and falls slowly: being ready early costs little, late a part of every second.
            _readiness[0] = max(min(took, pools.MOST_AHEAD), 0.9 * _readiness[0])
        while True:
            if (wait := granted.moment - time.monotonic()) > 0:
                time.sleep(wait)
            if granted.slack is None or time.monotonic() - granted.moment <= granted.slack:
                return True
            later = turnstile.late(self.asker, granted.starts_at)
            if later is None:
                self._leave()
                return False
            granted = later

    def _leave(self) -> None:
        number, self.number = self.number, 0
        if number:
            tickets.leave(number)

    def _too_late(self) -> QuotaRefused:
        """No turn in time: as many turns as stand before ours, each as long as a turn takes."""
        usual = _answer_seconds.get(self.asker.pool_id, _USUAL_ANSWER_SECONDS)
        with pools.ledger() as cursor:
            seconds = turnstile.turn_in(cursor, self.asker, self.number, usual)
        return QuotaRefused(THROTTLED, retry_after_seconds=seconds)


def ahead() -> float:
    """How long before its moment this process has a turn given out."""
    return min(pools.MOST_AHEAD, max(LEAST_AHEAD, 1.5 * _readiness[0]))


def heard(pool_id: UUID, call_for: CallFor, outcome: str) -> None:
    """What an answer of the provider's API says about the pool, or about the account alone.

    Args:
        outcome: a `constantcontact.signals.Signal`.
    """
    if outcome == Signal.QUOTA_EXCEEDED:
        close_for_today(pool_id)
    elif outcome == Signal.THROTTLED:
        log.warning("pool %s: throttled, although our calls keep to its pace; it goes slower", pool_id)
        answers.slow_down(pool_id)
    elif outcome == Signal.QUEUE_FULL and call_for.connection_id is not None:
        answers.rest(call_for.connection_id)
    if pool_id in _probing and outcome in _ANSWERS:
        _probing.discard(pool_id)
        answers.reopen(pool_id)


def close_for_today(pool_id: UUID) -> None:
    """The provider itself said the day is spent: nothing more until 00:00 UTC, whatever our count says."""
    _probing.discard(pool_id)
    foreign = answers.close(pool_id)
    log.warning(
        "pool %s: the provider says that the day is spent; others may have made %d calls", pool_id, foreign
    )


def open_again(pool_id: UUID) -> None:
    """An operator knows better: the pool is not closed any more, and nobody else uses its key."""
    _probing.discard(pool_id)
    answers.forgive(pool_id)


def used_today(pool: QuotaPool) -> int:
    """Calls charged to the pool on this UTC day."""
    total = QuotaDay.objects.filter(pool=pool, day=datetime.now(UTC).date()).aggregate(total=Sum("used"))[
        "total"
    ]
    return int(total or 0)
