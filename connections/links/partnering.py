"""Partner keys: the provider's partner operations (`/v3/partner/...`) as a connection of their own.

A partner's key has its own client id and secret, an API key that each call bears as `x-api-key` (sealed, as the secret
is), and a token of one hour that is asked for anew. Its connection stands for the partner, not for one account; nobody
consents to it, and only a token with the scope `partner` may use it: `contract.account_of` asks for it at every call
about an account, and `programs.proxy` for what a path is of.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest

from connections import audit, gateway, provisioning, tokens
from connections.api.faults import Fault, MissingScope
from connections.calllog import CallFor
from connections.constantcontact.redaction import Secret
from connections.constantcontact.shapes import TokenGrant
from connections.models import Connection, ProviderApp
from connections.programs import keys
from connections.scoping import Scope

SCOPE: Final = "partner"
_ROOT: Final = "/v3/partner"


class PartnerKeyMissing(Fault):
    """A partner operation is asked for through a connection that is no partner's."""

    def __init__(self) -> None:
        super().__init__(
            "partner_key_missing",
            HTTPStatus.FORBIDDEN,
            "Partner operations go through the connection of a partner's key; this is a linked account.",
        )


def link(
    scope: Scope,
    client_id: str,
    client_secret: Secret,
    api_key: Secret,
    *,
    request: HttpRequest | None = None,
) -> Connection:
    """The connection of a partner's key, verified by its first token; linking it again renews it in place.

    Raises:
        provisioning.NoEndpoints: the environment has no provider to speak to.
        errors.ProviderError: no token was given for the id and secret; nothing is kept but the application.
    """
    app = provisioning.bring_partner_key(scope, client_id, client_secret, api_key)
    call_for = CallFor(scope.tenant_id, scope.environment_id, gateway.INTERACTIVE)
    return _kept(scope, app, gateway.partner_token(app, call_for), request)


def _kept(scope: Scope, app: ProviderApp, grant: TokenGrant, request: HttpRequest | None) -> Connection:
    now = datetime.now(UTC)
    name = f"Partner key {app.client_id[:8]}…"
    with scope.transaction():
        connection, _ = Connection.objects.update_or_create(
            tenant_id=scope.tenant_id,
            environment_id=scope.environment_id,
            account_id=f"partner:{app.client_id}"[:80],
            customer_ref="",
            defaults={
                "provider_app": app,
                "account_name": name,
                "account_role": "Partner",
                "status": Connection.Status.ACTIVE,
                "last_error": "",
                "linked_by": scope.user,
                "linked_at": now,
            },
        )
        tokens.store(connection, grant, now)
        audit.record(
            "partner_key_linked",
            request=request,
            tenant_id=scope.tenant_id,
            environment=scope.environment,
            about=name,
        )
    return connection


def require(scope: Scope, account: Connection, path: str = "") -> None:
    """Refuse what is a partner's to whoever is none. A path in other letters is taken for the same.

    Args:
        path: of a call that goes 1-to-1; without it the connection alone is looked at.

    Raises:
        MissingScope: the token was not made for it.
        PartnerKeyMissing: the connection is not a partner's.
    """
    lowered = path.lower()
    is_of_partner = lowered == _ROOT or lowered.startswith(f"{_ROOT}/")
    if not is_of_partner and not account.provider_app.is_partner_key:
        return
    if not keys.allows(scope.token_scopes, SCOPE):
        raise MissingScope(SCOPE)
    if is_of_partner and not account.provider_app.is_partner_key:
        raise PartnerKeyMissing
