"""Accounts that were linked elsewhere, through the workspace's own application: taken over by their refresh tokens.

A refresh token that rotates is used up by the one call that proves it, so the pair that takes its place is sealed
before anything is asked with it. Where the account cannot be named, or may not be worked with, nothing is kept but that
pair: bringing the same refresh token again goes on from there. A token that was taken already answers its account.

A linked account gets a new grant in the same way (`renew`): it must be the same account, and works again if its old
grant had ended.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest

from connections import audit, gateway, tenancy, vault
from connections.calllog import CallFor
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.links import granting, linking
from connections.links.broughtrows import Brought
from connections.links.linktokens import digest
from connections.links.outcomes import Refused, none_to_link_through
from connections.models import Connection, LinkState, ProviderApp
from connections.people.accounts import provider_app_for
from connections.scoping import Scope

# Who died over a token leaves it to the next after so long.
LEFT: Final = timedelta(seconds=120)
# By then a grant that nobody uses has died, and with it the pair that was kept.
KEPT: Final = timedelta(days=180)


def take(scope: Scope, brought: Brought, *, request: HttpRequest | None = None) -> Connection:
    """The connection of a grant that was brought, proved by one renewal. Outside any transaction.

    Raises:
        Refused: why there is none; a key of `outcomes.OUTCOMES`.
    """
    return _proved(_begun(scope, _application(scope, brought.client_id), brought), brought, request)


def renew(
    scope: Scope,
    connection: Connection,
    refresh_token: Secret,
    client_id: str = "",
    *,
    request: HttpRequest | None = None,
) -> Connection:
    """A linked account with the grant of this refresh token in place of its own. Outside any transaction.

    Args:
        connection: with its application; what the vendor keeps with it stays.
        client_id: the application that the token is of, where that is not the account's own.

    Raises:
        Refused: the old grant stands; `wrong_account` where the token is of another account.
    """
    app = _application(scope, client_id) if client_id else connection.provider_app
    brought = Brought(connection.customer_ref, refresh_token, client_id)
    state = _begun(scope, app, brought, connection)
    return _proved(state, brought, request)


def _proved(state: LinkState, brought: Brought, request: HttpRequest | None) -> Connection:
    if not _claim(state):
        raise Refused("no_turn")
    outcome = "provider_unavailable"
    try:
        connection = _taken(state, brought.refresh_token, request)
        outcome = "connected"
    except Refused as refused:
        outcome = refused.code
        raise
    finally:
        _leave(state, outcome, request)
    return connection


def _application(scope: Scope, client_id: str) -> ProviderApp:
    with scope.transaction():
        if not client_id:
            app = provider_app_for(scope.tenant_id, scope.environment)
            if app is None:
                raise Refused(none_to_link_through(scope.environment))
            return app
        apps = ProviderApp.objects.select_related("pool").filter(kind=scope.environment, client_id=client_id)
        own = apps.filter(Q(tenant_id=scope.tenant_id) | Q(tenant=None)).order_by("tenant_id").first()
    if own is None:
        raise Refused("client_unknown")
    return own


def _begun(
    scope: Scope, app: ProviderApp, brought: Brought, reconnecting: Connection | None = None
) -> LinkState:
    """The row of this refresh token here: what was found out with it before is not lost."""
    place = f"{scope.tenant_id}|{scope.environment_id}|{app.pk}|"
    now = datetime.now(UTC)
    with scope.transaction():
        state, _ = LinkState.objects.get_or_create(
            digest=digest(place + brought.refresh_token.reveal()),
            defaults={
                "tenant_id": scope.tenant_id,
                "environment_id": scope.environment_id,
                "provider_app": app,
                "user": scope.user,
                # No browser ever comes back with it.
                "browser_digest": digest(secrets.token_urlsafe(32)),
                "expires_at": now + KEPT,
            },
        )
        LinkState.objects.filter(pk=state.pk).update(
            customer_ref=brought.customer_ref, context=brought.context, reconnecting=reconnecting
        )
        rows = LinkState.objects.select_related("provider_app__pool", "environment", "link_token")
        return rows.get(pk=state.pk)


def _claim(state: LinkState) -> bool:
    """One at a time, whichever process: two renewals by one token would end the grant."""
    now = datetime.now(UTC)
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        free = LinkState.objects.filter(Q(consumed_at=None) | Q(consumed_at__lt=now - LEFT), pk=state.pk)
        return free.update(consumed_at=now) == 1


def _leave(state: LinkState, outcome: str, request: HttpRequest | None) -> None:
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        rows = LinkState.objects.filter(pk=state.pk)
        rows.update(consumed_at=None, outcome=outcome)
        if outcome != "connected":
            linking.note(state, outcome, request, None)


def _taken(state: LinkState, refresh_token: Secret, request: HttpRequest | None) -> Connection:
    """From whatever was reached before to a connection that works. Raises Refused."""
    known = _kept_before(state)
    if known is not None and state.reconnecting_id not in (None, known.pk):
        raise Refused("refresh_refused")  # it is another account's already, and was used up for that
    if known is not None and known.status == Connection.Status.ACTIVE:
        return known
    if known is None:
        call_for = CallFor(
            state.tenant_id,
            state.environment_id,
            gateway.INTERACTIVE,
            link_state_id=state.pk,
            wait_seconds=settings.ENV.LINK_WAIT_SECONDS,
        )
        known = granting.keep(state, _grant(state, refresh_token, call_for), call_for)
        _note_kept(state, known, request)
    granting.finish(state, known, is_by_program=True)
    return known


def _kept_before(state: LinkState) -> Connection | None:
    if state.linked_connection_id is None:
        return None
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        rows = Connection.objects.select_related("provider_app__pool")
        return (
            rows.filter(pk=state.linked_connection_id).exclude(status=Connection.Status.NEEDS_REAUTH).first()
        )


def _note_kept(state: LinkState, connection: Connection, request: HttpRequest | None) -> None:
    """Its tokens are the connection's now, and stand nowhere else."""
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        LinkState.objects.filter(pk=state.pk).update(grant_sealed="", linked_connection_id=connection.pk)
        audit.record(
            "credentials_changed" if state.reconnecting_id else "connection_brought",
            request=request,
            tenant_id=state.tenant_id,
            environment=state.environment.kind,
            user=state.user,
            about=str(connection),
            new={"customer_ref": connection.customer_ref, "account": connection.account_id},
        )


