"""A linked account that rests at the vendor's word: nothing is asked of the provider for it but to keep its grant."""

from datetime import UTC, datetime

from connections.constantcontact.errors import ProviderError
from connections.models import Connection


class Paused(ProviderError):
    """The account is paused; nothing was sent."""

    advice = "This account is paused. Resume it, and calls and jobs go on."


def require_running(connection: Connection) -> None:
    """Refuse a paused account.

    Raises:
        Paused: nothing is sent for it now.
    """
    if connection.paused_at is not None:
        raise Paused


def turn(connection: Connection, *, is_paused: bool) -> bool:
    """Pause or resume; whether that changed anything. Inside the connection's scope."""
    if is_paused == (connection.paused_at is not None):
        return False
    connection.paused_at = datetime.now(UTC) if is_paused else None
    Connection.objects.filter(pk=connection.pk).update(paused_at=connection.paused_at)
    return True
