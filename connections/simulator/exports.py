"""Exports: which contacts, which columns, and the CSV file that a finished job leaves behind.

The header texts are published nowhere; they stand in one table here.
"""

import csv
import io
from collections.abc import Callable

from . import activities, bulk, errors, segments
from .activities import work
from .call import Call
from .catalog import mailable
from .checks import Flag, Many, Number, OneOf, Record, Text, Uuid
from .clock import DAY, show_time
from .messages import Json, Response, json_response
from .records import Activity, Contact, CustomField
from .routes import route
from .store import Account, Store

_SHAPE = Record(
    {
        "contact_ids": Many(Uuid(), 500, 1),
        "list_ids": Many(Uuid(), 50, 1),
        "tag_ids": Many(Uuid(), 50, 1),
        "segment_id": Number(0),
        "new_subscriber": Flag(),
        "fields": Many(Text(50, 1), 200),
        "status": OneOf(("active", "unsubscribed", "removed")),
        "exclude": Record({"contact_ids": Many(Uuid(), 50)}),
    }
)
_SOURCES = ("contact_ids", "list_ids", "tag_ids", "segment_id", "new_subscriber")
_NEED_EMAIL = {
    "email_optin_source",
    "email_optin_date",
    "email_optout_source",
    "email_optout_date",
    "email_optout_reason",
}
Cell = Callable[[Contact], object]


def _phone(kind: str) -> Cell:
    return lambda contact: next(
        (item["phone_number"] for item in contact.phones if item["kind"] == kind), None
    )


def _address(part: str) -> Cell:
    return lambda contact: contact.addresses[0].get(part) if contact.addresses else None


def _birthday(contact: Contact) -> str | None:
    return (
        None if contact.birthday_month is None else f"{contact.birthday_month:02}/{contact.birthday_day:02}"
    )


def _sms_status(contact: Contact) -> object:
    consents = (contact.sms or {}).get("sms_channel_consents") or []
    return consents[0]["sms_consent_permission"] if consents else None


def _at(value: int | None) -> str | None:
    return None if value is None else show_time(value)


# Each field of the published vocabulary: the columns it gives, in the order of the file.
COLUMNS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "email_address": (("Email address", lambda contact: contact.address),),
    "first_name": (("First name", lambda contact: contact.first_name),),
    "last_name": (("Last name", lambda contact: contact.last_name),),
    "company_name": (("Company", lambda contact: contact.company_name),),
    "job_title": (("Job title", lambda contact: contact.job_title),),
    "phone_number": tuple((f"Phone - {kind}", _phone(kind)) for kind in ("home", "work", "mobile", "other")),
    "street": (("Street address", _address("street")),),
    "city": (("City", _address("city")),),
    "state": (("State/Province", _address("state")),),
    "zip": (("Zip/Postal code", _address("postal_code")),),
    "country": (("Country", _address("country")),),
    "website": (("Website", lambda contact: None),),
    "social_profiles": (("Social profiles", lambda contact: None),),
    "notes": (("Notes", lambda contact: " | ".join(note["content"] for note in contact.notes)),),
    "anniversary": (("Anniversary", lambda contact: contact.anniversary),),
    "birthday": (("Birthday", _birthday),),
    "birthday_day": (("Birthday day", lambda contact: contact.birthday_day),),
    "birthday_month": (("Birthday month", lambda contact: contact.birthday_month),),
    "source_name": (("Source name", lambda contact: contact.create_source),),
    "created_at": (("Created at", lambda contact: _at(contact.created)),),
    "updated_at": (("Updated at", lambda contact: _at(contact.updated)),),
    "email_optin_source": (("Email opt-in source", lambda contact: contact.opt_in_source),),
    "email_optin_date": (("Email opt-in date", lambda contact: _at(contact.opt_in)),),
    "email_optout_source": (("Email opt-out source", lambda contact: contact.opt_out_source),),
    "email_optout_date": (("Email opt-out date", lambda contact: _at(contact.opt_out)),),
    "email_optout_reason": (("Email opt-out reason", lambda contact: contact.opt_out_reason),),
    "sms_number": (("SMS number", lambda contact: (contact.sms or {}).get("sms_address")),),
    "sms_consent_date": (("SMS consent date", lambda contact: None),),
    "sms_status": (("SMS status", _sms_status),),
}
FIELDS = {*COLUMNS, "email_lists"}


