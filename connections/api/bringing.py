"""A grant that a program brings: for an account that was linked elsewhere, or in place of the one an account has.

At the addresses of `accounts`, on its router.
"""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import StringConstraints

from connections import scoping
from connections.api.accounts import answer_of, router
from connections.api.accountshapes import AccountEnvelope
from connections.api.contract import Fault, about_ignored, needs, refused, scope_of
from connections.api.linktokens import Reference
from connections.constantcontact.redaction import Secret
from connections.links import bringing, contexts, returning
from connections.links.broughtrows import Brought
from connections.links.outcomes import OUTCOMES, Refused
from connections.models import Connection

__all__ = ["bring_account", "change_credentials", "router"]
# What to answer, and when to try again, where that is not the caller's to mend.
_LATER: Final[Mapping[str, tuple[HTTPStatus, int]]] = {
    "provider_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, 30),
    "no_turn": (HTTPStatus.TOO_MANY_REQUESTS, 10),
    "quota_exhausted": (HTTPStatus.TOO_MANY_REQUESTS, 3_600),
}


Token = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
ClientId = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class BroughtAccount(Schema):
    """An account to take over: whose it is, and its refresh token; `client_id` names the application it is of."""

    tenant_id: Reference
    refresh_token: Token
    client_id: ClientId = ""
    integration: str = returning.INTEGRATION
    context: dict[str, Any] = {}


class OAuthToken(Schema):
    """The part of a token that lasts; an access token beside it is not needed, and passed over."""

    refresh_token: Token


class OAuthCredentials(Schema):
    """The contract's place of a token."""

    token: OAuthToken


class Credentials(Schema):
    """A new refresh token, here or as `oauth.token.refresh_token`; `client_id` where it is of another application."""

    refresh_token: Token | None = None
    oauth: OAuthCredentials | None = None
    client_id: ClientId = ""


@router.post("/integrated-account", response=AccountEnvelope, summary="Take over an account linked elsewhere")
@needs("accounts:write")
def bring_account(request: HttpRequest, body: BroughtAccount) -> dict[str, Any]:
    """Proves the refresh token by one renewal, names the account, reads its lists; then it is linked.

    The workspace needs the application that the token is of. A refresh token that rotates is used up here: what takes
    its place is kept sealed even where the account cannot be taken, and the same call again goes on from there.
    """
    if body.integration.replace("-", "").replace("_", "").lower() != returning.INTEGRATION:
        raise refused(("integration", returning.INTEGRATION))
    try:
        context = contexts.checked(body.context)
    except contexts.NotKept as reason:
        raise refused(("context", str(reason))) from None
    brought = Brought(body.tenant_id, Secret(body.refresh_token), body.client_id, context)
    account_id = _proved(lambda: bringing.take(scope_of(request), brought, request=request))
    return answer_of(request, account_id) | {"meta": about_ignored(request, BroughtAccount)}


@router.patch(
    "/integrated-account/{uuid:account_id}/credentials",
    response=AccountEnvelope,
    summary="Give an account a new grant",
)
@needs("accounts:write")
def change_credentials(request: HttpRequest, account_id: UUID, body: Credentials) -> dict[str, Any]:
    """Proves the refresh token by one renewal; of the same account, it takes the place of the grant that is there.

    An account that had to be reconnected works again by that. Its context, mapping and jobs stay. A token of another
    account is refused with the outcome `wrong_account`, and the old grant stands.
    """
    scope = scope_of(request)
    with scope.transaction():
        account = scoping.one(Connection.objects.select_related("provider_app__pool"), pk=account_id)
    if account.provider_app.is_partner_key:
        raise refused(("id", "a linked account; a partner's key has no refresh token"))
    given = body.oauth.token.refresh_token if body.oauth else body.refresh_token
    if given is None or (body.oauth and body.refresh_token not in (None, given)):
        raise refused(("refresh_token", "one refresh token, here or as oauth.token.refresh_token"))
    renew = partial(bringing.renew, scope, account, Secret(given), body.client_id, request=request)
    _proved(renew)
    return answer_of(request, account_id) | {"meta": about_ignored(request, Credentials)}


def _proved(prove: Callable[[], Connection]) -> UUID:
    try:
        return prove().pk
    except Refused as error:
        words = OUTCOMES[error.code]
        status, seconds = _LATER.get(error.code, (HTTPStatus.UNPROCESSABLE_ENTITY, None))
        raise Fault(
            "not_linked",
            status,
            f"{words.title}. {words.cause} {words.cure}",
            details={"outcome": error.code},
            retry_after_seconds=seconds,
        ) from error
