"""A fresh access token, whoever asks: one renewal for all threads and processes, and the old token until then.

Whoever comes while another renews uses the old access token if it still works, and else waits for the winner's.
Only `invalid_grant`, for the row as it is now, means that a person must reconnect; after any other failure the old
access token is used for as long as it lives, and the pauses between the tries grow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from django.conf import settings

from connections import lifetimes, refreshing, tenancy, turns, vault
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ConnectionToken
from connections.refreshing import Charged, place
from connections.signals import connection_changed

__all__ = ["Charged", "Renewal", "fresh", "place", "renew", "source", "store"]

NEEDS_RECONNECT = (
    "Constant Contact no longer accepts this link. Someone with access to the account must reconnect it."
)
ANSWER_LOST = (
    "An answer of Constant Contact was lost while this link was renewed, and it no longer accepts the link. Someone "
    "with access to the account must reconnect it."
)
LOOK_AGAIN_SECONDS: Final = 0.05
READ_ALONG_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Renewal:
    """How the grants of one application are renewed, and how long the caller can wait for it."""

    admit: Callable[[], Charged]
    ask: Callable[[Secret], TokenGrant]
    wait_seconds: float
    is_rotating: bool = True


class _Need(Enum):
    NONE = auto()  # the token is good
    EARLY = auto()  # it works, and is to be renewed
    NOW = auto()  # it has run out, or was refused


def store(connection: Connection, grant: TokenGrant, now: datetime) -> None:
    """Seal a grant into the connection's token row, new or not. Inside the connection's scope."""
    rows = ConnectionToken.objects.filter(connection=connection)
    # Whoever renews the former grant meanwhile ends first; what it brings is replaced, whatever it is.
    row = rows.select_for_update().first()
    if row is not None:
        rows.update(**refreshing.renewed(row, grant, now))
        return
    blank = ConnectionToken(
        connection=connection,
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        version=0,
    )
    for name, value in refreshing.renewed(blank, grant, now).items():
        setattr(blank, name, value)
    blank.save(force_insert=True)


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
        errors.QuotaRefused: the same, for want of a turn at the token endpoint.
        vault.CannotOpen: the key that sealed it is missing.
    """
    row, access, need = (stale is None and _read_along(connection)) or _look(connection, stale)
    if need is _Need.NONE:
        _note_use(row)
        return access
    can_wait = renewal.wait_seconds if need is _Need.NOW else 0.0
    with turns.one_at_a_time(connection.pk, can_wait) as is_ours:
        if is_ours:
            return _renewed(connection, stale, renewal)
    if need is _Need.EARLY:
        return access
    raise errors.TokenUnavailable("awaited", retry_after_seconds=1.0)


def refresh_token_of(connection: Connection) -> Secret:
    """The refresh token of a grant that has not ended; empty if there is none. Raises vault.CannotOpen."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        row = ConnectionToken.objects.filter(connection_id=connection.pk, ended_at=None).first()
    return vault.open_sealed(row.refresh_sealed, place(row, "refresh")) if row is not None else Secret("")


def renew(connection: Connection, renewal: Renewal, *, is_due: bool = False) -> bool:
    """Renew a grant whose moment has come, though nobody waits for it; whether it has a new pair now.

    Args:
        is_due: its moment has come, whatever its row says: somebody asks for it.

    Raises as `fresh`.
    """
    row, _, _ = _look(connection, None)
    now = datetime.now(UTC)
    if not is_due and (row.due_at is None or row.due_at > now):
        return False
    begins = now + timedelta(seconds=_pause(row, None))
    if begins > now:
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            ConnectionToken.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=begins)
        return False
    with turns.one_at_a_time(connection.pk, 0.0) as is_ours:
        if is_ours:
            _renewed(connection, None, renewal, due_version=row.version)
    return _look(connection, None)[0].version > row.version


def _renewed(
    connection: Connection, stale: str | None, renewal: Renewal, *, due_version: int | None = None
) -> Secret:
    """The winner's token, or ours; the old one while it works and no other is to be had."""
    ends = time.monotonic() + renewal.wait_seconds
    failure: Exception | None = None
    is_in_doubt = False
    while True:
        row, access, need = _look(connection, stale, due_version)
        wait = _pause(row, stale)
        if need is not _Need.NONE and not wait:
            failure = _ask(connection, row, renewal, is_refused=stale is not None)
            is_in_doubt |= isinstance(failure, errors.TokenError) and failure.may_have_happened
            row, access, need = _look(connection, stale, due_version)
            wait = _pause(row, stale)
        if need is _Need.NONE:
            return access
        # Our own call's answer was lost: nobody else may come in time for the second try. Later ones are the sweep's.
        if is_in_doubt and _is_second_try(row, wait):
            time.sleep(max(wait, LOOK_AGAIN_SECONDS))
            continue
        if need is _Need.EARLY:
            if due_version is not None and isinstance(failure, errors.QuotaRefused):
                raise failure
            return access
        if time.monotonic() + wait > ends:
            raise failure or _not_yet(row, wait)
        time.sleep(LOOK_AGAIN_SECONDS)


