"""The simulator's whole state, and the one way to change it: `Store.apply(effect, at)`.

Handlers decide and describe a change as an effect, a JSON object; the functions registered with `@effect`
carry it out and cannot fail. So a journal of effects, applied in order to a fresh store, gives the same
state again.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Any

from .clock import Clock, utc_day
from .messages import Json
from .records import (
    AccessToken,
    Activity,
    App,
    Code,
    Contact,
    ContactList,
    CustomField,
    Grant,
    Tag,
    User,
    from_json,
    to_json,
)
from .switches import Switches

Effect = Callable[["Store", Json, int], None]
EFFECTS: dict[str, Effect] = {}


def effect(name: str) -> Callable[[Effect], Effect]:
    """Registers the function that carries out effects of this name."""

    def register(function: Effect) -> Effect:
        EFFECTS[name] = function
        return function

    return register


class Account:
    """One customer's data, with the indexes that keep the calls on it quick."""

    def __init__(self, account_id: str, summary: Json) -> None:
        self.account_id = account_id
        self.summary = summary
        self.physical_address: Json | None = None
        self.emails: list[Json] = []
        self.users: dict[str, User] = {}
        self.confirmed_opt_in = False
        self.contacts: list[Contact] = []
        self.by_id: dict[str, int] = {}
        self.by_email: dict[str, int] = {}
        # Nothing keeps two contacts from having one number; the older one is found.
        self.by_sms: dict[str, set[int]] = {}
        self.lists: dict[str, ContactList] = {}
        self.tags: dict[str, Tag] = {}
        self.fields: dict[str, CustomField] = {}
        self.activities: dict[str, Activity] = {}
        self.members: dict[str, set[int]] = {}
        self.tagged: dict[str, set[int]] = {}
        self.counts: dict[str, int] = {}
        self.queued = 0
        self.automations: list[Json] = []
        # A mark for each mail that would have gone out, with the second when.
        self.mailed: dict[str, int] = {}
        # What automations have yet to look at: each contact before and after, and the way it came.
        self.changes: list[tuple[Contact | None, Contact, str]] = []
        self.way = ""
        # Segments whose contacts were asked for once: a cache of the service, and no part of the state.
        self.asked_segments: set[str] = set()
        # What was written of the resources that are otherwise as seeded, by kind and id; None once deleted.
        self.shelves: dict[str, dict[str, Json | None]] = {}

    def find(self, contact_id: str) -> Contact | None:
        seq = self.by_id.get(contact_id.lower())
        return None if seq is None else self.contacts[seq]

    def find_email(self, address: str) -> Contact | None:
        seq = self.by_email.get(address.lower())
        return None if seq is None else self.contacts[seq]

    def find_sms(self, number: str | None) -> Contact | None:
        seqs = self.by_sms.get(number or "")
        return self.contacts[min(seqs)] if seqs else None

    def living_lists(self) -> Iterator[ContactList]:
        return (item for item in self.lists.values() if item.deleted is None)

    def members_of(self, list_id: str) -> list[Contact]:
        return [self.contacts[seq] for seq in sorted(self.members.get(list_id, ()))]

    def save(self, contact: Contact) -> None:
        """Puts a new state of a contact in place of the old one and keeps every index right."""
        old = self.contacts[contact.seq] if contact.seq < len(self.contacts) else None
        if old is None:
            self.contacts.append(contact)
            self.by_id[contact.contact_id] = contact.seq
        else:
            self._forget(old)
            self.contacts[contact.seq] = contact
        if self.automations:
            self.changes.append((old, contact, self.way))
        if contact.address is not None:
            key = contact.address.lower()
            # One text for both, where they are alike, saves a hundred megabytes in a million contacts.
            self.by_email[contact.address if key == contact.address else key] = contact.seq
        if contact.sms:
            self.by_sms.setdefault(contact.sms["sms_address"], set()).add(contact.seq)
        for list_id in contact.lists:
            self.members.setdefault(list_id, set()).add(contact.seq)
        state = "deleted" if contact.deleted is not None else contact.permission
        self.counts[state] = self.counts.get(state, 0) + 1
        if contact.deleted is None:
            for tag_id in contact.tags:
                self.tagged.setdefault(tag_id, set()).add(contact.seq)

    def _forget(self, old: Contact) -> None:
        if old.address is not None:
            self.by_email.pop(old.address.lower(), None)
        if old.sms:
            self.by_sms[old.sms["sms_address"]].discard(old.seq)
        for list_id in old.lists:
            self.members[list_id].discard(old.seq)
        for tag_id in old.tags:
            if old.deleted is None:
                self.tagged[tag_id].discard(old.seq)
        self.counts["deleted" if old.deleted is not None else old.permission] -= 1

    def dump(self) -> Json:
        return {
            "summary": self.summary,
            "physical_address": self.physical_address,
            "emails": self.emails,
            "users": [to_json(user) for user in self.users.values()],
            "confirmed_opt_in": self.confirmed_opt_in,
            "contacts": [to_json(contact) for contact in self.contacts],
            "lists": [to_json(item) for item in self.lists.values()],
            "tags": [to_json(tag) for tag in self.tags.values()],
            "fields": [to_json(field) for field in self.fields.values()],
            "activities": [to_json(activity) for activity in self.activities.values()],
            "members": {key: sorted(value) for key, value in sorted(self.members.items()) if value},
            "tagged": {key: sorted(value) for key, value in sorted(self.tagged.items()) if value},
            "counts": {key: value for key, value in sorted(self.counts.items()) if value},
            "queued": self.queued,
            "automations": self.automations,
            "mailed": dict(sorted(self.mailed.items())),
            "shelves": {kind: shelf for kind, shelf in sorted(self.shelves.items()) if shelf},
        }