@route("POST", "/activities/contact_exports", privilege="contacts:write")
def post_export(call: Call) -> Response:
    """Queues an export."""
    body = call.body(_SHAPE)
    given = [name for name in _SOURCES if body.get(name) not in (None, False)]
    if len(given) > 1 and set(given) != {"list_ids", "new_subscriber"}:
        raise errors.invalid(f"{' and '.join(given)} can not be used together")
    excluded = (body.get("exclude") or {}).get("contact_ids") or []
    if excluded and any(name not in ("list_ids", "new_subscriber") for name in given):
        raise errors.invalid(f"exclude can not be used with {given[0]}")
    if body.get("status") and any(name not in ("contact_ids", "list_ids") for name in given):
        raise errors.invalid(f"status can not be used with {given[0]}")
    wanted = body.get("fields") or []
    problems = [f"fields has an unknown field {name}" for name in wanted if name not in FIELDS]
    if _NEED_EMAIL.intersection(wanted) and "email_address" not in wanted:
        problems.append("fields must contain email_address")
    if problems:
        raise errors.invalid(*problems)
    if "segment_id" in given:
        segments.wanted_by(call, str(body["segment_id"]))
    sources = {name: _source_value(call, name, body[name]) for name in given}
    order = {"sources": sources, "exclude": excluded, "fields": wanted, "status": body.get("status")}
    return activities.accept(
        call, "export", order, size=len(_people(call.store, call.account, order, call.now))
    )


def _source_value(call: Call, name: str, value: object) -> object:
    if name == "list_ids" and isinstance(value, list):
        return call.require_lists(value)
    if name == "tag_ids" and isinstance(value, list):
        return call.require_tags(value)
    return value


def _people(store: Store, account: Account, order: Json, at: int) -> list[Contact]:
    people = account.contacts
    for name, value in order["sources"].items():
        chosen = {contact.seq for contact in bulk.people_of(account, name, value, (), at)}
        people = [contact for contact in people if contact.seq in chosen]
    left_out = {item.lower() for item in order["exclude"]}
    test = _status_test(order["status"], store.switches["export_includes_removed"] == "yes")
    return [contact for contact in people if test(contact) and contact.contact_id not in left_out]


def _status_test(status: str | None, with_removed: bool) -> Callable[[Contact], bool]:
    if status == "active":
        return mailable
    if status == "unsubscribed":
        return lambda contact: contact.deleted is None and contact.unsubscribed
    if status == "removed":
        return lambda contact: contact.deleted is not None
    return lambda contact: with_removed or contact.deleted is None


def _columns(store: Store, account: Account, wanted: list[str]) -> list[tuple[str, Cell]]:
    columns: list[tuple[str, Cell]] = []
    if store.switches["export_contact_id"] == "present":
        columns.append(("Contact ID", lambda contact: contact.contact_id))
    for name, pairs in COLUMNS.items():
        if not wanted or name in wanted:
            columns += pairs
    if not wanted or "email_lists" in wanted:
        names = {item.list_id: item.name for item in account.lists.values()}
        joint = str(store.switches["export_list_separator"])
        columns.append(("Email Lists", lambda contact: joint.join(names[item] for item in contact.lists)))
    if store.switches["export_tags"] == "present":
        tags = account.tags
        columns.append(
            ("Tags", lambda contact: "; ".join(tags[item].name for item in contact.tags if item in tags))
        )
    if not wanted and store.switches["export_custom_fields"] == "present":
        columns += [(item.label, _field_cell(item)) for item in account.fields.values()]
    return columns


def _field_cell(item: CustomField) -> Cell:
    labels = {choice["choice_id"]: choice["choice_label"] for choice in item.choices}

    def cell(contact: Contact) -> str | None:
        for value in contact.custom_fields:
            if value["custom_field_id"] == item.field_id:
                if "choices" in value:
                    return "; ".join(labels.get(number, "") for number in value["choices"])
                return str(value["value"])
        return None

    return cell


@work("export")
def run_export(store: Store, account: Account, activity: Activity) -> None:
    """Writes the file."""
    people = _people(store, account, activity.order, activity.complete_at)
    columns = _columns(store, account, activity.order["fields"])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([header for header, _ in columns])
    cells = [cell for _, cell in columns]
    writer.writerows([cell(contact) for cell in cells] for contact in people)
    activity.results = text.getvalue()
    activity.counters = {"items_total_count": len(people), "items_completed_count": len(people)}


@route("GET", "/contacts_exports/{file_export_id}", privilege="contacts:write")
def get_export_by_the_other_path(call: Call, file_export_id: str) -> Response:
    """The file, where the sample's path is the right one."""
    if call.switch("export_link") != "contacts_exports":
        raise errors.gateway_forbidden()
    return get_export(call, file_export_id)


@route("GET", "/contact_exports/{file_export_id}", privilege="contacts:write")
def get_export(call: Call, file_export_id: str) -> Response:
    """The file of a finished export."""
    activity = activities.find_activity(call, file_export_id, "file_export_id")
    if call.now - activity.created > call.store.switches.number("export_life_days") * DAY:
        raise errors.not_found("Export file")
    if activity.kind != "export" or (activity.done and activity.results is None):
        raise errors.not_found("Export file")
    if activity.results is None:
        if call.switch("export_before_completion") == 202:
            return json_response(202, {"message": "The export is not ready yet."})
        raise errors.not_found("Export file")
    return Response(200, activity.results.encode("utf-8", "replace"), [("Content-Type", "text/csv")])
