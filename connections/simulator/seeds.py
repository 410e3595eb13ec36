"""The accounts that a fresh simulator starts with. Everything follows from the seed, times included.

Acme Bakery is nearly empty; Harbor Books is lively, with every kind of field and every state of a contact;
Northside Clinic has 600 contacts to page through. Further accounts are small.
"""

from dataclasses import replace

from . import ids
from .clock import DAY, parse_time
from .custom_fields import TYPES, name_for
from .messages import Json
from .permissions import opt_in, opt_out
from .records import App, Contact, ContactList, CustomField, Tag, User
from .store import Account, Store

ACME, HARBOR, NORTHSIDE = "Acme Bakery", "Harbor Books", "Northside Clinic"
NAMES = (ACME, HARBOR, NORTHSIDE)
BEGINNING = parse_time("2025-01-06T09:00:00Z") or 0
_FIRST = (
    *("Ana", "Ben", "Chloé", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas"),
    *("Kaya", "Lena", "Milan", "Noor", "Otto", "Priya", "Quinn", "Rosa", "Sven", "Tara"),
)
_LAST = (
    *("Adler", "Brook", "Costa", "Dahl", "Evans", "Fischer", "Garcia", "Hansen"),
    *("Ito", "Jensen", "Kowalski", "Lund", "Meyer", "Novak", "Okafor", "Perez"),
)
_LISTS = {
    ACME: ("General Interest",),
    HARBOR: ("General Interest", "Newsletter", "Book Club", "Events", "Children's Books"),
    NORTHSIDE: ("General Interest", "Patients", "Flu reminders"),
}
_TAGS = {HARBOR: ("VIP", "Author", "Wholesale", "Lapsed"), NORTHSIDE: ("Over 65", "New patient")}
_LABELS = {
    "string": "Customer ID",
    "text_area": "Reading notes",
    "number": "Orders",
    "currency": "Lifetime value",
    "date": "Member since",
    "datetime": "Last visit",
    "boolean": "Loyalty card",
    "single_select": "Favorite genre",
    "multi_select": "Interests",
}
_CHOICES = {
    "single_select": ("Fiction", "History", "Poetry"),
    "multi_select": ("Readings", "Signings", "Workshops", "Podcasts"),
}
_METADATA: dict[str, Json] = {
    "number": {"integer": True, "allow_negative": False},
    "currency": {"currency_code": "USD", "decimal_places": 2},
    "date": {"display_format": "YYYY-MM-DD"},
    "single_select": {"display_type": "dropdown"},
    "multi_select": {"display_type": "checkbox"},
}
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


def origin(seed: str, accounts: int) -> Json:
    """The effect that stands for a start from the seeds."""
    return {"do": "start", "seed": seed, "accounts": accounts}


def sow(store: Store, seed: str, accounts: int) -> None:
    """Fills an empty store."""
    store.seed = seed
    app = App(ids.uuid(seed, "client id"), ids.token(seed, "client secret", length=22))
    store.apps[app.client_id] = replace(app, redirect_uris=("http://localhost/callback",))
    for number in range(accounts):
        name = NAMES[number] if number < len(NAMES) else f"Corner Shop {number + 1}"
        account = _account(seed, name, number)
        store.accounts[account.account_id] = account
        if name == HARBOR:
            _fields(seed, account)
            _harbor(seed, account)
        elif name == NORTHSIDE:
            _crowd(seed, account, 600)
        elif name != ACME:
            _crowd(seed, account, 12)


def _summary(account_id: str, name: str, number: int) -> Json:
    domain, phone = _domain(name), f"+1 555 0{100 + number % 900}"
    return {
        "contact_email": f"owner@{domain}",
        "contact_phone": phone,
        "country_code": "us",
        "encoded_account_id": account_id,
        "first_name": _FIRST[number % len(_FIRST)],
        "last_name": _LAST[number % len(_LAST)],
        "organization_name": name,
        "organization_phone": phone,
        "state_code": "MA",
        "time_zone_id": "US/Eastern",
        "website": domain,
    }


def _domain(name: str) -> str:
    return name.lower().replace(" ", "") + ".example"


def _account(seed: str, name: str, number: int) -> Account:
    account_id = "a07e" + ids.digest(seed, "account", number).hex()[:10]
    account = Account(account_id, _summary(account_id, name, number))
    account.physical_address = {
        "address_line1": f"{number + 1} Main Street",
        "city": "Boston",
        "state_code": "MA",
        "postal_code": "02110",
        "country_code": "us",
    }
    roles = ["CONTACT", "BILLING", "REPLY_TO", "JOURNALING", "OTHER", "DEFAULT_FROM"]
    account.emails = [
        _email(number * 10 + 1, f"owner@{_domain(name)}", roles),
        _email(number * 10 + 2, f"hello@{_domain(name)}", []),
    ]
    for role in ("owner", "manager", "creator"):
        user = User(ids.uuid(seed, "user", number, role), f"{role}@{_domain(name)}", role)
        account.users[user.user_id] = user
    for index, label in enumerate(_LISTS.get(name, ("General Interest",))):
        item = ContactList(ids.uuid(seed, "list", number, index), label, BEGINNING, BEGINNING)
        account.lists[item.list_id] = item
    for index, label in enumerate(_TAGS.get(name, ())):
        tag = Tag(ids.uuid(seed, "tag", number, index), label, BEGINNING, BEGINNING)
        account.tags[tag.tag_id] = tag
    return account


def _email(email_id: int, address: str, roles: list[str]) -> Json:
    return {
        "email_id": email_id,
        "email_address": address,
        "confirm_status": "CONFIRMED",
        "confirm_time": BEGINNING,
        "confirm_source_type": "SITE_OWNER",
        "roles": roles,
        "pending_roles": [],
    }


def _fields(seed: str, account: Account) -> None:
    for kind in TYPES:
        choices = tuple(
            {
                "choice_id": number,
                "choice_label": label,
                "display_order": number,
                "created_at": BEGINNING,
                "updated_at": BEGINNING,
            }
            for number, label in enumerate(_CHOICES.get(kind, ()), start=1)
        )
        item = CustomField(
            ids.uuid(seed, "field", account.account_id, kind),
            _LABELS[kind],
            name_for(_LABELS[kind], "lower"),
            kind,
            BEGINNING,
            BEGINNING,
            metadata=_METADATA.get(kind, {}),
            choices=choices,
        )
        account.fields[item.field_id] = item


def _person(seed: str, account: Account, number: int) -> Contact:
    first, last = _FIRST[number % len(_FIRST)], _LAST[(number * 7 + number // 16) % len(_LAST)]
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


def _crowd(seed: str, account: Account, size: int) -> None:
    lists, tags = list(account.lists), list(account.tags)
    for number in range(size):
        contact = _person(seed, account, number)
        permission = "explicit" if number % 5 == 0 else "implicit"
        contact = opt_in(contact, permission, "Account", contact.created)
        chosen = tuple(dict.fromkeys((lists[0], lists[number % len(lists)])))
        account.save(
            contact.changed(
                lists=chosen, tags=(tags[number % len(tags)],) if tags and number % 3 == 0 else ()
            )
        )


def _harbor(seed: str, account: Account) -> None:
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
