"""Constant Contact applications: the deployment's own, for test and live, and those that a workspace brings.

The deployment's are written as the operators' role, because rows without a workspace are nobody's to change;
doing it again brings them up to the settings and leaves everything else alone.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction

from connections import environments, gateway, vault
from connections.constantcontact.redaction import Secret
from connections.links import linking
from connections.models import ProviderApp, QuotaPool, Tenant
from connections.scoping import Scope

OPERATOR = "operator"
# At the host of the other token endpoint: https://developer.constantcontact.com/api_guide/partners_auth.html
PARTNER_TOKEN_PATH = "/partners/oauth2/default/v1/token"  # noqa: S105  (a path)


@dataclass(frozen=True)
class Application:
    """What a Constant Contact application consists of, as it was registered."""

    kind: str
    name: str
    client_id: str
    client_secret: Secret
    flow: str
    refresh_tokens: str
    authorize_url: str
    token_url: str
    revoke_url: str
    api_url: str


class NoEndpoints(Exception):
    """The environment has no Constant Contact behind it: the test environment needs a simulator."""


def live_application() -> Application | None:
    """The live application of the settings, if there is one."""
    return _of_settings() if settings.ENV.CONSTANT_CONTACT_CLIENT_ID else None


def _of_settings() -> Application:
    """What the settings say of live; its endpoints hold without a client id too."""
    env = settings.ENV
    return Application(
        kind="live",
        name="Constant Contact",
        client_id=env.CONSTANT_CONTACT_CLIENT_ID,
        client_secret=Secret(env.CONSTANT_CONTACT_CLIENT_SECRET.get_secret_value()),
        flow=env.CONSTANT_CONTACT_FLOW,
        refresh_tokens=env.CONSTANT_CONTACT_REFRESH_TOKENS,
        authorize_url=env.CONSTANT_CONTACT_AUTHORIZE_URL,
        token_url=env.CONSTANT_CONTACT_TOKEN_URL,
        revoke_url=env.CONSTANT_CONTACT_REVOKE_URL,
        api_url=env.CONSTANT_CONTACT_API_URL,
    )


def simulated_application(origin: str, client_id: str, client_secret: Secret) -> Application:
    """The test application: the simulator at this origin."""
    return Application(
        kind="test",
        name="Simulator",
        client_id=client_id,
        client_secret=client_secret,
        flow="code",
        refresh_tokens="rotating",
        authorize_url=f"{origin}/oauth2/default/v1/authorize",
        token_url=f"{origin}/oauth2/default/v1/token",
        revoke_url=f"{origin}/oauth2/default/v1/revoke",
        api_url=origin,
    )


def bring(scope: Scope, client_id: str, client_secret: Secret, flow: str, refresh_tokens: str) -> ProviderApp:
    """A workspace's own application, with limits of its own; new links of this environment go through it.

    The endpoints are the deployment's for this environment. A client id that the workspace brought before gets the
    new secret.

    Raises:
        NoEndpoints: this environment has none to take over, or those it has are not its own.
    """
    with scope.transaction():
        row = _own_row(scope, client_id)
        row.name, row.flow, row.refresh_tokens = (
            f"{scope.workspace_name}'s application"[:80],
            flow,
            refresh_tokens,
        )
        row.client_secret_sealed = vault.seal(client_secret, gateway.secret_place(row))
        row.save()
    return row


def bring_partner_key(scope: Scope, client_id: str, client_secret: Secret, api_key: Secret) -> ProviderApp:
    """A workspace's key to the provider's partner operations, with limits of its own; nothing is linked through it.

    Args:
        api_key: what each call bears as `x-api-key`, beside the partner's token.

    Raises:
        NoEndpoints: as `bring`.
    """
    with scope.transaction():
        row = _own_row(scope, client_id)
        row.name, row.is_partner_key = f"{scope.workspace_name}'s partner key"[:80], True
        # Each token is asked for anew by the key itself, so a lost answer loses nothing.
        row.refresh_tokens = ProviderApp.RefreshTokens.LONG_LIVED
        row.token_url, row.revoke_url = environments.origin_of(row.token_url) + PARTNER_TOKEN_PATH, ""
        row.client_secret_sealed = vault.seal(client_secret, gateway.secret_place(row))
        row.partner_key_sealed = vault.seal(api_key, gateway.partner_place(row))
        row.save()
    return row


def _own_row(scope: Scope, client_id: str) -> ProviderApp:
    """The workspace's row for this client id, new or not, with the deployment's endpoints. Inside the scope."""
    endpoints: ProviderApp | Application | None = _of_settings()
    if scope.environment == "test":
        endpoints = ProviderApp.objects.filter(tenant=None, kind="test").first()
    if endpoints is None or environments.fault_of(scope.environment, endpoints):
        raise NoEndpoints
    Tenant.objects.select_for_update().get(pk=scope.tenant_id)  # two at once come one after the other
    row = ProviderApp.objects.filter(
        tenant_id=scope.tenant_id, kind=scope.environment, client_id=client_id
    ).first()
    if row is None:
        pool = QuotaPool.objects.create(
            name=f"{scope.workspace_name} ({scope.environment})"[:80], **_limits()
        )
        row = ProviderApp(tenant_id=scope.tenant_id, kind=scope.environment, client_id=client_id, pool=pool)
    for name in ("authorize_url", "token_url", "revoke_url", "api_url"):
        setattr(row, name, getattr(endpoints, name))
    return row


def ensure_application(application: Application) -> ProviderApp:
    """The deployment's row for this application, made or brought up to date, with its pool.

    Raises:
        environments.Misplaced: its addresses are not those of its environment; nothing is stored.
    """
    environments.require(application.kind, application)
    with transaction.atomic(using=OPERATOR):
        row = ProviderApp.objects.using(OPERATOR).filter(tenant=None, kind=application.kind).first()
        if row is None:
            pool = QuotaPool.objects.using(OPERATOR).create(name=f"{application.name} ({application.kind})")
            row = ProviderApp(pk=_own_id(application.kind), kind=application.kind, pool=pool)
        QuotaPool.objects.using(OPERATOR).filter(pk=row.pool_id).update(**_limits())
        for name in (
            "name",
            "client_id",
            "flow",
            "refresh_tokens",
            "authorize_url",
            "token_url",
            "revoke_url",
            "api_url",
        ):
            setattr(row, name, getattr(application, name))
        row.client_secret_sealed = vault.seal(application.client_secret, gateway.secret_place(row))
        row.save(using=OPERATOR)
    return row


def _own_id(kind: str) -> UUID:
    """The id of the deployment's own application, known before there is one: its redirect URI must be entered first."""
    return uuid5(NAMESPACE_URL, f"patchbay:application:{kind}")


def live_redirect_uri() -> str:
    """What to enter at Constant Contact for the deployment's own application, also before its client id is known."""
    row = ProviderApp.objects.using(OPERATOR).filter(tenant=None, kind="live").only("pk").first()
    return linking.redirect_uri(row or ProviderApp(pk=_own_id("live")))


def misplaced() -> list[str]:
    """Each stored application that leads out of its environment, as a sentence with its cure. For operators."""
    rows = ProviderApp.objects.using(OPERATOR).order_by("kind", "created_at", "id")
    return [fault for row in rows if (fault := environments.fault_of(row.kind, row))]


def _limits() -> dict[str, int]:
    """The limits of a new pool, by the settings."""
    env = settings.ENV
    return {
        "calls_per_second": env.CALLS_PER_SECOND,
        "calls_per_day": env.CALLS_PER_DAY,
        "token_calls_per_second": env.TOKEN_CALLS_PER_SECOND,
    }
