"""Settings of a workspace: its name, and the way to its people, its application and its audit."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections import pages, roles, scoping
from connections.forms_team import WorkspaceNameForm
from connections.people import team
from connections.scoping import Scope

# Title, what stands there, the URL's name, the action that opens it.
SECTIONS = (
    ("Team", "Who is in this workspace and as what; invite somebody.", "team", "view"),
    ("What each role can do", "The five roles, and what each may do.", "roles", "view"),
    (
        "Constant Contact application",
        "The application that accounts are linked through; bring your own.",
        "application",
        "bring an application",
    ),
    ("Audit", "Who did what, when and from where; export it.", "audit", "see the audit"),
)


@require_http_methods(["GET", "POST"])
@login_required
def home(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """What can be set, and where; the workspace's name at once."""
    action = "change the workspace" if request.method == "POST" else "view"
    scope = scoping.workspace(request, workspace_id, environment, action)
    form = WorkspaceNameForm(
        request.POST if request.method == "POST" else None, initial={"name": scope.workspace_name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            team.rename(scope, request, form.cleaned_data["name"])
            messages.success(request, f"The workspace is called {form.cleaned_data['name']} now.")
            return redirect("settings-home", workspace_id, environment)
        except team.Refused as refused:
            form.add_error(None, str(refused))
    context = {
        "form": form,
        "sections": _sections(scope),
        "why_no_rename": roles.why_not(scope.role, "change the workspace"),
        **pages.inside(scope, "Settings", here="Settings"),
    }
    return render(request, "settings/home.html", context, status=422 if form.errors else 200)


def _sections(scope: Scope) -> list[dict[str, Any]]:
    place = [scope.tenant_id, scope.environment]
    return [
        {
            "title": title,
            "text": text,
            "url": reverse(name, args=place),
            "why_not": roles.why_not(scope.role, action),
        }
        for title, text, name, action in SECTIONS
    ]
