"""The simulator's time: the real one, moved or held still on request. Milliseconds since 1970, UTC.

Moves are part of the journal, so a restarted simulator goes on in the time it had.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")


def real_milliseconds() -> int:
    """The machine's own time."""
    return time.time_ns() // 1_000_000


class Clock:
    """Real time plus an offset, or a fixed instant while frozen."""

    def __init__(self, real: Callable[[], int] = real_milliseconds) -> None:
        self._real = real
        self.offset = 0
        self.frozen_at: int | None = None

    def now(self) -> int:
        return self.frozen_at if self.frozen_at is not None else self._real() + self.offset

    def moved(
        self, *, advance: int = 0, to: int | None = None, freeze: bool | None = None
    ) -> dict[str, int | None]:
        """The setting that such a move would give; `restore` makes it so."""
        at = (to if to is not None else self.now()) + advance
        frozen = self.frozen_at is not None if freeze is None else freeze
        return {"offset": at - self._real(), "frozen_at": at if frozen else None}

    def restore(self, setting: dict[str, int | None]) -> None:
        self.offset = setting["offset"] or 0
        self.frozen_at = setting["frozen_at"]


def parse_time(text: str) -> int | None:
    """Any ISO 8601 form that the provider's guide shows, or None."""
    if not _ISO.fullmatch(text.strip()):
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace(",", "."))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * SECOND)


@lru_cache(maxsize=65_536)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def show_time(milliseconds: int, form: str = "seconds") -> str:
    """An instant as the provider writes it: to the second with Z, with milliseconds, or with an offset."""
    text = _to_the_second(milliseconds // SECOND)
    if form == "milliseconds":
        return f"{text}.{milliseconds % SECOND:03}Z"
    return text + ("+00:00" if form == "offset" else "Z")


def show_date(milliseconds: int) -> str:
    """The day of an instant."""
    return show_time(milliseconds)[:10]


@lru_cache(maxsize=1_024)
def _header_form(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def show_header(milliseconds: int) -> str:
    """An instant as the `Date` of an answer."""
    return _header_form(milliseconds // SECOND)


def utc_day(milliseconds: int) -> int:
    """The number of the UTC day, by which the daily quota is counted."""
    return milliseconds // DAY
