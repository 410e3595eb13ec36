"""The only place where the provider's client meets the database: token, quota and log for every call.

`open_client` gives a client for a connection; its calls are charged to the pool of the connection's application in
the class named, carry a fresh token and leave one redacted row each. One long-lived transport serves the
process, so connections are kept alive.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from django.conf import settings

from connections import calllog, quota, tenancy, tokens, vault
from connections.calllog import CallFor
from connections.constantcontact import oauth
from connections.constantcontact.auth import BearerAuth
from connections.constantcontact.client import Client, build_http, new_wire
from connections.constantcontact.multipart import multipart_overhead
from connections.constantcontact.oauth import AppCredentials
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.constantcontact.transport import CallRecord, Permit, RetryPolicy, stack
from connections.models import Connection, ProviderApp

INTERACTIVE = "interactive"
PROVIDER_DAY_SPENT = "quota_exceeded"


def open_client(connection: Connection, call_class: str, *, job_id: UUID | None = None) -> Client:
    """A client for one connection.

    Args:
        connection: the linked account; its scope need not be open.
        call_class: consent, interactive, control, poll, bulk or backfill.
        job_id: the job on whose behalf calls are made.

    The client's calls raise the errors of `connections.constantcontact.errors`.
    """
    call_for = CallFor(
        connection.tenant_id, connection.environment_id, call_class, connection.pk, job_id=job_id
    )
    app = _app_of(connection)
    return _client(app, call_for, tokens.source(connection, _renewal(app, call_for)))


def _app_of(connection: Connection) -> ProviderApp:
    if not Connection.provider_app.is_cached(connection):
        with tenancy.acting_for(connection.tenant_id, connection.environment_id):
            connection.provider_app = ProviderApp.objects.get(pk=connection.provider_app_id)
    return connection.provider_app


def open_for_link(app: ProviderApp, grant: TokenGrant, call_for: CallFor) -> Client:
    """A client for an account that is being linked: its grant is not stored yet."""

    def only_token(stale: str | None) -> Secret:
        return grant.access_token

    return _client(app, call_for, only_token)


def exchange(
    app: ProviderApp, call_for: CallFor, code: str, redirect_uri: str, verifier: Secret | None
) -> TokenGrant:
    """Trade an authorization code for a grant, at the token endpoint's own pace.

    Raises:
        errors.TokenError: see `oauth.exchange_code`.
    """
    http = _token_http(app, call_for)
    return oauth.exchange_code(http, credentials(app), Secret(code), redirect_uri, verifier or None)


def _renewal(app: ProviderApp, call_for: CallFor) -> tokens.Renewal:
    """What refreshes a grant of this application: the call is charged apart, before the token's row is locked."""

    def admit() -> Permit:
        return quota.admit(app.pool_id, purpose="token", wait_seconds=_waits(call_for))

    def ask(refresh_token: Secret) -> TokenGrant:
        return oauth.refresh(_token_http(app, call_for, charged=True), credentials(app), refresh_token)

    return tokens.Renewal(admit, ask)


def import_overhead(file_name: str, list_ids: Sequence[str]) -> int:
    """Bytes that the body of a bulk import takes besides the file itself."""
    return multipart_overhead(file_name, list_ids)


def revoke(app: ProviderApp, call_for: CallFor, token: Secret) -> None:
    """Give up a grant that is not kept. Raises as `oauth.revoke`."""
    if app.revoke_url:
        oauth.revoke(_token_http(app, call_for), credentials(app), token)


def credentials(app: ProviderApp) -> AppCredentials:
    """The application with its secret opened, for the moment of a call. Raises vault.CannotOpen."""
    secret = vault.open_sealed(app.client_secret_sealed, secret_place(app))
    return replace(public_credentials(app), client_secret=secret)


def public_credentials(app: ProviderApp) -> AppCredentials:
    """The application without its secret: enough for the address of its consent page."""
    return AppCredentials(
        client_id=app.client_id,
        client_secret=Secret(""),
        authorize_url=app.authorize_url,
        token_url=app.token_url,
        revoke_url=app.revoke_url or None,
        pkce=app.flow == ProviderApp.Flow.PKCE,
    )


def secret_place(app: ProviderApp) -> vault.Place:
    """What the client secret's seal is bound to."""
    return vault.Place(app.tenant_id, app.pk, "client_secret")


def _client(app: ProviderApp, call_for: CallFor, token: Callable[[str | None], Secret]) -> Client:
    return Client(build_http(app.api_url, _stack(app, call_for, "api"), BearerAuth(token), _timeout()))


def _token_http(app: ProviderApp, call_for: CallFor, *, charged: bool = False) -> httpx.Client:
    transport = _stack(app, call_for, "token", charged=charged)
    return build_http(app.token_url, transport, None, _timeout())


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(settings.ENV.PROVIDER_TIMEOUT_SECONDS, connect=5.0)


def _waits(call_for: CallFor) -> float:
    """How long a call of this class may wait for its turn."""
    if call_for.call_class == INTERACTIVE:
        return float(settings.ENV.INTERACTIVE_WAIT_SECONDS)
    return float(settings.ENV.QUOTA_WAIT_SECONDS)


class _AlreadyCharged:
    """The permit of a call that was charged before its lock was taken."""

    def close(self, delivered: bool) -> None:
        """Whoever charged it settles it."""


def _stack(
    app: ProviderApp, call_for: CallFor, purpose: str, *, charged: bool = False
) -> httpx.BaseTransport:
    origin = urlsplit(app.api_url if purpose == "api" else app.token_url).netloc

    def admit(request: httpx.Request) -> Permit:
        if charged:
            return _AlreadyCharged()
        return quota.admit(app.pool_id, purpose=purpose, wait_seconds=_waits(call_for))

    def record(call: CallRecord) -> None:
        if purpose == "api" and call.error_key == PROVIDER_DAY_SPENT:
            quota.close_for_today(app.pool_id)
        calllog.write(call_for, purpose, origin, call)

    return stack(_wire(os.getpid()), admit=admit, record=record, retry=_retry())


def _retry() -> RetryPolicy:
    # A step's calls, waits included, end well inside the job's lease.
    lease = float(settings.ENV.JOB_LEASE_SECONDS)
    return RetryPolicy(deadline_seconds=max(2.0, lease * 0.3), room_seconds=min(5.0, lease * 0.1))


@lru_cache(maxsize=1)
def _wire(_process: int) -> httpx.BaseTransport:
    """The process's one pool of kept-alive connections; a forked child opens its own."""
    return new_wire(max_connections=64)
