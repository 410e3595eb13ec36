"""What a developer needs: API tokens of this environment, and a first call."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import audit, pages, roles, scoping, shownonce
from connections.forms_team import RotateForm, TokenForm
from connections.models import ApiKey, Environment
from connections.people import team
from connections.people.accounts import provider_app_for
from connections.people.reauthentication import required
from connections.programs import keys
from connections.scoping import Scope

MANAGE = "manage API tokens"
MOST_TOKENS = 100


def _frame(scope: Scope, title: str) -> dict[str, Any]:
    crumbs = [("Developers", reverse("developers", args=[scope.tenant_id, scope.environment]))]
    return pages.inside(scope, title, crumbs=crumbs, here="Developers")


def _shown(key: ApiKey) -> dict[str, Any]:
    """A token as pages show it; never its text."""
    now = datetime.now(UTC)
    state = "working" if keys.is_good(key, now) else "stopped"
    label = "Revoked" if key.revoked_at else "Expired" if state == "stopped" else "Working"
    return {
        "key": key,
        "status": state,
        "label": label,
        "is_good": state == "working",
        "scopes": keys.in_words(key.scopes),
        "made_by": team.person_name(key.created_by) if key.created_by else "",
    }


def _key(scope: Scope, key_id: UUID) -> ApiKey:
    """Inside the scope."""
    return scoping.one(ApiKey.objects.select_related("created_by", "environment"), pk=key_id)


def first_call(token: str = "") -> str:
    """A call that shows whether a token is good, to be pasted into a terminal."""
    return (
        f'curl {settings.PUBLIC_URL}/api/ping \\\n  -H "Authorization: Bearer {token or "$PATCHBAY_TOKEN"}"'
    )


@require_GET
@login_required
def home(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """The tokens of this environment, and a first call."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        rows = [_shown(key) for key in ApiKey.objects.select_related("created_by")[: 2 * MOST_TOKENS]]
        app = provider_app_for(scope.tenant_id, environment)
    context = {
        "working": [row for row in rows if row["is_good"]],
        "ended": [row for row in rows if not row["is_good"]],
        "app": app,
        "curl": first_call(),
        "why_not": roles.why_not(scope.role, MANAGE),
        **pages.inside(scope, "Developers", here="Developers"),
    }
    return render(request, "developers/home.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def new(request: HttpRequest, workspace_id: UUID, environment: str) -> HttpResponse:
    """Create a token, after asking again who one is."""
    return _new(request, scoping.workspace(request, workspace_id, environment, MANAGE))


@required
def _new(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        ends = datetime.now(UTC) + timedelta(days=int(given["expiry"])) if given["expiry"] else None
        with scope.transaction():
            # Held, so that two at once come one after the other and the count below is true.
            environment = Environment.objects.select_for_update().get(pk=scope.environment_id)
            if ApiKey.objects.filter(revoked_at=None).count() >= MOST_TOKENS:
                form.add_error(
                    None, f"This environment has {MOST_TOKENS} tokens, the most. Revoke one first."
                )
            else:
                key, token = keys.create(
                    environment, given["name"], scopes=form.chosen, expires_at=ends, user=scope.user
                )
                _record(request, scope, "token_created", key)
        if not form.errors:
            shownonce.keep(request, scope.tenant_id, key.pk, token)
            return redirect("token", scope.tenant_id, scope.environment, key.pk)
    context = {"form": form, **_frame(scope, f"Create a {scope.environment} token")}
    return render(request, "developers/new.html", context, status=422 if form.errors else 200)


@require_GET
@login_required
def token(request: HttpRequest, workspace_id: UUID, environment: str, key_id: UUID) -> HttpResponse:
    """One token; its text on the first look after it was made."""
    scope = scoping.workspace(request, workspace_id, environment)
    with scope.transaction():
        key = _key(scope, key_id)
    text = shownonce.take(request, scope.tenant_id, key.pk)
    context = {
        "text": text,
        "curl": first_call(text),
        "why_not": roles.why_not(scope.role, MANAGE),
        **_shown(key),
        **_frame(scope, key.name),
    }
    return render(request, "developers/token.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def revoke(request: HttpRequest, workspace_id: UUID, environment: str, key_id: UUID) -> HttpResponse:
    """Take a token back, after saying when it was used last."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    with scope.transaction():
        key = _key(scope, key_id)
        if request.method == "POST" and key.revoked_at is None:
            keys.revoke(key)
            _record(request, scope, "token_revoked", key)
    if request.method == "POST":
        messages.success(request, f"“{key.name}” is revoked. Calls with it are refused from now on.")
        return redirect("developers", workspace_id, environment)
    context = {**_shown(key), **_frame(scope, f"Revoke {key.name}")}
    return render(request, "developers/revoke.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def rotate(request: HttpRequest, workspace_id: UUID, environment: str, key_id: UUID) -> HttpResponse:
    """A new token in the place of this one, which goes on for some days."""
    scope = scoping.workspace(request, workspace_id, environment, MANAGE)
    with scope.transaction():
        _key(scope, key_id)
    return _rotate(request, scope, key_id)


@required
def _rotate(request: HttpRequest, scope: Scope, key_id: UUID) -> HttpResponse:
    form = RotateForm(request.POST if request.method == "POST" else None)
    with scope.transaction():
        key = _key(scope, key_id)
        is_good = keys.is_good(key, datetime.now(UTC))
        if request.method == "POST" and form.is_valid() and is_good:
            new_key, text = keys.rotate(key, int(form.cleaned_data["overlap"]), scope.user)
            _record(request, scope, "token_created", new_key)
            shownonce.keep(request, scope.tenant_id, new_key.pk, text)
            return redirect("token", scope.tenant_id, scope.environment, new_key.pk)
    if not is_good:
        messages.error(request, "This token has ended, and there is nothing to rotate. Create a new one.")
        return redirect("developers", scope.tenant_id, scope.environment)
    context = {"form": form, **_shown(key), **_frame(scope, f"Rotate {key.name}")}
    return render(request, "developers/rotate.html", context, status=422 if form.errors else 200)


def _record(request: HttpRequest, scope: Scope, action: str, key: ApiKey) -> None:
    audit.record(
        action,
        request=request,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=f"{key.name} ({key.prefix}…)",
        new={
            "may": ", ".join(key.scopes),
            "ends": f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
        }
        if action == "token_created"
        else None,
    )