def _grant(state: LinkState, refresh_token: Secret, call_for: CallFor) -> TokenGrant:
    """A grant that works now: the sealed one of before, or what one renewal gives. Raises Refused."""
    try:
        sealed = vault.open_sealed(state.grant_sealed, grant_place(state)).reveal()
        kept: dict[str, Any] = json.loads(sealed) if sealed else {}
        if kept and datetime.fromisoformat(kept["ends_at"]) > datetime.now(UTC):
            left = datetime.fromisoformat(kept["ends_at"]) - datetime.now(UTC)
            seconds = max(1, int(left.total_seconds()))
            return TokenGrant(Secret(kept["access"]), Secret(kept["refresh"]), seconds, kept["scope"])
        present = Secret(kept["refresh"]) if kept else refresh_token
        fresh = gateway.refresh(state.provider_app, call_for, present)
    except vault.CannotOpen as error:
        raise Refused("application_refused") from error
    except errors.InvalidGrant as error:
        raise Refused("refresh_refused") from error
    except errors.InvalidClient as error:
        raise Refused("application_refused") from error
    except errors.ProviderError as error:
        raise granting.refused(error) from error
    grant = TokenGrant(fresh.access_token, fresh.refresh_token or present, fresh.expires_in, fresh.scope)
    _seal(state, grant)
    return grant


def _seal(state: LinkState, grant: TokenGrant) -> None:
    assert grant.refresh_token is not None
    ends_at = datetime.now(UTC) + timedelta(seconds=max(0, grant.expires_in - 60))
    text = json.dumps(
        {
            "access": grant.access_token.reveal(),
            "refresh": grant.refresh_token.reveal(),
            "scope": grant.scope,
            "ends_at": ends_at.isoformat(),
        }
    )
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        sealed = vault.seal(Secret(text), grant_place(state))
        LinkState.objects.filter(pk=state.pk).update(grant_sealed=sealed)


def grant_place(state: LinkState) -> vault.Place:
    """What the seal of a brought grant is bound to."""
    return vault.Place(state.tenant_id, state.pk, "grant")
