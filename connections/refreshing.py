"""One call to the token endpoint for one grant, so that no end of it, and no death in it, loses the grant by us.

    1  The intent is committed: who asks (`asking`), since when, and how many such calls have an unknown end (`asks`).
    2  The row is locked and looked at again; only who still holds the intent asks, under the lock.
    3  The new pair is committed, to the disk, before anybody uses it; a database that is gone is waited for.

A death between 1 and 3 leaves the intent, and `lifetimes` says what the next one may do about it. `version` goes up
with each new pair, and nothing is written over a version that has moved.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connection as database

from connections import facts, lifetimes, tenancy, vault
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ConnectionToken

log = logging.getLogger(__name__)
# How long a pair in hand waits for a database that restarts or fails over.
STORE_PAUSES: Final = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
LONGEST_LIFE: Final = timedelta(days=30)


class Charged(Protocol):
    """A call to the token endpoint that has been charged."""

    def close(self, delivered: bool) -> None:
        """It has ended."""


class Renewal(Protocol):
    """How a grant is renewed: charge the call first, outside any lock; then ask, under the row's lock."""

    @property
    def is_rotating(self) -> bool:
        """Whether each renewal replaces the refresh token."""

    def admit(self) -> Charged:
        """Charge one call, or raise QuotaRefused."""

    def ask(self, refresh_token: Secret) -> TokenGrant:
        """Send it."""


@dataclass(frozen=True)
class Asked:
    """How it ended; `failure` None means that the row now holds a new pair, or that another is at it."""

    failure: Exception | None = None


def place(row: ConnectionToken, column: str) -> vault.Place:
    """What a token's seal is bound to."""
    return vault.Place(row.tenant_id, row.connection_id, column)


def trouble(row: ConnectionToken, *, is_refused: bool, now: datetime) -> lifetimes.Trouble:
    """What stands in the way of asking; a token that got a 401 has ended, whatever its date says."""
    ends_at = min(row.expires_at, now) if is_refused else row.expires_at
    return lifetimes.Trouble(ends_at, row.retry_at, row.asks, row.asked_at)


def grace() -> timedelta:
    """How long the provider takes a refresh token that it has just replaced, as far as this deployment knows."""
    settled = facts.found().get("refresh_grace_seconds")
    return lifetimes.UNSETTLED_GRACE if settled is None else timedelta(seconds=float(settled))


def ask(connection: Connection, seen: ConnectionToken, renewal: Renewal, *, is_refused: bool) -> Asked:
    """Ask for a new pair, if nobody has changed the row since it was `seen`.

    Raises:
        errors.QuotaRefused: the call was not charged, and nothing was sent.
        vault.CannotOpen: the key that sealed the refresh token, or the application's secret, is missing.
    """
    if database.in_atomic_block:
        raise RuntimeError("No grant is renewed inside a database transaction: leave the scope first.")
    refresh_token = vault.open_sealed(seen.refresh_sealed, place(seen, "refresh"))
    # Charged before the lock: the pool's own row must not stay locked while the token endpoint is asked.
    permit = renewal.admit()
    call = _Call(connection, seen, renewal, is_refused=is_refused)
    try:
        return call.make(refresh_token) if call.announce() else Asked()
    finally:
        permit.close(delivered=call.sent)


