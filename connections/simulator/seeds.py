"""The accounts that a fresh simulator starts with. Everything follows from the seed, times included.

Acme Bakery is nearly empty; Harbor Books is lively, with every kind of field and every state of a contact;
Northside Clinic has 600 contacts, or as many as asked for, to page through. Further accounts are small.
"""

import gc
from dataclasses import replace

from . import automations, ids
from .custom_fields import TYPES, name_for
from .messages import Json
from .partner_access import partner_id
from .records import App, ContactList, CustomField, Tag, User
from .seed_people import BEGINNING, FIRST_NAMES, LAST_NAMES, add_crowd, add_every_state
from .store import Account, Store

ACME, HARBOR, NORTHSIDE = "Acme Bakery", "Harbor Books", "Northside Clinic"
USUAL_CROWD = 600
_MANY = 50_000
NAMES = (ACME, HARBOR, NORTHSIDE)
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


def origin(seed: str, accounts: int, contacts: int) -> Json:
    """The effect that stands for a start from the seeds; the usual size goes without saying."""
    start = {"do": "start", "seed": seed, "accounts": accounts}
    return start if contacts == USUAL_CROWD else {**start, "contacts": contacts}


def sow(store: Store, seed: str, accounts: int, contacts: int = USUAL_CROWD) -> None:
    """Fills an empty store; `contacts` is the size of the account that is there to page through."""
    if contacts < _MANY:
        _sow(store, seed, accounts, contacts)
        return
    # What is seeded lives as long as the process: looking for garbage in it would only cost time, now and later.
    gc.disable()
    try:
        _sow(store, seed, accounts, contacts)
        gc.freeze()
    finally:
        gc.enable()


def _sow(store: Store, seed: str, accounts: int, contacts: int) -> None:
    store.seed, store.origin = seed, origin(seed, accounts, contacts)
    app = App(ids.uuid(seed, "client id"), ids.token(seed, "client secret", length=22))
    store.apps[app.client_id] = replace(app, redirect_uris=("http://localhost/callback",))
    for number in range(accounts):
        name = NAMES[number] if number < len(NAMES) else f"Corner Shop {number + 1}"
        account = new_account(seed, name, number)
        store.accounts[account.account_id] = account
        if name == HARBOR:
            _fields(seed, account)
            add_every_state(seed, account)
            _automations(store, account)
        elif name == NORTHSIDE:
            add_crowd(seed, account, contacts)
        elif name != ACME:
            add_crowd(seed, account, 12)


def _summary(seed: str, name: str, number: int) -> Json:
    domain, phone = _domain(name), f"+1 555 0{100 + number % 900}"
    return {
        "contact_email": f"owner@{domain}",
        "contact_phone": phone,
        "country_code": "us",
        "encoded_account_id": account_id(seed, number),
        "encoded_partner_id": partner_id(seed),
        "first_name": FIRST_NAMES[number % len(FIRST_NAMES)],
        "last_name": LAST_NAMES[number % len(LAST_NAMES)],
        "organization_name": name,
        "organization_phone": phone,
        "state_code": "MA",
        "time_zone_id": "US/Eastern",
        "website": domain,
    }


def _domain(name: str) -> str:
    return name.lower().replace(" ", "") + ".example"


def account_id(seed: str, number: int) -> str:
    """The id of the account with this number."""
    return "a07e" + ids.digest(seed, "account", number).hex()[:10]


def new_account(seed: str, name: str, number: int) -> Account:
    """An account without contacts, with its users, lists and tags."""
    account = Account(account_id(seed, number), _summary(seed, name, number))
    account.physical_address = {
        "address_line1": f"{number + 1} Main Street",
        "address_line2": "Second floor",
        "address_line3": "Rear building",
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


def _automations(store: Store, account: Account) -> None:
    lists = list(account.lists)
    for kind, on, name in (
        ("welcome", lists[1], "Welcome to the newsletter"),
        ("path", lists[3], "Before the event"),
        ("date", "birthday", "Birthday greeting"),
    ):
        account.automations.append(automations.new(store, account, kind, on, name))
    store.automated.add(account.account_id)


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
