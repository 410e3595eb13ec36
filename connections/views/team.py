"""The team: who is in the workspace, as what, who was asked to join; and each act on them on a page of its own."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import mail, pages, roles, scoping, shownonce
from connections.forms_team import InviteForm, OwnershipForm, RoleForm
from connections.models import Invitation, Membership
from connections.people import invitations, team
from connections.people.reauthentication import required
from connections.scoping import Scope

MANAGE = "manage people"


def _frame(scope: Scope, title: str, *above: tuple[str, str]) -> dict[str, Any]:
    """The frame of a page below Settings; `above` are further (label, URL name) on the way."""
    place = [scope.tenant_id, scope.environment]
    ways = [("Settings", "settings-home"), *above]
    crumbs = [(label, reverse(name, args=place)) for label, name in ways]
    return pages.inside(scope, title, crumbs=crumbs, here="Settings")


def _to_team(scope: Scope) -> HttpResponse:
    return redirect("team", scope.tenant_id, scope.environment)


@require_http_methods(["GET", "POST"])
@login_required
def everybody(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The team, its open invitations, and the form that invites."""
    scope = scoping.workspace(
        request, workspace_id, environment, MANAGE if request.method == "POST" else "view"
    )
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            return _sent(request, scope, invitations.invite(scope, request, given["email"], given["role"]))
        except team.Refused as refused:
            form.add_error(None, str(refused))
    with scope.transaction():
        everyone = team.members(scope)
        asked = list(invitations.open_ones()) if scope.may(MANAGE) else []
    context = {
        "form": form,
        "members": everyone,
        "invitations": [(one, mail.fate(one.message) if one.message else None) for one in asked],
        "mail_is_on": mail.is_on(),
        "now": datetime.now(UTC),
        "why_not": roles.why_not(scope.role, MANAGE),
        **_frame(scope, "Team"),
    }
    return render(request, "settings/team.html", context, status=422 if form.errors else 200)


def _sent(request: HttpRequest, scope: Scope, sent: invitations.Sent) -> HttpResponse:
    """After a sending: back to the team, or, without mail, to the one page that shows the link."""
    email = sent.invitation.email
    if not sent.link:
        messages.success(request, f"The invitation to {email} is on its way.")
        return _to_team(scope)
    shownonce.keep(request, scope.tenant_id, sent.invitation.pk, sent.link)
    return redirect("invitation-link", scope.tenant_id, scope.environment, sent.invitation.pk)


# --- Invitations -----------------------------------------------------------------------------------------------


@require_GET
@login_required
def link(request: HttpRequest, workspace_id: UUID, environment: str, invitation_id: UUID) -> HttpResponse:
    """The link of an invitation that no message carries, shown once."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    with scope.transaction():
        invitation = scoping.one(Invitation.objects.all(), pk=invitation_id)
    text = shownonce.take(request, scope.tenant_id, invitation.pk)
    context = {"invitation": invitation, "link": text, **_frame(scope, "Invitation", ("Team", "team"))}
    return render(request, "settings/invitation_link.html", context)


@require_POST
@login_required
def resend(request: HttpRequest, workspace_id: UUID, environment: str, invitation_id: UUID) -> HttpResponse:
    """A new link; the old one is dead."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    try:
        return _sent(request, scope, invitations.resend(scope, request, invitation_id))
    except team.Refused as refused:
        messages.error(request, str(refused))
        return _to_team(scope)