class Store:
    """All accounts, applications and grants, the switches and the clock."""

    def __init__(self, seed: str, clock: Clock, activity_seconds: float = 1.5) -> None:
        self.seed = seed
        self.clock = clock
        self.first_activity_seconds = activity_seconds
        self.clear()

    def clear(self) -> None:
        self.activity_seconds = self.first_activity_seconds
        self.origin: Json = {}
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        # Fingerprint of every refresh token ever given -> its grant: a reused one must be recognised.
        self.refresh_tokens: dict[str, str] = {}
        self.tokens: dict[str, AccessToken] = {}
        # A partner's tokens with the time they end, and what each application subscribed to, by topic.
        self.partner_tokens: dict[str, int] = {}
        self.devices: dict[str, Json] = {}
        self.hooks: dict[str, dict[str, str]] = {}
        # Accounts with automations, and the day up to which dates were looked at.
        self.automated: set[str] = set()
        self.last_day = utc_day(self.clock.now())
        self.switches = Switches()
        # (complete_at, order of arrival, account, activity) of the jobs still to end.
        self.due: list[tuple[int, int, str, str]] = []
        self.arrivals = 0

    def apply(self, change: Json, at: int) -> None:
        """Carries out one effect that happened at that instant."""
        EFFECTS[change["do"]](self, change, at)

    def enqueue(self, account: Account, activity: Activity) -> None:
        account.activities[activity.activity_id] = activity
        account.queued += 1
        self.arrivals += 1
        heapq.heappush(
            self.due, (activity.complete_at, self.arrivals, account.account_id, activity.activity_id)
        )

    def due_activity(self, now: int) -> tuple[Account, Activity] | None:
        """Takes the next job whose time has come, in order of its end."""
        if not self.due or self.due[0][0] > now:
            return None
        _, _, account_id, activity_id = heapq.heappop(self.due)
        account = self.accounts[account_id]
        return account, account.activities[activity_id]

    def dump(self) -> Json:
        """Everything that a restart must bring back, for comparing two stores."""
        parts: list[tuple[str, dict[str, Any]]] = [
            ("apps", self.apps),
            ("codes", self.codes),
            ("grants", self.grants),
            ("tokens", self.tokens),
        ]
        state: Json = {name: {key: to_json(value) for key, value in part.items()} for name, part in parts}
        state["refresh_tokens"] = self.refresh_tokens
        state["partner_tokens"] = self.partner_tokens
        state["devices"] = self.devices
        state["hooks"] = self.hooks
        state["switches"] = dict(self.switches)
        state["activity_seconds"] = self.activity_seconds
        state["accounts"] = {key: account.dump() for key, account in self.accounts.items()}
        return state


@effect("app.save")
def _save_app(store: Store, change: Json, at: int) -> None:
    app = from_json(App, change["app"])
    store.apps[app.client_id] = app


@effect("switches.turn")
def _turn_switches(store: Store, change: Json, at: int) -> None:
    store.switches.update(change["switches"])


@effect("clock.move")
def _move_clock(store: Store, change: Json, at: int) -> None:
    store.clock.restore(change["clock"])
    if change.get("activity_seconds") is not None:
        store.activity_seconds = change["activity_seconds"]


@effect("contact.save")
def _save_contact(store: Store, change: Json, at: int) -> None:
    store.accounts[change["account"]].save(from_json(Contact, change["contact"]))


@effect("list.save")
def _save_list(store: Store, change: Json, at: int) -> None:
    item = from_json(ContactList, change["list"])
    store.accounts[change["account"]].lists[item.list_id] = item


@effect("tag.save")
def _save_tag(store: Store, change: Json, at: int) -> None:
    tag = from_json(Tag, change["tag"])
    store.accounts[change["account"]].tags[tag.tag_id] = tag


@effect("field.save")
def _save_field(store: Store, change: Json, at: int) -> None:
    custom_field = from_json(CustomField, change["field"])
    store.accounts[change["account"]].fields[custom_field.field_id] = custom_field


@effect("activity.open")
def _open_activity(store: Store, change: Json, at: int) -> None:
    store.enqueue(store.accounts[change["account"]], from_json(Activity, change["activity"]))


@effect("shelf.save")
def _save_on_shelf(store: Store, change: Json, at: int) -> None:
    for kind, key, value in change["saves"]:
        store.accounts[change["account"]].shelves.setdefault(kind, {})[key] = value


@effect("account.save")
def _save_account(store: Store, change: Json, at: int) -> None:
    account = store.accounts[change["account"]]
    for name, value in change["changes"].items():
        setattr(account, name, value)
