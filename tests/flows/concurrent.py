"""Writers of one contact at the same time, and what the simulator's journal says came of them.

Every part of the contact has one owner, who writes unique values one after the other; so whatever the threads do, the
values that a part had must be those that its owner wrote, in that order. Where a part falls back to an older value
somebody's edit was lost, and the journal says by which write and between which read and write.
"""

import json
import random
import threading
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import connections

UNIFIED = "/api/unified/marketing-automation/contacts"


@dataclass
class Part:
    """A part of the contact with what its owner wrote, in order; None is blank or not there."""

    name: str
    kind: str
    key: str
    sent: list[Any] = field(default_factory=lambda: [None])


def seen(contact: dict[str, Any], part: Part) -> Any:
    """The part's value in a state of the journal."""
    if part.kind == "core":
        return contact[part.key]
    if part.kind == "field":
        return next(
            (one["value"] for one in contact["custom_fields"] if one["custom_field_id"] == part.key), None
        )
    if part.kind == "phone":
        return contact["phones"][0]["phone_number"] if contact["phones"] else None
    return True if part.key in contact["lists" if part.kind == "list" else "tags"] else None


def patch_of(parts: list[tuple[Part, Any]]) -> dict[str, Any]:
    """The unified body that writes these values."""
    body: dict[str, Any] = {}
    for part, value in parts:
        if part.kind == "core":
            place = body if part.name in ("first_name", "last_name") else body.setdefault("remote_data", {})
            place[part.name] = value
        elif part.kind == "field":
            body.setdefault("custom_fields", {})[part.name] = value
        elif part.kind == "phone":
            body["phones"] = [{"phone": value}] if value else []
        else:
            kind = "lists" if part.kind == "list" else "tags"
            changes = body.setdefault(kind, {})
            changes.setdefault("add" if value else "remove", []).append(part.key)
    return body


def next_value(part: Part, turn: str, chance: random.Random) -> Any:
    """What the owner writes next: something new, or blank, or for a list and a tag the other of the two."""
    if part.kind in ("list", "tag"):
        return None if part.sent[-1] else True
    if part.kind == "phone":
        return f"+1 555 {chance.randint(1_000_000, 9_999_999)}"
    return f"{part.name} {turn}"


def together(tasks: list[Any]) -> None:
    """Run these at the same time, each in a thread of its own; the first that fails fails the test."""
    failures: list[BaseException] = []

    def run(task: Any) -> None:
        try:
            task()
        except BaseException as error:  # raised again below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@dataclass
class State:
    """The contact after one write; `read` is the entry of the read that a unified write began with."""

    entry: dict[str, Any]
    contact: dict[str, Any]
    read: dict[str, Any] | None = None

    @property
    def seq(self) -> int:
        return int(self.entry["seq"])

    @property
    def is_unified(self) -> bool:
        """Whether it is a PUT of Patchbay's after a whole reading."""
        return self.read is not None


def states(journal: list[dict[str, Any]], contact_id: str) -> list[State]:
    """Every state of a contact, in the provider's order."""
    found: list[State] = []
    read: dict[str, Any] | None = None
    path = f"/v3/contacts/{contact_id}"
    for entry in journal:
        if entry["method"] == "GET" and entry["path"].partition("?")[0] == path:
            read = entry
        effect = entry["effect"]
        if effect and effect["do"] == "contact.save" and effect["contact"]["contact_id"] == contact_id:
            is_put = entry["method"] == "PUT" and entry["path"] == path
            found.append(State(entry, effect["contact"], read if is_put else None))
    return found


def at(history: list[State], seq: int) -> dict[str, Any]:
    """The contact as a read at this place of the journal saw it."""
    return next(state.contact for state in reversed(history) if state.seq < seq)


@dataclass
class Losses:
    """Edits from outside that a unified write undid: inside its window, and the others, of which there must be none."""

    inside: int = 0
    outside: list[str] = field(default_factory=list)
    widths_ms: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        widths = sorted(self.widths_ms)
        middle, widest = (widths[len(widths) // 2], widths[-1]) if widths else (0, 0)
        return (
            f"{self.inside} edits from outside lost inside the window, {len(self.outside)} outside it; "
            f"{len(widths)} windows, {middle} ms in the middle, {widest} ms the widest"
        )


def losses(history: list[State], foreign: list[Part]) -> Losses:
    """What unified writes did to parts that are written from outside."""
    found = Losses()
    for before, after in pairwise(history):
        if after.read is None:
            continue
        found.widths_ms.append(after.entry["at"] - after.read["at"])
        was_read = at(history, after.read["seq"])
        for part in foreign:
            old, new = seen(before.contact, part), seen(after.contact, part)
            if old == new:
                continue
            if new == seen(was_read, part) and before.seq > after.read["seq"]:
                found.inside += 1
            else:
                found.outside.append(f"{part.name}: {old} became {new} at {after.seq}")
    return found


def order_of(history: list[State], part: Part) -> list[Any]:
    """The values that a part had, one after the other."""
    found: list[Any] = []
    for state in history:
        value = seen(state.contact, part)
        if not found or found[-1] != value:
            found.append(value)
    return found


def asked(program: Any, method: str, path: str, body: dict[str, Any], allowed: set[int]) -> dict[str, Any]:
    """A call that must end in one of these ways; who was too long in the queue tries again."""
    for _ in range(20):
        answer = program.ask(method, path, body)
        content = json.loads(answer.content)
        if answer.status_code == 409 and content["details"]["reason"] == "contact_busy":
            continue
        assert answer.status_code in allowed, answer.content
        return dict(content, status_code=answer.status_code)
    raise AssertionError("always busy")
