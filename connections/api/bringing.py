"""An account that was linked elsewhere, taken over by a program; at the address of `accounts`, on its router."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import StringConstraints

from connections import bringing, contexts, returning
from connections.api.accounts import answer_of, router
from connections.api.accountshapes import AccountEnvelope
from connections.api.contract import Fault, about_ignored, needs, refused, scope_of
from connections.api.linktokens import Reference
from connections.broughtrows import Brought
from connections.constantcontact.redaction import Secret
from connections.linkoutcomes import OUTCOMES, Refused

__all__ = ["bring_account", "router"]
# What to answer, and when to try again, where that is not the caller's to mend.
_LATER: Final[Mapping[str, tuple[HTTPStatus, int]]] = {
    "provider_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, 30),
    "no_turn": (HTTPStatus.TOO_MANY_REQUESTS, 10),
    "quota_exhausted": (HTTPStatus.TOO_MANY_REQUESTS, 3_600),
}


class BroughtAccount(Schema):
    """An account to take over: whose it is, and its refresh token; `client_id` names the application it is of."""

    tenant_id: Reference
    refresh_token: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
    client_id: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    integration: str = returning.INTEGRATION
    context: dict[str, Any] = {}


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
    account_id = _taken(request, brought)
    return answer_of(request, account_id) | {"meta": about_ignored(request, BroughtAccount)}


def _taken(request: HttpRequest, brought: Brought) -> UUID:
    try:
        return bringing.take(scope_of(request), brought, request=request).pk
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
