"""An invitation as its reader meets it.

The address with the token in it is left at once: the token's digest moves into the session, and the browser goes on to
an address that says nothing, so that no log, no history of pages and no other site learns the link. A link that opens
nothing is answered where it is, and leaves nothing behind.
"""

from typing import Final

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import mail, pages, roles
from connections.models import User
from connections.people import invitations, team

# What has become of an invitation that is not open: title, what happened, what to do; and the status of the page.
ENDS: Final = {
    "accepted": (
        "This invitation was used already",
        "Somebody has joined by it. An invitation opens a workspace once.",
        "If that was you, sign in. If not, ask for a new invitation.",
    ),
    "declined": (
        "This invitation was declined",
        "Its answer was no, and it cannot be changed.",
        "If you want to join after all, ask for a new invitation.",
    ),
    "revoked": (
        "This invitation was taken back",
        "The workspace does not ask you to join any more.",
        "If that surprises you, ask who invited you.",
    ),
    "replaced": (
        "A newer invitation was sent",
        "The invitation was sent again, and only the link in the newest message opens it.",
        "Open the link in the newest message.",
    ),
    "expired": (
        "This invitation has expired",
        "Its time to be answered is over.",
        "Ask for a new one: whoever invited you can send it again.",
    ),
    "unknown": (
        "This link opens no invitation",
        "It may be cut off, or older than what is kept here.",
        "Open the link from the message again, whole, or ask for a new invitation.",
    ),
}


@require_GET
def arrive(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the message. Opens nothing by itself; one that opens nothing at all says so here."""
    standing = invitations.remember(request, token)
    if standing is None or not standing.is_open:
        invitations.note_refusal(standing, request, standing.state if standing else "unknown")
        return _ended(request, standing)
    return HttpResponseRedirect(reverse("invitation-open"), status=303)


@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    """Who invites whom to what, and what one can do about it."""
    standing = invitations.waiting(request)
    if standing is None or not standing.is_open:
        return _ended(request, standing)
    if request.method == "POST" and request.POST.get("answer") == "forget":
        invitations.forget(request)
        return redirect("home")
    if not request.user.is_authenticated:
        return _for_nobody_yet(request, standing)
    user = request.user
    if not invitations.is_for(standing.invitation, user):
        return _for_somebody_else(request, standing)
    if request.method == "POST":
        return _answered(request, standing, user)
    return _page(request, standing, "open")


def _answered(request: HttpRequest, standing: invitations.Standing, user: User) -> HttpResponse:
    try:
        if request.POST.get("answer") == "accept":
            membership = invitations.accept(standing, request, user)
            messages.success(
                request,
                f"You are in {standing.workspace_name} now, as {membership.get_role_display().lower()}.",
            )
            return redirect("workspace-home", membership.tenant_id, "test")
        if request.POST.get("answer") == "decline":
            invitations.decline(standing, request, user)
            messages.success(request, f"You have declined the invitation to {standing.workspace_name}.")
            return redirect("home")
    except team.Refused:
        return _ended(request, invitations.waiting(request))
    return _page(request, standing, "open", status=422)


def _for_nobody_yet(request: HttpRequest, standing: invitations.Standing) -> HttpResponse:
    """Signed out: sign in, or sign up by this link, which proves the address that it was sent to."""
    known = invitations.has_account(standing.invitation)
    return _page(request, standing, "sign in" if known else "sign up")


def _for_somebody_else(request: HttpRequest, standing: invitations.Standing) -> HttpResponse:
    if request.method == "POST" and request.POST.get("answer") == "switch":
        kept = request.session[invitations.SESSION]
        logout(request)
        request.session[invitations.SESSION] = kept
        return redirect("invitation-open")
    invitations.note_refusal(standing, request, "made for another address")
    return _page(request, standing, "somebody else", status=403)


def _page(
    request: HttpRequest, standing: invitations.Standing, state: str, *, status: int = 200
) -> HttpResponse:
    invitation = standing.invitation
    context = {
        "standing": standing,
        "invitation": invitation,
        "inviter": team.person_name(invitation.invited_by),
        "role_sentence": roles.ROLES[invitation.role],
        "state": state,
        "back": reverse("invitation-open"),
        **pages.plain("Invitation"),
    }
    return render(request, "invitation.html", context, status=status)


def _ended(request: HttpRequest, standing: invitations.Standing | None) -> HttpResponse:
    """An invitation that opens nothing, with what happened; noted in the audit if there was a link at all."""
    state = standing.state if standing else "unknown"
    if invitations.SESSION in request.session:
        invitations.note_refusal(standing, request, state)
    title, cause, cure = ENDS[state]
    inviter = standing.invitation.invited_by if standing else None
    context = {
        "title": title,
        "cause": cause,
        "cure": cure,
        "inviter": team.person_name(inviter) if inviter else "",
        "standing": standing,
        "outbox_url": mail.outbox_url() if state == "replaced" else "",
        **pages.plain(title),
    }
    return render(request, "invitation_ended.html", context, status=410 if standing else 404)
