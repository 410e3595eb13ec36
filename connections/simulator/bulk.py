"""Bulk jobs on what is there: list memberships, taggings, deletions of contacts, lists, tags and fields."""

from collections.abc import Iterable
from dataclasses import replace

from . import activities, contact_parts, errors, segments
from .activities import add_error, work
from .call import Call
from .catalog import mailable
from .checks import Flag, Many, Number, Record, Shape, Text, Uuid
from .contacts import is_new_subscriber
from .custom_fields import drop_field
from .messages import Json, Response
from .records import Activity, Contact
from .routes import route
from .store import Account, Store

_EXCLUDE = Record({"contact_ids": Many(Uuid(), 500)})
_SOURCE: dict[str, Shape] = {
    "contact_ids": Many(Uuid(), 500, 1),
    "list_ids": Many(Uuid(), 50, 1),
    "tag_ids": Many(Uuid(), 50, 1),
    "all_active_contacts": Flag(),
    "engagement_level": Text(50, 1),
}
_WAYS = (*_SOURCE, "segment_id", "new_subscriber")


def _body(source: dict[str, Shape], target: str, most: int) -> Record:
    shapes: dict[str, Shape] = {"source": Record(source), "exclude": _EXCLUDE, target: Many(Uuid(), most, 1)}
    return Record(shapes, required=("source", target))


_ADD = _body({**_SOURCE, "segment_id": Number(0)}, "list_ids", 50)
_REMOVE = _body(_SOURCE, "list_ids", 50)
_TAGGING = _body(
    {
        **{name: shape for name, shape in _SOURCE.items() if name != "engagement_level"},
        "new_subscriber": Flag(),
    },
    "tag_ids",
    50,
)
_DELETE = Record({"contact_ids": Many(Uuid(), 500, 1), "list_ids": Many(Uuid(), 50, 1)})
_TAGS_DELETE = Record({"tag_ids": Many(Uuid(), 500, 1)}, required=("tag_ids",))
_LIST_DELETE = Record({"list_ids": Many(Uuid(), 100, 1)}, required=("list_ids",))
_FIELDS_DELETE = Record({"custom_field_ids": Many(Uuid(), 100, 1)}, required=("custom_field_ids",))


# --- whom a job is about ------------------------------------------------------------------------------


def check_source(
    call: Call, source: Json, exclude: Json | None, *, excludable: tuple[str, ...]
) -> tuple[str, object]:
    """The one way in which the source names contacts; the ways exclude each other."""
    given = {name: source[name] for name in _WAYS if source.get(name) not in (None, False)}
    if len(given) != 1:
        raise errors.invalid("source must have exactly one of its properties")
    kind, value = next(iter(given.items()))
    if exclude and exclude.get("contact_ids") and kind not in excludable:
        raise errors.invalid(f"exclude can not be used with {kind}")
    if kind == "list_ids":
        value = call.require_lists(value, "source.list_ids")
    elif kind == "tag_ids":
        value = call.require_tags(value, "source.tag_ids")
    elif kind == "segment_id":
        segments.wanted_by(call, str(value))
    elif kind == "contact_ids":
        value = list(dict.fromkeys(item.lower() for item in value))
    return kind, value


def people_of(account: Account, kind: str, value: object, exclude: Iterable[str], at: int) -> list[Contact]:
    """The contacts that a source means, as they are when the job runs."""
    people: Iterable[Contact]
    if kind == "contact_ids" and isinstance(value, list):
        people = [contact for item in value if (contact := account.find(item)) is not None]
    elif kind in ("list_ids", "tag_ids") and isinstance(value, list):
        index = account.members if kind == "list_ids" else account.tagged
        seqs = set().union(*(index.get(item, set()) for item in value))
        people = [account.contacts[seq] for seq in sorted(seqs)]
    elif kind == "segment_id":
        segment = segments.living(account, str(value))
        test = segments.test_for(segment) if segment is not None else None
        people = [contact for contact in account.contacts if test is not None and test(contact)]
    elif kind == "new_subscriber":
        people = [contact for contact in account.contacts if is_new_subscriber(contact, at)]
    else:
        # all_active_contacts, and any level of engagement: nobody here has a history of opens.
        people = [contact for contact in account.contacts if mailable(contact)]
    left_out = {item.lower() for item in exclude}
    return [contact for contact in people if contact.contact_id not in left_out]


