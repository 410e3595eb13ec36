"""The list of linked accounts: found by a few letters, told apart by health, fifty a page."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connections import health, listing, pages, paging, scoping
from connections.models import Connection, ProviderApp
from syncjobs import accounts


@require_GET
@login_required
def connections_list(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The linked accounts of this environment, and how each is. HTMX asks for the results alone."""
    scope = scoping.workspace(request, workspace_id, environment)
    now = datetime.now(UTC)
    search = listing.Search.of(request.GET)
    chosen = request.GET.get("health", "")
    chosen = chosen if chosen in health.CONDITIONS else ""
    with scope.transaction():
        rows = accounts.with_work(search.narrow(Connection.objects.all()), now)
        counts = accounts.count_by_health(rows)
        if chosen:
            rows = rows.filter(health.CONDITIONS[chosen][1])
        page = paging.page(accounts.with_last(rows, now), listing.KEY, request.GET)
        shown = accounts.describe(page.rows)
        can_link = ProviderApp.objects.filter(kind=environment).exists()
    context: dict[str, Any] = {
        "accounts": shown,
        "page": page,
        "count": counts[chosen or "all"],
        "search": search,
        "chosen": chosen,
        "chosen_word": health.CONDITIONS[chosen][0] if chosen else "",
        "choices": [(name, label, counts[name]) for name, (label, _) in health.CONDITIONS.items()],
        "is_narrowed": search.is_on or bool(chosen),
        "can_link": can_link,
    }
    template = "connections.html#results" if request.htmx else "connections.html"  # type: ignore[attr-defined]  # django-htmx puts it there
    return render(request, template, {**context, **pages.inside(scope, "Accounts", here="Accounts")})
