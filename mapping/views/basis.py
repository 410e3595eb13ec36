"""The page on which the basis of an account is recorded."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections import pages, roles, scoping
from connections.models import Connection
from mapping import basis
from mapping.forms_basis import BasisForm

ACTION = "decide on consent"


@require_http_methods(["GET", "POST"])
@login_required
def consent_basis(
    request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID
) -> HttpResponse:
    """What is recorded, and the form that records it anew."""
    scope = scoping.workspace(
        request, workspace_id, environment, ACTION if request.method == "POST" else "view"
    )
    with scope.transaction():
        connection = scoping.one(Connection.objects.all(), pk=connection_id)
        recorded = basis.of(connection)
        known = {"kind": recorded.kind, "statement": recorded.statement} if recorded else None
        form = BasisForm(request.POST if request.method == "POST" else None, initial=known)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            basis.record(scope, connection, given["kind"], given["statement"], request)
            messages.success(request, "The basis is recorded.")
            return redirect("consent-basis", workspace_id, environment, connection_id)
    place = [workspace_id, environment]
    crumbs = [
        ("Accounts", reverse("connections", args=place)),
        (str(connection), reverse("connection", args=[*place, connection.pk])),
    ]
    context: dict[str, object] = {"connection": connection, "recorded": recorded, "form": form}
    context |= {"why_not": roles.why_not(scope.role, ACTION)}
    context |= pages.inside(scope, "Permission of new people", crumbs=crumbs, here="Accounts")
    return render(request, "consent_basis.html", context, status=422 if form.errors else 200)
