"""Contact lists and tags: reading, writing, and the deletions that run as activities."""

from collections.abc import Callable
from dataclasses import replace

from . import activities, checks, errors, paging
from .call import Call, csv_values
from .checks import Flag, Record, Text
from .messages import Json, Response, json_response
from .records import Contact, ContactList, Tag, to_json
from .routes import route

MOST_LISTS = 1000
MOST_TAGS = 500
_LIST = Record(
    {"name": Text(255, 1), "favorite": Flag(), "description": Text()},
    required=("name",),
)
_TAG_POST = Record({"name": Text(255, 1), "tag_source": Text()}, required=("name",))
_TAG_PUT = Record({"name": Text(255, 1)}, required=("name",))
_LIST_STATES: dict[str, Callable[[ContactList], bool]] = {
    "all": lambda item: True,
    "active": lambda item: item.deleted is None,
    "deleted": lambda item: item.deleted is not None,
}


def mailable(contact: Contact) -> bool:
    """Whether campaigns may go to this contact."""
    return contact.deleted is None and contact.permission in ("explicit", "implicit")


# --- lists --------------------------------------------------------------------------------------------


def show_list(call: Call, item: ContactList, count: str | None = None) -> Json:
    """A list as it goes over the wire, with its membership count when asked for."""
    shown: Json = {
        "list_id": item.list_id,
        "name": item.name,
        "description": item.description,
        "favorite": item.favorite,
        "created_at": call.time(item.created),
        "updated_at": call.time(item.updated),
    }
    if item.deleted is not None:
        shown["deleted_at"] = call.time(item.deleted)
    if count is not None:
        members = call.account.members.get(item.list_id, set())
        if count == "sms":
            shown["membership_count"] = sum(call.account.contacts[seq].sms is not None for seq in members)
        elif count == "all":
            shown["membership_count"] = len(members)
        else:
            people = call.account.contacts
            shown["membership_count"] = sum(mailable(people[seq]) for seq in members)
    return shown


def _membership_count(asked: dict[str, str]) -> str | None:
    wanted = asked.get("include_membership_count")
    if wanted is not None and wanted not in ("all", "active"):
        raise errors.invalid("include_membership_count does not have a valid value")
    channel = asked.get("channel_type", "email")
    if channel not in ("email", "sms"):
        raise errors.invalid("channel_type does not have a valid value")
    if flag_in(asked, "include_sms_membership_count"):
        if channel != "sms":
            raise errors.invalid("include_sms_membership_count can only be used with channel_type sms")
        return "sms"
    return wanted


def flag_in(asked: dict[str, str], name: str) -> bool:
    """A boolean parameter."""
    text = asked.get(name, "false").lower()
    if text not in ("true", "false"):
        raise errors.invalid(f"{name} must be a boolean")
    return text == "true"


