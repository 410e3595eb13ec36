"""Linking an account: start, complete, and the answers to everything that can go wrong between.

`start` leaves a state row: single use, hashed, short-lived, bound to browser, workspace, redirect address and
application. `complete` consumes it by one conditional UPDATE, exchanges the code, finds out whose account it is
and what the person may do, and only then keeps a connection. Every end is an `Outcome` in `OUTCOMES`.
"""

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from connections import audit, environments, gateway, tenancy, vault
from connections.constantcontact import oauth
from connections.constantcontact.redaction import Secret
from connections.links import granting
from connections.links.linktokens import digest
from connections.links.outcomes import OUTCOMES, Refused, none_to_link_through
from connections.models import Connection, LinkState, LinkToken, ProviderApp
from connections.people.accounts import provider_app_for
from connections.scoping import Scope

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Started:
    """Where to send the browser, and the nonce that it must bring back in its cookie."""

    authorize_url: str
    browser_nonce: Secret


@dataclass(frozen=True)
class Answer:
    """What the provider sent the browser back with."""

    state: str
    code: str = ""
    error: str = ""


@dataclass(frozen=True)
class Ended:
    """How a link ended: `state_id` is None where no state of ours was found."""

    outcome: str
    state_id: UUID | None = None
    tenant_id: UUID | None = None
    environment: str = ""
    connection_id: UUID | None = None
    link_token: LinkToken | None = None


def redirect_uri(app: ProviderApp) -> str:
    """The address the provider sends people back to; each application has its own."""
    return settings.PUBLIC_URL + reverse("callback", args=[app.pk])


def start(
    scope: Scope,
    *,
    customer_ref: str = "",
    reconnecting: Connection | None = None,
    link_token: LinkToken | None = None,
) -> Started:
    """Begin a link for this workspace and environment.

    Args:
        scope: who asks, and where the connection will belong.
        customer_ref: the vendor's own id for its customer.
        reconnecting: the connection that is to be renewed; another account is then refused.
        link_token: what permits it, where nobody is signed in; it says the rest.

    Raises:
        Refused: `no_application` or `no_simulator`, where this environment has nothing to link through yet;
            `application_misplaced`, where it has one that leads elsewhere.
    """
    state, nonce = secrets.token_urlsafe(32), Secret(secrets.token_urlsafe(32))
    if link_token is not None:
        reconnecting, customer_ref = link_token.reconnecting, link_token.customer_ref
    with scope.transaction():
        app = (
            reconnecting.provider_app
            if reconnecting
            else provider_app_for(scope.tenant_id, scope.environment)
        )
        if app is None:
            raise Refused(none_to_link_through(scope.environment))
        if app.is_partner_key:  # it renews itself, and no consent page belongs to it
            raise Refused("application_misplaced")
        if fault := environments.fault_of(scope.environment, app):
            log.error("%s", fault)
            raise Refused("application_misplaced")
        row = LinkState(
            tenant_id=scope.tenant_id,
            environment_id=scope.environment_id,
            provider_app=app,
            reconnecting=reconnecting,
            link_token=link_token,
            user=scope.user,
            customer_ref=reconnecting.customer_ref if reconnecting else customer_ref.strip()[:200],
            digest=digest(state),
            browser_digest=digest(nonce.reveal()),
            redirect_uri=redirect_uri(app),
            expires_at=datetime.now(UTC) + timedelta(seconds=settings.ENV.LINK_STATE_SECONDS),
        )
        if link_token is not None:
            row.scopes, row.context = link_token.scopes, link_token.context
            row.keeps_context = link_token.keeps_context
        verifier = oauth.new_verifier() if app.flow == ProviderApp.Flow.PKCE else None
        if verifier is not None:
            row.verifier_sealed = vault.seal(verifier, granting.verifier_place(row))
        row.save()
        url = oauth.authorize_url(
            gateway.public_credentials(app),
            row.redirect_uri,
            state,
            granting.scopes_of(row).split(),
            code_challenge=oauth.challenge(verifier) if verifier is not None else None,
        )
    return Started(url, nonce)


def complete(
    app_id: UUID, answer: Answer, browser_nonce: str, *, request: HttpRequest | None = None
) -> Ended:
    """Finish a link with what came back to the callback of this application; `request` is for the audit."""
    found = tenancy.find("find_link_state", digest(answer.state)) if answer.state else []
    if not found:
        return Ended("state_unknown")
    tenant_id, environment_id, state_id = found[0]
    with tenancy.acting_for(tenant_id, environment_id):
        state = LinkState.objects.select_related("provider_app", "environment", "link_token").get(pk=state_id)
        own_browser = secrets.compare_digest(bytes(state.browser_digest), digest(browser_nonce))
        if not own_browser or state.provider_app_id != app_id:
            note(state, "state_unknown", request, None)
            return Ended("state_unknown")
        refusal = _consume(state)
    here = Ended("", state.pk, tenant_id, state.environment.kind, link_token=state.link_token)
    if refusal:
        return _end(state, here, refusal, request=request)
    try:
        connection = granting.connect(state, _code(answer))
    except Refused as refused:
        return _end(state, here, refused.code, found_account=refused.account, request=request)
    return _end(state, here, "connected", connection=connection, request=request)


def _code(answer: Answer) -> str:
    """The code that the person's consent has brought. Raises Refused where they declined."""
    if answer.error or not answer.code:
        raise Refused("user_declined" if answer.error == "access_denied" else "provider_denied")
    return answer.code


def _consume(state: LinkState) -> str:
    """Use the state up; answers why it cannot be used, or nothing."""
    now = datetime.now(UTC)
    used = LinkState.objects.filter(pk=state.pk, consumed_at=None, expires_at__gt=now).update(consumed_at=now)
    if used == 1:
        return ""
    return "state_used" if state.consumed_at is not None or state.expires_at > now else "state_expired"


def _end(
    state: LinkState,
    here: Ended,
    outcome: str,
    *,
    found_account: str = "",
    connection: Connection | None = None,
    request: HttpRequest | None = None,
) -> Ended:
    """Write the outcome down; a second arrival with a used state leaves the first one's outcome."""
    connection_id = connection.pk if connection is not None else None
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        if outcome != "state_used":
            found = {"linked_connection_id": connection.pk} if connection is not None else {}
            LinkState.objects.filter(pk=state.pk).update(
                outcome=outcome, found_account=found_account[:300], **found
            )
        note(state, outcome, request, connection, found_account)
    return replace(here, outcome=outcome, connection_id=connection_id)


def note(
    state: LinkState,
    outcome: str,
    request: HttpRequest | None,
    connection: Connection | None,
    found_account: str = "",
) -> None:
    """The end of a link in the audit. Who came with another browser than the link's is not known to be its person."""
    action = "connection_reconnected" if state.reconnecting_id else "connection_linked"
    audit.record(
        action if connection is not None else "connection_refused",
        request=request,
        tenant_id=state.tenant_id,
        environment=state.environment.kind,
        user=state.user if outcome != "state_unknown" else None,
        about=str(connection or found_account or state.customer_ref),
        new={"customer_ref": state.customer_ref, "outcome": OUTCOMES[outcome].title}
        if connection is None
        else {"customer_ref": state.customer_ref, "account": connection.account_id},
        # The provider's page sends a browser back as often as somebody reloads it.
        once=timedelta(minutes=1) if connection is None else None,
    )
