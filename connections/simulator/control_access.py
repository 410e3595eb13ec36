"""Control of who may come in: applications, tokens without a consent page, the end of grants."""

from . import consent, grants, ids, partner_access
from .checks import Flag, Many, Number, OneOf, Shape, Text
from .control import Control, Wrong, check, control
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall
from .records import App, Grant, from_json, to_json
from .roles import ROLES

_APP: dict[str, Shape] = {
    "client_id": Text(100, 1),
    "client_secret": Text(200, 1),
    "name": Text(100, 1),
    "redirect_uris": Many(Text(2000, 1), 100),
    "flow": OneOf(("code", "pkce", "device")),
    "refresh_tokens": OneOf(("rotating", "long_lived")),
    "active": Flag(),
    "per_second": Number(0, 1_000_000),
    "per_day": Number(0, 1_000_000_000),
}


def _show_app(app: App) -> Json:
    return {**to_json(app), "redirect_uris": list(app.redirect_uris)}


@control("GET", "/apps")
def _apps(control: Control, body: Json, request: Request, now: int) -> Response:
    return json_response(200, [_show_app(app) for app in control.simulator.store.apps.values()])


@control("GET", "/partner")
def _partner(control: Control, body: Json, request: Request, now: int) -> Response:
    """The partner's client id and secret; the key of its calls is any application's client id."""
    client_id, secret = partner_access.credentials(control.simulator.store.seed)
    return json_response(200, {"client_id": client_id, "client_secret": secret})


@control("POST", "/apps")
def _post_app(control: Control, body: Json, request: Request, now: int) -> Response:
    check(_APP, body)
    simulator = control.simulator
    seed, seq = simulator.store.seed, simulator.journal.seq + 1
    client_id = body.get("client_id") or ids.uuid(seed, "client id", seq)
    fresh = App(client_id, ids.token(seed, "client secret", seq, length=22))
    known = to_json(simulator.store.apps.get(client_id, fresh))
    wanted = {name: value for name, value in body.items() if value is not None and name in _APP}
    app = from_json(App, {**known, **wanted, "client_id": client_id})
    simulator.commit(request, {"do": "app.save", "app": to_json(app)}, now)
    return json_response(200, _show_app(app))


@control("PUT", "/apps/*")
def _put_app(control: Control, body: Json, request: Request, now: int) -> Response:
    client_id = body.pop("")
    if body.setdefault("client_id", client_id) != client_id:
        raise Wrong("The client_id in the body is another one")
    return _post_app(control, body, request, now)


def _grant_for(control: Control, body: Json, now: int) -> Grant:
    store, account, app = control.simulator.store, control.account(body.get("account")), body.get("client_id")
    found = consent.find_user(store, f"{account.account_id}:{body.get('role') or 'owner'}")
    if found is None:
        raise Wrong("There is no such user")
    scope = body.get("scope") or " ".join(scope for scope in consent.SCOPES if scope != "billing_data")
    if any(item not in consent.SCOPES for item in scope.split()):
        raise Wrong(f"A scope is one of {', '.join(consent.SCOPES)}")
    grant_id = ids.uuid(store.seed, "grant", control.simulator.journal.seq + 1)
    return Grant(grant_id, control.app(app).client_id, account.account_id, found[1].user_id, scope, now)


@control("POST", "/token")
def _mint(control: Control, body: Json, request: Request, now: int) -> Response:
    """A token without the consent page, answered as the token endpoint does."""
    check({"client_id": Text(), "account": Text(), "role": OneOf(tuple(ROLES)), "scope": Text()}, body)
    simulator, grant = control.simulator, _grant_for(control, body, now)
    call = OAuthCall(request, simulator.store, now, simulator.journal.seq + 1, lambda key, at: True)
    response = grants.hand_out(call, simulator.store.apps[grant.client_id], grant)
    caller = (grant.client_id, grant.account_id)
    simulator.note("control", request.method, request.path, 200, call.effect, caller=caller, at=now)
    return response


@control("POST", "/tokens")
def _end_tokens(control: Control, body: Json, request: Request, now: int) -> Response:
    """Expires access tokens or ends grants, of one app or account or of all."""
    check({"action": OneOf(("expire", "revoke")), "client_id": Text(), "account": Text()}, body)
    if "action" not in body:
        raise Wrong("action is expire or revoke")
    store = control.simulator.store
    client_id = control.app(body["client_id"]).client_id if "client_id" in body else None
    account_id = control.account(body["account"]).account_id if "account" in body else None
    grants = [
        grant.grant_id
        for grant in store.grants.values()
        if not grant.dead and client_id in (None, grant.client_id) and account_id in (None, grant.account_id)
    ]
    effect = {"do": "grants.end", "grants": grants, "dead": body["action"] == "revoke"}
    control.simulator.commit(request, effect, now)
    return json_response(200, {"grants": len(grants)})
