"""On to Constant Contact: what a pre-screen and its answer carry, whoever may open it."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from connections.links.linking import Started
from connections.models import ProviderApp


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
