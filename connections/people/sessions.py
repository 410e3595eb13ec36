"""Where a person is signed in: the browsers that hold a session of theirs, and ending others.

Promises: three statements, however many sessions there are; rows whose session is over are dropped as they are met.
"""

from datetime import datetime

from allauth.usersessions.internal.flows.sessions import end_other_sessions
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from connections import audit, portions
from connections.models import User


def open_ones(user: User) -> list[UserSession]:
    """The browsers where this person is signed in, the latest sign-in first."""
    rows = list(UserSession.objects.filter(user=user).order_by("-created_at", "-pk"))
    kept = Session.objects.filter(
        session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
    )
    alive = {session.session_key for session in kept if _is_of(session, user)}
    over = [row.pk for row in rows if row.session_key not in alive]
    if over:
        UserSession.objects.filter(pk__in=over).delete()
    return [row for row in rows if row.session_key in alive]


def end_others(request: HttpRequest, user: User) -> int:
    """End every session of a person but the request's own; answers how many there were."""
    others = sum(not row.is_current() for row in open_ones(user))
    if others:
        audit.record("session_revoked", request=request, user=user, about=f"all others, {others}")
        end_other_sessions(request, user)
    return others


def tidy(now: datetime, most: int = portions.AT_ONCE) -> None:
    """Let go of sessions that ended, the visitors' among them: so many a statement, so that nobody waits for it."""
    portions.delete(Session.objects.filter(expire_date__lt=now).order_by("expire_date"), most)


def _is_of(session: Session, user: User) -> bool:
    """Whether it signs this person in still: a new password ends the sessions of the old one."""
    held = session.get_decoded()
    return held.get(SESSION_KEY) == str(user.pk) and constant_time_compare(
        str(held.get(HASH_SESSION_KEY, "")), user.get_session_auth_hash()
    )
