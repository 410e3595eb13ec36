"""The pages for what went wrong: what happened, who can mend it, and a reference to tell."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from connections import pages
from connections.audit import refusals
from connections.people import keptforms, loginlimits
from connections.programs import idempotency

# Below these, errors have the API's shape.
OF_PROGRAMS: Final = ("/api/", "/compat/", "/v3/")
# Their entries in the errors guide; a failure of our own has none, but the reference.
_REASONS: Final = {400: "invalid_request", 404: "no_such_address", 405: "no_such_address"}


def _answer(request: HttpRequest, status: int, title: str, message: str, reason: str = "") -> HttpResponse:
    """The message is for programs; a page has words of its own, unless a reason says more than they do."""
    reference = str(request.META.get("PATCHBAY_REFERENCE", ""))
    if request.path.startswith(OF_PROGRAMS):
        details = {"reference": reference}
        if code := _REASONS.get(status):
            guide = f"{settings.PUBLIC_URL}{reverse('docs-page', args=['errors'])}"
            details |= {"reason": code, "docs": f"{guide}#{code}"}
            request.META["PATCHBAY_REASON"] = code
        error = HTTPStatus(status).phrase
        body = {"statusCode": status, "error": error, "message": reason or message, "details": details}
        return JsonResponse(body, status=status)
    context = {**pages.plain(title), "reason": reason, "reference": reference}
    return render(request, f"{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, with what is wrong where we have said so; what Django says of a host or a form is for the log."""
    said = str(exception) if isinstance(exception, BadRequest) else ""
    return _answer(request, 400, "Bad request", "The request cannot be understood.", said)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with who may do it where we know; the refusal is in the audit."""
    refusals.note(request)
    return _answer(request, 403, "Forbidden", "You may not do this.", str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what does not exist and for what is not yours."""
    return _answer(request, 404, "Not Found", "There is nothing here, or it is not yours to see.")


def not_allowed(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. 405: whoever opens an address that forms are sent to reads so, a program in the API's own shape.

    Django's and Ninja's own answers are blank.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        of_program = request.path.startswith(OF_PROGRAMS)
        if response.status_code != 405 or not (of_program or request.method == "GET"):
            return response
        if "Allow" not in response:  # the provider's own answer
            return response
        message = f"{request.path} takes {response['Allow']}, not {request.method}." if of_program else ""
        answer = _answer(request, 405, "Method Not Allowed", message)
        answer["Allow"] = response["Allow"]
        return answer

    return handle


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429: sign-in and its neighbours are closed for a while; says until when."""
    context = {**pages.plain("Too many tries"), "retry_at": loginlimits.for_page(request)}
    return render(request, "429.html", context, status=429)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is out of date: kept, and shown again. Another site's form is refused, and not kept."""
    kept = keptforms.keep(request, keptforms.Why.OUT_OF_DATE)
    if not kept:
        context = {**pages.plain("This form is out of date"), "reason": reason}
        return render(request, "403_csrf.html", context, status=403)
    wanted = (
        kept if request.user.is_authenticated else f"{reverse('account_login')}?{urlencode({'next': kept})}"
    )
    return HttpResponseClientRedirect(wanted) if request.headers.get("HX-Request") else redirect(wanted)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without touching the database."""
    request.META[idempotency.FAILED] = True
    return _answer(request, 500, "Internal Server Error", "Something went wrong on our side.")
