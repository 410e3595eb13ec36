"""How a connection is, in the words people read: the one place that says which word and why.

Working, Late, Needs you, Paused and Stopped are what can be told. What jobs know of a connection (`asks`, `behind`) is
handed in from the floor above. How its grant is comes from its token row: join it (`with_token`) where more than one
connection is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from connections.models import Connection, ConnectionToken

_ACTIVE: Final = Connection.Status.ACTIVE
_TO_FINISH: Final = (
    Connection.Status.NEEDS_REAUTH,
    Connection.Status.CONNECTING,
    Connection.Status.POST_INSTALL_ERROR,
)


@dataclass(frozen=True)
class Health:
    """A word, the state that colours it, and a sentence."""

    word: str
    state: str
    sentence: str
    asks_to_reconnect: bool = False


@dataclass(frozen=True)
class Grant:
    """How a connection's grant is: `healthy`, `late` (renewed later than it should be) or `needs_reconnect`.

    `until` is when its present token ends: the deadline of a late one; `reason` is a key of RENEWAL_TROUBLES.
    """

    state: str
    until: datetime | None
    reason: str = ""


# Why a renewal is late; other reasons read as the first.
RENEWAL_TROUBLES: Final = {
    "": "Constant Contact has not renewed this link yet. It is tried again by itself.",
    "lost_answer": "Constant Contact's answer was lost while this link was renewed. It is tried again by itself; if "
    "that is refused, the account must be reconnected.",
    "invalid_client": "Constant Contact refuses the application's client id or secret, so this link is not renewed. "
    "Whoever runs Patchbay corrects them; the account need not be reconnected.",
    "key_missing": "The key that sealed this link is not in SECRETS_KEYS. Whoever runs Patchbay puts it back "
    "(manage.py doctor names it); nothing is lost.",
    "internal_error": "Something went wrong on our side while this link was renewed. It is tried again by itself.",
}


def with_token(rows: "QuerySet[Connection]") -> "QuerySet[Connection]":
    """The connections with their token rows, without what is sealed in them."""
    return rows.select_related("token").defer("token__access_sealed", "token__refresh_sealed")


def grant_of(connection: Connection) -> Grant:
    """How its grant is."""
    token: ConnectionToken | None = getattr(connection, "token", None)
    until = token.expires_at if token is not None else None
    if connection.status == Connection.Status.NEEDS_REAUTH or token is None:
        return Grant("needs_reconnect", until)
    if token.failures:
        return Grant("late", until, token.failure)
    return Grant("healthy", until)


def _late(grant: Grant) -> str:
    words = RENEWAL_TROUBLES.get(grant.reason, RENEWAL_TROUBLES[""])
    ends = f" The present permission lasts until {grant.until:%Y-%m-%d %H:%M} UTC." if grant.until else ""
    return words + ends


def of(connection: Connection, *, asks: str = "", behind: str = "") -> Health:
    """The health of a connection.

    Args:
        connection: its row.
        asks: what a job of it asks a person to do, "" if none does.
        behind: why a job of it is late, "" if none is.
    """
    if connection.status == Connection.Status.NEEDS_REAUTH:
        return Health("Needs you", "late", connection.last_error or "Reconnect it to go on.", True)
    if connection.status in {Connection.Status.CONNECTING, Connection.Status.POST_INSTALL_ERROR}:
        return Health(
            "Needs you", "late", connection.last_error or "Connecting has not finished. Connect again.", True
        )
    if connection.status != _ACTIVE:
        words = connection.last_error or "Constant Contact refused this link."
        return Health("Stopped", "stopped", words, True)
    if connection.paused_at is not None:
        return Health("Paused", "notice", "Nothing is read or sent for it until it is resumed.")
    if connection.refusal:
        return Health("Needs you", "late", connection.last_error, True)
    if asks:
        return Health("Needs you", "late", asks)
    grant = grant_of(connection)
    if grant.state == "late":
        return Health("Late", "late", _late(grant))
    if behind:
        return Health("Late", "late", behind)
    return Health("Working", "working", "Connected and ready.")


# The same decision for a whole list: rows carry `status`, and `asks` and `behind` as yes or no.
_RUNS: Final = Q(status=_ACTIVE, paused_at=None)
_ASKS: Final = Q(asks=True) | ~Q(refusal="")
_BEHIND: Final = Q(behind=True) | Q(token__failures__gt=0)
CONDITIONS: Final[dict[str, tuple[str, Q]]] = {
    "working": ("Working", _RUNS & ~_ASKS & ~_BEHIND),
    "late": ("Late", _RUNS & ~_ASKS & _BEHIND),
    "needs-you": ("Needs you", Q(status__in=_TO_FINISH) | (_RUNS & _ASKS)),
    "paused": ("Paused", Q(status=_ACTIVE, paused_at__isnull=False)),
    "stopped": ("Stopped", ~Q(status__in=(_ACTIVE, *_TO_FINISH))),
    "reconnect": ("To be connected again", ~Q(status=_ACTIVE) | ~Q(refusal="")),
}
