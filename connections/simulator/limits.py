"""The provider's call limits: so many a second and a day for one API key, all its accounts together.

The shape of the second is open, so there are three: `sliding` (the last 1,000 ms), `fixed` (the clock's
second) and `bucket` (a token bucket). The day is the UTC day. Nothing here is announced in headers.
"""

from collections import deque
from dataclasses import dataclass, field

from .clock import SECOND, utc_day


@dataclass(slots=True)
class _Key:
    recent: deque[int] = field(default_factory=deque)
    second: int = -1
    in_second: int = 0
    tokens: float = 0.0
    filled_at: int | None = None
    day: int = -1
    in_day: int = 0


class Limits:
    """What each key has used up."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    def admit_second(self, key: str, per_second: int, now: int, mode: str, capacity: int = 4) -> bool:
        """Takes one call out of this second, if one is left. `per_second` 0 means no limit."""
        if per_second <= 0:
            return True
        state = self._keys.setdefault(key, _Key())
        if mode == "fixed":
            return _fixed(state, per_second, now)
        if mode == "bucket":
            return _bucket(state, per_second, now, capacity)
        return _sliding(state, per_second, now)

    def used_today(self, key: str, now: int) -> int:
        state = self._keys.get(key)
        return state.in_day if state is not None and state.day == utc_day(now) else 0

    def count_day(self, key: str, at: int) -> None:
        """Counts one call against its UTC day."""
        state = self._keys.setdefault(key, _Key())
        if state.day != utc_day(at):
            state.day, state.in_day = utc_day(at), 0
        state.in_day += 1

    def set_today(self, key: str, used: int, now: int) -> None:
        """Makes it as if so many calls had been made today."""
        state = self._keys.setdefault(key, _Key())
        state.day, state.in_day = utc_day(now), used


def _fixed(state: _Key, per_second: int, now: int) -> bool:
    if state.second != now // SECOND:
        state.second, state.in_second = now // SECOND, 0
    if state.in_second >= per_second:
        return False
    state.in_second += 1
    return True


def _sliding(state: _Key, per_second: int, now: int) -> bool:
    # A clock set back would leave entries in the future; they are forgotten.
    while state.recent and not now - SECOND < state.recent[0] <= now:
        state.recent.popleft()
    if len(state.recent) >= per_second:
        return False
    state.recent.append(now)
    return True


def _bucket(state: _Key, per_second: int, now: int, capacity: int) -> bool:
    if state.filled_at is None or state.filled_at > now:
        state.tokens, state.filled_at = float(capacity), now
    state.tokens = min(float(capacity), state.tokens + (now - state.filled_at) * per_second / SECOND)
    state.filled_at = now
    # The tolerance keeps a caller that waits exactly one interval from failing on a rounded-off fraction.
    if state.tokens < 1 - 1e-9:
        return False
    state.tokens -= 1
    return True
