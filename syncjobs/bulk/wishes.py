"""What a row of a program wants, out of the unified contact that it is. Pure.

A wish is plain JSON, kept with its row until the account's names are known:

    values       import column -> text, custom fields apart
    custom       name, label or id of a custom field -> text
    join, leave  references to lists; with `set_lists`, `join` is every list that the person is to be on
    tag, untag   the same of tags, with `set_tags`
    consent      an opt-in: permission, opt_in_source, and its evidence by source, at and text

A reference is `id:<uuid>` or `name:<name>`. A blank or null value says nothing: an import erases nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

ACTIONS: Final = ("upsert", "delete", "unsubscribe")
OPT_IN: Final = "opt_in"
# What a contact is read with and cannot be written: a row may be one that was read before.
READ_ONLY: Final = frozenset(
    {
        "id",
        "name",
        "status",
        "created_at",
        "updated_at",
        "source_created_at",
        "custom_fields_meta",
        "provenance",
    }
)
CORE: Final = (
    *("first_name", "last_name", "job_title", "company_name"),
    *("birthday_month", "birthday_day", "anniversary"),
)
LONGEST_NAME: Final = 255
LONGEST_LABEL: Final = 50
MOST_NAMED: Final = 50
MOST_FIELDS: Final = 25
LONGEST_VALUE: Final = 2_000
# Parts of the evidence of an opt-in, and how long they may be.
EVIDENCE: Final = {"source": 300, "at": 40, "text": 5_000}
_KINDS: Final = ("home", "work", "mobile", "other")
_PARTS: Final = {"city": "city", "state": "state", "postal_code": "zip", "country": "country"}
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Lines may be broken in an address; nothing else.
_BREAKS: Final = re.compile(r"[\r\n\t]+")


class BadRow(Exception):
    """A row that cannot be meant: which field, a stable word, and the reason for people."""

    def __init__(self, place: str, reason: str, text: str) -> None:
        super().__init__(text)
        self.place = place
        self.reason = reason


@dataclass(frozen=True)
class Wish:
    """A row understood, as far as that goes without the account."""

    email: str
    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    join: list[str] = field(default_factory=list)
    leave: list[str] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)
    untag: list[str] = field(default_factory=list)
    set_lists: bool = False
    set_tags: bool = False
    consent: dict[str, str] = field(default_factory=dict)

    @property
    def acts(self) -> str:
        """What its row wants besides values, lists and tags."""
        return self.action or (OPT_IN if self.consent else "")

    def kept(self) -> dict[str, Any]:  # Any: JSON
        """As its row keeps it."""
        names = ("values", "custom", "join", "leave", "tag", "untag", "set_lists", "set_tags", "consent")
        return {name: value for name in names if (value := getattr(self, name))}


def read(document: object) -> Wish:
    """One row.

    Raises:
        BadRow: with the field, and the first reason.
    """
    if not isinstance(document, dict):
        raise BadRow("", "not_a_contact", "a row is an object")
    email = _text(document.get("email"), "email")
    if not email:
        raise BadRow("email", "missing_email", "there is no e-mail address")
    if len(email) > 320:
        raise BadRow("email", "email_too_long", f"the address has {len(email)} characters")
    action = document.get("action") or "upsert"
    if action not in ACTIONS:
        raise BadRow("action", "unknown_action", f"one of {', '.join(ACTIONS)}")
    wish = Wish(email, "" if action == "upsert" else action)
    for name, value in document.items():
        if name in READERS:
            READERS[name](wish, name, value)
        elif name not in READ_ONLY and name not in ("email", "action"):
            raise BadRow(_shown(name), "unknown_field", "not a field of a contact")
    if wish.action:
        return Wish(email, wish.action)
    if len(wish.custom) > MOST_FIELDS:
        raise BadRow("custom_fields", "too_many_fields", f"at most {MOST_FIELDS} a contact")
    return _with_ends(wish, document)


def _with_ends(wish: Wish, document: Mapping[str, Any]) -> Wish:
    """With what stands in `set` marked as all there is to be."""
    lists, tags = document.get("lists"), document.get("tags")
    return Wish(
        **{
            **vars(wish),
            "set_lists": isinstance(lists, dict) and lists.get("set") is not None,
            "set_tags": isinstance(tags, dict) and tags.get("set") is not None,
        }
    )


def _text(value: object, place: str, longest: int = LONGEST_VALUE) -> str:
    """A value as text, trimmed; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        raise BadRow(place, "not_a_value", "a text or a number")
    text = _BREAKS.sub(" ", value).strip()
    if _UNSAFE.search(text):
        raise BadRow(place, "control_character", "contains a character that cannot be shown")
    if len(text) > longest:
        raise BadRow(place, "too_long", f"has {len(text)} characters; the most is {longest}")
    return text


