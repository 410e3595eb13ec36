"""The state machine of permission_to_send: who may move a contact where. Pure, so a table can test it."""

from dataclasses import dataclass

from .records import Contact

PERMISSIONS = ("explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")


@dataclass(frozen=True, slots=True)
class Refused:
    """The move is not allowed; `reason` is the provider's message."""

    reason: str


_OPTED_OUT = Refused("The contact has unsubscribed and can only be resubscribed by the contact")


def move(
    contact: Contact,
    wanted: str | None,
    source: str,
    at: int,
    *,
    adds_lists: bool = False,
    reason: str | None = None,
) -> Contact | Refused:
    """The contact after `source` (Account or Contact) asks for a permission.

    `adds_lists` says that the same call puts the contact on a list, which counts as a wish to mail it again.
    """
    if contact.unsubscribed:
        return _from_unsubscribed(contact, wanted, source, at, adds_lists, reason)
    if wanted is None or wanted == contact.permission:
        return contact
    if wanted == "unsubscribed":
        return opt_out(contact, source, at, reason)
    return opt_in(contact, wanted, source, at)


def _from_unsubscribed(
    contact: Contact, wanted: str | None, source: str, at: int, adds_lists: bool, reason: str | None
) -> Contact | Refused:
    if wanted == "unsubscribed" or (wanted is None and not adds_lists):
        return contact if reason is None else contact.changed(opt_out_reason=reason, email_updated=at)
    if contact.opt_out_source == "Contact":
        return opt_in(contact, "explicit", "Contact", at) if source == "Contact" else _OPTED_OUT
    return opt_in(contact, wanted or "implicit", source, at)


def opt_in(contact: Contact, permission: str, source: str, at: int) -> Contact:
    """The contact with a permission that `source` gave."""
    consents = permission in ("explicit", "implicit")
    return contact.changed(
        permission=permission,
        opt_in_source=source if consents else contact.opt_in_source,
        opt_in=at if consents else contact.opt_in,
        opt_out_source=None,
        opt_out=None,
        opt_out_reason=None,
        confirm_status="pending" if permission == "pending_confirmation" else "off",
        email_updated=at,
    )


def opt_out(contact: Contact, source: str, at: int, reason: str | None = None) -> Contact:
    """The contact unsubscribed by `source`. Its own updated_at does not move, only the address's."""
    return contact.changed(
        permission="unsubscribed",
        opt_out_source=source,
        opt_out=at,
        opt_out_reason=reason,
        email_updated=at,
    )
