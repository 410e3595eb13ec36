"""One's own account: name, address, password, second factor, sessions, workspaces; and a form that is kept."""

from typing import cast
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connections import audit, mail, pages, scoping
from connections.forms import NameForm
from connections.models import User
from connections.people import browsers, keptforms, secondfactor, sessions


@require_http_methods(["GET", "POST"])
@login_required
def me(request: HttpRequest) -> HttpResponse:
    """Who one is here, and the ways to change it."""
    user = cast(User, request.user)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=user.pk).update(name=form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return redirect("me")
    factors = Authenticator.objects.filter(user=user)
    own = {
        "form": form,
        "workspaces": scoping.workspaces(user),
        "waiting_address": EmailAddress.objects.get_new(user),
        "mail_is_on": mail.is_on(),
        "factors": secondfactor.Factors.of(list(factors)),
        "sessions": len(sessions.open_ones(user)),
    }
    status = 422 if form.errors else 200
    return render(request, "me/account.html", {**own, **pages.plain("Your account")}, status=status)


@require_http_methods(["GET", "POST"])
@login_required
def where(request: HttpRequest) -> HttpResponse:
    """Every browser one is signed in with, and a button that ends all but this one."""
    user = cast(User, request.user)
    if request.method == "POST":
        ended = sessions.end_others(request, user)
        messages.success(request, f"{ended} other session{'' if ended == 1 else 's'} ended.")
        return redirect("usersessions_list")
    context = {"sessions": sessions.open_ones(user), **pages.plain("Where you are signed in")}
    return render(request, "usersessions/usersession_list.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one session: the browser it belongs to is signed out with its next request."""
    user = cast(User, request.user)
    session = get_object_or_404(UserSession, user=user, pk=session_id)
    name = browsers.in_words(session.user_agent)
    audit.record("session_revoked", request=request, user=user, about=f"{name}, {session.ip}")
    is_this_one = session.is_current()
    end_sessions(request, [session])
    if is_this_one:
        return redirect("account_login")
    messages.success(request, f"The session in {name} has ended.")
    return redirect("usersessions_list")


@require_http_methods(["GET", "POST"])
@login_required
def kept_form(request: HttpRequest, kept_id: UUID) -> HttpResponse:
    """A form that came too late, as it was filled in; one button sends it again, another lets it go."""
    if request.method == "POST":
        keptforms.forget(request, str(kept_id))
        messages.success(request, "The form is discarded. Nothing was saved.")
        return redirect("home")
    kept = keptforms.find(request, kept_id)
    title = "Your form is still here" if kept else "This form is not kept any more"
    context = {"kept": kept, **pages.plain(title)}
    return render(request, "me/kept_form.html", context, status=200 if kept else 404)
