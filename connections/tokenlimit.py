"""One API token's calls a minute, counted where every web process counts."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection as database

from connections import tenancy
from connections.models import ApiKey

MINUTE: Final = 60


@dataclass(frozen=True)
class Limit:
    """One limit of a caller: so many in a window, so many left, and in how many seconds all are back."""

    name: str
    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int


class TooManyCalls(Exception):
    """The token's calls of this minute are used; the limit says when there are more."""

    def __init__(self, limit: Limit) -> None:
        super().__init__("too many calls a minute")
        self.limit = limit


def count(key: ApiKey) -> Limit:
    """Count one call of a token. Its clock is the database's; a call too many is not counted.

    Raises:
        TooManyCalls: the minute's calls are used.
    """
    most = settings.ENV.API_TOKEN_CALLS_PER_MINUTE
    with tenancy.acting_for(key.tenant_id, key.environment_id), database.cursor() as cursor:
        # Losing the last count in a crash of the database would harm nobody.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            "UPDATE connections_apikey SET minute = date_trunc('minute', clock_timestamp()), minute_calls = "
            "CASE WHEN minute = date_trunc('minute', clock_timestamp()) THEN least(minute_calls, %s) ELSE 0 END + 1 "
            "WHERE id = %s RETURNING minute_calls, 60 - extract(second FROM clock_timestamp())",
            [most, key.pk],
        )
        calls, seconds = cursor.fetchone() or (1, MINUTE)
    limit = Limit("token", most, max(0, most - calls), max(1, round(seconds)), MINUTE)
    if calls > most:
        raise TooManyCalls(limit)
    return limit
