"""An account pauses, goes on, or is removed: buttons of its page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connections import pages, scoping
from connections.forms_links import RemoveForm
from connections.links import changing, unlinking
from connections.models import Connection


@require_POST
@login_required
def pause(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """Pause the account, or let it go on."""
    scope = scoping.workspace(request, workspace_id, environment, "connect")
    changing.change(scope, connection_id, is_paused=request.POST.get("paused") == "1", request=request)
    return redirect("connection", workspace_id, environment, connection_id)


@require_http_methods(["GET", "POST"])
@login_required
def remove(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """Remove the account, after saying what goes with it."""
    scope = scoping.workspace(request, workspace_id, environment, "connect")
    with scope.transaction():
        rows = Connection.objects.select_related("provider_app__pool")
        connection = scoping.one(rows, pk=connection_id)
    form = RemoveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        was_revoked = unlinking.unlink(connection, request=request)
        said = "" if was_revoked else " Constant Contact did not take the permission back; it ends by itself."
        messages.success(request, f"{connection} is removed.{said}")
        return redirect("connections", workspace_id, environment)
    place = [workspace_id, environment]
    crumbs = [
        ("Accounts", reverse("connections", args=place)),
        (str(connection), reverse("connection", args=[*place, connection_id])),
    ]
    frame = pages.inside(scope, f"Remove {connection}", crumbs=crumbs, here="Accounts")
    context = {"form": form, "connection": connection, **frame}
    return render(request, "connection_remove.html", context, status=422 if form.errors else 200)
