"""The one NinjaAPI: mounts each floor's router; one key check, one envelope, one error shape."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from math import ceil

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from config import capabilities, insight, provider, unifiedmeta
from connections import calllog, scoping
from connections.api import apitokens, batch, bringing, calls, custom, linktokens, named
from connections.api.bodies import Bodies
from connections.api.contract import Fault
from connections.constantcontact import errors
from connections.constantcontact.errors import ProviderError, QuotaRefused
from connections.constantcontact.paths import UnsafePath
from connections.constantcontact.redaction import Secret
from connections.models import Connection
from connections.programs import idempotency, ratelimits
from connections.programs.tokenlimit import TooManyCalls
from connections.quota import daybudget
from connections.vault import CannotOpen
from mapping.api import router as unified_router
from mapping.api.answering import NotCalled
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
    parser=Bodies(),
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
)
api.add_router("", custom.router)  # first, as nothing is called more often
api.add_router("", bringing.router)  # the one of accounts, with what bringing adds to it
# Before the unified router: `contacts/bulk` is no contact of the id `bulk`.
api.add_router("", jobs_router)
api.add_router("", linktokens.router)
api.add_router("", apitokens.router)
api.add_router("", capabilities.router)
api.add_router("", unifiedmeta.router)
api.add_router("", unified_router)
api.add_router("", named.router)
api.add_router("", batch.router)
api.add_router("", calls.router)


def _fault(
    request: HttpRequest,
    status: int,
    code: str,
    message: str,
    details: Mapping[str, object] | None = None,
    *,
    said: Secret | None = None,
    retry_after_seconds: int | None = None,
) -> HttpResponse:
    """The one shape of an error; the code's entry in the errors guide is part of it.

    Args:
        said: the provider's own answer, where the refusal is the provider's.
    """
    parts: dict[str, object] = {
        "reason": code,
        "docs": f"{settings.PUBLIC_URL}{reverse('docs-page', args=['errors'])}#{code}",
    }
    if retry_after_seconds is not None:
        parts["retry_after_seconds"] = retry_after_seconds
    body: dict[str, object] = {
        "statusCode": int(status),
        "error": HTTPStatus(status).phrase,
        "message": message,
        "details": {**parts, **(details or {})},
    }
    if said is not None:
        body |= {"truto_is_remote_error": True, "raw_response": _readable(said)}
    remote = None if said is None else body["raw_response"] or message
    body |= insight.of(request.path_info, status, {**parts, **(details or {})}, remote)
    request.META["PATCHBAY_REASON"] = code
    may_have_happened = bool(details and details.get("may_have_happened"))
    request.META[idempotency.AGAIN] = retry_after_seconds is not None and not may_have_happened
    answer = api.create_response(request, body, status=int(status))
    if retry_after_seconds is not None:
        answer["Retry-After"] = str(retry_after_seconds)
    return answer


def _failures(failures: Iterable[tuple[str, str]]) -> dict[str, object]:
    return {"failures": [{"field": name, "message": words} for name, words in failures]}


@api.exception_handler(Fault)
def fault(request: HttpRequest, error: Fault) -> HttpResponse:
    """What an endpoint refuses, with the status and code that it chose."""
    details = {**(_failures(error.failures) if error.failures else {}), **error.details}
    return _fault(
        request,
        error.status,
        error.code,
        error.message,
        details,
        retry_after_seconds=error.retry_after_seconds,
    )


@api.exception_handler(idempotency.Replay)
def replay(request: HttpRequest, error: idempotency.Replay) -> HttpResponse:
    """The answer of before."""
    return error.response


@api.exception_handler(idempotency.BadKey)
def bad_key(request: HttpRequest, error: idempotency.BadKey) -> HttpResponse:
    """400: no key."""
    failures = [(idempotency.HEADER, "1 to 200 visible ASCII signs, new for each call")]
    return _fault(request, 400, "invalid_request", "The Idempotency-Key is none.", _failures(failures))


@api.exception_handler(idempotency.Reused)
def key_reused(request: HttpRequest, error: idempotency.Reused) -> HttpResponse:
    """422: the key belongs to another call."""
    message = "This Idempotency-Key was sent with another body or query. Make a new key for a new call."
    return _fault(request, 422, "idempotency_key_reused", message)


@api.exception_handler(idempotency.UnderWay)
def under_way(request: HttpRequest, error: idempotency.UnderWay) -> HttpResponse:
    """409: the same call is being made."""
    message = "The call with this Idempotency-Key is under way. Ask again for its answer."
    return _fault(request, 409, "idempotency_in_progress", message, retry_after_seconds=2)


@api.exception_handler(idempotency.Unknown)
def not_kept(request: HttpRequest, error: idempotency.Unknown) -> HttpResponse:
    """409: the same call was made, and its answer is not here."""
    message = (
        "The call with this Idempotency-Key was made, and its answer was not kept. Read what is there now."
    )
    details = {"may_have_happened": True, **({"answered": error.status} if error.status else {})}
    return _fault(request, 409, "idempotency_answer_missing", message, details)


@api.exception_handler(AuthenticationError)
def unauthorized(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401: no token, or not a valid one."""
    return _fault(request, 401, "unauthorized", "Send a valid API token: Authorization: Bearer pb_...")


