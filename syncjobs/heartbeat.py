"""The sign of life of the clock: Celery's beat rang, the broker carried it, and a worker heard.

Owns when it is written: at most every EVERY seconds, so that a sweep every few seconds costs one short read.
`manage.py doctor` reads it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from syncjobs.models import Heartbeat

SWEEP: Final = "sweep"
EVERY: Final = timedelta(seconds=20)


def note(name: str = SWEEP, now: datetime | None = None) -> None:
    """Write down that it was heard just now."""
    moment = now or datetime.now(UTC)
    if not Heartbeat.objects.filter(name=name, at__gt=moment - EVERY).exists():
        Heartbeat.objects.update_or_create(name=name, defaults={"at": moment})
