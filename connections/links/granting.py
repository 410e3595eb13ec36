"""From a code to a connection: the exchange, whose account it is, what the person may do, and what is kept.

Promises: a connection is kept only for an account that was identified, by a person who may do what is needed, and
says `active` only when its lists and custom fields have been read; a grant that is not kept is revoked.
"""

import logging
from datetime import UTC, datetime

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q

from connections import calllog, environments, gateway, tenancy, tokens, vault
from connections.calllog import CallFor
from connections.constantcontact import errors
from connections.constantcontact.shapes import AccountSummary, TokenGrant
from connections.links import contexts, linktokens
from connections.links.outcomes import Refused
from connections.links.privileges import role_of
from connections.models import Connection, LinkState, ProviderApp
from connections.quota import permits
from connections.signals import connection_changed

log = logging.getLogger(__name__)


def connect(state: LinkState, code: str) -> Connection:
    """From a code to a connection that is known to work.

    Raises:
        Refused: why there is none; the grant has been given up.
    """
    app = state.provider_app
    # The code that was brought works once: a turn is rather waited for than the person sent round again.
    call_for = CallFor(
        state.tenant_id,
        state.environment_id,
        gateway.INTERACTIVE,
        link_state_id=state.pk,
        wait_seconds=settings.ENV.LINK_WAIT_SECONDS,
    )
    grant = _exchange(state, code, call_for)
    try:
        connection = keep(state, grant, call_for)
    except Refused:
        _give_up(app, call_for, grant)
        raise
    finish(state, connection)
    return connection


def keep(state: LinkState, grant: TokenGrant, call_for: CallFor) -> Connection:
    """The account of a grant, named and kept; it counts once it is finished.

    Raises:
        Refused: nothing is kept; what becomes of the grant is the caller's matter.
    """
    try:
        _check_scopes(state, grant)
        summary, names = _identify(state.provider_app, grant, call_for)
        return _keep_once(state, grant, summary, names)
    except errors.ProviderError as error:
        raise refused(error) from error


def finish(state: LinkState, connection: Connection, *, is_by_program: bool = False) -> None:
    """An account that is kept counts once its lists and custom fields are read.

    Args:
        is_by_program: nobody reconnected it; a program brought a new grant.

    Raises:
        Refused: they were not; the account says so, and a link token may be tried again.
    """
    try:
        _check(connection, is_by_program=is_by_program)
    except Refused:
        with tenancy.acting_for(state.tenant_id, state.environment_id):
            LinkState.objects.filter(pk=state.pk).update(linked_connection_id=connection.pk)
            if state.link_token is not None:
                linktokens.release(state.link_token)
        raise
    connection_changed.send(sender=Connection, connection=connection, change="linked")


def scopes_of(state: LinkState) -> str:
    """The OAuth scopes that a link asks for."""
    return state.scopes or state.provider_app.scopes


def _exchange(state: LinkState, code: str, call_for: CallFor) -> TokenGrant:
    try:
        verifier = vault.open_sealed(state.verifier_sealed, verifier_place(state))
        return gateway.exchange(state.provider_app, call_for, code, state.redirect_uri, verifier)
    except (vault.CannotOpen, ValueError) as error:
        # The key ring or the application's flow was changed between start and return.
        raise Refused("application_refused") from error
    except errors.InvalidGrant as error:
        raise Refused("code_refused") from error
    except errors.InvalidClient as error:
        raise Refused("application_refused") from error
    except errors.ProviderError as error:
        raise refused(error) from error


def _check_scopes(state: LinkState, grant: TokenGrant) -> None:
    """All that was asked for must be granted; without a refresh token the link would last a day."""
    wanted = set(scopes_of(state).split())
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


def _check(connection: Connection, *, is_by_program: bool) -> None:
    """Connected is what can be worked with: its lists and custom fields are read first."""
    try:
        connection_changed.send(sender=Connection, connection=connection, change="verified")
    except errors.ProviderError as error:
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            connection.last_error = "Lists and custom fields could not be read. Connect again."
            if connection.status != Connection.Status.ACTIVE:
                connection.status = Connection.Status.POST_INSTALL_ERROR
            connection.save(update_fields=["status", "last_error"])
            connection_changed.send(sender=Connection, connection=connection, change="post_install_error")
        raise refused(error) from error
    works_again = is_by_program and connection.status == Connection.Status.NEEDS_REAUTH
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        connection.status = Connection.Status.ACTIVE
        connection.last_error = connection.refusal = ""
        connection.linked_at = datetime.now(UTC)
        connection.save(update_fields=["status", "last_error", "refusal", "linked_at"])
        connection_changed.send(sender=Connection, connection=connection, change="active")
        if works_again:
            connection_changed.send(sender=Connection, connection=connection, change="reactivated")


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
        change = "created" if connection is None else "updated"
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
        connection.context = _context(state, connection)
        connection.save()
        now = datetime.now(UTC)
        tokens.store(connection, grant, now)
        if state.link_token is not None and not linktokens.use(state.link_token, now):
            raise Refused("link_used")
        calllog.adopt(state.pk, connection.pk)
        connection_changed.send(sender=Connection, connection=connection, change=change)
    return connection


def _context(state: LinkState, connection: Connection) -> contexts.Context:
    """What the vendor keeps with the account: what was there and what the link brings, unless it asked to forget."""
    brought: contexts.Context = state.context
    if not state.keeps_context:
        return brought
    try:
        return contexts.merged(connection.context, brought)
    except contexts.NotKept:
        raise Refused("context_refused") from None


def _give_up(app: ProviderApp, call_for: CallFor, grant: TokenGrant) -> None:
    """A grant that is not kept is revoked; if that fails, it dies of disuse."""
    if grant.refresh_token:
        try:
            gateway.revoke(app, call_for, grant.refresh_token)
        except errors.ProviderError:
            return


def refused(error: errors.ProviderError) -> Refused:
    """The end of a link that a call's failure means."""
    if isinstance(error, environments.Misplaced):
        return Refused("application_misplaced")
    if isinstance(error, errors.Forbidden):
        return Refused("insufficient_role")
    if isinstance(error, errors.Resting):
        return Refused("provider_unavailable")
    if isinstance(error, errors.QuotaRefused):
        log.warning("an account was not linked: %s", error.reason)
        return Refused("no_turn" if error.reason == permits.THROTTLED else "quota_exhausted")
    if isinstance(error, errors.QuotaExceeded):
        return Refused("quota_exhausted")
    if isinstance(error, errors.Throttled) or error.error_key == "held_back":  # the token endpoint's own pace
        return Refused("no_turn")
    return Refused("provider_unavailable")


def _account_name(summary: AccountSummary) -> str:
    return summary.organization_name or summary.contact_email or summary.encoded_account_id


def verifier_place(state: LinkState) -> vault.Place:
    """What the seal of a link's PKCE verifier is bound to."""
    return vault.Place(state.tenant_id, state.pk, "verifier")