def _core(wish: Wish, name: str, value: object) -> None:
    if text := _text(value, name):
        wish.values[name] = text


def _phones(wish: Wish, name: str, value: object) -> None:
    for place, one in _objects(name, value):
        text = _text(one.get("phone"), f"{place}.phone")
        kind = _kind(one, place, _KINDS, "other")
        column = "phone" if kind == "other" else f"{kind}_phone"
        if text and column in wish.values:
            raise BadRow(place, "same_type", f"two phones of the type {kind}")
        if text:
            wish.values[column] = text


def _addresses(wish: Wish, name: str, value: object) -> None:
    for place, one in _objects(name, value):
        kind = _kind(one, place, ("home", "work", "other"), "home")
        before = "" if kind == "home" else f"{kind}_"
        streets = [_text(one.get(part), f"{place}.{part}") for part in ("street_1", "street_2")]
        found = {"street": ", ".join(filter(None, streets))}
        found |= {column: _text(one.get(part), f"{place}.{part}") for part, column in _PARTS.items()}
        given = {before + column: text for column, text in found.items() if text}
        if given.keys() & wish.values.keys():
            raise BadRow(place, "same_type", f"two addresses of the type {kind}")
        wish.values.update(given)


def _kind(one: Mapping[str, Any], place: str, kinds: tuple[str, ...], usual: str) -> str:
    kind = one.get("type") or usual
    if kind not in kinds:
        raise BadRow(f"{place}.type", "unknown_type", f"one of {', '.join(kinds)}")
    return str(kind)


