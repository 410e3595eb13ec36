"""How the writing of one contact can end."""

from dataclasses import dataclass
from uuid import UUID

from connections.constantcontact.shapes import Contact
from mapping.unified.writing_consent import Verdict


class NotAllowed(Exception):
    """Nothing may be written on what is said of this person's will; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.text)
        self.verdict = verdict


class Taken(Exception):
    """The address is somebody's already."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(contact_id)
        self.contact_id = contact_id


@dataclass(frozen=True)
class Result:
    """How a write ended: created, updated, unchanged or skipped, the last with its reason; and the contact as it is."""

    outcome: str
    contact: Contact
    ledger_id: UUID | None = None
    reason: str = ""
    text: str = ""
    activities: tuple[str, ...] = ()
