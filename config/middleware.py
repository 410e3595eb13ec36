"""What stands round every request: its id, and the headers that every answer carries."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from config import logs

Handler = Callable[[HttpRequest], HttpResponse]


def request_context(get_response: Handler) -> Handler:
    """Give each request an id, shown on error pages and in the log, so that the two can be matched."""

    def handle(request: HttpRequest) -> HttpResponse:
        reference = uuid.uuid4().hex[:12]
        request.META["PATCHBAY_REFERENCE"] = reference
        token = logs.request_id.set(reference)
        try:
            response = get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = reference
        return response

    return handle


def response_headers(get_response: Handler) -> Handler:
    """Pages hold personal data: never cached, never told apart wrongly from their HTMX fragments."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/static/"):
            return response
        patch_vary_headers(response, ["HX-Request"])
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return handle
