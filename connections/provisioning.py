"""The deployment's own applications: one for test against the simulator, one for live if its client id is set.

Written as the operators' role, because rows without a workspace are nobody's to change. Running it again brings
the rows up to the settings and leaves everything else alone.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from connections import gateway, vault
from connections.constantcontact.redaction import Secret
from connections.models import ProviderApp, QuotaPool

OPERATOR = "operator"


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


def live_application() -> Application | None:
    """The live application of the settings, if it is complete."""
    env = settings.ENV
    if not env.CONSTANT_CONTACT_CLIENT_ID:
        return None
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


def ensure_application(application: Application) -> ProviderApp:
    """The deployment's row for this application, made or brought up to date, with its pool."""
    env = settings.ENV
    with transaction.atomic(using=OPERATOR):
        row = ProviderApp.objects.using(OPERATOR).filter(tenant=None, kind=application.kind).first()
        if row is None:
            pool = QuotaPool.objects.using(OPERATOR).create(name=f"{application.name} ({application.kind})")
            row = ProviderApp(kind=application.kind, pool=pool)
        QuotaPool.objects.using(OPERATOR).filter(pk=row.pool_id).update(
            calls_per_second=env.CALLS_PER_SECOND,
            calls_per_day=env.CALLS_PER_DAY,
            token_calls_per_second=env.TOKEN_CALLS_PER_SECOND,
        )
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
