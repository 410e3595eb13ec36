"""Pages of the audit: what happened in this workspace, newest first, and its exports."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from connections import audit, pages, scoping
from connections.audit import entries
from connections.forms_audit import AuditForm
from connections.models import Membership
from connections.people.reauthentication import required
from connections.scoping import Scope

SEE = "see the audit"
PEOPLE_SHOWN = 200


@require_GET
@login_required
def events(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The events of this environment and of the workspace as a whole."""
    scope = scoping.workspace(request, workspace_id, environment, SEE)
    form = AuditForm(request.GET)
    asked = form.asked()
    with scope.transaction():
        page = entries.page(
            scope, asked, before=_number(request.GET.get("before")), after=_number(request.GET.get("after"))
        )
        people = Membership.objects.values_list("user__email", flat=True)[:PEOPLE_SHOWN]
        context = {
            "form": form,
            "asked": asked,
            "page": entries.Page([]) if form.errors else page,
            "people": list(people),
            **pages.inside(
                scope,
                "Audit",
                crumbs=[("Settings", reverse("settings-home", args=[workspace_id, environment]))],
                here="Settings",
            ),
        }
    return render(request, "settings/audit.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def export_csv(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The events asked for as CSV. A POST, since that it was done is an event itself."""
    return _csv(request, scoping.workspace(request, workspace_id, environment, SEE))


@required
def _csv(request: HttpRequest, scope: Scope) -> HttpResponse:
    asked = AuditForm(request.POST).asked()
    last = _record(request, scope, "CSV", asked)
    lines = entries.csv_lines(scope, asked, last)
    return _file(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), "csv")


@require_POST
@login_required
def export_json(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The whole chain as lines of JSON, with the hashes, so that anybody can check it."""
    return _json(request, scoping.workspace(request, workspace_id, environment, SEE))


@required
def _json(request: HttpRequest, scope: Scope) -> HttpResponse:
    last = _record(request, scope, "JSON lines", entries.Asked())
    lines = entries.json_lines(scope, last)
    return _file(StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8"), "jsonl")


def _record(request: HttpRequest, scope: Scope, form: str, asked: entries.Asked) -> int:
    """Record the export; answers the number up to which it goes, its own event included."""
    with scope.transaction():
        audit.record(
            "audit_exported",
            request=request,
            tenant_id=scope.tenant_id,
            environment=scope.environment,
            about=form,
            new=asked.query,
        )
        return entries.last_number(scope)


def _file(response: HttpResponseBase, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="audit.{ending}"'
    return cast(HttpResponse, response)  # Django types a streamed answer apart, and serves both alike


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None
