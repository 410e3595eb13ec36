"""When the next call may go: pure arithmetic of the two ways to keep within the provider's second.

Anchored (the default): a call holds one of r places from its sending until a second after its answer. Five calls
that arrive within one second would all hold a place at its end, and there are but four: it cannot happen, whatever
the network and the clocks do. Use is 1 / (1 + L) of the rate for an answer time of L seconds.

Paced: sendings stand T = (1 + J) / r apart. Five of them span 4 T, so arrivals that are late by J at most never
share a second. Use is 1 / (1 + J), whatever the answer time; it rests on J.

`throttled` makes either slower: by 5 % for a minute, then it goes back.
"""

from dataclasses import dataclass
from typing import Final

SECOND: Final = 1.0
SLOWER: Final = 1.05
SLOWEST: Final = 2.0
SLOW_SECONDS: Final = 60.0
HALVES_SECONDS: Final = 15.0
# Close to midnight (UTC) neither side can say whose day a call will be counted to; nothing goes.
GUARD_SECONDS: Final = 2.0
DAY_SECONDS: Final = 86_400.0


def interval(per_second: int, jitter_seconds: float) -> float:
    """Seconds between sendings in the paced mode."""
    return (SECOND + jitter_seconds) / per_second


@dataclass(frozen=True, slots=True)
class Slowness:
    """How much slower than its limit a pool goes, since the provider last said `throttled`."""

    factor: float = 1.0
    since: float = 0.0

    def at(self, now: float) -> float:
        """The factor now: held for a minute, then its excess halves every quarter of one."""
        waited = now - self.since - SLOW_SECONDS
        if self.factor <= 1.0 or waited < -SLOW_SECONDS:  # a clock that went back slows nobody
            return 1.0
        if waited <= 0:
            return self.factor
        excess = float((self.factor - 1.0) * 0.5 ** (waited / HALVES_SECONDS))
        return 1.0 + excess if excess > 0.002 else 1.0

    def heard(self, now: float) -> "Slowness":
        """After another `throttled`."""
        return Slowness(min(SLOWEST, self.at(now) * SLOWER), now)


def free_again(answered_at: float, factor: float) -> float:
    """When an anchored place is free again."""
    return answered_at + SECOND * factor


def next_send(sent_at: float, per_second: int, jitter_seconds: float, factor: float) -> float:
    """When the paced mode sends again."""
    return sent_at + interval(per_second, jitter_seconds) * factor


def clear_of_midnight(at: float) -> float:
    """The same moment (seconds since 1970), or the first after the guarded seconds around midnight."""
    past = (at + GUARD_SECONDS) % DAY_SECONDS
    return at + (2 * GUARD_SECONDS - past) if past < 2 * GUARD_SECONDS else at


def until_midnight(at: float) -> float:
    """Seconds to the next 00:00 UTC, at which the provider's day begins."""
    return DAY_SECONDS - at % DAY_SECONDS
