"""What may be done for one person, on what a program says of that person's will; each decision is added to the ledger.

Who gets another address is judged as a new person of that address besides: no permission goes with somebody to an
address that never gave any.
"""

from uuid import UUID

from connections.constantcontact import errors
from connections.constantcontact.shapes import Contact
from connections.models import Connection
from mapping import consentledger, values
from mapping.consent import Call, Evidence, Will
from mapping.consentledger import Entry
from mapping.contactends import NotAllowed
from mapping.unified import contacts, writing_consent
from mapping.unified.writing import Unfit
from mapping.unified.writing_consent import PERMISSIONS, Said, Verdict


class Decider:
    """Decides for one write of one account, as one program asks."""

    def __init__(self, connection: Connection, said: Said, decided_by: str) -> None:
        self.connection, self.said, self.decided_by = connection, said, decided_by
        self.basis = consentledger.basis_of(connection)
        # What is said, less what only repeats how the person stands.
        self.heard = said

    def judge(self, email: str | None, contact: Contact | None) -> Verdict:
        """What may be done.

        Args:
            email: the address that the person is to have; None: the one there stays.
            contact: the person as read; None: nobody there has the address.

        Raises:
            NotAllowed: nothing, on what is said.
            Unfit: a permission that is none.
        """
        moves = contact is not None and _moves(contact, email)
        self.heard = said = self._heard(contact, moves=moves)
        if said.permission not in ("", *PERMISSIONS):
            raise Unfit([("consent.permission_to_send", f"one of {', '.join(PERMISSIONS)}")])
        asked_again = (
            contact is not None
            and contacts.status_of(contact) == "unsubscribed"
            and consentledger.was_asked_again(self.connection, contact.contact_id)
        )
        person = writing_consent.standing(contact, asked_again=asked_again, adds_address=email is not None)
        judge = writing_consent.judge_moving if moves else writing_consent.judge
        verdict = judge(person, said, self._evidence(said))
        if verdict.outcome == "rejected":
            raise NotAllowed(verdict)
        return verdict

    def _heard(self, contact: Contact | None, *, moves: bool) -> Said:
        if contact is None or not self.said.is_as(contact):
            return self.said
        # What is so of one address is a claim about another.
        claims = moves and self._evidence(self.said).will in (Will.RECORDED, Will.SIGN_UP)
        return self.said if claims else Said()

    def _evidence(self, said: Said) -> Evidence:
        return said.evidence(has_basis=self.basis is not None)

    def add(self, email: str | None, contact: Contact | None, verdict: Verdict) -> tuple[Entry, UUID]:
        """Add a decision to the ledger, before its call leaves."""
        address = contact.email_address.address if contact is not None and contact.email_address else ""
        gives = verdict.permission in ("implicit", "explicit")
        entry = Entry(
            email=email or address,
            contact_id=contact.contact_id if contact is not None else None,
            call=verdict.call,
            outcome="skipped" if verdict.outcome and verdict.call != Call.RESUBSCRIBE else "sent",
            evidence=self._evidence(self.heard),
            decided_by=self.decided_by,
            reason=verdict.reason,
            permission=verdict.permission,
            opt_in_source=verdict.opt_in_source if gives else "",
            basis=consentledger.as_kept(self.basis),
        )
        return entry, consentledger.add(self.connection, entry)

    def undo(self, entry: Entry, entry_id: UUID, error: errors.ProviderError) -> None:
        """Add that a call was refused; not where it may have happened all the same."""
        if not error.may_have_happened:
            self.take_back(entry, entry_id, error.error_key or type(error).__name__)

    def take_back(self, entry: Entry, entry_id: UUID, reason: str) -> None:
        """Add that what was decided did not happen."""
        consentledger.undo(self.connection, entry, entry_id, reason)


def _moves(contact: Contact, email: str | None) -> bool:
    """Whether it is another address; other letters of the same one are not."""
    address = contact.email_address
    return (
        address is not None
        and email is not None
        and values.email_key(email) != values.email_key(address.address)
    )
