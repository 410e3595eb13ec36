"""The people of the seeded accounts: names, states and details that follow from the seed and a number."""

from . import ids
from .clock import DAY, parse_time
from .messages import Json
from .permissions import opt_in, opt_out
from .records import Contact
from .store import Account

BEGINNING = parse_time("2025-01-06T09:00:00Z") or 0
FIRST_NAMES = (
    *("Ana", "Ben", "Chloé", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas"),
    *("Kaya", "Lena", "Milan", "Noor", "Otto", "Priya", "Quinn", "Rosa", "Sven", "Tara"),
)
LAST_NAMES = (
    *("Adler", "Brook", "Costa", "Dahl", "Evans", "Fischer", "Garcia", "Hansen"),
    *("Ito", "Jensen", "Kowalski", "Lund", "Meyer", "Novak", "Okafor", "Perez"),
)
_ASCII = {name: name.lower().replace("é", "e") for name in FIRST_NAMES}
_QUARTER = DAY // 4
# How many of Harbor Books' contacts are in which state, in the order of the walk.
HARBOR_STATES = (
    ("explicit", 20),
    ("implicit", 20),
    ("not_set", 4),
    ("pending_confirmation", 3),
    ("temp_hold", 2),
    ("unsubscribed by Contact", 5),
    ("unsubscribed by Account", 2),
    ("deleted", 3),
    ("deleted after unsubscribing", 1),
)


def _person(seed: str, account: Account, number: int) -> Contact:
    first, last = (
        FIRST_NAMES[number % len(FIRST_NAMES)],
        LAST_NAMES[(number * 7 + number // 16) % len(LAST_NAMES)],
    )
    at = BEGINNING + number * DAY // 4
    return Contact(
        ids.uuid(seed, "contact", account.account_id, number),
        len(account.contacts),
        at,
        at,
        address=f"{first}.{last}.{number}@example.org".lower().replace("é", "e"),
        email_created=at,
        email_updated=at,
        first_name=first,
        last_name=last,
    )


def add_crowd(seed: str, account: Account, size: int) -> None:
    """Many alike: mostly implicit, on one list or two. Made in one go, as a million must not take long."""
    lists, tags = list(account.lists), list(account.tags)
    chosen = [tuple(dict.fromkeys((lists[0], item))) for item in lists]
    tagged = [(tag,) for tag in tags]
    new_id = ids.uuids(seed, "contact", account.account_id)
    for number in range(size):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[(number * 7 + number // 16) % len(LAST_NAMES)]
        # A few times a day for years, and then over again, so that a million does not lead into the future.
        at = BEGINNING + number % 1600 * _QUARTER
        contact = Contact(
            new_id(number),
            len(account.contacts),
            at,
            at,
            address=f"{_ASCII[first]}.{last.lower()}.{number}@example.org",
            permission="explicit" if number % 5 == 0 else "implicit",
            email_created=at,
            email_updated=at,
            opt_in_source="Account",
            opt_in=at,
            first_name=first,
            last_name=last,
            lists=chosen[number % len(lists)],
            tags=tagged[number % len(tags)] if tags and number % 3 == 0 else (),
        )
        account.save(contact)


def add_every_state(seed: str, account: Account) -> None:
    """Contacts in every state, with every kind of detail, and one with an SMS number only."""
    number = 0
    for state, size in HARBOR_STATES:
        for _ in range(size):
            contact = _detailed(seed, account, _person(seed, account, number), number)
            account.save(_in_state(contact, state))
            number += 1
    nobody = _person(seed, account, number)
    sms = {
        "sms_channel_id": ids.uuid(seed, "sms", number),
        "sms_address": "6175550123",
        "dial_code": "1",
        "country_code": "US",
        "create_source": "Account",
        "update_source": "Account",
        "sms_channel_consents": [{"sms_consent_permission": "not_set", "consent_type": "promotional_sms"}],
    }
    account.save(nobody.changed(address=None, email_created=None, email_updated=None, sms=sms))


def _in_state(contact: Contact, state: str) -> Contact:
    at = contact.created
    if state in ("explicit", "implicit", "pending_confirmation"):
        return opt_in(contact, state, "Contact" if state != "implicit" else "Account", at)
    if state in ("not_set", "temp_hold"):
        return contact.changed(permission=state, lists=())
    contact = opt_in(contact, "implicit", "Account", at)
    later = at + 30 * DAY
    if state != "deleted":
        by_contact = state != "unsubscribed by Account"
        reason = "Too many messages" if by_contact else None
        contact = opt_out(contact, "Contact" if by_contact else "Account", later, reason)
    if state.startswith("deleted"):
        contact = contact.changed(deleted=later + DAY, updated=later + DAY)
    return contact.changed(lists=())


def _detailed(seed: str, account: Account, contact: Contact, number: int) -> Contact:
    """The contact with details; which ones goes by its number, so that every combination occurs."""
    lists, tags = list(account.lists), list(account.tags)
    editor, born = number % 6 == 0, number % 5 == 0
    note = {"note_id": ids.uuid(seed, "note", number), "content": "Asked about signed copies."}
    return contact.changed(
        lists=tuple(dict.fromkeys((lists[0], lists[1 + number % 4]))),
        tags=(tags[number % len(tags)],) if number % 2 == 0 else (),
        custom_fields=_values(account, number),
        phones=(_phone(seed, contact, number),) if number % 3 == 0 else (),
        addresses=(_address(seed, contact, number),) if number % 4 == 0 else (),
        notes=({**note, "created_at": contact.created},) if number % 10 == 0 else (),
        company_name="Lighthouse Press" if editor else None,
        job_title="Editor" if editor else None,
        birthday_month=1 + number % 12 if born else None,
        birthday_day=1 + number % 28 if born else None,
        anniversary=f"20{10 + number % 15}-06-{1 + number % 28:02}" if number % 7 == 0 else None,
    )


def _phone(seed: str, contact: Contact, number: int) -> Json:
    return {
        "phone_number_id": ids.uuid(seed, "phone", number),
        "phone_number": f"+1 555 01{number:02}",
        "kind": ("home", "work", "mobile", "other")[number % 4],
        "created_at": contact.created,
        "updated_at": contact.created,
        "create_source": "Account",
        "update_source": "Account",
    }


def _address(seed: str, contact: Contact, number: int) -> Json:
    return {
        "street_address_id": ids.uuid(seed, "address", number),
        "kind": "home",
        "street": f"{number + 1} Harbor Road",
        "city": "Gloucester",
        "state": "MA",
        "postal_code": "01930",
        "country": "United States",
        "created_at": contact.created,
        "updated_at": contact.created,
    }


def _values(account: Account, number: int) -> tuple[Json, ...]:
    texts = {
        "string": f"C-{1000 + number}",
        "text_area": "Prefers paperbacks.",
        "number": str(number % 9),
        "currency": f"{number * 3}.50",
        "date": f"2024-0{1 + number % 9}-15",
        "datetime": f"2025-0{1 + number % 9}-15T10:30:00Z",
        "boolean": "true" if number % 2 else "false",
    }
    values: list[Json] = []
    for position, item in enumerate(account.fields.values()):
        if (number + position) % 3 == 0:
            value: Json = {"value": texts[item.type]} if item.type in texts else {"choices": [1 + number % 3]}
            values.append({"custom_field_id": item.field_id, **value})
    return tuple(values)
