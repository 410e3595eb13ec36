"""Pages of one account: how it is, and the way from a file to an import."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import audit, health, pages, roles, scoping
from connections.models import Connection
from connections.scoping import Scope
from mapping import editing, noting
from mapping.forms import FieldMapForm, ListMapForm, TagMapForm
from mapping.models import ConsentBasis, FieldMapping, RemoteField, RemoteList
from syncjobs import accounts, filters
from syncjobs.forms import StartForm, UploadForm
from syncjobs.imports import columns as file_columns
from syncjobs.imports import plans, progress, quoting, uploads
from syncjobs.imports.readers import FileProblem
from syncjobs.models import SyncJob, Upload

BASIS_ACTION: Final = "decide on consent"


def _record_start(request: HttpRequest, scope: Scope, job: SyncJob) -> None:
    audit.record(
        "import_started",
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=f"{job.options['file_name']} for {job.connection}",
        new={"job": job.pk},
    )


def _frame(scope: Scope, title: str, connection: Connection | None = None, **more: Any) -> dict[str, Any]:
    place = [scope.tenant_id, scope.environment]
    crumbs = [("Accounts", reverse("connections", args=place))]
    if connection is not None:
        crumbs.append((str(connection), reverse("connection", args=[*place, connection.pk])))
    return {**pages.inside(scope, title, crumbs=crumbs, here="Accounts"), "connection": connection, **more}


@require_GET
@login_required
def connection(
    request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID
) -> HttpResponse:
    """One account: is it working, what did it do, what to do."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(health.with_token(Connection.objects.select_related("linked_by")), pk=connection_id)
        recent = list(SyncJob.objects.filter(filters.PEOPLES, connection=row)[:5])
        context = {
            "health": accounts.health_of(row, datetime.now(UTC)),
            "jobs": progress.describe_all(recent),
            "lists": RemoteList.objects.filter(connection=row).count(),
            "custom_fields": RemoteField.objects.filter(connection=row).count(),
            "mapped": FieldMapping.objects.filter(connection=row).exclude(kind="ignored").count(),
            "just_connected": request.GET.get("connected") == "1",
        }
        frame = pages.inside(
            scope,
            str(row),
            crumbs=[("Accounts", reverse("connections", args=[workspace_id, environment]))],
            here="Accounts",
        )
        return render(
            request, "connection.html", {**context, **frame, "connection": row, "connection_key": str(row.pk)}
        )


@require_http_methods(["GET", "POST"])
@login_required
def upload(request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID) -> HttpResponse:
    """Take a file in; whatever is wrong with it is said here, with the line and the cure."""
    scope = scoping.workspace(request, workspace_id, environment, "import")
    problem = None
    with scope.transaction():
        row = scoping.one(Connection.objects.all(), pk=connection_id)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        if request.META.get("PATCHBAY_UPLOAD_TOO_LARGE"):
            problem = _too_large()
        elif form.is_valid():
            try:
                with scope.transaction():
                    kept = uploads.store(scope, row, form.cleaned_data["file"], form.cleaned_data["encoding"])
                    editing.declare(row, [name for name in uploads.facts(kept).header if name])
                return redirect("columns", workspace_id, environment, connection_id, kept.pk)
            except FileProblem as found:
                problem = found
    frame = _frame(scope, "Import people", row, form=form, problem=problem, limits=uploads.limits())
    return render(request, "import/upload.html", frame, status=_status(request, problem))


def _status(request: HttpRequest, problem: FileProblem | None) -> int:
    if request.method != "POST":
        return 200
    return 413 if problem is not None and problem.code == "too_large" else 422


