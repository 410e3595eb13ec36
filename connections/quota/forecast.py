"""How many calls the rest of a day will bring, by what the same hours brought before: pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connections.quota.pacing import until_midnight

HOUR: Final = 3600
WEEK_HOURS: Final = 168
WEEKS: Final = 8
FADES: Final = 0.6  # each week back counts this much less
LIVELIER: Final = 0.1

History = Mapping[str, Mapping[int, int]]  # class -> hour since 1970 -> calls


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls expected of a class in the rest of the day; None where nothing is known yet."""

    mean: float
    variance: float

    def high(self, deviations: float) -> float:
        """What is rarely exceeded."""
        return self.mean * (1.0 + LIVELIER) + deviations * math.sqrt(self.variance)


def forecast(calls: Mapping[int, int], since: int, now: float) -> Forecast | None:
    """The rest of the day by the same hours of earlier weeks, or of earlier days in the first week.

    Args:
        calls: by hour since 1970; an hour that is missing had none.
        since: the first hour that the history covers.
        now: seconds since 1970.
    """
    mean = variance = 0.0
    end = now + until_midnight(now)
    hour = int(now // HOUR)
    while hour * HOUR < end:
        part = (min(end, (hour + 1) * HOUR) - max(now, hour * HOUR)) / HOUR
        found = _hour(calls, since, hour)
        if found is None:
            return None
        mean += part * found.mean
        variance += part * max(found.variance, found.mean)
        hour += 1
    return Forecast(mean, variance)


def _hour(calls: Mapping[int, int], since: int, hour: int) -> Forecast | None:
    step = WEEK_HOURS if hour - WEEK_HOURS >= since else 24
    samples = [
        (FADES**back, calls.get(hour - back * step, 0))
        for back in range(1, WEEKS + 1)
        if hour - back * step >= since
    ]
    total = sum(weight for weight, _ in samples)
    if not total:
        return None
    mean = sum(weight * value for weight, value in samples) / total
    variance = sum(weight * (value - mean) ** 2 for weight, value in samples) / total
    return Forecast(mean, variance)


def wanted(used: int, refused: int, limit: int) -> int:
    """Calls of an hour as a forecast counts them: those that were refused too, but nobody's hammering."""
    return used + min(refused, used + limit // 100)