def _objects(name: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if value is None:
        return
    if not isinstance(value, list):
        raise BadRow(name, "not_a_list", "a list of objects")
    for number, one in enumerate(value):
        if not isinstance(one, dict):
            raise BadRow(f"{name}.{number}", "not_an_object", "an object")
        yield f"{name}.{number}", one


def _custom(wish: Wish, name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise BadRow(name, "not_an_object", "an object of names and values")
    for label, one in value.items():
        place = f"{name}.{_shown(label)}"
        key = _text(label, place, LONGEST_LABEL)
        if not key:
            raise BadRow(name, "unnamed_field", "a custom field needs a name")
        texts = [_text(part, place) for part in one] if isinstance(one, list) else [_text(one, place)]
        if text := "; ".join(filter(None, texts)):
            wish.custom[key] = text


def _lists(wish: Wish, name: str, value: object) -> None:
    _membership(name, value, wish.join, wish.leave)


def _tags(wish: Wish, name: str, value: object) -> None:
    _membership(name, value, wish.tag, wish.untag)


def _membership(name: str, value: object, on: list[str], off: list[str]) -> None:
    """A list is what is to be added; an object says add, remove or set."""
    if value is None:
        return
    verbs = {"add": value} if isinstance(value, list) else value
    if not isinstance(verbs, dict) or not verbs.keys() <= {"add", "remove", "set"}:
        raise BadRow(name, "not_a_list", "a list, or an object with add, remove or set")
    if verbs.get("set") is not None and len([one for one in verbs.values() if one is not None]) > 1:
        raise BadRow(name, "set_and_more", "set says it all: no add or remove beside it")
    for verb, members in verbs.items():
        if members is not None and not isinstance(members, list):
            raise BadRow(f"{name}.{verb}", "not_a_list", "a list")
        found = [_reference(f"{name}.{number}", one) for number, one in enumerate(members or ())]
        (off if verb == "remove" else on).extend(dict.fromkeys(found))
        if len(found) > MOST_NAMED:
            raise BadRow(name, f"too_many_{name}", f"at most {MOST_NAMED} a contact")
    if both := set(on) & set(off):
        raise BadRow(name, "add_and_remove", f"added and removed: {min(both).partition(':')[2]}")


def _reference(place: str, one: object) -> str:
    """An id, {id} or {name}; a plain text that is no id is a name."""
    if isinstance(one, dict):
        if one.get("id") is not None:
            if found := _uuid(one["id"]):
                return f"id:{found}"
            raise BadRow(place, "bad_id", "an id is a UUID")
        one = one.get("name")
        text = _text(one, place, LONGEST_NAME) if isinstance(one, str) else ""
    else:
        text = _text(one, place, LONGEST_NAME) if isinstance(one, str) else ""
        if found := _uuid(text):
            return f"id:{found}"
    if not text:
        raise BadRow(place, "not_a_name", "an id, {id}, {name} or a name")
    return f"name:{text}"


def _uuid(value: object) -> str:
    try:
        return str(UUID(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _consent(wish: Wish, name: str, value: object) -> None:
    """A bulk call creates people as implicit and leaves everybody else's permission alone.

    Whoever opted in, with evidence, is written alone instead: two calls or three a person.
    """
    if value is None:
        return
    if not isinstance(value, dict):
        raise BadRow(name, "not_an_object", "an object")
    wanted = value.get("permission_to_send")
    if wanted == "unsubscribed":
        raise BadRow(f"{name}.permission_to_send", "use_action", "unsubscribe with action: unsubscribe")
    proof = value.get("evidence")
    if proof is not None and not isinstance(proof, dict):
        raise BadRow(f"{name}.evidence", "not_an_object", "an object")
    by = value.get("opt_in_source")
    if wanted == "explicit" or proof or by == "Contact":
        wish.consent.update(_opt_in(name, wanted, by, proof or {}))


def _opt_in(name: str, wanted: object, by: object, proof: Mapping[str, Any]) -> dict[str, str]:
    """An opt-in whose evidence is whole."""
    if wanted not in (None, "explicit", "implicit"):
        raise BadRow(f"{name}.permission_to_send", "unknown_permission", "explicit, implicit or unsubscribed")
    if by not in (None, "Account", "Contact"):
        raise BadRow(f"{name}.opt_in_source", "unknown_source", "Account or Contact")
    found = {"permission": str(wanted or ""), "opt_in_source": str(by or "")}
    for part, longest in EVIDENCE.items():
        place = f"{name}.evidence.{part}"
        text = _text(proof.get(part), place, longest)
        if not text:
            raise BadRow(
                place, "consent_evidence_missing", "an opt-in needs its source, its time, and its text"
            )
        found[part] = text
    try:
        at = datetime.fromisoformat(found["at"])
    except ValueError:
        raise BadRow(f"{name}.evidence.at", "not_a_time", "a time such as 2026-01-31T09:00:00Z") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at > datetime.now(UTC) + timedelta(minutes=5):
        raise BadRow(f"{name}.evidence.at", "not_a_time", "a time that has been")
    return {**found, "at": at.isoformat()}


def _remote(wish: Wish, name: str, value: object) -> None:
    """Fields of the provider's that the unified contact has no name for."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise BadRow(name, "not_an_object", "an object")
    for key, one in value.items():
        if key not in CORE:
            raise BadRow(f"{name}.{_shown(key)}", "unknown_field", f"of remote_data only {', '.join(CORE)}")
        _core(wish, key, one)


READERS: Final[Mapping[str, Callable[[Wish, str, Any], None]]] = {
    **dict.fromkeys(CORE, _core),
    "phones": _phones,
    "addresses": _addresses,
    "custom_fields": _custom,
    "lists": _lists,
    "tags": _tags,
    "consent": _consent,
    "remote_data": _remote,
}


def _shown(name: object) -> str:
    return "".join(sign for sign in str(name) if sign.isprintable())[:60]