@route("GET", "/contact_lists", privilege="contacts:lists:read")
def get_lists(call: Call) -> Response:
    """A page of lists."""
    asked = call.parameters(
        *("limit", "cursor", "include_count", "include_membership_count", "name", "status"),
        *("channel_type", "include_sms_membership_count"),
    )
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=call.store.switches.number("lists_limit"))
    count = _membership_count(asked)
    states = csv_values(asked.get("status", "active"))
    if not states or any(state not in _LIST_STATES for state in states):
        raise errors.invalid("status does not have a valid value")
    found = [
        item
        for item in call.account.lists.values()
        if any(_LIST_STATES[state](item) for state in states)
        and ("name" not in asked or item.name.lower() == asked["name"].lower())
    ]
    body: Json = {"lists": [show_list(call, item, count) for item in found[position : position + limit]]}
    if flag_in(asked, "include_count"):
        body["lists_count"] = len(found)
    following = position + limit if position + limit < len(found) else None
    body.update(paging.links("/contact_lists", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def _check_list_name(call: Call, name: str, but: str | None = None) -> None:
    for item in call.account.living_lists():
        if item.name.lower() == name.lower() and item.list_id != but:
            raise errors.conflict(f"A list with the name {name} already exists.")


@route("POST", "/contact_lists", privilege="contacts:lists:write")
def post_list(call: Call) -> Response:
    """Creates a list; its name is unique among the living ones."""
    body = call.body(_LIST)
    _check_list_name(call, body["name"].strip())
    if sum(1 for _ in call.account.living_lists()) >= MOST_LISTS:
        raise errors.invalid(f"The account has the maximum of {MOST_LISTS} lists")
    item = ContactList(
        call.new_id("list"),
        body["name"].strip(),
        call.now,
        call.now,
        body.get("description", ""),
        body.get("favorite", False),
    )
    call.commit({"do": "list.save", "list": to_json(item)})
    return json_response(201, show_list(call, item))


def _list(call: Call, list_id: str, *, living: bool = False) -> ContactList:
    item = call.account.lists.get(call.require_id("list_id", list_id))
    if item is None or (living and item.deleted is not None):
        raise errors.not_found("List")
    return item


@route("GET", "/contact_lists/{list_id}", privilege="contacts:lists:read")
def get_list(call: Call, list_id: str) -> Response:
    """One list."""
    count = _membership_count(call.parameters("include_membership_count"))
    return json_response(200, show_list(call, _list(call, list_id), count))


@route("PUT", "/contact_lists/{list_id}", privilege="contacts:lists:write")
def put_list(call: Call, list_id: str) -> Response:
    """Replaces a list's name, description and favourite mark."""
    item = _list(call, list_id, living=True)
    body = call.body(_LIST)
    _check_list_name(call, body["name"].strip(), but=item.list_id)
    keeps = call.switch("list_put_omitted") == "kept"
    item = replace(
        item,
        name=body["name"].strip(),
        description=body.get("description", item.description if keeps else ""),
        favorite=body.get("favorite", item.favorite if keeps else False),
        updated=call.now,
    )
    call.commit({"do": "list.save", "list": to_json(item)})
    return json_response(200, show_list(call, item))


@route("DELETE", "/contact_lists/{list_id}", privilege="contacts:lists:write")
def delete_list(call: Call, list_id: str) -> Response:
    """Deletes a list in the background; its contacts stay in the account."""
    item = _list(call, list_id, living=True)
    return activities.accept(call, "list_delete", {"list_ids": [item.list_id]}, status=202)


# --- tags ---------------------------------------------------------------------------------------------


def show_tag(call: Call, tag: Tag, count: bool = False) -> Json:
    """A tag as it goes over the wire."""
    shown: Json = {
        "tag_id": tag.tag_id,
        "name": tag.name,
        "created_at": call.time(tag.created),
        "updated_at": call.time(tag.updated),
        "tag_source": tag.source,
    }
    if count:
        shown["contacts_count"] = len(call.account.tagged.get(tag.tag_id, ()))
    return shown


@route("GET", "/contact_tags", privilege="switch:tags_read_privilege")
def get_tags(call: Call) -> Response:
    """A page of tags."""
    asked = call.parameters("limit", "cursor", "include_count")
    position = 0
    if "cursor" in asked:
        asked, position = paging.read_cursor(asked["cursor"])
    limit = paging.limit_of(asked, most=500)
    count = flag_in(asked, "include_count")
    found = list(call.account.tags.values())
    body: Json = {"tags": [show_tag(call, tag, count) for tag in found[position : position + limit]]}
    following = position + limit if position + limit < len(found) else None
    body.update(paging.links("/contact_tags", asked, following, str(call.switch("last_page_link"))))
    return json_response(200, body)


def _check_tag_name(call: Call, name: str, but: str | None = None) -> None:
    for tag in call.account.tags.values():
        if tag.name.lower() == name.lower() and tag.tag_id != but:
            raise errors.conflict(f"A tag with the name {name} already exists.")


@route("POST", "/contact_tags", privilege="contacts:write")
def post_tag(call: Call) -> Response:
    """Creates a tag with a unique name."""
    body = call.body(_TAG_POST)
    _check_tag_name(call, body["name"].strip())
    if len(call.account.tags) >= MOST_TAGS:
        raise errors.invalid(f"The account has the maximum of {MOST_TAGS} tags")
    tag = Tag(call.new_id("tag"), body["name"].strip(), call.now, call.now, body.get("tag_source", "Contact"))
    call.commit({"do": "tag.save", "tag": to_json(tag)})
    return json_response(201, show_tag(call, tag))


def _tag(call: Call, tag_id: str) -> Tag:
    tag = call.account.tags.get(call.require_id("tag_id", tag_id))
    if tag is None:
        raise errors.not_found("Tag")
    return tag


@route("GET", "/contact_tags/{tag_id}", privilege="switch:tags_read_privilege")
def get_tag(call: Call, tag_id: str) -> Response:
    """One tag."""
    count = flag_in(call.parameters("include_count"), "include_count")
    return json_response(200, show_tag(call, _tag(call, tag_id), count))


@route("PUT", "/contact_tags/{tag_id}", privilege="contacts:write")
def put_tag(call: Call, tag_id: str) -> Response:
    """Renames a tag."""
    tag = _tag(call, tag_id)
    body = call.body(_TAG_PUT)
    _check_tag_name(call, body["name"].strip(), but=tag.tag_id)
    tag = replace(tag, name=body["name"].strip(), updated=call.now)
    call.commit({"do": "tag.save", "tag": to_json(tag)})
    return json_response(200, show_tag(call, tag))


@route("DELETE", "/contact_tags/{tag_id}", privilege="contacts:write")
def delete_tag(call: Call, tag_id: str) -> Response:
    """Deletes a tag in the background and takes it off all contacts."""
    if checks.is_uuid(tag_id) and tag_id.lower() not in call.account.tags:
        raise errors.not_found("Tag", call.store.switches.number("tag_delete_unknown"))
    tag = _tag(call, tag_id)
    return activities.accept(call, "tag_delete", {"tag_ids": [tag.tag_id]}, status=202)
