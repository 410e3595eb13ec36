"""What allauth asks of Patchbay: its messages are written by `connections.mail`, in Patchbay's words.

Promises: each message names only what its text needs, and says from where it was asked; whoever waits for one finds
its fate under `mail-awaited`; an address that nobody signed up with gets a message too, so that neither the page nor
its pace tells who has an account here.
"""

import logging
from datetime import UTC, datetime
from typing import Any, Final

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from connections import mail
from connections.models import User
from connections.people import loginlimits, reauthentication

log = logging.getLogger(__name__)
# Messages that somebody sits in front of a page for; the others tell of what has happened already.
AWAITED: Final = frozenset(
    {
        "email_confirmation",
        "email_confirmation_signup",
        "account_already_exists",
        "password_reset_key",
        "password_reset_code",
        "unknown_account",
        "login_code",
    }
)
# Where allauth's own words would leave somebody without a next step.
WORDS: Final = {
    "account_inactive": "This account is switched off. An owner of your workspace can help.",
    "duplicate_email": "That is your address already.",
    "email_password_mismatch": "The address or the password is not right. Check both, or reset the password.",
    "email_taken": "Somebody has an account with this address. Sign in, or reset the password.",
    "enter_current_password": "That is not your present password.",
    "incorrect_password": "That is not your password.",
    "invalid_password_reset": "This link no longer works. Ask for a new one.",
    "max_email_addresses": "One change at a time: cancel the one that waits first.",
    "rate_limited": "Too many tries. Wait a minute, then try again.",
    "too_many_login_attempts": "Too many tries. Wait a while, then try again.",
}
# What of allauth's context the texts name; its users, sites and requests stay out of them.
NAMED: Final = (
    "activate_url",
    "password_reset_url",
    "signup_url",
    "code",
    "from_email",
    "to_email",
    "deleted_email",
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Patchbay's answers to allauth's questions."""

    error_messages: Final = {**DefaultAccountAdapter.error_messages, **WORDS}

    def login(self, request: HttpRequest, user: User) -> None:
        """Every step is done: no act asks again for a while."""
        super().login(request, user)
        reauthentication.count_sign_in(request, user)

    def pre_authenticate(
        self, request: HttpRequest, **credentials: Any
    ) -> None:  # Any: as allauth gives them
        """Closed for this account after too many tries; says until when, whether the account exists or not."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            key = self._get_login_attempts_cache_key(request, **credentials)
            raise loginlimits.closed(request, key, str(credentials.get("email", ""))) from None

    def respond_email_verification_sent(self, request: HttpRequest, user: User | None) -> HttpResponseBase:
        """The same answer for an address that is known already, and as slow: no password was hashed for it."""
        if user is None:
            make_password("as slow as a new account")
        answer: HttpResponseBase = super().respond_email_verification_sent(request, user)
        return answer

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's own page, which says that it is done."""
        return reverse("me")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write one of allauth's messages; without mail (EMAIL_OFF) there is none, and pages say so."""
        kind = template_prefix.rpartition("/")[2]
        if not mail.is_on():
            log.info("no message %s: EMAIL_OFF is set", kind)
            return
        request = self.request
        message = mail.send(kind, email, {**_named(context), **_from_where(request)})
        if request is not None and kind in AWAITED:
            mail.wait_for(request, message)


def _named(context: dict[str, Any]) -> dict[str, Any]:  # Any: allauth's contexts
    public = settings.PUBLIC_URL
    return {
        **{name: str(context[name]) for name in NAMED if context.get(name)},
        "confirm_for": in_words(app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS * 86_400),
        "reset_for": in_words(settings.PASSWORD_RESET_TIMEOUT),
        "sign_in_url": public + reverse("account_login"),
        "reset_url": public + reverse("account_reset_password"),
    }


def _from_where(request: HttpRequest | None) -> dict[str, str]:
    """When, from which address and by which browser it was asked."""
    meta = request.META if request is not None else {}
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "client_address": str(meta.get("REMOTE_ADDR") or "unknown"),
        "browser": str(meta.get("HTTP_USER_AGENT") or "unknown"),
    }


def in_words(seconds: int) -> str:
    """A length of time as people say it: 3 days, 1 hour."""
    for length, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = seconds // length
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "a minute"
