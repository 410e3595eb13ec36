"""Reading contacts: one, pages by filter, counts."""

from . import errors, paging, segments
from .call import Call, csv_values
from .catalog import flag_in, mailable
from .clock import DAY
from .contact_filters import place, tests_of, walk
from .contact_view import includes_of, show_contact
from .messages import Json, Response, json_response
from .records import Contact
from .routes import route

_PARAMETERS = (
    "status",
    "email",
    "lists",
    "tags",
    "segment_id",
    "updated_after",
    "updated_before",
    "created_after",
    "created_before",
    "optout_after",
    "optout_before",
    "include",
    "include_count",
    "sms_status",
    "limit",
    "cursor",
)
NEW_SUBSCRIBER = 30 * DAY


@route("GET", "/contacts", privilege="contacts:read")
def get_contacts(call: Call) -> Response:
    """A page of contacts, in the order in which they came into the account."""
    asked = call.parameters(*_PARAMETERS)
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=500)
    if "segment_id" in asked:
        if len(csv_values(asked["segment_id"])) != 1:
            raise errors.invalid("segment_id must have between 1 and 1 values")
        if set(asked) - {"segment_id", "limit", paging.SINCE}:
            raise errors.invalid("segment_id can only be used together with limit")
        waiting = segments.not_ready(call, asked["segment_id"])
        if waiting is not None:
            return waiting
    include = includes_of(asked)
    count = flag_in(asked, "include_count")
    tests, candidates = tests_of(call, asked)
    page: list[Contact] = []
    following = None
    for contact in walk(call, tests, candidates, position):
        if len(page) == limit:
            following = place(call, contact)
            break
        page.append(contact)
    body: Json = {"contacts": [show_contact(call, contact, include) for contact in page]}
    if count:
        body["contacts_count"] = sum(1 for _ in walk(call, tests, candidates, 0))
    body.update(paging.links("/contacts", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def find_contact(call: Call, contact_id: str) -> Contact:
    """The contact with this id, or a refusal."""
    contact = call.account.find(call.require_id("contact_id", contact_id))
    if contact is None:
        raise errors.not_found("Contact")
    return contact


@route("GET", "/contacts/counts", privilege="contacts:read")
def get_counts(call: Call) -> Response:
    """How many contacts there are by permission; deleted ones are not counted."""
    asked = call.parameters("include").get("include")
    if asked not in (None, call.switch("new_subscriber_word")):
        raise errors.invalid("include does not have a valid value")
    counts = call.account.counts
    body = {
        "total": sum(number for state, number in counts.items() if state != "deleted"),
        "explicit": counts.get("explicit", 0),
        "implicit": counts.get("implicit", 0),
        "pending": counts.get("pending_confirmation", 0),
        "unsubscribed": counts.get("unsubscribed", 0),
    }
    if asked:
        body[asked] = sum(1 for contact in call.account.contacts if is_new_subscriber(contact, call.now))
    return json_response(200, body)


def is_new_subscriber(contact: Contact, now: int) -> bool:
    """Whether the contact subscribed within the last thirty days."""
    return mailable(contact) and contact.opt_in is not None and now - contact.opt_in <= NEW_SUBSCRIBER


@route("GET", "/contacts/{contact_id}", privilege="contacts:read")
def get_contact(call: Call, contact_id: str) -> Response:
    """One contact; a deleted one is still readable by its id."""
    include = includes_of(call.parameters("include"))
    return json_response(200, show_contact(call, find_contact(call, contact_id), include))
