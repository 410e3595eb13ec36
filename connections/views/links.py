"""Linking an account: the pre-screen, the way back from Constant Contact, and every end without a connection."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import pages, scoping
from connections.forms import ConnectForm
from connections.links import linking, there
from connections.links.outcomes import OUTCOMES, Refused, none_to_link_through
from connections.models import Connection, LinkState
from connections.people.accounts import provider_app_for
from connections.views import connecting
from connections.views.leaving import allow_form_to, keeps_its_opener, to_provider


@require_http_methods(["GET", "POST"])
@login_required
def connect(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The pre-screen: who asks, for what; then on to Constant Contact."""
    scope = scoping.workspace(request, workspace_id, environment, "connect")
    reconnecting = _reconnecting(request, scope)
    form = ConnectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            started = linking.start(
                scope, customer_ref=form.cleaned_data["customer_ref"], reconnecting=reconnecting
            )
        except Refused as refused:
            return redirect("connect-ended", workspace_id, environment, refused.code)
        return to_provider(started)
    with scope.transaction():
        app = reconnecting.provider_app if reconnecting else provider_app_for(scope.tenant_id, environment)
    if app is None:
        return redirect("connect-ended", workspace_id, environment, none_to_link_through(environment))
    context = {
        "form": form,
        "app": app,
        "reconnecting": reconnecting,
        "connected": None if reconnecting else there.connected(scope),
        **pages.inside(scope, "Connect an account"),
    }
    response = render(request, "connect/start.html", context)
    allow_form_to(response, app)
    return response


def _reconnecting(request: HttpRequest, scope: scoping.Scope) -> Connection | None:
    wanted = request.GET.get("reconnect")
    if not wanted:
        return None
    with scope.transaction():
        return scoping.one(Connection.objects.select_related("provider_app__pool"), pk=_uuid(wanted))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@keeps_its_opener
@require_GET
def callback(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Where Constant Contact sends the browser back; the address with the code in it is left at once."""
    answer = linking.Answer(
        state=request.GET.get("state", ""),
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
    )
    ended = linking.complete(
        app_id, answer, request.COOKIES.get(settings.LINK_COOKIE_NAME, ""), request=request
    )
    if ended.tenant_id is None:
        target = reverse("connect-unknown", args=[ended.outcome])
    elif ended.link_token is not None:
        target = connecting.after_callback(ended)
    elif ended.outcome == "connected":
        target = (
            reverse("connection", args=[ended.tenant_id, ended.environment, ended.connection_id])
            + "?connected=1"
        )
    else:
        target = reverse("connect-ended", args=[ended.tenant_id, ended.environment, ended.outcome])
        target += f"?attempt={ended.state_id}"
    # The cookie stays until it ends by itself: with it, who comes back to a used address is told that it was used.
    return HttpResponseRedirect(target, status=303)


@keeps_its_opener
@require_GET
def connect_unknown(request: HttpRequest, outcome: str) -> HttpResponse:
    """A link that ended before its workspace was known."""
    if outcome not in OUTCOMES:
        raise Http404
    context = {"words": OUTCOMES[outcome], "outcome": outcome, **pages.plain(OUTCOMES[outcome].title)}
    return render(request, "connect/ended.html", context, status=400)


@require_GET
@login_required
def connect_ended(request: HttpRequest, workspace_id: UUID, environment: str, outcome: str) -> HttpResponse:
    """A link that ended without a connection: what happened, who can mend it, what to do."""
    scope = scoping.workspace(request, workspace_id, environment)
    if outcome not in OUTCOMES:
        raise Http404
    attempt = None
    if request.GET.get("attempt"):
        with scope.transaction():
            rows = LinkState.objects.select_related("reconnecting")
            attempt = scoping.one(rows, pk=_uuid(request.GET["attempt"]))
    words = OUTCOMES[outcome]
    context = {"words": words, "outcome": outcome, "attempt": attempt, **pages.inside(scope, words.title)}
    return render(request, "connect/ended.html", context, status=400)
