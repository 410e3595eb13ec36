"""When sign-in is closed after too many tries, and until when.

allauth counts (ACCOUNT_RATE_LIMITS) in the database's cache, by the account that is tried and by the caller's true
address; no header of the caller's own is believed (`config.middleware.caller_address`). Here the end of a closed time
is found, put into words, and written into the audit once an hour.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from allauth.account import app_settings
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from connections import audit
from connections.models import User

APP: Final = "allauth.account"
ONCE: Final = timedelta(hours=1)
# Codes of allauth's for a closed door.
CLOSED: Final = frozenset({"too_many_login_attempts", "rate_limited"})


def opens_at(request: HttpRequest, actions: Iterable[str], key: str | None = None) -> datetime | None:
    """When the last of these actions' limits that are reached lets somebody in again; None if none is reached."""
    now, found = time.time(), 0.0
    for action in actions:
        for rate in ratelimit.get_rates(app=APP, action=action):
            if not _applies(request, rate, key):
                continue
            name = ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)
            tries = [at for at in cache.get(name, []) if at > now - rate.duration]
            if len(tries) >= rate.amount:
                # The newest stands first; the door opens when the oldest that counts is forgotten.
                found = max(found, tries[rate.amount - 1] + rate.duration)
    return datetime.fromtimestamp(found, UTC) if found else None


def closed(request: HttpRequest, key: str, about: str, user: User | None = None) -> ValidationError:
    """The error for a form whose account is closed for a while: says until when; the audit knows too."""
    audit.record("login_limited", request=request, user=user, about=about, once=ONCE)
    return ValidationError(in_words(opens_at(request, ["login_failed"], key)), code="too_many_login_attempts")


def in_words(until: datetime | None) -> str:
    """Until when, and what helps meanwhile."""
    left = (until - datetime.now(UTC)).total_seconds() if until else 60
    minutes = max(1, -(-int(left) // 60))
    wait = f"{minutes} minute{'' if minutes == 1 else 's'}"
    when = f" (at {until + timedelta(seconds=59):%H:%M} UTC)" if until else ""
    return f"Too many tries. You can try again in {wait}{when}."


def for_page(request: HttpRequest) -> datetime | None:
    """When a page that answered 429 opens again; also notes it in the audit."""
    audit.record("login_limited", request=request, about=request.path, once=ONCE)
    return opens_at(request, app_settings.RATE_LIMITS)


def _applies(request: HttpRequest, rate: ratelimit.Rate, key: str | None) -> bool:
    if rate.per == "key":
        return key is not None
    return rate.per == "ip" or isinstance(request.user, User)
