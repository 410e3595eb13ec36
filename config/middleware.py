"""What stands round every request: who calls, its address, its id, and the headers that every answer carries."""

import ipaddress
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.http.request import split_domain_port
from django.utils.cache import patch_vary_headers

from config import logs

Handler = Callable[[HttpRequest], HttpResponse]


# Answers to programs are no pages: whoever opens one in a browser loads nothing with it.
FOR_PROGRAMS = ("/api/", "/compat/", "/v3/")
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
HEALTH = frozenset({"/healthz", "/readyz"})


def caller_address(get_response: Handler) -> Handler:
    """REMOTE_ADDR becomes the caller's true address, once, for limits, sessions, the audit and the log.

    Each of TRUSTED_PROXIES adds at the right of X-Forwarded-For whom it heard from; what stands further left the
    caller may have written. With no trusted proxy the header says nothing. Nobody after this sees it.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
        request.META["PATCHBAY_FORWARDED"] = len(
            [entry for entry in forwarded if entry.strip()]
        )  # for the doctor
        proxies = settings.ENV.TRUSTED_PROXIES
        if 0 < proxies <= len(forwarded):
            found = plain_address(forwarded[-proxies])
            request.META["REMOTE_ADDR"] = found or request.META.get("REMOTE_ADDR", "")
        return get_response(request)

    return handle


def plain_address(text: str) -> str:
    """An address without port and brackets, an IPv4 one in its own spelling; "" if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return str((isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found)


def public_address(get_response: Handler) -> Handler:
    """Every request came to PUBLIC_URL: links, redirects, cookies and checks never follow the Host header.

    A host that is not ours is refused. One that is ours by another name (localhost in development) is sent to the
    public one, because cookies and origins belong to one name. Whoever asks for health may use any name.
    """
    public = urlsplit(settings.PUBLIC_URL)

    def handle(request: HttpRequest) -> HttpResponse:
        request.META["wsgi.url_scheme"] = public.scheme
        request.environ["wsgi.url_scheme"] = public.scheme  # type: ignore[attr-defined]  # WSGI requests have it
        if request.path not in HEALTH:
            host, _ = split_domain_port(request.get_host())
            if host != public.hostname and request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        request.META["HTTP_HOST"] = public.netloc
        return get_response(request)

    return handle


def readable_query(get_response: Handler) -> Handler:
    """A NUL in an address is nobody's name for anything, and PostgreSQL takes it in no text: 400 before any view."""

    def handle(request: HttpRequest) -> HttpResponse:
        texts = (request.path, *request.COOKIES.values())
        if "%00" in request.META.get("QUERY_STRING", "") or any("\x00" in text for text in texts):
            raise BadRequest("The address or a cookie contains a NUL character.")
        return get_response(request)

    return handle


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


class OwnPage(HttpResponse):
    """A page of ours at an address for programs: it keeps the policy of pages."""


class PolicyForPages(CSPMiddleware):
    """The content security policy of pages; what a program is answered has a stricter one already."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """As the library does, which makes the whole policy anew for each answer."""
        if "Content-Security-Policy" in response:
            return response
        found: HttpResponseBase = super().process_response(request, response)
        return found


def response_headers(get_response: Handler) -> Handler:
    """Pages hold personal data: never cached, never told apart wrongly from their HTMX fragments. Files may be kept."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path.startswith("/static/") and response.status_code < 400:
            return response
        if request.path.startswith(FOR_PROGRAMS) and not isinstance(response, OwnPage):
            response.setdefault("Content-Security-Policy", NOTHING)
        patch_vary_headers(response, ["HX-Request"])
        response.setdefault("Cache-Control", "no-store")
        return response

    return handle
