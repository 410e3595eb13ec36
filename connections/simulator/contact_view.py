"""How a contact goes over the wire: its core properties, and the sub-resources that were asked for."""

from collections.abc import Callable, Iterable

from . import errors
from .call import Call, csv_values
from .clock import show_date
from .messages import Json
from .records import Contact

INCLUDES = (
    "custom_fields",
    "list_memberships",
    "phone_numbers",
    "street_addresses",
    "taggings",
    "notes",
    "sms_channel",
)
_CORE = (
    "first_name",
    "last_name",
    "job_title",
    "company_name",
    "birthday_month",
    "birthday_day",
    "anniversary",
)


def show_email(call: Call, contact: Contact) -> Json:
    """The email_address part."""
    shown: Json = {"address": contact.address, "permission_to_send": contact.permission}
    if contact.email_created is not None:
        shown["created_at"] = call.time(contact.email_created)
    if contact.email_updated is not None:
        shown["updated_at"] = call.time(contact.email_updated)
    if contact.opt_in_source is not None:
        shown["opt_in_source"] = contact.opt_in_source
    if contact.opt_in is not None:
        shown["opt_in_date"] = call.time(contact.opt_in)
    if contact.unsubscribed:
        shown["opt_out_source"] = contact.opt_out_source
        if contact.opt_out is not None:
            shown["opt_out_date"] = call.time(contact.opt_out)
        if contact.opt_out_reason is not None:
            shown["opt_out_reason"] = contact.opt_out_reason
    shown["confirm_status"] = contact.confirm_status
    return shown


def _source(call: Call, source: str) -> str:
    """Who made or changed a contact; one capture shows a third word for people who signed up themselves."""
    shown = str(call.switch("create_source_shown"))
    return source if shown == "as_written" or source != "Contact" else shown


def show_contact(call: Call, contact: Contact, include: Iterable[str]) -> Json:
    """A contact with its core properties and the sub-resources asked for."""
    shown: Json = {"contact_id": contact.contact_id}
    if contact.address is not None:
        shown["email_address"] = show_email(call, contact)
    nulls = call.switch("null_properties") == "null"
    for name in _CORE:
        value = getattr(contact, name)
        if value is not None or nulls:
            shown[name] = value
    shown["update_source"] = _source(call, contact.update_source)
    shown["create_source"] = _source(call, contact.create_source)
    shown["created_at"] = call.time(contact.created)
    shown["updated_at"] = call.time(contact.updated)
    if contact.deleted is not None:
        shown["deleted_at"] = show_date(contact.deleted)
    for name in include:
        if name != "sms_channel" or contact.sms is not None:
            shown[name] = _PARTS[name](call, contact)
    return shown


_CONSENT = (
    "sms_consent_permission",
    "consent_type",
    "opt_in_date",
    "opt_out_date",
    "advertised_frequency",
    "advertised_interval",
    "created_at",
    "updated_at",
)


def _show_sms(call: Call, channel: Json) -> Json:
    consents = [
        {
            name: call.time(consent[name]) if isinstance(consent[name], int) else consent[name]
            for name in _CONSENT
            if name in consent
        }
        for consent in channel.get("sms_channel_consents", [])
    ]
    return {**channel, "sms_channel_consents": consents}


def _timed(call: Call, part: Json) -> Json:
    return {name: call.time(value) if name.endswith("_at") else value for name, value in part.items()}


def show_values(call: Call, contact: Contact) -> list[Json]:
    """The custom field values."""
    form = "{:06d}" if call.switch("contact_choice_ids") == "padded" else "{}"
    return [
        {
            "custom_field_id": item["custom_field_id"],
            **(
                {"choice_ids": [form.format(number) for number in item["choices"]]}
                if "choices" in item
                else {"value": item["value"]}
            ),
        }
        for item in contact.custom_fields
    ]


_PARTS: dict[str, Callable[[Call, Contact], object]] = {
    "custom_fields": show_values,
    "list_memberships": lambda call, contact: list(contact.lists),
    "taggings": lambda call, contact: list(contact.tags),
    "phone_numbers": lambda call, contact: [_timed(call, part) for part in contact.phones],
    "street_addresses": lambda call, contact: [_timed(call, part) for part in contact.addresses],
    "notes": lambda call, contact: [_timed(call, part) for part in contact.notes],
    "sms_channel": lambda call, contact: _show_sms(call, contact.sms or {}),
}


def includes_of(asked: dict[str, str]) -> list[str]:
    """The sub-resources asked for."""
    wanted = csv_values(asked.get("include", ""))
    if any(name not in INCLUDES for name in wanted):
        raise errors.invalid("include does not have a valid value")
    return list(dict.fromkeys(wanted))
