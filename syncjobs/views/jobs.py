"""Pages of jobs: the newest, one at work, and its rows outcome by outcome."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from connections import audit, pages, paging, scoping
from connections.models import Connection
from connections.scoping import Scope
from connections.spreadsheet import BYTE_ORDER_MARK, csv_line
from syncjobs import filters, jobwords, runner, states
from syncjobs.filters import JobFilter
from syncjobs.imports import progress, quoting, returned
from syncjobs.models import ImportRow, JobStep, SyncJob
from syncjobs.spending import calls_of

ROWS_SHOWN = 100
POLL_SECONDS = 2


@require_GET
@login_required
def jobs(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The jobs of this environment, the newest first, as many of them as are asked for."""
    scope = scoping.workspace(request, workspace_id, environment)
    asked = JobFilter.of(request.GET)
    now = datetime.now(UTC)
    with scope.transaction():
        rows = asked.narrow(SyncJob.objects.filter(filters.PEOPLES).select_related("connection"), now)
        count, people = asked.sums(rows)
        page = paging.page(rows, "created_at", request.GET, descending=True)
        account = Connection.objects.filter(pk=asked.account).first() if asked.account else None
        shown = progress.describe_all(page.rows) if page.rows else []
    context = {
        "jobs": shown,
        "page": page,
        "count": min(count, filters.MOST_COUNTED) if asked.is_more(count) else count,
        "is_more": asked.is_more(count),
        "asked": asked,
        "sentence": asked.sentence(count, people, account),
        "no_match": asked.sentence(0, 0, account),
        "outcome_word": filters.OUTCOME_WORDS.get(asked.outcome, ""),
        "state_choices": filters.choices(filters.STATES),
        "since_choices": filters.choices(filters.SINCE),
        "outcome_choices": filters.choices(filters.OUTCOMES),
    }
    crumbs = [("Automations", reverse("automations", args=[workspace_id, environment]))]
    frame = pages.inside(scope, "Jobs", crumbs=crumbs, here="Automations")
    return render(request, "jobs.html", {**context, **frame})


@require_GET
@login_required
def job(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """One job: where it is, whether it is fine, what to do. HTMX asks for the same and gets the moving part."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(SyncJob.objects.select_related("connection", "started_by"), pk=job_id)
        shown = progress.describe(row)
        calls = calls_of([row]).get(row.pk, 0)
        context = {
            "job": row,
            "progress": shown,
            "counters": progress.counters(row, reverse("job-rows", args=[workspace_id, environment, job_id])),
            "must_reconnect": row.state == "attention" and row.connection.status != Connection.Status.ACTIVE,
            "groups": progress.groups(row),
            "calls": calls,
            "verdict": quoting.verdict(row, calls),
            "steps": [
                (one, jobwords.STAGES.get(one.stage, one.stage), jobwords.note(one.note))
                for one in JobStep.objects.filter(job=row).order_by("-id")[:30]
            ],
            "open": row.state in states.OPEN,
            "can_stop": row.state in states.CAN_STOP and scope.may("run"),
            "can_retry": row.state in states.CAN_RETRY and scope.may("run"),
            "poll_seconds": POLL_SECONDS,
        }
        frame = pages.inside(
            scope,
            shown.words.title,
            crumbs=_job_crumbs(scope, row),
            here="Automations",
        )
        template = "job.html#moving" if request.htmx else "job.html"  # type: ignore[attr-defined]  # django-htmx puts it there
        return render(request, template, {**context, **frame})


def _job_crumbs(scope: Scope, row: SyncJob) -> list[tuple[str, str]]:
    place = [scope.tenant_id, scope.environment]
    return [
        ("Automations", reverse("automations", args=place)),
        ("Jobs", reverse("jobs", args=place)),
        (str(row.connection), reverse("connection", args=[*place, row.connection_id])),
    ]


def _record(action: str, request: HttpRequest, scope: Scope, row: SyncJob) -> None:
    audit.record(
        action,
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=f"{jobwords.about(row.kind, row.options)} for {row.connection}",
        new={"job": row.pk},
    )


@require_POST
@login_required
def stop(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """Stop a job: nothing more is sent."""
    scope = scoping.workspace(request, workspace_id, environment, "run")
    with scope.transaction():
        row = scoping.one(SyncJob.objects.select_related("connection"), pk=job_id)
        if runner.stop(row):
            _record("job_stopped", request, scope, row)
        else:
            messages.warning(request, "The job is over already.")
    return redirect("job", workspace_id, environment, job_id)


@require_POST
@login_required
def retry(request: HttpRequest, workspace_id: UUID, environment: str, job_id: UUID) -> HttpResponse:
    """Let a failed job go on from where it was."""
    scope = scoping.workspace(request, workspace_id, environment, "run")
    with scope.transaction():
        row = scoping.one(SyncJob.objects.select_related("connection"), pk=job_id)
        if runner.retry(row):
            _record("job_retried", request, scope, row)
        else:
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
            (
                jobwords.of(row.kind, row.options).noun.capitalize(),
                reverse("job", args=[workspace_id, environment, job_id]),
            ),
        ]
        return render(
            request,
            "rows.html",
            {**context, **pages.inside(scope, f"{words} rows", crumbs=crumbs, here="Automations")},
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
    """The rows of one outcome as CSV, safe to open in a spreadsheet; with the file's own columns while it is kept."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        row = scoping.one(SyncJob.objects.all(), pk=job_id)
        outcome, _, found = _chosen_rows(request, row)
        file = returned.file_of(row)
    lines = _lines(scope, found) if file is None else returned.lines(scope, file, found)
    response = StreamingHttpResponse(_csv(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{outcome}-{row.pk}.csv"'
    return response


def _csv(lines: Iterator[returned.Cells]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    yield from map(csv_line, lines)


def _lines(scope: Scope, found: QuerySet[ImportRow]) -> Iterator[returned.Cells]:
    """Line by line, some thousand rows a transaction, so that no transaction outlives a slow reader."""
    yield ["line", "email", "outcome", "reason", "detail"]
    after = -1
    while True:
        with scope.transaction():
            page = list(found.filter(line__gt=after)[:2_000])
        for one in page:
            yield [one.line, one.email, one.outcome, one.reason, one.detail]
        if not page:
            return
        after = page[-1].line
