"""One writer at a time for one contact: a lease row, so that no transaction and no session is held during a call.

A writer reads, merges and writes under the lease. A lock of PostgreSQL's own would need a transaction that stays open
while the provider is called, or a session that a pool may hand to somebody else. A lease that its owner's process died
with is free when it has run out; it is renewed before the write, by one conditional UPDATE, so that an owner who was
too slow finds out before it writes over somebody. Threads of one process queue in front of the database.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection as database

from connections import tenancy, turns
from connections.constantcontact.errors import OutcomeUnknown, WrongShape
from connections.models import Connection

WAIT_SECONDS: Final = 10.0
_PAUSES: Final = (0.02, 0.25)


class Busy(Exception):
    """Others write this contact, one after the other, for longer than a caller can wait; or the lease was lost."""


class Lease:
    """The right to write one contact."""

    def __init__(self, connection: Connection, contact_id: UUID) -> None:
        self._connection = connection
        self._contact_id = contact_id
        self._owner = uuid4()

    def take(self) -> bool:
        """Whether it is ours now: it was free, or its owner has let it run out."""
        place = (self._connection.tenant_id, self._connection.environment_id, self._connection.pk)
        return self._ask(
            """
            INSERT INTO mapping_contactlock AS held
                (tenant_id, environment_id, connection_id, contact_id, owner, until)
            VALUES (%s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (tenant_id, connection_id, contact_id)
                DO UPDATE SET owner = excluded.owner, until = excluded.until
                WHERE held.until < clock_timestamp()
            """,
            *place,
            self._contact_id,
            self._owner,
            _lease_seconds(),
        )

    def renew(self) -> None:
        """Directly before a write. Raises Busy where somebody else has taken it over."""
        is_ours = self._ask(
            "UPDATE mapping_contactlock SET until = clock_timestamp() + make_interval(secs => %s) WHERE owner = %s",
            _lease_seconds(),
            self._owner,
        )
        if not is_ours:
            raise Busy

    def give_back(self) -> None:
        """Free for the next."""
        self._ask("DELETE FROM mapping_contactlock WHERE owner = %s", self._owner)

    def _ask(self, sql: str, *arguments: UUID | float) -> bool:
        with (
            tenancy.acting_for(self._connection.tenant_id, self._connection.environment_id),
            database.cursor() as cursor,
        ):
            cursor.execute(sql, arguments)
            return bool(cursor.rowcount == 1)


def _lease_seconds() -> float:
    """Longer than one call takes with its wait for a turn, so that it ends before anybody else may write."""
    return settings.ENV.PROVIDER_TIMEOUT_SECONDS + settings.ENV.INTERACTIVE_WAIT_SECONDS + 15.0


@contextmanager
def held(connection: Connection, contact_id: UUID) -> Iterator[Lease]:
    """Alone with one contact of an account. No transaction is open, and none stays open.

    Raises:
        Busy: it was not free within WAIT_SECONDS.
    """
    if database.in_atomic_block:
        raise RuntimeError("A contact is locked outside of transactions: the provider is called meanwhile.")
    ends = time.monotonic() + WAIT_SECONDS
    with turns.one_at_a_time(contact_id, WAIT_SECONDS) as is_ours:
        lease = Lease(connection, contact_id)
        while not (is_ours and lease.take()):
            if not is_ours or time.monotonic() >= ends:
                raise Busy
            time.sleep(random.uniform(*_PAUSES))  # noqa: S311  # only spreads those who wait
        try:
            yield lease
        except BaseException as error:
            if not _may_still_arrive(error):
                lease.give_back()
            raise
        lease.give_back()


def _may_still_arrive(error: BaseException) -> bool:
    """A write without an answer may be done at any moment: nobody else writes until the lease has run out."""
    if not isinstance(error, OutcomeUnknown) or isinstance(error, WrongShape):
        return False
    return error.may_have_happened
