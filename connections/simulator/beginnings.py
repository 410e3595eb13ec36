"""What a simulator's state grows from: a seed, so many accounts, and the size of the largest."""

from .journal import JournalTrouble
from .messages import Json
from .seeds import USUAL_CROWD

DEFAULT_SEED = "patchbay"
DEFAULT_ACCOUNTS = 3


def of(
    entries: list[Json], seed: str | None, accounts: int | None, contacts: int | None
) -> tuple[str, int, int]:
    """What the state grew from: as the journal says, which any given wish must equal."""
    if not entries:
        return seed or DEFAULT_SEED, accounts or DEFAULT_ACCOUNTS, contacts or USUAL_CROWD
    first = entries[0]["effect"]
    if not isinstance(first, dict) or first.get("do") != "start":
        raise JournalTrouble("the journal does not begin with a start of the simulator")
    begun = {"contacts": USUAL_CROWD, **first}
    for name, given in (("seed", seed), ("accounts", accounts), ("contacts", contacts)):
        if given is not None and given != begun[name]:
            raise JournalTrouble(f"the journal was begun with {name} {begun[name]}, not {given}")
    return begun["seed"], begun["accounts"], begun["contacts"]
