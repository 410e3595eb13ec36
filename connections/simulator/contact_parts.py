"""The pieces of a contact in requests: their shapes and limits, and how they become a contact's new state."""

from . import errors, field_values, ids
from .call import Call
from .checks import Many, Matching, Number, OneOf, Record, Shape, Text, Uuid, is_email
from .messages import Json
from .records import Contact
from .switches import Switches

MOST_LISTS = 50
MOST_TAGS = 50
MOST_VALUES = 25
MOST_NOTES = 150
EMAIL = Matching(is_email, Text(80, 1))
CORE_TEXTS = ("first_name", "last_name", "job_title", "company_name")
ARRAYS = ("custom_fields", "phone_numbers", "street_addresses", "list_memberships", "taggings", "notes")
_PHONE = Record(
    {"phone_number": Text(25, 1), "kind": OneOf(("home", "work", "mobile", "other"))},
    required=("phone_number",),
)
_ADDRESS = Record(
    {
        "kind": OneOf(("home", "work", "other")),
        "street": Text(255),
        "city": Text(50),
        "state": Text(50),
        "postal_code": Text(50),
        "country": Text(50),
    },
    required=("kind",),
)
_VALUE = Record(
    {"custom_field_id": Uuid(), "value": Text(255), "choice_ids": Many(Text(10), 100)},
    required=("custom_field_id",),
)
_CONSENT = Record(
    {
        "sms_consent_permission": OneOf(("explicit", "unsubscribed", "pending_confirmation", "not_set")),
        "consent_type": OneOf(("promotional_sms",)),
        "consent_medium_details": Text(),
        "consent_medium_type": Text(),
        "consent_medium_url": Text(),
        "advertised_frequency": Number(0),
        "advertised_interval": Text(),
    },
    required=("sms_consent_permission", "consent_type"),
)
# The sign-up form asks for more: how and where the person agreed.
_FORM_CONSENT = Record(
    _CONSENT.properties,
    required=(*_CONSENT.required, "consent_medium_type", "consent_medium_url", "consent_medium_details"),
)
_CORE: dict[str, Shape] = {
    **{name: Text(50) for name in CORE_TEXTS},
    "birthday_month": Number(1, 12),
    "birthday_day": Number(1, 31),
    "anniversary": Text(10),
}
CONTACT: dict[str, Shape] = {
    **_CORE,
    "custom_fields": Many(_VALUE, MOST_VALUES),
    "phone_numbers": Many(_PHONE, 3),
    "street_addresses": Many(_ADDRESS, 3),
    "list_memberships": Many(Uuid(), MOST_LISTS),
    "taggings": Many(Uuid(), MOST_TAGS),
    "notes": Many(Record({"content": Text(2000, 1)}, required=("content",)), MOST_NOTES),
    "sms_channel": Record(
        {"full_sms_address": Text(16, 1), "sms_channel_consents": Many(_CONSENT, 10)},
        required=("full_sms_address", "sms_channel_consents"),
    ),
}
SIGN_UP = Record(
    {
        **_CORE,
        "email_address": EMAIL,
        "phone_number": Text(25),
        "list_memberships": Many(Uuid(), MOST_LISTS, 1),
        "custom_fields": Many(
            Record({"custom_field_id": Uuid(), "value": Text(255)}, required=("custom_field_id",)), 50
        ),
        "street_address": _ADDRESS,
        "sms_channel": Record(
            {
                "sms_address": Text(16, 1),
                "dial_code": Text(5, 1),
                "country_code": Text(2, 2),
                "sms_channel_consents": Many(_FORM_CONSENT, 10),
            },
            required=("sms_address", "dial_code", "country_code", "sms_channel_consents"),
        ),
    },
    required=("list_memberships",),
)


