"""The pages for what went wrong: what happened, who can mend it, and a reference to tell."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from connections import pages


def _answer(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    reference = str(request.META.get("PATCHBAY_REFERENCE", ""))
    if request.path.startswith("/api/"):
        body = {"statusCode": status, "error": title, "message": message, "details": {"reference": reference}}
        return JsonResponse(body, status=status)
    context = {**pages.plain(title), "reason": message, "reference": reference}
    return render(request, f"{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _answer(request, 400, "Bad request", "The request cannot be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with who may do it where we know."""
    return _answer(request, 403, "Forbidden", str(exception) or "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what does not exist and for what is not yours."""
    return _answer(request, 404, "Not Found", "There is nothing here, or it is not yours to see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without touching the database."""
    return _answer(request, 500, "Internal Server Error", "Something went wrong on our side.")
