"""The accounts that a fresh simulator starts with. Everything follows from the seed, times included.

Acme Bakery is nearly empty; Harbor Books is lively, with every kind of field and every state of a contact;
Northside Clinic has 600 contacts to page through. Further accounts are small.
"""

from dataclasses import replace

from . import ids
from .custom_fields import TYPES, name_for
from .messages import Json
from .records import App, ContactList, CustomField, Tag, User
from .seed_people import BEGINNING, FIRST_NAMES, LAST_NAMES, add_crowd, add_every_state
from .store import Account, Store

ACME, HARBOR, NORTHSIDE = "Acme Bakery", "Harbor Books", "Northside Clinic"
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
            add_every_state(seed, account)
        elif name == NORTHSIDE:
            add_crowd(seed, account, 600)
        elif name != ACME:
            add_crowd(seed, account, 12)


def _summary(account_id: str, name: str, number: int) -> Json:
    domain, phone = _domain(name), f"+1 555 0{100 + number % 900}"
    return {
        "contact_email": f"owner@{domain}",
        "contact_phone": phone,
        "country_code": "us",
        "encoded_account_id": account_id,
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
