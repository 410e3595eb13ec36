"""Turns within this process: one thread at a time for each key, the others wait in front of the database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


_turns: dict[UUID, _Turn] = {}
_guard = threading.Lock()


@contextmanager
def one_at_a_time(key: UUID, wait_seconds: float) -> Iterator[bool]:
    """Whether it is ours now; False where another thread kept it for longer than we can wait."""
    with _guard:
        turn = _turns.setdefault(key, _Turn())
        turn.users += 1
    is_ours = turn.lock.acquire(timeout=max(0.0, wait_seconds))
    try:
        yield is_ours
    finally:
        if is_ours:
            turn.lock.release()
        with _guard:
            turn.users -= 1
            if not turn.users:
                del _turns[key]
