"""Who may be sent to Constant Contact. Pure, and never overruled.

An import makes a person who is not there mailable with implicit permission, and leaves the permission of who is
there alone; it would bring back who was deleted. So: who unsubscribed and who was deleted there is not sent.
"""

from dataclasses import dataclass
from typing import Final, Literal

# Where an address stands at the provider, as far as its own data tells.
Standing = Literal["absent", "active", "unsubscribed", "deleted"]


@dataclass(frozen=True)
class Decision:
    """Whether a person may be part of an import; the reason is a row's reason where not."""

    send: bool
    reason: str = ""
    text: str = ""


_DECISIONS: Final[dict[Standing, Decision]] = {
    "absent": Decision(True),
    "active": Decision(True),
    "unsubscribed": Decision(False, "opted_out", "unsubscribed at Constant Contact, and stays so"),
    "deleted": Decision(False, "deleted_there", "was deleted at Constant Contact, and is not brought back"),
}


def may_import(standing: Standing) -> Decision:
    """May a bulk import carry a person who stands so?"""
    return _DECISIONS[standing]
