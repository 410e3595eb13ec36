"""The authorization-code flow: where to send the browser, and what to ask the token endpoint.

Codes, verifiers, secrets and tokens travel in POST bodies and the Basic header only, never in an address.
PKCE is used exactly where the application's flow is PKCE and is never left out there.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from connections.constantcontact import errors, meanings, reading, signals
from connections.constantcontact.faults import read_fault
from connections.constantcontact.redaction import Secret, revealed
from connections.constantcontact.shapes import TokenGrant

Form = Mapping[str, Secret | str]

# A refresh holds its row's lock meanwhile.
TIMEOUT: Final = httpx.Timeout(10.0)


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """One application registered with the provider."""

    client_id: str
    client_secret: Secret
    authorize_url: str
    token_url: str
    revoke_url: str | None
    pkce: bool


def new_verifier() -> Secret:
    """A fresh PKCE verifier: 64 signs, 384 bits."""
    return Secret(secrets.token_urlsafe(48))


def challenge(verifier: Secret | str) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(revealed(verifier).encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


# https://developer.constantcontact.com/api_guide/server_flow.html
# https://developer.constantcontact.com/api_guide/pkce_flow.html
def authorize_url(
    app: AppCredentials,
    redirect_uri: str,
    state: str,
    scopes: Iterable[str],
    *,
    code_challenge: str | None = None,
    prompt_login: bool = False,
) -> str:
    """Where to send the owner's browser."""
    _require_pkce(app, code_challenge)
    params = {
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": " ".join(scopes),
        "state": state,
    }
    if code_challenge is not None:
        params |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
    if prompt_login:
        params["prompt"] = "login"
    # Blanks as %20: a plus sign encoded once more on the way breaks the scope.
    return f"{app.authorize_url}?{urlencode(params, quote_via=quote)}"


# https://developer.constantcontact.com/api_guide/server_flow.html
def exchange_code(
    http: httpx.Client,
    app: AppCredentials,
    code: Secret | str,
    redirect_uri: str,
    verifier: Secret | str | None = None,
) -> TokenGrant:
    """The grant behind a code; a code is good once, for five minutes."""
    _require_pkce(app, verifier)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        form["code_verifier"] = verifier
    return _granted(_post(http, app, app.token_url, form))


# https://developer.constantcontact.com/api_guide/server_flow.html
def refresh(http: httpx.Client, app: AppCredentials, refresh_token: Secret) -> TokenGrant:
    """A fresh pair; store it before anything else: a rotating old refresh token is dead by now."""
    return _granted(
        _post(http, app, app.token_url, {"grant_type": "refresh_token", "refresh_token": refresh_token})
    )


# https://developer.constantcontact.com/api_guide/partners_auth.html
def partner_token(http: httpx.Client, app: AppCredentials) -> TokenGrant:
    """A partner's token, good for an hour; there is no refresh token, the next is asked for in the same way."""
    return _granted(_post(http, app, app.token_url, {"grant_type": "client_credentials"}))


# RFC 7009; the provider's guide has no page for it, public integrations use it.
def revoke(http: httpx.Client, app: AppCredentials, token: Secret, *, hint: str = "refresh_token") -> bool:
    """Whether the provider took the token back; False where the application has no revoke address."""
    if app.revoke_url is None:
        return False
    response = _post(http, app, app.revoke_url, {"token": token, "token_type_hint": hint})
    if not response.is_success:
        raise _refusal(response)
    return True


def _require_pkce(app: AppCredentials, proof: object) -> None:
    if app.pkce and not proof:
        raise ValueError("This application uses PKCE: a challenge and its verifier are required.")
    if not app.pkce and proof is not None:
        raise ValueError(
            "This application does not use PKCE: the provider may refuse a challenge or verifier."
        )


def _post(http: httpx.Client, app: AppCredentials, url: str, form: Form) -> httpx.Response:
    """The token endpoint's answer, whatever it says; TokenUnavailable when there is none."""
    fields = dict(form)
    auth: httpx.Auth | None = None
    if app.pkce:
        fields["client_id"] = app.client_id
    else:
        auth = httpx.BasicAuth(app.client_id, app.client_secret.reveal())
    request = http.build_request(
        "POST",
        url,
        data={name: revealed(value) for name, value in fields.items()},
        headers={"Accept": "application/json"},
        timeout=TIMEOUT,
    )
    failure: errors.TokenUnavailable
    try:
        return http.send(request, auth=auth)
    except errors.QuotaRefused as fault:
        wait = fault.retry_after_seconds
        reason = "resting" if isinstance(fault, errors.Resting) else "held_back"
        failure = errors.TokenUnavailable(reason, fault.message, retry_after_seconds=wait)
    except errors.ProviderError as fault:
        failure = _silence(fault.message, sent=fault.may_have_happened)
    except httpx.RequestError as fault:
        failure = _silence(str(fault), sent=signals.of_exception(fault) is not signals.Signal.NOT_SENT)
    # Raised out here, so that no chained exception keeps the request and its secrets alive.
    raise failure


def _silence(message: str, *, sent: bool) -> errors.TokenUnavailable:
    return errors.TokenUnavailable("no_answer" if sent else "unreachable", message, sent=sent)


def _granted(response: httpx.Response) -> TokenGrant:
    if not response.is_success:
        raise _refusal(response)
    try:
        return TokenGrant.parse(reading.parsed(response))
    except reading.Misshapen as fault:
        message = str(fault)
    raise errors.TokenUnavailable("wrong_shape", message, status=response.status_code, sent=True)


def _refusal(response: httpx.Response) -> errors.TokenError:
    status, fault = response.status_code, read_fault(response.content)
    if status in (400, 401) and fault.error_key == "invalid_grant":
        return errors.InvalidGrant("invalid_grant", fault.message, status=status)
    if status == 401 and fault.error_key == "invalid_client":
        return errors.InvalidClient("invalid_client", fault.message, status=status)
    if status == 429:
        return errors.TokenUnavailable("throttled", fault.message, status=status, retry_after_seconds=1.0)
    if meanings.is_server_fault(status) or status < 400:
        return errors.TokenUnavailable("no_answer", fault.message, status=status, sent=True)
    return errors.TokenUnavailable(fault.error_key or "refused", fault.message, status=status)
