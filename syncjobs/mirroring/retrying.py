"""How often a reading begins something again before it gives up."""

from typing import Any, Final

from syncjobs.queue import GaveUp

MOST_TRIES: Final = 3


def again(cursor: dict[str, Any], what: str, **changes: Any) -> dict[str, Any]:
    """The cursor of another try, counted; a thing that never works must not eat everybody's calls.

    Raises:
        GaveUp: it did not work often enough.
    """
    tries = cursor.get(what, 0) + 1
    if tries > MOST_TRIES:
        raise GaveUp("provider_unavailable", "Constant Contact could not tell who is in the account.")
    return {**cursor, what: tries, **changes}
