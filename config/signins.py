"""What stands round the requests of people who sign in: the end of a session, and its traces.

Promises: a form that was sent after the session ended is kept (`people.keptforms`); HTMX never swaps a sign-in
page into a fragment; the list of sessions says when each was seen, at the cost of one write in five minutes.
"""

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from allauth.usersessions.models import UserSession
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from connections import mail
from connections.people import keptforms, secondfactor

Handler = Callable[[HttpRequest], HttpResponse]
SEEN: Final = "seen_at"
SEEN_EVERY_SECONDS: Final = 300
# No person stands behind these, and health is asked while the database may be away.
NOBODYS: Final = ("/static/", "/api/", "/healthz", "/readyz")


def ways_in(request: HttpRequest) -> dict[str, object]:
    """For every template, those of allauth's views too: what this deployment can do for who signs in."""
    return {"passkeys_work": secondfactor.passkeys_work, "mail_is_on": mail.is_on}


def session_end(get_response: Handler) -> Handler:
    """Lead a signed-out browser to sign-in and back, with what it was sending."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(NOBODYS):
            return response
        keptforms.remember(request, response)
        if isinstance(response, HttpResponseRedirect):
            response = _to_sign_in(request, response)
        if request.method == "POST" and request.user.is_authenticated and response.status_code < 400:
            key = request.POST.get(keptforms.FIELD)
            if key and not response.headers.get("Location", "").startswith("/accounts/"):
                keptforms.forget(request, key)
        return response

    return handle


def _to_sign_in(request: HttpRequest, response: HttpResponseRedirect) -> HttpResponse:
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # django-htmx puts it there
    path = urlsplit(response.url).path
    is_sign_in = path == reverse("account_login") and not request.user.is_authenticated
    if not is_sign_in and not (htmx and path.startswith("/accounts/")):
        return response
    # Within /accounts/ a redirect to sign-in is the ordinary way on.
    if is_sign_in and not request.path.startswith("/accounts/"):
        kept = keptforms.keep(request, keptforms.Why.SIGNED_OUT)
        back = kept or (htmx.current_url_abs_path if htmx else "")
        if back:
            answer = redirect_to_login(back, reverse("account_login"))
            answer.cookies.update(response.cookies)
            response = answer
    return HttpResponseClientRedirect(response.url) if htmx else response


def session_activity(get_response: Handler) -> Handler:
    """Note when and from where a session was seen, in its own row."""

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(NOBODYS) and request.user.is_authenticated:
            now = int(time.time())
            if now - int(request.session.get(SEEN, 0)) >= SEEN_EVERY_SECONDS:
                request.session[SEEN] = now
                UserSession.objects.create_from_request(request)
        return get_response(request)

    return handle
