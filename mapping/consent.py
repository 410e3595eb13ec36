"""Who may be written to Constant Contact, how, and with what permission. Pure, and never overruled.

One table: where a person stands there, and what is recorded of that person's will, give the calls that may be made.
Two lines hold through all of it: nothing we do makes somebody mailable who unsubscribed or was deleted, and nobody's
permission grows without recorded evidence. An opt-out or a delete that is wanted of us needs no decision: both may
always be sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

# Where an address stands at the provider, as far as its own data tells.
Standing = Literal["absent", "active", "unsubscribed", "deleted"]
Permission = Literal["implicit", "explicit", "pending_confirmation", "temp_hold", "not_set", "unsubscribed"]
Source = Literal["", "Account", "Contact"]
Outcome = Literal["", "skipped", "rejected"]


class Call(StrEnum):
    """Calls that can put somebody on a list or change a permission."""

    IMPORT = "import"
    CREATE = "create"
    UPDATE = "update"
    SIGN_UP = "sign_up"
    # Asks the provider to send its confirmation mail; the person stays unsubscribed until confirming.
    RESUBSCRIBE = "resubscribe"


class Will(StrEnum):
    """What is recorded of a person's will."""

    NONE = "none"
    # The connection's own basis, named and dated: these are customers, members, donors.
    BASIS = "basis"
    # An opt-in recorded elsewhere: with its source, time, and text or proof.
    RECORDED = "recorded"
    # The person signs up at this moment.
    SIGN_UP = "sign_up"
    # The person, once unsubscribed, asks for mail again.
    OPT_IN_AGAIN = "opt_in_again"


@dataclass(frozen=True)
class Contact:
    """A person as last known at the provider; no permission: nobody there has the address."""

    permission: Permission | None = None
    deleted: bool = False
    opt_out_source: Source = ""
    opted_out_at: datetime | None = None
    # The confirmation mail went out before: it does so once ever.
    asked_again: bool = False


@dataclass(frozen=True)
class Evidence:
    """What stands behind a write."""

    will: Will = Will.NONE
    source: str = ""
    at: datetime | None = None
    text: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it says enough for what it claims."""
        if self.will in (Will.NONE, Will.BASIS):
            return True
        return bool(self.source and self.at and self.text)


@dataclass(frozen=True)
class Decision:
    """What may be done, dearest wish first; an empty permission leaves the one there alone.

    An import never gives more than `implicit`, and leaves who is there as they are: less than a decision allows.
    """

    calls: tuple[Call, ...] = ()
    permission: Literal["", "implicit", "explicit"] = ""
    opt_in_source: Source = ""
    # How the row ends when it ends here, and why.
    outcome: Outcome = ""
    reason: str = ""
    text: str = ""

    @property
    def send(self) -> bool:
        """Whether a bulk import may carry the person."""
        return Call.IMPORT in self.calls


_KEEP: Final = Decision((Call.IMPORT, Call.UPDATE))
_SIGN_UP: Final = Decision((Call.SIGN_UP,), "explicit", "Contact")
_NO_BASIS: Final = Decision(
    outcome="rejected",
    reason="consent_basis_missing",
    text="is new, and no basis is recorded on which this account may write to new people",
)
_NO_EVIDENCE: Final = Decision(
    outcome="rejected",
    reason="consent_evidence_missing",
    text="an opt-in needs its source, its time, and the text or proof of it",
)
_OPTED_OUT: Final = Decision(
    outcome="skipped", reason="opted_out", text="unsubscribed at Constant Contact, and stays so"
)
_ASK_AGAIN: Final = Decision(
    (Call.RESUBSCRIBE,),
    outcome="skipped",
    reason="awaiting_confirmation",
    text="unsubscribed at Constant Contact, and is asked there to confirm",
)
_DELETED: Final = Decision(
    outcome="skipped",
    reason="deleted_there",
    text="was deleted at Constant Contact, and is not brought back",
)

_ABSENT: Final[Mapping[Will, Decision]] = {
    Will.NONE: _NO_BASIS,
    Will.BASIS: Decision((Call.IMPORT, Call.CREATE), "implicit", "Account"),
    Will.RECORDED: Decision((Call.CREATE, Call.IMPORT), "explicit", "Account"),
    Will.SIGN_UP: _SIGN_UP,
    Will.OPT_IN_AGAIN: _SIGN_UP,
}
_ACTIVE: Final[Mapping[Will, Decision]] = {
    Will.NONE: _KEEP,
    Will.BASIS: _KEEP,
    Will.RECORDED: Decision((Call.UPDATE, Call.IMPORT), "explicit"),
    Will.SIGN_UP: _SIGN_UP,
    Will.OPT_IN_AGAIN: _SIGN_UP,
}
# Somebody is to confirm, or the provider holds the address back: values may change, the permission is not ours.
_WAITING: Final[Mapping[Will, Decision]] = {
    Will.NONE: _KEEP,
    Will.BASIS: _KEEP,
    Will.RECORDED: _KEEP,
    Will.SIGN_UP: _SIGN_UP,
    Will.OPT_IN_AGAIN: _SIGN_UP,
}
_GONE: Final[Mapping[Will, Decision]] = {
    Will.NONE: _OPTED_OUT,
    Will.BASIS: _OPTED_OUT,
    Will.RECORDED: _ASK_AGAIN,
    Will.SIGN_UP: _ASK_AGAIN,
    Will.OPT_IN_AGAIN: _ASK_AGAIN,
}
# By the permission there. An account may take back its own opt-out at the provider; we ask the person all the same.
_TABLE: Final[Mapping[Permission | None, Mapping[Will, Decision]]] = {
    None: _ABSENT,
    "implicit": _ACTIVE,
    "explicit": _ACTIVE,
    "not_set": _ACTIVE,
    "pending_confirmation": _WAITING,
    "temp_hold": _WAITING,
    "unsubscribed": _GONE,
}


def decide(contact: Contact, evidence: Evidence) -> Decision:
    """What may be done for a person who stands so, with this evidence."""
    if not evidence.is_complete:
        return _NO_EVIDENCE
    if contact.deleted:
        return _DELETED
    decision = _TABLE[contact.permission][evidence.will]
    if decision is _ASK_AGAIN and (contact.asked_again or _is_older(evidence, contact)):
        return _OPTED_OUT
    return decision


def _is_older(evidence: Evidence, contact: Contact) -> bool:
    """Whether the person opted out after the opt-in that is shown."""
    return bool(evidence.at and contact.opted_out_at and evidence.at <= contact.opted_out_at)


_STANDINGS: Final[Mapping[Standing, Contact]] = {
    "absent": Contact(),
    "active": Contact("implicit"),
    "unsubscribed": Contact("unsubscribed"),
    "deleted": Contact("implicit", deleted=True),
}


def may_import(standing: Standing) -> Decision:
    """May a bulk import carry a person who stands so? On the basis that the account's import was started on."""
    return decide(_STANDINGS[standing], Evidence(Will.BASIS))
