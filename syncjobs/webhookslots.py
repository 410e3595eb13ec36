"""How much of a worker webhooks may take, so that beside the slowest receivers its jobs, mail and renewals go on.

Promises: never more than half of a worker's processes at once; a worker with one process gives them half of its time.
Each worker counts for itself, in a file without a name that its processes inherit, so it is the same for one host and
for many; the kernel frees the slot of a process that ended, however it did. Outside a worker nothing is bounded.
"""

import fcntl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

USUAL_SECONDS: Final = 40.0
# Of the only process: what is rung meanwhile must not grow too old to be heard.
ALONE_SECONDS: Final = 8.0


class Slots:
    """The slots of one worker; made before it forks."""

    def __init__(self, processes: int) -> None:
        self.many = max(1, processes // 2)
        self.is_alone = processes == 1
        self.free_at = 0.0
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the worker

    def take(self) -> int | None:
        """One that nobody has."""
        if time.monotonic() < self.free_at:
            return None
        for number in range(self.many):
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except OSError:
                continue
            return number
        return None

    def give_back(self, number: int, taken_at: float) -> None:
        """Free it; the only process is left to others for as long as it was held."""
        fcntl.lockf(self.file, fcntl.LOCK_UN, 1, number)
        if self.is_alone:
            now = time.monotonic()
            self.free_at = now + (now - taken_at)


_slots: Slots | None = None


def divide(processes: int) -> None:
    """This is a worker with so many processes, which it is about to start."""
    global _slots  # noqa: PLW0603  # one worker a process
    _slots = Slots(processes)


def undivided() -> None:
    """This process is no worker."""
    global _slots  # noqa: PLW0603  # the same
    _slots = None


@contextmanager
def taken() -> Iterator[float]:
    """A slot for the block: for how many seconds deliveries may be begun; 0 where none is free."""
    if _slots is None:
        yield USUAL_SECONDS
        return
    number, taken_at = _slots.take(), time.monotonic()
    if number is None:
        yield 0.0
        return
    try:
        yield ALONE_SECONDS if _slots.is_alone else USUAL_SECONDS
    finally:
        _slots.give_back(number, taken_at)