class _Call:
    """One call, from its intent to what the row says afterwards."""

    def __init__(
        self, connection: Connection, seen: ConnectionToken, renewal: Renewal, *, is_refused: bool
    ) -> None:
        self._connection, self._seen, self._renewal = connection, seen, renewal
        self._is_refused = is_refused
        self._ticket = uuid4()
        self._began = datetime.now(UTC)
        self._before = seen
        self.sent = False

    def _rows(self) -> Any:  # Any: a queryset
        return ConnectionToken.objects.filter(connection_id=self._connection.pk, version=self._seen.version)

    def _scope(self) -> Any:  # Any: a context manager of tenancy
        return tenancy.acting_for(self._connection.tenant_id, self._connection.environment_id)

    def announce(self) -> bool:
        """Commit the intent; False if another is at it, or was, or if asking is not the right thing now."""
        self._began = now = datetime.now(UTC)
        with self._scope():
            # Whoever holds the lock is asking at this moment: nobody queues up behind.
            free = self._rows().filter(asking=self._seen.asking, ended_at=None)
            row = free.select_for_update(skip_locked=True).first()
            if row is None:
                return False
            if lifetimes.not_before(trouble(row, is_refused=self._is_refused, now=now), now, grace()) > now:
                return False
            soon = now + lifetimes.SETTLE
            self._rows().update(
                asking=self._ticket,
                asks=row.asks + 1,
                asked_at=row.asked_at if row.asks else now,
                retry_at=soon,
                due_at=soon,
            )
            self._before = row
        return True

    def make(self, refresh_token: Secret) -> Asked:
        """Ask under the row's lock; failures are kept, not raised, so that what they leave behind is committed."""
        grant: TokenGrant | None = None
        failure: Exception | None = None
        is_stored = False
        try:
            with self._scope():
                with database.cursor() as cursor:
                    # Whatever the role's default: a pair that a crash of the server forgets is lost.
                    cursor.execute("SET LOCAL synchronous_commit TO on")
                held = self._rows().filter(asking=self._ticket).select_for_update().first()
                if held is None:
                    return Asked()
                self.sent = True
                try:
                    grant = self._renewal.ask(refresh_token)
                except (errors.ProviderError, vault.CannotOpen) as error:
                    failure = error
                    self.sent = getattr(error, "status", None) is not None or _may_have_happened(error)
                    self._note(failure)
                else:
                    self._rows().update(**renewed(held, grant, self._began))
            is_stored = True
        except DatabaseFault:
            log.exception("the database went away while a grant was renewed")
            if grant is None:
                failure = failure or errors.TokenUnavailable("no_answer", sent=True)
        finally:
            if grant is not None and not is_stored:
                self._make_sure(grant)
        return Asked(failure)

    def _note(self, failure: Exception) -> None:
        now = datetime.now(UTC)
        before = self._before
        in_doubt = self._renewal.is_rotating and _may_have_happened(failure)
        asks = before.asks + 1 if in_doubt else before.asks
        asked_at = (before.asked_at if before.asks else self._began) if asks else None
        ends_at = min(before.expires_at, now) if self._is_refused else before.expires_at
        failures = before.failures + 1
        stands = lifetimes.Trouble(ends_at, None, asks, asked_at)
        retry_at = lifetimes.pause(stands, failures, now, grace())
        due_at = lifetimes.not_before(lifetimes.Trouble(ends_at, retry_at, asks, asked_at), now, grace())
        self._rows().update(
            asking=None,
            asks=asks,
            asked_at=asked_at,
            failures=failures,
            failure=reason_of(failure),
            failed_at=now,
            retry_at=retry_at,
            due_at=due_at,
        )

    def _make_sure(self, grant: TokenGrant) -> None:
        """The pair in hand is the grant: store it if the transaction did not, as long as nobody stored another."""
        for pause in STORE_PAUSES:
            time.sleep(pause)
            try:
                with self._scope():
                    held = self._rows().select_for_update().first()
                    if held is not None:
                        self._rows().update(**renewed(held, grant, self._began))
                return
            except DatabaseFault:
                database.close()
        log.critical("a renewed grant could not be stored: connection %s", self._connection.pk)


def renewed(
    row: ConnectionToken, grant: TokenGrant, now: datetime
) -> dict[str, Any]:  # Any: values of columns
    """The columns of a row after a new pair; what stood in the way is forgotten, whatever it was."""
    life = min(timedelta(seconds=grant.expires_in), LONGEST_LIFE)
    longest = timedelta(days=settings.ENV.TOKEN_KEEP_ALIVE_DAYS)
    scope = (grant.scope or row.scope).replace("\x00", "")[:200]
    refresh = row.refresh_sealed
    if grant.refresh_token:
        refresh = vault.seal(grant.refresh_token, place(row, "refresh"))
    return {
        "access_sealed": vault.seal(grant.access_token, place(row, "access")),
        "refresh_sealed": refresh,
        "scope": scope,
        "expires_at": now + life,
        "version": row.version + 1,
        "refreshed_at": now,
        "due_at": lifetimes.keep_alive_at(row.connection_id, now, longest),
        **NO_TROUBLE,
    }


NO_TROUBLE: Final[dict[str, Any]] = {  # Any: values of columns
    "failed_at": None,
    "failures": 0,
    "failure": "",
    "retry_at": None,
    "wanted_at": None,
    "asking": None,
    "asks": 0,
    "asked_at": None,
    "ended_at": None,
}


def put_off(connection_id: UUID, failure: Exception, seconds: float) -> None:
    """A renewal that could not even be begun: the sweep looks again later. Inside the connection's scope."""
    now = datetime.now(UTC)
    ConnectionToken.objects.filter(connection_id=connection_id, due_at__lte=now).update(
        due_at=now + timedelta(seconds=seconds), failures=1, failure=reason_of(failure), failed_at=now
    )


def reason_of(failure: Exception) -> str:
    """The failure in one word of `health.RENEWAL_TROUBLES`."""
    if isinstance(failure, errors.InvalidClient):
        return "invalid_client"
    if isinstance(failure, vault.CannotOpen):
        return "key_missing"
    if isinstance(failure, errors.TokenError):
        return "lost_answer" if failure.may_have_happened else failure.reason[:40]
    return "internal_error"


def _may_have_happened(failure: Exception) -> bool:
    return isinstance(failure, errors.ProviderError) and failure.may_have_happened
