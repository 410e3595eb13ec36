"""The only place where the provider's client meets the database: token, quota and log for every call.

`open_client` gives a client for a connection; its calls are charged to the pool of the connection's application in
the class named, carry a fresh token and leave one redacted row each. One long-lived transport serves an
environment and process, so connections are kept alive, and the one of test cannot reach what is live.
"""

import logging
import os
import secrets
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

import httpx
from django.conf import settings

from connections import calllog, environments, tenancy, tokens, vault
from connections.calllog import CallFor
from connections.constantcontact import errors, multipart, oauth
from connections.constantcontact.auth import BearerAuth
from connections.constantcontact.breaker import Breaker
from connections.constantcontact.client import Client, build_http, new_wire
from connections.constantcontact.oauth import AppCredentials
from connections.constantcontact.redaction import Secret
from connections.constantcontact.retry import NEVER
from connections.constantcontact.retry import TABLE as RETRIES
from connections.constantcontact.shapes import TokenGrant
from connections.constantcontact.transport import CallRecord, Permit, RetryPolicy, stack
from connections.failpoints import failpoint
from connections.links import pausing
from connections.models import Connection, Environment, ProviderApp
from connections.quota import permits

log = logging.getLogger(__name__)
INTERACTIVE = "interactive"


def open_client(
    connection: Connection, call_class: str, *, job_id: UUID | None = None, wait_seconds: float | None = None
) -> Client:
    """A client for one connection.

    Args:
        connection: the linked account; its scope need not be open.
        call_class: consent, interactive, control, poll, bulk or backfill.
        job_id: the job on whose behalf calls are made.
        wait_seconds: how long a call may wait for its turn; None: as long as its class waits.

    The client's calls raise the errors of `connections.constantcontact.errors`.

    Raises:
        environments.Misplaced: the application's addresses are not those of its environment.
        pausing.Paused: the account is paused.
    """
    pausing.require_running(connection)
    call_for = CallFor(
        connection.tenant_id,
        connection.environment_id,
        call_class,
        connection.pk,
        job_id=job_id,
        wait_seconds=wait_seconds,
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


def partner_token(app: ProviderApp, call_for: CallFor) -> TokenGrant:
    """The first token of a partner's key, at the token endpoint's own pace.

    Raises:
        errors.TokenError: see `oauth.partner_token`.
    """
    return oauth.partner_token(_token_http(app, call_for), credentials(app))


def renew(connection: Connection, *, is_asked: bool = False) -> bool:
    """Renew a grant if its moment has come and the token endpoint has a turn free; whether it has a new pair now.

    `is_asked`: somebody asks for it and waits, whatever its moment. Raises as `tokens.fresh`; errors.QuotaRefused
    where callers with work are before it.
    """
    app, call_class = _app_of(connection), INTERACTIVE if is_asked else "control"
    call_for = CallFor(connection.tenant_id, connection.environment_id, call_class, connection.pk)
    renewal = _renewal(app, call_for, wait_seconds=None if is_asked else 0.0)
    return tokens.renew(connection, renewal, is_due=is_asked)


def refresh(app: ProviderApp, call_for: CallFor, refresh_token: Secret) -> TokenGrant:
    """The grant behind a refresh token that is brought from elsewhere. Raises as `oauth.refresh`."""
    return oauth.refresh(_token_http(app, call_for), credentials(app), refresh_token)


def _renewal(app: ProviderApp, call_for: CallFor, *, wait_seconds: float | None = None) -> tokens.Renewal:
    """What refreshes a grant of this application: the call is charged apart, before the token's row is locked."""
    wait = _waits(call_for) if wait_seconds is None else wait_seconds

    def admit() -> Permit:
        return permits.admit(app.pool_id, call_for, purpose="token", wait_seconds=wait)

    def ask(refresh_token: Secret) -> TokenGrant:
        http = _token_http(app, call_for, charged=True)
        if app.is_partner_key:
            return oauth.partner_token(http, credentials(app))
        return oauth.refresh(http, credentials(app), refresh_token)

    is_rotating = app.refresh_tokens == ProviderApp.RefreshTokens.ROTATING
    return tokens.Renewal(admit, ask, wait, is_rotating)


def import_overhead(file_name: str, list_ids: Sequence[str]) -> int:
    """Bytes that the body of a bulk import takes besides the file itself."""
    return multipart.multipart_overhead(file_name, list_ids)


def json_overhead(list_ids: Sequence[str]) -> int:
    """The same of an import as JSON, the commas between its rows apart."""
    return multipart.json_overhead(list_ids)


def revoke(app: ProviderApp, call_for: CallFor, token: Secret) -> None:
    """Give up a grant that is not kept. Raises as `oauth.revoke`."""
    if app.revoke_url:
        oauth.revoke(_token_http(app, call_for), credentials(app), token)


@dataclass(frozen=True)
class Proof:
    """What the token endpoint said to a refresh token that nobody was given; `said` is empty if it gave a grant."""

    said: str
    status: int | None
    message: str
    date: str


def prove(app: ProviderApp) -> Proof:
    """Whether the deployment's application is known at the provider: the call must be refused with invalid_grant.

    It is charged like any other. It is on no workspace's behalf, so the process's log keeps it.
    """

    def record(call: CallRecord) -> None:
        log.debug(
            "the application was proved at %s: %s %s", call.host, call.status, call.error_key or call.outcome
        )

    def admit(request: httpx.Request) -> Permit:
        return permits.admit(app.pool_id, purpose="token", wait_seconds=settings.ENV.INTERACTIVE_WAIT_SECONDS)

    def note_date(response: httpx.Response) -> None:
        dates.append(response.headers.get("Date", ""))

    environments.require(app.kind, app)
    dates: list[str] = []
    quick = RetryPolicy(deadline_seconds=6.0, room_seconds=2.0)
    layers = stack(_wire_of(app.kind), admit=admit, record=record, retry=quick)
    http = build_http(app.token_url, layers, None, _timeout())
    http.event_hooks = {"response": [note_date]}
    said, status, message = "", None, ""
    try:
        oauth.refresh(http, credentials(app), Secret(secrets.token_urlsafe(32)))
    except errors.TokenError as error:
        said, status, message = error.error_key or "refused", error.status, error.message
    return Proof(said, status, message, dates[-1] if dates else "")


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


def partner_place(app: ProviderApp) -> vault.Place:
    """What the seal of a partner's API key is bound to."""
    return vault.Place(app.tenant_id, app.pk, "partner_key")


def _client(app: ProviderApp, call_for: CallFor, token: Callable[[str | None], Secret]) -> Client:
    http = build_http(app.api_url, _stack(app, call_for, "api"), BearerAuth(token), _timeout())
    if app.is_partner_key:
        key = vault.open_sealed(app.partner_key_sealed, partner_place(app))
        http.headers["x-api-key"] = key.reveal()
    return Client(http)


def _token_http(app: ProviderApp, call_for: CallFor, *, charged: bool = False) -> httpx.Client:
    transport = _stack(app, call_for, "token", charged=charged)
    return build_http(app.token_url, transport, None, _timeout())


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(settings.ENV.PROVIDER_TIMEOUT_SECONDS, connect=5.0)


def _waits(call_for: CallFor) -> float:
    """How long a call may wait for its turn."""
    if call_for.wait_seconds is not None:
        return call_for.wait_seconds
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
    kind = _kind(call_for.tenant_id, call_for.environment_id)
    environments.require(kind, app)
    breaker = _breaker(os.getpid(), app.pool_id, purpose)
    held = calllog.holder()

    def admit(request: httpx.Request) -> Permit:
        if charged:
            return _AlreadyCharged()
        breaker.enter()
        permit = permits.admit(app.pool_id, call_for, purpose=purpose, wait_seconds=_waits(call_for))
        failpoint("call.charged")
        return permit

    def record(call: CallRecord) -> None:
        failpoint("call.answered")
        breaker.note(call.outcome)
        if purpose == "api":
            permits.heard(app.pool_id, call_for, call.outcome)
        calllog.write(call_for, purpose, call, held)
        failpoint("call.logged")

    # What was charged beforehand is sent once: the next try is charged anew, and decided by `lifetimes`.
    retry = replace(_retry(), table=dict.fromkeys(RETRIES, NEVER)) if charged else _retry()
    return stack(_wire_of(kind), admit=admit, record=record, retry=retry)


@lru_cache(maxsize=10_000)
def _breaker(_process: int, pool_id: UUID, purpose: str) -> Breaker:
    """What lets a pool rest while the provider fails; each process learns it by itself."""
    return Breaker()


def _retry() -> RetryPolicy:
    # A step's calls, waits included, end well inside the job's lease.
    lease = float(settings.ENV.JOB_LEASE_SECONDS)
    return RetryPolicy(deadline_seconds=max(2.0, lease * 0.3), room_seconds=min(5.0, lease * 0.1))


@lru_cache(maxsize=10_000)
def _kind(tenant_id: UUID, environment_id: UUID) -> str:
    """Whether this environment is test or live; that never changes."""
    with tenancy.acting_for(tenant_id, environment_id):
        return Environment.objects.get(pk=environment_id).kind


class _Bounded(httpx.BaseTransport):
    """The wire of one environment: a request to any other host ends here, before a socket is opened."""

    def __init__(self, wire: httpx.BaseTransport, kind: str) -> None:
        self._wire = wire
        self._kind = kind

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        environments.require_address(self._kind, f"{request.url.scheme}://{request.url.netloc.decode()}")
        return self._wire.handle_request(request)


def _wire_of(kind: str) -> httpx.BaseTransport:
    return _wire(os.getpid(), kind, settings.ENV.CONSTANT_CONTACT_CA_FILE if kind == "live" else "")


@lru_cache(maxsize=8)
def _wire(_process: int, kind: str, ca_file: str) -> httpx.BaseTransport:
    """One pool of kept-alive connections for each environment; a forked child opens its own."""
    try:
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
    except OSError as error:  # checked at the start; somebody has taken the file away since
        raise errors.Unreachable("The file of CONSTANT_CONTACT_CA_FILE cannot be read.") from error
    return _Bounded(new_wire(max_connections=64, verify=verify), kind)
