"""One PUT of a whole contact under its lease, and what its answer says."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from connections.constantcontact import errors
from connections.constantcontact.client import Client
from connections.constantcontact.shapes import Chosen, Contact, ContactSent
from connections.constantcontact.shapes import writing as wire
from connections.constantcontact.shapes.writing import Source
from mapping.contactlocks import Lease
from mapping.unified import contacts

# Times of one call, as the provider gives them; and how long its search may not know a new contact.
_AT_ONCE: Final = timedelta(seconds=5)
_SEARCH_LAG: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Written:
    """The contact afterwards, and the bulk activities that still take something away."""

    contact: Contact
    activities: tuple[str, ...] = ()


def put(client: Client, lease: Lease, before: Contact, body: ContactSent, source: Source) -> Written:
    """Write a whole contact back, unless it is as it was.

    Args:
        before: as it was read under this lease.
        body: `wire.whole` of it, with the changes.

    Raises:
        errors.Conflict: it was edited, left or deleted meanwhile: read it again.
        contactlocks.Busy: the lease was lost.
    """
    if body == wire.whole(before):
        return Written(before)
    lease.renew()
    known = wire.without_unknown(body)
    try:
        after = client.contacts.update(before.contact_id, body, update_source=source)
    except errors.Invalid:
        if _has_left(client, before):
            raise errors.Conflict("The person has left meanwhile.", status=409) from None
        if known == body:
            raise
        after = client.contacts.update(before.contact_id, known, update_source=source)
    after = full(client, after)
    return Written(after, _removed_apart(client, after, body))


def full(client: Client, contact: Contact) -> Contact:
    """A contact with all its parts: an answer to a write may leave some out."""
    if all(name in contact.document for name in wire.EVERYTHING):
        return contact
    return client.contacts.get(contact.contact_id, include=wire.EVERYTHING)


def gives_anew(before: Contact, permission: str) -> bool:
    """Whether somebody is to have leave to be written to that is not there yet."""
    address = before.email_address
    return (
        permission in ("implicit", "explicit")
        and address is not None
        and address.permission_to_send != permission
    )


def opts_in(before: Contact, body: ContactSent) -> bool:
    """Whether a body gives leave to write to somebody, or to an address, that is not there yet."""
    permission = body.get("email_address", {}).get("permission_to_send", "")
    return gives_anew(before, permission) or (before.email_address is None and "email_address" in body)


def opted_in_by_us(before: Contact, after: Contact, permission: str = "") -> bool:
    """Whether an answer shows an opt-in that nobody asked for: the person was out when the write arrived.

    A `permission` that was not there makes an opt-in of its own, so that its answer tells nothing.
    """
    old, new = before.email_address, after.email_address
    if (
        gives_anew(before, permission)
        or old is None
        or new is None
        or new.permission_to_send not in ("implicit", "explicit")
    ):
        return False
    return new.opt_in_at != old.opt_in_at


def may_be_brought_back(there: Contact) -> bool:
    """Whether a form that has just met this person may have put somebody back who had left.

    Its opt-in covers the opt-out, so whoever has it from the form may have. Not who was made a moment ago, for whom
    the search was behind: such a form was sent twice.
    """
    address, made, changed = there.email_address, there.created_at, there.updated_at
    if address is None or address.opt_in_at is None or made is None or changed is None:
        return True
    return changed - address.opt_in_at < _AT_ONCE and changed - made > _SEARCH_LAG


def _has_left(client: Client, before: Contact) -> bool:
    """Whether the person has unsubscribed or was deleted since: the provider refuses to write them back."""
    gone = ("unsubscribed", "cleaned")
    if contacts.status_of(before) in gone:
        return False
    return contacts.status_of(client.contacts.get(before.contact_id)) in gone


def _removed_apart(client: Client, after: Contact, body: ContactSent) -> tuple[str, ...]:
    """Lists and tags that stayed although the body had them no more are taken away by a bulk activity."""
    activities, chosen, started = client.activities, Chosen(contact_ids=(after.contact_id,)), []
    if "list_memberships" in body and (
        lists := set(after.list_memberships or ()) - set(body["list_memberships"])
    ):
        started.append(activities.remove_list_memberships(chosen, sorted(lists)))
    if "taggings" in body and (tags := set(after.taggings or ()) - set(body["taggings"])):
        started.append(activities.contacts_taggings_remove(chosen, sorted(tags)))
    return tuple(one.activity_id for one in started)
