"""Pages of the mapping: what corresponds to what for one account."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connections import pages, roles, scoping
from connections.constantcontact.errors import ProviderError
from connections.models import Connection
from connections.scoping import Scope
from connections.vault import CannotOpen
from mapping import catalog, editing, noting
from mapping.forms import DeclareForm, FieldMapForm, ListMapForm, TagMapForm
from mapping.models import AppField


@require_http_methods(["GET", "POST"])
@login_required
def mapping(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """The fields and lists of one account; a single row for HTMX, so that its cable follows the choice."""
    scope = scoping.workspace(
        request, workspace_id, environment, "map" if request.method == "POST" else "view"
    )
    with scope.transaction():
        connection = scoping.one(Connection.objects.all(), pk=connection_id)
        app_fields = list(AppField.objects.filter(connection=connection)[: editing.MOST_FIELDS])
        if request.htmx and "row" in request.GET:  # type: ignore[attr-defined]  # django-htmx puts it there
            return _row(request, scope, connection, request.GET["row"])
        data = request.POST if request.method == "POST" else None
        form = FieldMapForm(connection, app_fields, data)
        list_form, tag_form = ListMapForm(connection, data=data), TagMapForm(connection, data=data)
        if data is not None and form.is_valid() and list_form.is_valid() and tag_form.is_valid():
            with noting.saving(request, scope, connection):
                form.save()
                list_form.save()
                tag_form.save()
            messages.success(request, "The mapping is saved.")
            return redirect("mapping", workspace_id, environment, connection_id)
        context = {"connection": connection, "form": form, "list_form": list_form, "tag_form": tag_form}
        context["refused"] = [one for one in (form, list_form, tag_form) if one.errors]
        context |= {"declare": DeclareForm(), "why_not": roles.why_not(scope.role, "map")}
        context |= _frame(scope, connection)
        return render(request, "mapping.html", context, status=422 if data is not None else 200)


def _row(request: HttpRequest, scope: Scope, connection: Connection, key: str) -> HttpResponse:
    try:
        app_field = AppField.objects.filter(connection=connection, pk=UUID(key)).first()
    except ValueError:
        app_field = None
    if app_field is None:
        raise Http404
    samples = {app_field.name: request.GET.getlist("sample")[:3]}
    form = FieldMapForm(connection, [app_field], request.GET, samples)
    return render(request, "parts/field_row.html", {"line": form.lines()[0], **_place(scope, connection)})


def _place(scope: Scope, connection: Connection) -> dict[str, object]:
    return {"row_url": reverse("mapping", args=[scope.tenant_id, scope.environment, connection.pk])}


@require_POST
@login_required
def declare(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """Add a field of the app by hand."""
    scope = scoping.workspace(request, workspace_id, environment, "map")
    form = DeclareForm(request.POST)
    with scope.transaction():
        connection = scoping.one(Connection.objects.all(), pk=connection_id)
        if not form.is_valid():
            messages.error(request, "Give the field a name.")
        elif AppField.objects.filter(connection=connection).count() >= editing.MOST_FIELDS:
            messages.error(request, f"An account has at most {editing.MOST_FIELDS} app fields here.")
        else:
            editing.declare(connection, [form.cleaned_data["name"]])
    return redirect("mapping", workspace_id, environment, connection_id)


@require_POST
@login_required
def refresh(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """Read the account's lists, custom fields and tags again."""
    scope = scoping.workspace(request, workspace_id, environment, "map")
    with scope.transaction():
        connection = scoping.one(Connection.objects.select_related("provider_app__pool"), pk=connection_id)
    try:
        catalog.refresh(connection)
        catalog.refresh_tags(connection)
        messages.success(request, "Lists, custom fields and tags are up to date.")
    except ProviderError:
        messages.error(request, "Constant Contact did not answer. What is shown here is as it was last read.")
    except CannotOpen:
        messages.error(
            request, "The key that sealed this account's tokens is missing. Tell whoever runs Patchbay."
        )
    return redirect("mapping", workspace_id, environment, connection_id)


def _frame(scope: Scope, connection: Connection) -> dict[str, object]:
    place = [scope.tenant_id, scope.environment]
    crumbs = [
        ("Accounts", reverse("connections", args=place)),
        (str(connection), reverse("connection", args=[*place, connection.pk])),
    ]
    return {**pages.inside(scope, "Mapping", crumbs=crumbs, here="Accounts"), **_place(scope, connection)}
