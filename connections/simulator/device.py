"""The device flow: a code for a device that has no browser, the page where a person enters it, and its exchange.

Device and user codes are kept as fingerprints only, like authorization codes.
"""

from html import escape

from . import consent, grants, ids, oauth_page
from .clock import MINUTE, SECOND
from .messages import Json, Response, json_response
from .oauth_call import OAuthCall, TokenRefusal
from .records import App, Grant
from .store import Store, effect

AUTHORIZE = "/oauth2/default/v1/device/authorize"
ACTIVATE = "/oauth2/activate"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_LIFE = 10 * MINUTE
_INTERVAL = 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def authorize(call: OAuthCall) -> Response:
    """Gives a device its code, and the short one that a person types."""
    asked = call.parameters()
    app = grants.public_app(call, asked)
    scopes = asked.get("scope", "").split()
    if not scopes or any(scope not in consent.SCOPES for scope in scopes):
        raise TokenRefusal(400, "invalid_scope", "One or more scopes are not configured for this server.")
    secret = ids.token(call.store.seed, "device", call.seq)
    letters = [
        _LETTERS[byte % len(_LETTERS)] for byte in ids.digest(call.store.seed, "user code", call.seq)[:8]
    ]
    user_code = "".join(letters)
    device = {
        "client_id": app.client_id,
        "user_code": ids.fingerprint(user_code),
        "scope": " ".join(dict.fromkeys(scopes)),
        "expires": call.now + _LIFE,
        "state": "pending",
        "account": None,
        "user": None,
    }
    call.commit({"do": "device.save", "code": ids.fingerprint(secret), "device": device})
    page = f"http://{call.request.headers.get('host', 'simulator')}{ACTIVATE}"
    body: Json = {"device_code": secret, "user_code": user_code, "verification_uri": page}
    body["verification_uri_complete"] = f"{page}?user_code={user_code}"
    return json_response(200, {**body, "expires_in": _LIFE // SECOND, "interval": _INTERVAL})


def activate(call: OAuthCall) -> Response:
    """The page where a person enters the code, and takes their decision."""
    asked = call.parameters()
    typed = asked.get("user_code", "").strip().upper().replace("-", "")
    found = _by_user_code(call.store, typed, call.now)
    if call.request.method == "GET":
        return oauth_page.activation(escape(typed), list(call.store.accounts.values()))
    if found is None:
        return oauth_page.refusal("The code is not known, or has expired.")
    key, device = found
    call.client_id = device["client_id"]
    chosen = consent.find_user(call.store, asked.get("user", ""))
    if asked.get("decision") not in ("allow", "deny") or chosen is None:
        return oauth_page.refusal("Choose a user, then allow or deny.")
    account, user = chosen
    state = "allowed" if asked["decision"] == "allow" else "denied"
    decided = {**device, "state": state, "account": account.account_id, "user": user.user_id}
    call.account_id = account.account_id
    call.commit({"do": "device.save", "code": key, "device": decided})
    return oauth_page.page(200, "Done", f"<h1>The device is {state}</h1><p>You can close this page.</p>")


def _by_user_code(store: Store, typed: str, now: int) -> tuple[str, Json] | None:
    wanted = ids.fingerprint(typed)
    return next(
        (
            (key, device)
            for key, device in store.devices.items()
            if device["user_code"] == wanted and device["state"] == "pending" and now <= device["expires"]
        ),
        None,
    )


def exchange(call: OAuthCall, app: App, asked: dict[str, str]) -> Response:
    """The device asks for its tokens."""
    key = ids.fingerprint(asked.get("device_code", ""))
    device = call.store.devices.get(key)
    if device is None or device["client_id"] != app.client_id or device["state"] == "used":
        raise TokenRefusal(400, "invalid_grant", "The device code is invalid.")
    if device["state"] == "denied":
        raise TokenRefusal(400, "access_denied", "The resource owner denied the request.")
    if call.now > device["expires"]:
        raise TokenRefusal(400, "expired_token", "The device code has expired.")
    if device["state"] == "pending":
        raise TokenRefusal(400, "authorization_pending", "The device authorization is pending.")
    call.account_id = device["account"]
    scope = device["scope"]
    if call.store.switches["device_refresh_token"] == "absent":  # noqa: S105  (a switch)
        scope = " ".join(item for item in scope.split() if item != "offline_access")
    grant = Grant(
        ids.uuid(call.store.seed, "grant", call.seq),
        app.client_id,
        device["account"],
        device["user"],
        scope,
        call.now,
    )
    return grants.hand_out(call, app, grant, device=key)


@effect("device.save")
def _save_device(store: Store, change: Json, at: int) -> None:
    store.devices[change["code"]] = change["device"]
