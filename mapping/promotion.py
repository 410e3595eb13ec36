"""What taking a set-up from test to live would change: two set-ups in, the difference out. Pure.

Ids differ between the two accounts, so custom fields are matched by label and type, lists and tags by name. Nothing in
live is ever taken away: what would have to push something aside is a change that cannot be made, with its reason.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from mapping import fields

ADDED, CHANGED, SAME, CANNOT = "added", "changed", "same", "cannot"
_UNIQUE: Final = frozenset({"standard", "custom", "new"})


@dataclass(frozen=True)
class FieldSetting:
    """Where one app field goes. `kind` is a mapping's, or empty where the field is declared and not mapped.

    `target` is a standard column, or the id of a custom field; `label` and `type` are the custom field's, empty where
    the account has it no more.
    """

    name: str
    kind: str = ""
    target: str = ""
    label: str = ""
    type: str = ""


@dataclass(frozen=True)
class ListSetting:
    """Where one app list or tag goes: `there` with its id and label, `new` with its label, or `ignored`."""

    name: str
    kind: str
    target: str = ""
    label: str = ""


@dataclass(frozen=True)
class CustomField:
    """A custom field of the account, as last read."""

    id: str
    label: str
    type: str


@dataclass(frozen=True)
class AccountList:
    """A contact list or a tag of the account, as last read."""

    id: str
    name: str


@dataclass(frozen=True)
class SetUp:
    """All that was chosen for one account, and what the account has to choose from."""

    fields: tuple[FieldSetting, ...] = ()
    lists: tuple[ListSetting, ...] = ()
    tags: tuple[ListSetting, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    account_lists: tuple[AccountList, ...] = ()
    account_tags: tuple[AccountList, ...] = ()


@dataclass(frozen=True)
class FieldChange:
    """One app field: what it is set to in live, what it would be, and whether that can be."""

    verdict: str
    before: FieldSetting | None
    after: FieldSetting
    reason: str = ""


@dataclass(frozen=True)
class ListChange:
    """The same for one app list or tag."""

    verdict: str
    before: ListSetting | None
    after: ListSetting
    reason: str = ""


@dataclass(frozen=True)
class Difference:
    """All of it, in the order of test's set-up."""

    fields: tuple[FieldChange, ...]
    lists: tuple[ListChange, ...]
    tags: tuple[ListChange, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each verdict."""
        verdicts = [one.verdict for one in self.fields]
        verdicts += [one.verdict for one in (*self.lists, *self.tags)]
        return {verdict: verdicts.count(verdict) for verdict in (ADDED, CHANGED, SAME, CANNOT)}

    @property
    def size(self) -> int:
        """How many changes taking it live would make."""
        return self.counts[ADDED] + self.counts[CHANGED]


def difference(test: SetUp, live: SetUp, *, most_fields: int) -> Difference:
    """What taking test's set-up live would do.

    Args:
        test: what is to be taken.
        live: what is there.
        most_fields: how many app fields an account may have.
    """
    return Difference(
        tuple(_field_changes(test, live, most_fields)),
        tuple(_list_changes(test.lists, live.lists, live.account_lists, "list")),
        tuple(_list_changes(test.tags, live.tags, live.account_tags, "tag")),
    )


def digest(test: SetUp, live: SetUp) -> str:
    """A fingerprint of both sides: what was shown is what is taken, or it is shown again."""
    both = json.dumps([asdict(test), asdict(live)], sort_keys=True)
    return hashlib.sha256(both.encode("utf-8", "surrogatepass")).hexdigest()


# --- Fields ----------------------------------------------------------------------------------------------------------


def _field_changes(test: SetUp, live: SetUp, most_fields: int) -> list[FieldChange]:
    there = {one.name: one for one in live.fields}
    by_label = {one.label.casefold(): one for one in live.custom_fields}
    wanted: dict[str, FieldSetting] = {}
    reasons: dict[str, str] = {}
    room = most_fields - len(there)
    for one in test.fields:
        after, reason = _in_live(one, by_label)
        # Of a field that is only declared test says nothing: live keeps what it has.
        wanted[one.name] = after if one.kind else there.get(one.name, after)
        if not reason and one.name not in there:
            room -= 1
            if room < 0:
                reason = f"An account has at most {most_fields} app fields, and live has no room left."
        if reason:
            reasons[one.name] = reason
    _refuse_what_is_taken(wanted, there, reasons)
    return [
        FieldChange(
            _verdict(there.get(name), after, reasons.get(name, "")),
            there.get(name),
            after,
            reasons.get(name, ""),
        )
        for name, after in wanted.items()
    ]


def _in_live(one: FieldSetting, by_label: Mapping[str, CustomField]) -> tuple[FieldSetting, str]:
    """This setting as it would be in live, or as it is in test with the reason why it cannot be."""
    if one.kind == "standard" and one.target not in fields.STANDARD:
        return one, "The standard field that it fills in test is not one any more."
    if one.kind not in {"custom", "new"}:
        return one, ""
    if not one.label:
        return one, "The custom field that it fills in test is gone. Choose another there first."
    found = by_label.get(one.label.casefold())
    if found is None and one.type not in fields.CUSTOM_TYPES:
        return one, (
            "Patchbay cannot make a custom field of this kind. Make it in the live account, "
            "then read its lists and custom fields again."
        )
    if found is None:
        return replace(one, kind="new", target=""), ""
    if found.type != one.type:
        return one, (
            f"The live account's custom field of this name holds {type_word(found.type)}, "
            f"the one in test {type_word(one.type)}."
        )
    return replace(one, kind="custom", target=found.id, label=found.label), ""


def _refuse_what_is_taken(
    wanted: Mapping[str, FieldSetting], there: Mapping[str, FieldSetting], reasons: dict[str, str]
) -> None:
    """Two fields cannot fill one place: who has it in live keeps it. Each refusal may leave another where it is."""
    refused = True
    while refused:
        refused = False
        going = {name: one for name, one in wanted.items() if name not in reasons}
        holders = {
            _place(one): name for name, one in there.items() if _place(going.get(name, one)) == _place(one)
        }
        for name, one in going.items():
            place = _place(one)
            holder = holders.setdefault(place, name) if place else name
            if holder != name:
                reasons[name] = f"In live, “{holder}” fills this already. Free it there first."
                refused = True


def _place(one: FieldSetting) -> str:
    """What no two fields may both fill; empty for what many may do."""
    if one.kind not in _UNIQUE:
        return ""
    return f"new:{one.label.casefold()}" if one.kind == "new" else f"{one.kind}:{one.target}"


# --- Lists and tags --------------------------------------------------------------------------------------------------


def _list_changes(
    test: Sequence[ListSetting], live: Sequence[ListSetting], account: Sequence[AccountList], what: str
) -> list[ListChange]:
    there = {one.name.casefold(): one for one in live}
    by_name = {one.name.casefold(): one for one in account}
    found = []
    for one in test:
        after, reason = one, ""
        if one.kind != "ignored" and not one.label:
            reason = f"The {what} that it fills in test is gone. Choose another there first."
        elif one.kind != "ignored":
            known = by_name.get(one.label.casefold())
            after = (
                replace(one, kind="there", target=known.id, label=known.name)
                if known
                else replace(one, kind="new", target="")
            )
        before = there.get(one.name.casefold())
        found.append(ListChange(_verdict(before, after, reason), before, after, reason))
    return found


def _verdict(
    before: FieldSetting | ListSetting | None, after: FieldSetting | ListSetting, reason: str
) -> str:
    if reason:
        return CANNOT
    if before is None:
        return ADDED
    return SAME if _meaning(before) == _meaning(after) else CHANGED


def _meaning(one: FieldSetting | ListSetting) -> tuple[str, ...]:
    """What a setting does, whatever its spelling."""
    if one.kind == "new":
        return ("new", one.label.casefold(), getattr(one, "type", ""))
    return (one.kind, one.target)


# --- Words -----------------------------------------------------------------------------------------------------------


def said_field(one: FieldSetting | None) -> str:
    """A field's setting in words."""
    if one is None:
        return "Not there"
    if one.kind == "standard":
        place = fields.STANDARD.get(one.target)
        return place.label if place else one.target
    if one.kind in {"custom", "new"} and not one.label:
        return "A custom field that is gone"
    if one.kind == "custom":
        return f"{one.label}, custom field ({type_word(one.type)})"
    if one.kind == "new":
        return f"{one.label}, new custom field ({type_word(one.type)})"
    words = {
        "lists": "Names the lists a person is on",
        "tags": "Names the tags a person has",
        "ignored": "Not sent",
    }
    return words.get(one.kind, "Not mapped yet")


def said_list(one: ListSetting | None, what: str = "list") -> str:
    """A list's setting in words; a tag's with `what`."""
    if one is None:
        return "Not there"
    if one.kind == "ignored":
        return f"No {what}"
    if not one.label:
        return f"A {what} that is gone"
    return f"{one.label}, new {what}" if one.kind == "new" else one.label


def said_tag(one: ListSetting | None) -> str:
    """A tag's setting in words."""
    return said_list(one, "tag")


def type_word(kind: str) -> str:
    """The type of a custom field in words."""
    return fields.CUSTOM_TYPES.get(kind, kind.replace("_", " ")).lower()


def left_alone(test: SetUp, live: SetUp) -> Sequence[str]:
    """Names that live has and test has not: they stay as they are."""
    fields = {one.name for one in test.fields}
    names = [one.name for one in live.fields if one.name not in fields]
    for ours, theirs in ((test.lists, live.lists), (test.tags, live.tags)):
        known = {one.name.casefold() for one in ours}
        names += [one.name for one in theirs if one.name.casefold() not in known]
    return names
