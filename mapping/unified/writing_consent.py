"""What a program says about a person's will, put into the terms of `mapping.consent`."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from connections.constantcontact.shapes import Contact
from connections.constantcontact.shapes.writing import Source
from mapping import consent
from mapping.consent import Call, Evidence, Will

PERMISSIONS: Final = ("explicit", "implicit", "unsubscribed")
# Clocks differ a little; an opt-in of tomorrow is none.
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Said:
    """A program's `consent`: the permission wished for, who acted, and the evidence."""

    permission: str = ""
    opt_in_source: str = ""
    source: str = ""
    at: datetime | None = None
    text: str = ""
    opt_out_reason: str = ""

    @property
    def has_evidence(self) -> bool:
        """Whether any part of it is given."""
        return bool(self.source or self.at or self.text)

    @property
    def opts_out(self) -> bool:
        """Whether the person is to get no more mail."""
        return self.permission == "unsubscribed"

    @property
    def update_source(self) -> Source:
        """Who acted, where the program does not say it apart."""
        return "Contact" if self.opt_in_source == "Contact" else "Account"

    def missing(self) -> list[str]:
        """The parts of the evidence that are not there."""
        given = {"source": self.source, "at": self.at, "text": self.text}
        return [name for name, value in given.items() if not value]

    def evidence(self, *, has_basis: bool) -> Evidence:
        """What stands behind the write. Only what claims more than the account's own basis is weighed as an opt-in."""
        will = Will.BASIS if has_basis else Will.NONE
        if self.opt_in_source == "Contact":
            will = Will.SIGN_UP
        elif self.permission == "explicit" or (self.has_evidence and not self.permission):
            will = Will.RECORDED
        return Evidence(will, self.source, self.at, self.text)

    def is_as(self, contact: Contact) -> bool:
        """Whether it only repeats how the person stands there, as who sends back what was read does."""
        address = contact.email_address
        if (
            address is None
            or self.has_evidence
            or self.opts_out
            or not (self.permission or self.opt_in_source)
        ):
            return False
        return self.permission in ("", address.permission_to_send) and self.opt_in_source in (
            "",
            address.opt_in_source,
        )


def said(
    *,
    permission: str | None = None,
    opt_in_source: str | None = None,
    source: str | None = None,
    at: datetime | None = None,
    text: str | None = None,
    opt_out_reason: str | None = None,
) -> Said:
    """Read a program's consent; a time without a zone is UTC."""
    moment = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
    texts = ((one or "").strip() for one in (permission, opt_in_source, source, text, opt_out_reason))
    wanted, opted_in_by, where, words, reason = texts
    return Said(wanted, opted_in_by, where, moment, words, reason)


def failures(given: Said, now: datetime) -> list[tuple[str, str]]:
    """What cannot be meant, whoever the person is."""
    found = []
    if given.at is not None and given.at > now + _AHEAD:
        found.append(("consent.evidence.at", "a time that has been; nobody has opted in in the future"))
    if given.opts_out and given.has_evidence:
        found.append(("consent.evidence", "belongs to an opt-in, not to an opt-out"))
    return found


def standing(contact: Contact | None, *, asked_again: bool, adds_address: bool = False) -> consent.Contact:
    """A person as read, for the decision. None: nobody there has the address.

    Args:
        asked_again: the provider has sent its confirmation mail before.
        adds_address: a contact without an address gets its first one, which nobody there has.
    """
    if contact is None:
        return consent.Contact()
    address = contact.email_address
    permission = address.permission_to_send if address is not None else None
    if address is None and adds_address and contact.deleted_at is None:
        return consent.Contact()
    return consent.Contact(
        permission=_known(permission),
        deleted=contact.deleted_at is not None,
        opt_out_source="Contact"
        if address is not None and address.opt_out_source == "Contact"
        else "Account",
        opted_out_at=address.opt_out_at if address is not None else None,
        asked_again=asked_again,
    )


def _known(permission: str | None) -> consent.Permission:
    """A word that nobody knows gives no more than one that waits for the person."""
    for one in _PERMISSIONS:
        if one == permission:
            return one
    return "not_set" if permission is None else "temp_hold"


_PERMISSIONS: Final[tuple[consent.Permission, ...]] = (
    "implicit",
    "explicit",
    "pending_confirmation",
    "temp_hold",
    "not_set",
    "unsubscribed",
)


@dataclass(frozen=True)
class Verdict:
    """What is done for one person: a call with the permission that it gives (empty: it stays), or how it ends here."""

    call: str = ""
    permission: str = ""
    opt_in_source: Source = "Account"
    outcome: str = ""
    reason: str = ""
    text: str = ""


OPT_OUT: Final = "opt_out"
_ALREADY: Final = Verdict(outcome="unchanged", reason="opted_out", text="has unsubscribed already")
_OPTED_OUT: Final = Verdict(
    outcome="skipped", reason="opted_out", text="unsubscribed at Constant Contact, and stays so"
)
_DELETED: Final = Verdict(
    outcome="skipped", reason="deleted_there", text="was deleted at Constant Contact, and is not brought back"
)


def judge_moving(person: consent.Contact, given: Said, evidence: Evidence) -> Verdict:
    """The same of a person who gets another address: no more than is due to a new person of that address."""
    found = judge(person, given, evidence)
    if found.call == Call.RESUBSCRIBE:
        # What is shown is about the other address; who left is asked nothing for it.
        return _OPTED_OUT
    if found.outcome or given.opts_out:
        return found
    new = judge(consent.Contact(), given, evidence)
    if new.outcome:
        return new
    waits = person.permission in ("pending_confirmation", "temp_hold")
    return replace(new, call=Call.UPDATE, permission="" if waits else new.permission)


def judge(person: consent.Contact, given: Said, evidence: Evidence) -> Verdict:
    """What may be done for a person who stands so. An opt-out needs no decision, and beats everything that is said."""
    if given.opts_out:
        if person.deleted:
            return _DELETED
        if person.permission is None:
            return Verdict(Call.CREATE, "unsubscribed")
        return _ALREADY if person.permission == "unsubscribed" else Verdict(OPT_OUT, "unsubscribed")
    found = consent.decide(person, evidence)
    call = next((one for one in found.calls if one != Call.IMPORT), "")
    source: Source = "Contact" if found.opt_in_source == "Contact" else "Account"
    return Verdict(call, found.permission, source, found.outcome, found.reason, found.text)