def check_dates(body: Json) -> None:
    """Birthday parts belong together and must make a day; the anniversary is a date in an accepted form."""
    month, day = body.get("birthday_month"), body.get("birthday_day")
    if (month is None) != (day is None):
        raise errors.invalid("birthday_month and birthday_day must be given together")
    if month is not None and day is not None and not is_day_of_year(month, day):
        raise errors.invalid("birthday_day does not have a valid value")
    if body.get("anniversary") and field_values.parse_day(body["anniversary"]) is None:
        raise errors.invalid("anniversary does not have a valid value")


def is_day_of_year(month: int, day: int) -> bool:
    """Whether there is such a day, in a leap year."""
    return 1 <= month <= 12 and field_values.parse_day(f"2024-{month}-{day}") is not None


def core_of(body: Json) -> Json:
    """The core properties, null where left out or blank."""
    core: Json = {name: (body.get(name) or "").strip() or None for name in CORE_TEXTS}
    core["birthday_month"], core["birthday_day"] = body.get("birthday_month"), body.get("birthday_day")
    core["anniversary"] = field_values.parse_day(body.get("anniversary") or "")
    return core


def with_parts(call: Call, contact: Contact, body: Json, source: str) -> Contact:
    """The contact with every sub-resource that the body has; the others stay."""
    changes: Json = {}
    if "list_memberships" in body:
        changes["lists"] = _lists(call, contact, body["list_memberships"])
    if "taggings" in body:
        changes["tags"] = _tags(call, contact, body["taggings"])
    if "custom_fields" in body:
        values = values_of(call, body["custom_fields"])
        if call.switch("put_present_custom_fields") == "merged":
            values = merge_values(contact.custom_fields, values)
        changes["custom_fields"] = values
    if "phone_numbers" in body:
        changes["phones"] = tuple(
            _phone(call, item["phone_number"], item.get("kind") or "other", source, index)
            for index, item in enumerate(body["phone_numbers"])
        )
    if "street_addresses" in body:
        changes["addresses"] = tuple(
            _address(call, item, index) for index, item in enumerate(body["street_addresses"])
        )
    if "notes" in body:
        changes["notes"] = _notes(call, contact, body["notes"])
    if "sms_channel" in body:
        changes["sms"] = _sms(call, body["sms_channel"], source)
    return contact.changed(**changes)


def _tags(call: Call, contact: Contact, wanted: list[str]) -> tuple[str, ...]:
    tags = tuple(call.require_tags(wanted, "taggings"))
    if call.switch("put_present_taggings") == "merged":
        tags = tuple(dict.fromkeys((*contact.tags, *tags)))
    if len(tags) > MOST_TAGS:
        raise errors.invalid(f"taggings exceeds the maximum of {MOST_TAGS} items")
    return tags


def _notes(call: Call, contact: Contact, wanted: list[Json]) -> tuple[Json, ...]:
    notes = tuple(
        {"note_id": call.new_id("note", index), "created_at": call.now, "content": item["content"]}
        for index, item in enumerate(wanted)
    )
    if call.switch("put_present_notes") == "merged":
        notes = (*notes, *contact.notes)
    if len(notes) > MOST_NOTES:
        raise errors.invalid(f"notes exceeds the maximum of {MOST_NOTES} items")
    return notes


def _lists(call: Call, contact: Contact, wanted: list[str]) -> tuple[str, ...]:
    lists = tuple(call.require_lists(wanted, "list_memberships"))
    if call.switch("put_present_lists") == "merged":
        lists = tuple(dict.fromkeys((*contact.lists, *lists)))
    if len(lists) > MOST_LISTS:
        raise errors.invalid(f"list_memberships exceeds the maximum of {MOST_LISTS} items")
    return lists


def _phone(call: Call, number: str, kind: str, source: str, index: int) -> Json:
    return {
        "phone_number_id": call.new_id("phone", index),
        "phone_number": number,
        "kind": kind,
        "created_at": call.now,
        "updated_at": call.now,
        "create_source": source,
        "update_source": source,
    }


def _address(call: Call, item: Json, index: int) -> Json:
    names = ("kind", "street", "city", "state", "postal_code", "country")
    kept = {name: item[name] for name in names if item.get(name)}
    return {
        "street_address_id": call.new_id("address", index),
        **kept,
        "created_at": call.now,
        "updated_at": call.now,
    }