def _too_large() -> FileProblem:
    most = uploads.limits().max_bytes
    return FileProblem(
        "too_large",
        f"The file is larger than {most / 1_000_000:.0f} MB, the most that one import takes.",
        "Split it into smaller files, each beginning with the line of column names, and import them one by one.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def columns(
    request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID, upload_id: UUID
) -> HttpResponse:
    """Which column goes where."""
    scope = scoping.workspace(request, workspace_id, environment, "import")
    with scope.transaction():
        row = scoping.one(Connection.objects.all(), pk=connection_id)
        kept = scoping.one(Upload.objects.filter(connection=row), pk=upload_id)
        facts = uploads.facts(kept)
        samples = {
            name: [values[number] for values in facts.sample if number < len(values) and values[number]][:3]
            for number, name in enumerate(facts.header)
        }
        fields = editing.declare(row, [name for name in facts.header if name])
        data = request.POST if request.method == "POST" else None
        form = FieldMapForm(row, fields, data, samples)
        if data is not None and form.is_valid():
            if any(one.choice == "standard:email" for one in form.chosen()):
                with noting.saving(request, scope, row):
                    form.save()
                return redirect("start-import", workspace_id, environment, connection_id, upload_id)
            form.add_error(None, "Choose the column that holds the e-mail addresses.")
        frame = _frame(scope, "Match the columns", row, form=form, upload=kept, facts=facts)
        frame["row_url"] = reverse("mapping", args=[workspace_id, environment, connection_id])
        return render(request, "import/columns.html", frame, status=422 if data is not None else 200)


@require_http_methods(["GET", "POST"])
@login_required
def start(
    request: HttpRequest, workspace_id: UUID, environment: str, connection_id: UUID, upload_id: UUID
) -> HttpResponse:
    """Which lists and tags, on what permission; then the job begins. HTMX asks for the price of other choices."""
    scope = scoping.workspace(request, workspace_id, environment, "import")
    with scope.transaction():
        row = scoping.one(Connection.objects.select_related("consent_basis"), pk=connection_id)
        kept = scoping.one(Upload.objects.filter(connection=row), pk=upload_id)
        chosen = file_columns.of_file(row, kept)
        lists, tags = (file_columns.positions(chosen, kind) for kind in ("lists", "tags"))
        data = request.POST if request.method == "POST" else None
        list_form = ListMapForm(row, uploads.named(kept, lists), data)
        tag_form = TagMapForm(row, uploads.named(kept, tags), data)
        recorded: ConsentBasis | None = getattr(row, "consent_basis", None)
        asks_basis = recorded is None and scope.may(BASIS_ACTION)
        form = StartForm(row, needs_list=not lists, asks_basis=asks_basis, data=data)
        if request.htmx:  # type: ignore[attr-defined]  # django-htmx puts it there
            price = {"quote": quoting.quote(row, kept, chosen, form.standing(list_form, tag_form))}
            return render(request, "import/start.html#price", price)
        if data is not None and form.is_valid() and list_form.is_valid() and tag_form.is_valid():
            with noting.saving(request, scope, row):
                list_form.save()
                tag_form.save()
            form.save_leave(row)
            form.save_basis(scope, row, request)
            try:
                begun = plans.start(
                    row, kept, everyone=form.lists(), everyone_tags=form.tags(), user=scope.user
                )
                _record_start(request, scope, begun)
                return redirect("job", workspace_id, environment, begun.pk)
            except plans.NotReady as missing:
                form.add_error(None, str(missing))
        frame = _frame(scope, "Lists, tags and permission", row, form=form, list_form=list_form, upload=kept)
        frame |= {"tag_form": tag_form, "facts": uploads.facts(kept), "recorded": recorded}
        frame |= {"asks_basis": asks_basis, "who_may": roles.who_may(BASIS_ACTION)}
        frame["refused"] = [one for one in (list_form, tag_form, form) if one.errors]
        standing = form.standing(list_form, tag_form)
        quote, dearer = quoting.with_others(row, kept, chosen, standing)
        frame |= {"has_tags": bool(tags), "quote": quote, "dearer": dearer}
        return render(request, "import/start.html", frame, status=422 if data is not None else 200)
