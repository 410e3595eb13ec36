"""One PUT of a whole contact under its lease, and what its answer says."""

from dataclasses import dataclass

from connections.constantcontact import errors
from connections.constantcontact.client import Client
from connections.constantcontact.shapes import Chosen, Contact, ContactSent
from connections.constantcontact.shapes import writing as wire
from connections.constantcontact.shapes.writing import Source
from mapping.contactlocks import Lease
from mapping.unified import contacts


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


def opted_in_by_us(before: Contact, after: Contact) -> bool:
    """Whether an answer shows an opt-in that nobody asked for: the person was out when the write arrived."""
    old, new = before.email_address, after.email_address
    if old is None or new is None or new.permission_to_send not in ("implicit", "explicit"):
        return False
    return new.opt_in_at != old.opt_in_at


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
