"""A program's body of a contact, read into a wish, and what may become of it in the words of the API."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from connections import gateway
from connections.api.contract import Fault, account_of, refused, scope_of
from connections.constantcontact.shapes import Contact
from connections.constantcontact.shapes.writing import Source
from connections.models import Connection
from connections.scoping import Scope
from mapping.api.answering import NotCalled, asked_of
from mapping.api.writeshapes import READ_ONLY, ChangedContact, Unwritten, WrittenRef, WrittenRefs
from mapping.contactends import NotAllowed, Result
from mapping.contactlocks import Busy
from mapping.contactwrites import Writer
from mapping.resolving import Resolver
from mapping.unified import naming, writing_consent
from mapping.unified.contacts import status_of
from mapping.unified.naming import Changes, Named
from mapping.unified.writing import Reader, Unfit, Wish
from mapping.unified.writing_consent import Said, Verdict

BUSY_SECONDS: Final = 2
_CURES: Final = {
    "opted_out": "has unsubscribed and is not written. Only the person can ask for mail again.",
    "awaiting_confirmation": "has unsubscribed; Constant Contact was asked to send its confirmation mail.",
    "deleted_there": "was deleted at Constant Contact and is not brought back.",
}


class Written:
    """One write of a contact, from the body to its writer."""

    def __init__(self, account: Connection, body: ChangedContact, scope: Scope, unwritten: Unwritten) -> None:
        self.account, self.ignored, self._unwritten = account, list(unwritten.unknown), unwritten
        self.said = _said(body)
        # An opt-out goes before all other calls, and has quota kept for it.
        call_class = "consent" if self.said.opts_out else gateway.INTERACTIVE
        wait = float(settings.ENV.INTERACTIVE_WAIT_SECONDS)
        client = gateway.open_client(self.account, call_class, wait_seconds=wait)
        self._body, self._reader = body, Reader()
        wish = self._plain()
        self._reader.failures += writing_consent.failures(self.said, datetime.now(UTC))
        self._reader.checked()
        self.resolver = Resolver(self.account, client, body.create_missing)
        self.writer = Writer(self.account, client, wish, self.said, scope.actor, update_source=_source(body))
        self.writer.wish_for = self._fits

    def resolve(self) -> None:
        """Find what is named, and make what is missing: may call the provider. Raises Unfit."""
        body, wish = self._body, self.writer.wish
        if body.whole is not None:
            return
        lists, tags = _changes("lists", body.lists), _changes("tags", body.tags)
        self.writer.wish = Wish(
            wish.email,
            wish.core,
            wish.phones,
            wish.addresses,
            self.resolver.lists(lists),
            self.resolver.tags(tags),
            self.resolver.fields(body.custom_fields),
            wish.remote,
        )

    def _fits(self, there: Contact | None) -> Wish:
        """The wish, unless what cannot be written says that the person is to be unsubscribed. Raises Unfit."""
        sent = self._unwritten
        if (
            sent.unsubscribes
            and not self.said.opts_out
            and (there is None or status_of(there) != "unsubscribed")
        ):
            raise Unfit(
                [("status", "is not written; unsubscribe by consent.permission_to_send: unsubscribed")]
            )
        name = " ".join(filter(None, (self._body.first_name, self._body.last_name)))
        others = sent.differing(there, name)
        if others and sent.strict:
            raise Unfit(
                [(one, "cannot be written, and is not so of this contact: leave it out") for one in others]
            )
        self.ignored = sorted({*sent.unknown, *others})
        return self.writer.wish

    def meta(self, result: Result) -> dict[str, object]:
        """What an answer says besides."""
        found: dict[str, object] = {"outcome": result.outcome}
        if self.resolver.created:
            found["created"] = self.resolver.created
        if self.ignored:
            found["ignored_fields"] = self.ignored
        if result.activities:
            found["activity_ids"] = list(result.activities)
        return found

    def _plain(self) -> Wish:
        """What needs no look at the account."""
        body, read, given = self._body, self._reader, self._body.model_fields_set
        if body.whole is not None:
            return Wish(email=body.email, whole=body.whole)
        email = None
        if "email" in given:
            email = read.text("email", body.email, "email")
            if email is None and not read.failures:
                read.failures.append(("email", "an e-mail address; it can be changed, not taken away"))
        core: dict[str, str | None] = {
            name: read.text(name, getattr(body, name), name)
            for name in ("first_name", "last_name")
            if name in given
        }
        phones = addresses = None
        if "phones" in given:
            phones = read.phones((one.phone, one.type) for one in body.phones or ())
        if "addresses" in given:
            addresses = read.addresses(one.dict() for one in body.addresses or ())
        return Wish(email, core, phones, addresses, remote=read.remote(body.remote_data or {}))


def _source(body: ChangedContact) -> Source | None:
    given = body.update_source if body.whole is None else body.whole.get("update_source")
    return given if given in ("Account", "Contact") else None


def _said(body: ChangedContact) -> Said:
    if body.whole is not None:
        address = body.whole.get("email_address")
        permission = address.get("permission_to_send") if isinstance(address, dict) else None
        by = "Contact" if "Contact" in (body.whole.get("create_source"), _source(body)) else None
        return writing_consent.said(permission=str(permission or ""), opt_in_source=by)
    if body.consent is None:
        return Said()
    proof = body.consent.evidence
    return writing_consent.said(
        permission=body.consent.permission_to_send,
        opt_in_source=body.consent.opt_in_source,
        opt_out_reason=body.consent.opt_out_reason,
        source=proof.source if proof else None,
        at=proof.at if proof else None,
        text=proof.text if proof else None,
    )


def _changes(kind: str, given: WrittenRefs | list[Any] | None) -> Changes | None:
    if given is None:
        return None
    if isinstance(given, list):
        return Changes(_named(kind, given))
    whole = None if given.set is None else _named(f"{kind}.set", given.set)
    return Changes(whole, _named(f"{kind}.add", given.add), _named(f"{kind}.remove", given.remove))


def _named(place: str, given: Sequence[str | WrittenRef]) -> tuple[Named, ...]:
    found = []
    for index, one in enumerate(given):
        where = f"{place}.{index}"
        text, key = (one, None) if isinstance(one, str) else (one.name, one.id)
        if not (text or key or "").strip():
            raise Unfit([(where, "an id or a name")])
        found.append(naming.named(where, text, key))
    return tuple(found)


@contextmanager
def opened(request: HttpRequest, body: ChangedContact, named: UUID | None) -> Iterator[Written]:
    """One write of the linked account that is named; what cannot be done ends as a fault of the API."""
    account = account_of(request, named)
    try:
        write = Written(account, body, scope_of(request), _unwritten(request, body))
        NotCalled.check(request)
        yield write
    except Unfit as unfit:
        raise refused(*unfit.failures) from None
    except Busy:
        raise _busy(has_written=write.writer.has_written) from None
    except NotAllowed as error:
        raise _not_allowed(scope_of(request), account, _said(body), error.verdict) from None


def _busy(*, has_written: bool) -> Fault:
    """409 where others write the contact, saying whether anything was changed."""
    words = (
        "A part of it was written; read the contact." if has_written else "Nothing was changed; try again."
    )
    return Fault(
        "contact_busy",
        HTTPStatus.CONFLICT,
        f"Others write this contact at the moment. {words}",
        details={"may_have_happened": True} if has_written else None,
        retry_after_seconds=None if has_written else BUSY_SECONDS,
    )


def _unwritten(request: HttpRequest, body: ChangedContact) -> Unwritten:
    """What of the body nobody writes.

    Raises:
        Fault: with `strict`, where there are names that mean nothing here.
    """
    document = json.loads(request.body)
    if body.whole is not None:
        return Unwritten()
    names = sorted(set(document) - set(type(body).model_fields) - READ_ONLY)
    strict = asked_of(request).strict
    if names and strict:
        raise refused(*((name, "no field of a contact that can be written") for name in names))
    told = {name: document[name] for name in READ_ONLY & set(document) if document[name] is not None}
    return Unwritten(tuple(names), told, strict)


def _not_allowed(scope: Scope, account: Connection, said: Said, verdict: Verdict) -> Fault:
    """422 with the fields or the page that cure it."""
    failures, details = [], dict[str, object]()
    if verdict.reason == "consent_evidence_missing":
        failures = [(f"consent.evidence.{name}", "is needed for an opt-in") for name in said.missing()]
    elif verdict.reason == "consent_basis_missing":
        address = reverse("consent-basis", args=[scope.tenant_id, scope.environment, account.pk])
        details["page"] = f"{settings.PUBLIC_URL}{address}"
    return Fault(
        verdict.reason,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"Nothing was written: {verdict.text}.",
        failures=failures,
        details=details,
    )


def skipped(result: Result) -> Fault:
    """409 for somebody who is not written, saying why and who it is."""
    details = {
        "contact_id": result.contact.contact_id,
        "ledger_id": str(result.ledger_id) if result.ledger_id else None,
    }
    return Fault(result.reason, HTTPStatus.CONFLICT, f"This person {_CURES[result.reason]}", details=details)


def taken(contact_id: str) -> Fault:
    """409 for an address that an active person has."""
    return Fault(
        "provider_conflict",
        HTTPStatus.CONFLICT,
        "Somebody has this address already. Change that contact, or send the same body to contacts/upsert.",
        details={"contact_id": contact_id},
    )
