"""P13: how few looks at an account find out in time that its activities are over. Virtual time, no database.

Activities with log-normal runtimes about what their size suggests: one to a hundred at once, in bursts (all begun
together, as an import's batches are) and in a stream (as soon as one is known to be over the next begins), at a
provider that is quick and at one that takes twenty times as long. The pace is learned on the way, beginning with a
wrong guess. Beside ours, two other arms: a listing every 10 seconds, and one a minute.

    sigma 0.3   a predictor within 30 %: both targets hold for every number at once
    sigma 0.5   wilder runtimes: they hold over all numbers taken together
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from syncjobs.polling import Pace, Running, next_look

MOST_POLLS, MOST_LAG = 1.5, 0.4
AT_ONCE = (1, 2, 3, 4, 6, 8, 12, 16, 25, 50, 100)
# What these activities really take: seconds, and seconds for each thousand rows.
FIXED, PER_THOUSAND = 8.0, 1.2
SLOWNESS = (1.0, 20.0)
LEAST_GUESS = 2.0

When = Callable[[list[Running], float], float]


@dataclass
class Account:
    """One simulated account: what runs, what was seen, how often it was looked at."""

    sigma: float
    slowness: float
    seed: str
    when: When
    time: float = 0.0
    looks: int = 0
    lags: list[float] = field(default_factory=list)
    running: list[tuple[Running, float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.pace = Pace.guess(LEAST_GUESS)

    def begin(self, at: float) -> None:
        rows = self.random.randrange(200, 40_000)
        usual = self.slowness * (FIXED + PER_THOUSAND * rows / 1000)
        ends = at + usual * math.exp(self.random.gauss(0.0, self.sigma))
        self.running.append((Running(at, self.pace.predict(rows)), ends, rows))

    def look(self) -> int:
        """The next look; answers how many it found over."""
        self.time = max(self.when([one for one, _, _ in self.running], self.time), self.time + 0.05)
        self.looks += 1
        over = [found for found in self.running if found[1] <= self.time]
        self.running = [found for found in self.running if found[1] > self.time]
        for one, ends, rows in over:
            self.lags.append((self.time - ends) / (ends - one.since))
            self.pace = self.pace.learned(rows, ends - one.since)
        return len(over)


def burst(account: Account, at_once: int, total: int) -> Account:
    """So many begun one after the other at the rate of sending, again when the last is known to be over."""
    while len(account.lags) < total:
        for number in range(at_once):
            account.begin(account.time + number * 0.26)
        account.time += (at_once - 1) * 0.26
        while account.running:
            account.look()
    return account


def stream(account: Account, at_once: int, total: int) -> Account:
    """So many at every moment."""
    for _ in range(at_once):
        account.begin(account.time)
    while len(account.lags) < total:
        for _ in range(account.look()):
            account.begin(account.time)
    return account


def every(seconds: float) -> When:
    """A listing at a fixed distance."""
    return lambda running, last: last + seconds


ARMS: dict[str, When] = {
    "ours": next_look,
    "every 10 s": every(10.0),
    "every 60 s": every(60.0),
}


def figures(short: bool = False) -> Iterator[dict[str, Any]]:
    """One line for each runtime spread, number at once and arm; then all numbers together."""
    total = 200 if short else 1_000
    for sigma in (0.3, 0.5):
        for arm, when in ARMS.items():
            every_run = []
            for at_once in AT_ONCE:
                runs = [
                    way(
                        Account(sigma, slow, f"{way.__name__} {sigma} {slow} {at_once}", when), at_once, total
                    )
                    for way in (burst, stream)
                    for slow in SLOWNESS
                ]
                every_run += runs
                yield _line(arm, sigma, str(at_once), runs, judged=sigma == 0.3)
            yield _line(arm, sigma, "all", every_run, judged=True)


def _line(arm: str, sigma: float, at_once: str, runs: list[Account], *, judged: bool) -> dict[str, Any]:
    polls = sum(run.looks for run in runs) / sum(len(run.lags) for run in runs)
    lag = sum(sum(run.lags) for run in runs) / sum(len(run.lags) for run in runs)
    holds = polls <= MOST_POLLS and lag <= MOST_LAG
    return {
        "id": "P13",
        "arm": arm,
        "sigma": sigma,
        "at_once": at_once,
        "polls_per_finished": round(polls, 3),
        "lag_of_runtime": round(lag, 3),
        "holds": holds if judged and arm == "ours" else None,
    }
