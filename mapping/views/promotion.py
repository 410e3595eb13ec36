"""Taking what is set up in test to live: the difference first, then exactly that, by one action.

The one page that looks into both environments, for a member of the workspace that both belong to. It carries names
over and nothing else: no token, connection, job or contact, and no id of one environment is accepted in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections import audit, pages, roles, scoping
from connections.models import Connection, Environment
from connections.scoping import Scope
from mapping import promotion, setups
from mapping.forms_pair import PairForm
from mapping.models import AppField, ListMapping, TagMapping
from mapping.promotion import ADDED, CANNOT, CHANGED, SAME, Difference, SetUp

ACTION: Final = "take the set-up live"
SHOWN: Final = 200
# verdict: word, tone, icon
WORDS: Final = {
    ADDED: ("Added", "working", "plus"),
    CHANGED: ("Changed", "notice", "change"),
    SAME: ("Already the same", "idle", "equal"),
    CANNOT: ("Cannot be taken", "stopped", "reject"),
}


@dataclass(frozen=True)
class Side:
    """One environment: the accounts to choose from, the one that is chosen, and its set-up."""

    rows: Sequence[Connection]
    more: bool
    chosen: Connection | None
    set_up: SetUp


@require_http_methods(["GET", "POST"])
@login_required
def take_live(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The difference between an account in test and one in live, and the button that takes it."""
    scope = scoping.workspace(
        request, workspace_id, environment, ACTION if request.method == "POST" else "view"
    )
    if scope.environment != Environment.Kind.LIVE:
        return redirect(_address(workspace_id, request.GET.dict()))
    asked = request.POST if request.method == "POST" else request.GET
    test = _test_side(scope.of_other_environment(), asked)
    live = _live_side(scope, asked, test.chosen)
    if request.method != "POST":
        return _page(request, scope, test, live, asked)
    target = live.chosen
    if test.chosen is None or target is None:
        return _page(request, scope, test, live, asked, status=422)
    taken = _take(request, scope, test, target, asked.get("digest", ""))
    if taken is None:
        live = _live_side(scope, asked, test.chosen)
        return _page(request, scope, test, live, asked, status=409)
    verb = "is" if taken.size == 1 else "are"
    messages.success(request, f"{_changes(taken.size)} {verb} live for {target}.")
    return redirect(_address(workspace_id, {"test_account": test.chosen.pk, "live_account": target.pk}))


def _take(
    request: HttpRequest, scope: Scope, test: Side, connection: Connection, shown: str
) -> Difference | None:
    """Take over exactly what was shown; None where either side is not what it was then."""
    with scope.transaction():
        setups.lock(connection)
        live = setups.of(connection, with_catalog=True)
        if promotion.digest(test.set_up, live) != shown:
            return None
        found = setups.differ(test.set_up, live)
        setups.take_over(connection, found)
        if found.size:
            counts = {name: found.counts[name] for name in (ADDED, CHANGED, CANNOT)}
            audit.record(
                "taken_live",
                request=request,
                tenant_id=scope.tenant_id,
                environment=scope.environment,
                about=str(connection),
                new={"from": str(test.chosen), **counts},
            )
    return found


def _test_side(scope: Scope, asked: QueryDict) -> Side:
    """Accounts in test that have a set-up."""
    mine = {"connection": OuterRef("pk")}
    with scope.transaction():
        set_up = Connection.objects.filter(
            Exists(AppField.objects.filter(**mine))
            | Exists(ListMapping.objects.filter(**mine))
            | Exists(TagMapping.objects.filter(**mine))
        )
        wanted = _id(asked.get("test_account", ""))
        rows = _first(set_up, Q(pk=wanted)) if wanted else _first(set_up)
        chosen = _chosen(rows, wanted)
        found = setups.of(chosen, with_catalog=False) if chosen else SetUp()
    return Side(rows[:SHOWN], len(rows) > SHOWN, chosen, found)


