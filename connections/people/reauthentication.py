"""Sensitive acts ask again who one is: a sign-in, or a second look at it, of the last ten minutes.

    @login_required
    @required
    def transfer(request, ...): ...

Whoever was asked longer ago is led to the page that asks, and back. A form that was being sent is kept by
`connections.people.keptforms` meanwhile, so that nothing has to be typed again; it is never sent by itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

from connections.models import User
from connections.people import keptforms

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def is_recent(request: HttpRequest) -> bool:
    """Whether this browser's person showed who they are within ACCOUNT_REAUTHENTICATION_TIMEOUT."""
    return bool(did_recently_reauthenticate(request))


def required(view: View[Given]) -> View[Given]:
    """Let in whom we have asked lately; ask the others first."""

    @wraps(view)
    def ask(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        if isinstance(request.user, AnonymousUser):
            return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
        return view(request, *args, **kwargs) if is_recent(request) else _asking(request)

    return ask


def _asking(request: HttpRequest) -> HttpResponse:
    """To the first way this person has to show who they are, and then back here."""
    back = request.get_full_path()
    if request.method not in SAFE:
        back = keptforms.keep(request, keptforms.Why.ASKED_AGAIN) or back
    ways = get_adapter(request).get_reauthentication_methods(request.user)
    return redirect(f"{ways[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: back})}")


def count_sign_in(request: HttpRequest, user: User) -> None:
    """A whole sign-in is as good as being asked again: its last step counts, from the time it was taken.

    Called when a sign-in is complete; a password whose second factor is still missing does not come here.
    """
    records = get_authentication_records(request, user)
    if not records:
        # Somebody new, by the link of a message: allauth notes nothing of the password that was just chosen.
        record_authentication(request, user, method="password", reauthenticated=True)
    else:
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            *records[:-1],
            {**records[-1], "reauthenticated": True},
        ]
