"""Pages of the request log: the calls that programs made, and one of them as a command for a terminal."""

from typing import Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from connections import pages, paging, scoping
from connections.forms_calls import STATUSES, CallsForm
from connections.models import ApiCall, Connection
from connections.paging import Page
from connections.programs import calllist, requestlog

PART: Final = "developers/calls.html#found"


@require_GET
@login_required
def calls(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The calls of this environment, newest first; searched as one types where there is JavaScript."""
    scope = scoping.workspace(request, workspace_id, environment)
    form = CallsForm(request.GET)
    wanted = form.wanted()
    with scope.transaction():
        page: Page[ApiCall] = Page([])
        if not form.errors:
            page = paging.page(calllist.narrow(wanted), "called_at", request.GET, descending=True)
    context = {
        "form": form,
        "wanted": wanted,
        "page": page,
        "statuses": STATUSES,
        **pages.inside(
            scope,
            "Request log",
            crumbs=[("Developers", reverse("developers", args=[workspace_id, environment]))],
            here="Developers",
        ),
    }
    template = PART if getattr(request, "htmx", False) else "developers/calls.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_GET
@login_required
def call(request: HttpRequest, workspace_id: UUID, environment: str, call_id: UUID) -> HttpResponse:
    """One call, and how to make it again."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(ApiCall.objects.all(), pk=call_id)
        account = Connection.objects.filter(pk=row.connection_id).first() if row.connection_id else None
    base = [workspace_id, environment]
    context = {
        "call": row,
        "account": account,
        "curl": requestlog.as_curl(row),
        **pages.inside(
            scope,
            f"{row.method} {row.path}"[:80],
            crumbs=[
                ("Developers", reverse("developers", args=base)),
                ("Request log", reverse("calls", args=base)),
            ],
            here="Developers",
        ),
    }
    return render(request, "developers/call.html", context)