def _sms(call: Call, channel: Json, source: str) -> Json:
    consents = [_consent(call, consent) for consent in channel["sms_channel_consents"]]
    return {
        "sms_channel_id": ids.uuid(call.store.seed, "sms", call.seq),
        "sms_address": channel.get("full_sms_address") or channel.get("sms_address"),
        "dial_code": channel.get("dial_code", "1"),
        "country_code": channel.get("country_code", "US"),
        "create_source": source,
        "update_source": source,
        "sms_channel_consents": consents,
    }


def _consent(call: Call, wanted: Json) -> Json:
    kept = {name: value for name, value in wanted.items() if value is not None}
    if "advertised_frequency" in kept:
        kept["advertised_frequency"] = str(kept["advertised_frequency"])
    out = kept["sms_consent_permission"] == "unsubscribed"
    kept["opt_out_date" if out else "opt_in_date"] = call.now
    return {**kept, "created_at": call.now, "updated_at": call.now}


def values_of(call: Call, wanted: list[Json]) -> tuple[Json, ...]:
    """Custom field values in their stored form; blank ones are left out, wrong ones refused."""
    checked = call.switch("typed_values") == "checked"
    values: dict[str, Json] = {}
    problems = []
    for item in wanted:
        field_id = item["custom_field_id"].lower()
        field = call.account.fields.get(field_id)
        if field is None:
            if call.switch("unknown_field_value") == "refused":
                problems.append(f"custom_fields contains an unknown custom_field_id {field_id}")
            continue
        if item.get("choice_ids"):
            value = field_values.read_choices(field, item["choice_ids"])
        elif item.get("value"):
            value = field_values.read_value(field, item["value"], checked=checked)
        else:
            continue
        if value is None:
            problems.append(f"custom_fields does not have a valid value for {field.name}")
        else:
            values[field_id] = value
    if problems:
        raise errors.invalid(*problems[:20])
    return tuple(values.values())


def merge_values(old: tuple[Json, ...], new: tuple[Json, ...]) -> tuple[Json, ...]:
    """Old values with new ones in their place or after them."""
    by_id = {value["custom_field_id"]: value for value in old}
    by_id.update((value["custom_field_id"], value) for value in new)
    return tuple(by_id.values())


def with_sign_up(call: Call, contact: Contact, body: Json) -> Contact:
    """The contact with what a sign-up form appends."""
    lists = tuple(
        dict.fromkeys((*contact.lists, *call.require_lists(body["list_memberships"], "list_memberships")))
    )
    if len(lists) > MOST_LISTS:
        raise errors.invalid(f"list_memberships exceeds the maximum of {MOST_LISTS} items")
    values = merge_values(contact.custom_fields, values_of(call, body.get("custom_fields", [])))
    most = call.store.switches.number("sign_up_most_values")
    if len(values) > most:
        raise errors.invalid(f"custom_fields exceeds the maximum of {most} items")
    changes: Json = {"lists": lists, "custom_fields": values}
    number = body.get("phone_number")
    if number and all(phone["phone_number"] != number for phone in contact.phones):
        changes["phones"] = (*contact.phones[-2:], _phone(call, number, "other", "Contact", 0))
    if body.get("street_address"):
        kind = body["street_address"]["kind"]
        others = tuple(item for item in contact.addresses if item["kind"] != kind)
        changes["addresses"] = (*others[-2:], _address(call, body["street_address"], 0))
    if body.get("sms_channel"):
        changes["sms"] = _sms(call, body["sms_channel"], "Contact")
    return contact.changed(**changes)


def deleted(contact: Contact, at: int, switches: Switches) -> Contact:
    """The contact softly deleted."""
    changes: Json = {"deleted": at, "lists": ()}
    if switches["delete_moves_updated_at"] == "yes":
        changes["updated"] = at
    if switches["deleted_keeps_details"] == "no":
        changes.update(tags=(), custom_fields=(), notes=())
    return contact.changed(**changes)
