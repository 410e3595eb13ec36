"""Signing in with a passkey: allauth's view, which keeps its question in a session and so is asked only so often."""

from allauth.decorators import rate_limit
from allauth.mfa.webauthn.views import login_webauthn
from django.http import HttpRequest, HttpResponseBase


@rate_limit(action="passkey", limit_get=True)  # type: ignore[untyped-decorator]  # allauth ships no types
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The question, and what the passkey answers."""
    answer: HttpResponseBase = login_webauthn(request)
    return answer
