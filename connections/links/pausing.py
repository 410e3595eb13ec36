"""A linked account that rests at the vendor's word: nothing is asked of the provider for it but to keep its grant."""

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