def _accept(call: Call, kind: str, shape: Record, target: str, excludable: tuple[str, ...]) -> Response:
    body = call.body(shape)
    name, value = check_source(call, body["source"], body.get("exclude"), excludable=excludable)
    require = call.require_lists if target == "list_ids" else call.require_tags
    order: Json = {
        "source": name,
        "value": value,
        "exclude": (body.get("exclude") or {}).get("contact_ids") or [],
        "target": require(body[target]),
    }
    size = len(people_of(call.account, name, value, order["exclude"], call.now))
    return activities.accept(call, kind, order, size=size)


def _ordered(account: Account, activity: Activity) -> list[Contact]:
    order = activity.order
    return people_of(account, order["source"], order["value"], order["exclude"], activity.complete_at)


# --- lists and tags -----------------------------------------------------------------------------------


@route("POST", "/activities/add_list_memberships", privilege="contacts:write")
def add_lists(call: Call) -> Response:
    """Queues putting contacts on lists."""
    return _accept(call, "add_lists", _ADD, "list_ids", ("all_active_contacts", "list_ids"))


@route("POST", "/activities/remove_list_memberships", privilege="contacts:write")
def remove_lists(call: Call) -> Response:
    """Queues taking contacts off lists."""
    return _accept(call, "remove_lists", _REMOVE, "list_ids", ("all_active_contacts", "list_ids"))


@route("POST", "/activities/contacts_taggings_add", privilege="contacts:write")
def add_taggings(call: Call) -> Response:
    """Queues tagging contacts."""
    return _accept(call, "taggings_add", _TAGGING, "tag_ids", ("all_active_contacts", "list_ids"))


@route("POST", "/activities/contacts_taggings_remove", privilege="contacts:write")
def remove_taggings(call: Call) -> Response:
    """Queues taking tags off contacts."""
    return _accept(call, "taggings_remove", _TAGGING, "tag_ids", ("all_active_contacts", "list_ids"))


def _save_moved(
    store: Store, account: Account, contact: Contact, at: int, switch: str, **changes: object
) -> None:
    if store.switches[switch] == "yes":
        changes["updated"] = at
    account.save(contact.changed(**changes))


def _counted(activity: Activity, total: int, completed: int, **more: int) -> None:
    activity.counters = {"items_total_count": total, "items_completed_count": completed, **more}


@work("add_lists")
def run_add_lists(store: Store, account: Account, activity: Activity) -> None:
    """Adds memberships; a deleted contact comes back, one who unsubscribed stays off."""
    lists = [item for item in activity.order["target"] if account.lists[item].deleted is None]
    people, completed = _ordered(account, activity), 0
    for contact in people:
        wanted = tuple(dict.fromkeys((*contact.lists, *lists)))
        if contact.unsubscribed:
            add_error(activity, f"Contact {contact.contact_id} is unsubscribed and was not added")
        elif len(wanted) > contact_parts.MOST_LISTS:
            add_error(
                activity, f"Contact {contact.contact_id} is on {contact_parts.MOST_LISTS} lists already"
            )
        else:
            completed += 1
            if wanted != contact.lists or contact.deleted is not None:
                at = activity.complete_at
                _save_moved(store, account, contact, at, "lists_move_updated_at", lists=wanted, deleted=None)
    _counted(activity, len(people), completed, list_count=len(lists))


@work("remove_lists")
def run_remove_lists(store: Store, account: Account, activity: Activity) -> None:
    """Takes memberships away."""
    lists = set(activity.order["target"])
    people = _ordered(account, activity)
    for contact in people:
        kept = tuple(item for item in contact.lists if item not in lists)
        if kept != contact.lists:
            _save_moved(store, account, contact, activity.complete_at, "lists_move_updated_at", lists=kept)
    _counted(activity, len(people), len(people), list_count=len(lists))


@work("taggings_add")
def run_add_taggings(store: Store, account: Account, activity: Activity) -> None:
    """Adds tags, up to fifty on a contact."""
    tags = [tag for tag in activity.order["target"] if tag in account.tags]
    people, completed = [contact for contact in _ordered(account, activity) if contact.deleted is None], 0
    for contact in people:
        wanted = tuple(dict.fromkeys((*contact.tags, *tags)))
        if len(wanted) > contact_parts.MOST_TAGS:
            add_error(activity, f"Contact {contact.contact_id} has {contact_parts.MOST_TAGS} tags already")
            continue
        completed += 1
        if wanted != contact.tags:
            _save_moved(store, account, contact, activity.complete_at, "tags_move_updated_at", tags=wanted)
    _counted(activity, len(people), completed)


