"""The authorization server's front: `consent` asks the person, `grants` gives the tokens."""

from . import consent, device, grants, partner_access, tokens
from .messages import Response, json_response
from .oauth_call import OAuthCall, TokenRefusal

AUTHORIZE = "/oauth2/default/v1/authorize"
TOKEN = "/oauth2/default/v1/token"  # noqa: S105  (a path)
REVOKE = "/oauth2/default/v1/revoke"
KEYS = ("/oauth2/default/v1/keys", "/oauth2/aus1lm3ry9mF7x2Ja0h8/v1/keys")


def answer(call: OAuthCall) -> Response:
    """The answer to any request to the OAuth host."""
    path, method = call.request.path, call.request.method
    if path in KEYS and method == "GET":
        return json_response(200, tokens.key_set(call.store.seed))
    try:
        if path == AUTHORIZE and method in ("GET", "POST"):
            return consent.authorize(call)
        if path == device.AUTHORIZE and method == "POST":
            return device.authorize(call)
        if path == device.ACTIVATE and method in ("GET", "POST"):
            return device.activate(call)
        if path == partner_access.TOKEN_PATH and method == "POST":
            return partner_access.token(call)
        if path in (TOKEN, REVOKE) and method == "POST":
            return grants.token(call) if path == TOKEN else grants.revoke(call)
    except TokenRefusal as refusal:
        return refusal.response(call.store.switches)
    return json_response(
        404, {"errorCode": "E0000022", "errorSummary": "The endpoint does not support this."}
    )
