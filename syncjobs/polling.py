"""When to look at an account's activities. Pure: seconds in, seconds out.

A look is one listing of everything that an account has running. First when the earliest is likely done, by what
was seen of this account before; then at ever greater distances. Many at once are looked for a little earlier and
in finer steps, but never so often that a look is likely to find nothing new.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

FIRST: Final = 1.1  # of the predicted time
LEAST_FIRST: Final = 0.7
STEP: Final = 0.5  # how much later each further look is, as a share of the time that passed
LONGEST_GAP: Final = 1800.0
SHORTEST_GAP: Final = 0.25
# After this nothing is waited for any more, whatever it says of itself.
LEAST_PATIENCE: Final = 3600.0
MOST_PATIENCE: Final = 6 * 3600.0
PATIENCE: Final = 20.0  # of the predicted time
FORGETS: Final = 0.95
STIFFNESS: Final = 0.05


@dataclass(frozen=True)
class Pace:
    """How long activities of one kind take: so many seconds, and so many more for each thousand rows.

    A regression that forgets: each new observation weighs more than the one before. It begins with a guess.
    """

    weight: float
    rows: float
    seconds: float
    squares: float
    products: float
    slope: float

    @classmethod
    def guess(cls, least: float, for_thousand: float | None = None) -> "Pace":
        """Before anything was seen: `least` seconds and so many for a thousand rows, else a tenth of the least."""
        slope = least / 10 if for_thousand is None else for_thousand
        # Half an observation at 5,000 rows, of sizes that differ by as much: an import of any size is near it.
        return cls(0.5, 2.5, 0.5 * (least + 5 * slope), 25.0, 2.5 * least + 25 * slope, slope)

    @classmethod
    def of(cls, kept: dict[str, Any] | None, least: float, for_thousand: float | None = None) -> "Pace":
        """From JSON, or a guess."""
        return cls(**kept) if kept else cls.guess(least, for_thousand)

    def to_json(self) -> dict[str, float]:
        """To be kept."""
        return asdict(self)

    def predict(self, rows: int) -> float:
        """Seconds that an activity over so many rows is likely to take."""
        mean_rows, mean_seconds = self.rows / self.weight, self.seconds / self.weight
        return max(mean_seconds + self._slope() * (rows / 1000 - mean_rows), mean_seconds * 0.1, 0.05)

    def _slope(self) -> float:
        spread = self.squares / self.weight - (self.rows / self.weight) ** 2
        common = self.products / self.weight - self.rows * self.seconds / self.weight**2
        # Where all had the same size nothing is known of the slope but the guess.
        return max(0.0, (common + STIFFNESS * self.slope) / (max(0.0, spread) + STIFFNESS))

    def learned(self, rows: int, seconds: float) -> "Pace":
        """With one more seen; one that stood still for hours counts as a slow one, not as the rule."""
        seen, size = min(seconds, 10 * self.predict(rows)), rows / 1000
        return Pace(
            FORGETS * self.weight + 1,
            FORGETS * self.rows + size,
            FORGETS * self.seconds + seen,
            FORGETS * self.squares + size * size,
            FORGETS * self.products + size * seen,
            self.slope,
        )


@dataclass(frozen=True)
class Running:
    """An activity that is not known to be over: since when, and how long it is likely to take."""

    since: float
    predicted: float


def next_look(running: Sequence[Running], last: float) -> float:
    """When to look next, after a look at `last` (or the sending of the first) that found these still running."""
    count = len(running)
    wanted = min(_wanted(one, last, count) for one in running)
    # One that is late already shows that its kind takes longer than was thought.
    mean = sum(max(one.predicted, last - one.since) for one in running) / count
    # Looks nearer to each other than this find nothing new as often as not.
    apart = min(2.0, count / 2) * mean / count if count > 1 else 0.0
    return min(max(wanted, last + apart, last + SHORTEST_GAP), last + LONGEST_GAP)


def _wanted(one: Running, last: float, count: int) -> float:
    first = max(LEAST_FIRST, FIRST * math.pow(count, -0.12)) * one.predicted
    passed = last - one.since
    if passed < first * 0.999:
        return one.since + first
    return last + STEP * math.pow(count, -0.3) * passed


def patience(predicted: float) -> float:
    """Seconds after which an activity counts as stuck."""
    return min(MOST_PATIENCE, max(LEAST_PATIENCE, PATIENCE * predicted))
