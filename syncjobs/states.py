"""The states of a job and what may follow what. Pure."""

from typing import Final

OPEN: Final = frozenset({"queued", "running", "waiting"})
OVER: Final = frozenset({"done", "failed", "stopped"})
CAN_STOP: Final = OPEN | {"attention"}
CAN_RETRY: Final = frozenset({"failed", "attention"})
# Reasons why a job asks for a person that are gone once the account is reconnected.
MENDED_BY_RECONNECTING: Final = ("needs_reauth", "privilege_lost", "scope_missing", "forbidden")

WORDS: Final[dict[str, tuple[str, str]]] = {
    "queued": ("Queued", "notice"),
    "running": ("Running", "notice"),
    "waiting": ("Waiting", "late"),
    "attention": ("Needs you", "late"),
    "done": ("Done", "working"),
    "failed": ("Failed", "stopped"),
    "stopped": ("Stopped", "stopped"),
}


def words(state: str, rejected: int = 0) -> tuple[str, str]:
    """The word people read for a state, and the colour's name."""
    if state == "done" and rejected:
        return "Done with rejects", "late"
    return WORDS[state]
