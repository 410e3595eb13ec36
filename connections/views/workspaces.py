"""Which workspaces somebody has, and opening another one."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from connections import pages, scoping
from connections.forms_team import WorkspaceNameForm
from connections.models import User
from connections.people import accounts


@require_GET
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """All of them, with the role in each."""
    found = scoping.workspaces(cast(User, request.user))
    return render(request, "workspaces.html", {"workspaces": found, **pages.plain("Workspaces")})


@require_http_methods(["GET", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Open another one, as its owner."""
    form = WorkspaceNameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        tenant = accounts.open_workspace(cast(User, request.user), form.cleaned_data["name"])
        messages.success(request, f"{tenant.name} is open. It begins in the test environment.")
        return redirect("workspace-home", tenant.pk, "test")
    context = {"form": form, **pages.plain("Open a workspace")}
    return render(request, "workspace_new.html", context, status=422 if form.errors else 200)
