"""The bell of every queue: a Celery message without content that only says "look".

A broker that is down or silent is no fault: the clock's sweep, or `manage.py drain`, finds the row. After a bell that
did not ring this process leaves the broker alone for a while, so that whoever rings next does not wait for it too.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

REST_SECONDS: Final = 15.0
_silent_until = 0.0


def ring(task: str, after_seconds: float = 0.0, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Wake a worker for this task, now or in a moment."""
    global _silent_until  # noqa: PLW0603  # one broker a process
    if clock() < _silent_until:
        return
    try:
        current_app.send_task(task, countdown=after_seconds or None, retry=False, expires=300)
    except (OperationalError, OSError):
        _silent_until = clock() + REST_SECONDS
        log.debug("the broker does not answer; rows wait for the sweep or for `manage.py drain`")