@require_http_methods(["GET", "POST"])
@login_required
def revoke(request: HttpRequest, workspace_id: UUID, environment: str, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back, after saying what that does."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    if request.method == "POST":
        found = invitations.revoke(scope, request, invitation_id)
        messages.success(
            request, f"The invitation to {found.email} is revoked. Its link opens nothing any more."
        )
        return _to_team(scope)
    with scope.transaction():
        invitation = scoping.one(invitations.open_ones(), pk=invitation_id)
    context = {"invitation": invitation, **_frame(scope, "Revoke an invitation", ("Team", "team"))}
    return render(request, "settings/invitation_revoke.html", context)


# --- Members ---------------------------------------------------------------------------------------------------


def _member(scope: Scope, member_id: UUID) -> Membership:
    with scope.transaction():
        return scoping.one(Membership.objects.select_related("user"), pk=member_id)


@require_http_methods(["GET", "POST"])
@login_required
def member(request: HttpRequest, workspace_id: UUID, environment: str, member_id: UUID) -> HttpResponse:
    """One person: their role, and the way to removing them or making them an owner."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    found = _member(scope, member_id)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": found.role})
    if request.method == "POST" and form.is_valid():
        try:
            changed = team.change_role(scope, request, member_id, form.cleaned_data["role"])
            messages.success(request, f"{changed.user.email} is now {changed.get_role_display().lower()}.")
            if changed.user == request.user:
                return redirect("workspace-home", workspace_id, environment)
            return _to_team(scope)
        except team.Refused as refused:
            form.add_error(None, str(refused))
    context = {
        "form": form,
        "member": found,
        "is_you": found.user == request.user,
        "role_sentence": roles.ROLES[found.role],
        "is_out_of_reach": found.role == team.OWNER and scope.role != team.OWNER,
        "why_no_ownership": roles.why_not(scope.role, "transfer ownership"),
        **_frame(scope, team.person_name(found.user), ("Team", "team")),
    }
    return render(request, "settings/member.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def remove(request: HttpRequest, workspace_id: UUID, environment: str, member_id: UUID) -> HttpResponse:
    """Take somebody out, after saying what stops and what goes on."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    refusal = ""
    if request.method == "POST":
        try:
            gone = team.remove(scope, request, member_id)
            messages.success(request, f"{gone.user.email} is not in this workspace any more.")
            return _to_team(scope)
        except team.Refused as refused:
            refusal = str(refused)
    with scope.transaction():
        found = scoping.one(Membership.objects.select_related("user"), pk=member_id)
        left = team.traces(found)
    context = {
        "member": found,
        "traces": left,
        "refusal": refusal,
        **_frame(scope, f"Remove {team.person_name(found.user)}", ("Team", "team")),
    }
    return render(request, "settings/member_remove.html", context, status=422 if refusal else 200)


@require_http_methods(["GET", "POST"])
@login_required
def leave(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Go, after saying what that means. Everybody may but the last owner."""
    scope = scoping.workspace(request, workspace_id, environment)
    refusal = ""
    if request.method == "POST" and request.POST.get("leave") != scope.environment:
        refusal = "Use the button below to leave."
    elif request.method == "POST":
        try:
            team.leave(scope, request)
            messages.success(request, f"You have left {scope.workspace_name}.")
            return redirect("workspaces")
        except team.Refused as refused:
            refusal = str(refused)
    context = {"refusal": refusal, "why_stay": team.why_stay(scope)}
    context |= _frame(scope, f"Leave {scope.workspace_name}", ("Team", "team"))
    return render(request, "settings/leave.html", context, status=422 if refusal else 200)


@require_http_methods(["GET", "POST"])
@login_required
def ownership(request: HttpRequest, workspace_id: UUID, environment: str, member_id: UUID) -> HttpResponse:
    """Make another member an owner. Asked for again: who one is, and the workspace's name."""
    scope = scoping.workspace(request, workspace_id, environment, "transfer ownership")
    _member(scope, member_id)
    return _ownership(request, scope, member_id)


@required
def _ownership(request: HttpRequest, scope: Scope, member_id: UUID) -> HttpResponse:
    found = _member(scope, member_id)
    data = request.POST if request.method == "POST" else None
    form = OwnershipForm(data, workspace_name=scope.workspace_name)
    if request.method == "POST" and form.is_valid():
        stays = form.cleaned_data["own_role"] == team.OWNER
        try:
            owner = team.give_ownership(scope, request, member_id, stay_owner=stays)
            messages.success(
                request,
                f"{owner.user.email} is an owner now. You are {'still one too' if stays else 'an admin'}.",
            )
            return _to_team(scope)
        except team.Refused as refused:
            form.add_error(None, str(refused))
    context = {
        "form": form,
        "member": found,
        **_frame(scope, f"Make {team.person_name(found.user)} an owner", ("Team", "team")),
    }
    return render(request, "settings/ownership.html", context, status=422 if form.errors else 200)


@require_GET
@login_required
def what_roles_can_do(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Each role as a sentence, and the matrix of acts."""
    scope = scoping.workspace(request, workspace_id, environment)
    order = [(role.value, role.label, roles.ROLES[role.value]) for role in Membership.Role]
    rows = [
        (sentence, [(label, roles.may(role, action)) for role, label, _ in order])
        for action, sentence in roles.SENTENCES.items()
    ]
    context = {"roles": order, "rows": rows, **_frame(scope, "What each role can do", ("Team", "team"))}
    return render(request, "settings/roles.html", context)
