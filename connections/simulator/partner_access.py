"""How a partner comes in: its client id and secret, the token of one hour, and the check of a call.

A partner call bears a partner's token and, as `x-api-key`, the client id of an application.
"""

import base64
import binascii
import hmac

from . import errors, ids, tokens
from .clock import MINUTE, SECOND
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall, TokenRefusal
from .records import App
from .routes import PARTNER
from .store import Store, effect

TOKEN_PATH = "/partners/oauth2/default/v1/token"  # noqa: S105  (a path)
_LIFE = 60 * MINUTE


def partner_id(seed: str) -> str:
    """The id by which accounts name the partner that they belong to."""
    return "p07e" + ids.digest(seed, "partner").hex()[:10]


def credentials(seed: str) -> tuple[str, str]:
    """The partner's client id and secret."""
    return ids.token(seed, "partner client", length=26), ids.token(seed, "partner secret")


def token(call: OAuthCall) -> Response:
    """Answers the partner's token endpoint."""
    if call.request.media_type() != "application/x-www-form-urlencoded":
        raise TokenRefusal(415, "invalid_request", "The content type must be a form.")
    client_id, secret = _basic(call.request)
    known, right = credentials(call.store.seed)
    if client_id != known or not hmac.compare_digest(secret.encode(), right.encode()):
        raise TokenRefusal(401, "invalid_client", "The partner's client id or secret is wrong.")
    asked = call.parameters()
    if asked.get("grant_type", "client_credentials") != "client_credentials":
        raise TokenRefusal(400, "unsupported_grant_type", "The grant type is not supported by this server.")
    if any(scope != PARTNER for scope in asked.get("scope", PARTNER).split()):
        raise TokenRefusal(400, "invalid_scope", "One or more scopes are not configured for this server.")
    token_id = "PT." + ids.token(call.store.seed, "partner jti", call.seq)
    expires = call.now + _LIFE
    call.commit({"do": "partner.token", "token": token_id, "expires": expires})
    claims: Json = {"jti": token_id, "iss": tokens.ISSUER, "cid": client_id, "scp": [PARTNER]}
    claims |= {"iat": call.now // SECOND, "exp": expires // SECOND}
    body: Json = {
        "access_token": tokens.sign(call.store.seed, claims),
        "expires_in": _LIFE // SECOND,
        "token_type": "Bearer",
        "scope": PARTNER,
    }
    return json_response(200, body, [("Cache-Control", "no-store")])


def _basic(request: Request) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    try:
        text = base64.b64decode(header[6:].strip() if header[:6].lower() == "basic " else "", validate=True)
        client_id, _, secret = text.decode().partition(":")
    except (binascii.Error, ValueError):
        raise TokenRefusal(401, "invalid_client", "The Authorization header is not well formed.") from None
    return client_id, secret


def enter(store: Store, request: Request, now: int) -> App:
    """The application of a partner's call, or a refusal."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    token_id = tokens.token_id(store.seed, text.strip()) if kind.lower() == "bearer" else None
    if token_id is not None and token_id in store.tokens:
        raise errors.forbidden("Request forbidden due to insufficient scope.")
    if now >= store.partner_tokens.get(token_id or "", 0):
        raise errors.unauthorized()
    app = store.apps.get(request.headers.get("x-api-key", ""))
    if app is None:
        raise errors.gateway_forbidden()
    return app


@effect("partner.token")
def _save_token(store: Store, change: Json, at: int) -> None:
    store.partner_tokens[change["token"]] = change["expires"]
