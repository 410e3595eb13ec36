"""Calls in ten seconds: of one API token, and about one linked account; counted where every web process counts."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection as database

from connections.models import ApiKey, Connection

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


# A call too many is not counted, so that the next window begins with none. All times are the database's.
_NOW: Final = "date_bin('10 seconds', clock_timestamp(), 'epoch')"
_LEFT: Final = (
    "10 - extract(epoch FROM clock_timestamp() - date_bin('10 seconds', clock_timestamp(), 'epoch'))"
)
# Losing the last count in a crash of the database would harm nobody.
_LIGHTLY: Final = "(SELECT set_config('synchronous_commit', 'off', true)) lightly"
_OF_TOKEN: Final = (
    f"UPDATE connections_apikey SET window_start = {_NOW}, window_calls = "  # noqa: S608  # constants of this module
    f"CASE WHEN window_start = {_NOW} THEN least(window_calls, %s) ELSE 0 END + 1 "
    f"FROM {_LIGHTLY} WHERE id = %s RETURNING window_calls, {_LEFT}"
)
_OF_ACCOUNT: Final = (
    "INSERT INTO connections_accountcalls AS c (tenant_id, environment_id, connection_id, window_start, window_calls) "  # noqa: S608  # constants of this module
    f"SELECT %s, %s, %s, {_NOW}, 1 FROM {_LIGHTLY} ON CONFLICT (connection_id) DO UPDATE "
    "SET window_start = excluded.window_start, "
    "window_calls = CASE WHEN c.window_start = excluded.window_start THEN least(c.window_calls, %s) ELSE 0 END + 1 "
    f"RETURNING window_calls, {_LEFT}"
)


def count(key: ApiKey) -> Limit:
    """Count one call of a token. Inside its environment.

    Raises:
        TooManyCalls: the window's calls are used.
    """
    most = settings.ENV.API_TOKEN_CALLS_PER_WINDOW
    return _counted("token", most, _OF_TOKEN, [most, key.pk])


def count_account(account: Connection) -> Limit:
    """Count one call about a linked account, whichever token it comes with. Inside its environment.

    Raises:
        TooManyCalls: the window's calls are used.
    """
    most = settings.ENV.ACCOUNT_CALLS_PER_WINDOW
    values: list[UUID | int] = [account.tenant_id, account.environment_id, account.pk, most]
    return _counted("account_pace", most, _OF_ACCOUNT, values)


def _counted(name: str, most: int, statement: str, values: list[UUID | int]) -> Limit:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        calls, seconds = cursor.fetchone() or (1, WINDOW)
    limit = Limit(name, most, max(0, most - calls), min(WINDOW, max(1, round(seconds))), WINDOW)
    if calls > most:
        raise TooManyCalls(limit)
    return limit
