"""The ids of the second version of the API for contacts and lists, and the history of an SMS number.

Here a resource's number in the older version is its place in the account, from 1 on.
"""

from . import errors, ids
from .call import Call, csv_values
from .contacts import find_contact
from .messages import Json, Response, json_response
from .routes import route

_MOST = 500
_SOURCES = {"Account": "A", "Contact": "C"}


def _wanted(call: Call) -> list[tuple[str, int]]:
    values = csv_values(call.parameters("sequence_ids").get("sequence_ids", ""))
    if not 1 <= len(values) <= _MOST:
        raise errors.invalid(f"sequence_ids must have between 1 and {_MOST} values")
    return [
        (value, int(value) - 1 if value.isascii() and value.isdigit() and len(value) < 12 else -1)
        for value in values
    ]


@route("GET", "/contacts/contact_id_xrefs", privilege="contacts:read")
def get_contact_xrefs(call: Call) -> Response:
    """The contact ids of older numbers; unknown numbers are left out."""
    people = call.account.contacts
    xrefs = [
        {"sequence_id": text, "contact_id": people[number].contact_id}
        for text, number in _wanted(call)
        if 0 <= number < len(people)
    ]
    return json_response(200, {"xrefs": xrefs})


@route("GET", "/contact_lists/list_id_xrefs", privilege="contacts:lists:read")
def get_list_xrefs(call: Call) -> Response:
    """The list ids of older numbers."""
    lists = list(call.account.lists)
    xrefs = [
        {"sequence_id": text, "list_id": lists[number]}
        for text, number in _wanted(call)
        if 0 <= number < len(lists)
    ]
    return json_response(200, {"xrefs": xrefs})


@route("GET", "/contacts/sms_engagement_history/{contact_id}", privilege="contacts:read")
def get_sms_history(call: Call, contact_id: str) -> Response:
    """What happened to the consents of a contact's SMS number: a bare array."""
    contact = find_contact(call, contact_id)
    channel: Json = contact.sms or {}
    history = []
    for number, consent in enumerate(channel.get("sms_channel_consents", [])):
        at = call.time(consent.get("updated_at", contact.updated))
        history.append(
            {
                "contact_id": contact.contact_id,
                "sms_channel_id": channel["sms_channel_id"],
                "sms_channel_history_id": ids.uuid(
                    call.store.seed, "sms history", contact.contact_id, number
                ),
                "insert_time": at,
                "history_details": _details(channel, consent, at),
            }
        )
    return json_response(200, history)


def _details(channel: Json, consent: Json, at: str) -> Json:
    out = consent["sms_consent_permission"] == "unsubscribed"
    return {
        "state": "O" if out else "E",
        "source": _SOURCES[channel.get("update_source", "Account")],
        "consent_type": consent["consent_type"],
        "consent_action_time": at,
        "consent_action_type": "OPT_OUT" if out else "OPT_IN",
        "consent_medium_type": consent.get("consent_medium_type", "MD"),
        "source_consent_timestamp": at,
        "source_sms_number": channel["sms_address"],
        "advertised_frequency": int(consent.get("advertised_frequency", 4)),
        "advertised_interval": consent.get("advertised_interval", "month"),
    }
