"""Linking an account: start, complete, and the answers to everything that can go wrong between.

`start` leaves a state row: single use, hashed, short-lived, bound to browser, workspace, redirect address and
application. `complete` consumes it by one conditional UPDATE, exchanges the code, finds out whose account it is
and what the person may do, and only then keeps a connection. Every end is an `Outcome` in `OUTCOMES`.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.urls import reverse

from connections import calllog, gateway, tenancy, tokens, vault
from connections.accounts import provider_app_for
from connections.calllog import CallFor
from connections.constantcontact import errors, oauth
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import AccountSummary, TokenGrant
from connections.linkoutcomes import Refused
from connections.models import Connection, LinkState, ProviderApp
from connections.privileges import role_of
from connections.scoping import Scope
from connections.signals import connection_changed


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


def redirect_uri(app: ProviderApp) -> str:
    """The address the provider sends people back to; each application has its own."""
    return settings.PUBLIC_URL + reverse("callback", args=[app.pk])


def start(scope: Scope, *, customer_ref: str = "", reconnecting: Connection | None = None) -> Started:
    """Begin a link for this workspace and environment.

    Args:
        scope: who asks, and where the connection will belong.
        customer_ref: the vendor's own id for its customer.
        reconnecting: the connection that is to be renewed; another account is then refused.

    Raises:
        Refused: `no_application`, where this environment has no Constant Contact application yet.
    """
    state, nonce = secrets.token_urlsafe(32), Secret(secrets.token_urlsafe(32))
    with scope.transaction():
        app = (
            reconnecting.provider_app
            if reconnecting
            else provider_app_for(scope.tenant_id, scope.environment)
        )
        if app is None:
            raise Refused("no_application")
        row = LinkState(
            tenant_id=scope.tenant_id,
            environment_id=scope.environment_id,
            provider_app=app,
            reconnecting=reconnecting,
            user=scope.user,
            customer_ref=reconnecting.customer_ref if reconnecting else customer_ref.strip()[:200],
            digest=digest(state),
            browser_digest=digest(nonce.reveal()),
            redirect_uri=redirect_uri(app),
            expires_at=datetime.now(UTC) + timedelta(seconds=settings.ENV.LINK_STATE_SECONDS),
        )
        verifier = oauth.new_verifier() if app.flow == ProviderApp.Flow.PKCE else None
        if verifier is not None:
            row.verifier_sealed = vault.seal(verifier, _verifier_place(row))
        row.save()
        url = oauth.authorize_url(
            gateway.public_credentials(app),
            row.redirect_uri,
            state,
            app.scopes.split(),
            code_challenge=oauth.challenge(verifier) if verifier is not None else None,
        )
    return Started(url, nonce)


def complete(app_id: UUID, answer: Answer, browser_nonce: str) -> Ended:
    """Finish a link with what came back to the callback of this application."""
    found = tenancy.find("find_link_state", digest(answer.state)) if answer.state else []
    if not found:
        return Ended("state_unknown")
    tenant_id, environment_id, state_id = found[0]
    with tenancy.acting_for(tenant_id, environment_id):
        state = LinkState.objects.select_related("provider_app", "environment").get(pk=state_id)
        if not secrets.compare_digest(bytes(state.browser_digest), digest(browser_nonce)):
            return Ended("state_unknown")
        if state.provider_app_id != app_id:
            return Ended("state_unknown")
        refusal = _consume(state)
    here = Ended("", state.pk, tenant_id, state.environment.kind)
    if refusal:
        return _end(state, here, refusal)
    try:
        connection = _link(state, answer)
    except Refused as refused:
        return _end(state, here, refused.code, found_account=refused.account)
    return _end(state, here, "connected", connection=connection)


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
) -> Ended:
    """Write the outcome down; a second arrival with a used state leaves the first one's outcome."""
    connection_id = connection.pk if connection is not None else None
    if outcome != "state_used":
        with tenancy.acting_for(state.tenant_id, state.environment_id):
            LinkState.objects.filter(pk=state.pk).update(
                outcome=outcome, found_account=found_account[:300], linked_connection_id=connection_id
            )
    return Ended(outcome, here.state_id, here.tenant_id, here.environment, connection_id)


def _link(state: LinkState, answer: Answer) -> Connection:
    """From a code to a connection that is known to work."""
    if answer.error or not answer.code:
        raise Refused("user_declined" if answer.error == "access_denied" else "provider_denied")
    app = state.provider_app
    call_for = CallFor(state.tenant_id, state.environment_id, gateway.INTERACTIVE, link_state_id=state.pk)
    grant = _exchange(state, answer.code, call_for)
    try:
        _check_scopes(app, grant)
        summary, names = _identify(app, grant, call_for)
        connection = _keep_once(state, grant, summary, names)
    except (Refused, errors.ProviderError) as error:
        _give_up(app, call_for, grant)
        raise error if isinstance(error, Refused) else _refused(error) from error
    _check(connection)
    connection_changed.send(sender=Connection, connection=connection, change="linked")
    return connection


