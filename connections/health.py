"""How a connection is, in the words people read. Pure."""

from dataclasses import dataclass

from connections.models import Connection


@dataclass(frozen=True)
class Health:
    """A word, the state that colours it, and a sentence."""

    word: str
    state: str
    sentence: str


def of(connection: Connection) -> Health:
    """The health of a connection."""
    if connection.status == Connection.Status.ACTIVE:
        return Health("Working", "working", "Connected and ready.")
    if connection.status == Connection.Status.NEEDS_REAUTH:
        return Health("Needs you", "late", connection.last_error or "Reconnect it to go on.")
    if connection.status == Connection.Status.CONNECTING:
        return Health(
            "Not finished", "late", connection.last_error or "Connecting has not finished. Connect again."
        )
    return Health("Stopped", "stopped", connection.last_error or "Constant Contact refused this link.")
