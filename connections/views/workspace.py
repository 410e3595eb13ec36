"""Pages of a workspace as a whole: which one, and the application that links its accounts."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import audit, pages, provisioning, scoping
from connections.constantcontact.redaction import Secret
from connections.forms import ApplicationForm
from connections.links import linking
from connections.models import User
from connections.people.accounts import provider_app_for
from connections.people.reauthentication import required
from connections.scoping import Scope


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the first workspace of the person, or to the choice if there are several or none."""
    found = scoping.workspaces(cast(User, request.user))
    if len(found) == 1:
        return redirect("workspace-home", found[0][0].pk, "test")
    return render(request, "workspaces.html", {"workspaces": found, **pages.plain("Workspaces")})


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Where help was; it stands under /docs/."""
    return redirect("docs")


@require_http_methods(["GET", "POST"])
@login_required
def application(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Which Constant Contact application links accounts here; a workspace may bring its own."""
    # Whoever may not is told so, and not asked for a password first.
    return _application(
        request, scoping.workspace(request, workspace_id, environment, "bring an application")
    )


@required
def _application(request: HttpRequest, scope: Scope) -> HttpResponse:
    workspace_id, environment = scope.tenant_id, scope.environment
    form = ApplicationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with scope.transaction():
                provisioning.bring(
                    scope,
                    given["client_id"],
                    Secret(given["client_secret"]),
                    given["flow"],
                    given["refresh_tokens"],
                )
                audit.record(
                    "application_brought",
                    request=request,
                    tenant_id=scope.tenant_id,
                    environment=environment,
                    about=given["client_id"],
                    new={"flow": given["flow"], "refreshing": given["refresh_tokens"]},
                )
            messages.success(request, "New accounts are linked through this application from now on.")
            return redirect("application", workspace_id, environment)
        except provisioning.NoEndpoints:
            form.add_error(
                None, "The test environment has no simulator to register it with. Start one first."
            )
    with scope.transaction():
        app = provider_app_for(scope.tenant_id, environment)
    crumbs = [("Settings", reverse("settings-home", args=[workspace_id, environment]))]
    frame = pages.inside(scope, "Constant Contact application", crumbs=crumbs, here="Settings")
    own = {"app": app, "redirect_uri": linking.redirect_uri(app) if app else "", "form": form}
    return render(request, "application.html", {**own, **frame}, status=422 if form.errors else 200)
