"""Writing single contacts: POST, PUT with its overwriting, DELETE, sign_up_form, resubscribe.

Each call works out the contact's new state and commits it whole, so an effect `contact.save` needs no rules.
"""

from . import contact_parts as parts
from . import errors
from .call import Call
from .checks import Many, OneOf, Record, Shape, Text, Uuid
from .clock import SECOND
from .contact_view import INCLUDES, show_contact
from .contacts import find_contact
from .messages import Json, Response, json_response
from .permissions import PERMISSIONS, Refused, move, opt_in, opt_out
from .records import Contact, to_json
from .routes import route

SOURCES = OneOf(("Account", "Contact"))
_EMAIL: dict[str, Shape] = {
    "address": parts.EMAIL,
    "permission_to_send": OneOf(PERMISSIONS),
    "opt_in_source": SOURCES,
}
_POST = Record(
    {**parts.CONTACT, "email_address": Record(_EMAIL, required=("address",)), "create_source": SOURCES}
)
_PUT = Record(
    {
        **parts.CONTACT,
        "email_address": Record({**_EMAIL, "opt_out_reason": Text(255)}, required=("address",)),
        "update_source": SOURCES,
    }
)
_RESUBSCRIBE = Record({"list_ids": Many(Uuid(), 50, 1)}, required=("list_ids",))
_CONFLICTS = {
    "validation_failed": "Validation failed: Email already exists for contact {}",
    "short": "Email already exists for contact {}",
    "without_id": "Validation failed: EmailAddress is not unique",
}


def _conflict(call: Call, contact: Contact) -> errors.Refusal:
    return errors.conflict(_CONFLICTS[str(call.switch("conflict_message"))].format(contact.contact_id))


def _save(call: Call, contact: Contact) -> None:
    call.commit({"do": "contact.save", "contact": to_json(contact)})


def _check_alone(call: Call, contact: Contact | None) -> None:
    """Two writes of one contact at once: the second is refused, where the switch says so."""
    if contact is None or call.switch("edits_within_a_second") == "accepted":
        return
    if 0 <= call.now - max(contact.updated, contact.email_updated or 0) < SECOND:
        raise errors.conflict("The contact is being updated by another request.")


def _source(body: Json, name: str) -> str:
    if name not in body:
        raise errors.invalid(f"{name} is missing, {name} does not have a valid value")
    return str(body[name])


@route("POST", "/contacts", privilege="contacts:write")
def post_contact(call: Call) -> Response:
    """Creates a contact; an address in use answers 409, also when that contact is deleted."""
    body = call.body(_POST)
    source = _source(body, "create_source")
    if not any(body.get(name) for name in ("first_name", "last_name", "email_address", "sms_channel")):
        raise errors.invalid(
            "At least one of first_name, last_name, email_address or sms_channel is required"
        )
    parts.check_dates(body)
    email = body.get("email_address")
    if email is not None:
        existing = call.account.find_email(email["address"])
        if existing is not None:
            raise _conflict(call, existing)
    contact = Contact(call.new_id("contact"), len(call.account.contacts), call.now, call.now, source, source)
    contact = contact.changed(**parts.core_of(body))
    if email is not None:
        wanted = email.get("permission_to_send") or str(call.switch("default_permission"))
        contact = contact.changed(address=email["address"], email_created=call.now, email_updated=call.now)
        if wanted == "unsubscribed":
            contact = opt_out(contact, source, call.now)
        else:
            contact = opt_in(contact, wanted, email.get("opt_in_source") or source, call.now)
    contact = _off_lists(call, parts.with_parts(call, contact, body, source))
    _save(call, contact)
    return json_response(201, show_contact(call, contact, INCLUDES))


@route("PUT", "/contacts/{contact_id}", privilege="contacts:write")
def put_contact(call: Call, contact_id: str) -> Response:
    """Overwrites a contact: core properties that are left out become null, parts left out stay."""
    old = find_contact(call, contact_id)
    body = call.body(_PUT)
    _check_alone(call, old)
    source = _source(body, "update_source")
    parts.check_dates(body)
    if old.deleted is not None and source != "Account":
        raise errors.invalid("update_source must be Account to restore a deleted contact")
    if call.switch("put_omitted_subresources") == "nulled":
        body = {**{name: [] for name in parts.ARRAYS}, **body}
    contact = old.changed(deleted=None, update_source=source, **parts.core_of(body))
    contact = _put_email(call, contact, body)
    contact = parts.with_parts(call, contact, body, source)
    if contact.address is not None:
        contact = _put_permission(call, old, contact, body)
    contact = _off_lists(call, contact)
    if not _only_opted_out(old, contact):
        contact = contact.changed(updated=call.now)
    _save(call, contact)
    return json_response(200, show_contact(call, contact, INCLUDES))


def _put_permission(call: Call, old: Contact, contact: Contact, body: Json) -> Contact:
    email = body.get("email_address", {})
    # Whoever had unsubscribed and was deleted comes back unsubscribed: being put on a list says nothing then.
    adds = old.deleted is None and bool(set(contact.lists) - set(old.lists))
    wanted, reason = email.get("permission_to_send"), email.get("opt_out_reason")
    moved = move(contact, wanted, body["update_source"], call.now, adds_lists=adds, reason=reason)
    if not isinstance(moved, Refused):
        out = moved.unsubscribed and not contact.unsubscribed
        if out and call.switch("put_opt_out_source") == "Account":
            return moved.changed(opt_out_source="Account")
        return moved
    if call.switch("put_account_re_adds_opted_out") == "refused":
        raise errors.invalid(moved.reason)
    return contact


