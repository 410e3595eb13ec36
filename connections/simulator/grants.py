"""The token and revoke endpoints: opening, renewing and ending grants.

Codes and refresh tokens are kept as fingerprints only. Error bodies have the platform's flat shape:
`{"error", "error_description"}`.
"""

import base64
import binascii
import hashlib
import hmac

from . import device, ids, tokens
from .clock import DAY, SECOND
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall, TokenRefusal
from .records import AccessToken, App, Code, Grant, from_json, to_json
from .store import Store, effect

ACCESS_LIFE = DAY
REFRESH_LIFE = 180 * DAY
# Flows of clients that can not keep a secret, and have none.
_PUBLIC = ("pkce", "device")
_BAD_REFRESH = ("invalid_grant", "The refresh token is invalid or expired.")
_BAD_CODE = ("invalid_grant", "The authorization code is invalid or has expired.")


def token(call: OAuthCall) -> Response:
    """Exchanges a code or a refresh token."""
    asked = call.parameters()
    app = _authenticate(call, asked)
    kind = asked.get("grant_type", "")
    if kind == "authorization_code":
        return _exchange(call, app, asked)
    if kind == "refresh_token":
        return _refresh(call, app, asked)
    if not kind:
        raise TokenRefusal(400, "invalid_request", "The grant_type parameter is missing.")
    if kind == device.GRANT_TYPE and app.flow == "device":
        return device.exchange(call, app, asked)
    raise TokenRefusal(400, "unsupported_grant_type", "The grant type is not supported by this server.")


def _authenticate(call: OAuthCall, asked: dict[str, str]) -> App:
    """The application behind a token call: its secret in the header or in the body; a PKCE app has none."""
    client_id, secret = _credentials(call.request, asked)
    app = call.store.apps.get(client_id)
    if app is None:
        raise TokenRefusal(401, "invalid_client", "Invalid value for 'client_id' parameter.")
    call.client_id = app.client_id
    if not call.admit_token_call():
        raise TokenRefusal.too_many()
    if app.flow in _PUBLIC:
        if secret is not None:
            raise TokenRefusal(401, "invalid_client", "A public client has no secret to send.")
    elif secret is None or not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise TokenRefusal(
            401, "invalid_client", "The client secret supplied for a confidential client is invalid."
        )
    if not app.active:
        raise TokenRefusal(401, "invalid_client", "The client is deactivated.")
    return app


def public_app(call: OAuthCall, asked: dict[str, str]) -> App:
    """The device application of a call; it has no secret."""
    app = _authenticate(call, asked)
    if app.flow != "device":
        raise TokenRefusal(400, "unauthorized_client", "The client is not authorized to use this flow.")
    return app


