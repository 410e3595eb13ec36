"""The authorize endpoint: checks what an application asks for, lets a person decide, and sends them back.

Nobody is ever redirected to an address that the application has not registered.
"""

import re
from urllib.parse import urlencode

from . import ids, oauth_page
from .clock import MINUTE
from .messages import Json, Response
from .oauth_call import OAuthCall
from .records import App, Code, User, from_json, to_json
from .store import Account, Store, effect

SCOPES = ("account_read", "account_update", "contact_data", "campaign_data", "offline_access", "billing_data")
CODE_LIFE = 5 * MINUTE
_REQUEST_FIELDS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def authorize(call: OAuthCall) -> Response:
    """Shows the consent page, or takes the person's decision."""
    asked = call.parameters()
    app = call.store.apps.get(asked.get("client_id", ""))
    call.client_id = app.client_id if app else None
    if app is None:
        return oauth_page.refusal("The client_id is not known.")
    if not app.active:
        return oauth_page.refusal("This application is deactivated.")
    if asked.get("redirect_uri", "") not in app.redirect_uris:
        return oauth_page.refusal("The redirect_uri is not registered for this application.")
    problem = _request_problem(call.store, app, asked)
    if problem is not None:
        return _redirect(asked, error=problem[0], error_description=problem[1])
    if call.request.method == "POST":
        return _decide(call, app, asked)
    policy = str(call.store.switches["login_page_opener_policy"])
    headers = [] if policy == "absent" else [("Cross-Origin-Opener-Policy", policy)]
    fields = {name: asked[name] for name in _REQUEST_FIELDS if name in asked}
    return oauth_page.consent(app, list(call.store.accounts.values()), fields, headers)


def _request_problem(store: Store, app: App, asked: dict[str, str]) -> tuple[str, str] | None:
    if app.flow == "device":
        return "unauthorized_client", "The client is not authorized to use this flow."
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "The response type is not supported by this server."
    if not asked.get("state") and store.switches["state_required"] == "yes":
        return "invalid_request", "The authentication request has an invalid 'state' parameter."
    scopes = asked.get("scope", "").split()
    if not scopes or any(scope not in SCOPES for scope in scopes):
        return "invalid_scope", "One or more scopes are not configured for this server."
    challenge = asked.get("code_challenge")
    if app.flow == "pkce" or challenge:
        if app.flow != "pkce" and store.switches["pkce_on_code_app"] == "refused":
            return "invalid_request", "PKCE is not enabled for this application."
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge or ""):
            return "invalid_request", "PKCE needs a code_challenge with the method S256."
    return None


def _redirect(asked: dict[str, str], **answer: str) -> Response:
    if asked.get("state"):
        answer["state"] = asked["state"]
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return Response(302, b"", [("Location", asked["redirect_uri"] + joint + urlencode(answer))])


def _decide(call: OAuthCall, app: App, asked: dict[str, str]) -> Response:
    found = find_user(call.store, asked.get("user", ""))
    if asked.get("decision") == "deny":
        return _redirect(
            asked, error="access_denied", error_description="The resource owner denied the request."
        )
    if asked.get("decision") != "allow" or found is None:
        return oauth_page.refusal("Choose a user, then allow or deny.")
    account, user = found
    call.account_id = account.account_id
    secret = ids.token(call.store.seed, "code", call.seq)
    code = Code(
        app.client_id,
        account.account_id,
        user.user_id,
        " ".join(dict.fromkeys(asked["scope"].split())),
        asked["redirect_uri"],
        call.now + CODE_LIFE,
        asked.get("code_challenge"),
    )
    call.commit({"do": "code.issue", "code": ids.fingerprint(secret), "record": to_json(code)})
    return _redirect(asked, code=secret)


def find_user(store: Store, choice: str) -> tuple[Account, User] | None:
    """The account and user that a choice `<account>:<role>` means."""
    account_id, _, role = choice.partition(":")
    account = store.accounts.get(account_id)
    if account is None:
        return None
    return next(((account, user) for user in account.users.values() if user.role == role), None)


@effect("code.issue")
def _issue_code(store: Store, change: Json, at: int) -> None:
    store.codes[change["code"]] = from_json(Code, change["record"])
