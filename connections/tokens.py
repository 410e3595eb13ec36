"""A fresh access token, whoever asks: one refresh for all processes, under the lock of the token's own row.

Whoever gets the lock looks again first: if another has refreshed meanwhile, its token is used. A new pair is
stored before it is used. Only `invalid_grant` means that a person must reconnect; after any other failure the
old access token is used for as long as it lives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django.conf import settings

from connections import tenancy, vault
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ConnectionToken
from connections.signals import connection_changed

NEEDS_RECONNECT = (
    "Constant Contact no longer accepts this link. Someone with access to the account must reconnect it."
)


class Charged(Protocol):
    """A call to the token endpoint that has been charged."""

    def close(self, delivered: bool) -> None:
        """It has ended."""


@dataclass(frozen=True)
class Renewal:
    """How a grant is renewed: charge the call first, outside any lock; then ask, under the row's lock."""

    admit: Callable[[], Charged]
    ask: Callable[[Secret], TokenGrant]


@dataclass(frozen=True)
class _Refreshed:
    access: Secret | None
    asked: bool = False
    failure: errors.TokenError | None = None


def store(connection: Connection, grant: TokenGrant, now: datetime) -> None:
    """Seal a grant into the connection's token row, new or not. Inside the connection's scope."""
    row = ConnectionToken.objects.filter(connection=connection).first() or ConnectionToken(
        connection=connection,
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        version=0,
    )
    _put(row, grant, now)


def source(connection: Connection, renewal: Renewal) -> Callable[[str | None], Secret]:
    """Where a client gets its token: None asks for the current one, a token that got a 401 for a fresher one."""

    def token(stale: str | None) -> Secret:
        return fresh(connection, stale, renewal)

    return token


def fresh(connection: Connection, stale: str | None, renewal: Renewal) -> Secret:
    """A token that is good for at least the next call.

    Raises:
        errors.InvalidGrant: the grant is dead; the connection now says that it needs reconnecting.
        errors.TokenError: the token endpoint cannot be had and the old token has run out.
        vault.CannotOpen: the key that sealed it is missing.
    """
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        row = ConnectionToken.objects.filter(connection=connection).first()
    if row is None:
        raise errors.InvalidGrant("no_token", NEEDS_RECONNECT)
    access = _access(row)
    if not _is_stale(row, access, stale):
        return access
    # Charged before the lock: the pool's own row must not stay locked while the token endpoint is asked.
    try:
        permit = renewal.admit()
    except errors.QuotaRefused:
        if stale is None and row.expires_at > datetime.now(UTC):
            return access
        raise
    refreshed = _Refreshed(None)
    try:
        refreshed = _refresh(connection, stale, renewal.ask)
    finally:
        permit.close(delivered=refreshed.asked or refreshed.access is None)
    if isinstance(refreshed.failure, errors.InvalidGrant):
        connection_changed.send(sender=Connection, connection=connection, change="needs_reauth")
    if refreshed.access is None:
        raise refreshed.failure or errors.TokenUnavailable("no_answer")
    return refreshed.access


def _refresh(connection: Connection, stale: str | None, ask: Callable[[Secret], TokenGrant]) -> _Refreshed:
    """Lock the row, look again, refresh only if still needed, store before use. Failures are kept, not raised,
    so that what they leave behind is committed."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        row = ConnectionToken.objects.select_for_update().get(connection=connection)
        access = _access(row)
        if not _is_stale(row, access, stale):
            return _Refreshed(access)
        now = datetime.now(UTC)
        try:
            grant = ask(vault.open_sealed(row.refresh_sealed, place(row, "refresh")))
        except errors.InvalidGrant as failure:
            Connection.objects.filter(pk=connection.pk).update(
                status=Connection.Status.NEEDS_REAUTH, last_error=NEEDS_RECONNECT
            )
            return _Refreshed(None, asked=True, failure=failure)
        except errors.TokenError as failure:
            ConnectionToken.objects.filter(pk=row.pk).update(failed_at=now)
            still_good = stale is None and row.expires_at > now
            return _Refreshed(access if still_good else None, asked=True, failure=failure)
        _put(row, grant, now)
        return _Refreshed(grant.access_token, asked=True)


def _is_stale(row: ConnectionToken, access: Secret, stale: str | None) -> bool:
    if stale is not None:
        return access == Secret(stale)
    now = datetime.now(UTC)
    if row.expires_at - timedelta(seconds=settings.ENV.TOKEN_REFRESH_AHEAD_SECONDS) > now:
        return False
    # After a failure the old token rests half a minute before the endpoint is asked again.
    rested = row.failed_at is None or now - row.failed_at > timedelta(seconds=30)
    return rested or row.expires_at <= now


def _put(row: ConnectionToken, grant: TokenGrant, now: datetime) -> None:
    row.access_sealed = vault.seal(grant.access_token, place(row, "access"))
    if grant.refresh_token:
        row.refresh_sealed = vault.seal(grant.refresh_token, place(row, "refresh"))
    row.scope = grant.scope or row.scope
    row.expires_at = now + timedelta(seconds=grant.expires_in)
    row.refreshed_at = now
    row.failed_at = None
    row.version += 1
    row.save()


def _access(row: ConnectionToken) -> Secret:
    return vault.open_sealed(row.access_sealed, place(row, "access"))


def place(row: ConnectionToken, column: str) -> vault.Place:
    """What a token's seal is bound to."""
    return vault.Place(row.tenant_id, row.connection_id, column)
