"""The addresses that a link may send people back to: whoever makes API tokens says which there are."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections import audit, pages, scoping
from connections.forms_links import ReturnsForm
from connections.models import Environment
from connections.views.developers import MANAGE


@require_http_methods(["GET", "POST"])
@login_required
def addresses(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The return addresses of this environment, one a line."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    with scope.transaction():
        kept: list[str] = Environment.objects.get(pk=scope.environment_id).return_addresses
    sent = request.POST if request.method == "POST" else None
    form = ReturnsForm(sent, environment=environment, initial={"addresses": "\n".join(kept)})
    if request.method == "POST" and form.is_valid():
        wanted: list[str] = form.cleaned_data["addresses"]
        with scope.transaction():
            Environment.objects.filter(pk=scope.environment_id).update(return_addresses=wanted)
            if wanted != kept:
                audit.record(
                    "return_addresses_set",
                    request=request,
                    tenant_id=scope.tenant_id,
                    environment=environment,
                    old={"addresses": kept},
                    new={"addresses": wanted},
                )
        messages.success(request, "The return addresses are saved.")
        return redirect("developers", workspace_id, environment)
    crumbs = [("Developers", reverse("developers", args=[workspace_id, environment]))]
    frame = pages.inside(scope, "Return addresses", crumbs=crumbs, here="Developers")
    context = {"form": form, **frame}
    return render(request, "developers/returns.html", context, status=422 if form.errors else 200)
