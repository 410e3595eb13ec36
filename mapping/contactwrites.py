"""One contact written: read, merged and put back under its lock, with a decision of consent before each call.

A PUT replaces, so all that was read goes back; only what was named changes. A 409 of two edits at once means: read
again, merge again. Every decision stands in the ledger before its call leaves. The person is found by POST itself
where one may be made (a 409 names who is there), because a search there can be minutes behind.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from connections import tenancy
from connections.constantcontact import errors
from connections.constantcontact.client import Client
from connections.constantcontact.shapes import Contact, ContactSent, SignedUp, SignUpSent
from connections.constantcontact.shapes import writing as wire
from connections.constantcontact.shapes.writing import Source
from connections.models import Connection
from mapping import contactlocks, contactputs, mirrornews, values
from mapping.consent import Call
from mapping.contactdecisions import Decider
from mapping.contactends import NotAllowed, Result, Taken
from mapping.contactlocks import Lease
from mapping.contactputs import Written
from mapping.unified import writing
from mapping.unified.writing import Unfit, Wish
from mapping.unified.writing_consent import OPT_OUT, Said, Verdict

# Before reading again after two edits met: together longer than the second in which the provider may see them as one.
PAUSES: Final = (0.1, 0.3, 0.6, 1.1, 1.1)
# Values alone: the permission stays.
_VALUES: Final = Verdict(Call.UPDATE)


@dataclass
class Writer:
    """Writes one contact of one account, as one program asks."""

    connection: Connection
    client: Client
    wish: Wish
    said: Said
    decided_by: str
    update_source: Source | None = None
    # Where the wish depends on what somebody has, None for somebody new: made anew of each reading. It may raise.
    wish_for: Callable[[Contact | None], Wish] | None = None
    decider: Decider = field(init=False)
    # Whether a call that changes the person has been answered.
    has_written: bool = field(init=False, default=False)
    # Addresses that the contact had and has no more, as they are compared.
    left: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.decider = Decider(self.connection, self.said, self.decided_by)

    def create(self) -> Result:
        """A new person.

        Raises:
            NotAllowed: without a basis or the evidence for what is claimed.
            Taken: somebody has the address.
            Unfit: the lists for a sign-up are missing, or too much of something.
        """
        self._wish_anew(None)
        verdict = self.decider.judge(self.wish.email, None)
        body = writing.merged({}, self.wish)
        if verdict.call == Call.SIGN_UP:
            return self._sign_up_new(verdict)
        if verdict.permission:
            address = {"address": self.wish.email or "", "permission_to_send": verdict.permission}
            body["email_address"] = address  # type: ignore[typeddict-item]  # the verdict's words are the provider's
        entry, entry_id = self.decider.add(self.wish.email, None, verdict)
        try:
            made = self.client.contacts.create(body, create_source=verdict.opt_in_source)
        except errors.Conflict as error:
            self.decider.undo(entry, entry_id, error)
            raise Taken(self._whose(error)) from None
        except errors.ProviderError as error:
            self.decider.undo(entry, entry_id, error)
            raise
        return self._told(Result("created", contactputs.full(self.client, made), entry_id))

    def upsert(self) -> Result:
        """The person with this address, new or there already. Raises as `create`, but for Taken."""
        try:
            return self.create()
        except Taken as taken:
            contact_id = taken.contact_id
        except (NotAllowed, Unfit):  # to make somebody; who is there already may be written all the same
            found = self.client.contacts.find(self.wish.email or "")
            if found is None:
                raise
            contact_id = found.contact_id
        self.wish = replace(self.wish, email=None)
        return self.update(contact_id)

    def update(self, contact_id: str) -> Result:
        """Somebody who is there, by id.

        Raises:
            contactlocks.Busy: others write the contact at the moment.
            NotAllowed, Unfit: as `create`.
        """
        with contactlocks.held(self.connection, UUID(contact_id)) as lease:
            for pause in (*PAUSES, None):
                before = self.client.contacts.get(contact_id, include=wire.EVERYTHING)
                self._wish_anew(before)
                verdict = self.decider.judge(self.wish.email, before)
                if verdict.outcome == "unchanged" and self._body(before, verdict) != wire.whole(before):
                    verdict = replace(verdict, outcome="skipped")
                if verdict.outcome:
                    return self._ended(before, verdict)
                try:
                    return self._carried_out(lease, before, verdict)
                except errors.Conflict as error:
                    if pause is None or _is_anothers(error, contact_id):
                        raise
                    time.sleep(pause)
        raise AssertionError("the last turn returns or raises")

    def taken(self, contact_id: str) -> Result | None:
        """Why somebody who is there already is not to be made; None where only the address is taken."""
        with contactlocks.held(self.connection, UUID(contact_id)):
            there = self.client.contacts.get(contact_id, include=wire.EVERYTHING)
            verdict = self.decider.judge(self.wish.email, there)
            return self._ended(there, verdict) if verdict.outcome else None

    def check_new(self) -> None:
        """Before anything is made for a new person. Raises NotAllowed, Unfit."""
        self._wish_anew(None)
        self.decider.judge(self.wish.email, None)

    def _wish_anew(self, there: Contact | None) -> None:
        self.wish = self.wish_for(there) if self.wish_for else self.wish

    # --- Who is there already ----------------------------------------------------------------------------------

    def _ended(self, before: Contact, verdict: Verdict) -> Result:
        """Nothing is written; whoever asks for mail again is asked to confirm, if that may be."""
        if verdict.call == Call.RESUBSCRIBE:
            lists = self._lists_asked_for(before)
            entry, entry_id = self.decider.add(self.wish.email, before, verdict)
            try:
                self.client.contacts.resubscribe(before.contact_id, lists)
            except (
                errors.Conflict
            ):  # the mail went out before; the entry stays, so that nobody asks a second time
                verdict = replace(
                    verdict, reason="opted_out", text="unsubscribed, and was asked to confirm before"
                )
            except errors.ProviderError as error:
                self.decider.undo(entry, entry_id, error)
                raise
        else:
            _, entry_id = self.decider.add(self.wish.email, before, verdict)
        return Result(verdict.outcome, before, entry_id, verdict.reason, verdict.text)

    def _carried_out(self, lease: Lease, before: Contact, verdict: Verdict) -> Result:
        if verdict.call == Call.SIGN_UP:
            _, entry_id = self._sign_up(before, verdict)
            return self._followed(lease, before.contact_id, "updated", entry_id)
        body = self._body(before, verdict)
        if body == wire.whole(before):
            _, entry_id = self.decider.add(
                self.wish.email, before, replace(verdict, call="", outcome="unchanged", reason="unchanged")
            )
            return Result("unchanged", before, entry_id)
        entry, entry_id = self.decider.add(self.wish.email, before, verdict)
        activities: tuple[str, ...] = ()
        try:
            if contactputs.gives_anew(before, verdict.permission) and not self._moves_whole(before):
                first = self._put(lease, before, self._body(before, _VALUES, replace(self.wish, email=None)))
                if stays_out := self._after_values(lease, before, first.contact):
                    self.decider.take_back(entry, entry_id, "opted_out")
                    return stays_out
                activities, before = first.activities, first.contact
                body = self._body(before, verdict, Wish(email=self.wish.email))
            written = self._put(lease, before, body)
        except errors.ProviderError as error:
            self.decider.undo(entry, entry_id, error)
            raise
        except (NotAllowed, contactlocks.Busy):  # said before the call that the entry is about
            self.decider.take_back(entry, entry_id, "not_sent")
            raise
        if contactputs.opted_in_by_us(before, written.contact, verdict.permission):
            return self._taken_back(lease, written.contact)
        done = (*activities, *written.activities)
        return self._told(Result("updated", written.contact, entry_id, activities=done))

    def _after_values(self, lease: Lease, before: Contact, after: Contact) -> Result | None:
        """Where more permission is to be given, the values go first: their answer tells of an opt-out meanwhile.

        One that a PUT with the new permission met would leave no trace in its answer.
        """
        if contactputs.opted_in_by_us(before, after):
            return self._taken_back(lease, after)
        verdict = self.decider.judge(self.wish.email, after)
        return self._ended(after, verdict) if verdict.outcome else None

    def _moves_whole(self, before: Contact) -> bool:
        """Whether a program's own document holds another address, which no value may go to before its permission."""
        address = before.email_address.address if before.email_address else None
        return self.wish.whole is not None and self.wish.email not in (None, address)

    def _put(self, lease: Lease, before: Contact, body: ContactSent) -> Written:
        source: Source = self.decider.heard.update_source
        # Who is said to have written a contact is no evidence: with a permission it would say who opted in.
        if self.update_source and not contactputs.opts_in(before, body):
            source = self.update_source
        written = contactputs.put(self.client, lease, before, body, source)
        self.has_written = True
        if (address := _key_of(before)) not in ("", _key_of(written.contact)):
            self.left.append(address)
        return written

    def _body(self, before: Contact, verdict: Verdict, wish: Wish | None = None) -> ContactSent:
        body = writing.merged(wire.whole(before), self.wish if wish is None else wish)
        if verdict.permission:
            address = {**body.get("email_address", {}), "permission_to_send": verdict.permission}
            if verdict.call == OPT_OUT and self.decider.heard.opt_out_reason:
                address["opt_out_reason"] = self.decider.heard.opt_out_reason
            body["email_address"] = address  # type: ignore[typeddict-item]  # the verdict's words are the provider's
        return body

    def _taken_back(self, lease: Lease, there: Contact) -> Result:
        """The person opted out between our reading and our writing, which put them back: opt out again, at once."""
        verdict = Verdict(
            OPT_OUT, "unsubscribed", reason="opted_out", text="unsubscribed meanwhile, and stays so"
        )
        _, entry_id = self.decider.add(self.wish.email, there, verdict)
        out = contactputs.put(self.client, lease, there, self._body(there, verdict), "Account")
        return self._told(Result("skipped", out.contact, entry_id, "opted_out", verdict.text))

    # --- Signing up --------------------------------------------------------------------------------------------

    def _sign_up_new(self, verdict: Verdict) -> Result:
        there = self.client.contacts.find(self.wish.email or "")
        if there is not None:
            raise Taken(there.contact_id)
        signed, entry_id = self._sign_up(None, verdict)
        with contactlocks.held(self.connection, UUID(signed.contact_id)) as lease:
            if not signed.created and (ended := self._met_somebody(lease, signed.contact_id)):
                return ended
            outcome = "created" if signed.created else "updated"
            return self._followed(lease, signed.contact_id, outcome, entry_id)

    def _met_somebody(self, lease: Lease, contact_id: str) -> Result | None:
        """The form met somebody whom the search had not shown, and who may have left: then it is undone at once."""
        there = self.client.contacts.get(contact_id, include=wire.EVERYTHING)
        verdict = self.decider.judge(self.wish.email, there)
        if verdict.outcome:
            return self._ended(there, verdict)
        return self._taken_back(lease, there) if contactputs.may_be_brought_back(there) else None

    def _followed(self, lease: Lease, contact_id: str, outcome: str, entry_id: UUID) -> Result:
        """What the form could not take is written after it; the permission is the form's."""
        before = self.client.contacts.get(contact_id, include=wire.EVERYTHING)
        written = self._put(lease, before, self._body(before, _VALUES))
        return self._told(Result(outcome, written.contact, entry_id, activities=written.activities))

    def _sign_up(self, contact: Contact | None, verdict: Verdict) -> tuple[SignedUp, UUID]:
        """The person's own opt-in, by the provider's form; what the form does not take follows by PUT."""
        address = (
            contact.email_address.address if contact and contact.email_address else self.wish.email or ""
        )
        form: SignUpSent = {"email_address": address, "list_memberships": self._lists_asked_for(contact)}
        for name, value in self.wish.core.items():
            if value:
                form[name] = value  # type: ignore[literal-required]  # core names are the form's too
        entry, entry_id = self.decider.add(self.wish.email, contact, verdict)
        try:
            signed_up = self.client.contacts.sign_up_form(form)
            self.has_written = True
            return signed_up, entry_id
        except errors.ProviderError as error:
            self.decider.undo(entry, entry_id, error)
            raise

    def _lists_asked_for(self, contact: Contact | None) -> list[str]:
        wanted = self.wish.lists.wanted if self.wish.lists is not None else ()
        found = wanted or (contact.list_memberships if contact is not None else ()) or ()
        if not found:
            raise Unfit([("lists", "name at least one list that the person asks to be on")])
        return list(found)[:50]

    # --- Answers -----------------------------------------------------------------------------------------------

    def _told(self, result: Result) -> Result:
        """The mirror is told what was written, so that no import compares with what was there before."""
        with tenancy.acting_for(self.connection.tenant_id, self.connection.environment_id):
            mirrornews.keep_contact(self.connection, result.contact, self.left)
        return result

    def _whose(self, error: errors.Conflict) -> str:
        """Whose the address is: the refusal mostly says it."""
        if error.contact_id:
            return error.contact_id
        found = self.client.contacts.find(self.wish.email or "")
        if found is None:
            raise error
        return found.contact_id


def _key_of(contact: Contact) -> str:
    """The contact's address as it is compared; nothing where it has none."""
    return values.email_key(contact.email_address.address) if contact.email_address else ""


def _is_anothers(error: errors.Conflict, contact_id: str) -> bool:
    """Whether a 409 means that the new address is somebody else's, and not that two edits met."""
    words = error.message.lower()
    return error.contact_id not in (None, contact_id) or "exists" in words or "not unique" in words