def _live_side(scope: Scope, asked: QueryDict, test: Connection | None) -> Side:
    """Accounts in live; the one with test's customer reference is chosen before anybody does."""
    search = asked.get("search", "").strip()[:200]
    with scope.transaction():
        wanted = _id(asked.get("live_account", ""))
        reference = test.customer_ref if test and not wanted else ""
        meant = Q(pk=wanted) if wanted else Q(customer_ref=reference) if reference else Q()
        found = Q(account_name__icontains=search) | Q(customer_ref__icontains=search) if search else Q()
        rows = _first(Connection.objects.filter(found | meant if search and meant else found), meant)
        same = [row for row in rows[:2] if reference and row.customer_ref == reference]
        chosen = same[0] if len(same) == 1 else _chosen(rows, wanted)
        set_up = setups.of(chosen, with_catalog=True) if chosen and test else SetUp()
    return Side(rows[:SHOWN], len(rows) > SHOWN, chosen, set_up)


def _first(found: QuerySet[Connection], meant: Q | None = None) -> list[Connection]:
    """The first accounts by name, before them those that are meant; one more than are shown."""
    rank = Case(When(meant, then=0), default=1) if meant else Value(0)
    return list(found.order_by(rank, "account_name", "id")[: SHOWN + 1])


def _chosen(rows: Sequence[Connection], wanted: UUID | None) -> Connection | None:
    """The account that is asked for, or the only one there is.

    Raises:
        Http404: what is asked for is not here.
    """
    if wanted is None:
        return rows[0] if len(rows) == 1 else None
    if rows and rows[0].pk == wanted:
        return rows[0]
    raise Http404


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404 from None


# --- The page --------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, scope: Scope, test: Side, live: Side, asked: QueryDict, *, status: int = 200
) -> HttpResponse:
    place = [scope.tenant_id, scope.environment]
    form = PairForm(
        test.rows,
        live.rows,
        {
            "test_account": str(test.chosen.pk) if test.chosen else "",
            "live_account": str(live.chosen.pk) if live.chosen else "",
        },
    )
    context = {
        "pair": form,
        "test": test,
        "live": live,
        "search": asked.get("search", ""),
        "is_old": status == 409,
        "is_unchosen": status == 422,
        "who_may": roles.who_may(ACTION),
        **(_shown(test, live) if test.chosen and live.chosen else {}),
        **pages.inside(
            scope,
            "Take the set-up live",
            crumbs=[("Mapping", reverse("mapping-home", args=place))],
            here="Mapping",
        ),
    }
    return render(request, "promotion.html", context, status=status)


def _shown(test: Side, live: Side) -> dict[str, Any]:
    """The difference, as the template draws it."""
    found = setups.differ(test.set_up, live.set_up)
    parts = [
        _part("Fields", "Field of your app", [_row(one, promotion.said_field) for one in found.fields]),
        _part("Lists", "List of your app", [_row(one, promotion.said_list) for one in found.lists]),
        _part("Tags", "Tag of your app", [_row(one, promotion.said_tag) for one in found.tags]),
    ]
    return {
        "difference": found,
        "button": f"Take {_changes(found.size)} live",
        "digest": promotion.digest(test.set_up, live.set_up),
        "parts": [part for part in parts if part["rows"] or part["same"]],
        "counters": [
            {"label": word, "value": found.counts[verdict], "tone": tone, "icon": icon}
            for verdict, (word, tone, icon) in WORDS.items()
        ],
        "left_alone": len(promotion.left_alone(test.set_up, live.set_up)),
    }


def _part(title: str, heading: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    moving = [row for row in rows if row["verdict"] != SAME]
    return {
        "title": title,
        "heading": heading,
        "rows": moving,
        "same": [row for row in rows if row["verdict"] == SAME],
    }


def _row(one: Any, said: Any) -> dict[str, Any]:  # Any: a change of a field, list or tag, with its words
    word, tone, icon = WORDS[one.verdict]
    return {
        "name": one.after.name,
        "before": said(one.before),
        "after": said(one.before if one.verdict == CANNOT else one.after),
        "wanted": said(one.after),
        "is_absent": one.before is None,
        "verdict": one.verdict,
        "reason": one.reason,
        "word": word,
        "tone": tone,
        "icon": icon,
    }


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count:,} changes"


def _address(workspace_id: UUID, query: dict[str, Any]) -> str:
    address = reverse("take-live", args=[workspace_id, Environment.Kind.LIVE.value])
    return f"{address}?{urlencode(query)}" if query else address
