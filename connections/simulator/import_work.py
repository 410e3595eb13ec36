"""What an import does to an account: find or make each contact, change only what the row has, count the rest.

New contacts get `implicit` from `Account`; an existing permission never changes; people who unsubscribed stay
off the lists and are counted. Of two rows with one address the last one counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from . import ids
from .activities import add_error, work
from .contact_parts import MOST_LISTS, MOST_VALUES, merge_values
from .import_rows import Reading, Row, rows_of, understand, unknown_fields
from .imports import MOST_LINES
from .messages import Json
from .permissions import opt_in
from .records import Activity, Contact
from .store import Account, Store
from .switches import Switches


@work("import")
def run_import(store: Store, account: Account, activity: Activity) -> None:
    """Carries out a queued import."""
    order = activity.order
    raw: Iterable[tuple[int, Json]]
    if "text" in order:
        raw = list(rows_of(order["text"], MOST_LINES))
        total = len(raw) + 1
    else:
        raw = list(enumerate(order["rows"], start=1))
        total = len(raw)
    reading = Reading(
        {item.name.lower(): item for item in account.fields.values()},
        store.switches.number("import_email_length"),
        store.switches["import_blank_values"] == "cleared",
        store.switches["typed_values"] == "checked",
        store.switches["import_choices"] == "ids",
    )
    names = dict.fromkeys(name for _, row in raw for name in row)
    for name in unknown_fields(account, list(names)):
        add_error(activity, f"The custom field {name} does not exist and was ignored")
    rows = [understand(number, row, reading) for number, row in raw]
    counters = dict.fromkeys(
        ("person_count", "error_count", "correctable_count", "cannot_add_to_list_count"), 0
    )
    lists = [item for item in order["list_ids"] if account.lists[item].deleted is None]
    importer = _Importer(store, account, activity, lists)
    account.way = "import"
    for row in _good(rows, activity, counters, store.switches):
        counters[importer.take(row)] += 1
    account.way = ""
    activity.counters = {"items_total_count": total, **counters}


def note(activity: Activity, row: Row, problem: str, texts: object) -> None:
    """Says what is wrong with a row, as far as anything is said of a row at all."""
    if texts != "counts_only":
        add_error(activity, f"{f'Line {row.number}' if texts == 'by_line' else row.given}: {problem}")


def _good(rows: list[Row], activity: Activity, counters: dict[str, int], switches: Switches) -> list[Row]:
    """The rows without a problem, of several with one address only the last."""
    duplicates, texts = switches["import_duplicates"], switches["import_error_texts"]
    last: dict[str, int] = {}
    for index, row in enumerate(rows):
        if row.problem is None:
            last[_key(row)] = index
    good = []
    for index, row in enumerate(rows):
        if row.problem is not None:
            counters["correctable_count" if row.mendable else "error_count"] += 1
            note(activity, row, row.problem, texts)
        elif duplicates == "merged" or last[_key(row)] == index:
            good.append(row)
    return good


def _key(row: Row) -> str:
    return row.email.lower() if row.email is not None else f"sms {(row.sms or {}).get('sms_address')}"


@dataclass(slots=True)
class _Importer:
    store: Store
    account: Account
    activity: Activity
    lists: list[str]

    def take(self, row: Row) -> str:
        """Applies one good row; the answer names the counter that it belongs to."""
        switches = self.store.switches
        at = self.activity.complete_at
        old = self._existing(row)
        if old is None:
            contact = self._new(row, at)
        elif old.deleted is not None and switches["import_revives_deleted"] == "no":
            return "error_count"
        else:
            contact = old
        values = merge_values(contact.custom_fields, tuple(row.values))
        if row.cleared:
            values = tuple(value for value in values if value["custom_field_id"] not in row.cleared)
        lists = contact.lists
        if not contact.unsubscribed:
            lists = tuple(dict.fromkeys((*contact.lists, *self.lists)))
        if len(values) > MOST_VALUES or len(lists) > MOST_LISTS:
            note(self.activity, row, "too many custom fields or lists", switches["import_error_texts"])
            return "error_count"
        if contact.unsubscribed and switches["import_updates_unsubscribed"] == "no":
            return "cannot_add_to_list_count"
        contact = contact.changed(
            deleted=None,
            custom_fields=values,
            lists=lists,
            phones=self._phones(contact, row, at),
            addresses=self._addresses(contact, row, at),
            **row.core,
        )
        if row.sms is not None:
            contact = contact.changed(sms=self._sms(contact, row))
        self._save(old, contact, at)
        return "cannot_add_to_list_count" if contact.unsubscribed else "person_count"

    def _existing(self, row: Row) -> Contact | None:
        if row.email is not None:
            return self.account.find_email(row.email)
        return self.account.find_sms((row.sms or {}).get("sms_address"))

    def _new(self, row: Row, at: int) -> Contact:
        contact = Contact(self._id(row, "contact"), len(self.account.contacts), at, at)
        if row.email is None:
            return contact
        contact = contact.changed(address=row.email, email_created=at, email_updated=at)
        return opt_in(contact, "implicit", "Account", at)

    def _id(self, row: Row, kind: str) -> str:
        return ids.uuid(self.store.seed, kind, self.activity.activity_id, row.number)

    def _save(self, old: Contact | None, contact: Contact, at: int) -> None:
        if old is not None and contact != old:
            only_lists = contact.changed(lists=old.lists) == old
            switches = self.store.switches
            if not only_lists or switches["lists_move_updated_at"] == "yes":
                moves = switches["imports_move_updated_at"] == "yes"
                contact = contact.changed(updated=at if moves else old.updated, update_source="Account")
        self.account.save(contact)

    def _phones(self, contact: Contact, row: Row, at: int) -> tuple[Json, ...]:
        phones = {phone["kind"]: phone for phone in contact.phones}
        for kind, number in row.phones.items():
            old = phones.get(kind)
            if old is None and len(phones) == 3:
                note(
                    self.activity, row, "more than 3 phone numbers", self.store.switches["import_error_texts"]
                )
            elif old is None or old["phone_number"] != number:
                created = {"created_at": at, "create_source": "Account"} if old is None else {}
                phones[kind] = {
                    **(old or {"phone_number_id": self._id(row, f"{kind} phone")}),
                    **created,
                    "phone_number": number,
                    "kind": kind,
                    "updated_at": at,
                    "update_source": "Account",
                }
        return tuple(phones.values())

    def _addresses(self, contact: Contact, row: Row, at: int) -> tuple[Json, ...]:
        addresses = {address["kind"]: address for address in contact.addresses}
        for kind, columns in row.addresses.items():
            street = ", ".join(columns[name] for name in ("street", "street2") if name in columns)
            wanted: Json = {name: columns[name] for name in ("city", "state", "country") if name in columns}
            if "zip" in columns:
                wanted["postal_code"] = columns["zip"]
            if street:
                wanted["street"] = street[:255]
            old = addresses.get(kind)
            if old is not None and all(old.get(name) == value for name, value in wanted.items()):
                continue
            start = old or {
                "street_address_id": self._id(row, f"{kind} address"),
                "kind": kind,
                "created_at": at,
            }
            addresses[kind] = {**start, **wanted, "updated_at": at}
        return tuple(addresses.values())

    def _sms(self, contact: Contact, row: Row) -> Json:
        return {
            "sms_channel_id": self._id(row, "sms"),
            "dial_code": "1",
            "country_code": "US",
            "create_source": "Account",
            "update_source": "Account",
            "sms_channel_consents": [],
            **(contact.sms or {}),
            **(row.sms or {}),
        }
