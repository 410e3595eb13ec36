"""The page of the day's limit: used, left, by what and by whom, what waits, and how to need less."""

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
from syncjobs import limits
from syncjobs.imports import progress
from syncjobs.limits import Day


@require_GET
@login_required
def limits_page(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Today's calls of this workspace."""
    scope = scoping.workspace(request, workspace_id, environment)
    now = datetime.now(UTC)
    day = limits.look(scope, now)
    context: dict[str, Any] = {"day": day, "now": now}
    if day is not None:
        with scope.transaction():
            context["waiting"] = progress.describe_all(day.waiting) if day.waiting else []
        context |= {"facts": _facts(day), "purposes": _purposes(day), "accounts": _accounts(scope, day)}
        context |= {"purpose_columns": _columns("For"), "account_columns": _columns("Account")}
    crumbs = [("Developers", reverse("developers", args=[workspace_id, environment]))]
    frame = pages.inside(scope, "Limits", crumbs=crumbs, here="Developers")
    return render(request, "limits.html", {**context, **frame})


def _columns(first: str) -> list[dict[str, Any]]:
    return [{"label": first}, {"label": "Calls today", "number": True}]


def _facts(day: Day) -> list[dict[str, Any]]:
    use = day.use
    left = max(0, use.share_of_work - use.work)
    jobs = f"{use.work:,} used, {left:,} left for now"
    if (
        not left and not day.waiting
    ):  # nothing is set aside for work that nobody has; whoever comes is given a part
        jobs = f"{use.work:,} used; a job that needs more is given its part"
    found: list[dict[str, Any]] = [
        {"label": "People and programs that wait", "value": f"{use.used:,} used, {use.left:,} left"},
        {"label": "Jobs", "value": jobs},
        {"label": "Starts again", "at": use.resets_at},
    ]
    if day.runs_out_at is not None:
        found.append({"label": "At today's pace it ends", "at": day.runs_out_at})
    return found


def _purposes(day: Day) -> list[list[dict[str, Any]]]:
    rows = [[{"value": text}, {"value": f"{used:,}"}] for text, used in day.purposes]
    return [*rows, [{"value": "All of this environment"}, {"value": f"{day.here:,}"}]]


def _accounts(scope: Scope, day: Day) -> list[list[dict[str, Any]]]:
    rows = []
    for one in day.accounts:
        url = ""
        if one.connection_id is not None:
            url = reverse("connection", args=[scope.tenant_id, scope.environment, one.connection_id])
        rows.append([{"value": one.name, "url": url}, {"value": f"{one.used:,}"}])
    return rows
