"""Calls in ten seconds: of one API token, and about one linked account; counted where every web process counts."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings

from connections.prepared import Prepared, Statement

WINDOW: Final = 10


@dataclass(frozen=True)
class Limit:
    """One limit of a caller: so many in a window, so many left, and in how many seconds all are back."""

    name: str
    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int


class TooManyCalls(Exception):
    """The calls of this window are used; the limit says when there are more."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"too many calls in {limit.window_seconds} seconds")
        self.limit = limit


# A call too many counts no further, so that the next window begins with none. All times are the database's.
NOW: Final = "date_bin('10 seconds', clock_timestamp(), 'epoch')"
LEFT: Final = f"(10 - extract(epoch FROM clock_timestamp() - {NOW}))::float8"
_OF_ACCOUNT: Final = Prepared(
    "account_pace",
    "INSERT INTO connections_accountcalls AS c (tenant_id, environment_id, connection_id, window_start, window_calls) "  # noqa: S608  # constants of this module
    f"SELECT tenant_id, environment_id, id, {NOW}, 1 FROM connections_connection WHERE id = %s AND "
    "(%s OR current_setting('app.entered', true) = 'yes') "
    "ON CONFLICT (connection_id) DO UPDATE SET window_start = excluded.window_start, "
    "window_calls = CASE WHEN c.window_start = excluded.window_start THEN least(c.window_calls, %s) ELSE 0 END + 1 "
    f"RETURNING window_calls, {LEFT}",
)


def of_token(calls: int, seconds: float) -> Limit:
    """What a token has left after so many calls in a window that ends in so many seconds.

    Raises:
        TooManyCalls: the window's calls are used.
    """
    return _limit("token", settings.ENV.API_TOKEN_CALLS_PER_WINDOW, calls, seconds)


def counting(account_id: UUID, *, is_entered: bool) -> Statement:
    """The statement that counts one call about a linked account, whichever token it comes with.

    Args:
        is_entered: the token is known to be good; else the message must have found it so (`keys.enter`).
    """
    return _OF_ACCOUNT, [account_id, is_entered, settings.ENV.ACCOUNT_CALLS_PER_WINDOW]


def of_account(calls: int, seconds: float) -> Limit:
    """The same of a linked account. Raises as `of_token`."""
    return _limit("account_pace", settings.ENV.ACCOUNT_CALLS_PER_WINDOW, calls, seconds)


def _limit(name: str, most: int, calls: int, seconds: float) -> Limit:
    limit = Limit(name, most, max(0, most - calls), min(WINDOW, max(1, round(seconds))), WINDOW)
    if calls > most:
        raise TooManyCalls(limit)
    return limit
