"""The resources that the product does not use: seeded ones that follow from the account, and what was written.

A kind's seeds are never stored: they are worked out again at each call, and what a caller wrote stands in
their place on the account's shelf. So a dump, and a journal, hold only what was written.
"""

from typing import Any

from . import ids
from .call import Call
from .messages import Json

Seeds = dict[str, Json]


def all_of(call: Call, kind: str, seeds: Seeds) -> Seeds:
    """Everything of a kind that is there: the seeds first, then what was made, in its order."""
    written = call.account.shelves.get(kind, {})
    merged: dict[str, Json | None] = {**seeds, **written}
    return {key: value for key, value in merged.items() if value is not None}


def save(call: Call, *saves: tuple[str, str, Json | None], **more: Any) -> None:
    """Writes resources as the call's one effect."""
    call.commit({"do": "shelf.save", "saves": [list(item) for item in saves], **more})


def seeded_id(call: Call, kind: str, number: int) -> str:
    """The id of a seeded resource of this account."""
    return ids.uuid(call.store.seed, kind, call.account.account_id, number)


def over(base: Json, changes: Json) -> Json:
    """The base with the changes laid over it; objects are merged, everything else is replaced."""
    merged = dict(base)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def plural(values: list[str]) -> list[str]:
    """The values of a parameter that may come several times, or once with commas."""
    return [item.strip() for value in values for item in value.split(",") if item.strip()]
