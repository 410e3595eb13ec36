"""Home of an environment and what works by itself there: what needs somebody, what has happened."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from connections import pages, scoping
from connections.scoping import Scope
from syncjobs import checklist, filters, needs, overview, states
from syncjobs.imports import progress
from syncjobs.models import SyncJob

POLL_SECONDS = 30
BUSY_POLL_SECONDS = 5
PINNED = 20
LAST = 10


@require_GET
@login_required
def home(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """What needs somebody first, then the last day, then the next step. HTMX asks for the moving part."""
    scope = scoping.workspace(request, workspace_id, environment)
    now = datetime.now(UTC)
    found = overview.look(scope, now)
    steps = checklist.steps(scope, found.set_up)
    context = {
        "overview": found,
        "needs": needs.listed(scope, found),
        "more": needs.more(scope, found),
        "counters": _counters(scope, found.day) if found.day else [],
        "moved": sum(found.day[name] for name in overview.OUTCOMES) if found.day else 0,
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
        "all_done": found.set_up.is_done,
        "now": now,
        "poll_seconds": POLL_SECONDS,
    }
    return _shown(request, "home.html", {**context, **pages.inside(scope, "Home", here="Home")})


def _counters(scope: Scope, day: dict[str, int]) -> list[dict[str, Any]]:
    """The rows of the last day by outcome; each number leads to the jobs that it was counted from."""
    jobs = reverse("jobs", args=[scope.tenant_id, scope.environment])
    return [
        {
            "label": filters.OUTCOME_WORDS[name],
            "status": filters.OUTCOME_WORDS[name],
            "value": day[name],
            "url": f"{jobs}?since=24h&outcome={name}" if day[name] else "",
        }
        for name in overview.OUTCOMES
    ]


@require_GET
@login_required
def automations(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """What Patchbay does by itself here: what is at work, what waits, what was done last."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        jobs = SyncJob.objects.filter(filters.PEOPLES).select_related("connection")
        pinned = list(jobs.filter(state__in=[*states.OPEN, "attention"]).order_by("-created_at")[:PINNED])
        last = list(jobs.filter(state__in=states.OVER).order_by("-created_at")[:LAST])
        shown = progress.describe_all([*pinned, *last]) if pinned or last else []
    context = {
        "pinned": shown[: len(pinned)],
        "last": shown[len(pinned) :],
        "is_cut": len(pinned) == PINNED,
        "now": datetime.now(UTC),
        "poll_seconds": BUSY_POLL_SECONDS if pinned else POLL_SECONDS,
    }
    frame = pages.inside(scope, "Automations", here="Automations")
    return _shown(request, "automations.html", {**context, **frame})


def _shown(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or for HTMX the part of it that moves."""
    return render(request, f"{template}#moving" if request.htmx else template, context)  # type: ignore[attr-defined]  # django-htmx puts it there
