"""Linking by a link token: a customer's browser, without a login of ours, from the pre-screen to how it ended.

The token comes once in the address and is taken out of it at once: from then on a cookie holds it, with a secret of
this browser. No page of this walk names an id, and none shows anything without that cookie.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connections import pages
from connections.links import linking, linktokens, returning, there
from connections.links.linktokens import Opened
from connections.links.outcomes import OUTCOMES, Refused, error_type, none_to_link_through
from connections.models import Connection, LinkState, ProviderApp
from connections.people.accounts import provider_app_for
from connections.views.leaving import allow_form_to, keeps_its_opener, to_provider

INTEGRATIONS: Final = {"constantcontact", "constant-contact", "constant_contact"}


@dataclass(frozen=True)
class Browser:
    """What the cookie holds: the token, and the secret that tells this browser from others."""

    token: str
    nonce: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Browser":
        """Of this request; both empty where there is no cookie."""
        token, _, nonce = request.COOKIES.get(settings.LINK_TOKEN_COOKIE_NAME, "").partition(".")
        return cls(token, nonce)

    def remember(self, response: HttpResponse) -> None:
        """Keep it in the browser for as long as a token may live."""
        response.set_cookie(
            settings.LINK_TOKEN_COOKIE_NAME,
            f"{self.token}.{self.nonce}",
            max_age=linktokens.LONGEST_SECONDS,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )


@keeps_its_opener
@require_http_methods(["GET", "POST"])
def connect_account(request: HttpRequest) -> HttpResponse:
    """The pre-screen of a link token: who asks, for whom, for what; then on to Constant Contact."""
    browser = Browser.of(request)
    wanted = request.GET.get("integration", "")
    if wanted and wanted.lower() not in INTEGRATIONS:
        return _ended(request, None, "integration_unknown")
    if "link_token" in request.GET:
        return _taken(request, browser)
    opened = linktokens.find(browser.token)
    if opened is None:
        return _ended(request, None, "link_unknown")
    trouble = linktokens.trouble(opened.row, browser.nonce, datetime.now(UTC))
    if trouble:
        return _ended(request, opened, trouble)
    # Another link may have been opened in this browser meanwhile: what was shown is what is started, or nothing.
    if request.method == "POST" and request.POST.get("link") == str(opened.row.pk):
        return _begun(request, opened, browser)
    return _pre_screen(request, opened)


def _taken(request: HttpRequest, browser: Browser) -> HttpResponse:
    """The token leaves the address; a browser that has it already keeps its secret."""
    token = request.GET["link_token"][:200]
    if token != browser.token or not browser.nonce:
        browser = Browser(token, secrets.token_urlsafe(32))
    response = HttpResponseRedirect(reverse("connect-account"), status=303)
    if linktokens.find(token) is None:
        return _ended(request, None, "link_unknown")
    browser.remember(response)
    return response


def _begun(request: HttpRequest, opened: Opened, browser: Browser) -> HttpResponse:
    with opened.scope.transaction():
        is_ours = linktokens.bind(opened.row, browser.nonce, datetime.now(UTC))
    if not is_ours:
        return _ended(request, opened, "link_used")
    try:
        started = linking.start(opened.scope, link_token=opened.row)
    except Refused as refused:
        return _ended(request, opened, refused.code)
    return to_provider(started)


def _pre_screen(request: HttpRequest, opened: Opened) -> HttpResponse:
    row, scope = opened.row, opened.scope
    app = _app_of(opened)
    if app is None:
        return _ended(request, opened, none_to_link_through(scope.environment))
    context = {
        "row": row,
        "vendor": scope.workspace_name,
        "environment": scope.environment,
        "reconnecting": row.reconnecting,
        "connected": None if row.reconnecting else there.connected(scope, row.customer_ref),
        "not_now": _back(row.redirect_uri, _failure("closed")),
        **pages.plain("Connect an account"),
    }
    response = render(request, "connect/customer.html", context)
    allow_form_to(response, app)
    return response


def _app_of(opened: Opened) -> ProviderApp | None:
    if opened.row.reconnecting is not None:
        return opened.row.reconnecting.provider_app
    with opened.scope.transaction():
        return provider_app_for(opened.scope.tenant_id, opened.scope.environment)


@keeps_its_opener
@require_GET
def connect_account_ended(request: HttpRequest) -> HttpResponse:
    """How the link of this browser ended."""
    browser = Browser.of(request)
    opened = linktokens.find(browser.token)
    if opened is None or not linktokens.is_bound_to(opened.row, browser.nonce):
        return _ended(request, None, "link_unknown")
    with opened.scope.transaction():
        states = LinkState.objects.select_related("reconnecting").filter(link_token=opened.row)
        last = states.exclude(outcome="").first()
        linked_id = last.linked_connection_id if last else None
        linked = Connection.objects.filter(pk=linked_id).first() if linked_id else None
    if last is None:
        return redirect("connect-account")
    if last.outcome != "connected" or linked is None:
        return _ended(request, opened, last.outcome if last.outcome in OUTCOMES else "link_used", last)
    context = {
        "vendor": opened.scope.workspace_name,
        "connection": linked,
        "back": _back(opened.row.redirect_uri, _success(str(linked.pk))),
        **pages.plain(f"Connected to {linked}"),
    }
    return render(request, "connect/connected.html", context)


def after_callback(ended: linking.Ended) -> str:
    """Where the browser goes when a link by token has come back from the provider."""
    assert ended.link_token is not None
    if ended.outcome == "connected" and ended.link_token.redirect_uri:
        return _back(ended.link_token.redirect_uri, _success(str(ended.connection_id)))
    return reverse("connect-account-ended")


def _success(connection_id: str) -> dict[str, str]:
    found = {"result": "success", "integration": returning.INTEGRATION}
    return found | {"integrated_account_id": connection_id}


def _failure(outcome: str, last: LinkState | None = None) -> dict[str, str]:
    """An account that was kept but not read to its end is named."""
    kept = str(last.linked_connection_id) if last is not None and last.linked_connection_id else ""
    found = {
        "result": "error",
        "error": outcome,
        "error_type": "post_install_error" if kept else error_type(outcome),
        "integration": returning.INTEGRATION,
    }
    return found | ({"integrated_account_id": kept} if kept else {})


def _back(redirect_uri: str, result: dict[str, str]) -> str:
    return returning.with_result(redirect_uri, result) if redirect_uri else ""


def _ended(
    request: HttpRequest, opened: Opened | None, outcome: str, last: LinkState | None = None
) -> HttpResponse:
    """A page that says what happened, who can mend it, and the way on."""
    words = OUTCOMES[outcome]
    again = opened is not None and not linktokens.trouble(
        opened.row, Browser.of(request).nonce, datetime.now(UTC)
    )
    context = {
        "words": words,
        "outcome": outcome,
        "attempt": last,
        "vendor": opened.scope.workspace_name if opened else "",
        "again": again and last is not None,
        "back": _back(opened.row.redirect_uri, _failure(outcome, last)) if opened else "",
        **pages.plain(words.title),
    }
    return render(request, "connect/customer_ended.html", context, status=400)