def _off_lists(call: Call, contact: Contact) -> Contact:
    """Nobody who unsubscribed is on a list, where the switch says so."""
    clears = contact.unsubscribed and call.switch("unsubscribe_clears_lists") == "yes"
    return contact.changed(lists=()) if clears else contact


def _put_email(call: Call, contact: Contact, body: Json) -> Contact:
    email = body.get("email_address")
    if email is None:
        if contact.address is not None and call.switch("put_omitted_email") == "refused":
            raise errors.invalid("email_address is missing")
        return contact
    existing = call.account.find_email(email["address"])
    if existing is not None and existing.seq != contact.seq:
        raise _conflict(call, existing)
    if email["address"] == contact.address:
        return contact
    if contact.address is None:
        contact = contact.changed(email_created=call.now, permission="not_set")
        if "permission_to_send" not in email:
            contact = opt_in(contact, str(call.switch("default_permission")), "Account", call.now)
    return contact.changed(address=email["address"], email_updated=call.now)


def _only_opted_out(old: Contact, new: Contact) -> bool:
    """Whether all that happened is an opt-out, which moves the address's updated_at and not the contact's."""
    if old.unsubscribed or not new.unsubscribed or old.deleted is not None:
        return False
    same = (
        "permission",
        "opt_out_source",
        "opt_out",
        "opt_out_reason",
        "email_updated",
        "update_source",
        "lists",
    )
    return new.changed(**{name: getattr(old, name) for name in same}) == old


@route("DELETE", "/contacts/{contact_id}", privilege="contacts:write")
def delete_contact(call: Call, contact_id: str) -> Response:
    """Deletes softly: off all lists, the address stays taken, the permission stays known."""
    contact = find_contact(call, contact_id)
    if contact.deleted is not None:
        if call.switch("delete_again") == 404:
            raise errors.not_found("Contact")
        return Response(204)
    _save(call, parts.deleted(contact, call.now, call.store.switches))
    return Response(204)


@route("POST", "/contacts/sign_up_form", privilege="contacts:write")
def sign_up(call: Call) -> Response:
    """Creates or updates by address, as the person's own opt-in: adds lists and values, removes nothing."""
    body = call.body(parts.SIGN_UP)
    email, number = body.get("email_address"), (body.get("sms_channel") or {}).get("sms_address")
    if email is None and number is None:
        raise errors.invalid("email_address or sms_channel is required")
    longest = call.store.switches.number("sign_up_email_length")
    if email is not None and len(email) > longest:
        raise errors.invalid(f"email_address exceeds the maximum length of {longest} characters")
    parts.check_dates(body)
    old = call.account.find_email(email) if email is not None else call.account.find_sms(number)
    _check_alone(call, old)
    unknown = call.unknown_lists(body["list_memberships"])
    if unknown and call.switch("sign_up_unknown_list") == 404:
        raise errors.not_found(f"List {unknown[0]}")
    contact = _new_by_form(call, email) if old is None else _opted_in(call, old)
    sent = {name: value for name, value in parts.core_of(body).items() if value is not None}
    contact = contact.changed(deleted=None, updated=call.now, update_source="Contact", **sent)
    contact = _off_lists(call, parts.with_sign_up(call, contact, body))
    _save(call, contact)
    action = "created" if old is None else "updated"
    return json_response(201 if old is None else 200, {"contact_id": contact.contact_id, "action": action})


def _new_by_form(call: Call, email: str | None) -> Contact:
    source, place = str(call.switch("sign_up_counts_as")), len(call.account.contacts)
    contact = Contact(call.new_id("contact"), place, call.now, call.now, source, "Contact")
    if email is None:
        return contact
    contact = contact.changed(address=email, email_created=call.now, email_updated=call.now)
    permission = "pending_confirmation" if call.account.confirmed_opt_in else "explicit"
    return opt_in(contact, permission, "Contact", call.now)


def _opted_in(call: Call, old: Contact) -> Contact:
    """A person who was there already, and now asks for mail."""
    stays = old.unsubscribed and call.switch("sign_up_resubscribes") == "no"
    if stays or old.address is None or old.permission == "explicit":
        return old
    return opt_in(old, "explicit", "Contact", call.now)


@route("PUT", "/contacts/resubscribe/{contact_id}", privilege="contacts:write")
def resubscribe(call: Call, contact_id: str) -> Response:
    """Sends the one confirmation mail of a contact's life; they stay unsubscribed until they confirm."""
    contact = find_contact(call, contact_id)
    body = call.body(_RESUBSCRIBE)
    call.require_lists(body["list_ids"])
    if contact.deleted is not None or not contact.unsubscribed:
        raise errors.conflict("The contact is not unsubscribed.")
    if contact.resubscribe_sent is not None:
        raise errors.conflict("A resubscribe email has already been sent to this contact.")
    _save(call, contact.changed(resubscribe_sent=call.now))
    return json_response(200, {})
