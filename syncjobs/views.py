"""Pages where data moves: an account, its imports, and jobs."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import health, pages, scoping
from connections.models import Connection
from connections.scoping import Scope
from mapping import editing
from mapping.forms import FieldMapForm, ListMapForm
from mapping.models import FieldMapping, RemoteField, RemoteList
from syncjobs import runner, states
from syncjobs.api import calls_of
from syncjobs.forms import StartForm, UploadForm
from syncjobs.imports import plans, progress, uploads
from syncjobs.imports.download import BYTE_ORDER_MARK, csv_line
from syncjobs.imports.readers import FileProblem
from syncjobs.models import ImportRow, JobStep, SyncJob, Upload

JOBS_SHOWN = 50
ROWS_SHOWN = 100
POLL_SECONDS = 2


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
        row = scoping.one(Connection.objects.select_related("linked_by"), pk=connection_id)
        recent = list(SyncJob.objects.filter(connection=row)[:5])
        context = {
            "health": health.of(row),
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
        form = FieldMapForm(row, editing.rows(row, fields, samples), data)
        if data is not None and form.is_valid():
            if any(one.choice == "standard:email" for one in form.chosen()):
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
    """Which lists, on what permission; then the job begins."""
    scope = scoping.workspace(request, workspace_id, environment, "import")
    with scope.transaction():
        row = scoping.one(Connection.objects.all(), pk=connection_id)
        kept = scoping.one(Upload.objects.filter(connection=row), pk=upload_id)
        positions = [one["position"] for one in plans.columns(row, kept) if one["kind"] == "lists"]
        data = request.POST if request.method == "POST" else None
        list_form = ListMapForm(row, uploads.named_lists(kept, positions) if positions else [], data)
        form = StartForm(row, needs_list=not positions, data=data)
        if data is not None and form.is_valid() and list_form.is_valid():
            list_form.save()
            try:
                begun = plans.start(row, kept, everyone=form.lists(), user=scope.user)
                return redirect("job", workspace_id, environment, begun.pk)
            except plans.NotReady as missing:
                form.add_error(None, str(missing))
        frame = _frame(scope, "Lists and permission", row, form=form, list_form=list_form, upload=kept)
        frame["facts"] = uploads.facts(kept)
        return render(request, "import/start.html", frame, status=422 if data is not None else 200)


@require_GET
@login_required
def jobs(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The newest jobs of this environment."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        found = list(SyncJob.objects.select_related("connection", "started_by")[:JOBS_SHOWN])
        context = {
            "jobs": progress.describe_all(found),
            **pages.inside(scope, "Jobs", here="Jobs"),
        }
        return render(request, "jobs.html", context)


@require_GET
@login_required
def job(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """One job: where it is, whether it is fine, what to do. HTMX asks for the same and gets the moving part."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(SyncJob.objects.select_related("connection", "started_by"), pk=job_id)
        shown = progress.describe(row)
        context = {
            "job": row,
            "progress": shown,
            "counters": progress.counters(row, reverse("job-rows", args=[workspace_id, environment, job_id])),
            "must_reconnect": row.state == "attention" and row.connection.status != Connection.Status.ACTIVE,
            "groups": progress.groups(row),
            "calls": calls_of([row]).get(row.pk, 0),
            "steps": JobStep.objects.filter(job=row).order_by("-id")[:30],
            "open": row.state in states.OPEN,
            "can_stop": row.state in states.CAN_STOP and scope.may("run"),
            "can_retry": row.state in states.CAN_RETRY and scope.may("run"),
            "poll_seconds": POLL_SECONDS,
        }
        frame = pages.inside(
            scope,
            f"Import of {row.options.get('file_name', 'a file')}",
            crumbs=_job_crumbs(scope, row),
            here="Jobs",
        )
        template = "job.html#moving" if request.htmx else "job.html"  # type: ignore[attr-defined]  # django-htmx puts it there
        return render(request, template, {**context, **frame})


def _job_crumbs(scope: Scope, row: SyncJob) -> list[tuple[str, str]]:
    place = [scope.tenant_id, scope.environment]
    return [
        ("Jobs", reverse("jobs", args=place)),
        (str(row.connection), reverse("connection", args=[*place, row.connection_id])),
    ]


@require_POST
@login_required
def stop(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """Stop a job: nothing more is sent."""
    scope = scoping.workspace(request, workspace_id, environment, "run")
    with scope.transaction():
        if not runner.stop(scoping.one(SyncJob.objects.all(), pk=job_id)):
            messages.warning(request, "The job is over already.")
    return redirect("job", workspace_id, environment, job_id)


@require_POST
@login_required
def retry(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """Let a failed job go on from where it was."""
    scope = scoping.workspace(request, workspace_id, environment, "run")
    with scope.transaction():
        if not runner.retry(scoping.one(SyncJob.objects.all(), pk=job_id)):
            messages.warning(request, "The job is not one that can be tried again.")
    return redirect("job", workspace_id, environment, job_id)


@require_GET
@login_required
def rows(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """The rows of one outcome, with their reasons."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(SyncJob.objects.select_related("connection"), pk=job_id)
        outcome, reason, found = _chosen_rows(request, row)
        count = found.count() if reason else row.outcome_counts[outcome]
        after = request.GET.get("after", "")
        if after.isascii() and after.isdigit() and len(after) < 18:
            found = found.filter(line__gt=int(after))
        page = list(found[: ROWS_SHOWN + 1])
        more = len(page) > ROWS_SHOWN
        page = page[:ROWS_SHOWN]
        words = {"unchanged": "No change"}.get(outcome, outcome.capitalize())
        context = {
            "job": row,
            "outcome": outcome,
            "outcome_word": words,
            "reason": reason,
            "rows": [(one, progress.title_of(one.reason)) for one in page],
            "sentence": f"{count:,} with one reason: {progress.title_of(reason)}"
            if reason
            else f"{count:,} in all",
            "next_after": page[-1].line if more else None,
        }
        crumbs = [
            *_job_crumbs(scope, row),
            ("Import", reverse("job", args=[workspace_id, environment, job_id])),
        ]
        return render(
            request,
            "rows.html",
            {**context, **pages.inside(scope, f"{words} rows", crumbs=crumbs, here="Jobs")},
        )


def _chosen_rows(request: HttpRequest, row: SyncJob) -> tuple[str, str, Any]:
    outcome = request.GET.get("outcome", "rejected")
    if outcome not in ImportRow.Outcome.values:
        raise Http404
    found = ImportRow.objects.filter(job=row, outcome=outcome).order_by("line")
    reason = request.GET.get("reason", "")[:40]
    return outcome, reason, found.filter(reason=reason) if reason else found


@require_GET
@login_required
def download(
    request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID
) -> StreamingHttpResponse:
    """The rows of one outcome as CSV, safe to open in a spreadsheet program."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(SyncJob.objects.all(), pk=job_id)
        outcome, _, _ = _chosen_rows(request, row)
    response = StreamingHttpResponse(_lines(scope, row, request), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{outcome}-{row.pk}.csv"'
    return response


def _lines(scope: Scope, row: SyncJob, request: HttpRequest) -> Iterator[str]:
    """Line by line, some thousand rows a transaction, so that no transaction outlives a slow reader."""
    yield BYTE_ORDER_MARK + csv_line(["line", "email", "outcome", "reason", "detail"])
    after = -1
    while True:
        with scope.transaction():
            _, _, found = _chosen_rows(request, row)
            page = list(found.filter(line__gt=after)[:2_000])
        for one in page:
            yield csv_line([one.line, one.email, one.outcome, one.reason, one.detail])
        if not page:
            return
        after = page[-1].line