@work("taggings_remove")
def run_remove_taggings(store: Store, account: Account, activity: Activity) -> None:
    """Takes tags away."""
    _untag(store, account, _ordered(account, activity), set(activity.order["target"]), activity)


def _untag(store: Store, account: Account, people: list[Contact], tags: set[str], activity: Activity) -> None:
    for contact in people:
        kept = tuple(tag for tag in contact.tags if tag not in tags)
        if kept != contact.tags:
            _save_moved(store, account, contact, activity.complete_at, "tags_move_updated_at", tags=kept)
    _counted(activity, len(people), len(people))


# --- deletions ----------------------------------------------------------------------------------------


@route("POST", "/activities/contact_delete", privilege="contacts:write")
def delete_contacts(call: Call) -> Response:
    """Queues deleting contacts, by id or by list."""
    body = call.body(_DELETE)
    kind, value = check_source(call, body, None, excludable=())
    order = {"source": kind, "value": value, "exclude": []}
    size = len(people_of(call.account, kind, value, (), call.now))
    return activities.accept(call, "contact_delete", order, size=size)


@work("contact_delete")
def run_delete_contacts(store: Store, account: Account, activity: Activity) -> None:
    """Deletes softly."""
    people = [contact for contact in _ordered(account, activity) if contact.deleted is None]
    for contact in people:
        account.save(contact_parts.deleted(contact, activity.complete_at, store.switches))
    lists = len(activity.order["value"]) if activity.order["source"] == "list_ids" else 0
    _counted(activity, len(people), len(people), list_count=lists)


@route("POST", "/activities/list_delete", privilege="contacts:write")
def delete_lists(call: Call) -> Response:
    """Queues deleting lists."""
    lists = call.require_lists(call.body(_LIST_DELETE)["list_ids"])
    return activities.accept(call, "list_delete", {"list_ids": lists})


@work("list_delete")
def run_delete_lists(store: Store, account: Account, activity: Activity) -> None:
    """Deletes lists; their contacts stay in the account."""
    at = activity.complete_at
    for list_id in activity.order["list_ids"]:
        for contact in account.members_of(list_id):
            kept = tuple(item for item in contact.lists if item != list_id)
            _save_moved(store, account, contact, at, "lists_move_updated_at", lists=kept)
        account.lists[list_id] = replace(account.lists[list_id], deleted=at, updated=at)
    activity.counters = {"list_count": len(activity.order["list_ids"])}


@route("POST", "/activities/contacts_tags_delete", privilege="contacts:write")
def delete_tags(call: Call) -> Response:
    """Queues deleting tags."""
    tags = call.require_tags(call.body(_TAGS_DELETE)["tag_ids"])
    size = len(set().union(*(call.account.tagged.get(tag, set()) for tag in tags)))
    return activities.accept(call, "tag_delete", {"tag_ids": tags}, size=size)


@work("tag_delete")
def run_delete_tags(store: Store, account: Account, activity: Activity) -> None:
    """Deletes tags and takes them off all contacts, deleted ones too."""
    tags = set(activity.order["tag_ids"])
    people = [contact for contact in account.contacts if not tags.isdisjoint(contact.tags)]
    _untag(store, account, people, tags, activity)
    for tag in tags:
        account.tags.pop(tag, None)


@route("POST", "/activities/custom_fields_delete", privilege="contacts:write")
def delete_fields(call: Call) -> Response:
    """Queues deleting custom fields."""
    wanted = list(dict.fromkeys(item.lower() for item in call.body(_FIELDS_DELETE)["custom_field_ids"]))
    unknown = [item for item in wanted if item not in call.account.fields]
    if unknown:
        raise errors.invalid(*(f"custom_field_ids contains an unknown id {item}" for item in unknown[:20]))
    return activities.accept(call, "field_delete", {"custom_field_ids": wanted})


@work("field_delete")
def run_delete_fields(store: Store, account: Account, activity: Activity) -> None:
    """Deletes custom fields with their values."""
    for field_id in activity.order["custom_field_ids"]:
        drop_field(store, account, field_id, activity.complete_at)
