"""The mapping of all accounts at a glance."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connections import listing, pages, paging, scoping
from connections.models import Connection
from mapping import progress


@require_GET
@login_required
def overview(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Each account, how much of its mapping is set, and what has drifted. HTMX asks for the results alone."""
    scope = scoping.workspace(request, workspace_id, environment)
    search = listing.Search.of(request.GET)
    chosen = request.GET.get("mapping", "")
    chosen = chosen if chosen in progress.CONDITIONS else ""
    with scope.transaction():
        rows = search.narrow(Connection.objects.all())
        if chosen:
            rows = progress.with_state(rows).filter(progress.CONDITIONS[chosen][1])
        count = rows.count()
        page = paging.page(rows, listing.KEY, request.GET)
        shown = progress.describe(page.rows)
    context = {
        "accounts": shown,
        "page": page,
        "count": count,
        "search": search,
        "chosen": chosen,
        "chosen_word": progress.CONDITIONS[chosen][0] if chosen else "",
        "choices": [(name, label, None) for name, (label, _) in progress.CONDITIONS.items()],
        "is_narrowed": search.is_on or bool(chosen),
    }
    template = "mapping_home.html#results" if request.htmx else "mapping_home.html"  # type: ignore[attr-defined]  # django-htmx puts it there
    return render(request, template, {**context, **pages.inside(scope, "Mapping", here="Mapping")})
