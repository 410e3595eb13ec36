"""On to Constant Contact and back: what a pre-screen and its answers carry, whoever may open it."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from connections.links.linking import Started
from connections.models import ProviderApp

_Asked = ParamSpec("_Asked")


def keeps_its_opener(view: Callable[_Asked, HttpResponse]) -> Callable[_Asked, HttpResponse]:
    """Every answer of this view leaves a pop-up with the vendor's page that opened it.

    Under the policy of all other pages a single answer on the way, a redirect too, takes the window from that page: it
    counts as closed there, and the vendor's page that we return to has no opener to tell.
    """

    @wraps(view)
    def answer(*args: _Asked.args, **kwargs: _Asked.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return answer


def allow_form_to(response: HttpResponse, app: ProviderApp) -> None:
    """The form's answer leads to the provider; a pre-screen alone may send a form on to that origin."""
    parts = urlsplit(app.authorize_url)
    response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]  # django-csp reads it


def to_provider(started: Started) -> HttpResponse:
    """On to the consent page, with the secret that the browser must bring back."""
    response = HttpResponseRedirect(started.authorize_url, status=303)
    response.set_cookie(
        settings.LINK_COOKIE_NAME,
        started.browser_nonce.reveal(),
        max_age=settings.ENV.LINK_STATE_SECONDS,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
