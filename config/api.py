"""The one NinjaAPI: mounts each floor's router; one key check, one envelope, one error shape."""

from http import HTTPStatus
from math import ceil
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from connections import ratelimits, scoping
from connections.api import ACCOUNT, ACCOUNT_HEADER, AccountMissing, MissingScope
from connections.api import router as connections_router
from connections.constantcontact import errors
from connections.constantcontact.errors import ProviderError, QuotaRefused
from connections.constantcontact.paths import UnsafePath
from connections.proxy import BodyTooLarge
from connections.proxy import router as proxy_router
from connections.tokenlimit import TooManyCalls
from connections.vault import CannotOpen
from mapping.api import router as unified_router
from mapping.unified.asking import Refused
from syncjobs.api import router as jobs_router


class ApiToken(HttpBearer):
    """`Authorization: Bearer pb_...`; what it opens is `request.auth`, a Scope."""

    def authenticate(self, request: HttpRequest, token: str) -> scoping.Scope | None:
        """The token's scope, or None for 401."""
        return scoping.api(request)


api = NinjaAPI(
    title="Patchbay",
    version="0.1.0",
    description="Linked Constant Contact accounts and the jobs that work on them.",
    auth=ApiToken(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("", connections_router)
api.add_router("", unified_router)
api.add_router("", proxy_router)
api.add_router("", jobs_router)


def _fault(
    request: HttpRequest,
    status: int,
    error: str,
    message: str,
    details: dict[str, object],
    *,
    is_remote: bool = False,
) -> HttpResponse:
    body = {"statusCode": status, "error": error, "message": message, "details": details}
    if is_remote:
        body["truto_is_remote_error"] = True
    return api.create_response(request, body, status=status)


@api.exception_handler(AuthenticationError)
def unauthorized(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401: no token, or not a valid one."""
    return _fault(request, 401, "Unauthorized", "Send a valid API token: Authorization: Bearer pb_...", {})


@api.exception_handler(MissingScope)
def not_allowed(request: HttpRequest, error: MissingScope) -> HttpResponse:
    """403: the token is good, but was not made for this."""
    message = f"This token lacks the scope {error}. Create one that has it, under Developers."
    return _fault(request, 403, "Forbidden", message, {"missing_scopes": [str(error)]})


@api.exception_handler(TooManyCalls)
def too_many(request: HttpRequest, error: TooManyCalls) -> HttpResponse:
    """429: the token's calls of this minute are used."""
    seconds = error.limit.reset_seconds
    message = f"This token has made its {error.limit.limit} calls of this minute. Go on in {seconds} seconds."
    answer = _fault(request, 429, "Too Many Requests", message, {"retry_after_seconds": seconds})
    answer["Retry-After"] = str(seconds)
    ratelimits.write(answer, [error.limit])
    return answer


@api.exception_handler(QuotaRefused)
def held_back(request: HttpRequest, error: QuotaRefused) -> HttpResponse:
    """429: no provider call can be made for this caller now; says exactly when one can."""
    seconds = max(1, ceil(error.retry_after_seconds or 1.0))
    message = (
        f"No call to Constant Contact can be made for this now ({error.reason}). Go on in {seconds} seconds."
    )
    details: dict[str, object] = {"reason": error.reason, "retry_after_seconds": seconds}
    answer = _fault(request, 429, "Too Many Requests", message, details)
    answer["Retry-After"] = str(seconds)
    return answer


# What failed on the way, the most special first: the status for the caller, and seconds after which to try again.
_WAYS: Final[tuple[tuple[type[ProviderError], int, int | None], ...]] = (
    (errors.InvalidGrant, 401, None),
    (errors.TokenError, 503, 30),
    (errors.Unreachable, 502, 5),
    (errors.OutcomeUnknown, 504, None),
    (errors.Throttled, 429, 1),
)

# What the provider itself refuses, with its own status.
_REFUSALS: Final = (
    errors.Unauthorized,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.Invalid,
    errors.Throttled,
    errors.QuotaExceeded,
    errors.ActivityQueueFull,
)


@api.exception_handler(ProviderError)
def not_answered(request: HttpRequest, error: ProviderError) -> HttpResponse:
    """There is no answer of the provider's to hand on; says whose matter that is, and whether it may have happened."""
    found = ((status, seconds) for kind, status, seconds in _WAYS if isinstance(error, kind))
    status, seconds = next(found, (503, None))
    is_remote = isinstance(error, errors.InvalidGrant)
    if isinstance(error, _REFUSALS) and error.status is not None:
        status, is_remote = error.status, True
    details: dict[str, object] = {"reason": error.error_key or type(error).__name__}
    if error.may_have_happened:
        details["may_have_happened"] = True
    if isinstance(error, errors.Conflict) and error.contact_id:
        details["contact_id"] = error.contact_id
    word = HTTPStatus(status).phrase
    answer = _fault(request, status, word, str(error), details, is_remote=is_remote)
    if seconds is not None:
        answer["Retry-After"] = str(seconds)
    return answer


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """404: not there, or not this environment's."""
    return _fault(request, 404, "Not Found", "There is no such object in this environment.", {})


@api.exception_handler(AccountMissing)
def no_account(request: HttpRequest, error: AccountMissing) -> HttpResponse:
    """400: which linked account?"""
    message = f"Name the linked account: {ACCOUNT}=<its id> in the query, or the header {ACCOUNT_HEADER}."
    failures = [{"field": ACCOUNT, "message": "the id of a linked account"}]
    return _fault(request, 400, "Bad Request", message, {"failures": failures})


@api.exception_handler(BodyTooLarge)
def body_too_large(request: HttpRequest, error: BodyTooLarge) -> HttpResponse:
    """413: longer than Constant Contact takes anyway."""
    message = f"A body of more than {error} bytes is not passed on. Constant Contact itself takes 4 MB."
    return _fault(request, 413, "Content Too Large", message, {})


@api.exception_handler(Refused)
def misunderstood(request: HttpRequest, error: Refused) -> HttpResponse:
    """400: each parameter that cannot be meant, with what it must be."""
    failures = [{"field": name, "message": words} for name, words in error.failures]
    return _fault(request, 400, "Bad Request", "Some parameters are not accepted.", {"failures": failures})


@api.exception_handler(UnsafePath)
def unsafe(request: HttpRequest, error: UnsafePath) -> HttpResponse:
    """400: an address or a header that could mean another place than it says."""
    return _fault(request, 400, "Bad Request", str(error), {})


@api.exception_handler(CannotOpen)
def sealed(request: HttpRequest, error: CannotOpen) -> HttpResponse:
    """503: a key of the ring is missing; nothing is lost."""
    message = (
        "This account's tokens cannot be opened at the moment. Whoever runs Patchbay finds out why by doctor."
    )
    return _fault(request, 503, "Service Unavailable", message, {"reason": "key_missing"})


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """400: each failing field with its reason."""
    failures = [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "message": one["msg"]}
        for one in error.errors
    ]
    return _fault(request, 400, "Bad Request", "Some values are not accepted.", {"failures": failures})