def _ask(
    connection: Connection, row: ConnectionToken, renewal: Renewal, *, is_refused: bool
) -> Exception | None:
    """One call, unless another is at it. A dead grant is written down; the next look says so."""
    try:
        failure = refreshing.ask(connection, row, renewal, is_refused=is_refused).failure
    except errors.QuotaRefused as refused:
        return refused
    if isinstance(failure, errors.InvalidGrant):
        _end(connection, row)
    if isinstance(failure, vault.CannotOpen):
        raise failure
    return failure


def _end(connection: Connection, seen: ConnectionToken) -> None:
    """The grant is dead, if it is still the one that was refused: a person must reconnect."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        # The connection before its tokens, as `granting` locks them when somebody reconnects at this moment.
        rows = Connection.objects.filter(pk=connection.pk)
        rows.select_for_update().first()
        ended = ConnectionToken.objects.filter(
            connection_id=connection.pk, version=seen.version, ended_at=None
        ).update(ended_at=datetime.now(UTC), due_at=None)
        if not ended:
            return
        words = ANSWER_LOST if seen.asks else NEEDS_RECONNECT
        rows.update(status=Connection.Status.NEEDS_REAUTH, last_error=words)
        connection_changed.send(sender=Connection, connection=connection, change="needs_reauth")


def _read_along(connection: Connection) -> tuple[ConnectionToken, Secret, _Need] | None:
    """The row that was read with its connection a moment ago, if its token is good; used once."""
    read_at, connection.token_read_at = connection.token_read_at, None
    if (
        read_at is None
        or time.monotonic() - read_at > READ_ALONG_SECONDS
        or connection.token.ended_at is not None
    ):
        return None
    row = connection.token
    access = vault.open_sealed(row.access_sealed, place(row, "access"))
    need = _need(row, access, None, None)
    return (row, access, need) if need is _Need.NONE else None


def _look(
    connection: Connection, stale: str | None, due_version: int | None = None
) -> tuple[ConnectionToken, Secret, _Need]:
    """The row as it is now, its access token, and whether it is to be renewed: `due_version` whatever its dates say.

    Raises:
        errors.InvalidGrant: there is no grant any more, and no token that works.
    """
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        row = ConnectionToken.objects.filter(connection_id=connection.pk).first()
    if row is None:
        raise errors.InvalidGrant("no_token", NEEDS_RECONNECT)
    access = vault.open_sealed(row.access_sealed, place(row, "access"))
    need = _need(row, access, stale, due_version)
    if row.ended_at is not None and need is not _Need.NONE:
        if need is _Need.NOW:
            raise errors.InvalidGrant("invalid_grant", NEEDS_RECONNECT)
        need = _Need.NONE
    return row, access, need


def _need(row: ConnectionToken, access: Secret, stale: str | None, due_version: int | None) -> _Need:
    if stale is not None:
        return _Need.NOW if access == Secret(stale) else _Need.NONE
    now = datetime.now(UTC)
    if row.expires_at <= now:
        return _Need.NOW
    if due_version is not None:
        return _Need.EARLY if row.version == due_version else _Need.NONE
    ahead = timedelta(seconds=settings.ENV.TOKEN_REFRESH_AHEAD_SECONDS)
    return _Need.EARLY if row.expires_at - ahead <= now else _Need.NONE


def _pause(row: ConnectionToken, stale: str | None) -> float:
    """Seconds until the token endpoint may be asked; 0 if it may be asked now."""
    now = datetime.now(UTC)
    trouble = refreshing.trouble(row, is_refused=stale is not None, now=now)
    return (lifetimes.not_before(trouble, now, refreshing.grace()) - now).total_seconds()


def _is_second_try(row: ConnectionToken, wait: float) -> bool:
    moment = datetime.now(UTC) + timedelta(seconds=wait)
    trouble = refreshing.trouble(row, is_refused=False, now=moment)
    return row.asks == 1 and lifetimes.is_within_grace(trouble, moment, refreshing.grace())


def _not_yet(row: ConnectionToken, wait: float) -> errors.TokenError:
    """Why there is no token, as the last try left it."""
    kind = errors.InvalidClient if row.failure == "invalid_client" else errors.TokenUnavailable
    return kind(row.failure or "awaited", retry_after_seconds=max(1.0, wait))


def _note_use(row: ConnectionToken) -> None:
    """The first use of a token: from now on it is renewed early, and not only kept alive."""
    if row.wanted_at is not None:
        return
    now = datetime.now(UTC)
    changes: dict[str, datetime] = {"wanted_at": now}
    if not row.failures and row.asking is None and row.ended_at is None:
        changes["due_at"] = lifetimes.renew_at(row.connection_id, row.refreshed_at, row.expires_at)
    with tenancy.acting_for(row.tenant_id, row.environment_id):
        rows = ConnectionToken.objects.filter(pk=row.pk, version=row.version, wanted_at=None, asking=None)
        rows.update(**changes)
