"""The link that confirms an address: works on any device, once; a used or expired one says so and offers a new one."""

from typing import Final

from allauth.account import app_settings, views
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections import mail, pages
from connections.audit import refusals

# What became of a link, and the status of its page.
STATUS: Final = {"used": 410, "expired": 410, "unknown": 404}


@never_cache
@require_http_methods(["GET", "POST"])
def confirm_email(request: HttpRequest, key: str) -> HttpResponse:
    """Ask whether the address is this person's, and confirm it by a POST: what only looks at links confirms nothing."""
    state, address = _read(key)
    if request.method == "POST" and "again" in request.POST:
        return _again(request, address if state == "expired" else None)
    if state != "open":
        refusals.note_link(request, state)
        context = {
            "state": state,
            "key": key,
            "mail_is_on": mail.is_on(),
            **pages.plain("Confirm your address"),
        }
        return render(request, "account/email_confirm_ended.html", context, status=STATUS[state])
    answer: HttpResponse = views.confirm_email(request, key=key)
    return answer


def _read(key: str) -> tuple[str, EmailAddress | None]:
    """What became of the link: open, used, expired or unknown; and its address."""
    try:
        pk = signing.loads(key, salt=app_settings.SALT)
    except signing.BadSignature:
        return "unknown", None
    address = EmailAddress.objects.select_related("user").filter(pk=pk).first()
    if address is None:
        return "unknown", None
    if address.verified:
        return "used", address
    try:
        signing.loads(
            key, salt=app_settings.SALT, max_age=86_400 * app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS
        )
    except signing.SignatureExpired:
        return "expired", address
    return "open", address


def _again(request: HttpRequest, address: EmailAddress | None) -> HttpResponse:
    """A new link, to the address of the old one; not twice within a minute."""
    if address is not None:
        send_verification_email_to_address(request, address, signup=not address.user.last_login)
    return redirect("account_email_verification_sent")