def _credentials(request: Request, asked: dict[str, str]) -> tuple[str, str | None]:
    header = request.headers.get("authorization", "")
    if header[:6].lower() == "basic ":
        try:
            text = base64.b64decode(header[6:].strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise TokenRefusal(
                401, "invalid_client", "The Authorization header is not well formed."
            ) from None
        client_id, colon, secret = text.partition(":")
        return client_id, secret if colon else None
    return asked.get("client_id", ""), asked.get("client_secret")


def _exchange(call: OAuthCall, app: App, asked: dict[str, str]) -> Response:
    fingerprint = ids.fingerprint(asked.get("code", ""))
    code = call.store.codes.get(fingerprint)
    if code is None or code.client_id != app.client_id:
        raise TokenRefusal(400, *_BAD_CODE)
    call.account_id = code.account_id
    if code.used:
        # A code that comes twice was stolen or replayed: what it opened is closed, as the standard advises.
        if code.grant_id is not None and not call.store.grants[code.grant_id].dead:
            call.commit({"do": "grant.end", "grant": code.grant_id})
        raise TokenRefusal(400, *_BAD_CODE)
    if call.now > code.expires:
        raise TokenRefusal(400, *_BAD_CODE)
    if asked.get("redirect_uri") != code.redirect_uri:
        raise TokenRefusal(400, "invalid_grant", "The redirect_uri does not match the authorization request.")
    _check_verifier(call.store, app, code, asked.get("code_verifier"))
    account = call.store.accounts[code.account_id]
    grant = Grant(
        ids.uuid(call.store.seed, "grant", call.seq),
        app.client_id,
        account.account_id,
        code.user_id,
        code.scope,
        call.now,
    )
    return hand_out(call, app, grant, code=fingerprint)


def _check_verifier(store: Store, app: App, code: Code, verifier: str | None) -> None:
    if app.flow != "pkce" and verifier and store.switches["pkce_on_code_app"] == "refused":
        raise TokenRefusal(400, "invalid_request", "PKCE is not enabled for this application.")
    if code.challenge is None:
        return
    digest = hashlib.sha256((verifier or "").encode()).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
        raise TokenRefusal(400, "invalid_grant", "PKCE verification failed.")


def _refresh(call: OAuthCall, app: App, asked: dict[str, str]) -> Response:
    secret = asked.get("refresh_token", "")
    fingerprint = ids.fingerprint(secret)
    grant = call.store.grants.get(call.store.refresh_tokens.get(fingerprint, ""))
    if grant is None or grant.client_id != app.client_id:
        raise TokenRefusal(400, *_BAD_REFRESH)
    call.account_id = grant.account_id
    if grant.dead or call.now - grant.refreshed > REFRESH_LIFE:
        raise TokenRefusal(400, *_BAD_REFRESH)
    if fingerprint != grant.refresh and not _in_grace(call, grant, fingerprint):
        if call.store.switches["refresh_reuse"] == "kills_grant":
            call.commit({"do": "grant.end", "grant": grant.grant_id})
        raise TokenRefusal(400, *_BAD_REFRESH)
    return hand_out(call, app, grant, keep=secret if app.refresh_tokens == "long_lived" else None)


def _in_grace(call: OAuthCall, grant: Grant, fingerprint: str) -> bool:
    grace = call.store.switches.number("refresh_grace_seconds") * SECOND
    return fingerprint == grant.previous and call.now - grant.refreshed <= grace


def hand_out(
    call: OAuthCall,
    app: App,
    grant: Grant,
    *,
    code: str | None = None,
    keep: str | None = None,
    device: str | None = None,
) -> Response:
    """Opens or renews a grant and answers with its tokens."""
    store = call.store
    refresh = None
    if "offline_access" in grant.scope.split():
        refresh = keep or ids.token(store.seed, "refresh", call.seq)
    token_id, ends = "AT." + ids.token(store.seed, "jti", call.seq), call.now + ACCESS_LIFE
    access = AccessToken(token_id, grant.grant_id, call.now, ends, grant.scope)
    call.commit(
        {
            "do": "grant.renew",
            "grant": to_json(grant),
            "refresh": ids.fingerprint(refresh) if refresh else None,
            "access": to_json(access),
            "code": code,
            "device": device,
        }
    )
    body: Json = {
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE // SECOND,
        "access_token": tokens.sign(store.seed, claims_of(store, grant, access)),
        "scope": grant.scope,
    }
    if refresh is not None:
        body["refresh_token"] = refresh
    return json_response(200, body, [("Cache-Control", "no-store")])


def claims_of(store: Store, grant: Grant, access: AccessToken) -> Json:
    """The claims of an access token."""
    user = store.accounts[grant.account_id].users[grant.user_id]
    # `jti` is how the simulator knows its own tokens again.
    required: Json = {
        "jti": access.token_id,
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "exp": access.expires // SECOND,
        "cid": grant.client_id,
        "sub": user.login,
        "platform_user_id": user.user_id,
    }
    if store.switches["token_claims"] == "required":  # noqa: S105  (a switch)
        return required
    return {
        "ver": 1,
        **required,
        "iat": access.issued // SECOND,
        "uid": ids.token(store.seed, "uid", user.user_id, length=20),
        "scp": grant.scope.split(),
        "auth_time": grant.opened // SECOND,
    }


def revoke(call: OAuthCall) -> Response:
    """Ends a grant, or one token of it; an unknown token is answered alike."""
    asked = call.parameters()
    app = _authenticate(call, asked)
    if not asked.get("token"):
        raise TokenRefusal(400, "invalid_request", "The token parameter is missing.")
    token_id = tokens.token_id(call.store.seed, asked["token"])
    access = call.store.tokens.get(token_id or "")
    grant_id = (
        access.grant_id if access else call.store.refresh_tokens.get(ids.fingerprint(asked["token"]), "")
    )
    grant = call.store.grants.get(grant_id)
    if grant is not None and grant.client_id == app.client_id and not grant.dead:
        call.account_id = grant.account_id
        if call.store.switches["revoke_ends"] == "token":
            call.commit({"do": "token.end", "grant": grant_id, "access": token_id if access else None})
        else:
            call.commit({"do": "grant.end", "grant": grant_id})
    return Response(200)


@effect("grant.renew")
def _renew_grant(store: Store, change: Json, at: int) -> None:
    grant = store.grants.setdefault(change["grant"]["grant_id"], from_json(Grant, change["grant"]))
    if change["code"] is not None:
        store.codes[change["code"]].used = True
        store.codes[change["code"]].grant_id = grant.grant_id
    if change.get("device") is not None:
        store.devices[change["device"]] = {**store.devices[change["device"]], "state": "used"}
    if store.switches["old_access_token_after_refresh"] == "dead":  # noqa: S105  (a switch)
        _kill_tokens(store, grant.grant_id)
    if change["refresh"] is not None:
        if change["refresh"] != grant.refresh:
            grant.previous = grant.refresh
        grant.refresh = change["refresh"]
        store.refresh_tokens[change["refresh"]] = grant.grant_id
    grant.refreshed = at
    access = from_json(AccessToken, change["access"])
    store.tokens[access.token_id] = access


@effect("grant.end")
def _end_grant(store: Store, change: Json, at: int) -> None:
    store.grants[change["grant"]].dead = True
    _kill_tokens(store, change["grant"])


@effect("token.end")
def _end_token(store: Store, change: Json, at: int) -> None:
    if change["access"] is not None:
        store.tokens[change["access"]].dead = True
    else:
        store.grants[change["grant"]].refresh = None
        store.grants[change["grant"]].previous = None


@effect("grants.end")
def _end_grants(store: Store, change: Json, at: int) -> None:
    for grant_id in change["grants"]:
        store.grants[grant_id].dead = store.grants[grant_id].dead or change["dead"]
        _kill_tokens(store, grant_id)


def _kill_tokens(store: Store, grant_id: str) -> None:
    for access in store.tokens.values():
        if access.grant_id == grant_id:
            access.dead = True