@api.exception_handler(TooManyCalls)
def too_many(request: HttpRequest, error: TooManyCalls) -> HttpResponse:
    """429: the calls of this window are used, of the token or about the account."""
    limit, seconds = error.limit, error.limit.reset_seconds
    who = "This token has made" if limit.name == "token" else "Programs have made about this account"
    message = (
        f"{who} the {limit.limit} calls of these {limit.window_seconds} seconds. Go on in {seconds} seconds."
    )
    answer = _fault(request, 429, "too_many_requests", message, retry_after_seconds=seconds)
    ratelimits.write(answer, [error.limit])
    return answer


@api.exception_handler(QuotaRefused)
def held_back(request: HttpRequest, error: QuotaRefused) -> HttpResponse:
    """429: no provider call can be made for this caller now; says exactly when one can."""
    seconds = max(1, ceil(error.retry_after_seconds or 1.0))
    message = (
        f"No call to Constant Contact can be made for this now ({error.reason}). Go on in {seconds} seconds."
    )
    code = "tenant_share_exhausted" if error.reason == daybudget.KEPT else error.reason
    return _fault(request, 429, code, message, retry_after_seconds=seconds)


@api.exception_handler(ProviderError)
def not_answered(request: HttpRequest, error: ProviderError) -> HttpResponse:
    """There is no answer of the provider's to hand on; says whose matter that is, and whether it may have happened."""
    told = provider.told(error)
    details: dict[str, object] = {"provider_error_key": error.error_key} if error.error_key else {}
    if error.may_have_happened:
        details["may_have_happened"] = True
    if isinstance(error, errors.Conflict) and error.contact_id:
        details["contact_id"] = error.contact_id
    account: Connection | None = request.META.get("PATCHBAY_ACCOUNT")
    if isinstance(error, errors.Forbidden) and account and (missing := calllog.missing_scopes(account)):
        details["missing_scopes"] = missing
    answer = _fault(
        request,
        told.status,
        told.code,
        str(error),
        details,
        said=error.answer or Secret("") if told.is_remote else None,
        retry_after_seconds=told.retry_after_seconds,
    )
    for name, value in error.headers.items():
        answer[name] = value
    return answer


def _readable(said: Secret) -> object:
    """What the provider said, as JSON or as the beginning of a text; None where nobody has kept it."""
    text = said.reveal()
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text[:4096]


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """404: not there, or not this environment's."""
    return _fault(request, 404, "not_found", "There is no such object in this environment.")


@api.exception_handler(Refused)
def misunderstood(request: HttpRequest, error: Refused) -> HttpResponse:
    """400: each parameter that cannot be meant, with what it must be."""
    return _fault(
        request, 400, "invalid_request", "Some parameters are not accepted.", _failures(error.failures)
    )


@api.exception_handler(NotCalled)
def not_called(request: HttpRequest, error: NotCalled) -> HttpResponse:
    """200 with nothing in it: the program wanted no call made."""
    return api.create_response(request, NotCalled.answer(request), status=200)


@api.exception_handler(UnsafePath)
def unsafe(request: HttpRequest, error: UnsafePath) -> HttpResponse:
    """400: an address or a header that could mean another place than it says."""
    return _fault(request, 400, "unsafe_path", str(error))


@api.exception_handler(CannotOpen)
def sealed(request: HttpRequest, error: CannotOpen) -> HttpResponse:
    """503: a key of the ring is missing; nothing is lost."""
    message = (
        "This account's tokens cannot be opened at the moment. Whoever runs Patchbay finds out why by doctor."
    )
    return _fault(request, 503, "key_missing", message)


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """400: a body that is no JSON, or holds what nobody could keep."""
    if isinstance(error.__cause__, Fault):
        return fault(request, error.__cause__)
    return _fault(request, error.status_code, "invalid_request", f"{error}.")


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """400: each failing field with its reason."""
    failures = [(".".join(str(part) for part in one["loc"][1:]), str(one["msg"])) for one in error.errors]
    return _fault(request, 400, "invalid_request", "Some values are not accepted.", _failures(failures))


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 in the API's own shape, for an address that it does not have."""
    listed = f"{settings.PUBLIC_URL}{reverse('docs-page', args=['api'])}"
    message = f"The API has no {request.path[:200]}. {listed} lists what it has."
    return _fault(request, 404, "no_such_address", message)


nowhere.csrf_exempt = True  # type: ignore[attr-defined]  # programs come without a form
