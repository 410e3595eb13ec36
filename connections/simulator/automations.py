"""The account's own automations: which mails they would send, and why. Nothing is sent.

A welcome goes to a new contact of the person's own making, once; a path starts for whoever joins its list,
whatever the way; a date comes round each year. Each mail that would go out is an entry of its own in the
journal, with the effect `would_mail`, made live from what happened and only remembered on a replay.
"""

from collections.abc import Iterator

from . import ids
from .catalog import mailable
from .clock import DAY, SECOND, show_date, utc_day
from .messages import Json
from .records import Contact
from .store import Account, Store, effect

KINDS = ("welcome", "path", "tag", "date")
DATES = ("birthday", "anniversary")
_MOST_DAYS = 400


def new(store: Store, account: Account, kind: str, on: str, name: str) -> Json:
    """An automation: `on` is the list, the tag or the kind of date that starts it."""
    number = len(account.automations)
    key = ids.uuid(store.seed, "automation", account.account_id, number)
    return {"automation_id": key, "kind": kind, "on": on, "name": name, "active": True}


def take(store: Store, now: int) -> Iterator[Json]:
    """The effects of all mails that are due since the last look, and forgets what led to them."""
    accounts = [store.accounts[key] for key in sorted(store.automated)]
    for account in accounts:
        changes, account.changes = account.changes, []
        for old, contact, way in changes:
            yield from _by_change(store, account, old, contact, way)
    day = utc_day(now)
    first, store.last_day = max(store.last_day + 1, day - _MOST_DAYS), day
    for number in range(first, day + 1):
        for account in accounts:
            yield from _by_date(account, number)


def forget(store: Store, now: int) -> None:
    """Leaves out what a replay brought: its mails stand in the journal already."""
    store.last_day = utc_day(now)
    for key in store.automated:
        store.accounts[key].changes.clear()


def _by_change(
    store: Store, account: Account, old: Contact | None, contact: Contact, way: str
) -> Iterator[Json]:
    if not mailable(contact):
        return
    # Whoever waited for a confirmation is treated as one who came now.
    came = old is None or old.permission == "pending_confirmation"
    before = old if old is not None and not came and old.deleted is None else None
    joined = set(contact.lists) - set(before.lists if before else ())
    tagged = set(contact.tags) - set(before.tags if before else ())
    for automation in account.automations:
        kind, on = automation["kind"], automation["on"]
        starts = (
            (kind == "welcome" and came and on in joined and contact.create_source == "Contact")
            or (kind == "path" and on in joined and (way != "import" or _imports_start(store)))
            or (kind == "tag" and on in tagged and store.switches["tag_starts_automations"] == "yes")
        )
        if starts and automation["active"]:
            yield from _mail(account, automation, contact, "")


def _imports_start(store: Store) -> bool:
    return store.switches["import_starts_paths"] == "yes"


def _by_date(account: Account, number: int) -> Iterator[Json]:
    wanted = {item["on"]: item for item in account.automations if item["kind"] == "date" and item["active"]}
    if not wanted:
        return
    day = show_date(number * DAY)
    for contact in account.contacts:
        if not mailable(contact):
            continue
        dates = {"birthday": _birthday(contact), "anniversary": (contact.anniversary or "")[5:]}
        for on, automation in wanted.items():
            if dates[on] == day[5:]:
                yield from _mail(account, automation, contact, day)


def _birthday(contact: Contact) -> str:
    return "" if contact.birthday_month is None else f"{contact.birthday_month:02}-{contact.birthday_day:02}"


def _mail(account: Account, automation: Json, contact: Contact, day: str) -> Iterator[Json]:
    """The effect of one mail, unless this automation has sent it already."""
    # A welcome is sent once in a contact's life, whichever list it is for.
    about = "welcome" if automation["kind"] == "welcome" else automation["automation_id"]
    mark = f"{about} {contact.contact_id} {day}".rstrip()
    if mark not in account.mailed:
        yield {
            "do": "would_mail",
            "account": account.account_id,
            "automation_id": automation["automation_id"],
            "kind": automation["kind"],
            "contact_id": contact.contact_id,
            "address": contact.address,
            "mark": mark,
        }


@effect("would_mail")
def _remember(store: Store, change: Json, at: int) -> None:
    store.accounts[change["account"]].mailed[change["mark"]] = at // SECOND


@effect("automation.save")
def _save_automation(store: Store, change: Json, at: int) -> None:
    account, wanted = store.accounts[change["account"]], change["automation"]
    others = [item for item in account.automations if item["automation_id"] != wanted["automation_id"]]
    account.automations = [*others, wanted]
    store.automated.add(account.account_id)