def _exchange(state: LinkState, code: str, call_for: CallFor) -> TokenGrant:
    try:
        verifier = vault.open_sealed(state.verifier_sealed, _verifier_place(state))
        return gateway.exchange(state.provider_app, call_for, code, state.redirect_uri, verifier)
    except (vault.CannotOpen, ValueError) as error:
        # The key ring or the application's flow was changed between start and return.
        raise Refused("application_refused") from error
    except errors.InvalidGrant as error:
        raise Refused("code_refused") from error
    except errors.InvalidClient as error:
        raise Refused("application_refused") from error
    except errors.ProviderError as error:
        raise _refused(error) from error


def _check_scopes(app: ProviderApp, grant: TokenGrant) -> None:
    """All that was asked for must be granted; without a refresh token the link would last a day."""
    wanted = set(app.scopes.split())
    if grant.scope is not None and not wanted <= {*grant.scopes, "offline_access"}:
        raise Refused("scope_missing")
    if not grant.refresh_token:
        raise Refused("scope_missing")


def _identify(app: ProviderApp, grant: TokenGrant, call_for: CallFor) -> tuple[AccountSummary, list[str]]:
    """Whose account is it, and may this person do what is needed?"""
    client = gateway.open_for_link(app, grant, call_for)
    summary = client.account.summary()
    names = [privilege.name for privilege in client.account.privileges()]
    if role_of(names) == "Campaign creator":
        raise Refused("insufficient_role", account=_account_name(summary))
    return summary, names


def _check(connection: Connection) -> None:
    """Connected is what can be worked with: its lists and custom fields are read first."""
    try:
        connection_changed.send(sender=Connection, connection=connection, change="verified")
    except errors.ProviderError as error:
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            Connection.objects.filter(pk=connection.pk).update(
                last_error="Lists and custom fields could not be read. Connect again."
            )
        raise _refused(error) from error
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        connection.status = Connection.Status.ACTIVE
        connection.last_error = ""
        connection.linked_at = datetime.now(UTC)
        connection.save(update_fields=["status", "last_error", "linked_at"])


def _keep_once(state: LinkState, grant: TokenGrant, summary: AccountSummary, names: list[str]) -> Connection:
    """`_keep`; of two links of one account that end together, the second renews what the first has made."""
    try:
        return _keep(state, grant, summary, names)
    except IntegrityError:
        return _keep(state, grant, summary, names)


def _keep(state: LinkState, grant: TokenGrant, summary: AccountSummary, names: list[str]) -> Connection:
    """The connection's row with its sealed tokens; an account that is linked already is renewed in place."""
    facts = {
        "account_name": _account_name(summary)[:200],
        "account_email": (summary.contact_email or "")[:254],
        "account_owner": f"{summary.first_name or ''} {summary.last_name or ''}".strip()[:200],
        "account_role": role_of(names),
        "privileges": names,
        "provider_app": state.provider_app,
        "linked_by": state.user,
    }
    account_id = summary.encoded_account_id
    with tenancy.acting_for(state.tenant_id, state.environment_id):
        known = Connection.objects.select_for_update().filter(
            Q(pk=state.reconnecting_id)
            if state.reconnecting_id
            else Q(account_id=account_id, customer_ref=state.customer_ref)
        )
        connection = known.first()
        if connection is None:
            connection = Connection(
                tenant_id=state.tenant_id,
                environment_id=state.environment_id,
                account_id=account_id,
                customer_ref=state.customer_ref,
            )
        elif connection.account_id != account_id:
            raise Refused("wrong_account", account=_account_name(summary))
        for name, value in facts.items():
            setattr(connection, name, value)
        connection.save()
        tokens.store(connection, grant, datetime.now(UTC))
        calllog.adopt(state.pk, connection.pk)
    return connection


def _give_up(app: ProviderApp, call_for: CallFor, grant: TokenGrant) -> None:
    """A grant that is not kept is revoked; if that fails, it dies of disuse."""
    if grant.refresh_token:
        try:
            gateway.revoke(app, call_for, grant.refresh_token)
        except errors.ProviderError:
            return


def _refused(error: errors.ProviderError) -> Refused:
    if isinstance(error, errors.Forbidden):
        return Refused("insufficient_role")
    if isinstance(error, errors.QuotaRefused | errors.QuotaExceeded | errors.Throttled):
        return Refused("quota_exhausted")
    return Refused("provider_unavailable")


def _account_name(summary: AccountSummary) -> str:
    return summary.organization_name or summary.contact_email or summary.encoded_account_id


def _verifier_place(state: LinkState) -> vault.Place:
    return vault.Place(state.tenant_id, state.pk, "verifier")


def digest(text: str) -> bytes:
    """How states and nonces are kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
