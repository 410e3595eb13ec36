"""Link tokens and tokens of one account, as programs make them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from connections import audit, scoping
from connections.api.contract import Envelope, Fault, about_ignored, needs, refused, scope_of
from connections.links import contexts, linktokens, returning
from connections.links.linktokens import Wish
from connections.models import Connection, Environment
from connections.people.accounts import provider_app_for
from connections.programs import accounttokens
from connections.scoping import Scope

router = Router(tags=["Links"])
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
SHORTEST: Final = 60


class NewLink(Schema):
    """A link to make: for a customer (`tenant_id`), or to renew an account (`integrated_account_id`)."""

    tenant_id: Reference | None = None
    integrated_account_id: UUID | None = None
    scopes: Annotated[list[str], Field(max_length=20)] = []
    context: dict[str, Any] = {}
    redirect_uri: Annotated[str, StringConstraints(max_length=returning.LONGEST)] | None = None
    persist_previous_context: bool = True
    expires_in: Annotated[int, Field(ge=SHORTEST, le=linktokens.LONGEST_SECONDS)] | None = None


class Link(Schema):
    """A link's token, shown once; the browser goes to `connect_url`."""

    link_token: str
    connect_url: str
    expires_at: datetime


class LinkEnvelope(Envelope):
    """A new link."""

    result: Link


class ForAccount(Schema):
    """The account that a token is for."""

    integrated_account_id: UUID


class AccountToken(Schema):
    """A token of one account, shown once."""

    integrated_account_token: str
    expires_at: datetime


class AccountTokenEnvelope(Envelope):
    """A new token of one account."""

    result: AccountToken


@router.post(
    "/link-token", response=LinkEnvelope, summary="Make a link by which a customer connects an account"
)
@needs("link:write")
def make_link(request: HttpRequest, body: NewLink) -> dict[str, Any]:
    """A link is used once, in one browser, and ends after `expires_in` seconds (seven days at most).

    `scopes` are OAuth scopes to ask for besides those that are needed. `redirect_uri` is one of the workspace's return
    addresses, with any query; there the browser comes back with `result`, `integration`, and `integrated_account_id`
    or `error` and `error_type`.
    """
    scope, now = scope_of(request), datetime.now(UTC)
    context = _context(body.context)
    seconds = body.expires_in or settings.ENV.LINK_TOKEN_SECONDS
    with scope.transaction():
        wish = _wish(scope, body, context)
        row, text = linktokens.make(scope, wish, now, seconds)
        audit.record(
            "link_made",
            request=request,
            tenant_id=scope.tenant_id,
            environment=scope.environment,
            about=row.customer_ref or str(wish.reconnecting),
        )
    result = {
        "link_token": text.reveal(),
        "connect_url": f"{settings.PUBLIC_URL}/connect-account?link_token={text.reveal()}",
        "expires_at": row.expires_at,
    }
    return {"result": result, "meta": about_ignored(request, NewLink)}


def _context(value: dict[str, Any]) -> dict[str, Any]:
    try:
        return contexts.checked(value)
    except contexts.NotKept as reason:
        raise refused(("context", str(reason))) from None


def _wish(scope: Scope, body: NewLink, context: dict[str, Any]) -> Wish:
    """What is asked for, if it can be had here. Inside the scope. Raises Fault."""
    if (body.tenant_id is None) == (body.integrated_account_id is None):
        raise refused(
            ("tenant_id", "your own id of the customer; to renew an account, integrated_account_id instead")
        )
    reconnecting = None
    if body.integrated_account_id is not None:
        rows = Connection.objects.select_related("provider_app")
        reconnecting = rows.filter(pk=body.integrated_account_id).first()
        if reconnecting is None:
            raise Fault(
                "not_found",
                HTTPStatus.NOT_FOUND,
                "There is no such account in this environment.",
                failures=[("integrated_account_id", "the id of a linked account")],
            )
    app = reconnecting.provider_app if reconnecting else provider_app_for(scope.tenant_id, scope.environment)
    if app is None:
        raise Fault(
            "no_application",
            HTTPStatus.CONFLICT,
            f"The {scope.environment} environment has no Constant Contact application to link through.",
        )
    known = app.scopes.split()
    unknown = [name for name in body.scopes if name not in known]
    if unknown:
        raise refused(
            ("scopes", f"of {', '.join(known)}; {', '.join(map(repr, unknown))[:200]} is none of them")
        )
    return Wish(
        customer_ref=body.tenant_id or "",
        reconnecting=reconnecting,
        scopes=tuple(body.scopes),
        context=context,
        keeps_context=body.persist_previous_context,
        redirect_uri=_allowed(scope, body.redirect_uri),
    )


def _allowed(scope: Scope, address: str | None) -> str:
    """An address that people may be sent back to. Inside the scope. Raises Fault."""
    if not address:
        return ""
    allowed = Environment.objects.get(pk=scope.environment_id).return_addresses
    if not returning.is_allowed(address, allowed, scope.environment):
        raise Fault(
            "redirect_not_allowed",
            HTTPStatus.BAD_REQUEST,
            "People are sent back to addresses that the workspace allows, and to no others. Add it under Developers, "
            "Return addresses.",
            failures=[("redirect_uri", "one of the workspace's return addresses, with any query")],
        )
    return address.strip()


@router.post(
    "/integrated-account/token", response=AccountTokenEnvelope, summary="Make a token of one account"
)
@needs("accounts:read")
def make_account_token(request: HttpRequest, body: ForAccount) -> dict[str, Any]:
    """Good for fifteen minutes, for `/unified`, `/proxy`, `/custom` and `/integrated-account/me` of this account.

    It opens no more than the API token that makes it, and ends with that.
    """
    scope = scope_of(request)
    assert scope.key_id is not None
    with scope.transaction():
        account = scoping.one(Connection.objects.all(), pk=body.integrated_account_id)
    ends = accounttokens.ends(datetime.now(UTC))
    claims = accounttokens.Claims(scope.tenant_id, scope.environment_id, account.pk, scope.key_id, ends)
    text = accounttokens.make(scope.environment, claims)
    return {"result": {"integrated_account_token": text.reveal(), "expires_at": ends}}
